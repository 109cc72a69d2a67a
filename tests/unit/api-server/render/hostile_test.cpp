// Values that the rules in lib/settings refuse: read() past check() puts them into the model, as a mistake in a rule
// would. None may get out of its place in a file.
#include <catch2/catch_test_macros.hpp>
#include <toml++/toml.hpp>

#include "tests/unit/api-server/render/sample.hpp"

using namespace bulkhead;
using namespace bulkhead::render;
using namespace bulkhead::render::testing;

namespace {

Result<std::vector<File>> unchecked(const Json& document) {
  return render::render(settings::Type<settings::Settings>::read(document), facts());
}

Result<std::vector<File>> mirrored(const std::string& registry, const std::string& endpoint) {
  settings::Settings all;
  all.container_registry.mirrors = std::vector{
      settings::Mirror{.registry = settings::Registry{registry}, .endpoint = std::vector{settings::Url{endpoint}}}};
  return render::render(all, facts());
}

}  // namespace

TEST_CASE("a value with a line break is refused in every file of lines") {
  const std::string evil = "a\nInjected=yes";
  const std::vector<Json> documents = {
      {{"network", {{"hostname", evil}}}},
      {{"network", {{"https-proxy", evil}}}},
      {{"network", {{"no-proxy", {evil}}}}},
      {{"network", {{"interfaces", {{evil, {{"dhcp4", true}}}}}}}},
      {{"network", {{"interfaces", {{"b", {{"kind", "bond"}, {"interfaces", {evil}}}}}}}}},
      {{"network", {{"interfaces", {{"v", {{"kind", "vlan"}, {"device", evil}, {"id", 1}}}}}}}},
      {{"network", {{"interfaces", {{"e", {{"static4", {{"addresses", {evil}}}}}}}}}}},
      {{"network", {{"interfaces", {{"e", {{"route", {{{"to", evil}}}}}}}}}}},
      {{"network", {{"interfaces", {{"e", {{"route", {{{"to", "10.0.0.0/8"}, {"via", evil}}}}}}}}}}},
      {{"dns", {{"name-servers", {evil}}}}},
      {{"dns", {{"search-list", {evil}}}}},
      {{"ntp", {{"time-servers", {evil}}}}},
      {{"kernel", {{"sysctl", {{evil, "1"}}}}}},
      {{"kernel", {{"sysctl", {{"a.b", evil}}}}}},
      {{"kernel", {{"modules", {{evil, {{"allowed", false}}}}}}}},
      {{"kernel", {{"modules", {{evil, {{"autoload", true}}}}}}}},
      {{"oci-defaults", {{"resource-limits", {{evil, {{"soft-limit", 1}}}}}}}},
  };
  for (const Json& document : documents) {
    INFO(document.dump());
    const auto files = unchecked(document);
    REQUIRE(!files);
    CHECK(files.error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a value of containerd's configuration stays a value") {
  const std::string evil = "x\"\n[plugins.evil]\na = \"";
  const Json document = {
      {"container-registry",
       {{"credentials", {{{"registry", evil}, {"username", evil}, {"password", evil}, {"identitytoken", evil}}}}}}};
  const auto files = unchecked(document).value();
  const toml::table table = toml::parse(find(files, "/etc/containerd/config.toml")->content);
  CHECK(table["plugins"].as_table()->size() == 1);
  const auto auth = table["plugins"]["io.containerd.grpc.v1.cri"]["registry"]["configs"][evil]["auth"];
  CHECK(auth["password"].value<std::string>() == evil);
  CHECK(auth["identitytoken"].value<std::string>() == evil);
}

TEST_CASE("a mirror's address stays a key of its file, and its registry a folder of its own") {
  const std::string evil = "https://a\"]\nserver = \"https://evil";
  const auto files = mirrored("r", evil).value();
  const toml::table table = toml::parse(find(files, "/etc/containerd/certs.d/r/hosts.toml")->content);
  CHECK(table.size() == 1);
  CHECK(table["host"][evil].is_table());
  for (const char* registry : {"..", ".", "../../x", "a/b", "/etc"}) {
    INFO(registry);
    CHECK(!mirrored(registry, "https://a"));
  }
}

TEST_CASE("an interface's name stays the name of a file") {
  for (const char* name : {"../x", "a/b", "/x"}) {
    INFO(name);
    CHECK(!unchecked({{"network", {{"interfaces", {{name, {{"dhcp4", true}}}}}}}}));
  }
}

TEST_CASE("hosts do not get out of their lines") {
  for (const auto& [address, name] : {std::pair("10.0.0.1\n10.0.0.2", "a"), std::pair("10.0.0.1", "a\n10.0.0.2 b")}) {
    settings::Settings all;
    all.network.hosts = {{settings::IpAddress{address}, std::vector{settings::HostName{name}}}};
    CHECK(!render::render(all, facts()));
  }
}

TEST_CASE("a base64 text that is none is refused") {
  CHECK(!unchecked({{"aws", {{"config", "%"}}}}));
  CHECK(!unchecked({{"pki", {{"a", {{"data", "%"}, {"trusted", true}}}}}}));
}

TEST_CASE("a text that is no port and no network does not get into the rules of the packet filter") {
  const std::vector<Json> documents = {
      {{"network", {{"firewall", {{"open-ports", {"22/tcp accept; tcp dport 1-65535 accept comment \"a"}}}}}}},
      {{"network", {{"firewall", {{"open-ports", {"22/tcp", "1\naccept/tcp"}}}}}}},
      {{"network", {{"firewall", {{"open-ports", {"22"}}}}}}},
      {{"network", {{"firewall", {{"open-ports", {""}}}}}}},
      {{"network", {{"containers", {{"subnet", "0.0.0.0/0 accept; ip saddr 10.88.0.0/16"}}}}}},
      {{"network", {{"containers", {{"ipv6-subnet", "fd00::/64\naccept"}}}}}},
  };
  for (const Json& document : documents) {
    INFO(document.dump());
    const auto files = unchecked(document);
    REQUIRE(!files);
    CHECK(files.error().code == ErrorCode::invalid_argument);
    CHECK(files.error().describe().contains("network."));
  }
}
