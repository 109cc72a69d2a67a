#include <catch2/catch_test_macros.hpp>

#include "os-builder/packages/package_set.hpp"

namespace bulkhead::packages {
namespace {

Package package(std::string name) {
  return {.name = std::move(name),
          .version = "1:1.0~rc1+ds-2",
          .architecture = "amd64",
          .source = "source",
          .source_version = "1.0",
          .sha256 = *Sha256::parse(std::string(64, 'a')),
          .size = 12,
          .installed_size = 1024,
          .filename = "pool/main/a/a/a_1.0_amd64.deb",
          .suite = "trixie",
          .section = "admin",
          .maintainer = "Zoë \"Q\" <q@example.org>",
          .homepage = "",
          .summary = "back\\slash",
          .reason = "needed by b"};
}

PackageSet some_set() { return {.packages = {package("aa"), package("bb")}, .source_date_epoch = 1700000000}; }

// The lock of some_set() with one piece of text replaced, and what reading it says.
std::string error_text(std::string_view from, std::string_view to) {
  std::string text = write_lock(some_set());
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  const auto parsed = parse_lock(text, "lock");
  if (parsed) return "no error";
  CHECK(parsed.error().code == ErrorCode::invalid_argument);
  return parsed.error().message;
}

TEST_CASE("what a lock says is read back unchanged") {
  const auto parsed = parse_lock(write_lock(some_set()), "lock");
  REQUIRE(parsed);
  CHECK(*parsed == some_set());
}

TEST_CASE("a lock of another variant is refused, and the error says why and what to do") {
  variant::Variant variant;
  variant.name = "kvm";
  variant.suites = {"trixie"};
  variant.packages = {{"aa", "wanted"}};
  CHECK(check_lock(some_set(), variant, "packages.lock"));
  variant.packages.emplace("cc", "wanted since");
  const auto lacking = check_lock(some_set(), variant, "packages.lock");
  REQUIRE_FALSE(lacking);
  CHECK(lacking.error().message == "packages.lock does not fit the variant 'kvm': it lacks the package cc");
  CHECK(lacking.error().hint.contains("without --locked"));
  variant.packages.erase("cc");
  variant.kernel_package = "linux-image";
  CHECK(check_lock(some_set(), variant, "packages.lock").error().message.contains("the kernel's package linux-image"));
  variant.kernel_package = "aa";
  variant.excluded_packages = {{"bb", "not needed"}};
  CHECK(check_lock(some_set(), variant, "packages.lock").error().message ==
        "packages.lock does not fit the variant 'kvm': it has the package bb, which the variant excludes");
}

TEST_CASE("a lock says why a package comes from another suite, and only then") {
  PackageSet set = some_set();
  CHECK_FALSE(write_lock(set).contains("suite_reason"));
  set.packages[0].suite = "sid";
  set.packages[0].suite_reason = "CVE-2026-0001";
  CHECK(parse_lock(write_lock(set), "lock") == set);
  std::string text = write_lock(set);
  text.replace(text.find("CVE-2026-0001"), 13, "");
  CHECK(parse_lock(text, "lock").error().message.contains("'suite_reason' is not one line that is not empty"));
}

TEST_CASE("a lock with a package from a suite that the variant does not take it from is refused") {
  variant::Variant variant;
  variant.name = "kvm";
  variant.suites = {"trixie"};
  variant.packages_from = {{"sid", {{"aa", "CVE-2026-0001"}}}};
  PackageSet set = some_set();
  const auto refusal = [&] {
    const auto checked = check_lock(set, variant, "packages.lock");
    return checked ? "no error" : checked.error().message.substr(checked.error().message.find(": ") + 2);
  };
  CHECK(refusal() == "aa comes from the suite 'trixie', from which the variant does not take it");
  set.packages[0].suite = "sid";
  CHECK(refusal() == "aa comes from the suite 'sid' and does not say why");
  set.packages[0].suite_reason = "CVE-2026-0001";
  CHECK(refusal() == "no error");
  set.packages[1].suite = "sid";
  set.packages[1].suite_reason = "smuggled in";
  CHECK(refusal() == "bb comes from the suite 'sid', from which the variant does not take it");
  set.packages[1].suite = "";
  CHECK(refusal() == "bb comes from the suite '', from which the variant does not take it");
  set.packages[1].suite = "trixie";
  CHECK(refusal() == "bb comes from the suite 'trixie' and needs no reason for that");
}

TEST_CASE("the same set gives the same lock, byte by byte") {
  CHECK(write_lock(some_set()) == write_lock(some_set()));
  CHECK(write_lock(some_set()).starts_with("# "));
}

TEST_CASE("a lock that is not exactly right is refused at the place") {
  CHECK(error_text("format = 1", "format = 2") == "lock: unknown format 2 of the lock");
  CHECK(error_text("format = 1\n", "") == "lock:1:1: 'format' is missing");
  CHECK(error_text("source_date_epoch = 1700000000", "source_date_epoch = -1") ==
        "lock:3:21: 'source_date_epoch' is not between 0 and 253402300799");
  CHECK(error_text("suite", "suit").contains("'suite' is missing"));
  CHECK(error_text("reason", "rason").contains("'reason' is missing"));
  CHECK(error_text("reason", "extra = 1\nreason").contains("unknown key 'extra'"));
  CHECK(error_text("size = 12", "size = \"12\"").contains("'size' must be an integer, not a string"));
  CHECK(error_text("size = 12", "size = -1").contains("'size' is not between"));
  CHECK(error_text("aaaa\"", "aaa\"").contains("'sha256': "));
  CHECK(error_text("\"aa\"", "\"a/a\"").contains("'name' is not a package name"));
  CHECK(error_text("\"aa\"", "\"bb\"").contains("'bb' must come after 'bb'"));
  CHECK(error_text("\"aa\"", "\"cc\"").contains("'bb' must come after 'cc'"));
  CHECK(error_text("format = 1", "format = 1\npackag = 1").contains("unknown key 'packag'"));
}

TEST_CASE("a lock cannot point out of the archive") {
  for (const std::string_view path : {"../x.deb", "/etc/passwd", "pool//x.deb", "pool/./x.deb", "pool/../../x", ""}) {
    CAPTURE(path);
    CHECK(
        error_text("pool/main/a/a/a_1.0_amd64.deb", path).contains("'filename' is not a relative path in the archive"));
  }
}

TEST_CASE("package must be an array of tables with at least one") {
  CHECK_FALSE(parse_lock("format = 1\nsource_date_epoch = 1\npackage = 1\n", "lock"));
  CHECK_FALSE(parse_lock("format = 1\nsource_date_epoch = 1\npackage = [1]\n", "lock"));
  CHECK_FALSE(parse_lock("", "lock"));
  CHECK_FALSE(parse_lock("[", "lock"));
  CHECK_FALSE(parse_lock("format = 1\nsource_date_epoch = 1\npackage = []\n", "lock"));
}

TEST_CASE("the file name of a package escapes the colon of an epoch") {
  CHECK(deb_file_name(package("aa")) == "aa_1%3a1.0~rc1+ds-2_amd64.deb");
}

TEST_CASE("SOURCE_DATE_EPOCH is a plain number of seconds") {
  CHECK(parse_source_date_epoch("0") == 0);
  CHECK(parse_source_date_epoch("1700000000") == 1700000000);
  for (const std::string_view bad :
       {"", "-1", "1e9", " 1", "1 ", "0x10", "253402300800", "99999999999999999999", "now"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_source_date_epoch(bad));
  }
}

}  // namespace
}  // namespace bulkhead::packages
