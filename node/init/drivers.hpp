// Loads the kernel modules of the devices that exist.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "lib/module_list/module_list.hpp"

namespace bulkhead::init {

using module_list::LoadStep;

class Drivers {
 public:
  // Reads /modules/load. Parameters of modules come from this command line.
  static Result<Drivers> open(std::string command_line);

  // Loads the modules that are always needed and those of the present devices; called again after new devices appeared,
  // only new ones. A module that the kernel refuses is reported and does not stop the boot: if its device is needed,
  // the error about the device is clearer.
  void load_needed();

  // Loads the step of this module, whatever its patterns. Errors: not_found when the initrd does not have it.
  Result<> load(std::string_view module);

 private:
  Drivers(std::vector<LoadStep> steps, std::string command_line)
      : steps_(std::move(steps)), command_line_(std::move(command_line)) {}
  Result<> load(const LoadStep& step);

  std::vector<LoadStep> steps_;
  std::string command_line_;
  std::set<std::string, std::less<>> loaded_;
};

}  // namespace bulkhead::init
