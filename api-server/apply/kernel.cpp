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
constexpr std::array<std::string_view, 3> kModes = {"none", "integrity", "confidentiality"};

}  // namespace

Result<> RunningKernel::set_hostname(const std::string& name) {
  if (::sethostname(name.data(), name.size()) != 0) return fail_errno("setting the host name");
  return {};
}

Result<> RunningKernel::set_lockdown(const std::string& mode) {
  const std::string text = TRY(sys::read_file(kLockdown, 256));
  const auto rank = [](std::string_view word) { return std::ranges::find(kModes, word) - kModes.begin(); };
  if (rank(mode) <= rank(lockdown_in_force(text))) return {};
  const sys::UniqueFd file = TRY(sys::open_file(kLockdown, O_WRONLY));
  return sys::write_all(file.get(), std::as_bytes(std::span(mode)));
}

std::string lockdown_in_force(std::string_view text) {
  const std::size_t begin = text.find('[');
  const std::size_t end = text.find(']');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return "none";
  return std::string(text.substr(begin + 1, end - begin - 1));
}

}  // namespace bulkhead::apply
