#include "api-server/http/server.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

#include "api-server/http/listen.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/api-server/http/loop_fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::http;
using bulkhead::testing::Client;
using bulkhead::testing::LocalSocket;
using bulkhead::testing::LoopFixture;
using bulkhead::testing::must;

namespace {

constexpr const char* kAsk = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";

// A whole server on a socket in a directory, and clients that connect to it.
struct ServerFixture : LoopFixture {
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  std::string path = directory.path() / "socket";
  Server server;

  explicit ServerFixture(const Limits& allowed = {}) : LoopFixture(allowed), server(loop, backend, limits) {
    router.add({"GET", "/x", Role::reader, [](const Request&, const Reply& reply) { reply(text("x")); }});
    must(server.listen_unix(must(listen_on_path(path, 0600))));
  }

  std::shared_ptr<Client> dial() {
    LocalSocket socket(loop);
    socket.connect(path);
    auto client = std::make_shared<Client>(std::move(socket));
    client->read();
    return client;
  }
};

}  // namespace

TEST_CASE("a server answers everybody who connects") {
  ServerFixture fixture;
  const std::vector clients = {fixture.dial(), fixture.dial(), fixture.dial()};
  for (const auto& client : clients) client->send(kAsk);
  for (const auto& client : clients) CHECK(fixture.answers(client, 1).front().body == "x");
  CHECK(fixture.server.connections() == 3);
}

TEST_CASE("beyond the limit a connection is closed, and there is room again when one ends") {
  ServerFixture fixture({.connections = 2});
  const auto first = fixture.dial();
  const auto second = fixture.dial();
  fixture.until([&] { return fixture.server.connections() == 2; });
  const auto third = fixture.dial();
  CHECK(fixture.all(third).empty());
  first->leave();
  fixture.until([&] { return fixture.server.connections() == 1; });
  const auto fourth = fixture.dial();
  fourth->send(kAsk);
  CHECK(fixture.answers(fourth, 1).front().status == 200);
}

TEST_CASE("a server that stops closes what is open and accepts nothing more") {
  ServerFixture fixture;
  const auto client = fixture.dial();
  client->send(kAsk);
  fixture.answers(client, 1);
  fixture.server.stop();
  fixture.until([&] { return client->ended && fixture.server.connections() == 0; });
  LocalSocket socket(fixture.loop);
  boost::system::error_code reason;
  socket.connect(fixture.path, reason);
  CHECK(reason);
}

TEST_CASE("a socket gets its mode, and takes the place of one that an earlier server left") {
  const auto directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  const std::string path = directory.path() / "socket";
  must(sys::write_file_atomically(path, "left behind"));
  const auto socket = must(listen_on_path(path, 0660));
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(S_ISSOCK(status.st_mode));
  CHECK((status.st_mode & 07777U) == 0660);
  CHECK(listen_on_path(directory.path() / std::string(200, 'a'), 0600).error().code == ErrorCode::invalid_argument);
  CHECK_FALSE(listen_on_path(directory.path() / "missing/socket", 0600));
}

TEST_CASE("a remote listener with a bad certificate is an error, and there is none then") {
  ServerFixture fixture;
  const auto refused = fixture.server.listen_remote(
      must(listen_on_address("127.0.0.1", 0)), {.certificates = "x", .key = crypto::SecretText("y"), .client_ca = "z"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("an address that is none, or a port that is taken, is an error that says which") {
  const auto none = listen_on_address("node", 1);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::invalid_argument);
  const auto first = must(listen_on_address("127.0.0.1", 0));
  const std::uint16_t port = must(port_of(first));
  const auto second = listen_on_address("127.0.0.1", port);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::unavailable);
  CHECK(second.error().message.starts_with(std::format("listening on 127.0.0.1 port {}: ", port)));
  CHECK(must(port_of(must(listen_on_address("::1", 0)))) != 0);
}

TEST_CASE("an interface may get the address of a listener later: the server starts before the network") {
  CHECK(must(port_of(must(listen_on_address("192.0.2.1", 0)))) != 0);
  CHECK(must(port_of(must(listen_on_address("2001:db8::1", 0)))) != 0);
}

TEST_CASE("remote peers have a rate each") {
  LoopFixture fixture({.remote_rate = 0, .remote_burst = 2});
  CHECK(fixture.core->within_rate("one"));
  CHECK(fixture.core->within_rate("one"));
  CHECK_FALSE(fixture.core->within_rate("one"));
  CHECK(fixture.core->within_rate("two"));
}
