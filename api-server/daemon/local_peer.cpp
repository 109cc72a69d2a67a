#include "api-server/daemon/local_peer.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace bulkhead::daemon {
namespace {

Result<int> socket_option(const sys::UniqueFd& socket, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (::getsockopt(socket.get(), SOL_SOCKET, option, &value, &size) != 0)
    return fail_errno("asking a socket what it is");
  return value;
}

Result<std::vector<gid_t>> groups_of(int fd) {
  std::vector<gid_t> groups(64);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
      groups.resize(size / sizeof(gid_t));
      return groups;
    }
    if (errno != ERANGE) return fail_errno("asking for the peer's groups");
    groups.resize(size / sizeof(gid_t));
  }
}

}  // namespace

Result<std::string> bound_path(const sys::UniqueFd& socket) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail_errno("asking for a socket's address");
  constexpr std::size_t kBefore = offsetof(sockaddr_un, sun_path);
  if (address.sun_family != AF_UNIX || size <= kBefore || address.sun_path[0] == '\0')
    return fail(ErrorCode::invalid_argument, "a socket is not a Unix socket with a path");
  return std::string(address.sun_path, ::strnlen(address.sun_path, size - kBefore));
}

Result<LocalPeer> local_peer(const sys::UniqueFd& socket) {
  const int domain = TRY(socket_option(socket, SO_DOMAIN));
  const int type = TRY(socket_option(socket, SO_TYPE));
  const int listens = TRY(socket_option(socket, SO_ACCEPTCONN));
  if (domain != AF_UNIX || type != SOCK_STREAM || listens != 0)
    return fail(ErrorCode::invalid_argument, "a socket is not an accepted Unix stream socket");
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return fail_errno("asking for the peer's credentials");
  LocalPeer peer{.uid = credentials.uid, .pid = credentials.pid, .groups = {}};
  peer.groups = TRY(groups_of(socket.get()));
  peer.groups.push_back(credentials.gid);
  return peer;
}

bool has_left(const sys::UniqueFd& socket) {
  pollfd look{.fd = socket.get(), .events = 0, .revents = 0};
  return ::poll(&look, 1, 0) == 1 && (look.revents & POLLHUP) != 0;
}

}  // namespace bulkhead::daemon
