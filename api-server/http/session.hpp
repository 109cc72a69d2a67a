// One connection: requests in, answers out, one after the other. Template over the transport: a local socket, or TLS.
#pragma once

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <deque>
#include <list>
#include <map>

#include "api-server/http/server.hpp"

namespace bulkhead::http {

using Clock = std::chrono::steady_clock;

// What the server needs from a connection of any transport.
class AnySession {
 public:
  AnySession() = default;
  AnySession(const AnySession&) = delete;
  AnySession& operator=(const AnySession&) = delete;
  virtual ~AnySession() = default;

  virtual void close() = 0;
  // Called about once a second.
  virtual void tick(Clock::time_point now) = 0;
  // It is this session's turn to read a large body.
  virtual void read_body() = 0;
  // Ends the connection, after the answer that is on its way.
  virtual void drop() = 0;
};

// A Unix socket that is listened on. Each of its connections holds a place.
struct LocalListener {
  LocalListener(boost::asio::io_context& loop, std::size_t limit) : acceptor(loop), most(limit) {}

  std::size_t open() const { return static_cast<std::size_t>(place.use_count()) - 1; }

  boost::asio::local::stream_protocol::acceptor acceptor;
  std::size_t most;
  std::shared_ptr<const char> place = std::make_shared<const char>();
};

struct Server::Core : std::enable_shared_from_this<Core> {
  Core(boost::asio::io_context& io, Backend& answering, const Limits& allowed)
      : loop(io), backend(&answering), limits(allowed), timer(io) {}

  boost::asio::io_context& loop;
  Backend* backend;  // null when the server is gone, and the loop with its last connections is not yet
  Limits limits;
  boost::asio::steady_timer timer;
  bool ticking = false;
  bool stopped = false;
  ConnectionId last_id = 0;
  std::map<ConnectionId, AnySession*> sessions;
  std::size_t large_bodies = 0;
  std::deque<std::shared_ptr<AnySession>> waiting_for_body;

  struct Bucket {
    double left = 0;
    Clock::time_point filled;
  };
  std::map<std::string, Bucket> rates;  // of remote peers by identity

  std::vector<std::shared_ptr<LocalListener>> locals;
  std::shared_ptr<boost::asio::ip::tcp::acceptor> remote;
  std::shared_ptr<boost::asio::ssl::context> tls;

  // Sessions over TLS whose peer has no role, or is not known yet: the oldest first. When there are too many, in all or
  // of one source, the oldest is closed for the newest, so that nobody can keep others from saying who they are.
  struct Placed {
    AnySession* session = nullptr;
    std::string source;  // of known ones: the identity
  };
  std::list<Placed> anonymous;
  // Sessions over TLS of peers with a role. One peer has a part of the places; for its next one, its oldest is closed.
  std::list<Placed> known;

  void accept_local(const std::shared_ptr<LocalListener>& listener);
  void accept_remote();
  ConnectionId enter(AnySession* session);
  void leave(ConnectionId id);
  // For those that are there now, as long as they are.
  void for_each(const std::function<void(AnySession&)>& action);
  void enter_anonymous(AnySession* session, const std::string& source);
  void leave_anonymous(AnySession* session);
  // False: there are enough of them.
  bool enter_known(AnySession* session, const std::string& identity);
  void leave_known(AnySession* session);
  void tick();
  bool within_rate(const std::string& identity);
  // Calls read_body() now or when another large body is done.
  void ask_for_large_body(const std::shared_ptr<AnySession>& session);
  void large_body_done();
};

void start_local_session(const std::shared_ptr<Server::Core>& core, const LocalListener& listener,
                         boost::asio::local::stream_protocol::socket socket);
void start_remote_session(const std::shared_ptr<Server::Core>& core, boost::asio::ip::tcp::socket socket);

// Who counts as one source: an IPv4 address, or the network of 64 bits of an IPv6 address.
std::string source_of(const boost::asio::ip::address& address);

}  // namespace bulkhead::http
