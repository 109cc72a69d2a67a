#include "lib/settings/rules.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/settings/model.hpp"

using namespace bulkhead::settings;

namespace {

template <class T>
void check_texts(std::vector<std::string> good, std::vector<std::string> bad) {
  for (const std::string& text : good) {
    INFO("must be " << Type<T>::shape().name << ": " << text);
    CHECK(fits(text, Type<T>::shape()));
  }
  for (const std::string& text : bad) {
    INFO("must not be " << Type<T>::shape().name << ": " << text);
    CHECK(!fits(text, Type<T>::shape()));
  }
}

}  // namespace

TEST_CASE("names of hosts and addresses") {
  check_texts<HostName>({"a", "node-7.example.com", "1.2", std::string(63, 'a')},
                        {"", "-a", "a-", ".a", "a.", "a..b", "A", "a_b", std::string(64, 'a'), std::string(254, 'a')});
  check_texts<NodeName>({"a", std::string(63, 'a'), std::string(32, 'a') + "." + std::string(31, 'a')},
                        {"", "A", "a.", std::string(63, 'a') + ".b", std::string(64, 'a')});
  check_texts<IpAddress>({"10.0.0.1", "::", "fd00::1", "::ffff:10.0.0.1"},
                         {"", "10.0.0", "10.0.0.256", "fe80::1%eth0", "a"});
  check_texts<IpNetwork>({"10.0.0.1/24", "fd00::1/128", "0.0.0.0/0"},
                         {"10.0.0.1", "10.0.0.1/33", "fd00::/129", "a/1", "10.0.0.1/-1"});
  check_texts<RouteTarget>({"default", "10.0.0.0/8"}, {"", "Default", "10.0.0.1"});
  check_texts<Server>({"time.example.com", "10.0.0.1", "[fd00::1]", "https://time.example.com/"},
                      {"", "a b", "a\nb", "a/b/c"});
}

TEST_CASE("networks of containers are unicast, of a size that has addresses, and without bits behind the prefix") {
  check_texts<Ipv4Subnet>({"10.88.0.0/16", "10.0.0.0/8", "192.168.1.4/30", "100.64.0.0/10"},
                          {"", "10.88.0.1/16", "10.88.0.0", "10.0.0.0/7", "10.0.0.0/31", "10.0.0.0/33", "0.0.0.0/8",
                           "127.0.0.0/8", "224.0.0.0/8", "169.254.0.0/16", "fd00::/64", "10.88.0.0/16 ", "10.88/16"});
  check_texts<Ipv6Subnet>({"fd00:88::/64", "2001:db8::/32", "fd00::10/124", "FD00::/64"},
                          {"", "fd00:88::1/64", "fd00::", "fd00::/31", "fd00::/127", "fe80::/64", "ff00::/64", "::/64",
                           "10.88.0.0/16", "fd00::/129"});
}

TEST_CASE("ports that are opened have a protocol") {
  check_texts<OpenPorts>({"22/tcp", "1/udp", "65535/tcp", "30000-32767/udp", "80-80/tcp"},
                         {"", "22", "22/sctp", "22/TCP", "0/tcp", "022/tcp", "65536/tcp", "2-1/tcp", "1-2-3/tcp",
                          "-22/tcp", "22-/tcp", "22,23/tcp", "ssh/tcp", "22/tcp ", "1-65536/udp", "/tcp"});
}

TEST_CASE("URLs and images") {
  check_texts<Url>({"https://a.b/c?d", "a:3128", "http://[::1]:8080"}, {"", "https://", "a b", "http://a\n"});
  check_texts<HttpsUrl>({"https://a.b/c", "http://a"}, {"", "a", "ftp://a", "https://a b"});
  check_texts<MirrorUrl>({"https://a.b/c", "http://a:5000", "a.b:5000/c", "http://[::1]:8080"},
                         {"", "https://", "ftp://a", "HTTPS://a", "a b", "https://a\n"});
  check_texts<Registry>({"docker.io", "a:5000", "*", "10.0.0.5:5000"},
                        {"", "..", ".", "a/b", "/a", "-a", "a:", "a:0", "a:65536", "**", "*.a"});
  check_texts<ImageReference>({"registry.example.com/admin:v1", "docker.io/library/alpine",
                               "public.ecr.aws/a/b@sha256:" + std::string(64, 'a')},
                              {"", "alpine", "a/B", "a/b:", "a/b@sha256:12", "a/b c"});
}

TEST_CASE("base64 and certificates") {
  check_texts<Base64>({"", "YQ=="}, {"YQ", "YQ= =", "a\n", "*"});
  check_texts<Certificates>({"", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCi0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"},
                            {"YQ==", "x"});
}

TEST_CASE("kernel and boot") {
  check_texts<SysctlKey>({"vm.max_map_count", "net/ipv4/conf/eth0.1/rp_filter", "a"},
                         {"", ".a", "/a", "a..b", "a b", std::string(129, 'a')});
  check_texts<ModuleName>({"udf", "nf_tables", "a-b"}, {"", "a.ko", "a/b", std::string(57, 'a')});
  check_texts<BootKey>({"console", "systemd.log_level", "a.b-c"}, {"", ".a", "a.", "a b", "a=b"});
  check_texts<BootValue>({"", "ttyS0,115200n8", "a 'b'", "a \"b\""}, {"'a' \"b\"", "a\n", "ä"});
}

TEST_CASE("quantities, durations and their kin") {
  check_texts<Quantity>({"1", "500m", "1.5Gi", "1e9", "10M"}, {"", "Gi", "1 Gi", "-1", "1gb"});
  check_texts<Threshold>({"15%", "1Gi", "0.5%", "100Mi"}, {"", "100%", "15 %", "-1%"});
  check_texts<Duration>({"1h", "1h30m", "2.5s", "500ms", "1m"}, {"", "1", "1d", "30m1h", "s"});
  check_texts<CpuSet>({"0", "0,2-3", "0-127"}, {"", "0,", "a", "1--2"});
  check_texts<BootstrapToken>({"abcdef.0123456789abcdef"}, {"", "abcdef", "ABCDEF.0123456789abcdef"});
  check_texts<Taint>({"a:NoSchedule", ":NoExecute"}, {"", "a", "a:Never"});
  check_texts<LabelKey>({"a", "example.com/role", "a.b_c-d"}, {"", "/a", "a/", "a b", std::string(64, 'a')});
  check_texts<VersionLock>({"latest", "1.2.3", "v1.2.3-rc.1"}, {"", "1.2", "newest"});
}

TEST_CASE("texts that are not UTF-8, or hold a NUL, or are far too long, are refused by every rule") {
  for (const auto& text : {std::string("\xff"), std::string("a\0b", 3), std::string(2'000'000, 'a')}) {
    CHECK(!fits(text, Type<Text>::shape()));
    CHECK(!fits(text, Type<Line>::shape()));
    CHECK(!fits(text, Type<Base64>::shape()));
  }
}
