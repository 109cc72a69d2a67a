#include "lib/net/connection.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

#include <atomic>
#include <format>
#include <vector>

#include "tests/support/fake_server.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::net;
using testing::FakeServer;
using testing::must;
using testing::Peer;

namespace {

// Answers every request of a connection with the same bytes.
std::function<void(Peer&)> answer(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) {
    while (!peer.request().empty()) {
      if (!peer.send(bytes)) return;
    }
  };
}

Result<ClientResponse> ask(const FakeServer& server, Limits limits = {}) {
  auto connection = must(Connection::open(server.endpoint(), limits));
  return connection.send({.target = "/x"});
}

}  // namespace

TEST_CASE("a request and its answer") {
  std::string seen;
  std::atomic<bool> done = false;
  const FakeServer server([&](Peer& peer) {
    seen = peer.request();
    done = true;  // before the client can know
    peer.send("HTTP/1.1 201 Created\r\nX-One: 1\r\nContent-Length: 2\r\n\r\nok");
  });
  auto connection = must(Connection::open(server.endpoint()));
  const ClientResponse response = must(connection.send({.method = "POST",
                                                        .target = "/tx/commit?tx=a",
                                                        .body = "{}",
                                                        .content_type = "application/json",
                                                        .headers = {{"X-Two", "2"}}}));
  REQUIRE(done);
  CHECK(response.status == 201);
  CHECK(response.ok());
  CHECK(response.body == "ok");
  CHECK(response.header("x-one") == "1");
  CHECK(response.header("none").empty());
  CHECK(seen ==
        "POST /tx/commit?tx=a HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bulkhead\r\nContent-Type: application/json\r\n"
        "X-Two: 2\r\nContent-Length: 2\r\n\r\n{}");
}

TEST_CASE("a connection serves one request after the other, and is made anew when the server closed it") {
  std::atomic<int> connections = 0;
  const FakeServer server([&](Peer& peer) {
    ++connections;
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nb");
  });
  auto connection = must(Connection::open(server.endpoint()));
  CHECK(must(connection.send({})).body == "a");
  CHECK(must(connection.send({})).body == "b");
  CHECK(must(connection.send({})).body == "a");
  CHECK(connections == 2);
}

TEST_CASE("chunks become one body, in whatever pieces they arrive") {
  static constexpr std::string_view kAnswer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
  const FakeServer server([](Peer& peer) {
    peer.request();
    for (const char c : kAnswer) peer.send(std::string_view(&c, 1));
  });
  CHECK(must(ask(server)).body == "hello world");
}

TEST_CASE("an answer without a length ends with the connection") {
  const FakeServer server([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nall of it");
  });
  CHECK(must(ask(server)).body == "all of it");
}

TEST_CASE("100 Continue announces the answer and is none") {
  const FakeServer server(answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx"));
  const ClientResponse response = must(ask(server));
  CHECK(response.status == 404);
  CHECK_FALSE(response.ok());
}

TEST_CASE("an answer larger than the limit is refused, also when it does not say how large it is") {
  const std::string body(2000, 'x');
  const Limits limits{.response_bytes = 1000};
  for (const std::string& bytes :
       {std::format("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{}", body),
        std::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n{}\r\n0\r\n\r\n", body)}) {
    const FakeServer server(answer(bytes));
    const auto response = ask(server, limits);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::data_loss);
  }
}

TEST_CASE("a length that nobody can send costs no memory") {
  const FakeServer server([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000000\r\n\r\nx");
  });
  const auto response = ask(server);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ErrorCode::unavailable);
}

TEST_CASE("what is not HTTP is said to be so") {
  for (const std::string bytes : {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
                                  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const FakeServer server(answer(bytes));
    const auto response = ask(server);
    INFO(bytes);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::data_loss);
  }
}

TEST_CASE("a head without an end is refused") {
  const FakeServer server([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")) {
    }
  });
  const auto response = ask(server);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ErrorCode::data_loss);
}

TEST_CASE("a server that closes early or says nothing is unavailable") {
  SECTION("at once") {
    const FakeServer server([](Peer& peer) { peer.request(); });
    const auto response = ask(server);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::unavailable);
    CHECK(response.error().message.ends_with("closed the connection without an answer"));
  }
  SECTION("without a look at the request") {
    const FakeServer server([](Peer&) {});
    CHECK(ask(server).error().code == ErrorCode::unavailable);
  }
  SECTION("inside the body") {
    const FakeServer server([](Peer& peer) {
      peer.request();
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    });
    const auto response = ask(server);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::unavailable);
    CHECK(response.error().message.ends_with("closed the connection before the end of its answer"));
  }
  SECTION("never") {
    const FakeServer server([](Peer& peer) { peer.wait_for_close(); });
    const auto response = ask(server, {.request = std::chrono::milliseconds(50)});
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::unavailable);
    CHECK(response.error().message.contains("did not answer in time"));
  }
  SECTION("drop by drop") {
    const FakeServer server([](Peer& peer) {
      peer.request();
      while (!peer.closes_within(std::chrono::milliseconds(5)) && peer.send("H")) {
      }
    });
    CHECK_FALSE(ask(server, {.request = std::chrono::milliseconds(50)}));
  }
}

TEST_CASE("after an error the next request has a new connection") {
  std::atomic<int> connections = 0;
  const FakeServer server([&](Peer& peer) {
    peer.request();
    if (++connections == 1) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  auto connection = must(Connection::open(server.endpoint()));
  CHECK_FALSE(connection.send({}));
  CHECK(must(connection.send({})).body == "ok");
}

TEST_CASE("a stream hands over pieces as they arrive, until it is stopped") {
  const FakeServer server([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.send("3\r\none\r\n");
    peer.wait_for_close();  // the destructor would wait for ever if it did not come
  });
  std::string seen;
  auto connection = must(Connection::open(server.endpoint(), {.response_bytes = 5}));
  const ClientResponse response = must(connection.stream({}, [&](std::string_view bytes) {
    seen += bytes;
    return false;
  }));
  CHECK(seen == "one");
  CHECK(response.body.empty());
}

TEST_CASE("a stream may be longer than the limit of an answer, and ends when the server ends it") {
  const FakeServer server([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; ++i) peer.send("a\r\n0123456789\r\n");
    peer.send("0\r\n\r\n");
  });
  std::size_t size = 0;
  auto connection = must(Connection::open(server.endpoint(), {.response_bytes = 20'000}));
  must(connection.stream({}, [&](std::string_view bytes) {
    size += bytes.size();
    return true;
  }));
  CHECK(size == 1000);
}

TEST_CASE("a stream that is refused is an ordinary answer") {
  const FakeServer server(answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"));
  auto connection = must(Connection::open(server.endpoint()));
  bool called = false;
  const ClientResponse response = must(connection.stream({}, [&](std::string_view) { return called = true; }));
  CHECK(response.status == 403);
  CHECK(response.body == "no");
  CHECK_FALSE(called);
}

TEST_CASE("a request that would change its own shape is not sent") {
  const FakeServer server(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  auto connection = must(Connection::open(server.endpoint()));
  for (const char* target : {"", "x", "/a b", "/a\r\nX: y", "/\n"}) {
    CHECK(connection.send({.target = target}).error().code == ErrorCode::invalid_argument);
  }
  for (const auto& header : Headers{{"X", "y\r\nZ: z"}, {"X: y", ""}, {"X\n", ""}, {"", "y"}}) {
    CHECK(connection.send({.headers = {header}}).error().code == ErrorCode::invalid_argument);
  }
  CHECK(connection.send({.body = "x", .content_type = "a\r\nb: c"}).error().code == ErrorCode::invalid_argument);
  CHECK(connection.send({.method = "GET /"}).error().code == ErrorCode::invalid_argument);
  CHECK(connection.send({.headers = {{"X", std::string(100'000, 'x')}}}).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("nobody listening is unavailable, with what to do") {
  const auto scratch = must(sys::TempDir::create("/tmp", "net-"));
  const auto none = Connection::open(UnixEndpoint{(scratch.path() / "socket").native()});
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::unavailable);
  CHECK(none.error().hint == "check that apiserver is running");
  CHECK(Connection::open(UnixEndpoint{std::string(200, 'x')}).error().code == ErrorCode::invalid_argument);
  CHECK(Connection::open(TcpEndpoint{.host = "127.0.0.1", .port = 1}).error().code == ErrorCode::unavailable);
}

TEST_CASE("a socket that we may not use is not permitted, with what to do") {
  if (::geteuid() == 0) SKIP("root may use every socket");
  const FakeServer server(answer(""));
  REQUIRE(::chmod(server.path().c_str(), 0) == 0);
  const auto refused = Connection::open(server.endpoint());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::permission_denied);
  CHECK(refused.error().hint == "become root or a member of the group api");
}
