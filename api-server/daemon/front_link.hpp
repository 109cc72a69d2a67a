// The daemon's end of the channel to its front: hands it the sockets that clients connect to, and answers what it asks.
//
// The front reads what the network sends, and may have been taken over. So the daemon finds out itself who a client is:
// the kernel says it of a Unix socket that the front hands over, and a certificate is verified here once more. What is
// no valid message, or not in its place, ends the channel; the connections and what they wait for end with it, the
// changes that they have begun do not. docs/decisions/0013-api-front.md.
//
// One front at a time: a new channel ends the one before. Runs on the thread of the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "api-server/channel/channel.hpp"
#include "api-server/daemon/local_peer.hpp"
#include "api-server/http/client_certificate.hpp"
#include "api-server/http/router.hpp"
#include "api-server/http/tls.hpp"

namespace bulkhead::daemon {

using WhoIsLocal = std::function<http::Peer(const LocalPeer&)>;
using WhoIsRemote = std::function<http::Peer(const http::ClientCertificate&)>;

class FrontLink {
 public:
  // Of one front, more than it lets in itself.
  static constexpr std::size_t kMostConnections = 16'384;

  // All three outlive the link. on_lost is called when a channel ends by itself, with why.
  FrontLink(boost::asio::io_context& loop, const http::Router& router, std::function<void(const Error&)> on_lost);
  FrontLink(const FrontLink&) = delete;
  FrontLink& operator=(const FrontLink&) = delete;
  ~FrontLink();

  // A Unix socket for clients; at most `most` connections at a time come from it. Errors: those of bound_path().
  Result<> serve_unix(sys::UniqueFd listening, WhoIsLocal who_is, std::uint32_t most = UINT32_MAX);
  // Replaces the previous listener; connections stay, see recheck_access(). Errors: invalid_argument for certificates
  // and keys; then there is no remote listener.
  Result<> serve_remote(sys::UniqueFd listening, http::RemoteListener listener, WhoIsRemote who_is);
  // Its address is free at once, although the front may still have the socket.
  void stop_remote();
  // Drops the connections whose peers have another role than when they connected, or none any more. Streams end at
  // once, other answers that are on their way still arrive.
  void recheck_access();

  // Fronts connect to `listening`; those of other users than `only_of` and this process's are refused.
  Result<> accept_from(sys::UniqueFd listening, std::optional<uid_t> only_of);
  // The channel to a front that this process has started. Errors: those of Channel::over().
  Result<> attach(sys::UniqueFd socket);

  std::size_t connections() const { return connections_.size(); }
  void stop();

 private:
  struct Listener;
  struct Connection;
  class ChannelStream;

  void accept();
  void greet();
  void send_remote();
  void forget_connections();
  Result<> handle(std::span<const char> frame);
  Result<> on(const channel::OpenLocal& open);
  Result<> on(const channel::OpenRemote& open);
  Result<> on(const channel::Close& close);
  Result<> on(const channel::Ask& ask);
  Result<> on(channel::Request& request);
  Result<std::shared_ptr<Connection>> add(channel::ConnectionId id);
  Result<std::shared_ptr<Connection>> find(channel::ConnectionId id);
  void look_at_certificate(Connection& connection) const;
  std::shared_ptr<const http::Peer> peer_of(const std::shared_ptr<Connection>& connection) const;
  void answer(const std::shared_ptr<Connection>& connection, http::Response response);
  bool tell(const channel::ToFront& message);

  boost::asio::io_context& loop_;
  const http::Router& router_;
  std::function<void(const Error&)> on_lost_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  struct Remote {
    sys::UniqueFd listening;
    http::RemoteListener listener;
  };
  std::optional<Remote> remote_;
  http::TrustStore trusted_;
  WhoIsRemote who_is_remote_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::optional<uid_t> only_of_;
  std::shared_ptr<channel::Channel> channel_;
  std::unordered_map<channel::ConnectionId, std::shared_ptr<Connection>> connections_;
  // For what is still under way when this link is gone.
  std::shared_ptr<FrontLink*> alive_ = std::make_shared<FrontLink*>(this);
};

}  // namespace bulkhead::daemon
