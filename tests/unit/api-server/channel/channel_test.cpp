#include "api-server/channel/channel.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "tests/support/must.hpp"

using namespace bulkhead;
using bulkhead::channel::Channel;
using bulkhead::testing::must;

namespace {

struct Pair {
  sys::UniqueFd here;
  sys::UniqueFd there;
};

Pair socket_pair() {
  std::array<int, 2> ends{-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {.here = sys::UniqueFd(ends[0]), .there = sys::UniqueFd(ends[1])};
}

std::string framed(std::string_view text) {
  std::string frame(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) frame[i] = static_cast<char>((text.size() >> (8 * i)) & 0xffU);
  return frame + std::string(text);
}

// Bytes with descriptors beside them, as somebody who does not use Channel may send them.
void send_raw(int socket, std::string_view bytes, const std::vector<int>& descriptors) {
  iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  std::vector<char> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
  REQUIRE(::sendmsg(socket, &message, 0) == static_cast<ssize_t>(bytes.size()));
}

struct Receiver {
  std::shared_ptr<Channel> channel;
  std::vector<std::string> frames;
  std::vector<Error> ends;
  std::vector<sys::UniqueFd> descriptors;
  bool takes = false;  // a descriptor with each frame
  std::string refused = "\1 no frame has this";

  Receiver(boost::asio::io_context& loop, sys::UniqueFd socket, Channel::Limits limits)
      : channel(must(Channel::over(loop, std::move(socket), limits))) {
    channel->start({.on_frame = [this](std::span<const char> frame) -> Result<> {
                      frames.emplace_back(frame.begin(), frame.end());
                      if (takes) {
                        auto descriptor = TRY(channel->take_descriptor());
                        descriptors.push_back(std::move(descriptor));
                      }
                      if (frames.back() == refused) return fail(ErrorCode::invalid_argument, "refused");
                      return {};
                    },
                    .on_end = [this](const Error& why) { ends.push_back(why); }});
  }
  ~Receiver() { channel->end(); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
};

struct ChannelFixture {
  boost::asio::io_context loop;
  Pair pair = socket_pair();

  template <class Condition>
  void until(Condition condition) {
    loop.restart();
    while (!condition()) REQUIRE(loop.run_one() == 1);
  }
};

}  // namespace

TEST_CASE("frames arrive whole and in their order, whatever their size") {
  ChannelFixture fixture;
  Receiver to(fixture.loop, std::move(fixture.pair.there), {.largest_frame = 4U << 20U});
  Receiver from(fixture.loop, std::move(fixture.pair.here), {.largest_frame = 0});
  const std::vector<std::string> sent = {"a", "", std::string(3U << 20U, 'x'), std::string(65'532, 'y'), "z"};
  for (const std::string& each : sent) CHECK(from.channel->send(framed(each)));
  const auto body = std::make_shared<const std::string>(std::string(500'000, 'b'));
  CHECK(from.channel->send(framed(*body).substr(0, 4), {}, body));
  fixture.until([&] { return to.frames.size() == sent.size() + 1; });
  CHECK(std::equal(sent.begin(), sent.end(), to.frames.begin()));
  CHECK(to.frames.back() == *body);
  CHECK(to.ends.empty());
}

TEST_CASE("bytes that arrive one by one are a frame") {
  ChannelFixture fixture;
  Receiver to(fixture.loop, std::move(fixture.pair.there), {.largest_frame = 100});
  for (const char c : framed("slow") + framed("")) {
    REQUIRE(::send(fixture.pair.here.get(), &c, 1, 0) == 1);
    fixture.loop.restart();
    fixture.loop.poll();
  }
  fixture.until([&] { return to.frames.size() == 2; });
  CHECK(to.frames.front() == "slow");
}

TEST_CASE("each frame has its own descriptor") {
  ChannelFixture fixture;
  Receiver to(fixture.loop, std::move(fixture.pair.there), {.largest_frame = 100'000});
  Receiver from(fixture.loop, std::move(fixture.pair.here), {.largest_frame = 0});
  to.takes = true;
  std::vector<ino_t> sent;
  for (int i = 0; i < 40; ++i) {  // more than a message may have, and more bytes than are read at once
    sys::UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
    struct stat status{};
    REQUIRE(::fstat(file.get(), &status) == 0);
    sent.push_back(status.st_ino);
    CHECK(from.channel->send(framed(std::string(5000, 'x')), std::move(file)));
  }
  fixture.until([&] { return to.descriptors.size() == sent.size(); });
  for (std::size_t i = 0; i < sent.size(); ++i) {
    struct stat status{};
    REQUIRE(::fstat(to.descriptors[i].get(), &status) == 0);
    CHECK(status.st_ino == sent[i]);
    CHECK((::fcntl(to.descriptors[i].get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("a frame that is too large ends the channel before it has come") {
  ChannelFixture fixture;
  Receiver to(fixture.loop, std::move(fixture.pair.there), {.largest_frame = 100});
  const std::string begin = framed(std::string(101, 'x')).substr(0, 4);
  REQUIRE(::send(fixture.pair.here.get(), begin.data(), begin.size(), 0) == 4);
  fixture.until([&] { return !to.ends.empty(); });
  CHECK(to.ends.front().code == ErrorCode::invalid_argument);
  CHECK_FALSE(to.channel->send("x"));
}

TEST_CASE("nothing behind a frame that is refused is read, and the end is told once") {
  ChannelFixture fixture;
  Receiver to(fixture.loop, std::move(fixture.pair.there), {.largest_frame = 100});
  to.refused = "bad";
  const std::string bytes = framed("good") + framed("bad") + framed("never");
  REQUIRE(::send(fixture.pair.here.get(), bytes.data(), bytes.size(), 0) > 0);
  fixture.until([&] { return !to.ends.empty(); });
  fixture.loop.restart();
  fixture.loop.poll();
  CHECK(to.frames == std::vector<std::string>{"good", "bad"});
  CHECK(to.ends.size() == 1);
}

TEST_CASE("the other end's end is told, one's own is not") {
  ChannelFixture fixture;
  Receiver to(fixture.loop, std::move(fixture.pair.there), {.largest_frame = 100});
  Receiver from(fixture.loop, std::move(fixture.pair.here), {.largest_frame = 100});
  from.channel->end();
  fixture.until([&] { return !to.ends.empty(); });
  CHECK(to.ends.front().code == ErrorCode::aborted);
  CHECK(from.ends.empty());
}

TEST_CASE("descriptors that no frame takes end the channel when there are too many") {
  ChannelFixture fixture;
  Receiver to(fixture.loop, std::move(fixture.pair.there), {.largest_frame = 100});
  for (std::size_t i = 0; i <= Channel::kMostDescriptors && to.ends.empty(); ++i) {
    send_raw(fixture.pair.here.get(), framed("x"), {STDIN_FILENO});
    fixture.loop.restart();
    fixture.loop.poll();
  }
  fixture.until([&] { return !to.ends.empty(); });
  CHECK(to.ends.front().message.contains("more descriptors"));
}

TEST_CASE("more descriptors at once than a frame can have end the channel") {
  ChannelFixture fixture;
  Receiver to(fixture.loop, std::move(fixture.pair.there), {.largest_frame = 100});
  send_raw(fixture.pair.here.get(), framed("x"), std::vector<int>(200, STDIN_FILENO));
  fixture.until([&] { return !to.ends.empty(); });
  CHECK(to.frames.empty());
}

TEST_CASE("a frame without the descriptor that it needs is refused") {
  ChannelFixture fixture;
  Receiver to(fixture.loop, std::move(fixture.pair.there), {.largest_frame = 100});
  to.takes = true;
  const std::string bytes = framed("x");
  REQUIRE(::send(fixture.pair.here.get(), bytes.data(), bytes.size(), 0) > 0);
  fixture.until([&] { return !to.ends.empty(); });
  CHECK(to.ends.front().message.contains("without its descriptor"));
}

TEST_CASE("an end that does not read costs a bounded number of bytes") {
  ChannelFixture fixture;
  Receiver from(fixture.loop, std::move(fixture.pair.here), {.largest_frame = 100, .queue = 4U << 20U});
  std::size_t sent = 0;
  while (from.channel->send(std::string(1U << 20U, 'x'))) REQUIRE(++sent < 16);
  CHECK(sent >= 4);
  fixture.until([&] { return !from.ends.empty(); });
  CHECK(from.ends.front().message.contains("does not read"));
}
