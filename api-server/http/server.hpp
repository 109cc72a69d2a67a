// The HTTP server: accepts from Unix sockets and, if set up, over TLS; reads requests within limits, hands them to its
// backend, and writes the answers. HTTP/1.1 with keep-alive, by Boost.Beast.
//
// An idle connection has no buffer. Only a few large bodies are read at a time, so that memory stays bounded whatever
// clients do. Everything runs on the thread of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

#include "api-server/http/backend.hpp"
#include "api-server/http/tls.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::http {

struct Limits {
  std::size_t connections = 12'288;
  std::size_t remote_connections = 1'024;    // over TLS, of peers with a role
  std::size_t remote_of_identity = 64;       // of these, of one peer
  std::size_t anonymous = 256;               // over TLS, of others
  std::size_t anonymous_of_source = 32;      // of these, from one source
  std::uint32_t head = 16U << 10U;           // bytes of request line and headers: 431
  std::uint64_t body = 1U << 20U;            // bytes: 413
  std::uint64_t small_body = 64U << 10U;     // a larger one waits for its turn
  std::size_t large_bodies = 16;             // that are read at the same time
  std::size_t stream_backlog = 256U << 10U;  // bytes that a client of a stream may be behind
  double remote_rate = 50;                   // requests a second of one remote peer: 429
  double remote_burst = 200;
  std::chrono::seconds handshake_time{5};     // closed
  std::chrono::seconds head_time{10};         // 408
  std::chrono::seconds body_time{30};         // 408
  std::chrono::seconds idle_time{300};        // closed
  std::chrono::seconds remote_idle_time{60};  // the same, over TLS; the head of a request is within it
  std::chrono::seconds write_time{30};        // closed
};

class Server {
 public:
  // Both outlive the server.
  Server(boost::asio::io_context& loop, Backend& backend, Limits limits = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // One of several listeners; at most `most` connections at a time come from it. Beyond that, and beyond
  // Limits::connections, a client sees its connection closed.
  Result<> listen_unix(sys::UniqueFd listening, std::size_t most = SIZE_MAX);
  // Replaces the previous listener. Open connections stay until they are dropped. Errors: invalid_argument for
  // certificates and keys; then there is no remote listener.
  Result<> listen_remote(sys::UniqueFd listening, const RemoteListener& listener);
  void stop_remote();
  // Ends a connection. An answer that is on its way still arrives; a stream ends at once.
  void drop(ConnectionId id);

  std::size_t connections() const;
  // Accepts no more connections, and drops all.
  void finish();
  // Accepts no more connections and closes all.
  void stop();

  struct Core;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace bulkhead::http
