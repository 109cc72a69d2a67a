#include "lib/net/uri.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::net;
using testing::must;

TEST_CASE("a URI is taken apart") {
  CHECK(must(parse_uri("HTTPS://example.com:8443/a%20b?c=d#e")) ==
        Uri{.scheme = "https", .host = "example.com", .port = 8443, .path = "/a b", .target = "/a%20b?c=d"});
  CHECK(must(parse_uri("http://[::1]")) == Uri{.scheme = "http", .host = "::1", .port = 0, .path = "", .target = "/"});
  CHECK(must(parse_uri("http://h?x")).target == "/?x");
  CHECK(must(parse_uri("file:///etc/a%20b")).path == "/etc/a b");
  for (const char* bad :
       {"", "x", "http://a b/", "http://h:99999/", "http://h:0/", "http://me:secret@h/", "http://h/%zz"}) {
    INFO(bad);
    const auto uri = parse_uri(bad);
    REQUIRE_FALSE(uri);
    CHECK(uri.error().code == ErrorCode::invalid_argument);
    CHECK_FALSE(uri.error().describe().contains("secret"));
  }
}

TEST_CASE("an address says whom to ask") {
  CHECK(must(endpoint_of(must(parse_uri("http://h/")))) == Endpoint(TcpEndpoint{.host = "h", .port = 80}));
  CHECK(must(endpoint_of(must(parse_uri("https://h/")))) == Endpoint(TlsEndpoint{.host = "h", .port = 443}));
  CHECK_FALSE(endpoint_of(must(parse_uri("ftp://h/"))));
  CHECK_FALSE(endpoint_of(must(parse_uri("http:///x"))));
}

TEST_CASE("a host has a port or gets one") {
  using Pair = std::pair<std::string, std::uint16_t>;
  CHECK(must(parse_host_port("node1", 8443)) == Pair("node1", 8443));
  CHECK(must(parse_host_port("10.0.0.9:1", 8443)) == Pair("10.0.0.9", 1));
  CHECK(must(parse_host_port("[::1]:1", 8443)) == Pair("::1", 1));
  for (const char* bad : {"", ":1", "h:0", "h:x", "h/x", "h?x", "a b", "me@h"}) {
    INFO(bad);
    CHECK_FALSE(parse_host_port(bad, 1));
  }
}

TEST_CASE("values of a query are encoded, and absent ones left out") {
  CHECK(target_of("/v1/plan") == "/v1/plan");
  CHECK(target_of("/x", {{"a", ""}, {"b", "1 &=+\"/é"}, {"c", "~._-"}}) == "/x?b=1%20%26%3D%2B%22%2F%C3%A9&c=~._-");
}

TEST_CASE("an address is no name") {
  CHECK(is_address("10.0.0.1"));
  CHECK(is_address("fd00:ec2::254"));
  for (const char* name : {"", "localhost", "10.0.0", "10.0.0.256", "[::1]", "1:2", "10.0.0.1 "}) {
    INFO(name);
    CHECK_FALSE(is_address(name));
  }
}

TEST_CASE("endpoints have names for messages") {
  CHECK(to_string(UnixEndpoint{"/run/api.sock"}) == "/run/api.sock");
  CHECK(to_string(TlsEndpoint{.host = "::1", .port = 1}) == "[::1]:1");
  CHECK(to_string(TcpEndpoint{.host = "h", .port = 80}) == "h:80");
}
