#include "os-builder/packages/closure.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/base/text.hpp"

namespace bulkhead::packages {
namespace {

// An archive as a table. "a" satisfies dependencies on "a" and on all that it provides; "a (>= 2)" is satisfied by
// nobody.
class Table final : public PackageIndex {
 public:
  struct Row {
    std::vector<std::string> depends{};  // each "a" or "a|b"
    std::vector<std::string> provides{};
    std::vector<std::string> conflicts{};
  };
  // What other suites have: package -> suite and version.
  std::map<std::string, std::vector<Offer>, std::less<>> elsewhere;

  explicit Table(std::map<std::string, Row> rows) : rows_(std::move(rows)) {
    for (const auto& [name, row] : rows_) {
      Candidate candidate{.name = name, .version = "1", .dependencies = {}, .conflicts = {}};
      for (const std::string& text : row.depends) {
        Dependency dependency;
        for (const std::string_view alternative : split(text, '|')) {
          const std::string target(alternative.substr(0, alternative.find(' ')));
          dependency.push_back({std::string(alternative), target, matching(alternative)});
        }
        candidate.dependencies.push_back(std::move(dependency));
      }
      for (const std::string& target : row.conflicts) {
        auto with = matching(target);
        std::erase(with, name);
        candidate.conflicts.push_back({"Conflicts: " + target, with});
      }
      candidates_.emplace(name, std::move(candidate));
    }
  }

  const Candidate* find(std::string_view name) override {
    const auto found = candidates_.find(name);
    return found == candidates_.end() ? nullptr : &found->second;
  }
  std::vector<std::string> providers(std::string_view name) override {
    std::vector<std::string> names = matching(name);
    std::erase(names, std::string(name));
    return names;
  }
  std::vector<Offer> offers(std::string_view name) override {
    const auto found = elsewhere.find(name);
    return found == elsewhere.end() ? std::vector<Offer>() : found->second;
  }
  std::vector<std::string> names() override {
    std::vector<std::string> names;
    for (const auto& [name, row] : rows_) names.push_back(name);
    return names;
  }

 private:
  std::vector<std::string> matching(std::string_view target) const {
    std::vector<std::string> names;
    if (rows_.contains(std::string(target))) names.emplace_back(target);
    for (const auto& [name, row] : rows_) {
      if (std::ranges::find(row.provides, target) != row.provides.end()) names.push_back(name);
    }
    return names;
  }

  std::map<std::string, Row> rows_;
  std::map<std::string, Candidate, std::less<>> candidates_;
};

std::string failure(Table table, const Reasons& wanted, const Reasons& excluded = {}) {
  const auto result = closure(table, wanted, excluded);
  if (result) return "no error";
  CHECK(result.error().code == ErrorCode::invalid_argument);
  return result.error().message;
}

TEST_CASE("everything that is needed comes in with its reason") {
  Table table({{"app", {.depends = {"lib", "tool"}}},
               {"tool", {.depends = {"lib"}}},
               {"lib", {.depends = {"base"}}},
               {"base", {}},
               {"other", {}}});
  CHECK(closure(table, {{"app", "asked"}}, {}) ==
        Reasons{{"app", "asked"}, {"base", "needed by lib"}, {"lib", "needed by app"}, {"tool", "needed by app"}});
}

TEST_CASE("packages may need each other") {
  Table table({{"a", {.depends = {"b"}}}, {"b", {.depends = {"a"}}}});
  CHECK(closure(table, {{"a", "asked"}}, {}) == Reasons{{"a", "asked"}, {"b", "needed by a"}});
}

TEST_CASE("a choice takes what is in anyway, wherever that comes from") {
  Table table({{"a", {.depends = {"x|y", "z"}}}, {"z", {.depends = {"y"}}}, {"x", {}}, {"y", {}}});
  CHECK(closure(table, {{"a", "asked"}}, {}) == Reasons{{"a", "asked"}, {"y", "needed by z"}, {"z", "needed by a"}});
}

TEST_CASE("a choice that stays open takes the first alternative that exists and conflicts with nothing") {
  Table table({{"a", {.depends = {"gone|x|y"}}}, {"x", {.conflicts = {"b"}}}, {"y", {}}, {"b", {}}});
  CHECK(closure(table, {{"a", "asked"}}, {}) == Reasons{{"a", "asked"}, {"x", "needed by a"}});
  CHECK(closure(table, {{"a", "asked"}, {"b", "asked"}}, {}) ==
        Reasons{{"a", "asked"}, {"b", "asked"}, {"y", "needed by a"}});
}

TEST_CASE("a virtual package is satisfied by a provider") {
  Table table({{"a", {.depends = {"mta"}}}, {"m1", {.provides = {"mta"}}}, {"m2", {.provides = {"mta"}}}});
  CHECK(closure(table, {{"a", "asked"}}, {})->contains("m1"));
  CHECK_FALSE(closure(table, {{"a", "asked"}, {"m2", "asked"}}, {})->contains("m1"));
}

TEST_CASE("an excluded package counts as installed and brings nothing in") {
  Table table({{"containerd", {.depends = {"runc (>= 1)", "libc"}}},
               {"runc", {.depends = {"libseccomp"}}},
               {"libc", {}},
               {"libseccomp", {}}});
  CHECK(closure(table, {{"containerd", "asked"}}, {{"runc", "crun"}}) ==
        Reasons{{"containerd", "asked"}, {"libc", "needed by containerd"}});
}

TEST_CASE("an excluded package satisfies a choice, so that no other alternative comes in") {
  Table table({{"linux", {.depends = {"initramfs-tools|linux-initramfs-tool"}}},
               {"initramfs-tools", {.provides = {"linux-initramfs-tool"}}},
               {"dracut", {.provides = {"linux-initramfs-tool"}}}});
  CHECK(closure(table, {{"linux", "asked"}}, {{"initramfs-tools", "own initrd"}}) == Reasons{{"linux", "asked"}});
}

TEST_CASE("an exclusion that nothing needs is an error") {
  const std::map<std::string, Table::Row> rows = {{"a", {.depends = {"x|y"}}}, {"x", {}}, {"y", {}}, {"z", {}}};
  CHECK(failure(Table(rows), {{"a", ""}}, {{"z", ""}}) == "packages.exclude: nothing depends on 'z'");
  CHECK(failure(Table(rows), {{"a", ""}, {"x", ""}}, {{"y", ""}}) == "packages.exclude: nothing depends on 'y'");
  CHECK(failure(Table(rows), {{"a", ""}}, {{"x", ""}, {"y", ""}}) == "no error");
}

TEST_CASE("an unknown package is an error with the nearest name") {
  Table table({{"systemd", {}}});
  const auto result = closure(table, {{"sytemd", ""}}, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "packages.install: the archive has no package 'sytemd'");
  CHECK(result.error().hint == "the nearest name is 'systemd'");
  CHECK(failure(Table({{"a", {}}}), {{"a", ""}}, {{"b", ""}}) == "packages.exclude: the archive has no package 'b'");
}

TEST_CASE("asking for a virtual package is an error that lists who provides it") {
  Table table({{"m1", {.provides = {"mta"}}}, {"m2", {.provides = {"mta"}}}});
  const auto result = closure(table, {{"mta", ""}}, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "packages.install: 'mta' is a virtual package");
  CHECK(result.error().hint == "name one that provides it: m1, m2");
}

TEST_CASE("an unsatisfiable dependency shows the chain and what there is") {
  CHECK(failure(Table({{"a", {.depends = {"b"}}}, {"b", {.depends = {"c (>= 2)|d"}}}, {"c", {}}}), {{"a", ""}}) ==
        "unsatisfiable dependency: a -> b -> c (>= 2) | d; the archive has c 1, no package 'd'");
}

TEST_CASE("what only another suite has is not taken, and the error says where and how to name it") {
  const std::string hint = "sid has lib 2.0: to take it from there, name lib in [packages.from.sid], with the reason";
  Table table(
      {{"a", {.depends = {"lib (>= 2)|other"}}}, {"b", {.depends = {"c"}}}, {"c", {.conflicts = {"d"}}}, {"d", {}}});
  table.elsewhere = {{"lib", {{"sid", "2.0", false}}}, {"d", {{"trixie", "1.0", true}, {"sid", "3.0", false}}}};
  const auto chain = closure(table, {{"a", ""}}, {});
  REQUIRE_FALSE(chain);
  CHECK(chain.error().message ==
        "unsatisfiable dependency: a -> lib (>= 2) | other; the archive has no package 'lib', no package 'other'");
  CHECK(chain.error().hint == hint);
  CHECK(closure(table, {{"lib", ""}}, {}).error().hint == hint);
  CHECK(closure(table, {{"b", ""}, {"d", ""}}, {}).error().hint.starts_with("sid has d 3.0: "));
}

TEST_CASE("a conflict shows how both packages came in") {
  CHECK(failure(Table({{"a", {.depends = {"b"}}}, {"b", {.conflicts = {"c"}}}, {"c", {}}}), {{"a", ""}, {"c", ""}}) ==
        "packages conflict: a -> b has 'Conflicts: c', but c 1 is installed too");
  SECTION("but not with itself as a provider") {
    Table table({{"m1", {.provides = {"mta"}, .conflicts = {"mta"}}}});
    CHECK(closure(table, {{"m1", ""}}, {}));
  }
}

}  // namespace
}  // namespace bulkhead::packages
