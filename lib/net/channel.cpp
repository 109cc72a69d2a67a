#include "lib/net/channel.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <format>

#include "lib/net/tls.hpp"

namespace bulkhead::net {
namespace {

// For poll(): rounded up, so that a wait never ends before the deadline and begins again at once.
int milliseconds_left(Deadline deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

Error no_answer(const std::string& peer) {
  return error(ErrorCode::unavailable, "{} did not answer in time", peer)
      .with_hint("check that it is running and reachable, then try again");
}

Error broken(const std::string& peer, int reason) {
  Error error = errno_error(reason, "lost the connection to {}", peer);
  error.code = ErrorCode::unavailable;
  return error;
}

Error unix_connect_error(const std::string& path, int reason) {
  switch (reason) {
    case EACCES:
    case EPERM:
      return error(ErrorCode::permission_denied, "not permitted to use {}", path)
          .with_hint("become root or a member of the group api");
    case ENOENT:
    case ECONNREFUSED:
      return error(ErrorCode::unavailable, "cannot connect to {}: nothing is listening there", path)
          .with_hint("check that apiserver is running");
    case EAGAIN: return no_answer(path);
    default: return errno_error(reason, "connecting to {}", path);
  }
}

// Stays blocking, with a limit in the kernel: a Unix socket whose queue is full cannot be polled for.
Result<sys::UniqueFd> connect_unix(const UnixEndpoint& endpoint, Deadline deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (endpoint.path.size() >= sizeof(address.sun_path))
    return fail(ErrorCode::invalid_argument, "{}: the path of a socket has at most {} bytes", endpoint.path,
                sizeof(address.sun_path) - 1);
  std::memcpy(&address.sun_path, endpoint.path.data(), endpoint.path.size());
  sys::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("making a socket");
  const int left = milliseconds_left(deadline);
  if (left >= 0) {
    const timeval limit{.tv_sec = left / 1000, .tv_usec = std::max(left % 1000, 1) * 1000L};
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
      return fail_errno("limiting the time to connect");
  }
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (const int reason = errno; reason != EINTR) return fail(unix_connect_error(endpoint.path, reason));
  }
  return socket;
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

Result<sys::UniqueFd> connect_address(const addrinfo& address, const std::string& peer, Deadline deadline) {
  sys::UniqueFd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail_errno("making a socket");
  int reason = ::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (reason == EINPROGRESS) {
    pollfd entry{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    int ready = 0;
    while ((ready = ::poll(&entry, 1, milliseconds_left(deadline))) < 0 && errno == EINTR) {
    }
    if (ready == 0) return fail(no_answer(peer));
    socklen_t size = sizeof reason;
    if (ready < 0 || ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &reason, &size) != 0) reason = errno;
  }
  if (reason != 0)
    return fail(errno_error(reason, "connecting to {}", peer)
                    .with_hint("check the address and the port, that the machine is up, and that no packet filter is "
                               "between"));
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // only a matter of speed
  return socket;
}

// Tries every address of the host in the resolver's order; the error is that of the last one.
Result<sys::UniqueFd> connect_tcp(const std::string& host, std::uint16_t port, const std::string& peer,
                                  Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* raw = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw);
  const std::unique_ptr<addrinfo, FreeAddresses> list(raw);
  if (status != 0)
    return fail(error(ErrorCode::unavailable, "cannot find the address of '{}': {}", host, ::gai_strerror(status))
                    .with_hint("check the name, or give an IP address"));
  Result<sys::UniqueFd> outcome = fail(ErrorCode::unavailable, "{} has no address", host);
  for (const addrinfo* address = list.get(); address != nullptr && !outcome; address = address->ai_next)
    outcome = connect_address(*address, peer, deadline);
  if (!outcome) outcome.error().code = ErrorCode::unavailable;
  return outcome;
}

}  // namespace

void FreeTls::operator()(ssl_st* tls) const { openssl->SSL_free(tls); }

Result<Channel> Channel::open(const Endpoint& endpoint, Deadline deadline) {
  const std::string peer = to_string(endpoint);
  if (const auto* local = std::get_if<UnixEndpoint>(&endpoint)) {
    sys::UniqueFd socket = TRY(connect_unix(*local, deadline));
    return Channel(std::move(socket), peer);
  }
  if (const auto* tcp = std::get_if<TcpEndpoint>(&endpoint)) {
    sys::UniqueFd socket = TRY(connect_tcp(tcp->host, tcp->port, peer, deadline));
    return Channel(std::move(socket), peer);
  }
  const auto& tls = std::get<TlsEndpoint>(endpoint);
  sys::UniqueFd socket = TRY(connect_tcp(tls.host, tls.port, peer, deadline));
  Channel channel(std::move(socket), peer);
  TRY(channel.begin_tls(tls, deadline));
  return channel;
}

Result<> Channel::begin_tls(const TlsEndpoint& endpoint, Deadline deadline) {
  openssl_ = TRY(load_openssl());
  const ContextHandle context = TRY(tls_context(*openssl_, endpoint));
  tls_ = {openssl_->SSL_new(context.get()), FreeTls{openssl_}};  // keeps the context alive
  if (!tls_ || openssl_->SSL_set_fd(tls_.get(), socket_.get()) != 1)
    return fail(tls_error(*openssl_, tls_.get(), peer_));
  TRY(expect_server(*openssl_, tls_.get(), endpoint));
  const int connected = TRY(tls_step([this] { return openssl_->SSL_connect(tls_.get()); }, deadline));
  if (connected == 0) return fail(ErrorCode::unavailable, "{} closed the connection during the TLS handshake", peer_);
  return check_fingerprint(*openssl_, tls_.get(), endpoint);
}

Result<> Channel::wait(short events, Deadline deadline) const {
  pollfd entry{.fd = socket_.get(), .events = events, .revents = 0};
  for (;;) {
    const int ready = ::poll(&entry, 1, milliseconds_left(deadline));
    if (ready > 0) return {};
    if (ready == 0) return fail(no_answer(peer_));
    if (errno != EINTR) return fail_errno("waiting for {}", peer_);
  }
}

template <class Step>
Result<int> Channel::tls_step(Step step, Deadline deadline) {
  for (;;) {
    openssl_->ERR_clear_error();
    errno = 0;
    const int status = step();
    const int reason = errno;
    if (status > 0) return status;
    switch (openssl_->SSL_get_error(tls_.get(), status)) {
      case SSL_ERROR_WANT_READ: TRY(wait(POLLIN, deadline)); break;
      case SSL_ERROR_WANT_WRITE: TRY(wait(POLLOUT, deadline)); break;
      case SSL_ERROR_ZERO_RETURN: return 0;
      case SSL_ERROR_SYSCALL:
        if (reason == 0) return 0;
        return fail(broken(peer_, reason));
      default: return fail(tls_error(*openssl_, tls_.get(), peer_));
    }
  }
}

Result<std::size_t> Channel::read(std::span<char> into, Deadline deadline) {
  if (tls_) {
    const int size = static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX));
    const int count = TRY(tls_step([&] { return openssl_->SSL_read(tls_.get(), into.data(), size); }, deadline));
    return static_cast<std::size_t>(count);
  }
  for (;;) {
    TRY(wait(POLLIN, deadline));
    const ssize_t count = ::recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (const int reason = errno; reason != EAGAIN && reason != EINTR) return fail(broken(peer_, reason));
  }
}

Result<> Channel::write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (tls_) {
      const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
      const int count = TRY(tls_step([&] { return openssl_->SSL_write(tls_.get(), bytes.data(), size); }, deadline));
      if (count == 0) return fail(broken(peer_, EPIPE));
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (const int reason = errno; reason == EAGAIN) {
      TRY(wait(POLLOUT, deadline));
    } else if (reason != EINTR) {
      return fail(broken(peer_, reason));
    }
  }
  return {};
}

}  // namespace bulkhead::net
