#include "api-server/front/daemon_link.hpp"

#include <fcntl.h>

#include "api-server/http/tls.hpp"

namespace bulkhead::front {
namespace {

constexpr std::size_t kLongestName = 256;  // of somebody who is nobody: for the answer and the audit trail

http::Response daemon_has_ended() {
  return http::failure(
      error(ErrorCode::unavailable, "the API server ended while it worked on this request")
          .with_hint("ask again in a moment; the history says whether a change took effect: apiclient history"));
}

}  // namespace

void DaemonLink::start(std::shared_ptr<channel::Channel> channel, Owner owner) {
  channel_ = std::move(channel);
  owner_ = std::move(owner);
  channel_->start({.on_frame = [this](std::span<const char> frame) { return handle(frame); },
                   .on_end = [this](const Error& why) { end(why); }});
}

void DaemonLink::tell(const channel::FromFront& message, sys::UniqueFd descriptor) {
  if (channel_) channel_->send(channel::encode(message), std::move(descriptor));
}

void DaemonLink::opened_local(http::ConnectionId id, int socket) {
  sys::UniqueFd copy(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  waiting_[id].told = static_cast<bool>(copy);  // no descriptor may be left
  if (copy) tell(channel::OpenLocal{.id = id}, std::move(copy));
}

void DaemonLink::opened_remote(http::ConnectionId id, const http::ShownCertificate& shown,
                               std::function<void(http::KnownPeer)> then) {
  waiting_[id].known = std::move(then);
  const http::ClientCertificate& certificate = shown.certificate;
  if (certificate.present && certificate.verify_error.empty())
    return tell(channel::OpenRemote{.id = id, .chain = shown.chain});
  tell(channel::OpenRemote{
      .id = id, .problem = certificate.verify_error, .common_name = certificate.common_name.substr(0, kLongestName)});
}

void DaemonLink::closed(http::ConnectionId id) {
  const Waiting* const waiting = find(id);
  const bool told = waiting != nullptr && waiting->told;
  waiting_.erase(id);
  if (told) tell(channel::Close{.id = id});
}

void DaemonLink::may_ask(http::ConnectionId id, std::string_view method, std::string_view path,
                         std::function<void(bool)> then) {
  if (!channel_ || !waiting_[id].told) return then(true);  // dispatch() says why not
  waiting_[id].may_ask = std::move(then);
  tell(channel::Ask{.id = id, .method = std::string(method), .path = std::string(path)});
}

void DaemonLink::dispatch(http::ConnectionId id, http::Request request, http::Reply reply) {
  if (!channel_ || !waiting_[id].told) return reply(daemon_has_ended());
  waiting_[id].reply = std::move(reply);
  tell(channel::Request{.id = id,
                        .method = std::move(request.method),
                        .path = std::move(request.path),
                        .query = std::move(request.query),
                        .content_type = std::move(request.content_type),
                        .body = std::move(request.body)});
}

Result<> DaemonLink::handle(std::span<const char> frame) {
  auto message = TRY(channel::decode_to_front(frame));
  return std::visit([this](auto& each) { return on(each); }, message);
}

// Null for one that was closed while the frame was on its way.
DaemonLink::Waiting* DaemonLink::find(http::ConnectionId id) {
  const auto found = waiting_.find(id);
  return found == waiting_.end() ? nullptr : &found->second;
}

Result<> DaemonLink::on(const channel::ListenLocal& listen) {
  sys::UniqueFd socket = TRY(channel_->take_descriptor());
  TRY(owner_.server->listen_unix(std::move(socket), listen.most));
  if (!std::exchange(serving_, true)) owner_.on_serving();
  return {};
}

Result<> DaemonLink::on(const channel::ListenRemote& listen) {
  channel_->forget_frame();
  sys::UniqueFd socket = TRY(channel_->take_descriptor());
  return owner_.server->listen_remote(
      std::move(socket),
      {.certificates = listen.certificates, .key = listen.key.copy(), .client_ca = listen.client_ca});
}

Result<> DaemonLink::on(const channel::StopRemote& /*stop*/) {
  owner_.server->stop_remote();
  return {};
}

Result<> DaemonLink::on(const channel::PeerIs& peer) {
  Waiting* const waiting = find(peer.id);
  if (waiting == nullptr) return {};
  const auto then = std::exchange(waiting->known, {});
  if (then) then({.known = peer.known, .identity = peer.identity});
  return {};
}

Result<> DaemonLink::on(const channel::MayAsk& may) {
  Waiting* const waiting = find(may.id);
  if (waiting == nullptr) return {};
  const auto then = std::exchange(waiting->may_ask, {});
  if (then) then(may.allowed);
  return {};
}

Result<> DaemonLink::on(channel::Answer& answer) {
  Waiting* const waiting = find(answer.id);
  if (waiting == nullptr) return {};
  const auto reply = std::exchange(waiting->reply, {});
  if (reply)
    reply({.status = static_cast<int>(answer.status),
           .content_type = std::move(answer.content_type),
           .body = std::move(answer.body)});
  return {};
}

Result<> DaemonLink::on(const channel::BeginStream& begin) {
  Waiting* const waiting = find(begin.id);
  if (waiting == nullptr) return {};
  const auto reply = std::exchange(waiting->reply, {});
  if (!reply) return {};
  const auto relay = waiting->relay = std::make_shared<Relay>();
  reply({.status = static_cast<int>(begin.status),
         .content_type = begin.content_type,
         .stream = [relay](const std::shared_ptr<http::Stream>& stream) {
           if (!relay->early.empty()) stream->send(std::exchange(relay->early, {}));
           if (relay->ended) return stream->close();
           relay->stream = stream;
         }});
  return {};
}

Result<> DaemonLink::on(channel::Chunk& chunk) {
  Waiting* const waiting = find(chunk.id);
  if (waiting == nullptr || !waiting->relay) return {};
  const auto relay = waiting->relay;
  if (relay->stream) {
    relay->stream->send(std::move(chunk.bytes));
  } else {
    relay->early += chunk.bytes;
    if (relay->early.size() > Relay::kMostEarly) owner_.server->drop(chunk.id);  // its client does not even read a head
  }
  return {};
}

Result<> DaemonLink::on(const channel::EndStream& end) {
  Waiting* const waiting = find(end.id);
  if (waiting == nullptr || !waiting->relay) return {};
  const auto relay = waiting->relay;
  relay->ended = true;
  if (relay->stream) relay->stream->close();
  return {};
}

Result<> DaemonLink::on(const channel::Drop& drop) {
  owner_.server->drop(drop.id);
  return {};
}

void DaemonLink::end(const Error& why) {
  channel_ = nullptr;
  // Each of them may close its connection, and come back here.
  for (auto& [id, waiting] : std::exchange(waiting_, {})) {
    if (waiting.reply) waiting.reply(daemon_has_ended());
  }
  owner_.on_end(why);
}

}  // namespace bulkhead::front
