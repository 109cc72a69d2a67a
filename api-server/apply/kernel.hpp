// Values that are set in the kernel directly, without a service. The seam to the kernel.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::apply {

struct KernelState {
  std::string hostname;  // empty: left alone
  std::string lockdown;  // "none" and empty: left alone

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
};

class RunningKernel final : public Kernel {
 public:
  Result<> set_hostname(const std::string& name) override;
  Result<> set_lockdown(const std::string& mode) override;
};

// Whether lockdown mode `mode` is weaker than `other`. What is no mode, and empty, is weakest.
bool is_weaker_lockdown(std::string_view mode, std::string_view other);

// The current mode, from the text of the file: "none [integrity] confidentiality" is "integrity".
std::string lockdown_in_force(std::string_view text);

}  // namespace bulkhead::apply
