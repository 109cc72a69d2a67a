#include "lib/settings/model.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/settings/settings.hpp"

using namespace bulkhead;
using namespace bulkhead::settings;

namespace {

const Shape& root() { return Settings::shape(); }
Key key(std::string_view text) { return Key::parse(text).value(); }

// The message with which a document is refused; empty when it is accepted.
std::string refusal(const std::string& document) {
  const auto result = check(Json::parse(document), root());
  return result ? "" : result.error().message;
}

// A name that a map may have.
std::string good_name(const Shape& names) {
  for (const char* name : {"a", "net-admin", "max-open-files", "memory.available", "cpu", "0"}) {
    if (fits_text(name, names)) return name;
  }
  return "";
}

// Documents of one setting each, from the examples: every member, list, alternative and element of the model.
std::vector<Json> samples(const Shape& shape, const About& about) {
  std::vector<Json> all;
  const auto add_wrapped = [&](const std::vector<Json>& inner, const auto& wrap) {
    for (const Json& value : inner) all.push_back(wrap(value));
  };
  const Json example = Json::parse(about.example, nullptr, false);
  const bool is_table = shape.kind == Kind::group || shape.kind == Kind::map;
  if (!is_table && fits(example, shape)) all.push_back(example);
  switch (shape.kind) {
    case Kind::list:
      add_wrapped(samples(*shape.element, about), [](const Json& value) { return Json::array({value}); });
      break;
    case Kind::map:
      add_wrapped(samples(*shape.element, about),
                  [&](const Json& value) { return Json{{good_name(*shape.names), value}}; });
      break;
    case Kind::group:
      for (const Member& member : shape.members) {
        add_wrapped(samples(*member.shape, member.about),
                    [&](const Json& value) { return Json{{member.name, value}}; });
      }
      break;
    case Kind::choice:
      for (const Shape* choice : shape.choices)
        add_wrapped(samples(*choice, about), [](const Json& value) { return value; });
      break;
    case Kind::boolean:
    case Kind::integer:
    case Kind::string: break;
  }
  return all;
}

}  // namespace

TEST_CASE("documents of Bottlerocket's users are accepted") {
  CHECK(refusal(R"({"kubernetes": {
      "api-server": "https://10.0.0.2:6443", "cluster-name": "c1", "cluster-certificate": "",
      "node-taints": {"dedicated": ["experimental:PreferNoSchedule", "special:NoSchedule"], "one": "a:NoExecute"},
      "node-labels": {"example.com/role": "ingress"}, "cluster-dns-ip": "10.96.0.10",
      "eviction-hard": {"memory.available": "15%", "nodefs.available": "1Gi"}}})") == "");
  CHECK(refusal(R"({"kernel": {"sysctl": {"user.max_user_namespaces": "16384"}, "lockdown": "integrity",
                               "modules": {"udf": {"allowed": false}}}})") == "");
  CHECK(refusal(R"({"host-containers": {"admin": {"enabled": true, "superpowered": true,
                                                  "source": "public.ecr.aws/bottlerocket/bottlerocket-admin:v0.11.0"}}})") ==
        "");
  CHECK(
      refusal(
          R"({"container-registry": {"mirrors": [{"registry": "docker.io", "endpoint": ["https://mirror.local"]}]}})") ==
      "");
  CHECK(refusal(R"({"container-registry": {"mirrors": {"docker.io": ["https://mirror.local"]}}})") == "");
  CHECK(refusal(R"({"oci-defaults": {"capabilities": {"net-admin": true},
                    "resource-limits": {"max-open-files": {"soft-limit": 65536, "hard-limit": "unlimited"}}}})") == "");
  CHECK(refusal(R"({"network": {"hosts": [["10.0.0.5", ["db.example.com", "db"]]], "https-proxy": "proxy.local:3128",
                    "interfaces": {"eno1": {"dhcp4": true, "primary": true},
                                   "bond0": {"kind": "bond", "mode": "active-backup", "interfaces": ["eno1", "eno2"],
                                             "monitoring": {"miimon-frequency-ms": 100}},
                                   "eno2": {"static4": {"addresses": ["10.0.0.9/24"]},
                                            "route": [{"to": "default", "via": "10.0.0.1", "route-metric": 100}]}}}})") ==
        "");
  CHECK(
      refusal(
          R"({"boot": {"kernel-parameters": {"console": ["tty1", "ttyS1,115200n8"]}, "reboot-to-reconcile": true}})") ==
      "");
  CHECK(refusal("{}") == "");
}

TEST_CASE("a refusal names the key, what is wrong with it, and what it must be") {
  CHECK(refusal(R"({"network": {"hostname": "Node_7"}})") ==
        "network.hostname: \"Node_7\" is not a host name (1 to 64 lower-case letters, digits, '-' and '.', each part "
        "1 to "
        "63 characters)");
  CHECK(refusal(R"({"kernel": {"lockdown": "some"}})") ==
        R"(kernel.lockdown: "some" is not one of "none" "integrity" "confidentiality")");
  CHECK(refusal(R"({"dns": {"name-servers": ["10.0.0.2", "10.0.0.256"]}})").starts_with("dns.name-servers[1]: "));
  CHECK(refusal(R"({"kernel": {"sysctl": {"../x": "1"}}})").starts_with("kernel.sysctl: \"../x\" is not a sysctl key"));
  CHECK(refusal(R"({"api": {"listen-port": 0}})") == "api.listen-port: 0 is not a whole number from 1 to 65535");
  CHECK(refusal(R"({"api": {"listen-port": 1.5}})").starts_with("api.listen-port: 1.5 is not"));
  CHECK(refusal(R"({"api": {"listen-port": 18446744073709551615}})").starts_with("api.listen-port: "));
}

TEST_CASE("a value of the wrong type is shown as it was meant, or else with an example") {
  CHECK(refusal(R"({"dns": {"name-servers": "10.0.0.1"}})") == R"(dns.name-servers: needs a list: '["10.0.0.1"]')");
  CHECK(refusal(R"({"dns": {"name-servers": 1}})") ==
        R"(dns.name-servers: needs a list, not 1 (example: '["10.0.0.2","fd00::2"]'))");
  CHECK(refusal(R"({"network": {"hostname": 7}})") == R"(network.hostname: needs quotes: '"7"')");
  CHECK(refusal(R"({"kubernetes": {"node-labels": {"a": true}}})") ==
        R"(kubernetes.node-labels.a: needs quotes: '"true"')");
  CHECK(refusal(R"({"api": {"listen-port": "8443"}})") == "api.listen-port: needs no quotes: '8443'");
  CHECK(refusal(R"({"network": {"hostname": ["a"]}})") ==
        R"(network.hostname: needs a host name, not ["a"] (example: '"node-7"'))");
  CHECK(refusal(R"({"network": {"hosts": [[1]]}})") ==
        R"(network.hosts[0][0]: needs an IP address or a list, not 1 (example: '["db.example.com","db"]'))");
  CHECK(refusal(R"({"kubernetes": {"cluster-dns-ip": 1}})") ==
        R"(kubernetes.cluster-dns-ip: needs an IP address or a list, not 1 (example: '["10.96.0.10"]'))");
  CHECK(refusal(R"({"kubernetes": "x"})") == R"(kubernetes: needs a table, not "x")");
  CHECK(refusal(R"({"motd": null})") == R"(motd: needs a text, not null (example: '"Welcome"'))");
  CHECK(refusal("[]") == "settings: needs a table, not []");
}

TEST_CASE("of several forms, the one that was used says what is wrong") {
  CHECK(refusal(R"({"container-registry": {"mirrors": [{"registry": "docker.io", "endpoints": ["https://a"]}]}})") ==
        "there is no setting 'container-registry.mirrors[0].endpoints'; the nearest is "
        "'container-registry.mirrors[0].endpoint'");
  CHECK(refusal(R"({"kubernetes": {"node-taints": {"spot": "NoSchedule"}}})") ==
        "kubernetes.node-taints.spot: \"NoSchedule\" is not a taint (value:effect, the effect NoSchedule, "
        "PreferNoSchedule or NoExecute)");
  CHECK(refusal(R"({"network": {"interfaces": {"eth0": {"dhcp4": {"enabled": true, "optinal": true}}}}})") ==
        "there is no setting 'network.interfaces.eth0.dhcp4.optinal'; the nearest is "
        "'network.interfaces.eth0.dhcp4.optional'");
  CHECK(refusal(R"({"network": {"hosts": [["10.0.0.5", ["DB.example"]]]}})")
            .starts_with("network.hosts[0][1][0]: \"DB.example\" is not a host name (1 to 253 lower-case"));
}

TEST_CASE("an unknown key comes with the nearest known one") {
  CHECK(refusal(R"({"ntp": {"time-server": []}})") ==
        "there is no setting 'ntp.time-server'; the nearest is 'ntp.time-servers'");
  CHECK(refusal(R"({"zzzzzzzz": 1})") == "there is no setting 'zzzzzzzz'");
  CHECK(find(root(), key("kubernetes.max-pod")).error().code == ErrorCode::not_found);
}

TEST_CASE("a refusal never quotes a secret") {
  for (const char* document :
       {R"({"kubernetes": {"bootstrap-token": "hunter2"}})", R"({"aws": {"credentials": "hunter2"}})",
        R"({"container-registry": {"credentials": [{"password": "hunter2\n"}]}})",
        R"({"host-containers": {"a": {"user-data": "hunter2"}}})",
        R"({"workloads": {"a": {"environment": {"X": ["hunter2"]}}}})"}) {
    const std::string message = refusal(document);
    INFO(message);
    CHECK(!message.empty());
    CHECK(!message.contains("hunter2"));
  }
}

TEST_CASE("secrets are not shown") {
  const Json document = {{"motd", "hi"},
                         {"kubernetes", {{"bootstrap-token", "abcdef.0123456789abcdef"}, {"max-pods", 5}}}};
  CHECK(redacted(document, root()) ==
        Json{{"motd", "hi"}, {"kubernetes", {{"bootstrap-token", "(secret)"}, {"max-pods", 5}}}});
}

TEST_CASE("a password in a URL is not shown, neither in a document nor in a refusal") {
  const Json document = Json::parse(R"({"network": {"https-proxy": "http://me:hunter2@proxy:3128"},
    "metrics": {"metrics-url": "https://hunter2@metrics/x"},
    "container-registry": {"mirrors": [{"registry": "*", "endpoint": ["https://me:hunter2@mirror", "https://other"]}]}})");
  const Json shown = redacted(document, root());
  CHECK(shown["network"]["https-proxy"] == "http://(secret)@proxy:3128");
  CHECK(shown["container-registry"]["mirrors"][0]["endpoint"] == Json{"https://(secret)@mirror", "https://other"});
  CHECK(!shown.dump().contains("hunter2"));
  const std::string message = refusal(R"({"metrics": {"metrics-url": "ftp://me:hunter2@x"}})");
  CHECK(message.contains("ftp://(secret)@x"));
  CHECK(!refusal(R"({"network": {"https-proxy": ["me:hunter2@x"]}})").contains("hunter2"));
}

TEST_CASE("what operators type becomes the type that the key has") {
  CHECK(from_text(root(), key("motd"), "42") == Json("42"));
  CHECK(from_text(root(), key("kubernetes.max-pods"), "42") == Json(42));
  CHECK(from_text(root(), key("metrics.send-metrics"), "true") == Json(true));
  CHECK(from_text(root(), key("ntp.time-servers"), R"(["a", "b"])") == Json({"a", "b"}));
  CHECK(from_text(root(), key("kernel.sysctl.\"vm.max_map_count\""), "262144") == Json("262144"));
  CHECK(from_text(root(), key("kubernetes.cluster-dns-ip"), "10.0.0.1") == Json("10.0.0.1"));
  CHECK(from_text(root(), key("kubernetes.cluster-dns-ip"), R"(["10.0.0.1"])") == Json::array({"10.0.0.1"}));
  CHECK(from_text(root(), key("oci-defaults.resource-limits.max-open-files.soft-limit"), "-1") == Json(-1));
  CHECK(from_text(root(), key("network.interfaces.eno1.dhcp4"), "true") == Json(true));
  CHECK(from_text(root(), key("kubernetes.max-pods"), "many").error().message ==
        "kubernetes.max-pods: needs a whole number from 1 to 65535, not \"many\" (example: '58')");
  CHECK(from_text(root(), key("kernel.modules.\"a b\".allowed"), "true").error().code == ErrorCode::invalid_argument);
  CHECK(from_text(root(), key("motd.more"), "x").error().code == ErrorCode::not_found);
}

TEST_CASE("JSON in a text is not read deeper than a document") {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  for (const char* name :
       {"metrics.service-checks", "metrics.send-metrics", "kubernetes.max-pods", "ntp.time-servers"}) {
    const auto refused = from_text(root(), key(name), deep);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(refused.error().message.size() < 512);
    CHECK(!check(unflat({{key(name), deep}}), root()));
  }
}

TEST_CASE("changes are laid over what is there") {
  const Json base = {{"motd", "a"}, {"dns", {{"search-list", {"x"}}, {"name-servers", {"10.0.0.1"}}}}};
  CHECK(merged(base, {{"dns", {{"search-list", Json::array()}}}}) ==
        Json{{"motd", "a"}, {"dns", {{"search-list", Json::array()}, {"name-servers", {"10.0.0.1"}}}}});
}

TEST_CASE("documents become keys and values, and documents again") {
  const Json document = Json::parse(R"({"motd": "a", "kernel": {"sysctl": {"vm.max_map_count": "1"}},
      "container-registry": {"mirrors": {"docker.io": ["https://m"]}}, "network": {"interfaces": {"e": {"dhcp4": true}}}})");
  const Flat values = flat(document, root());
  CHECK(values.size() == 4);
  CHECK(values.at(key("kernel.sysctl.\"vm.max_map_count\"")) == "1");
  CHECK(values.at(key("container-registry.mirrors")).is_object());
  CHECK(unflat(values) == document);
}

TEST_CASE("keys and values of another version can be shown, whatever they are") {
  // A text where a table is, a table where a text is, and what is not declared.
  const Flat values = {{key("motd"), "a"}, {key("motd.text"), "b"}, {key("gone.by"), {{"c", "hunter2"}}}};
  const Json document = unflat(values);
  CHECK(document == Json{{"motd", {{"text", "b"}}}, {"gone", {{"by", {{"c", "hunter2"}}}}}});
  CHECK(flat(document, root()).size() == 2);
  CHECK_FALSE(redacted(document, root()).dump().contains("hunter2"));
}

TEST_CASE("a part of a document keeps its place") {
  const Json document = {{"motd", "a"}, {"network", {{"hostname", "b"}, {"https-proxy", "c"}}}};
  CHECK(only_below(document, key("network.hostname")) == Json{{"network", {{"hostname", "b"}}}});
  CHECK(only_below(document, Key()) == document);
  CHECK(only_below(document, key("dns")) == Json::object());
  CHECK(only_below(document, key("motd.x")) == Json::object());
}

TEST_CASE("what decides about code, trust and roles is the admin's, with everything below it") {
  for (const char* text :
       {"api", "api.roles", "kernel.sysctl.a", "boot.reapply-user-data", "pki.mine.trusted", "updates.seed",
        "container-registry.mirrors", "container-runtime.snapshotter", "host-containers.a.superpowered",
        "bootstrap-commands.a.mode", "sandbox.allowed-runtimes", "ntp.time-servers", "network.firewall.enabled",
        "health.checks.a.unit", "dns.name-servers", "no-longer.there", "kernel.no-such"}) {
    INFO(text);
    CHECK(changed_by(root(), key(text)) == Role::admin);
  }
  for (const char* text : {"motd", "metrics.send-metrics", "workloads.web.source"}) {
    INFO(text);
    CHECK(changed_by(root(), key(text)) == Role::operator_role);
  }
  for (const Entry& entry : entries(root())) {
    if (entry.key.contains('<') || entry.key.contains("[]")) continue;
    INFO(entry.key);
    CHECK(changed_by(root(), key(entry.key.c_str())) == entry.about.changed_by);
  }
}

TEST_CASE("every declaration is complete: sentence, good example, good default, known type") {
  const auto all = entries(root());
  CHECK(all.size() > 150);
  for (const Entry& entry : all) {
    INFO(entry.key);
    CHECK(entry.about.doc.ends_with('.'));
    REQUIRE(!entry.about.example.empty());
    CHECK(!entry.about.affects.empty());
    const Json example = Json::parse(entry.about.example);
    const auto accepted = check(example, *entry.shape);
    INFO((accepted ? "" : accepted.error().message));
    CHECK(accepted);
    if (!entry.about.default_value.empty()) CHECK(fits(Json::parse(entry.about.default_value), *entry.shape));
  }
}

TEST_CASE("the defaults are a good document, and survive being read and written") {
  const Json document = defaults(root());
  CHECK(check(document, root()));
  CHECK(document["updates"]["version-lock"] == "latest");
  CHECK(document["metrics"]["send-metrics"] == false);
  CHECK(Settings::from_json(document).value().to_json() == document);
}

TEST_CASE("what was checked is read into types, and written as it was") {
  const Json document = Json::parse(R"({"motd": "hi", "kernel": {"lockdown": "confidentiality"},
      "kubernetes": {"cloud-provider": "", "node-taints": {"a": "b:NoExecute"}, "cpu-manager-policy": "static"},
      "network": {"interfaces": {"eno1": {"dhcp6": {"enabled": true}, "monitoring": {"arpmon-validate": "all"}}}},
      "pki": {"mine": {"trusted": true}}})");
  const Settings settings = Settings::from_json(document).value();
  CHECK(settings.motd->text == "hi");
  CHECK(settings.kernel.lockdown == Lockdown::confidentiality);
  CHECK(std::get<Dhcp>(*settings.network.interfaces.at(InterfaceName::parse("eno1").value()).dhcp6).enabled == true);
  CHECK(settings.to_json() == document);
}

TEST_CASE("every setting comes back as it was typed") {
  const auto all = samples(root(), {});
  CHECK(all.size() > entries(root()).size());
  for (const Json& document : all) {
    INFO(document.dump());
    const auto settings = Settings::from_json(document);
    REQUIRE(settings);
    CHECK(settings->to_json() == document);
  }
}

TEST_CASE("a value keeps the text that it was made from, whatever its canonical form is") {
  const Json document = Json::parse(R"({
      "dns": {"name-servers": ["FD00:0::1"]}, "api": {"roles": [{"subject": "ops-*"}], "revoked": ["0A:1b"]},
      "network": {"firewall": {"open-ports": ["80-80/tcp"]}, "https-proxy": "http://user:pa$$word@p.example:3128",
                  "interfaces": {"eno1": {"static6": {"addresses": ["FD00::9/064"]}}}},
      "ntp": {"time-servers": ["https://time.example.com/"]}, "aws": {"config": "W2RlZmF1bHRdCg=="},
      "kubernetes": {"image-minimum-gc-age": "60.50s", "container-log-max-size": "1024Ki",
                     "eviction-hard": {"memory.available": "15.0%"}, "reserved-cpus": "0,02-3"}})");
  CHECK(Settings::from_json(document).value().to_json() == document);
}

TEST_CASE("the schema says what the checks say") {
  const Json schema = json_schema(root());
  CHECK(schema["additionalProperties"] == false);
  const Json& hostname = schema["properties"]["network"]["properties"]["hostname"];
  CHECK(hostname["type"] == "string");
  CHECK(hostname["maxLength"] == 64);
  CHECK(schema["properties"]["kubernetes"]["properties"]["bootstrap-token"]["writeOnly"] == true);
  CHECK(schema["properties"]["ntp"]["properties"]["time-servers"]["default"].is_array());
}
