#include "node/console/consoles.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::console {
namespace {

constexpr int kPatienceMs = 1000;

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

void write_to_all(std::string_view text) {
  const auto active = sys::read_file("/sys/class/tty/console/active", 4096);
  if (!active) return;
  for (const std::string& name : parse_active(*active)) write_to(name, text);
}

}  // namespace bulkhead::console
