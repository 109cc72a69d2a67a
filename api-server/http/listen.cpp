#include "api-server/http/listen.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

namespace bulkhead::http {
namespace {

namespace asio = boost::asio;

constexpr int kBacklog = 4096;

}  // namespace

Result<sys::UniqueFd> listen_on_path(const std::string& path, unsigned mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return fail(ErrorCode::invalid_argument, "'{}' is too long for the path of a socket", path);
  std::ranges::copy(path, std::begin(address.sun_path));
  sys::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("making a socket");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("removing {}", path);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return fail_errno("binding {}", path);
  if (::chmod(path.c_str(), mode) != 0) return fail_errno("setting the mode of {}", path);
  if (::listen(socket.get(), kBacklog) != 0) return fail_errno("listening on {}", path);
  return socket;
}

Result<sys::UniqueFd> listen_on_address(const std::string& address, std::uint16_t port) {
  boost::system::error_code reason;
  const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address, reason), port);
  if (reason) return fail(ErrorCode::invalid_argument, "api.listen-address: '{}' is not an address", address);
  const auto unavailable = [&](std::string_view what) {
    const std::string why = errno_error(errno, "{}", what).message;
    return fail(ErrorCode::unavailable, "listening on {} port {}: {}", address, port, why);
  };
  sys::UniqueFd socket(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket) return unavailable("making a socket");
  constexpr int kOn = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof(kOn));
  // The server starts before the network, so an interface may get the address later (ip(7), ipv6(7)).
  if (endpoint.protocol() == asio::ip::tcp::v6())
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_FREEBIND, &kOn, sizeof(kOn));
  else
    ::setsockopt(socket.get(), IPPROTO_IP, IP_FREEBIND, &kOn, sizeof(kOn));
  if (::bind(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0)
    return unavailable("using the address");
  if (::listen(socket.get(), kBacklog) != 0) return unavailable("listening");
  return socket;
}

Result<std::uint16_t> port_of(const sys::UniqueFd& socket) {
  asio::ip::tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(socket.get(), endpoint.data(), &size) != 0) return fail_errno("asking for a socket's address");
  endpoint.resize(size);
  return endpoint.port();
}

}  // namespace bulkhead::http
