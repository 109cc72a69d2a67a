#include <catch2/catch_test_macros.hpp>

#include <ranges>
#include <set>

#include "lib/base/text.hpp"
#include "lib/dbus/rights.hpp"
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

TEST_CASE("bulkhead-units lets the API server restart the units of this table, and no others") {
  std::set<std::string_view> units;
  for (const Service& service : services()) {
    if (!service.unit.empty()) units.insert(service.unit);
  }
  CHECK(units == std::set<std::string_view>(dbus::kRestartableUnits.begin(), dbus::kRestartableUnits.end()));
}

namespace {

const sys::Path kOverlay = BULKHEAD_OVERLAY_DIR;

// Where a path leads by the links of the image: the first component that is a link is followed, once.
sys::Path followed(const sys::Path& path) {
  sys::Path at;
  for (auto part = path.begin(); part != path.end(); ++part) {
    at /= *part;
    std::error_code none;
    const sys::Path target = std::filesystem::read_symlink(kOverlay / at.relative_path(), none);
    if (none) continue;
    at = at.parent_path() / target;
    while (++part != path.end()) at /= *part;
    break;
  }
  return at.lexically_normal();
}

}  // namespace

TEST_CASE("readers find every file that is rendered at the place where it is written") {
  CHECK(place_of("/etc/hosts") == "/etc/bulkhead/hosts");
  CHECK(place_of("/etc/bulkhead/proxy.env") == "/etc/bulkhead/proxy.env");
  CHECK(place_of("/etc/bulkheads") == "/etc/bulkhead/bulkheads");
  for (const auto& table : {permanent_files(), families()}) {
    for (const FileFamily& file : table) {
      const sys::Path path = sys::Path(file.directory) / file.pattern;
      INFO(path.native());
      CHECK(followed(path) == place_of(path));
    }
  }
}

namespace {

// A document that sets `key` ("a.<name>.b") to `value`, and what it cannot do without.
std::optional<settings::Settings> with(const std::string& key, Json value) {
  const auto segments = split(key, '.');
  for (const std::string_view segment : segments | std::views::reverse)
    value = Json{{segment == "<name>" ? "example" : std::string(segment), std::move(value)}};
  const auto document = settings::merged(settings::defaults(settings::Settings::shape()), value);
  auto typed = settings::Settings::from_json(document);
  return typed ? std::optional(*std::move(typed)) : std::nullopt;
}

}  // namespace

TEST_CASE("a setting changes files of no other service than those it names") {
  const auto before = rendered(Json::object()).value();
  int changed = 0;
  for (const settings::Entry& entry : settings::entries(settings::Settings::shape())) {
    if (entry.about.example.empty() || entry.key.contains("[]")) continue;
    INFO(entry.key);
    const auto settings = with(entry.key, Json::parse(entry.about.example));
    if (!settings) continue;  // a map whose names are given
    const auto after = render::render(*settings, facts());
    if (!after) continue;  // not without others, as a bond without links
    const auto affected = split(entry.about.affects, ' ');
    const auto named = [&](const File& file) { return std::ranges::contains(affected, file.service); };
    for (const auto& [one, other] : {std::pair(&before, &*after), std::pair(&*after, &before)}) {
      for (const File& file : *one) {
        if (std::ranges::contains(*other, file)) continue;
        INFO(file.path);
        CHECK(named(file));
        ++changed;
      }
    }
  }
  CHECK(changed > 40);
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
    CHECK(settings::is_read(service.name) != service.doc.contains("Nothing reads this yet."));
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
