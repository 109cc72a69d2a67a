// The verbs of os-builder: which options they have and which function they call. Defaults that come from the
// environment are read here and nowhere below.
#pragma once

#include <memory>

#include "lib/cli/program.hpp"

namespace bulkhead {

// Owns the values that the parser fills in; must live as long as the program runs.
class VerbOptions {
 public:
  explicit VerbOptions(cli::Program& program);
  VerbOptions(const VerbOptions&) = delete;
  VerbOptions& operator=(const VerbOptions&) = delete;
  ~VerbOptions();

 private:
  struct Values;
  std::unique_ptr<Values> values_;
};

}  // namespace bulkhead
