#include "api-server/apply/kernel.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "lib/sys/file.hpp"

namespace bulkhead::apply {
namespace {

constexpr const char* kLockdown = "/sys/kernel/security/lockdown";
constexpr std::array<std::string_view, 2> kModes = {"integrity", "confidentiality"};

std::ptrdiff_t rank(std::string_view mode) {
  const auto* const found = std::ranges::find(kModes, mode);
  return found == kModes.end() ? -1 : found - kModes.begin();
}

}  // namespace

Result<> RunningKernel::set_hostname(const std::string& name) {
  if (::sethostname(name.data(), name.size()) != 0) return fail_errno("setting the host name");
  return {};
}

Result<> RunningKernel::set_lockdown(const std::string& mode) {
  const std::string text = TRY(sys::read_file(kLockdown, 256));
  if (!is_weaker_lockdown(lockdown_in_force(text), mode)) return {};
  const sys::UniqueFd file = TRY(sys::open_file(kLockdown, O_WRONLY));
  return sys::write_all(file.get(), std::as_bytes(std::span(mode)));
}

bool is_weaker_lockdown(std::string_view mode, std::string_view other) { return rank(mode) < rank(other); }

std::string lockdown_in_force(std::string_view text) {
  const std::size_t begin = text.find('[');
  const std::size_t end = text.find(']');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return "none";
  return std::string(text.substr(begin + 1, end - begin - 1));
}

}  // namespace bulkhead::apply
