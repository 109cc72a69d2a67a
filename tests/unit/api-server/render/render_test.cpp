#include "api-server/render/render.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <toml++/toml.hpp>

#include "tests/support/golden.hpp"
#include "tests/unit/api-server/render/sample.hpp"

using namespace bulkhead;
using namespace bulkhead::render;
using namespace bulkhead::render::testing;

namespace {

std::string as_text(const std::vector<File>& files) {
  std::string text;
  for (const File& file : files) {
    text += std::format("=== {} {:o} {}{}\n{}", file.path.native(), file.mode, file.service,
                        file.secret ? " secret" : "", file.content);
  }
  return text;
}

Json full() {
  return Json::parse(R"({
    "motd": "Welcome\nto the node",
    "network": {
      "hostname": "node-7.example.com",
      "hosts": [["10.0.0.5", ["db.example.com", "db"]], ["fd00::5", ["db6.example.com"]]],
      "https-proxy": "http://user:pa$$word@proxy.example.com:3128",
      "no-proxy": ["localhost", "10.0.0.0/8"],
      "interfaces": {
        "eno1": {"dhcp4": {"enabled": true, "route-metric": 100}, "dhcp6": {"optional": true}, "primary": true},
        "eno2": {"static4": {"addresses": ["10.1.0.9/24"]}, "static6": {"addresses": ["fd00:1::9/64"]},
                 "route": [{"to": "default", "via": "10.1.0.1", "from": "10.1.0.9", "route-metric": 200},
                           {"to": "default", "via": "fd00:1::1"}, {"to": "10.2.0.0/16", "via": "10.1.0.2"}]},
        "0a:1b:2c:3d:4e:5f": {"dhcp4": true},
        "bond0": {"kind": "bond", "mode": "active-backup", "min-links": 1, "interfaces": ["eno3", "eno4"],
                  "monitoring": {"miimon-frequency-ms": 50, "miimon-updelay-ms": 200, "miimon-downdelay-ms": 300},
                  "dhcp4": true, "dhcp6": true},
        "bond1": {"kind": "bond", "interfaces": ["eno5"], "static4": {"addresses": ["10.3.0.9/24"]},
                  "monitoring": {"arpmon-interval-ms": 1000, "arpmon-validate": "all",
                                 "arpmon-targets": ["10.3.0.1", "10.3.0.2"]}},
        "vlan42": {"kind": "vlan", "device": "bond0", "id": 42, "dhcp4": true},
        "vlan43": {"kind": "vlan", "device": "eno6", "id": 43, "static4": {"addresses": ["10.43.0.9/24"]}}
      },
      "firewall": {"open-ports": ["22/tcp", "30000-32767/udp"]},
      "containers": {"subnet": "10.99.0.0/20", "ipv6-subnet": "fd00:88::/64", "mtu": 1400, "metadata-access": true}
    },
    "api": {"client-ca": "", "listen-port": 9443},
    "dns": {"name-servers": ["10.0.0.2", "fd00::2"], "search-list": ["example.com", "corp.example.com"]},
    "ntp": {"time-servers": ["time.example.com", "https://time2.example.com/", "[fd00::3]", "fd00::4", "t.example:123"]},
    "kernel": {
      "modules": {"nf_tables": {"allowed": true, "autoload": true}, "wireguard": {"autoload": true},
                  "sctp": {"allowed": false}, "dccp": {"allowed": false}},
      "sysctl": {"vm.max_map_count": "262144", "net/ipv4/tcp_rmem": "4096 87380 6291456"}
    },
    "aws": {"config": "W2RlZmF1bHRdCg==", "credentials": "W2RlZmF1bHRdCmtleT0xCg=="},
    "container-registry": {
      "mirrors": [{"registry": "docker.io", "endpoint": ["https://mirror.example.com", "cache.example.com:5000/v2/hub"]},
                  {"registry": "*", "endpoint": ["http://10.0.0.6:5000"]},
                  {"registry": "registry.example.com:5000", "endpoint": []}],
      "credentials": [{"registry": "docker.io", "username": "node", "password": "a\"b\\c"},
                      {"registry": "registry.example.com:5000", "auth": "bm9kZTpzZWNyZXQ="},
                      {"registry": "token.example.com", "identitytoken": "line one\nline two"}]
    },
    "container-runtime": {"max-container-log-line-size": -1, "max-concurrent-downloads": 10,
                          "enable-unprivileged-ports": true, "enable-unprivileged-icmp": true},
    "oci-defaults": {
      "capabilities": {"net-raw": false, "net-admin": true},
      "resource-limits": {"max-open-files": {"soft-limit": 65536, "hard-limit": 1048576},
                          "max-core-file-size": {"soft-limit": 0, "hard-limit": "unlimited"},
                          "max-processes": {"hard-limit": -1}}
    }
  })");
}

bool is_toml(const File& file) { return file.path.extension() == ".toml"; }
bool is_json(const File& file) { return file.path.extension() == ".json" || file.path.extension() == ".conflist"; }

toml::table parsed_toml(const std::string& text) {
  const auto result = toml::parse(text);
  return result;
}

}  // namespace

TEST_CASE("a node with nothing but defaults has these files") {
  CHECK(bulkhead::testing::matches_golden("render/default.txt", as_text(rendered(Json::object()).value())) == "");
}

TEST_CASE("a node with everything set has these files") {
  CHECK(bulkhead::testing::matches_golden("render/full.txt", as_text(rendered(full()).value())) == "");
}

TEST_CASE("the same settings give the same files") {
  CHECK(rendered(full()).value() == rendered(full()).value());
  CHECK(rendered(Json::object()).value() == rendered(Json::object()).value());
}

TEST_CASE("files are sorted, absolute, below /etc, and of a known service") {
  for (const Json& changes : {Json(Json::object()), full()}) {
    const auto files = rendered(changes).value();
    CHECK(std::ranges::is_sorted(files, {}, &File::path));
    CHECK(std::ranges::adjacent_find(files, {}, &File::path) == files.end());
    for (const File& file : files) {
      INFO(file.path);
      CHECK(file.path.native().starts_with("/etc/"));
      CHECK(file.path.lexically_normal() == file.path);
      CHECK(find_service(file.service) != nullptr);
      CHECK((file.content.empty() || file.content.ends_with('\n')));
      CHECK((!file.secret || file.mode == 0600));
    }
  }
}

TEST_CASE("settings that were never merged with their defaults give what the defaults give") {
  const auto files = render::render(settings::Settings{}, facts()).value();
  for (const File& file : files) {
    INFO(file.path);
    CHECK(content(Json::object(), file.path.native()) == file.content);
  }
}

TEST_CASE("every TOML file is TOML, and every JSON file is JSON") {
  int seen = 0;
  for (const Json& changes : {Json(Json::object()), full()}) {
    const auto files = rendered(changes).value();
    for (const File& file : files) {
      INFO(file.path);
      if (is_toml(file)) CHECK_NOTHROW(parsed_toml(file.content));
      if (is_json(file)) CHECK(Json::accept(file.content));
      seen += is_toml(file) || is_json(file) ? 1 : 0;
    }
  }
  CHECK(seen == 8);
}

// What containerd runs as root comes from the image, whatever its own defaults are.
TEST_CASE("containerd looks for programs in /usr only") {
  const auto table = parsed_toml(content(Json::object(), "/etc/containerd/config.toml"));
  CHECK(table["version"].value<int>() == 3);
  const auto plugins = table["plugins"];
  CHECK(plugins["io.containerd.image-verifier.v1.bindir"]["bin_dir"].value<std::string>()->starts_with("/usr/"));
  const auto runtime = plugins["io.containerd.cri.v1.runtime"];
  CHECK(*runtime["cni"]["bin_dirs"].as_array() == toml::array{"/usr/lib/cni"});
  CHECK(runtime["enable_cdi"].value<bool>() == false);
  CHECK(runtime["containerd"]["default_runtime_name"].value<std::string>() == "crun");
  for (const std::string_view off :
       {"io.containerd.monitor.container.v1.restart", "io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt"}) {
    INFO(off);
    const auto& disabled = *table["disabled_plugins"].as_array();
    CHECK(std::ranges::any_of(disabled,
                              [&](const auto& name) { return name.template value<std::string_view>() == off; }));
  }
}

TEST_CASE("containerd gets credentials as they were set, for the host that it talks to") {
  const auto table = parsed_toml(content(full(), "/etc/containerd/config.toml"));
  const auto configs = table["plugins"]["io.containerd.cri.v1.images"]["registry"]["configs"];
  CHECK(configs["registry-1.docker.io"]["auth"]["username"].value<std::string>() == "node");
  CHECK(configs["registry-1.docker.io"]["auth"]["password"].value<std::string>() == "a\"b\\c");
  CHECK(configs["token.example.com"]["auth"]["identitytoken"].value<std::string>() == "line one\nline two");
  CHECK(!configs["token.example.com"]["auth"]["username"]);
}

TEST_CASE("only a file with secrets in it is secret") {
  const auto plain = rendered(Json::object()).value();
  CHECK(std::ranges::none_of(plain, &File::secret));
  CHECK(find(plain, "/etc/containerd/config.toml")->mode == 0644);
  const auto files = rendered(full()).value();
  CHECK(find(files, "/etc/containerd/config.toml")->secret);
  CHECK(find(files, "/etc/bulkhead/proxy.env")->secret);
  CHECK(find(files, "/etc/bulkhead/aws/credentials")->secret);
}

TEST_CASE("both forms of mirrors give the same files") {
  const Json list = {{"container-registry", {{"mirrors", {{{"registry", "a.example"}, {"endpoint", {"https://b"}}}}}}}};
  const Json table = {{"container-registry", {{"mirrors", {{"a.example", {"https://b"}}}}}}};
  CHECK(rendered(list).value() == rendered(table).value());
  const auto toml = parsed_toml(content(list, "/etc/containerd/certs.d/a.example/hosts.toml"));
  CHECK(toml["host"]["https://b"].is_table());
}

TEST_CASE("a mirror below a path is used as it stands") {
  const Json changes = {{"container-registry", {{"mirrors", {{"a.example", {"https://b/v2/hub", "https://c/"}}}}}}};
  const auto toml = parsed_toml(content(changes, "/etc/containerd/certs.d/a.example/hosts.toml"));
  CHECK(toml["host"]["https://b/v2/hub"]["override_path"].value<bool>() == true);
  CHECK(!toml["host"]["https://c/"]["override_path"]);
}

TEST_CASE("defaults of containers change containerd's own by what is set") {
  const Json spec = Json::parse(content(full(), "/etc/containerd/base-spec.json"));
  const Json& bounding = spec.at("process").at("capabilities").at("bounding");
  CHECK(bounding.size() == 14);
  CHECK(std::ranges::contains(bounding, Json("CAP_NET_ADMIN")));
  CHECK(!std::ranges::contains(bounding, Json("CAP_NET_RAW")));
  CHECK(spec.at("process").at("capabilities").at("effective") == bounding);
  const Json& limits = spec.at("process").at("rlimits");
  CHECK(limits.at(0) == Json({{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", UINT64_MAX}}));
  CHECK(limits.at(2) == Json({{"type", "RLIMIT_NPROC"}, {"soft", UINT64_MAX}, {"hard", UINT64_MAX}}));
  CHECK(content(Json::object(), "/etc/containerd/base-spec.json").empty());
}

TEST_CASE("what cannot be put into effect is refused with its key") {
  const auto registry = [](const char* text) { return Json{{"container-registry", Json::parse(text)}}; };
  CHECK(refusal(registry(R"({"credentials": [{"registry": "*", "username": "a"}]})"))
            .contains("needs the name of one registry"));
  CHECK(refusal(registry(R"({"credentials": [{"registry": "docker.io"}, {"registry": "registry-1.docker.io"}]})"))
            .contains("registry-1.docker.io has two entries"));
  CHECK(refusal(registry(R"({"mirrors": [{"registry": "a"}, {"registry": "a"}]})")).contains("a has two entries"));
  CHECK(refusal(registry(R"({"mirrors": [{"endpoint": []}]})")).contains("needs a registry"));
  CHECK(refusal({{"sandbox", {{"default-runtime", "gvisor"}}}}).contains("not in sandbox.allowed-runtimes"));
  CHECK(refusal({{"sandbox", {{"default-runtime", "gvisor"}, {"allowed-runtimes", {"gvisor"}}}}})
            .contains("does not have gvisor"));
  CHECK(refusal({{"oci-defaults", {{"resource-limits", {{"max-open-files", {{"soft-limit", 2}, {"hard-limit", 1}}}}}}}})
            .contains("above hard-limit"));
  CHECK(refusal({{"kernel", {{"modules", {{"sctp", {{"allowed", false}, {"autoload", true}}}}}}}})
            .contains("kernel.modules.sctp.autoload"));
  CHECK(refusal(Json::parse(R"({"network": {"hosts": [["10.0.0.1", "10.0.0.2"]]}})")).contains("network.hosts"));
}

TEST_CASE("only what an affected service reads is checked when nothing is to be applied") {
  const auto broken = node({{"sandbox", {{"default-runtime", "gvisor"}}}});
  CHECK(check(broken, facts(), {"motd", "networkd", "certificates"}));
  CHECK(check(broken, facts(), {"motd", "containerd"}).error().message ==
        render::render(broken, facts()).error().message);
}

TEST_CASE("the node's name comes from settings, then from facts, then from nowhere") {
  CHECK(hostname(node({{"network", {{"hostname", "a"}}}}), facts()) == "a");
  CHECK(hostname(node(), facts()) == "node-0123");
  CHECK(hostname(node(), {.hostname = "evil\n10.0.0.1 bank.example"}) == "localhost");
  CHECK(hostname(node(), {.hostname = std::string(65, 'a')}) == "localhost");
  CHECK(hostname(node(), {}) == "localhost");
}

TEST_CASE("a name that an operator gave an address is not the node's loopback as well") {
  const Json changes =
      Json::parse(R"({"network": {"hostname": "n.example.com", "hosts": [["10.0.0.9", ["n.example.com"]]]}})");
  CHECK(content(changes, "/etc/hosts") ==
        "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback n\n127.0.1.1 n\n10.0.0.9 n.example.com\n");
}
