#include "api-server/daemon/front_link.hpp"

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace bulkhead::daemon {
namespace {

namespace asio = boost::asio;
constexpr std::size_t kLongestProblem = 1024;  // bytes
using ChannelFailure = boost::system::error_code;
using ChannelSocket = asio::local::stream_protocol;

Result<sys::UniqueFd> copy_of(const sys::UniqueFd& descriptor) {
  sys::UniqueFd copy(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail_errno("copying a descriptor");
  return copy;
}

http::Peer nobody_remote(const http::ClientCertificate& /*certificate*/) {
  return {.name = {},
          .identity = {},
          .role = std::nullopt,
          .refused = "the remote listener is switched off",
          .remote = true};
}

}  // namespace

struct FrontLink::Listener {
  sys::UniqueFd socket;
  std::string path;
  WhoIsLocal who_is;
  std::uint32_t most;
};

// One client, as long as the front has not closed it.
struct FrontLink::Connection {
  channel::ConnectionId id = 0;
  // Of a Unix socket: held, so that nobody can be spoken for who has left.
  sys::UniqueFd socket{};
  std::shared_ptr<const http::Peer> local{};
  // Over TLS.
  std::vector<std::string> chain{};
  http::ClientCertificate certificate{};
  std::optional<Role> role_at_first{};

  bool busy = false;  // with a request, or what stands for it
  std::shared_ptr<http::Stream> stream{};
};

// An endless answer. That its reader is slow is the front's business: it cuts the client off, and closes.
class FrontLink::ChannelStream final : public http::Stream {
 public:
  ChannelStream(std::weak_ptr<channel::Channel> channel, channel::ConnectionId id)
      : channel_(std::move(channel)), id_(id) {}

  bool send(std::string chunk) override {
    const auto channel = channel_.lock();
    if (gone_ || !channel) return false;
    return channel->send(channel::encode(channel::ToFront(channel::Chunk{.id = id_, .bytes = std::move(chunk)})));
  }
  void close() override {
    const auto channel = channel_.lock();
    if (gone_ || !channel) return;
    channel->send(channel::encode(channel::ToFront(channel::EndStream{.id = id_})));
    leave();
  }
  void leave() {
    if (std::exchange(gone_, true)) return;
    if (const auto gone = std::exchange(on_gone, {})) gone();
  }

 private:
  std::weak_ptr<channel::Channel> channel_;
  channel::ConnectionId id_;
  bool gone_ = false;
};

FrontLink::FrontLink(asio::io_context& loop, const http::Router& router, std::function<void(const Error&)> on_lost)
    : loop_(loop), router_(router), on_lost_(std::move(on_lost)), who_is_remote_(nobody_remote), acceptor_(loop) {}

FrontLink::~FrontLink() { stop(); }

Result<> FrontLink::serve_unix(sys::UniqueFd listening, WhoIsLocal who_is, std::uint32_t most) {
  std::string path = TRY(bound_path(listening));
  listeners_.push_back(std::make_unique<Listener>(std::move(listening), std::move(path), std::move(who_is), most));
  return {};
}

Result<> FrontLink::serve_remote(sys::UniqueFd listening, http::RemoteListener listener, WhoIsRemote who_is) {
  stop_remote();
  // As the front will: it has nobody to tell.
  TRY(http::check_identity(listener.certificates, listener.key.view()));
  auto trusted = TRY(http::trust_store(listener.client_ca));
  trusted_ = std::move(trusted);
  who_is_remote_ = std::move(who_is);
  remote_.emplace(std::move(listening), std::move(listener));
  send_remote();
  return {};
}

void FrontLink::stop_remote() {
  if (const auto old = std::exchange(remote_, std::nullopt)) {
    // The front has the socket as well. From here on it accepts nobody, whatever the front does, and its port is free.
    ::shutdown(old->listening.get(), SHUT_RDWR);
    tell(channel::StopRemote{});
  }
  trusted_ = nullptr;
  who_is_remote_ = nobody_remote;  // for connections that are still open
}

void FrontLink::recheck_access() {
  for (const auto& [id, connection] : connections_) {
    if (connection->local) continue;
    look_at_certificate(*connection);
    if (peer_of(connection)->role == connection->role_at_first) continue;
    tell(channel::Drop{.id = id});
    if (const auto stream = std::exchange(connection->stream, nullptr))
      std::static_pointer_cast<ChannelStream>(stream)->leave();
  }
}

Result<> FrontLink::accept_from(sys::UniqueFd listening, std::optional<uid_t> only_of) {
  ChannelFailure reason;
  acceptor_.assign(ChannelSocket(), listening.get(), reason);
  if (reason) return fail(ErrorCode::unavailable, "listening for the front: {}", reason.message());
  listening.release();
  only_of_ = only_of;
  accept();
  return {};
}

void FrontLink::accept() {
  acceptor_.async_accept([this, alive = std::weak_ptr(alive_)](const ChannelFailure& reason,
                                                               ChannelSocket::socket socket) {
    if (reason == asio::error::operation_aborted || alive.expired()) return;
    if (!reason) {
      sys::UniqueFd own(socket.release());
      const auto peer = local_peer(own);
      if (!peer || (peer->uid != only_of_ && peer->uid != ::geteuid())) {
        on_lost_(peer ? error(ErrorCode::permission_denied, "uid {} wants to be the front", peer->uid) : peer.error());
      } else if (const auto attached = attach(std::move(own)); !attached) {
        on_lost_(attached.error());
      }
    }
    accept();
  });
}

Result<> FrontLink::attach(sys::UniqueFd socket) {
  auto next = TRY(channel::Channel::over(loop_, std::move(socket), {.largest_frame = channel::kLargestFromFront}));
  if (channel_) channel_->end();
  forget_connections();
  channel_ = std::move(next);
  channel_->start({.on_frame = [this](std::span<const char> frame) { return handle(frame); },
                   .on_end =
                       [this](const Error& why) {
                         channel_ = nullptr;
                         forget_connections();
                         on_lost_(why);
                       }});
  greet();
  return {};
}

void FrontLink::greet() {
  for (const auto& listener : listeners_) {
    auto copy = copy_of(listener->socket);
    if (!copy) return on_lost_(copy.error());
    channel_->send(channel::encode(channel::ToFront(channel::ListenLocal{.most = listener->most})), std::move(*copy));
  }
  send_remote();
}

void FrontLink::send_remote() {
  if (!remote_ || !channel_) return;
  auto copy = copy_of(remote_->listening);
  if (!copy) return on_lost_(copy.error());
  channel_->send_secret(
      channel::encode(channel::ToFront(channel::ListenRemote{.certificates = remote_->listener.certificates,
                                                             .client_ca = remote_->listener.client_ca,
                                                             .key = remote_->listener.key.copy()})),
      std::move(*copy));
}

// What their requests have begun goes on; nobody gets the answer.
void FrontLink::forget_connections() {
  const auto all = std::exchange(connections_, {});
  for (const auto& [id, connection] : all) {
    if (connection->stream) std::static_pointer_cast<ChannelStream>(connection->stream)->leave();
  }
}

void FrontLink::stop() {
  ChannelFailure ignored;
  acceptor_.close(ignored);
  if (const auto channel = std::exchange(channel_, nullptr)) channel->end();
  forget_connections();
}

Result<> FrontLink::handle(std::span<const char> frame) {
  auto message = TRY(channel::decode_from_front(frame));
  return std::visit([this](auto& each) { return on(each); }, message);
}

Result<std::shared_ptr<FrontLink::Connection>> FrontLink::add(channel::ConnectionId id) {
  if (connections_.size() >= kMostConnections)
    return fail(ErrorCode::invalid_argument, "there are {} connections already", connections_.size());
  auto [found, fresh] = connections_.try_emplace(id);
  if (!fresh) return fail(ErrorCode::invalid_argument, "connection {} is there already", id);
  found->second = std::make_shared<Connection>();
  found->second->id = id;
  return found->second;
}

Result<std::shared_ptr<FrontLink::Connection>> FrontLink::find(channel::ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return fail(ErrorCode::invalid_argument, "there is no connection {}", id);
  return found->second;
}

Result<> FrontLink::on(const channel::OpenLocal& open) {
  const auto connection = TRY(add(open.id));
  connection->socket = TRY(channel_->take_descriptor());
  const LocalPeer peer = TRY(local_peer(connection->socket));
  const std::string path = TRY(bound_path(connection->socket));
  const auto listener = std::ranges::find_if(listeners_, [&](const auto& each) { return each->path == path; });
  if (listener == listeners_.end()) return fail(ErrorCode::invalid_argument, "nobody listens on {} here", path);
  connection->local = std::make_shared<const http::Peer>((*listener)->who_is(peer));
  return {};
}

Result<> FrontLink::on(const channel::OpenRemote& open) {
  const auto connection = TRY(add(open.id));
  if (open.problem.size() > kLongestProblem || open.common_name.size() > kLongestProblem)
    return fail(ErrorCode::invalid_argument, "what is wrong with a certificate is too long");
  connection->chain = open.chain;
  // Nobody has a role for what the front says here.
  connection->certificate = {
      .present = !open.problem.empty(), .verify_error = open.problem, .common_name = open.common_name, .serial = {}};
  look_at_certificate(*connection);
  if (!connection->certificate.verify_error.empty()) connection->chain = {};  // only the good ones are kept
  const auto peer = peer_of(connection);
  connection->role_at_first = peer->role;
  tell(channel::PeerIs{.id = open.id, .known = peer->role.has_value(), .identity = peer->identity});
  return {};
}

Result<> FrontLink::on(const channel::Close& close) {
  const auto connection = TRY(find(close.id));
  connections_.erase(close.id);
  if (connection->stream) std::static_pointer_cast<ChannelStream>(connection->stream)->leave();
  return {};
}

Result<> FrontLink::on(const channel::Ask& ask) {
  const auto connection = TRY(find(ask.id));
  if (connection->busy) return fail(ErrorCode::invalid_argument, "connection {} has a request already", ask.id);
  tell(channel::MayAsk{.id = ask.id, .allowed = !router_.refuses(ask.method, ask.path, *peer_of(connection))});
  return {};
}

Result<> FrontLink::on(channel::Request& request) {
  const auto connection = TRY(find(request.id));
  if (std::exchange(connection->busy, true))
    return fail(ErrorCode::invalid_argument, "connection {} has a request already", request.id);
  if (connection->local && has_left(connection->socket)) {
    answer(connection, http::failure(error(ErrorCode::aborted, "the client has left")));
    return {};
  }
  router_.dispatch(
      {.method = std::move(request.method),
       .path = std::move(request.path),
       .query = std::move(request.query),
       .content_type = std::move(request.content_type),
       .body = std::move(request.body),
       .peer = peer_of(connection),
       .captures = {}},
      [alive = std::weak_ptr(alive_), &loop = loop_, weak = std::weak_ptr(connection)](http::Response response) {
        // Behind what this request has set going, such as another remote listener.
        asio::post(loop, [alive, weak, response = std::move(response)]() mutable {
          const auto link = alive.lock();
          const auto still_there = weak.lock();
          if (link && still_there) (*link)->answer(still_there, std::move(response));
        });
      });
  return {};
}

void FrontLink::look_at_certificate(Connection& connection) const {
  if (!connection.chain.empty() && trusted_)
    connection.certificate = http::check_chain(connection.chain, trusted_.get());
}

std::shared_ptr<const http::Peer> FrontLink::peer_of(const std::shared_ptr<Connection>& connection) const {
  if (connection->local) return connection->local;
  auto peer = std::make_shared<http::Peer>(who_is_remote_(connection->certificate));
  peer->role_now = [alive = std::weak_ptr(alive_), certificate = connection->certificate] {
    const auto link = alive.lock();
    return link ? (*link)->who_is_remote_(certificate).role : std::nullopt;
  };
  return peer;
}

void FrontLink::answer(const std::shared_ptr<Connection>& connection, http::Response response) {
  if (!channel_) return;
  const auto status = static_cast<std::uint32_t>(response.status);
  if (response.stream) {
    const auto stream = std::make_shared<ChannelStream>(channel_, connection->id);
    connection->stream = stream;
    tell(channel::BeginStream{.id = connection->id, .status = status, .content_type = response.content_type});
    return response.stream(stream);
  }
  connection->busy = false;
  const auto body = response.shared_body ? std::move(response.shared_body)
                                         : std::make_shared<const std::string>(std::move(response.body));
  const channel::Answer head{.id = connection->id, .status = status, .content_type = response.content_type};
  if (body->size() + response.content_type.size() + 64 > channel::kLargestToFront) {
    const http::Response too_large = http::failure(
        error(ErrorCode::failed_precondition, "the answer has {} bytes, which is more than one may have", body->size())
            .with_hint("ask for less, such as fewer lines of the journal"));
    tell(channel::Answer{.id = head.id,
                         .status = static_cast<std::uint32_t>(too_large.status),
                         .content_type = too_large.content_type,
                         .body = too_large.body});
    return;
  }
  channel_->send(channel::encode_without_body(head, body->size()), {}, body);
}

bool FrontLink::tell(const channel::ToFront& message) { return channel_ && channel_->send(channel::encode(message)); }

}  // namespace bulkhead::daemon
