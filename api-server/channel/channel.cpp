#include "api-server/channel/channel.hpp"

#include <boost/asio/post.hpp>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace bulkhead::channel {
namespace {

namespace asio = boost::asio;
using Failure = boost::system::error_code;

constexpr std::size_t kMostInOneMessage = 4;

template <std::size_t count>
union Control {
  cmsghdr header;
  std::array<char, CMSG_SPACE(count * sizeof(int))> bytes;
};

std::size_t length_of(std::span<const char> bytes) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthSize; ++i)
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return length;
}

void overwrite(std::span<char> bytes) { crypto::wipe(std::as_writable_bytes(bytes)); }

}  // namespace

Result<std::shared_ptr<Channel>> Channel::over(asio::io_context& loop, sys::UniqueFd socket, Limits limits) {
  std::shared_ptr<Channel> channel(new Channel(loop, limits));
  Failure reason;
  channel->socket_.assign(asio::local::stream_protocol(), socket.get(), reason);
  if (reason) return fail(ErrorCode::internal, "using the channel's socket: {}", reason.message());
  socket.release();
  channel->socket_.native_non_blocking(true, reason);
  if (reason) return fail(ErrorCode::internal, "using the channel's socket: {}", reason.message());
  return channel;
}

Channel::~Channel() { overwrite(in_); }  // it may have the beginning of a key

void Channel::start(Owner owner) {
  owner_ = std::move(owner);
  wait_for_frames();
}

bool Channel::send(std::string frame, sys::UniqueFd descriptor, std::shared_ptr<const std::string> body) {
  return enqueue({.frame = std::move(frame), .body = std::move(body), .descriptor = std::move(descriptor)});
}

bool Channel::send_secret(std::string frame, sys::UniqueFd descriptor) {
  return enqueue({.frame = std::move(frame), .descriptor = std::move(descriptor), .secret = true});
}

bool Channel::enqueue(Outgoing outgoing) {
  if (ended_) return false;
  queued_ += outgoing.size();
  out_.push_back(std::move(outgoing));
  if (queued_ > limits_.queue) {
    fail_with(error(ErrorCode::aborted, "the other end of the channel does not read: {} bytes wait for it", queued_));
    return false;
  }
  if (!writing_) write();
  return !ended_;
}

Result<sys::UniqueFd> Channel::take_descriptor() {
  if (descriptors_.empty()) return fail(ErrorCode::invalid_argument, "a frame came without its descriptor");
  sys::UniqueFd descriptor = std::move(descriptors_.front());
  descriptors_.pop_front();
  return descriptor;
}

void Channel::end() {
  silent_ = true;
  close();
}

void Channel::close() {
  if (std::exchange(ended_, true)) return;
  Failure ignored;
  socket_.close(ignored);
  for (Outgoing& each : out_) {
    if (each.secret) overwrite(each.frame);
  }
  out_.clear();
  descriptors_.clear();
}

void Channel::fail_with(Error why) {
  if (ended_) return;
  close();
  asio::post(socket_.get_executor(), [self = shared_from_this(), why = std::move(why)] {
    if (!self->silent_ && self->owner_.on_end) self->owner_.on_end(why);
  });
}

void Channel::wait_for_frames() {
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](const Failure& reason) {
    if (self->ended_) return;
    if (reason) return self->fail_with(error(ErrorCode::unavailable, "waiting for frames: {}", reason.message()));
    self->read();
  });
}

void Channel::read() {
  const auto got = receive();
  if (!got) return fail_with(got.error());
  if (const auto handled = handle_frames(); !handled) return fail_with(handled.error());
  if (!ended_) wait_for_frames();
}

// 0: nothing has come after all.
Result<std::size_t> Channel::receive() {
  if (end_ == in_.size()) make_room(0);
  iovec part{.iov_base = in_.data() + end_, .iov_len = in_.size() - end_};
  Control<kMostInOneMessage> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const ssize_t got = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (got < 0) return fail_errno("reading from the channel");
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(each) + i * sizeof(int), sizeof(int));
      descriptors_.emplace_back(descriptor);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0 || descriptors_.size() > kMostDescriptors)
    return fail(ErrorCode::invalid_argument, "more descriptors came over the channel than frames can have");
  if (got == 0) return fail(ErrorCode::aborted, "the other end of the channel is closed");
  end_ += static_cast<std::size_t>(got);
  return static_cast<std::size_t>(got);
}

Result<> Channel::handle_frames() {
  while (end_ - begin_ >= kLengthSize) {
    const std::size_t length = length_of(std::span(in_).subspan(begin_));
    if (length > limits_.largest_frame)
      return fail(ErrorCode::invalid_argument, "a frame of {} bytes is larger than {}", length, limits_.largest_frame);
    if (end_ - begin_ - kLengthSize < length) {
      make_room(kLengthSize + length);
      return {};
    }
    const auto self = shared_from_this();
    const auto handled = owner_.on_frame(std::span(in_).subspan(begin_ + kLengthSize, length));
    begin_ += kLengthSize + length;
    if (std::exchange(forget_, false)) {
      overwrite(std::span(in_).first(begin_));
      overwrite(std::span(in_).subspan(end_));
    }
    if (!handled) return handled;
    if (ended_) return {};
  }
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (in_.size() > kUsualBuffer) {
      in_.resize(kUsualBuffer);
      in_.shrink_to_fit();
    }
  }
  return {};
}

// So that a frame of this size, with its length, has room behind begin_.
void Channel::make_room(std::size_t size) {
  size = std::max(size, end_ - begin_ + 1);
  if (in_.size() - begin_ >= size) return;
  if (in_.size() >= size) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
  } else {
    std::vector<char> larger(size);
    std::memcpy(larger.data(), in_.data() + begin_, end_ - begin_);
    overwrite(in_);  // it may be the beginning of a key
    in_ = std::move(larger);
  }
  end_ -= begin_;
  begin_ = 0;
}

void Channel::write() {
  while (!out_.empty()) {
    const auto done = write_some(out_.front());
    if (!done) return fail_with(done.error());
    if (!*done) break;
    queued_ -= out_.front().size();
    if (out_.front().secret) overwrite(out_.front().frame);
    out_.pop_front();
  }
  writing_ = !out_.empty();
  if (!writing_) return;
  socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](const Failure& reason) {
    if (self->ended_) return;
    if (reason) return self->fail_with(error(ErrorCode::unavailable, "writing to the channel: {}", reason.message()));
    self->write();
  });
}

// True when all of it has been sent, false when the socket takes no more for now.
Result<bool> Channel::write_some(Outgoing& outgoing) {
  while (outgoing.sent < outgoing.size()) {
    std::array<iovec, 2> parts{};
    msghdr message{};
    message.msg_iov = parts.data();
    const auto add = [&](const std::string& text, std::size_t skipped) {
      if (skipped >= text.size()) return;
      parts[message.msg_iovlen++] = {.iov_base = const_cast<char*>(text.data()) + skipped,
                                     .iov_len = text.size() - skipped};
    };
    add(outgoing.frame, outgoing.sent);
    if (outgoing.body) add(*outgoing.body, outgoing.sent - std::min(outgoing.sent, outgoing.frame.size()));
    Control<1> control{};
    if (outgoing.descriptor) {
      message.msg_control = control.bytes.data();
      message.msg_controllen = control.bytes.size();
      control.header.cmsg_len = CMSG_LEN(sizeof(int));
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      const int descriptor = outgoing.descriptor.get();
      std::memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(int));
    }
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return false;
    if (sent < 0) return fail_errno("writing to the channel");
    outgoing.sent += static_cast<std::size_t>(sent);
    outgoing.descriptor = sys::UniqueFd();
  }
  return true;
}

}  // namespace bulkhead::channel
