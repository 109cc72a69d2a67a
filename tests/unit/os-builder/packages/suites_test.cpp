// Packages that a variant takes from another suite than the rest.
#include <filesystem>

#include "tests/unit/os-builder/packages/world.hpp"

namespace bulkhead::packages {
namespace {

// As World, with a second suite from which one package is named.
struct TwoSuites : World {
  TwoSuites() {
    archive.add({.name = "lib", .version = "3.0"}, "sid");
    archive.add({.name = "app", .version = "1:3.0", .architecture = "amd64", .depends = "lib"}, "sid");
    archive.add({.name = "tool", .version = "9", .depends = "lib"}, "sid");
    archive.publish({.suite = "sid", .date = 1'700'009'000});
    wanted.packages_from = {{"sid", {{"app", "CVE-2026-0001"}}}};
  }

  std::string hint() const {
    const auto set = resolve();
    return set ? "no error" : set.error().hint;
  }
};

TEST_CASE_METHOD(TwoSuites, "only named packages come from a second suite, and they say why") {
  const auto set = resolve();
  REQUIRE(set);
  REQUIRE(set->packages.size() == 2);
  CHECK(set->packages[0].version == "1:3.0");
  CHECK(set->packages[0].suite == "sid");
  CHECK(set->packages[0].suite_reason == "CVE-2026-0001");
  CHECK(set->packages[0].reason == "what it is for");
  CHECK(set->packages[1].version == "1.0");
  CHECK(set->packages[1].suite == "trixie");
  CHECK(set->packages[1].suite_reason.empty());
  CHECK(check_lock(*parse_lock(write_lock(*set), "lock"), wanted, "lock"));
  CHECK(fetch(*set));
}

TEST_CASE_METHOD(TwoSuites, "a suite that no variant names counts for nothing") {
  wanted.packages_from.clear();
  const auto set = resolve();
  REQUIRE(set);
  CHECK(set->packages[0].version == "1:2.0-1");
  CHECK(set->source_date_epoch == 1'700'000'000);
}

TEST_CASE_METHOD(TwoSuites, "a new day of the second suite changes nothing when the named packages are the same") {
  const auto before = resolve();
  archive.add({.name = "other", .version = "1"}, "sid");
  archive.add({.name = "lib", .version = "3.1"}, "sid");
  archive.publish({.suite = "sid", .date = 1'700'099'000});
  CHECK(resolve() == before);
  CHECK(before->source_date_epoch == 1'700'000'000);
}

TEST_CASE_METHOD(TwoSuites, "also equal versions come from the suite that the variant names") {
  archive.add({.name = "lib", .version = "1.0"}, "another");  // sorts before trixie
  archive.publish({.suite = "another"});
  CHECK(resolve()->packages[1].suite == "trixie");
}

TEST_CASE_METHOD(TwoSuites, "a suite that the sources lack is named, with what comes from it") {
  archive.write_sources(std::format("deb [signed-by={}] copy:{} trixie main\n",
                                    (archive.sources_dir() / "keyring.asc").native(), archive.root().native()));
  check_error(resolve(), ErrorCode::failed_precondition, "have no suite 'sid', which app comes from; they have trixie");
  wanted.packages_from.clear();
  CHECK(resolve());
  wanted.suites.emplace_back("trixie-security");
  check_error(resolve(), ErrorCode::failed_precondition,
              "have no suite 'trixie-security', which is in packages.suites");
}

TEST_CASE_METHOD(TwoSuites, "what only the second suite has is not taken without being named") {
  wanted.packages.emplace("tool", "");
  check_error(resolve(), ErrorCode::invalid_argument, "the archive has no package 'tool'");
  CHECK(hint() == "sid has tool 9: to take it from there, name tool in [packages.from.sid], with the reason");
}

TEST_CASE_METHOD(TwoSuites, "a dependency that only the second suite satisfies names the chain and what to do") {
  archive.add({.name = "app", .version = "1:4.0", .architecture = "amd64", .depends = "lib (>= 2)"}, "sid");
  archive.publish({.suite = "sid"});
  check_error(resolve(), ErrorCode::invalid_argument,
              "unsatisfiable dependency: app -> lib (>= 2); the archive has lib 1.0");
  CHECK(hint() == "sid has lib 3.0: to take it from there, name lib in [packages.from.sid], with the reason");
  wanted.packages_from["sid"].emplace("lib", "app needs it");
  CHECK(resolve()->packages[1].version == "3.0");
}

TEST_CASE_METHOD(TwoSuites, "packages of two suites that conflict are one error") {
  archive.add({.name = "app",
               .version = "1:4.0",
               .architecture = "amd64",
               .depends = "lib",
               .fields = {{"Breaks", "lib (<< 2)"}}},
              "sid");
  archive.publish({.suite = "sid"});
  check_error(resolve(), ErrorCode::invalid_argument,
              "packages conflict: app has 'Breaks: lib (<< 2)', but app -> lib 1.0 is installed too");
  CHECK(hint().starts_with("sid has lib 3.0"));
}

TEST_CASE_METHOD(TwoSuites, "an entry that is wrong or of no use any more is an error") {
  SECTION("the suite does not have the package") {
    archive.add({.name = "nano"});
    archive.publish();
    wanted.packages_from["sid"].emplace("nano", "");
    check_error(resolve(), ErrorCode::invalid_argument, "packages.from.sid: sid has no package 'nano'");
    CHECK(hint() == "remove the entry: trixie has nano 1.0");
  }
  SECTION("no suite has it") {
    wanted.packages_from["sid"].emplace("nosuch", "");
    check_error(resolve(), ErrorCode::invalid_argument, "packages.from.sid: sid has no package 'nosuch'");
  }
  SECTION("it is not installed") {
    wanted.packages_from["sid"].emplace("tool", "");
    check_error(resolve(), ErrorCode::invalid_argument, "packages.from.sid: 'tool' is not installed");
  }
  SECTION("the variant's own suites have caught up") {
    archive.add({.name = "app", .version = "1:3.0", .architecture = "amd64"});
    archive.publish();
    check_error(resolve(), ErrorCode::invalid_argument,
                "packages.from.sid: trixie has app 1:3.0, and sid has 1:3.0, which is not newer");
  }
}

TEST_CASE_METHOD(TwoSuites, "a mirror that holds back the version that a variant asks for at least gives no image") {
  wanted.minimum_versions = {{"app", "1:3.0"}, {"lib", "1.0"}};
  const auto set = resolve();
  REQUIRE(set);
  const std::string lock = write_lock(*set);
  CHECK(check_lock(*parse_lock(lock, "lock"), wanted, "lock"));

  wanted.minimum_versions["app"] = "1:3.0+deb14u1";
  const std::string too_old = "has app 1:3.0, older than 1:3.0+deb14u1, the lowest version in packages.minimum";
  check_error(resolve(), ErrorCode::failed_precondition, "the archive " + too_old);
  check_error(check_lock(*parse_lock(lock, "lock"), wanted, "lock"), ErrorCode::invalid_argument, "it " + too_old);

  wanted.minimum_versions["app"] = "4";  // without the epoch, which the archive's version has
  CHECK(resolve());
  wanted.minimum_versions["nano"] = "8";
  check_error(resolve(), ErrorCode::invalid_argument, "packages.minimum: 'nano' is not installed");
  check_error(check_lock(*parse_lock(lock, "lock"), wanted, "lock"), ErrorCode::invalid_argument,
              "it lacks the package nano, which packages.minimum names");
}

TEST_CASE_METHOD(TwoSuites, "a second suite that cannot be trusted is refused, whatever comes from it") {
  SECTION("expired") {
    archive.publish({.suite = "sid", .date = 1'600'000'000, .valid_until = 1'600'600'000});
    check_error(resolve(), ErrorCode::verification_failed, "is expired");
    CHECK(resolve().error().message.contains("sid"));
  }
  SECTION("signed by somebody else") {
    archive.publish({.suite = "sid", .key = &SigningKey::stranger()});
    check_error(resolve(), ErrorCode::verification_failed, "sid");
  }
  SECTION("not there") {
    REQUIRE(sys::remove_all(archive.root() / "dists/sid"));
    check_error(resolve(), ErrorCode::not_found, "sid");
  }
  SECTION("another suite under its name") {
    // A mirror that serves trixie's signed file for sid: its codename says what it is.
    REQUIRE(sys::remove_all(archive.root() / "dists/sid"));
    std::filesystem::copy(archive.root() / "dists/trixie", archive.root() / "dists/sid",
                          std::filesystem::copy_options::recursive);
    CHECK_FALSE(resolve());
  }
}

}  // namespace
}  // namespace bulkhead::packages
