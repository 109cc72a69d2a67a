// docs/services.md: every service of the image, as whom it runs, what it may do, and the figure that systemd-analyze
// gives its sandbox. Made from the units in the built image, so that a unit, a drop-in or a package that changes shows
// there.
#include <catch2/catch_test_macros.hpp>
#include <toml++/toml.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "lib/base/text.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/rootfs/unit_file.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/must.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

using rootfs::UnitSetting;

constexpr const char* kUnits = "usr/lib/systemd/system";
// Tenths, as systemd-analyze prints one digit behind the point.
constexpr int kLimitOfOurs = 25;
constexpr int kLimitOfPackages = 50;

struct ServiceUnit {
  bool ours = false;  // the unit itself lies in the overlay, not only a drop-in
  std::string user;
  std::string capabilities;
  int tenths = 0;
  std::vector<UnitSetting> settings{};

  int limit() const { return ours ? kLimitOfOurs : kLimitOfPackages; }
};

// The unit and its drop-ins, in the order in which systemd reads them.
std::vector<UnitSetting> settings_of(const sys::Path& units, const std::string& name) {
  std::vector<sys::Path> files = {units / name};
  const sys::Path drop_ins = units / (name + ".d");
  if (sys::exists(drop_ins)) std::ranges::copy(must(sys::list_directory(drop_ins)), std::back_inserter(files));
  std::vector<UnitSetting> settings;
  for (const sys::Path& file : files) {
    if (file != units / name && file.extension() != ".conf") continue;
    std::ranges::copy(rootfs::parse_unit_file(must(sys::read_file(file))), std::back_inserter(settings));
  }
  return settings;
}

std::string last_value(const std::vector<UnitSetting>& settings, std::string_view key) {
  std::string value;
  for (const UnitSetting& setting : settings) {
    if (setting.section == "Service" && setting.key == key) value = setting.value;
  }
  return value;
}

// systemd.exec(5): the first assignment replaces "all", later ones add, an empty one is none, "~" takes away.
std::string capabilities_of(const std::vector<UnitSetting>& settings) {
  bool all = true;
  std::set<std::string> named;  // what there is, or, of all, what there is not
  for (const UnitSetting& setting : settings) {
    if (setting.section != "Service" || setting.key != "CapabilityBoundingSet") continue;
    std::string_view words = setting.value;
    const bool taken_away = words.starts_with('~');
    if (taken_away) words.remove_prefix(1);
    if (!taken_away && (all || words.empty())) {
      all = false;
      named.clear();
    }
    for (const std::string_view word : split(words, ' ')) {
      if (word.empty()) continue;
      const std::string name(word.starts_with("CAP_") ? word.substr(4) : word);
      if (taken_away == all)
        named.insert(name);
      else
        named.erase(name);
    }
  }
  std::string text;
  for (const std::string& name : named) text += (text.empty() ? "" : " ") + name;
  if (all) return text.empty() ? "all" : "all but " + text;
  return text.empty() ? "none" : text;
}

int figure_of(const sys::Path& root, const std::string& unit) {
  const std::size_t at = unit.find("@.");
  const std::string name = at == std::string::npos ? unit : unit.substr(0, at + 1) + "x" + unit.substr(at + 1);
  const auto result =
      tool({"systemd-analyze", "security", "--offline=yes", "--no-pager", "--root=" + root.native(), name});
  INFO(result.err);
  REQUIRE(result.exit_status == 0);
  const std::string label = std::format("Overall exposure level for {}: ", name);
  const auto found = result.out.find(label);
  REQUIRE(found != std::string::npos);
  const auto parts = split(std::string_view(result.out).substr(found + label.size()), ' ');
  const auto digits = split(parts.at(0), '.');
  return must(parse_integer<int>(digits.at(0))) * 10 + must(parse_integer<int>(digits.at(1)));
}

std::map<std::string, ServiceUnit> services_of(const std::string& variant) {
  const sys::TempDir scratch = must(sys::TempDir::create("/var/tmp", "services-"));
  const sys::Path root = scratch.path() / "tree";
  const auto unpacked =
      tool({"fsck.erofs", "--extract=" + root.native(), (image_directory(variant) / "root.erofs").native()});
  INFO(unpacked.err);
  REQUIRE(unpacked.exit_status == 0);
  std::map<std::string, ServiceUnit> services;
  for (const sys::Path& path : must(sys::list_directory(root / kUnits))) {
    const std::string name = path.filename();
    // A link is another name of a unit, or masks one.
    if (!name.ends_with(".service") || std::filesystem::is_symlink(path) || !std::filesystem::is_regular_file(path))
      continue;
    const auto settings = settings_of(root / kUnits, name);
    if (last_value(settings, "ExecStart").empty()) continue;
    const std::string user = last_value(settings, "User");
    services[name] = {.ours = sys::exists(source_directory() / "os-builder/rootfs/overlay/base" / kUnits / name),
                      .user = user.empty() ? "root" : user,
                      .capabilities = capabilities_of(settings),
                      .tenths = figure_of(root, name),
                      .settings = settings};
  }
  return services;
}

std::map<std::string, std::string> reasons() {
  const toml::table file = toml::parse_file((source_directory() / "os-builder/rootfs/services.toml").native());
  std::map<std::string, std::string> reasons;
  for (const auto& [unit, reason] : *file["reasons"].as_table())
    reasons[std::string(unit.str())] = reason.ref<std::string>();
  return reasons;
}

std::string page_of(const std::map<std::string, ServiceUnit>& services) {
  std::string page =
      "# Services\n\n"
      "Every service of the image `kvm`, generated from its units by `tests/image/services_test.cpp`; the test with\n"
      "`BULKHEAD_ACCEPT=1` writes it anew. The figure is the one of `systemd-analyze security`: 0 when everything is "
      "closed to the\n"
      "service, 10 when nothing is. Units of ours stay at 2.5 or below, others at 5; one that does not has a reason, "
      "which\n"
      "`os-builder/rootfs/services.toml` gives. The units and drop-ins lie in `os-builder/rootfs/overlay`.\n\n"
      "The figure does not see two things, which the same test asks for. systemd 257 leaves `/run` and `/sys` writable "
      "to a\n"
      "service with `ProtectSystem=strict` when another option needs the API file systems (`MountAPIVFS=`), so units "
      "name them once\n"
      "more. And whoever is root gets everything done by process 1, containerd and the bus, so services of root do not "
      "reach\n"
      "their sockets.\n\n"
      "| unit | from | user | capabilities | figure |\n|---|---|---|---|---|\n";
  for (const auto& [name, service] : services) {
    page += std::format("| `{}` | {} | {} | {} | {}.{} |\n", name, service.ours ? "Bulkhead" : "a package",
                        service.user, service.capabilities, service.tenths / 10, service.tenths % 10);
  }
  page += "\n## Above the limit\n\n";
  for (const auto& [unit, reason] : reasons()) page += std::format("- `{}`: {}\n", unit, reason);
  return page;
}

// The key's words in the unit and its drop-ins.
bool lists(const std::vector<UnitSetting>& settings, std::string_view key, std::string_view word) {
  return std::ranges::contains(rootfs::unit_words(settings, "Service", key), word);
}

}  // namespace

TEST_CASE("docs/services.md is what the units of the image say") {
  const auto services = services_of("kvm");
  REQUIRE(services.size() > 25);
  CHECK(matches_golden("../../docs/services.md", page_of(services)) == "");
  CHECK(page_of(services_of("ec2")) == page_of(services));
}

// systemd 257 leaves /run and /sys writable with ProtectSystem=strict and ProtectKernelTunables=, as soon as a setting
// implies MountAPIVFS= (ProtectProc=, ProtectControlGroups= and others): it skips what is mounted already.
TEST_CASE("a service of root that may not write files may not write those of /run and /sys either") {
  std::size_t strict = 0;
  for (const auto& [name, service] : services_of("kvm")) {
    if (last_value(service.settings, "ProtectSystem") != "strict" || service.user != "root") continue;
    INFO(name);
    ++strict;
    CHECK(lists(service.settings, "ReadOnlyPaths", "/run"));
    if (last_value(service.settings, "ProtectKernelTunables") == "yes")
      CHECK(lists(service.settings, "BindReadOnlyPaths", "/sys"));
    else
      CHECK(lists(service.settings, "ReadOnlyPaths", "/proc"));
  }
  CHECK(strict > 10);
}

// Whoever is root has everything done by them, whatever its own sandbox says.
TEST_CASE("a service of root does not reach process 1, containerd and the bus, unless that is its work") {
  // bulkhead-units is the way to process 1; the others show which units failed, when nothing else may run any more.
  const std::set<std::string> by_design = {"bulkhead-units.service", "bulkhead-trial-failed.service",
                                           "emergency.service", "rescue.service", "containerd.service"};
  for (const auto& [name, service] : services_of("kvm")) {
    if (!service.ours || service.user != "root" || by_design.contains(name)) continue;
    INFO(name);
    CHECK_FALSE(rootfs::unit_words(service.settings, "Service", "RestrictAddressFamilies").empty());
    if (!lists(service.settings, "RestrictAddressFamilies", "AF_UNIX")) continue;
    for (const std::string place : {"/run/systemd/private", "/run/containerd", "/run/dbus"}) {
      INFO(place);
      CHECK((lists(service.settings, "InaccessiblePaths", place) ||
             lists(service.settings, "InaccessiblePaths", "-" + place)));
    }
  }
}

TEST_CASE("a service above its limit has a reason, and no other one has") {
  const auto services = services_of("kvm");
  const auto given = reasons();
  for (const auto& [name, service] : services) {
    INFO(name << " " << service.tenths);
    CHECK((service.tenths > service.limit()) == given.contains(name));
  }
  for (const auto& [name, reason] : given) {
    INFO(name);
    CHECK(services.contains(name));
    CHECK(reason.size() > 40);
  }
}

}  // namespace bulkhead::testing
