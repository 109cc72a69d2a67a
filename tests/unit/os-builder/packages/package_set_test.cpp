#include "os-builder/packages/package_set.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <optional>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/file_lock.hpp"
#include "tests/unit/os-builder/packages/world.hpp"

namespace bulkhead::packages {
namespace {

TEST_CASE("resolving gives all packages with what the archive says about them") {
  const World world;
  const auto set = world.resolve();
  REQUIRE(set);
  CHECK(set->source_date_epoch == 1'700'000'000);
  REQUIRE(set->packages.size() == 2);
  const std::string bytes = test::make_deb(world.app);
  CHECK(set->packages[0] == Package{.name = "app",
                                    .version = "1:2.0-1",
                                    .architecture = "amd64",
                                    .source = "app-src",
                                    .source_version = "2.0",
                                    .sha256 = crypto::sha256(bytes),
                                    .size = bytes.size(),
                                    .installed_size = 7 * 1024,
                                    .filename = "pool/main/a/app/app_2.0-1_amd64.deb",
                                    .suite = "trixie",
                                    .section = "misc",
                                    .maintainer = "Nobody <nobody@example.org>",
                                    .homepage = "https://example.org",
                                    .summary = "test package app",
                                    .reason = "what it is for"});
  CHECK(set->packages[1].name == "lib");
  CHECK(set->packages[1].architecture == "all");
  CHECK(set->packages[1].reason == "needed by app");
}

TEST_CASE("the highest version of all suites wins, and the newest Release file dates the set") {
  World world;
  world.archive.add({.name = "lib", .version = "1.0+deb13u1"}, "trixie-security");
  world.archive.add({.name = "app", .version = "1:1.9", .architecture = "amd64"}, "trixie-security");
  world.archive.publish({.suite = "trixie-security", .date = 1'700'000'500});
  world.wanted.suites.emplace_back("trixie-security");
  const auto set = world.resolve();
  REQUIRE(set);
  CHECK(set->source_date_epoch == 1'700'000'500);
  CHECK(set->packages[0].version == "1:2.0-1");
  CHECK(set->packages[1].version == "1.0+deb13u1");
  CHECK(set->packages[1].suite == "trixie-security");
}

TEST_CASE("SOURCE_DATE_EPOCH overrides the date of the archive") {
  const World world;
  ArchiveOptions options = world.options();
  options.source_date_epoch = 42;
  CHECK(resolve(world.wanted, options, {})->source_date_epoch == 42);
}

TEST_CASE("the kernel's package is in without being asked for twice") {
  World world;
  world.wanted.packages.clear();
  world.wanted.kernel_package = "lib";
  const auto set = world.resolve();
  REQUIRE(set);
  CHECK(set->packages.at(0).reason == "the kernel");
}

TEST_CASE("dependencies on versions, providers and conflicts are read from the archive") {
  World world;
  world.archive.add({.name = "virt", .depends = "mta, python:any, gone | lib (>= 1)"});
  world.archive.add({.name = "m1", .fields = {{"Provides", "mta"}, {"Conflicts", "mta"}, {"Priority", "extra"}}});
  world.archive.add({.name = "m2", .fields = {{"Provides", "mta"}, {"Conflicts", "mta"}, {"Priority", "standard"}}});
  world.archive.add(
      {.name = "python", .architecture = "amd64", .fields = {{"Multi-Arch", "allowed"}, {"Recommends", "m1"}}});
  world.archive.add({.name = "needy", .depends = "lib (>= 1.1)"});
  world.archive.add({.name = "breaker", .fields = {{"Breaks", "lib (<< 2)"}}});
  world.archive.add({.name = "peaceful", .fields = {{"Breaks", "lib (<< 1)"}}});
  world.archive.publish();

  SECTION("the provider of higher priority comes in, recommendations do not") {
    world.wanted.packages = {{"virt", ""}, {"peaceful", ""}};
    const auto set = world.resolve();
    REQUIRE(set);
    std::string names;
    for (const Package& package : set->packages) names += package.name + " ";
    CHECK(names == "lib m2 peaceful python virt ");
  }
  SECTION("an unsatisfiable dependency names the chain") {
    world.wanted.packages = {{"needy", ""}};
    check_error(world.resolve(), ErrorCode::invalid_argument,
                "unsatisfiable dependency: needy -> lib (>= 1.1); the archive has lib 1.0");
  }
  SECTION("a conflict names both sides") {
    world.wanted.packages = {{"app", ""}, {"breaker", ""}};
    check_error(world.resolve(), ErrorCode::invalid_argument,
                "packages conflict: breaker has 'Breaks: lib (<< 2)', but app -> lib 1.0 is installed too");
  }
  SECTION("an excluded package is satisfied and absent") {
    world.wanted.packages = {{"virt", ""}};
    world.wanted.excluded_packages = {{"m1", ""}, {"m2", ""}, {"python", ""}};
    const auto set = world.resolve();
    REQUIRE(set);
    CHECK(set->packages.size() == 2);
  }
}

TEST_CASE("a package that no suite has is an error") {
  World world;
  world.wanted.packages = {{"lob", ""}};
  check_error(world.resolve(), ErrorCode::invalid_argument, "the archive has no package 'lob'");
}

TEST_CASE("text of the archive is cleaned, so that every lock can be read back") {
  World world;
  world.archive.add(
      {.name = "odd",
       .fields = {{"Maintainer", "Zo\xeb <z@example.org>"}, {"Homepage", "https://example.org/\x01\"\\"}}});
  world.archive.publish();
  world.wanted.packages = {{"odd", "Zoë"}};
  const auto set = world.resolve();
  REQUIRE(set);
  CHECK(set->packages[0].maintainer == "Zo? <z@example.org>");
  CHECK(parse_lock(write_lock(*set), "lock") == *set);
}

TEST_CASE("a Release file signed by somebody else is refused") {
  World world;
  world.archive.publish({.key = &SigningKey::stranger()});
  check_error(world.resolve(), ErrorCode::verification_failed, "InRelease");
}

TEST_CASE("a bad signature is refused also when the cache has a good list") {
  World world;
  REQUIRE(world.resolve());
  SECTION("somebody else's key") { world.archive.publish({.date = 1'700'001'000, .key = &SigningKey::stranger()}); }
  SECTION("changed after signing") {
    world.archive.publish({.date = 1'700'001'000});
    const sys::Path file = world.archive.root() / "dists/trixie/InRelease";
    std::string text = *sys::read_file(file);
    text.replace(text.find("Origin: Test"), 12, "Origin: Tess");
    REQUIRE(sys::write_file_atomically(file, text));
  }
  check_error(world.resolve(), ErrorCode::verification_failed, "InRelease");
}

TEST_CASE("a Release file without signature is refused") {
  World world;
  world.archive.publish({.key = nullptr});
  check_error(world.resolve(), ErrorCode::verification_failed, "is not signed");
}

TEST_CASE("a Release file that has expired is refused") {
  World world;
  world.archive.publish({.date = 1'600'000'000, .valid_until = 1'600'600'000});
  check_error(world.resolve(), ErrorCode::verification_failed, "is expired");
}

TEST_CASE("a list that is not what the Release file says is refused") {
  World world;
  std::string text = *sys::read_file(world.archive.packages_file());
  text.replace(text.find("Nobody"), 6, "Nobudy");
  REQUIRE(sys::write_file_atomically(world.archive.packages_file(), text));
  check_error(world.resolve(), ErrorCode::verification_failed, "Packages");
}

TEST_CASE("a mirror that does not answer is one error that says so") {
  World world;
  world.archive.set_address("http://127.0.0.1:9/debian");
  check_error(world.resolve(), ErrorCode::unavailable, "127.0.0.1");
}

TEST_CASE("a suite that the mirror lacks is an error that names it") {
  World world;
  REQUIRE(sys::remove_all(world.archive.root() / "dists/trixie"));
  check_error(world.resolve(), ErrorCode::not_found, "trixie");
}

TEST_CASE("sources that switch signatures off, or none at all, are refused") {
  World world;
  world.archive.write_sources("deb [trusted=yes] copy:" + world.archive.root().native() + " trixie main\n");
  check_error(world.resolve(), ErrorCode::failed_precondition, "trusted without a signature");
  world.archive.write_sources("");
  check_error(world.resolve(), ErrorCode::failed_precondition, "no package archive is configured");
  world.archive.write_sources("deb nonsense\n");
  REQUIRE_FALSE(world.resolve());
}

TEST_CASE("sources in deb822 form are understood") {
  World world;
  world.archive.write_sources("");
  REQUIRE(sys::create_directories(world.archive.sources_dir() / "sources.list.d"));
  REQUIRE(sys::write_file_atomically(
      world.archive.sources_dir() / "sources.list.d/test.sources",
      std::format("Types: deb\nURIs: copy:{}\nSuites: trixie\nComponents: main\nSigned-By: {}\n",
                  world.archive.root().native(), (world.archive.sources_dir() / "keyring.asc").native())));
  CHECK(world.resolve());
}

TEST_CASE("offline, the lists of the cache are enough and their absence is an error") {
  World world;
  check_error(resolve(world.wanted, world.offline(), {}), ErrorCode::not_found,
              "the cache has no package lists of copy:");
  const auto online = world.resolve();
  REQUIRE(sys::remove_all(world.archive.root()));
  CHECK(resolve(world.wanted, world.offline(), {}) == online);
}

TEST_CASE("lists younger than max_age are taken as they are") {
  World world;
  REQUIRE(world.resolve());
  world.archive.add({.name = "lib", .version = "1.1"});
  world.archive.publish({.date = 1'700'001'000});
  ArchiveOptions options = world.options();
  options.max_age = std::chrono::hours(1);
  CHECK(resolve(world.wanted, options, {})->packages[1].version == "1.0");
  const auto refreshed = world.resolve();
  CHECK(refreshed->packages[1].version == "1.1");
  CHECK(refreshed->source_date_epoch == 1'700'001'000);
}

TEST_CASE("fetched files are the archive's, in the order of the set, and come from the cache the second time") {
  for (const std::string_view method : {"copy:", "file:"}) {
    World world;
    world.archive.set_address(std::string(method) + world.archive.root().native());
    const auto set = world.resolve();
    REQUIRE(set);
    const auto files = world.fetch(*set);
    REQUIRE(files);
    REQUIRE(files->size() == 2);
    CHECK(*sys::read_file(files->at(0)) == test::make_deb(world.app));
    CHECK(*sys::read_file(files->at(1)) == test::make_deb(world.lib));
    CHECK(world.stored() == 2);
    REQUIRE(sys::remove_all(world.archive.root()));
    CHECK(fetch(*set, world.offline(), {}) == files);
    CHECK(*sys::read_file(files->at(0)) == test::make_deb(world.app));
  }
}

TEST_CASE("a package that is not what the index says is refused and does not stay") {
  World world;
  const auto set = world.resolve();
  SECTION("same length") {
    std::string bytes = test::make_deb(world.lib);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    REQUIRE(sys::write_file_atomically(world.archive.file_of(world.lib), bytes));
  }
  SECTION("other length") { REQUIRE(sys::write_file_atomically(world.archive.file_of(world.lib), "short")); }
  check_error(world.fetch(*set), ErrorCode::verification_failed, "downloading lib 1.0");
  CHECK_FALSE(fetch(*set, world.offline(), {}));

  REQUIRE(sys::write_file_atomically(world.archive.file_of(world.lib), test::make_deb(world.lib)));
  CHECK(world.fetch(*set));
  CHECK(world.stored() == 2);
}

TEST_CASE("a damaged file in the cache is fetched again, and offline it is missing") {
  World world;
  const auto set = world.resolve();
  const auto files = world.fetch(*set);
  REQUIRE(files);
  std::string bytes = *sys::read_file(files->at(1));
  bytes[10] = static_cast<char>(bytes[10] ^ 1);
  REQUIRE(sys::write_file_atomically(files->at(1), bytes));
  SECTION("online") {
    CHECK(world.fetch(*set));
    CHECK(*sys::read_file(files->at(1)) == test::make_deb(world.lib));
  }
  SECTION("offline") { check_error(fetch(*set, world.offline(), {}), ErrorCode::not_found, "the cache lacks lib 1.0"); }
}

TEST_CASE("what a killed download left behind does not matter") {
  World world;
  const auto set = world.resolve();
  REQUIRE(sys::create_directories(world.cache.path() / "debs/partial"));
  const sys::Path left = world.cache.path() / "debs/partial" / (set->packages[1].sha256.to_string() + ".deb");
  REQUIRE(sys::write_file_atomically(left, "garbage"));
  CHECK(world.fetch(*set));
  CHECK(world.stored() == 2);
}

TEST_CASE("a locked version comes from the pool even when the index has moved on") {
  World world;
  const auto locked = world.resolve();
  world.archive.clear();
  world.archive.add({.name = "app", .version = "1:3.0", .architecture = "amd64"});
  world.archive.publish({.date = 1'700'001'000});
  SECTION("also with an empty cache") {
    const auto fresh = *sys::TempDir::create("/tmp", "cache-");
    ArchiveOptions options = world.options();
    options.cache_dir = fresh.path();
    const auto files = fetch(*parse_lock(write_lock(*locked), "lock"), options, {});
    REQUIRE(files);
    CHECK(*sys::read_file(files->at(0)) == test::make_deb(world.app));
  }
  SECTION("and is an error with a hint when it is gone") {
    REQUIRE(sys::remove_all(world.archive.file_of(world.lib)));
    check_error(world.fetch(*locked), ErrorCode::not_found, "downloading lib 1.0");
    CHECK(world.fetch(*locked).error().hint.contains("no longer has lib 1.0"));
  }
}

TEST_CASE("a package that its own source lacks comes from another source") {
  World world;
  const auto set = world.resolve();
  const Archive old;
  world.archive.write_sources(std::format(
      "deb [signed-by={0}] copy:{1} trixie main\ndeb [signed-by={0}] copy:{2} other main\n",
      (world.archive.sources_dir() / "keyring.asc").native(), old.root().native(), world.archive.root().native()));
  CHECK(world.fetch(*set));
}

TEST_CASE("a second build waits for the first and says so") {
  const World world;
  auto first = std::optional(*sys::FileLock::try_acquire(world.cache.path() / "packages-cache.lock"));
  bool waited = false;
  const auto set = resolve(world.wanted, world.options(), [&](double, std::string_view detail) {
    waited = waited || detail.contains("waiting for another build");
    first.reset();
  });
  CHECK(set);
  CHECK(waited);
}

}  // namespace
}  // namespace bulkhead::packages
