// The front's end of the channel: asks the daemon what the server's clients ask, and obeys it.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "api-server/channel/channel.hpp"
#include "api-server/http/backend.hpp"
#include "api-server/http/server.hpp"

namespace bulkhead::front {

class DaemonLink final : public http::Backend {
 public:
  struct Owner {
    http::Server* server = nullptr;                // that asks here
    std::function<void()> on_serving;              // called once, when the first socket has come
    std::function<void(const Error& why)> on_end;  // once; what was under way has its answer, 503
  };

  // The owner outlives the link's last call.
  void start(std::shared_ptr<channel::Channel> channel, Owner owner);

  void opened_local(http::ConnectionId id, int socket) override;
  void opened_remote(http::ConnectionId id, const http::ShownCertificate& shown,
                     std::function<void(http::KnownPeer)> then) override;
  void closed(http::ConnectionId id) override;
  void may_ask(http::ConnectionId id, std::string_view method, std::string_view path,
               std::function<void(bool)> then) override;
  void dispatch(http::ConnectionId id, http::Request request, http::Reply reply) override;

 private:
  // An endless answer, whose first chunks may come before its head has been written.
  struct Relay {
    static constexpr std::size_t kMostEarly = 1U << 20U;

    std::shared_ptr<http::Stream> stream{};
    std::string early{};
    bool ended = false;
  };
  // What a connection waits for; at most one of the first three.
  struct Waiting {
    std::function<void(http::KnownPeer)> known{};
    std::function<void(bool)> may_ask{};
    http::Reply reply{};
    std::shared_ptr<Relay> relay{};
    bool told = true;  // the daemon knows of it
  };

  void tell(const channel::FromFront& message, sys::UniqueFd descriptor = {});
  Result<> handle(std::span<const char> frame);
  Result<> on(const channel::ListenLocal& listen);
  Result<> on(const channel::ListenRemote& listen);
  Result<> on(const channel::StopRemote& stop);
  Result<> on(const channel::PeerIs& peer);
  Result<> on(const channel::MayAsk& may);
  Result<> on(channel::Answer& answer);
  Result<> on(const channel::BeginStream& begin);
  Result<> on(channel::Chunk& chunk);
  Result<> on(const channel::EndStream& end);
  Result<> on(const channel::Drop& drop);
  void end(const Error& why);
  Waiting* find(http::ConnectionId id);

  std::shared_ptr<channel::Channel> channel_;
  Owner owner_;
  bool serving_ = false;
  std::unordered_map<http::ConnectionId, Waiting> waiting_;
};

}  // namespace bulkhead::front
