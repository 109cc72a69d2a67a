#include <boost/asio/ssl/stream.hpp>
#include <catch2/catch_test_macros.hpp>

#include "api-server/http/listen.hpp"
#include "api-server/http/server.hpp"
#include "lib/crypto/private_key.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/api-server/http/loop_fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::http;
using bulkhead::testing::LoopFixture;
using bulkhead::testing::must;

namespace {

namespace asio = boost::asio;
using TlsStream = asio::ssl::stream<asio::ip::tcp::socket>;
using TlsClient = bulkhead::testing::StreamClient<TlsStream>;

struct Identity {
  std::string certificate;
  crypto::SecretText key;
};

Identity identity(const char* name) {
  const auto key = must(crypto::PrivateKey::generate_p256());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto certificate = must(crypto::self_sign(key, {.common_name = name,
                                                        .not_before = {},
                                                        .not_after = now + std::chrono::days(1),
                                                        .purpose = crypto::Purpose::tls_server}));
  return {.certificate = must(certificate.to_pem()), .key = must(key.to_pem())};
}

constexpr const char* kAskWho = "GET /who HTTP/1.1\r\nHost: x\r\n\r\n";

// A server with a remote listener on the loopback interface. Whoever has a certificate is an admin, unless revoked.
struct RemoteSessionFixture : LoopFixture {
  Identity own = identity("node");
  bool revoked = false;
  Server server;
  std::uint16_t port = 0;

  explicit RemoteSessionFixture(const Limits& allowed = {}) : LoopFixture(allowed), server(loop, backend, limits) {
    router.add({"GET", "/who", Role::reader, [](const Request& r, const Reply& reply) { reply(text(r.peer->name)); }});
    router.add({"PUT", "/who", Role::reader, [](const Request& r, const Reply& reply) { reply(text(r.body)); }});
    backend.who_is = [this](const ClientCertificate& certificate) -> Peer {
      if (!certificate.present)
        return {.name = {}, .identity = {}, .role = std::nullopt, .refused = "no certificate", .remote = true};
      return {.name = certificate.common_name,
              .identity = certificate.common_name,
              .role = revoked ? std::nullopt : std::optional(Role::admin),
              .refused = "revoked",
              .remote = true};
    };
    auto listening = must(listen_on_address("127.0.0.1", 0));
    port = must(port_of(listening));
    must(server.listen_remote(std::move(listening),
                              {.certificates = own.certificate, .key = own.key.copy(), .client_ca = own.certificate}));
  }

  std::shared_ptr<TlsClient> dial(const Identity* with) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    if (with != nullptr) {
      context.use_certificate_chain(asio::buffer(with->certificate));
      context.use_private_key(asio::buffer(with->key.view()), asio::ssl::context::pem);
    }
    TlsStream stream(loop, context);
    stream.lowest_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    bool done = false;
    stream.async_handshake(asio::ssl::stream_base::client, [&](const boost::system::error_code& reason) {
      REQUIRE_FALSE(reason);
      done = true;
    });
    until([&] { return done; });
    auto client = std::make_shared<TlsClient>(std::move(stream));
    client->read();
    return client;
  }
};

// Connects from another address of the loopback interface, and says nothing.
asio::ip::tcp::socket silent(RemoteSessionFixture& fixture, unsigned host) {
  asio::ip::tcp::socket socket(fixture.loop);
  socket.open(asio::ip::tcp::v4());
  socket.bind({asio::ip::make_address(std::format("127.0.0.{}", host)), 0});
  socket.connect({asio::ip::make_address("127.0.0.1"), fixture.port});
  return socket;
}

bool has_ended(asio::ip::tcp::socket& socket) {
  char byte{};
  const ssize_t got = ::recv(socket.native_handle(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return got == 0 || (got < 0 && errno != EAGAIN);
}

}  // namespace

TEST_CASE("who says nothing has few places, from one address and from all, and takes none from others") {
  RemoteSessionFixture fixture({.anonymous = 6, .anonymous_of_source = 2});
  std::vector<asio::ip::tcp::socket> same;
  for (int i = 0; i < 3; ++i) same.push_back(silent(fixture, 2));
  fixture.until([&] { return has_ended(same[0]); });
  CHECK_FALSE(has_ended(same[1]));
  CHECK_FALSE(has_ended(same[2]));

  std::vector<asio::ip::tcp::socket> others;
  for (unsigned host = 3; host < 9; ++host) others.push_back(silent(fixture, host));
  fixture.until([&] { return has_ended(same[1]) && has_ended(same[2]); });
  fixture.until([&] { return fixture.server.connections() == 6; });
  CHECK_FALSE(has_ended(others.front()));

  const Identity ops = identity("ops-1");
  const auto client = fixture.dial(&ops);
  client->send(kAskWho);
  CHECK(fixture.answers(client, 1).front().status == 200);
}

TEST_CASE("a client with a certificate is who that says") {
  RemoteSessionFixture fixture;
  const Identity ops = identity("ops-1");
  const auto client = fixture.dial(&ops);
  client->send(kAskWho);
  CHECK(fixture.answers(client, 1).front().body == "ops-1");
  client->send("PUT /who HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(fixture.answers(client, 2).back().body == "abc");
}

TEST_CASE("a client without a certificate is told so, and its body is not read") {
  RemoteSessionFixture fixture;
  const auto client = fixture.dial(nullptr);
  client->send(kAskWho);
  const auto answer = fixture.answers(client, 1).front();
  CHECK(answer.status == 401);
  CHECK(answer.body.contains("no certificate"));
  // Each of its connections is for one request, and no body is waited for.
  const auto other = fixture.dial(nullptr);
  other->send("PUT /who HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
  CHECK(fixture.answers(other, 1).back().status == 413);
}

TEST_CASE("a certificate that is revoked counts no longer, on connections that are open as well") {
  RemoteSessionFixture fixture;
  const Identity ops = identity("ops-1");
  const auto client = fixture.dial(&ops);
  client->send(kAskWho);
  CHECK(fixture.answers(client, 1).back().status == 200);
  fixture.revoked = true;
  client->send(kAskWho);
  CHECK(fixture.answers(client, 2).back().status == 403);
}

TEST_CASE("a peer that asks too often waits, whatever connection it uses") {
  RemoteSessionFixture fixture({.remote_rate = 0, .remote_burst = 2});
  const Identity ops = identity("ops-1");
  for (const int status : {200, 200, 429}) {
    const auto client = fixture.dial(&ops);
    client->send(kAskWho);
    CHECK(fixture.answers(client, 1).front().status == status);
  }
}

TEST_CASE("a remote listener that is switched off takes no new connections, and another one takes its place") {
  RemoteSessionFixture fixture;
  const Identity ops = identity("ops-1");
  const auto client = fixture.dial(&ops);
  fixture.server.stop_remote();
  client->send(kAskWho);
  CHECK(fixture.answers(client, 1).front().status == 200);  // what is open stays until it is dropped
  asio::ip::tcp::socket socket(fixture.loop);
  boost::system::error_code reason;
  socket.connect({asio::ip::make_address("127.0.0.1"), fixture.port}, reason);
  CHECK(reason);

  auto listening = must(listen_on_address("127.0.0.1", 0));
  fixture.port = must(port_of(listening));
  const Identity other = identity("other");
  must(fixture.server.listen_remote(
      std::move(listening),
      {.certificates = other.certificate, .key = other.key.copy(), .client_ca = other.certificate}));
  const auto again = fixture.dial(&ops);
  again->send(kAskWho);
  CHECK(fixture.answers(again, 1).front().body == "ops-1");
}

TEST_CASE("whoever does not speak TLS is closed") {
  RemoteSessionFixture fixture;
  asio::ip::tcp::socket socket(fixture.loop);
  socket.connect({asio::ip::make_address("127.0.0.1"), fixture.port});
  const auto client = std::make_shared<bulkhead::testing::StreamClient<asio::ip::tcp::socket>>(std::move(socket));
  client->read();
  client->send(kAskWho);
  CHECK_FALSE(fixture.all(client).contains("HTTP"));
  fixture.until([&] { return fixture.server.connections() == 0; });
}
