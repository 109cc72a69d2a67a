#include "node/init/drivers.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"
#include "lib/sys/file.hpp"
#include "node/init/command_line.hpp"
#include "node/init/console.hpp"
#include "node/init/kernel.hpp"

namespace bulkhead::init {
namespace {

// finit_module(2); glibc has no wrapper. A module that is loaded already is a success.
Result<> load_module(const std::string& name, const std::string& parameters) {
  const sys::UniqueFd file = TRY(sys::open_file(std::format("/modules/{}.ko", name), O_RDONLY));
  if (::syscall(SYS_finit_module, file.get(), parameters.c_str(), 0) < 0 && errno != EEXIST)
    return fail_errno("loading module {}", name);
  return {};
}

std::vector<std::string> present_devices() {
  std::vector<std::string> modaliases;
  for (const char* bus : {"pci", "virtio", "scsi"}) {
    for (const sys::Path& device :
         sys::list_directory(std::format("/sys/bus/{}/devices", bus)).value_or(std::vector<sys::Path>{})) {
      if (const auto text = sys::read_file(device / "modalias", 4096)) modaliases.emplace_back(trim(*text));
    }
  }
  return modaliases;
}

}  // namespace

Result<Drivers> Drivers::open(std::string command_line) {
  const std::string text = TRY(sys::read_file("/modules/load", 64U << 10U));
  auto modules = TRY(module_list::parse(text));
  return Drivers(std::move(modules), std::move(command_line));
}

void Drivers::load_needed() {
  const std::vector<std::string> devices = present_devices();
  for (const LoadStep& step : steps_) {
    const bool needed = step.patterns.empty() ? step.modules.back() != kSoftwareWatchdog
                                              : std::ranges::any_of(devices, [&](const std::string& device) {
                                                  return module_list::drives(step, device);
                                                });
    if (!needed || loaded_.contains(step.modules.back())) continue;
    if (const auto done = load(step); !done) say(Level::warning, done.error().describe());
  }
}

Result<> Drivers::load(std::string_view module) {
  const auto step =
      std::ranges::find_if(steps_, [&](const LoadStep& candidate) { return candidate.modules.back() == module; });
  if (step == steps_.end()) return fail(ErrorCode::not_found, "the initrd has no module {}", module);
  return load(*step);
}

Result<> Drivers::load(const LoadStep& step) {
  for (const std::string& name : step.modules) {
    // Marked first: a module that was refused once is not tried again at each new device.
    if (loaded_.insert(name).second) TRY(load_module(name, module_parameters(command_line_, name)));
  }
  return {};
}

}  // namespace bulkhead::init
