// The HTTP server: listens on a Unix socket and, if set up, over TLS; reads requests within limits, hands them to the
// router, and writes the answers. HTTP/1.1 with keep-alive, by Boost.Beast.
//
// An idle connection has no buffer. Only a few large bodies are read at a time, so that memory stays bounded whatever
// clients do. Everything runs on the thread of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "api-server/http/router.hpp"
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

// Who connected to a Unix socket: unix(7), SO_PEERCRED and SO_PEERGROUPS.
struct LocalPeer {
  uid_t uid = 0;
  pid_t pid = 0;                // may be gone by the time somebody reads it
  std::vector<gid_t> groups{};  // all of them
};
using WhoIsLocal = std::function<Peer(const LocalPeer&)>;

class Server {
 public:
  // All three outlive the server.
  Server(boost::asio::io_context& loop, const Router& router, Limits limits = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // One of several listeners; at most `most` connections at a time come from it. Beyond that, and beyond
  // Limits::connections, a client sees its connection closed.
  Result<> listen_unix(sys::UniqueFd listening, WhoIsLocal who_is, std::size_t most = SIZE_MAX);
  // Replaces the previous listener. Open connections stay until recheck_access(). Errors: unavailable when the address
  // cannot be used, invalid_argument for certificates and keys; then there is no remote listener.
  Result<> listen_remote(const RemoteListener& listener);
  void stop_remote();
  // Ends remote connections whose peers have another role than when they connected, or none any more. Answers that are
  // on their way still arrive; streams end at once.
  void recheck_access();
  // The port of the remote listener; 0: there is no listener.
  std::uint16_t remote_port() const;

  std::size_t connections() const;
  // Accepts no more connections and closes all.
  void stop();

  struct Core;

 private:
  std::shared_ptr<Core> core_;
};

// A listening Unix socket with the given mode; a previous one is removed. For programs that systemd passed no socket.
Result<sys::UniqueFd> listen_on_path(const std::string& path, unsigned mode);

}  // namespace bulkhead::http
