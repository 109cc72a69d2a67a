#include <catch2/catch_test_macros.hpp>

#include <set>

#include "lib/base/text.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/api-server/render/sample.hpp"

using namespace bulkhead;
using namespace bulkhead::render;
using namespace bulkhead::render::testing;

TEST_CASE("every service that settings name is in the table, and settings name every service") {
  std::set<std::string> named;
  for (const settings::Entry& entry : settings::entries(settings::Settings::shape())) {
    for (const std::string_view word : split(entry.about.affects, ' ')) {
      INFO(entry.key);
      INFO(word);
      CHECK(find_service(word) != nullptr);
      named.emplace(word);
    }
  }
  for (const Service& service : services()) {
    INFO(service.name);
    CHECK(named.contains(std::string(service.name)));
  }
}

TEST_CASE("services are named once, explained, and have a unit exactly when it is told") {
  std::set<std::string_view> names;
  for (const Service& service : services()) {
    INFO(service.name);
    CHECK(names.insert(service.name).second);
    CHECK(service.doc.ends_with('.'));
    const bool told = service.action == Action::reload || service.action == Action::restart;
    CHECK(told == !service.unit.empty());
    CHECK((!service.start || service.action == Action::restart));
  }
  CHECK(find_service("nobody") == nullptr);
}

TEST_CASE("every file is in exactly one family or permanent") {
  const Json changes = Json::parse(R"({
    "network": {"https-proxy": "http://p:1", "interfaces": {"v.1": {"kind": "vlan", "device": "e", "id": 1}}},
    "dns": {"search-list": ["a.example"]},
    "kernel": {"sysctl": {"a.b": "1"}, "modules": {"a": {"autoload": true}, "b": {"allowed": false}}},
    "aws": {"config": "", "credentials": ""},
    "oci-defaults": {"capabilities": {"bpf": true}},
    "container-registry": {"mirrors": {"*": ["https://a"], "b.example:5000": ["https://a"]}}})");
  const Json others = Json::parse(R"({"dns": {"search-list": ["a.example"]}})");
  std::set<const FileFamily*> used;
  for (const Json& settings : {changes, others}) {
    const auto files = rendered(settings).value();
    for (const File& file : files) {
      INFO(file.path);
      int owners = 0;
      for (const auto& table : {families(), permanent_files()}) {
        for (const FileFamily& family : table) {
          if (!family.contains(file.path)) continue;
          ++owners;
          used.insert(&family);
          CHECK(family.service == file.service);
        }
      }
      CHECK(owners == 1);
    }
  }
  CHECK(used.size() == families().size() + permanent_files().size());
}

TEST_CASE("a family has nothing of others in it") {
  for (const FileFamily& family : families()) {
    CHECK(!family.contains("/etc/systemd/network/20-other.network"));
    CHECK(!family.contains("/etc/sysctl.d/99-other.conf"));
    CHECK(!family.contains("/etc/containerd/certs.d/a/b/hosts.toml"));
    CHECK(find_service(family.service) != nullptr);
  }
}

TEST_CASE("docs/formats/configuration-files.md is what the tables say") {
  CHECK(bulkhead::testing::matches_golden("../../docs/formats/configuration-files.md", reference_page()) == "");
}
