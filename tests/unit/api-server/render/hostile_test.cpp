// Texts that the rules in lib/settings refuse. Those that stand for a value cannot even be made; names and the like are
// put into the model past check(), as a mistake in a rule would. None may get out of its place in a file.
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
  all.container_registry.mirrors =
      std::vector{settings::Mirror{.registry = settings::Registry::parse(registry).value(),
                                   .endpoint = std::vector{settings::MirrorUrl::parse(endpoint).value()}}};
  return render::render(all, facts());
}

template <class... Values>
bool none_can_be(std::string_view text) {
  return (!Values::parse(text).has_value() && ...);
}

}  // namespace

TEST_CASE("a text with something behind the value, or a line break, does not become a value") {
  using namespace settings;
  for (const char* tail : {"\nInjected=yes", "\n", " accept", "; tcp dport 1-65535 accept comment \"a"}) {
    INFO(tail);
    CHECK(none_can_be<IpAddress, RouteTarget>(std::string("10.0.0.1") + tail));
    CHECK(none_can_be<IpNetwork, RouteTarget, Ipv4Subnet>(std::string("10.0.0.0/8") + tail));
    CHECK(none_can_be<Ipv6Subnet>(std::string("fd00::/64") + tail));
    CHECK(none_can_be<OpenPorts>(std::string("22/tcp") + tail));
    CHECK(none_can_be<InterfaceName>(std::string("eth0") + tail));
    CHECK(none_can_be<Server>(std::string("time.example.com") + tail));
    CHECK(none_can_be<HostName, NodeName, Registry>(std::string("a.example") + tail));
    CHECK(none_can_be<Url, HttpsUrl, MirrorUrl>(std::string("https://a.example/") + tail));
    CHECK(none_can_be<Duration, Quantity, Threshold, CpuSet>(std::string("1") + tail));
  }
  CHECK(none_can_be<InterfaceName>("../x"));
  CHECK(none_can_be<InterfaceName>("a/b"));
  CHECK(none_can_be<Base64, Certificates>("%"));
  for (const char* folder : {"..", ".", "../../x", "a/b", "/etc"}) CHECK(none_can_be<Registry>(folder));
  // Nor past the check.
  CHECK_THROWS(unchecked({{"dns", {{"name-servers", {"a\nInjected=yes"}}}}}));
  CHECK_THROWS(unchecked({{"network", {{"hostname", "a\nb"}}}}));
  CHECK_THROWS(unchecked({{"dns", {{"search-list", {"a\nb"}}}}}));
  CHECK_THROWS(unchecked({{"network", {{"firewall", {{"open-ports", {"22"}}}}}}}));
}

TEST_CASE("a value with a line break is refused in every file of lines") {
  const std::string evil = "a\nInjected=yes";
  const std::vector<Json> documents = {
      {{"network", {{"no-proxy", {evil}}}}},
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
       {{"credentials", {{{"registry", "r"}, {"username", evil}, {"password", evil}, {"identitytoken", evil}}}}}}};
  const auto files = unchecked(document).value();
  const toml::table table = toml::parse(find(files, "/etc/containerd/config.toml")->content);
  CHECK(table["plugins"].as_table()->size() == 3);
  const auto auth = table["plugins"]["io.containerd.cri.v1.images"]["registry"]["configs"]["r"]["auth"];
  CHECK(auth["password"].value<std::string>() == evil);
  CHECK(auth["identitytoken"].value<std::string>() == evil);
}

TEST_CASE("a mirror's address stays a key of its file, and its registry a folder") {
  const std::string evil = "https://a\"]x=\"y";
  const auto files = mirrored("r", evil).value();
  const toml::table table = toml::parse(find(files, "/etc/containerd/certs.d/r/hosts.toml")->content);
  CHECK(table.size() == 1);
  CHECK(table["host"][evil].is_table());
}
