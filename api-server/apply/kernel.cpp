#include "api-server/apply/kernel.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <span>

#include "lib/base/hex.hpp"
#include "lib/base/text.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::apply {
namespace {

constexpr const char* kHostname = "/proc/sys/kernel/hostname";
constexpr const char* kLockdown = "/sys/kernel/security/lockdown";
constexpr const char* kSmt = "/sys/devices/system/cpu/smt/control";
constexpr const char* kVulnerabilities = "/sys/devices/system/cpu/vulnerabilities";
constexpr std::array<std::string_view, 2> kModes = {"integrity", "confidentiality"};

std::ptrdiff_t rank(std::string_view mode) {
  const auto* const found = std::ranges::find(kModes, mode);
  return found == kModes.end() ? -1 : found - kModes.begin();
}

}  // namespace

Result<> RunningKernel::set_hostname(const std::string& name) {
  // Unlike sethostname(2), this needs no CAP_SYS_ADMIN.
  const sys::UniqueFd file = TRY(sys::open_file(kHostname, O_WRONLY));
  return sys::write_all(file.get(), std::as_bytes(std::span(name)));
}

Result<> RunningKernel::set_lockdown(const std::string& mode) {
  const std::string text = TRY(sys::read_file(kLockdown, 256));
  if (!is_weaker_lockdown(lockdown_in_force(text), mode)) return {};
  const sys::UniqueFd file = TRY(sys::open_file(kLockdown, O_WRONLY));
  return sys::write_all(file.get(), std::as_bytes(std::span(mode)));
}

Result<> RunningKernel::set_smt(const std::string& wanted) {
  const std::string control = TRY(sys::read_file(kSmt, 256));
  std::string vulnerabilities;
  const std::vector<sys::Path> files = TRY(sys::list_directory(kVulnerabilities));
  for (const sys::Path& file : files) {
    const std::string text = TRY(sys::read_file(file, 4096));
    vulnerabilities += text;
  }
  const auto change = smt_change(trim(control), wanted, vulnerabilities);
  if (!change) return {};
  const sys::UniqueFd file = TRY(sys::open_file(kSmt, O_WRONLY));
  TRY_CTX(sys::write_all(file.get(), as_bytes(*change)), "switching the threads of the processor {}", *change);
  return {};
}

std::optional<std::string_view> smt_change(std::string_view control, std::string_view wanted,
                                           std::string_view vulnerabilities) {
  // Once they are off, the kernel only says that, of faults that matter and of some that do not.
  const bool leaks = vulnerabilities.contains("SMT vulnerable") || vulnerabilities.contains("SMT Host state unknown") ||
                     (control == "off" && vulnerabilities.contains("SMT disabled"));
  const std::string_view target = wanted == "off" || (wanted == "auto" && leaks) ? "off" : "on";
  if (control == target || (control != "on" && control != "off")) return std::nullopt;
  return target;
}

bool is_weaker_lockdown(std::string_view mode, std::string_view other) { return rank(mode) < rank(other); }

std::string lockdown_in_force(std::string_view text) {
  const std::size_t begin = text.find('[');
  const std::size_t end = text.find(']');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return "none";
  return std::string(text.substr(begin + 1, end - begin - 1));
}

}  // namespace bulkhead::apply
