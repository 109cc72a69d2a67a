// Standard output and error of this process, caught for one test.
#pragma once

#include <functional>
#include <string>

namespace bulkhead::testing {

struct Captured {
  std::string out;
  std::string err;
};

// Runs `body` with descriptors 1 and 2 on memory files, and gives back what was written, also by child processes.
Captured capture(const std::function<void()>& body);

}  // namespace bulkhead::testing
