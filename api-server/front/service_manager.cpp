#include "api-server/front/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "lib/base/text.hpp"

namespace bulkhead::front {
namespace {

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): there is one thread
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

Result<ServiceManager> ServiceManager::of_environment() {
  ServiceManager manager;
  if (const auto interval = parse_integer<std::uint64_t>(environment("WATCHDOG_USEC")); interval && *interval > 0)
    manager.watchdog_ = std::chrono::microseconds(*interval);
  const std::string_view path = environment("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path.empty()) return manager;
  if (path.size() >= sizeof(address.sun_path))
    return fail(ErrorCode::invalid_argument, "$NOTIFY_SOCKET is too long for the path of a socket");
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, std::begin(address.sun_path));
  if (path.front() == '@') address.sun_path[0] = '\0';
  manager.socket_ = sys::UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!manager.socket_) return fail_errno("making a socket");
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (::connect(manager.socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
    return fail_errno("connecting to the service manager at {}", path);
  return manager;
}

void ServiceManager::notify(std::string_view state) const {
  if (socket_) (void)::send(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace bulkhead::front
