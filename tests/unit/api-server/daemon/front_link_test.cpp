// The daemon's end of the channel, against fronts that say what they like.
#include "api-server/daemon/front_link.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>

#include "api-server/http/listen.hpp"
#include "lib/crypto/certificate.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::channel;
using namespace bulkhead::daemon;
using bulkhead::testing::must;

namespace {

struct Identity {
  std::string certificate;
  std::string der;
  crypto::SecretText key;
};

// Self-signed, of version 1: for any purpose.
Identity make_identity(const char* name) {
  const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key(::EVP_EC_gen("P-256"), ::EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&::X509_free)> made(::X509_new(), ::X509_free);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), 7);
  ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), 0);
  ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), 24L * 60 * 60);
  X509_NAME* const subject = ::X509_get_subject_name(made.get());
  ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  ::X509_set_issuer_name(made.get(), subject);
  ::X509_set_pubkey(made.get(), key.get());
  REQUIRE(::X509_sign(made.get(), key.get(), ::EVP_sha256()) > 0);
  const std::unique_ptr<BIO, decltype(&::BIO_free)> text(::BIO_new(::BIO_s_mem()), ::BIO_free);
  REQUIRE(::PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* bytes = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(text.get(), &bytes));
  ::X509_up_ref(made.get());
  const auto certificate = crypto::Certificate::adopt(made.get());
  const auto der = certificate.to_der();
  return {.certificate = must(certificate.to_pem()),
          .der = std::string(reinterpret_cast<const char*>(der.data()), der.size()),
          .key = crypto::SecretText({bytes, size})};
}

// Connected at `path`; the accepted end is what a front has.
struct Client {
  sys::UniqueFd own;
  sys::UniqueFd accepted;
};

sys::UniqueFd dial(const std::string& path) {
  sys::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, std::begin(address.sun_path));
  REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return socket;
}

struct FrontLinkFixture {
  boost::asio::io_context loop;
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  std::string path = directory.path() / "api.sock";
  http::Router router;
  std::vector<http::Reply> replies;  // of /later
  std::shared_ptr<http::Stream> stream;
  int gone = 0;
  std::string revoked;
  std::vector<Error> lost;
  FrontLink link{loop, router, [this](const Error& why) { lost.push_back(why); }};

  // The front, which is this test.
  std::shared_ptr<Channel> front;
  std::vector<ToFront> told;
  std::vector<sys::UniqueFd> descriptors;

  FrontLinkFixture() {
    const auto add = [this](std::string_view method, std::string_view route, Role role, http::Handler handler) {
      router.add({method, route, role, std::move(handler)});
    };
    add("GET", "/who", Role::reader,
        [](const http::Request& r, const http::Reply& reply) { reply(http::text(r.peer->name)); });
    add("PUT", "/secret", Role::admin,
        [](const http::Request&, const http::Reply& reply) { reply(http::no_content()); });
    add("GET", "/later", Role::reader,
        [this](const http::Request&, const http::Reply& reply) { replies.push_back(reply); });
    add("GET", "/stream", Role::reader, [this](const http::Request&, const http::Reply& reply) {
      reply({.content_type = "text/event-stream", .stream = [this](std::shared_ptr<http::Stream> given) {
               stream = std::move(given);
               stream->on_gone = [this] { ++gone; };
             }});
    });
    must(link.serve_unix(must(http::listen_on_path(path, 0600)), [](const LocalPeer& peer) {
      return http::Peer{.name = std::format("uid {} (pid {})", peer.uid, peer.pid),
                        .identity = "local",
                        .role = peer.uid == ::getuid() ? std::optional(Role::admin) : std::nullopt,
                        .refused = "not you"};
    }));
    connect_front();
  }
  ~FrontLinkFixture() {
    if (front) front->end();
  }
  FrontLinkFixture(const FrontLinkFixture&) = delete;
  FrontLinkFixture& operator=(const FrontLinkFixture&) = delete;

  void connect_front() {
    if (front) front->end();
    told.clear();
    descriptors.clear();
    std::array<int, 2> ends{-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    must(link.attach(sys::UniqueFd(ends[0])));
    front = must(Channel::over(loop, sys::UniqueFd(ends[1]), {.largest_frame = kLargestToFront}));
    front->start({.on_frame = [this](std::span<const char> frame) -> Result<> {
                    told.push_back(must(decode_to_front(frame)));
                    const bool listens = std::holds_alternative<ListenLocal>(told.back()) ||
                                         std::holds_alternative<ListenRemote>(told.back());
                    if (listens) descriptors.push_back(must(front->take_descriptor()));
                    return {};
                  },
                  .on_end = [](const Error&) {}});
    until([&] { return descriptors.size() == 1; });
  }
  template <class Condition>
  void until(Condition condition) {
    loop.restart();
    while (!condition()) REQUIRE(loop.run_one() == 1);
  }
  void settle() {
    loop.restart();
    while (loop.poll() > 0) {
    }
  }
  void say(const FromFront& message, sys::UniqueFd descriptor = {}) {
    front->send(encode(message), std::move(descriptor));
  }
  // The next message of this kind.
  template <class Message>
  Message wait_for() {
    const auto is_one = [](const ToFront& each) { return std::holds_alternative<Message>(each); };
    until([&] { return std::ranges::any_of(told, is_one); });
    const auto found = std::ranges::find_if(told, is_one);
    Message message = std::get<Message>(std::move(*found));
    told.erase(found);
    return message;
  }
  Client client() {
    sys::UniqueFd own = dial(path);
    sys::UniqueFd accepted(::accept4(descriptors.front().get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(accepted);
    return {.own = std::move(own), .accepted = std::move(accepted)};
  }
  void get(ConnectionId id, const char* target) { say(Request{.id = id, .method = "GET", .path = target}); }
  // The channel ends, with this reason, and the daemon goes on with the next front.
  void expect_lost(std::string_view reason) {
    until([&] { return !lost.empty(); });
    CHECK(lost.front().message.contains(reason));
    CAPTURE(lost.front().message);
    CHECK(link.connections() == 0);
    lost.clear();
    connect_front();
    Client next = client();
    say(OpenLocal{.id = 1}, std::move(next.accepted));
    get(1, "/who");
    CHECK(wait_for<Answer>().status == 200);
    say(Close{.id = 1});
    settle();
  }
  void serve_tls(const Identity& node) {
    must(link.serve_remote(must(http::listen_on_address("127.0.0.1", 0)),
                           {.certificates = node.certificate, .key = node.key.copy(), .client_ca = node.certificate},
                           [this](const http::ClientCertificate& shown) -> http::Peer {
                             if (!shown.present || !shown.verify_error.empty())
                               return {.name = {},
                                       .identity = {},
                                       .role = std::nullopt,
                                       .refused = "no: " + shown.verify_error,
                                       .remote = true};
                             const bool out = shown.common_name == revoked;
                             return {.name = shown.common_name,
                                     .identity = shown.common_name,
                                     .role = out ? std::nullopt : std::optional(Role::admin),
                                     .refused = "revoked",
                                     .remote = true};
                           }));
  }
};

}  // namespace

TEST_CASE("who is on a Unix socket is what the kernel says") {
  FrontLinkFixture daemon;
  Client client = daemon.client();
  daemon.say(OpenLocal{.id = 7}, std::move(client.accepted));
  daemon.get(7, "/who");
  const auto answer = daemon.wait_for<Answer>();
  CHECK(answer.id == 7);
  CHECK(answer.body == std::format("uid {} (pid {})", ::getuid(), ::getpid()));
}

TEST_CASE("a listening socket is no client, although the kernel names who listens") {
  FrontLinkFixture daemon;
  daemon.say(OpenLocal{.id = 1}, std::move(daemon.descriptors.front()));
  daemon.expect_lost("not an accepted");
}

TEST_CASE("the client's end of somebody's connection is no client, although the kernel names the server") {
  FrontLinkFixture daemon;
  Client client = daemon.client();
  daemon.say(OpenLocal{.id = 1}, std::move(client.own));
  daemon.expect_lost("with a path");
}

TEST_CASE("sockets of other listeners, pairs, pipes and files are no clients") {
  FrontLinkFixture daemon;
  const std::string other = daemon.directory.path() / "other.sock";
  const auto listening = must(http::listen_on_path(other, 0600));
  const sys::UniqueFd own = dial(other);
  daemon.say(OpenLocal{.id = 1}, sys::UniqueFd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  daemon.expect_lost("nobody listens on");
  std::array<int, 2> ends{-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const sys::UniqueFd other_end(ends[1]);
  daemon.say(OpenLocal{.id = 1}, sys::UniqueFd(ends[0]));
  daemon.expect_lost("with a path");
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const sys::UniqueFd write_end(ends[1]);
  daemon.say(OpenLocal{.id = 1}, sys::UniqueFd(ends[0]));
  daemon.expect_lost("asking a socket");
  daemon.say(OpenLocal{.id = 1}, must(http::listen_on_address("127.0.0.1", 0)));
  daemon.expect_lost("not an accepted");
}

TEST_CASE("nobody is spoken for who has left; who only stopped sending is still there") {
  FrontLinkFixture daemon;
  Client client = daemon.client();
  daemon.say(OpenLocal{.id = 1}, std::move(client.accepted));
  REQUIRE(::shutdown(client.own.get(), SHUT_WR) == 0);
  daemon.get(1, "/who");
  CHECK(daemon.wait_for<Answer>().status == 200);
  must(client.own.close());
  daemon.say(Request{.id = 1, .method = "PUT", .path = "/secret"});
  const auto answer = daemon.wait_for<Answer>();
  CHECK(answer.status == 409);
  CHECK(answer.body.contains("has left"));
}

TEST_CASE("what a front says out of its place ends the channel, and the next front is served") {
  FrontLinkFixture daemon;
  const auto opened = [&] {
    Client client = daemon.client();
    daemon.say(OpenLocal{.id = 1}, std::move(client.accepted));
    return std::move(client.own);
  };
  SECTION("a request of nobody") {
    daemon.get(5, "/who");
    daemon.expect_lost("no connection 5");
  }
  SECTION("a connection that is there already") {
    const auto first = opened();
    const auto second = opened();
    daemon.expect_lost("there already");
  }
  SECTION("two requests at a time") {
    const auto client = opened();
    daemon.get(1, "/later");
    daemon.get(1, "/who");
    daemon.expect_lost("has a request already");
    REQUIRE(daemon.replies.size() == 1);
    daemon.replies.front()(http::text("for nobody"));
    daemon.settle();
  }
  SECTION("a client without its socket") {
    daemon.say(OpenLocal{.id = 1});
    daemon.expect_lost("without its descriptor");
  }
  SECTION("what is closed is closed") {
    const auto client = opened();
    daemon.say(Close{.id = 1});
    daemon.say(Close{.id = 1});
    daemon.expect_lost("no connection 1");
  }
  SECTION("a text without end about a certificate") {
    daemon.say(OpenRemote{.id = 1, .problem = std::string(10'000, 'x')});
    daemon.expect_lost("too long");
  }
  SECTION("no message at all") {
    daemon.front->send(std::string("\1\0\0\0\x63", 5));
    daemon.expect_lost("no message 99");
  }
  SECTION("a length that no frame has") {
    daemon.front->send(std::string("\xff\xff\xff\xff", 4));
    daemon.expect_lost("larger than");
  }
  SECTION("a message of the other direction") {
    daemon.front->send(encode(ToFront(Answer{.id = 1, .status = 200})));
    daemon.expect_lost("message 5");
  }
  SECTION("more connections than a front has") {
    for (ConnectionId id = 1; id <= FrontLink::kMostConnections + 1; ++id) {
      daemon.say(OpenRemote{.id = id});
      if (id % 500 == 0) daemon.settle();
    }
    daemon.expect_lost("connections already");
  }
}

TEST_CASE("a front cannot give anybody a role: certificates are verified here") {
  FrontLinkFixture daemon;
  const Identity node = make_identity("ops-1");
  const Identity forged = make_identity("ops-1");  // the same name, of nobody
  daemon.serve_tls(node);
  daemon.wait_for<ListenRemote>();
  ConnectionId id = 0;
  const auto role = [&](OpenRemote open) {
    open.id = ++id;
    daemon.say(open);
    const bool known = daemon.wait_for<PeerIs>().known;
    daemon.say(Request{.id = id, .method = "PUT", .path = "/secret"});
    CHECK((daemon.wait_for<Answer>().status == 204) == known);
    return known;
  };
  CHECK(role({.chain = {node.der}}));
  CHECK_FALSE(role({.chain = {forged.der}}));
  CHECK_FALSE(role({.chain = {forged.der, node.der}}));
  CHECK_FALSE(role({.chain = {"not DER"}}));
  CHECK_FALSE(role({.chain = {node.der + "x"}}));
  CHECK_FALSE(role({.chain = {node.der, "not DER"}}));
  CHECK_FALSE(role({.chain = std::vector<std::string>(http::kMostCertificates + 1, node.der)}));
  CHECK_FALSE(role({.chain = {node.der, std::string(http::kLargestChain, 'x')}}));
  CHECK_FALSE(role({}));
  CHECK_FALSE(role({.problem = "", .common_name = "ops-1"}));
  CHECK_FALSE(role({.problem = "certificate has expired", .common_name = "ops-1"}));
}

TEST_CASE("who loses its role is dropped, its stream ends, and it may do nothing more whatever the front does") {
  FrontLinkFixture daemon;
  const Identity node = make_identity("ops-1");
  daemon.serve_tls(node);
  daemon.say(OpenRemote{.id = 1, .chain = {node.der}});
  daemon.say(OpenRemote{.id = 2, .chain = {node.der}});
  daemon.say(OpenRemote{.id = 3});
  daemon.get(2, "/stream");
  daemon.wait_for<BeginStream>();
  CHECK(daemon.stream->send("one"));
  CHECK(daemon.wait_for<Chunk>().bytes == "one");
  daemon.link.recheck_access();
  daemon.settle();
  CHECK(daemon.stream->send("two"));
  daemon.revoked = "ops-1";
  daemon.link.recheck_access();
  CHECK(daemon.gone == 1);
  CHECK_FALSE(daemon.stream->send("three"));
  const std::vector<ConnectionId> dropped = {daemon.wait_for<Drop>().id, daemon.wait_for<Drop>().id};
  CHECK(std::ranges::is_permutation(dropped, std::vector<ConnectionId>{1, 2}));
  daemon.get(1, "/who");
  CHECK(daemon.wait_for<Answer>().status == 403);
}

TEST_CASE("nobody over TLS has a role when the remote listener is off, or trusts somebody else") {
  FrontLinkFixture daemon;
  const Identity node = make_identity("ops-1");
  daemon.say(OpenRemote{.id = 1, .chain = {node.der}});
  CHECK_FALSE(daemon.wait_for<PeerIs>().known);
  daemon.serve_tls(node);
  daemon.say(OpenRemote{.id = 2, .chain = {node.der}});
  CHECK(daemon.wait_for<PeerIs>().known);
  daemon.serve_tls(make_identity("other"));
  daemon.link.recheck_access();
  CHECK(daemon.wait_for<Drop>().id == 2);
  daemon.get(2, "/who");
  CHECK(daemon.wait_for<Answer>().status == 401);
  daemon.link.stop_remote();
  daemon.wait_for<StopRemote>();
}

TEST_CASE("the address of a listener is free when it has been stopped, also while the front still has the socket") {
  FrontLinkFixture daemon;
  const Identity node = make_identity("ops-1");
  sys::UniqueFd listening = must(http::listen_on_address("127.0.0.1", 0));
  const std::uint16_t port = must(http::port_of(listening));
  const auto nobody = [](const http::ClientCertificate&) { return http::Peer{}; };
  const auto listener = [&] {
    return http::RemoteListener{
        .certificates = node.certificate, .key = node.key.copy(), .client_ca = node.certificate};
  };
  must(daemon.link.serve_remote(std::move(listening), listener(), nobody));
  daemon.wait_for<ListenRemote>();
  const sys::UniqueFd of_the_front(::fcntl(daemon.descriptors.back().get(), F_DUPFD_CLOEXEC, 0));
  CHECK_FALSE(http::listen_on_address("127.0.0.1", port));
  daemon.link.stop_remote();
  CHECK(::accept4(of_the_front.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK) == -1);
  CHECK(errno == EINVAL);
  must(daemon.link.serve_remote(must(http::listen_on_address("127.0.0.1", port)), listener(), nobody));
}

TEST_CASE("a key that does not belong to its certificate is an error, and the front gets neither") {
  FrontLinkFixture daemon;
  const Identity one = make_identity("one");
  const Identity two = make_identity("two");
  const auto served =
      daemon.link.serve_remote(must(http::listen_on_address("127.0.0.1", 0)),
                               {.certificates = one.certificate, .key = two.key.copy(), .client_ca = one.certificate},
                               [](const http::ClientCertificate&) { return http::Peer{}; });
  REQUIRE_FALSE(served);
  CHECK(served.error().code == ErrorCode::invalid_argument);
  daemon.settle();
  CHECK(std::ranges::none_of(daemon.told,
                             [](const ToFront& each) { return std::holds_alternative<ListenRemote>(each); }));
}

TEST_CASE("whether a body may come is decided here") {
  FrontLinkFixture daemon;
  daemon.serve_tls(make_identity("node"));
  daemon.say(OpenRemote{.id = 1});
  daemon.say(Ask{.id = 1, .method = "PUT", .path = "/secret"});
  CHECK_FALSE(daemon.wait_for<MayAsk>().allowed);
  Client client = daemon.client();
  daemon.say(OpenLocal{.id = 2}, std::move(client.accepted));
  daemon.say(Ask{.id = 2, .method = "PUT", .path = "/secret"});
  CHECK(daemon.wait_for<MayAsk>().allowed);
}

TEST_CASE("a front that ends takes its streams with it, and what it has begun goes on") {
  FrontLinkFixture daemon;
  Client one = daemon.client();
  Client two = daemon.client();
  daemon.say(OpenLocal{.id = 1}, std::move(one.accepted));
  daemon.say(OpenLocal{.id = 2}, std::move(two.accepted));
  daemon.get(1, "/stream");
  daemon.get(2, "/later");
  daemon.wait_for<BeginStream>();
  daemon.until([&] { return daemon.replies.size() == 1; });
  daemon.front->end();
  daemon.until([&] { return daemon.gone == 1 && !daemon.lost.empty(); });
  CHECK_FALSE(daemon.stream->send("nobody"));
  CHECK(daemon.link.connections() == 0);
  daemon.connect_front();
  daemon.replies.front()(http::text("nobody"));  // not to whoever has that number now
  Client three = daemon.client();
  daemon.say(OpenLocal{.id = 2}, std::move(three.accepted));
  daemon.get(2, "/who");
  CHECK(daemon.wait_for<Answer>().body.starts_with("uid"));
}

TEST_CASE("another front takes the place of the one before") {
  FrontLinkFixture daemon;
  const auto before = daemon.front;
  Client client = daemon.client();
  daemon.say(OpenLocal{.id = 1}, std::move(client.accepted));
  daemon.until([&] { return daemon.link.connections() == 1; });
  daemon.front = nullptr;
  daemon.connect_front();
  CHECK(daemon.link.connections() == 0);
  daemon.until([&] { return before->ended(); });
}

TEST_CASE("the users who may be the front are the kernel's") {
  FrontLinkFixture daemon;
  const std::string path = daemon.directory.path() / "front.sock";
  must(daemon.link.accept_from(must(http::listen_on_path(path, 0600)), std::nullopt));
  const sys::UniqueFd socket = dial(path);
  char byte{};
  daemon.until([&] { return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1; });
  CHECK(daemon.lost.empty());
}
