// The server's sessions on one end of socket pairs, clients on the other, and one event loop that the test drives:
// nothing happens while it does not, and deadlines come when it says so. Behind the sessions is a router.
#pragma once

#include <boost/asio/local/connect_pair.hpp>
#include <catch2/catch_test_macros.hpp>

#include <set>

#include "api-server/http/router.hpp"
#include "api-server/http/session.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::testing {

namespace asio = boost::asio;
using LocalSocket = asio::local::stream_protocol::socket;

struct Answer {
  int status = 0;
  std::string head{};
  std::string body{};
};

// Reads everything that comes, and writes what it is told to, as fast as the other end takes it.
template <class Stream>
class StreamClient : public std::enable_shared_from_this<StreamClient<Stream>> {
 public:
  explicit StreamClient(Stream stream) : stream_(std::move(stream)) {}

  void read() {
    stream_.async_read_some(asio::buffer(buffer_),
                            [self = this->shared_from_this()](boost::system::error_code reason, std::size_t size) {
                              self->received.append(self->buffer_.data(), size);
                              self->ended = self->ended || reason;
                              if (!reason) self->read();
                            });
  }
  void send(std::string_view bytes) {
    unsent_ += bytes;
    if (writing_.empty()) write();
  }
  // Behind everything that is still to be sent.
  void half_close() {
    half_close_ = true;
    if (sent()) shut_down();
  }
  void leave() { stream_.lowest_layer().close(); }

  bool sent() const { return writing_.empty() && unsent_.empty(); }
  // The answers that are whole; those with status 100 are among them.
  std::vector<Answer> answers() const {
    std::vector<Answer> found;
    std::string_view rest = received;
    for (;;) {
      const std::size_t end = rest.find("\r\n\r\n");
      if (end == std::string_view::npos) return found;
      Answer answer{.head = std::string(rest.substr(0, end + 2))};
      answer.status = parse_integer<int>(std::string_view(answer.head).substr(9, 3)).value_or(0);
      std::size_t size = 0;
      static constexpr std::string_view kLength = "Content-Length: ";
      if (const std::size_t at = answer.head.find(kLength); at != std::string::npos) {
        const auto text = std::string_view(answer.head).substr(at + kLength.size());
        size = parse_integer<std::size_t>(text.substr(0, text.find('\r'))).value_or(0);
      }
      rest.remove_prefix(end + 4);
      if (rest.size() < size) return found;
      answer.body = rest.substr(0, size);
      rest.remove_prefix(size);
      found.push_back(std::move(answer));
    }
  }

  std::string received;
  bool ended = false;

 private:
  void write() {
    writing_ = std::exchange(unsent_, {});
    asio::async_write(stream_, asio::buffer(writing_),
                      [self = this->shared_from_this()](boost::system::error_code reason, std::size_t) {
                        self->writing_.clear();
                        if (reason) return self->unsent_.clear();
                        if (!self->unsent_.empty()) return self->write();
                        if (self->half_close_) self->shut_down();
                      });
  }
  void shut_down() {
    boost::system::error_code ignored;
    stream_.lowest_layer().shutdown(asio::socket_base::shutdown_send, ignored);
  }

  Stream stream_;
  std::array<char, 16'384> buffer_{};
  std::string writing_;  // on its way, and not to be touched
  std::string unsent_;
  bool half_close_ = false;
};

using Client = StreamClient<LocalSocket>;

// Deadlines that do not come by themselves, however slow the machine is.
inline http::Limits patient(http::Limits limits = {}) {
  limits.handshake_time = limits.head_time = limits.body_time = limits.idle_time = limits.remote_idle_time =
      limits.write_time = std::chrono::hours(1);
  return limits;
}
inline constexpr auto kLongerThanAnyLimit = std::chrono::hours(2);

// A daemon without a process: local clients may do everything, others what who_is() says each time.
class RouterBackend final : public http::Backend {
 public:
  explicit RouterBackend(const http::Router& router) : router_(router) {}

  std::function<http::Peer(const http::ClientCertificate&)> who_is{};
  std::set<http::ConnectionId> open{};

  void opened_local(http::ConnectionId id, int socket) override {
    REQUIRE(socket >= 0);
    REQUIRE(open.insert(id).second);
  }
  void opened_remote(http::ConnectionId id, const http::ShownCertificate& shown,
                     std::function<void(http::KnownPeer)> then) override {
    REQUIRE(open.insert(id).second);
    remote_[id] = shown.certificate;
    const http::Peer peer = who_is(shown.certificate);
    then({.known = peer.role.has_value(), .identity = peer.identity});
  }
  void closed(http::ConnectionId id) override {
    REQUIRE(open.erase(id) == 1);
    remote_.erase(id);
  }
  void may_ask(http::ConnectionId id, std::string_view method, std::string_view path,
               std::function<void(bool)> then) override {
    REQUIRE(open.contains(id));
    then(!router_.refuses(method, path, peer(id)));
  }
  void dispatch(http::ConnectionId id, http::Request request, http::Reply reply) override {
    REQUIRE(open.contains(id));
    request.peer = std::make_shared<http::Peer>(peer(id));
    router_.dispatch(std::move(request), reply);
  }

 private:
  http::Peer peer(http::ConnectionId id) const {
    const auto found = remote_.find(id);
    if (found != remote_.end()) return who_is(found->second);
    return {.name = "local", .identity = "local", .role = Role::admin, .refused = {}};
  }

  const http::Router& router_;
  std::map<http::ConnectionId, http::ClientCertificate> remote_;
};

struct LoopFixture {
  http::Router router;
  RouterBackend backend{router};  // outlives the loop, whose last connections are closed with it
  asio::io_context loop;
  http::Limits limits;
  std::shared_ptr<http::Server::Core> core;
  std::shared_ptr<http::LocalListener> listener;  // it does not accept: connect() hands it what is connected

  explicit LoopFixture(const http::Limits& allowed = {}) : limits(patient(allowed)) {
    core = std::make_shared<http::Server::Core>(loop, backend, limits);
    listener = std::make_shared<http::LocalListener>(loop, SIZE_MAX);
  }
  ~LoopFixture() { core->stopped = true; }
  LoopFixture(const LoopFixture&) = delete;
  LoopFixture& operator=(const LoopFixture&) = delete;

  // A client that reads.
  std::shared_ptr<Client> connect() {
    LocalSocket here(loop);
    LocalSocket there(loop);
    asio::local::connect_pair(here, there);
    auto client = std::make_shared<Client>(std::move(here));
    client->read();
    http::start_local_session(core, *listener, std::move(there));
    return client;
  }

  // Runs the loop until it is so. A server that never gets there is stopped by the test run's own limit.
  template <class Condition>
  void until(Condition condition) {
    loop.restart();
    while (!condition()) REQUIRE(loop.run_one() == 1);
  }
  template <class AnyClient>
  std::vector<Answer> answers(const std::shared_ptr<AnyClient>& client, std::size_t count) {
    until([&] { return client->answers().size() >= count; });
    return client->answers();
  }
  // Everything until the server ends the connection.
  template <class AnyClient>
  std::string all(const std::shared_ptr<AnyClient>& client) {
    until([&] { return client->ended; });
    return client->received;
  }
  // What is ready to run now runs; nothing is waited for.
  void settle() {
    loop.restart();
    while (loop.poll() > 0) {
    }
  }
  // The server looks at its deadlines as if this much time had passed.
  void pass(std::chrono::seconds time) {
    core->for_each([now = http::Clock::now() + time](http::AnySession& session) { session.tick(now); });
  }
};

}  // namespace bulkhead::testing
