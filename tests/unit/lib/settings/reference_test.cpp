#include "lib/settings/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <optional>
#include <set>

#include "lib/settings/settings.hpp"
#include "tests/support/golden.hpp"

using namespace bulkhead;
using namespace bulkhead::settings;

TEST_CASE("docs/settings.md is what the declarations say") {
  CHECK(testing::matches_golden("../../docs/settings.md", reference_page(Settings::shape())) == "");
}

TEST_CASE("a key is explained with all that is known about it") {
  CHECK(explain(Settings::shape(), Key::parse("updates.version-lock").value()).value() ==
        "updates.version-lock\n"
        "  The version to update to, or \"latest\". Without effect in this version.\n"
        "  value     a version (\"latest\" or MAJOR.MINOR.PATCH)\n"
        "  default   \"latest\"\n"
        "  example   \"1.4.0\"\n"
        "  affects   updater\n"
        "  since     0.1.0\n"
        "  role      only an admin may change it\n");
  CHECK_FALSE(explain(Settings::shape(), Key::parse("motd").value())->contains("admin"));
  CHECK(explain(Settings::shape(), Key::parse("aws.credentials").value())->contains("never shown"));
  CHECK(explain(Settings::shape(), Key::parse("pki.mine").value())->contains("pki.mine.trusted"));
  CHECK(explain(Settings::shape(), Key())->contains("kubernetes"));
}

TEST_CASE("explaining an unknown key names the nearest") {
  CHECK(explain(Settings::shape(), Key::parse("updates.seeed").value()).error().message ==
        "there is no setting 'updates.seeed'; the nearest is 'updates.seed'");
}

TEST_CASE("what nothing reads in this version says so, in every description") {
  const auto of = [](const char* name) { return explain(Settings::shape(), Key::parse(name).value()).value(); };
  constexpr const char* kNothing = "Without effect in this version.";
  for (const char* name : {"boot.kernel-parameters", "boot.reboot-to-reconcile", "health.checks", "health.checks.a.url",
                           "metrics.send-metrics", "metrics", "workloads.a.source"}) {
    INFO(name);
    CHECK(of(name).contains(kNothing));
    CHECK_FALSE(of(name).contains("next boot"));
  }
  for (const char* name : {"motd", "kernel.sysctl", "kernel.lockdown", "kubernetes.api-server", "boot"}) {
    INFO(name);
    const std::string explained = of(name);
    CHECK_FALSE(explained.substr(0, explained.find("\n    ")).contains(kNothing));  // without members
  }
}

TEST_CASE("every example that is shown is accepted") {
  std::set<std::string> names;
  for (const Entry& entry : entries(Settings::shape())) {
    if (entry.key.contains("[]")) continue;
    names.insert(entry.key);
    if (entry.key.ends_with(".<name>")) names.insert(entry.key.substr(0, entry.key.rfind('.')));
  }
  int shown = 0;
  int tables = 0;
  for (const std::string& name : names) {
    INFO(name);
    // A name that every map takes, or else one that this map takes.
    std::optional<Key> key;
    for (const char* given : {"a", "net-admin", "max-open-files", "\"memory.available\"", "cpu", "0"}) {
      std::string text = name;
      for (std::size_t at = 0; (at = text.find("<name>")) != std::string::npos;) text.replace(at, 6, given);
      key = Key::parse(text).value();
      if (find(Settings::shape(), *key)) break;
    }
    const auto explanation = explain(Settings::shape(), *key);
    if (!explanation) continue;  // below an alternative, which is explained as a whole
    const std::string& explained = *explanation;
    ++shown;
    const std::size_t at = explained.find("  example   ");
    REQUIRE(at != std::string::npos);
    const std::size_t begin = at + std::string_view("  example   ").size();
    const std::string example = explained.substr(begin, explained.find('\n', begin) - begin);
    INFO(example);
    if (example.starts_with('{')) ++tables;
    // A shell takes the quotes away from a text.
    const Json value = Json::parse(example);
    CHECK(from_text(Settings::shape(), *key, value.is_string() ? value.get<std::string>() : example));
  }
  CHECK(shown > 150);
  CHECK(tables > 10);
}

TEST_CASE("a name with dots that was typed without quotes is told how to be typed") {
  const auto found = find(Settings::shape(), Key::parse("kernel.sysctl.vm.swappiness").value());
  REQUIRE_FALSE(found);
  CHECK(found.error().hint == "put a name with dots in double quotes: kernel.sysctl.\"vm.swappiness\"");
  CHECK(find(Settings::shape(), Key::parse("motd.x").value()).error().hint.empty());
}
