#include "node/user-data/imds.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>

#include "lib/sys/temp_dir.hpp"
#include "lib/user_data/documents.hpp"
#include "node/user-data/collect.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/node/user-data/fake_server.hpp"

using namespace bulkhead;
using namespace bulkhead::collect;
using namespace std::chrono_literals;
using bulkhead::testing::FakeServer;
using bulkhead::testing::http_answer;
using bulkhead::testing::must;

namespace {

constexpr net::Limits kQuick{.connect = 300ms, .request = 300ms, .response_bytes = 4096};
constexpr Patience kShort{.attempts = 4, .first = 1ms, .longest = 2ms};

// The service as its documentation describes it, with a token that is good for one request.
class Service {
 public:
  std::optional<std::string> operator()(const std::string& request) {
    if (request.starts_with("PUT /latest/api/token ")) {
      if (!request.contains("X-aws-ec2-metadata-token-ttl-seconds: ")) return http_answer(400, "");
      return http_answer(200, std::format("token-{}", ++tokens_));
    }
    if (!request.contains(std::format("X-aws-ec2-metadata-token: token-{}\r\n", tokens_)) || used_ == tokens_)
      return http_answer(401, "");
    used_ = tokens_;
    for (const auto& [path, body] : pages) {
      if (request.starts_with(std::format("GET {} ", path))) return http_answer(200, body);
    }
    return http_answer(404, "");
  }

  std::map<std::string, std::string> pages;

 private:
  int tokens_ = 0;
  int used_ = 0;
};

Service full_service() {
  Service service;
  service.pages = {{"/latest/user-data", "[settings]\nmotd = \"cloud\"\n"},
                   {"/latest/dynamic/instance-identity/document",
                    R"({"region": "eu-central-1", "instanceId": "i-0123456789abcdef0", "accountId": "1"})"},
                   {"/latest/meta-data/local-hostname", "ip-10-0-0-9.eu-central-1.compute.internal"},
                   {"/latest/meta-data/local-ipv4", "10.0.0.9"}};
  return service;
}

Imds imds_at(std::uint16_t port, Wait wait = [](auto) { return true; }, net::Limits limits = kQuick) {
  return {to_any_of({{.host = "127.0.0.1", .port = port}}, limits), std::move(wait), kShort};
}

}  // namespace

TEST_CASE("user data and facts come with a token, and with a new one when it has run out") {
  const FakeServer server(full_service());
  Imds imds = imds_at(server.port());
  CHECK(must(imds.user_data()) == "[settings]\nmotd = \"cloud\"\n");
  CHECK(must(imds.facts()) == CloudFacts{.region = "eu-central-1",
                                         .hostname = "ip-10-0-0-9.eu-central-1.compute.internal",
                                         .instance_id = "i-0123456789abcdef0",
                                         .node_address = "10.0.0.9"});
  CHECK(server.requests().front().starts_with("PUT /latest/api/token HTTP/1.1\r\n"));
}

TEST_CASE("an instance without user data has none, and unknown facts stay empty") {
  const FakeServer server{Service()};
  Imds imds = imds_at(server.port());
  CHECK(must(imds.user_data()) == std::nullopt);
  CHECK(must(imds.facts()) == CloudFacts{});
}

TEST_CASE("an identity document that is none costs only what it says") {
  Service service = full_service();
  service.pages["/latest/dynamic/instance-identity/document"] = R"({"region": 3, "instanceId")";
  const FakeServer server(service);
  const CloudFacts facts = must(imds_at(server.port()).facts());
  CHECK(facts.region == std::nullopt);
  CHECK(facts.node_address == "10.0.0.9");
}

TEST_CASE("a service that is switched off is not an error") {
  const FakeServer server([](const std::string&) { return http_answer(403, ""); });
  Imds imds = imds_at(server.port());
  CHECK(must(imds.user_data()) == std::nullopt);
  CHECK(must(imds.facts()) == CloudFacts{});
  CHECK(server.requests().size() <= 5);
}

TEST_CASE("a network that is not up yet is waited for") {
  std::uint16_t port = 0;
  {
    const FakeServer reserved([](const std::string&) { return std::nullopt; });
    port = reserved.port();
  }
  std::unique_ptr<FakeServer> server;
  std::vector<std::chrono::milliseconds> pauses;
  Imds imds = imds_at(port, [&](std::chrono::milliseconds pause) {
    pauses.push_back(pause);
    if (pauses.size() == 2) server = std::make_unique<FakeServer>(full_service(), port);
    return true;
    return true;
  });
  CHECK(must(imds.user_data()).has_value());
  CHECK(pauses == std::vector{1ms, 2ms});
}

TEST_CASE("nobody answering ends when patience does") {
  Imds imds({}, {});
  int asked = 0;
  int waited = 0;
  imds = Imds(
      [&](const net::ClientRequest&) -> Result<net::ClientResponse> {
        ++asked;
        return fail(ErrorCode::unavailable, "no");
      },
      [&](auto) {
        ++waited;
        return true;
      },
      kShort);
  CHECK(imds.user_data().error().code == ErrorCode::unavailable);
  CHECK(asked == kShort.attempts);
  CHECK(waited == kShort.attempts - 1);
}

TEST_CASE("a service that fails or refuses is tried again, one that forbids is not") {
  for (const auto& [status, tries] : {std::pair{503, 4}, {429, 4}, {401, 4}, {400, 1}, {301, 1}}) {
    int asked = 0;
    Imds imds(
        [&](const net::ClientRequest& request) -> Result<net::ClientResponse> {
          if (request.method == "PUT") return net::ClientResponse{.status = 200, .headers = {}, .body = "t"};
          ++asked;
          return net::ClientResponse{.status = status, .headers = {}, .body = {}};
        },
        [](auto) { return true; }, kShort);
    CHECK(!imds.user_data());
    CHECK(asked == tries);
  }
}

TEST_CASE("being told to end ends the tries") {
  int asked = 0;
  Imds imds(
      [&](const net::ClientRequest&) -> Result<net::ClientResponse> {
        ++asked;
        return fail(ErrorCode::unavailable, "no");
      },
      [&](auto) { return asked < 2; }, kShort);
  CHECK(imds.user_data().error().code == ErrorCode::aborted);
  CHECK(imds.stopped());
  CHECK(asked == 2);
}

TEST_CASE("a body that is too large is refused at once") {
  Service service;
  service.pages["/latest/user-data"] = std::string(5000, 'x');
  const FakeServer server(service);
  int waited = 0;
  Imds imds = imds_at(server.port(), [&](auto) {
    ++waited;
    return true;
  });
  CHECK(imds.user_data().error().code == ErrorCode::data_loss);
  CHECK(waited == 0);
}

TEST_CASE("a server that is silent, or no HTTP server, is given up") {
  const auto ask = [](const FakeServer& server) {
    return to_any_of({{.host = "127.0.0.1", .port = server.port()}}, kQuick)({}).error().code;
  };
  const FakeServer silent([](const std::string&) { return std::nullopt; });
  const auto begin = std::chrono::steady_clock::now();
  CHECK(ask(silent) == ErrorCode::unavailable);
  CHECK(std::chrono::steady_clock::now() - begin < 60s);
  for (const auto& [bytes, code] : {std::pair{"SSH-2.0-x\r\n\r\n", ErrorCode::data_loss},
                                    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", ErrorCode::unavailable},
                                    {"", ErrorCode::unavailable}}) {
    const FakeServer other([&](const std::string&) { return bytes; });
    CHECK(ask(other) == code);
  }
}

TEST_CASE("the endpoint that answers is asked first from then on") {
  const FakeServer server(full_service());
  const Send send = to_any_of({{.host = "127.0.0.1", .port = 1}, {.host = "127.0.0.1", .port = server.port()}}, kQuick);
  CHECK(must(send({.target = "/latest/user-data"})).status == 401);
  CHECK(must(send({.target = "/latest/user-data"})).status == 401);
}

TEST_CASE("a token with line ends in it is not sent back") {
  const FakeServer server([](const std::string&) { return http_answer(200, "t\r\nX: y"); });
  CHECK(imds_at(server.port()).user_data().error().code == ErrorCode::invalid_argument);
  CHECK(std::ranges::none_of(server.requests(), [](const std::string& request) { return request.starts_with("GET"); }));
}

TEST_CASE("endpoints are addresses") {
  CHECK(must(parse_endpoint("http://169.254.169.254")) == net::TcpEndpoint{.host = "169.254.169.254"});
  CHECK(must(parse_endpoint("http://127.0.0.1:8080/")) == net::TcpEndpoint{.host = "127.0.0.1", .port = 8080});
  CHECK(must(parse_endpoint("http://[fd00:ec2::254]:81")) == net::TcpEndpoint{.host = "fd00:ec2::254", .port = 81});
  for (const char* url :
       {"", "https://127.0.0.1", "http://", "http://example.com", "http://127.0.0.1:0", "http://127.0.0.1:99999",
        "http://[::1", "http://[127.0.0.1]", "http://::1", "http://[::1]x", "http://127.0.0.1/x"})
    CHECK(!parse_endpoint(url));
}

TEST_CASE("the metadata service's document and facts are stored, and the API is told") {
  const auto scratch = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  const Places places{
      .imds = scratch.path() / "user-data", .facts = scratch.path() / "facts.json", .api = scratch.path() / "api.sock"};
  const log::Log log(log::Log::Sink::standard_error);
  const FakeServer server(full_service());
  Imds imds = imds_at(server.port());
  must(collect_imds(places, imds, log));
  const user_data::Collected collected = must(user_data::load(places.imds));
  REQUIRE(collected.documents.size() == 1);
  CHECK(collected.documents[0].source == "imds");
  CHECK(must(user_data::parse_facts(must(sys::read_file(places.facts)))).region == "eu-central-1");

  CHECK(notify_api(places).error().code == ErrorCode::unavailable);
  unsigned status = 200;
  std::string body = "{}";
  const FakeServer api([&](const std::string&) { return http_answer(status, body); }, places.api);
  must(notify_api(places));
  CHECK(api.requests().front().starts_with("PUT /v1/user-data HTTP/1.1\r\n"));
  status = 500;
  CHECK(notify_api(places).error().code == ErrorCode::failed_precondition);
  // Looked at again when the try has ended: the code says so, not the status.
  status = 423;
  body = R"({"status": 423, "code": "locked", "message": "a try is open"})";
  must(notify_api(places));
  for (const char* other : {R"({"code": "unavailable"})", R"({"code": 423})", "[]", "", "locked"}) {
    body = other;
    CHECK(notify_api(places).error().code == ErrorCode::failed_precondition);
  }
}

TEST_CASE("being told to end leaves what an earlier run found") {
  const auto scratch = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  const Places places{.imds = scratch.path(), .facts = scratch.path() / "facts.json"};
  must(user_data::store(places.imds, user_data::Document{.source = "imds", .content = "earlier"}));
  Imds imds([](const net::ClientRequest&) -> Result<net::ClientResponse> { return fail(ErrorCode::unavailable, "no"); },
            [](auto) { return false; }, kShort);
  CHECK(!collect_imds(places, imds, log::Log(log::Log::Sink::standard_error)));
  CHECK(imds.stopped());
  const user_data::Collected collected = must(user_data::load(places.imds));
  CHECK(collected.unreadable.empty());
  REQUIRE(collected.documents.size() == 1);
  CHECK(collected.documents[0].content == "earlier");
}

TEST_CASE("a metadata service that does not answer is an error of its source") {
  const auto scratch = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  const Places places{.imds = scratch.path(), .facts = scratch.path() / "facts.json"};
  Imds imds([](const net::ClientRequest&) -> Result<net::ClientResponse> { return fail(ErrorCode::unavailable, "no"); },
            [](auto) { return true; }, kShort);
  CHECK(!collect_imds(places, imds, log::Log(log::Log::Sink::standard_error)));
  const user_data::Collected collected = must(user_data::load(places.imds));
  REQUIRE(collected.unreadable.size() == 1);
  CHECK(collected.unreadable[0].source == "imds");
}
