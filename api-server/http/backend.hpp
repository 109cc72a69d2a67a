// Who answers the requests that a server reads: the daemon, at the other end of the front's channel.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "api-server/http/client_certificate.hpp"
#include "api-server/http/message.hpp"

namespace bulkhead::http {

// Of a server: no two of its connections have the same.
using ConnectionId = std::uint64_t;

// What a server needs to know of a client over TLS, to share its places out.
struct KnownPeer {
  bool known = false;      // it has a role
  std::string identity{};  // the same on all of its connections
};

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  // Before the first question of a connection. `socket` stays the caller's.
  virtual void opened_local(ConnectionId id, int socket) = 0;
  // After the handshake. `then` is called once, later; not when the connection has been closed meanwhile.
  virtual void opened_remote(ConnectionId id, const ShownCertificate& shown, std::function<void(KnownPeer)> then) = 0;
  // Of connections that were opened.
  virtual void closed(ConnectionId id) = 0;
  // Whether the request would be refused because of who makes it: then its body need not be read.
  virtual void may_ask(ConnectionId id, std::string_view method, std::string_view path,
                       std::function<void(bool)> then) = 0;
  // One at a time of a connection. The request's peer is not set.
  virtual void dispatch(ConnectionId id, Request request, Reply reply) = 0;
};

}  // namespace bulkhead::http
