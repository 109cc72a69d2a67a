#include "os-builder/outdated/outdated.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "lib/sys/child.hpp"
#include "tests/support/archive.hpp"
#include "tests/support/golden.hpp"

namespace bulkhead::outdated {
namespace {

std::string changelog(const std::string& source, const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string text;
  for (const auto& [version, line] : entries)
    text += std::format("{} ({}) unstable; urgency=medium\n\n  * {}\n\n -- N <n@example.org>  Sun, 04 Oct 2026\n\n",
                        source, version, line);
  return sys::run_checked({.arguments = {"gzip", "-nc"}, .input = text}).value();
}

// An image of trixie's app, libapp (of the same source) and same, with newer ones in sid.
struct World {
  World() : cache(*sys::TempDir::create("/tmp", "cache-")) {
    archive.add(binary("libapp", "1.0-1+deb13u1", {{"1.0-1+deb13u1", "CVE-2026-0002"}, {"1.0-1", "first"}}));
    archive.add(binary("app", "1.0-1+deb13u1", {}));  // its changelog is a link to the other one's
    archive.add({.name = "same"});
    archive.add({.name = "same"}, "sid");
    archive.add(binary("libapp", "2.0-1",
                       {{"2.0-1", "CVE-2026-0003, CVE-2026-0002"}, {"1.5-1", "CVE-2026-0001"}, {"1.0-1", "first"}}),
                "sid");
    archive.add(binary("app", "2.0-1", {}), "sid");
    archive.publish();
    archive.publish({.suite = "sid", .date = 1'700'009'000});
    variant.suites = {"trixie"};
    variant.packages = {{"app", ""}, {"libapp", ""}, {"same", ""}};
    options.archive.cache_dir = cache.path();
    options.archive.sources = archive.sources_dir();
    set = packages::resolve(variant, options.archive, {}).value();
  }

  static test::Deb binary(const std::string& name, const std::string& version,
                          const std::vector<std::pair<std::string, std::string>>& entries) {
    test::Deb deb{.name = name, .version = version, .fields = {{"Source", "app-source"}}};
    if (!entries.empty())
      deb.files["usr/share/doc/" + name + "/changelog.Debian.gz"] = changelog("app-source", entries);
    return deb;
  }

  Report report() const {
    auto examined = examine(set, options, {});
    INFO((examined ? "" : examined.error().describe()));
    REQUIRE(examined);
    return *std::move(examined);
  }

  test::Archive archive;
  sys::TempDir cache;
  variant::Variant variant;
  packages::PackageSet set;
  Options options;
};

TEST_CASE_METHOD(World, "a newer version is shown once for its source, with what its changelog adds") {
  const Report found = report();
  CHECK(found.packages == 3);
  CHECK(found.newer == std::vector<NewerSource>{{.source = "app-source",
                                                 .packages = {"app", "libapp"},
                                                 .version = "1.0-1+deb13u1",
                                                 .suite = "trixie",
                                                 .newer = "2.0-1",
                                                 .newer_suite = "sid",
                                                 .added = AddedNames{{"CVE-2026-0001", "CVE-2026-0003"}, true}}});
  CHECK_FALSE(found.advisories_given);
}

TEST_CASE_METHOD(World, "offline, the lists of the cache say what is newer, and what was fetched says why") {
  options.archive.offline = true;
  REQUIRE(report().newer.size() == 1);
  CHECK(report().newer[0].added == std::nullopt);
  options.archive.offline = false;
  REQUIRE(report().newer[0].added);
  options.archive.offline = true;
  REQUIRE(sys::remove_all(archive.root()));
  CHECK(report().newer[0].added == AddedNames{{"CVE-2026-0001", "CVE-2026-0003"}, true});
}

TEST_CASE_METHOD(World, "an image of the newest versions has nothing to report") {
  variant.packages_from = {{"sid", {{"app", "x"}, {"libapp", "x"}}}};
  set = packages::resolve(variant, options.archive, {}).value();
  const Report found = report();
  CHECK(found.newer.empty());
  CHECK(to_text(found, false).contains("\nNewer versions (of 3 packages)\nnone\n"));
}

TEST_CASE_METHOD(World, "a package that is not what the list says is refused, also for its changelog") {
  const test::Deb newer = binary("libapp", "2.0-1", {});
  std::string bytes = sys::read_file(archive.file_of(newer)).value();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  REQUIRE(sys::write_file_atomically(archive.file_of(newer), bytes));
  const auto examined = examine(set, options, {});
  REQUIRE_FALSE(examined);
  CHECK(examined.error().code == ErrorCode::verification_failed);
}

TEST_CASE_METHOD(World, "advisories are those that apply to a package of the image, each once") {
  options.advisories = cache.path() / "advisories.json";
  REQUIRE(sys::write_file_atomically(*options.advisories, R"({
    "app-source": {"CVE-2026-0003": {"releases": {"trixie": {"status": "open"}}},
                   "CVE-2026-0002": {"releases": {"trixie": {"status": "resolved", "fixed_version": "1.0-1+deb13u1"}}},
                   "CVE-2026-\u001b[2J": {"releases": {"trixie": {"status": "resolved", "fixed_version": "1.9"}}}},
    "absent": {"CVE-2026-0009": {"releases": {"trixie": {"status": "open"}}}}})"));
  const Report found = report();
  REQUIRE(found.open.size() == 2);
  CHECK(found.open[1].advisory.name == "CVE-2026-0003");
  CHECK(found.open[1].version == "1.0-1+deb13u1");
  CHECK(testing::matches_golden("outdated/report.txt", to_text(found, false)) == "");
  CHECK(testing::matches_golden("outdated/report.json", to_json(found)) == "");

  REQUIRE(sys::write_file_atomically(*options.advisories, "7"));
  CHECK(examine(set, options, {}).error().code == ErrorCode::invalid_argument);
}

TEST_CASE_METHOD(World, "an expired list is an error here as well") {
  archive.publish({.suite = "sid", .date = 1'700'010'000, .valid_until = 1'700'600'000});
  CHECK(examine(set, options, {}).error().code == ErrorCode::verification_failed);
}

}  // namespace
}  // namespace bulkhead::outdated
