// A small program with everything that lib/cli can do, used by the tests of this folder.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "lib/cli/program.hpp"
#include "tests/support/capture.hpp"

namespace bulkhead::cli {

struct Example {
  Program program{"example", "show what a program can do", "1.2.3"};
  std::string variant = "kvm";
  std::string accelerator;
  std::string image;
  std::string directory;
  std::string when;
  std::vector<std::string> files;
  int memory = 0;
  unsigned depth = 0;
  std::string ran;
  Invocation invocation;
  Result<ExitCode> outcome = ExitCode::ok;

  Example();

  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };
  Outcome run(std::initializer_list<const char*> arguments);
};

}  // namespace bulkhead::cli
