// Loads kernel modules, for the devices that are there.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "lib/module_list/module_list.hpp"

namespace bulkhead::init {

using module_list::LoadStep;

class Drivers {
 public:
  // Reads /modules/load.
  static Result<Drivers> open();

  // Loads what is always needed and what the present devices need; asked again after new devices appeared, only what is
  // new. A module that the kernel refuses is reported and does not stop the boot: what is missing then says so more
  // clearly.
  void load_needed();

  // Loads the step of this module, whatever its patterns. Errors: not_found when the initrd does not have it.
  Result<> load(std::string_view module);

 private:
  explicit Drivers(std::vector<LoadStep> steps) : steps_(std::move(steps)) {}
  Result<> load(const LoadStep& step);

  std::vector<LoadStep> steps_;
  std::set<std::string, std::less<>> loaded_;
};

}  // namespace bulkhead::init
