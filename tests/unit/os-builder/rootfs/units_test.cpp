#include <catch2/catch_test_macros.hpp>

#include "lib/sys/file.hpp"
#include "os-builder/rootfs/steps.hpp"
#include "os-builder/rootfs/unit_file.hpp"

namespace bulkhead::rootfs {
namespace {

Tree tree_of(std::initializer_list<std::pair<std::string, std::string>> units) {
  Tree tree;
  for (const auto& [name, text] : units) REQUIRE(tree.put_file(std::format("{}/{}", kUnitDir, name), text, 0644, "a"));
  return tree;
}

std::string link(const Tree& tree, const std::string& name) {
  const Entry* const entry = tree.find(std::format("{}/{}", kUnitDir, name));
  return entry == nullptr || entry->symlink() == nullptr ? "absent" : entry->symlink()->target;
}

variant::Variant enabling(std::vector<std::string> units) {
  variant::Variant variant;
  variant.enabled_units = std::move(units);
  return variant;
}

TEST_CASE("settings of a unit file are read as systemd reads them") {
  const auto settings = parse_unit_file(
      "# comment\n[Unit]\nAfter = a.service \\\n ; in between\n  b.service\n\n[Install]\nAlias=x\nno setting\n");
  CHECK(settings == std::vector<UnitSetting>{{"Unit", "After", "a.service b.service"}, {"Install", "Alias", "x"}});
  CHECK(unit_words(parse_unit_file("[S]\nK=a b\nK=\nK=c  d\n"), "S", "K") == std::vector<std::string>{"c", "d"});
}

TEST_CASE("systemd never gives the API up, however often it ends") {
  const sys::Path units = BULKHEAD_OVERLAY "/base/usr/lib/systemd/system";
  const auto value = [&](const char* unit, std::string_view section, std::string_view key) {
    const auto text = sys::read_file(units / unit);
    REQUIRE(text);
    const auto words = unit_words(parse_unit_file(*text), section, key);
    return words.empty() ? "" : words.back();
  };
  for (const char* unit : {"apiserver.service", "apiserver.socket", "apiserver-containers.socket",
                           "apiserver-front.service", "apiserver-front.socket"}) {
    CHECK(value(unit, "Unit", "StartLimitIntervalSec") == "0");
    if (std::string_view(unit).ends_with(".socket")) CHECK(value(unit, "Socket", "TriggerLimitIntervalSec") == "0");
  }
  for (const char* unit : {"apiserver.service", "apiserver-front.service"}) {
    CHECK(value(unit, "Service", "Restart") == "always");
    CHECK(value(unit, "Service", "RestartMaxDelaySec") == "10");
  }
}

TEST_CASE("the program of a command line is found behind its prefixes") {
  CHECK(exec_program("/usr/bin/true") == "/usr/bin/true");
  CHECK(exec_program("-!!/usr/bin/true --all") == "/usr/bin/true");
  CHECK(exec_program("@/usr/bin/true name") == "/usr/bin/true");
  CHECK(exec_program("\"/usr/bin/with space\" x") == "/usr/bin/with space");
  CHECK(exec_program("").empty());
}

TEST_CASE("enabled units are wanted by what their [Install] section names") {
  Tree tree =
      tree_of({{"a.service",
                "[Install]\nWantedBy=multi-user.target other.target\nAlias=b.service\nAlso=a.socket missing.socket\n"},
               {"a.socket", "[Install]\nRequiredBy=sockets.target\n"},
               {"shell@.service", "[Install]\nWantedBy=multi-user.target\n"}});
  REQUIRE(arrange_units(enabling({"a.service", "shell@ttyS0.service"}), tree));
  CHECK(link(tree, "multi-user.target.wants/a.service") == "../a.service");
  CHECK(link(tree, "other.target.wants/a.service") == "../a.service");
  CHECK(link(tree, "b.service") == "a.service");
  CHECK(link(tree, "sockets.target.requires/a.socket") == "../a.socket");
  CHECK(link(tree, "multi-user.target.wants/shell@ttyS0.service") == "../shell@.service");
}

TEST_CASE("units of packages lose their credentials, and nothing else") {
  Tree tree = tree_of({{"a.service", "[Service]\nImportCredential=tmpfiles.*\n LoadCredential = x:y\nUser=a\n"},
                       {"b.service", "[Service]\nSetCredentialEncrypted=x: y"},
                       {"c.service.d/c.conf", "[Service]\nLoadCredentialEncrypted=x\n\n"},
                       {"d.service", "[Service]\nEnvironment=A=ImportCredential=x"}});
  REQUIRE(arrange_units({}, tree));
  const auto text = [&tree](const std::string& name) {
    return *tree.find(std::format("{}/{}", kUnitDir, name))->content()->read();
  };
  CHECK(text("a.service") == "[Service]\nUser=a\n");
  CHECK(text("b.service") == "[Service]");
  CHECK(text("c.service.d/c.conf") == "[Service]\n\n");
  CHECK(text("d.service") == "[Service]\nEnvironment=A=ImportCredential=x");
}

TEST_CASE("enabling a unit that is not there names the nearest one") {
  Tree tree = tree_of(
      {{"systemd-networkd.service", "[Install]\nWantedBy=multi-user.target\n"}, {"static.service", "[Service]\n"}});
  const auto unknown = arrange_units(enabling({"systemd-network.service"}), tree);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().hint == "did you mean 'systemd-networkd.service'?");
  const auto fixed = arrange_units(enabling({"static.service"}), tree);
  REQUIRE_FALSE(fixed);
  CHECK(fixed.error().describe().contains("no [Install] section"));
}

TEST_CASE("masked units and units that are not in the image are not pulled in by packages' links") {
  Tree tree = tree_of({{"a.service", ""}, {"b.service", ""}, {"t@.service", ""}});
  for (const char* name : {"a.service", "b.service", "gone.service", "t@x.service"}) {
    REQUIRE(
        tree.put_symlink(std::format("{}/sysinit.target.wants/{}", kUnitDir, name), std::format("../{}", name), "a"));
  }
  variant::Variant variant;
  variant.masked_units = {"a.service"};
  REQUIRE(arrange_units(variant, tree));
  CHECK(link(tree, "a.service") == "/dev/null");
  CHECK(link(tree, "sysinit.target.wants/a.service") == "absent");
  CHECK(link(tree, "sysinit.target.wants/gone.service") == "absent");
  CHECK(link(tree, "sysinit.target.wants/b.service") == "../b.service");
  CHECK(link(tree, "sysinit.target.wants/t@x.service") == "../t@x.service");
}

TEST_CASE("the default target is a link to a unit that exists") {
  Tree tree = tree_of({{"multi-user.target", ""}, {"default.target", "graphical"}});
  variant::Variant variant;
  variant.default_target = "multi-user.target";
  REQUIRE(arrange_units(variant, tree));
  CHECK(link(tree, "default.target") == "multi-user.target");
  variant.default_target = "graphical.target";
  CHECK_FALSE(arrange_units(variant, tree));
}

}  // namespace
}  // namespace bulkhead::rootfs
