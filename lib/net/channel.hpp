// A stream of bytes to an endpoint, plain or inside TLS, where each operation has a deadline. For the files of this
// folder.
//
// Ownership: closes the socket; move-only; one thread at a time. Writing inside TLS to a peer that has closed raises
// SIGPIPE, which the process must ignore (lib/cli does).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/result.hpp"
#include "lib/net/endpoint.hpp"
#include "lib/sys/unique_fd.hpp"

struct ssl_st;

namespace bulkhead::net {

struct Openssl;

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;  // none: for ever

struct FreeTls {
  const Openssl* openssl = nullptr;
  void operator()(ssl_st* tls) const;
};

class Channel {
 public:
  // Errors: unavailable when the peer does not answer, permission_denied from a Unix socket, verification_failed when
  // the server's certificate is not trusted, invalid_argument for files without a certificate or key.
  static Result<Channel> open(const Endpoint& endpoint, Deadline deadline);

  // At least one byte, or 0 when the peer has closed. unavailable when the deadline passes or the connection breaks.
  Result<std::size_t> read(std::span<char> into, Deadline deadline);
  Result<> write(std::string_view bytes, Deadline deadline);

 private:
  Channel(sys::UniqueFd socket, std::string peer) : socket_(std::move(socket)), peer_(std::move(peer)) {}
  Result<> begin_tls(const TlsEndpoint& endpoint, Deadline deadline);
  Result<> wait(short events, Deadline deadline) const;
  // Repeats one step of OpenSSL until it completes: `step` returns the result of SSL_read() or a similar function.
  template <class Step>
  Result<int> tls_step(Step step, Deadline deadline);

  sys::UniqueFd socket_;
  std::string peer_;
  const Openssl* openssl_ = nullptr;  // set with tls_
  std::unique_ptr<ssl_st, FreeTls> tls_;
};

}  // namespace bulkhead::net
