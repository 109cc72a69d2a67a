#include "api-server/http/server.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "api-server/http/session.hpp"

namespace bulkhead::http {
namespace {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using asio::ip::tcp;
using Local = asio::local::stream_protocol;

constexpr unsigned kUserTimeoutMs = 30'000;
constexpr std::size_t kMostRates = 4096;

using Seats = std::list<Server::Core::Placed>;

// When a source has that many. Closing ends in the session's own handlers, which come later.
bool close_oldest_of(Seats& seats, const std::string& source, std::size_t limit) {
  const auto is_from_there = [&](const Server::Core::Placed& other) { return other.source == source; };
  if (static_cast<std::size_t>(std::ranges::count_if(seats, is_from_there)) < limit) return false;
  const auto oldest = std::ranges::find_if(seats, is_from_there);
  oldest->session->close();
  seats.erase(oldest);
  return true;
}

void remove(Seats& seats, const AnySession* session) {
  std::erase_if(seats, [&](const Server::Core::Placed& other) { return other.session == session; });
}

}  // namespace

ConnectionId Server::Core::enter(AnySession* session) {
  const ConnectionId id = ++last_id;
  sessions.emplace_hint(sessions.end(), id, session);
  if (!std::exchange(ticking, true)) tick();
  return id;
}

void Server::Core::leave(ConnectionId id) { sessions.erase(id); }

void Server::Core::for_each(const std::function<void(AnySession&)>& action) {
  std::vector<ConnectionId> all;
  for (const auto& [id, session] : sessions) all.push_back(id);
  for (const ConnectionId id : all) {
    if (const auto found = sessions.find(id); found != sessions.end()) action(*found->second);
  }
}

void Server::Core::enter_anonymous(AnySession* session, const std::string& source) {
  if (close_oldest_of(anonymous, source, limits.anonymous_of_source)) {
    anonymous.push_back({.session = session, .source = source});
    return;
  }
  if (anonymous.size() >= limits.anonymous) {
    anonymous.front().session->close();
    anonymous.pop_front();
  }
  anonymous.push_back({.session = session, .source = source});
}

void Server::Core::leave_anonymous(AnySession* session) { remove(anonymous, session); }

bool Server::Core::enter_known(AnySession* session, const std::string& identity) {
  if (!close_oldest_of(known, identity, limits.remote_of_identity) && known.size() >= limits.remote_connections)
    return false;
  known.push_back({.session = session, .source = identity});
  return true;
}

void Server::Core::leave_known(AnySession* session) { remove(known, session); }

// One timer checks all deadlines; it does not run when there are no connections.
void Server::Core::tick() {
  if (sessions.empty() || stopped) {
    ticking = false;
    return;
  }
  timer.expires_after(std::chrono::seconds(1));
  timer.async_wait([self = shared_from_this()](const Failure& reason) {
    if (reason) return;
    self->for_each([now = Clock::now()](AnySession& session) { session.tick(now); });
    self->tick();
  });
}

// A token bucket for each remote peer.
bool Server::Core::within_rate(const std::string& identity) {
  const auto now = Clock::now();
  if (rates.size() >= kMostRates) rates.clear();
  auto [found, fresh] = rates.try_emplace(identity, Bucket{.left = limits.remote_burst, .filled = now});
  Bucket& bucket = found->second;
  const double seconds = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.left = std::min(limits.remote_burst, bucket.left + seconds * limits.remote_rate);
  bucket.filled = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

void Server::Core::ask_for_large_body(const std::shared_ptr<AnySession>& session) {
  if (large_bodies >= limits.large_bodies) {
    waiting_for_body.push_back(session);
    return;
  }
  ++large_bodies;
  session->read_body();
}

void Server::Core::large_body_done() {
  --large_bodies;
  if (waiting_for_body.empty()) return;
  const auto next = waiting_for_body.front();
  waiting_for_body.pop_front();
  ++large_bodies;
  next->read_body();
}

void Server::Core::accept_local(const std::shared_ptr<LocalListener>& listener) {
  listener->acceptor.async_accept([self = shared_from_this(), listener](const Failure& reason, Local::socket socket) {
    if (reason == asio::error::operation_aborted || self->stopped) return;
    const bool room = listener->open() < listener->most && self->sessions.size() < self->limits.connections;
    if (!reason && room) start_local_session(self, *listener, std::move(socket));
    self->accept_local(listener);
  });
}

void Server::Core::accept_remote() {
  remote->async_accept([self = shared_from_this(), listener = remote](const Failure& reason, tcp::socket socket) {
    if (reason == asio::error::operation_aborted || self->stopped || listener != self->remote) return;
    if (reason == asio::error::invalid_argument) return;  // it does not listen any more: whoever made it has ended it
    if (!reason) {
      ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof(kUserTimeoutMs));
      Failure ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      start_remote_session(self, std::move(socket));
    }
    self->accept_remote();
  });
}

Server::Server(asio::io_context& loop, Backend& backend, Limits limits)
    : core_(std::make_shared<Core>(loop, backend, limits)) {}

Server::~Server() {
  stop();
  core_->backend = nullptr;
}

Result<> Server::listen_unix(sys::UniqueFd listening, std::size_t most) {
  auto listener = std::make_shared<LocalListener>(core_->loop, most);
  Failure reason;
  listener->acceptor.assign(Local(), listening.get(), reason);
  if (reason) return fail(ErrorCode::unavailable, "listening on the socket: {}", reason.message());
  listening.release();
  core_->locals.push_back(listener);
  core_->accept_local(listener);
  return {};
}

Result<> Server::listen_remote(sys::UniqueFd listening, const RemoteListener& listener) {
  stop_remote();
  auto context = TRY(server_context(listener));
  auto acceptor = std::make_shared<tcp::acceptor>(core_->loop);
  Failure reason;
  acceptor->assign(tcp::v6(), listening.get(), reason);  // of either family: nothing but accepting is done with it
  if (reason) return fail(ErrorCode::unavailable, "listening on the remote socket: {}", reason.message());
  listening.release();
  core_->tls = std::make_shared<asio::ssl::context>(std::move(context));
  core_->remote = std::move(acceptor);
  core_->accept_remote();
  return {};
}

void Server::stop_remote() {
  if (const auto acceptor = std::exchange(core_->remote, nullptr)) {
    Failure ignored;
    acceptor->close(ignored);
  }
}

void Server::drop(ConnectionId id) {
  if (const auto found = core_->sessions.find(id); found != core_->sessions.end()) found->second->drop();
}

std::size_t Server::connections() const { return core_->sessions.size(); }

void Server::finish() {
  core_->stopped = true;
  stop_remote();
  Failure ignored;
  for (const auto& listener : core_->locals) listener->acceptor.close(ignored);
  core_->waiting_for_body.clear();
  core_->for_each([](AnySession& session) { session.drop(); });
}

void Server::stop() {
  finish();
  core_->timer.cancel();
  core_->for_each([](AnySession& session) { session.close(); });
}

}  // namespace bulkhead::http
