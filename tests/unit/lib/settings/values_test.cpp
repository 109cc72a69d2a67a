#include <catch2/catch_test_macros.hpp>

#include "lib/settings/values/address.hpp"
#include "lib/settings/values/amount.hpp"
#include "lib/settings/values/client.hpp"
#include "lib/settings/values/location.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::settings::value;
using namespace std::chrono_literals;
using bulkhead::testing::must;

namespace {

template <class T>
std::string canonical(std::string_view text) {
  return must(T::parse(text)).to_string();
}

std::chrono::nanoseconds length(std::string_view text) { return must(Duration::parse(text)).length(); }
std::uint64_t units(std::string_view text) { return must(Quantity::parse(text)).units(); }
std::uint64_t thousandths(std::string_view text) { return must(Quantity::parse(text)).thousandths(); }

}  // namespace

TEST_CASE("a host name knows its first label") {
  const auto name = [](std::string_view text) { return must(HostName::parse(text)); };
  CHECK(name("db.example.com").first_label() == "db");
  CHECK(name("db.example.com").has_domain());
  CHECK(name("db").first_label() == "db");
  CHECK_FALSE(name("db").has_domain());
}

TEST_CASE("an address knows its family and what it is for") {
  CHECK(canonical<Address>("10.0.0.1") == "10.0.0.1");
  CHECK(canonical<Address>("FD00:0:0::01") == "fd00::1");
  CHECK(must(Address::parse("10.0.0.1")).family() == Family::ipv4);
  CHECK(must(Address::parse("::1")).family() == Family::ipv6);
  CHECK(must(Address::parse("::1")).is_loopback());
  CHECK(must(Address::parse("127.9.9.9")).is_loopback());
  CHECK(must(Address::parse("169.254.1.1")).is_link_local());
  CHECK(must(Address::parse("fe80::1")).is_link_local());
  CHECK(must(Address::parse("224.0.0.1")).is_multicast());
  CHECK(must(Address::parse("ff02::1")).is_multicast());
  CHECK(must(Address::parse("255.255.255.255")).is_reserved());
  CHECK(must(Address::parse("::")).is_unspecified());
  CHECK_FALSE(must(Address::parse("0.0.0.1")).is_unspecified());
  CHECK(must(Address::parse("0.0.0.1")).is_this_network());
  CHECK(must(Address::parse("2001:db8::1")).is_global_or_unique_local());
  CHECK_FALSE(must(Address::parse("32.0.0.1")).is_global_or_unique_local());
  for (const std::string_view text : {"", "10.0.0", "fe80::1%eth0", " ::1"}) CHECK_FALSE(Address::parse(text));
  CHECK_FALSE(Address::parse(std::string_view("10.0.0.1\0.x", 11)));
  CHECK_FALSE(Address::parse(std::string(100'000, ':')));
}

TEST_CASE("a prefix is an address with the length of its network") {
  CHECK(canonical<Prefix>("FD00::9/064") == "fd00::9/64");
  CHECK(must(Prefix::parse("10.0.0.9/24")).has_host_bits());
  CHECK_FALSE(must(Prefix::parse("10.0.0.0/24")).has_host_bits());
  CHECK_FALSE(must(Prefix::parse("10.0.0.9/32")).has_host_bits());
  CHECK(must(Prefix::parse("128.0.0.0/0")).has_host_bits());
  for (const char* text : {"10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "::/129", "/8", "10.0.0.1/-0"})
    CHECK_FALSE(Prefix::parse(text));
  CHECK_FALSE(must(Destination::parse("default")).network);
  CHECK(must(Destination::parse("10.0.0.0/8")).network == must(Prefix::parse("10.0.0.0/8")));
}

TEST_CASE("an interface has a name or a MAC address") {
  CHECK(must(Link::parse("eno1.7")) == Link{.name = "eno1.7"});
  CHECK(must(Link::parse("0a:1b:2c:3d:4e:5f")).mac->to_string('-') == "0a-1b-2c-3d-4e-5f");
  for (const char* text : {"", "a/b", "a b", "0123456789abcdef", "0a:1b:2c:3d:4e", "0a:1b:2c:3d:4e:5f:60",
                           "0a:1b:2c:3d:4e:5", "0a:1b:2c:3d:4e:g0", "::::::"})
    CHECK_FALSE(Link::parse(text));
}

TEST_CASE("ports have a protocol, and a range its ends") {
  const PortRange range = must(PortRange::parse("30000-32767/udp"));
  CHECK(range.first() == 30000);
  CHECK(range.last() == 32767);
  CHECK(range.protocol() == Protocol::udp);
  CHECK(range.to_string() == "30000-32767/udp");
  CHECK(canonical<PortRange>("80-80/tcp") == "80/tcp");
  for (const char* text :
       {"", "/tcp", "22", "0/tcp", "022/tcp", "65536/tcp", "2-1/tcp", "1-2-3/tcp", "-1/tcp", "22/sctp"})
    CHECK_FALSE(PortRange::parse(text));
}

TEST_CASE("a server is a host, whatever stands around it") {
  CHECK(must(Server::parse("time.example.com")) == Server{.host = "time.example.com", .port = {}});
  CHECK(must(Server::parse("https://time.example.com/")) == Server{.host = "time.example.com", .port = {}});
  CHECK(must(Server::parse("t.example:123")) == Server{.host = "t.example", .port = 123});
  CHECK(must(Server::parse("[fd00::3]")) == Server{.host = "fd00::3", .port = {}});
  CHECK(must(Server::parse("[fd00::3]:123")) == Server{.host = "fd00::3", .port = 123});
  CHECK(must(Server::parse("fd00::4")) == Server{.host = "fd00::4", .port = {}});
  for (const char* text : {"", "/", "[", "[]", "[fd00::1]x", "a:b", "a:0", "a:99999"}) CHECK_FALSE(Server::parse(text));
}

TEST_CASE("a URL has scheme, host and port") {
  const Url url = must(Url::parse("https://user:pa$$word@a.example:3128/v2/hub?c=/d"));
  CHECK(url.scheme() == "https");
  CHECK(url.host() == "a.example");
  CHECK(url.port() == 3128);
  CHECK(url.has_path());
  CHECK(url.may_have_password());
  CHECK(url.to_string() == "https://user:pa$$word@a.example:3128/v2/hub?c=/d");
  const Url bare = must(Url::parse("cache.example.com:5000/"));
  CHECK(bare.scheme().empty());
  CHECK(bare.host() == "cache.example.com");
  CHECK(bare.port() == 5000);
  CHECK_FALSE(bare.has_path());
  CHECK(must(Url::parse("http://[::1]:8080")).host() == "::1");
  CHECK_FALSE(must(Url::parse("https://a?b=/c")).has_path());
  CHECK_FALSE(must(Url::parse("https://a/b://c")).may_have_password());
  CHECK(must(Url::parse("a/b://c")).host() == "a");
  for (const char* text : {"", "https://", "https://:80", "a b", "a\n", "http://a:b", "http://a:0", "http://a:65536",
                           "http://[::1", "http://fd00::1", "http://user:pa/ss@a"})
    CHECK_FALSE(Url::parse(text));
}

TEST_CASE("a duration is a length of time") {
  CHECK(length("1h30m") == 90min);
  CHECK(length("2.5s") == 2500ms);
  CHECK(length("1m500ms") == 60500ms);
  CHECK(length("0.0000001ms") == 0ns);
  CHECK(length("2562047h") == 2562047h);
  for (const char* text :
       {"", "1", "s", "1d", "30m1h", "1h1h", "1.s", ".5s", "1s ", "2562048h", "99999999999999999999s"})
    CHECK_FALSE(Duration::parse(text));
}

TEST_CASE("a quantity is a number, rounded up") {
  CHECK(thousandths("500m") == 500);
  CHECK(thousandths("1.5") == 1500);
  CHECK(thousandths("1u") == 1);
  CHECK(units("500m") == 1);
  CHECK(units("512Mi") == std::uint64_t{512} << 20U);
  CHECK(units("1.5Gi") == std::uint64_t{3} << 29U);
  CHECK(units("1e9") == 1'000'000'000);
  CHECK(units("12E2") == 1200);
  CHECK(units("1E") == 1'000'000'000'000'000'000);
  CHECK(units("15e-1") == 2);
  CHECK(units("0") == 0);
  CHECK(units("7Ei") == std::uint64_t{7} << 60U);
  CHECK(units("8Ei") == INT64_MAX);
  CHECK(units("1e99999999999") == INT64_MAX);
  CHECK(units("1e-99999999999") == 1);
  CHECK(units("0.00000000000000000000000001") == 1);
  CHECK(units("12345678901234567890123456789") == INT64_MAX);
  CHECK(must(Quantity::parse("1Ki")) == must(Quantity::parse("1024")));
  for (const char* text : {"", "Gi", "1 Gi", "-1", "1gb", "1.", ".5", "1e", "1e+", "1Kii"})
    CHECK_FALSE(Quantity::parse(text));
}

TEST_CASE("a threshold is a quantity or a percentage") {
  CHECK_FALSE(must(Threshold::parse("1Gi")).is_percentage);
  const Threshold threshold = must(Threshold::parse("12.5%"));
  CHECK(threshold.is_percentage);
  CHECK(threshold.amount.thousandths() == 12500);
  for (const char* text : {"", "%", "100%", "1Gi%", "15 %"}) CHECK_FALSE(Threshold::parse(text));
}

TEST_CASE("a set of CPUs is numbers and ranges") {
  CHECK(must(CpuSet::parse("0,2-3")).ranges == std::vector<CpuSet::Range>{{0, 0}, {2, 3}});
  for (const char* text : {"", ",", "0,", "3-2", "a", "1--2", "-1"}) CHECK_FALSE(CpuSet::parse(text));
}

TEST_CASE("clients are told apart by name and serial number") {
  CHECK(must(SubjectPattern::parse("ops-*")).matches("ops-1"));
  CHECK_FALSE(must(SubjectPattern::parse("ops-*")).matches("monitor"));
  CHECK_FALSE(must(SubjectPattern::parse("monitor")).matches("monitor-2"));
  CHECK(must(SerialNumber::parse("0A:1b:2C")) == must(SerialNumber::parse("a1b2c")));
  CHECK(must(SerialNumber::parse("0A")) != must(SerialNumber::parse("0B")));
  CHECK(must(SerialNumber::parse("0x28")) == must(SerialNumber::parse("28")));
  CHECK(must(SerialNumber::parse("00:00:28")) == must(SerialNumber::parse("28")));
  for (const char* text : {"", ":", "0x", "zz", "28 ", "-28", "28h", "1x2"}) {
    INFO(text);
    CHECK_FALSE(SerialNumber::parse(text));
  }
}
