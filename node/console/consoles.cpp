#include "node/console/consoles.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::console {
namespace {

constexpr int kPatienceMs = 1000;
constexpr const char* kActive = "/sys/class/tty/console/active";
constexpr std::uint64_t kLongestList = 4096;
constexpr mode_t kGroupWrites = 0620;  // as udev's rule for terminals

bool is_virtual(std::string_view name) {
  return name.size() > 3 && name.starts_with("tty") && name[3] >= '0' && name[3] <= '9';
}

void write_to(const std::string& name, std::string_view text) {
  const auto device = sys::open_file("/dev/" + name, O_WRONLY | O_NOCTTY | O_NONBLOCK);
  if (!device) return;
  const std::string bytes = for_terminal(name, text);
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t count = ::write(device->get(), rest.data(), rest.size());
    if (count > 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    pollfd entry{.fd = device->get(), .events = POLLOUT, .revents = 0};
    if (count < 0 && errno != EAGAIN && errno != EINTR) return;
    if (::poll(&entry, 1, kPatienceMs) <= 0) return;
  }
}

}  // namespace

std::vector<std::string> parse_active(std::string_view text) {
  std::vector<std::string> names;
  for (const std::string_view word : split(trim(text), ' ')) {
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (!word.empty() && word.size() <= 32 && std::ranges::all_of(word, allowed)) names.emplace_back(word);
  }
  return names;
}

std::string for_terminal(std::string_view name, std::string_view text) {
  std::string result = is_virtual(name) ? "\x1b[H\x1b[2J" : "\r\n";
  for (const char c : text) {
    if (c == '\n') result.push_back('\r');
    result.push_back(c);
  }
  return result;
}

Result<> open_to_group() {
  const auto active = TRY(sys::read_file(kActive, kLongestList));
  const group* const entry = ::getgrnam("tty");  // NOLINT(concurrency-mt-unsafe): one thread
  if (entry == nullptr) return fail(ErrorCode::failed_precondition, "there is no group tty");
  for (const std::string& name : parse_active(active)) {
    const std::string device = "/dev/" + name;
    if (::lchown(device.c_str(), 0, entry->gr_gid) < 0 || ::chmod(device.c_str(), kGroupWrites) < 0)
      return fail_errno("opening {} to the group tty", device);
  }
  return {};
}

void write_to_all(std::string_view text) {
  const auto active = sys::read_file(kActive, kLongestList);
  if (!active) return;
  for (const std::string& name : parse_active(*active)) write_to(name, text);
}

}  // namespace bulkhead::console
