#include "lib/vm/listener.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>

namespace bulkhead::vm {

Result<Listener> Listener::listen(const sys::Path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof(address.sun_path)) {
    return fail(error(ErrorCode::invalid_argument, "{} is too long for the name of a socket", path.native())
                    .with_hint("set TMPDIR to a shorter path"));
  }
  std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
  sys::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("making a socket");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0)
    return fail_errno("binding {}", path.native());
  if (::listen(fd.get(), 1) < 0) return fail_errno("listening on {}", path.native());
  return Listener(std::move(fd));
}

Result<sys::UniqueFd> Listener::accept(int end_fd, Deadline deadline) {
  for (;;) {
    std::array<pollfd, 2> entries = {{{fd_.get(), POLLIN, 0}, {end_fd, POLLIN, 0}}};
    const int count = ::poll(entries.data(), entries.size(), poll_timeout(deadline));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("waiting for a connection");
    if (count == 0) return fail(ErrorCode::unavailable, "nothing connected");
    if (entries[0].revents == 0) return sys::UniqueFd();
    sys::UniqueFd connection(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return fail_errno("accepting a connection");
    return connection;
  }
}

}  // namespace bulkhead::vm
