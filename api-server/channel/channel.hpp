// One end of the Unix socket between the front and the daemon of the API server: whole frames in, frames out, each with
// at most one descriptor (unix(7), SCM_RIGHTS).
//
// Everything that the other end can make this one keep has a limit; beyond it, and with the first frame that its owner
// refuses, the channel ends. Runs on the thread of the loop. Nothing is called from within send().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api-server/channel/messages.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::channel {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  // Descriptors that have come and that no frame has taken yet.
  static constexpr std::size_t kMostDescriptors = 64;

  struct Limits {
    std::size_t largest_frame = 0;    // that may come
    std::size_t queue = 128U << 20U;  // bytes that the other end may be behind
  };
  struct Owner {
    // A frame without its length, valid during the call. An error ends the channel.
    std::function<Result<>(std::span<const char> frame)> on_frame;
    // Called once, unless end() was: with aborted when the other end has closed it.
    std::function<void(const Error& why)> on_end;
  };

  // `socket` is a connected stream socket. Errors: those of giving it to the loop.
  static Result<std::shared_ptr<Channel>> over(boost::asio::io_context& loop, sys::UniqueFd socket, Limits limits);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Before the first frame. The owner outlives the channel, or calls end().
  void start(Owner owner);
  // A frame, and what follows its bytes. False when the channel has ended.
  bool send(std::string frame, sys::UniqueFd descriptor = {}, std::shared_ptr<const std::string> body = {});
  // A frame that is overwritten when it has been sent.
  bool send_secret(std::string frame, sys::UniqueFd descriptor);
  // In on_frame: the descriptor that came with this frame. Errors: invalid_argument when none did.
  Result<sys::UniqueFd> take_descriptor();
  // In on_frame: overwrites this frame, and what is left of it elsewhere, when it has been handled.
  void forget_frame() { forget_ = true; }
  // Nothing is called any more.
  void end();
  bool ended() const { return ended_; }

 private:
  struct Outgoing {
    std::string frame;
    std::shared_ptr<const std::string> body{};
    sys::UniqueFd descriptor{};
    bool secret = false;
    std::size_t sent = 0;
    std::size_t size() const { return frame.size() + (body ? body->size() : 0); }
  };

  Channel(boost::asio::io_context& loop, Limits limits) : socket_(loop), limits_(limits), in_(kUsualBuffer) {}

  bool enqueue(Outgoing outgoing);
  void wait_for_frames();
  void read();
  Result<std::size_t> receive();
  Result<> handle_frames();
  void make_room(std::size_t size);
  void write();
  Result<bool> write_some(Outgoing& outgoing);
  void fail_with(Error why);
  void close();

  static constexpr std::size_t kUsualBuffer = 64U << 10U;

  boost::asio::local::stream_protocol::socket socket_;
  Limits limits_;
  Owner owner_;
  bool ended_ = false;
  bool silent_ = false;  // the owner has ended it
  bool forget_ = false;
  // What has come and was not handled yet is [begin_, end_).
  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::deque<sys::UniqueFd> descriptors_;
  std::deque<Outgoing> out_;
  std::size_t queued_ = 0;
  bool writing_ = false;  // waiting until the socket takes more
};

}  // namespace bulkhead::channel
