// Front and daemon together in one process, and a front whose daemon says what it likes.
#include "api-server/front/daemon_link.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/socket.h>

#include <array>

#include "api-server/daemon/front_link.hpp"
#include "api-server/http/listen.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/api-server/http/loop_fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::channel;
using bulkhead::testing::Client;
using bulkhead::testing::LocalSocket;
using bulkhead::testing::must;

namespace {

struct DaemonLinkFixture {
  boost::asio::io_context loop;
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  std::string path = directory.path() / "api.sock";
  front::DaemonLink link;
  http::Server server{loop, link, bulkhead::testing::patient()};
  int serving = 0;
  std::vector<Error> ends;
  std::array<int, 2> pair{-1, -1};

  DaemonLinkFixture() {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
    link.start(must(Channel::over(loop, sys::UniqueFd(pair[0]), {.largest_frame = kLargestToFront})),
               {.server = &server,
                .on_serving = [this] { ++serving; },
                .on_end =
                    [this](const Error& why) {
                      ends.push_back(why);
                      server.finish();
                    }});
  }
  DaemonLinkFixture(const DaemonLinkFixture&) = delete;
  DaemonLinkFixture& operator=(const DaemonLinkFixture&) = delete;
  virtual ~DaemonLinkFixture() = default;

  std::shared_ptr<Client> dial() {
    LocalSocket socket(loop);
    socket.connect(path);
    auto client = std::make_shared<Client>(std::move(socket));
    client->read();
    return client;
  }
  template <class Condition>
  void until(Condition condition) {
    loop.restart();
    while (!condition()) REQUIRE(loop.run_one() == 1);
  }
  std::vector<bulkhead::testing::Answer> answers(const std::shared_ptr<Client>& client, std::size_t count) {
    until([&] { return client->answers().size() >= count; });
    return client->answers();
  }
  std::string all(const std::shared_ptr<Client>& client) {
    until([&] { return client->ended; });
    return client->received;
  }
};

// With the real daemon's end behind it.
struct BothFixture : DaemonLinkFixture {
  http::Router router;
  std::vector<http::Reply> replies;
  std::shared_ptr<http::Stream> stream;
  int gone = 0;
  daemon::FrontLink daemon_end{loop, router, [](const Error&) {}};

  BothFixture() {
    router.add({"GET", "/large", Role::reader, [](const http::Request&, const http::Reply& reply) {
                  http::Response response = http::text({});
                  response.shared_body = std::make_shared<const std::string>(std::string(5U << 20U, 'x'));
                  reply(std::move(response));
                }});
    router.add({"GET", "/too-large", Role::reader, [](const http::Request&, const http::Reply& reply) {
                  reply(http::text(std::string(kLargestToFront, 'x')));
                }});
    router.add(
        {"PUT", "/echo", Role::reader, [](const http::Request& r, const http::Reply& reply) {
           reply(http::text(std::format("{} {} {}", r.parameter("a").value_or("-"), r.content_type, r.body.size())));
         }});
    router.add({"PUT", "/secret", Role::admin,
                [](const http::Request&, const http::Reply& reply) { reply(http::no_content()); }});
    router.add({"GET", "/later", Role::reader,
                [this](const http::Request&, const http::Reply& reply) { replies.push_back(reply); }});
    router.add({"GET", "/stream", Role::reader, [this](const http::Request&, const http::Reply& reply) {
                  reply({.content_type = "application/jsonl", .stream = [this](std::shared_ptr<http::Stream> given) {
                           stream = std::move(given);
                           stream->on_gone = [this] { ++gone; };
                           stream->send("first\n");  // before the front has written the head
                         }});
                }});
    must(daemon_end.serve_unix(must(http::listen_on_path(path, 0600)), [](const daemon::LocalPeer&) {
      return http::Peer{.name = "local", .identity = "local", .role = Role::reader, .refused = {}};
    }));
    must(daemon_end.attach(sys::UniqueFd(pair[1])));
    until([&] { return serving == 1; });
  }
};

// With a daemon that is this test.
struct HostileFixture : DaemonLinkFixture {
  std::shared_ptr<Channel> daemon_end =
      must(Channel::over(loop, sys::UniqueFd(pair[1]), {.largest_frame = kLargestFromFront}));
  std::vector<FromFront> asked;
  std::vector<sys::UniqueFd> descriptors;

  HostileFixture() {
    daemon_end->start({.on_frame = [this](std::span<const char> frame) -> Result<> {
                         asked.push_back(must(decode_from_front(frame)));
                         if (std::holds_alternative<OpenLocal>(asked.back()))
                           descriptors.push_back(must(daemon_end->take_descriptor()));
                         return {};
                       },
                       .on_end = [](const Error&) {}});
    say(ListenLocal{.most = 2}, must(http::listen_on_path(path, 0600)));
    until([&] { return serving == 1; });
  }
  ~HostileFixture() override { daemon_end->end(); }
  HostileFixture(const HostileFixture&) = delete;
  HostileFixture& operator=(const HostileFixture&) = delete;

  void say(const ToFront& message, sys::UniqueFd descriptor = {}) {
    daemon_end->send(encode(message), std::move(descriptor));
  }
  ConnectionId request(const std::shared_ptr<Client>& client) {
    asked.clear();
    client->send("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    until([&] { return !asked.empty() && std::holds_alternative<Request>(asked.back()); });
    return std::get<Request>(asked.back()).id;
  }
};

constexpr std::string_view kAskLater = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kAskStream = "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

TEST_CASE("a request reaches the daemon as it was read, and the answer comes back whole") {
  BothFixture both;
  const auto client = both.dial();
  client->send(
      "PUT /echo?a=1%202 HTTP/1.1\r\nHost: x\r\nContent-Type: Text/Plain; charset=x\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(both.answers(client, 1).front().body == "1 2 text/plain 3");
  client->send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(both.answers(client, 2).back().body == std::string(5U << 20U, 'x'));
  client->send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(both.answers(client, 3).back().status == 404);
  CHECK(both.daemon_end.connections() == 1);
  client->leave();
  both.until([&] { return both.daemon_end.connections() == 0; });
}

TEST_CASE("an answer that is larger than a frame may be is an error that says so") {
  BothFixture both;
  const auto client = both.dial();
  client->send("GET /too-large HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(both.answers(client, 1).front().status == 422);
}

TEST_CASE("who may not make a request gets the answer before its body is read") {
  BothFixture both;
  const auto client = both.dial();
  client->send("PUT /secret HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  CHECK(both.answers(client, 1).front().status == 403);
}

TEST_CASE("a stream goes through, from its first chunk to its last, and says when its client has left") {
  BothFixture both;
  const auto client = both.dial();
  client->send(kAskStream);
  both.until([&] { return client->received.contains("first\n"); });
  CHECK(both.stream->send("second\n"));
  both.stream->close();
  CHECK(both.gone == 1);
  CHECK(both.all(client).ends_with("7\r\nsecond\n\r\n0\r\n\r\n"));

  const auto leaving = both.dial();
  leaving->send(kAskStream);
  both.until([&] { return leaving->received.contains("first\n"); });
  leaving->leave();
  both.until([&] { return both.gone == 2; });
  CHECK_FALSE(both.stream->send("nobody"));
}

TEST_CASE("when the daemon ends, what is under way is answered with 503, and the rest is closed") {
  BothFixture both;
  const auto waiting = both.dial();
  const auto streaming = both.dial();
  const auto idle = both.dial();
  waiting->send(kAskLater);
  streaming->send(kAskStream);
  both.until([&] { return both.replies.size() == 1 && streaming->received.contains("first\n"); });
  both.daemon_end.stop();
  const auto answer = both.answers(waiting, 1).front();
  CHECK(answer.status == 503);
  CHECK(answer.body.contains("apiclient history"));
  both.all(waiting);
  both.all(streaming);
  CHECK(both.all(idle).empty());
  REQUIRE(both.ends.size() == 1);
  CHECK(both.ends.front().code == ErrorCode::aborted);
  CHECK(both.gone == 1);
}

TEST_CASE("answers to those who have left, or did not ask, do no harm") {
  HostileFixture fixture;
  const auto client = fixture.dial();
  const ConnectionId id = fixture.request(client);
  for (const ConnectionId other : {ConnectionId{0}, id + 1, ~ConnectionId{0}}) {
    fixture.say(Answer{.id = other, .status = 200});
    fixture.say(PeerIs{.id = other, .known = true});
    fixture.say(MayAsk{.id = other, .allowed = true});
    fixture.say(BeginStream{.id = other, .status = 200});
    fixture.say(Chunk{.id = other, .bytes = "x"});
    fixture.say(EndStream{.id = other});
    fixture.say(Drop{.id = other});
  }
  fixture.say(PeerIs{.id = id, .known = true});
  fixture.say(MayAsk{.id = id, .allowed = true});
  fixture.say(Chunk{.id = id, .bytes = "x"});
  fixture.say(Answer{.id = id, .status = 200, .content_type = "text/plain", .body = "one"});
  fixture.say(Answer{.id = id, .status = 200, .content_type = "text/plain", .body = "two"});
  CHECK(fixture.answers(client, 1).front().body == "one");
  const ConnectionId again = fixture.request(client);
  CHECK(again == id);
  fixture.say(Answer{.id = id, .status = 200, .content_type = "text/plain", .body = "three"});
  CHECK(fixture.answers(client, 2).back().body == "three");
}

TEST_CASE("a client that is dropped gets its answer, then the end") {
  HostileFixture fixture;
  const auto client = fixture.dial();
  const ConnectionId id = fixture.request(client);
  fixture.say(Drop{.id = id});
  fixture.say(Answer{.id = id, .status = 200, .content_type = "text/plain", .body = "last"});
  CHECK(fixture.all(client).ends_with("last"));
}

TEST_CASE("what is no message of a daemon ends the front") {
  HostileFixture fixture;
  fixture.daemon_end->send(std::string("\1\0\0\0\x63", 5));
  fixture.until([&] { return !fixture.ends.empty(); });
  CHECK(fixture.ends.front().code == ErrorCode::invalid_argument);
}

TEST_CASE("as many come from a socket as the daemon says") {
  HostileFixture fixture;
  const auto one = fixture.dial();
  const auto two = fixture.dial();
  fixture.until([&] { return fixture.server.connections() == 2; });
  CHECK(fixture.all(fixture.dial()).empty());
}
