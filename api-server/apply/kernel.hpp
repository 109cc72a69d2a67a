// Values that are set in the kernel directly, without a service. The seam to the kernel.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::apply {

struct KernelState {
  std::string hostname;  // empty: left alone
  std::string lockdown;  // "none" and empty: left alone
  std::string smt{};     // as settings.kernel.smt; empty: left alone

  bool operator==(const KernelState&) const = default;
};

class Kernel {
 public:
  Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  virtual ~Kernel() = default;

  virtual Result<> set_hostname(const std::string& name) = 0;
  // /sys/kernel/security/lockdown (kernel_lockdown(7)): it only gets stricter. A mode that is weaker than the current
  // one has no effect.
  virtual Result<> set_lockdown(const std::string& mode) = 0;
  // /sys/devices/system/cpu/smt/control (Documentation/ABI/testing/sysfs-devices-system-cpu). `wanted` is one of the
  // names of settings::Smt. A processor without threads is as good as one whose threads are off.
  virtual Result<> set_smt(const std::string& wanted) = 0;
};

class RunningKernel final : public Kernel {
 public:
  Result<> set_hostname(const std::string& name) override;
  Result<> set_lockdown(const std::string& mode) override;
  Result<> set_smt(const std::string& wanted) override;
};

// Whether lockdown mode `mode` is weaker than `other`. What is no mode, and empty, is weakest.
bool is_weaker_lockdown(std::string_view mode, std::string_view other);

// The current mode, from the text of the file: "none [integrity] confidentiality" is "integrity".
std::string lockdown_in_force(std::string_view text);

// What to write into the file, whose text is `control`; nothing when it says that already, or when the processor leaves
// no choice. `vulnerabilities` is what the kernel says about the processor's faults (files of
// /sys/devices/system/cpu/vulnerabilities): some of them let one thread of a core see what the other one works on. In a
// virtual machine the kernel may not know; that counts as a leak. Threads that are off stay off with "auto" when they
// may leak, until the next boot.
std::optional<std::string_view> smt_change(std::string_view control, std::string_view wanted,
                                           std::string_view vulnerabilities);

}  // namespace bulkhead::apply
