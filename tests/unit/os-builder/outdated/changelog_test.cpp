#include "os-builder/outdated/changelog.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/child.hpp"
#include "tests/support/archive.hpp"

namespace bulkhead::outdated {
namespace {

constexpr std::string_view kChangelog = R"(containerd (2.1.9+ds1-5) unstable; urgency=medium

  * Backport fix for CVE-2026-53493 (Closes: #1149966)

 -- Somebody <somebody@example.org>  Sun, 04 Oct 2026 18:51:32 -0400

containerd (2.1.9+ds1-1) unstable; urgency=medium

  * Address CVE-2026-50195, CVE-2026-
    53489 and cve-2026-1111, CVE-2026-12, CVE-20266-1234.

 -- Somebody <somebody@example.org>  Fri, 19 Jun 2026 13:29:03 -0400

containerd (1.7.24~ds1-6) unstable; urgency=medium

  * CVE-2024-40635: large UID

 -- Somebody <somebody@example.org>  Tue, 29 Apr 2025 20:55:02 +0200
)";

std::string gzip(const std::string& text) {
  return sys::run_checked({.arguments = {"gzip", "-nc"}, .input = text}).value();
}

TEST_CASE("a changelog is its versions, newest first, with the names in each") {
  CHECK(parse_changelog(kChangelog) ==
        std::vector<ChangelogEntry>{{"2.1.9+ds1-5", {"CVE-2026-53493"}},
                                    {"2.1.9+ds1-1", {"CVE-2026-50195", "CVE-2026-53489"}},
                                    {"1.7.24~ds1-6", {"CVE-2024-40635"}}});
}

TEST_CASE("other bytes are a changelog without entries") {
  for (const std::string_view text : {"", "CVE-2026-0001\n", "Changes (all) of last year\n", " a (1) b; c\n", "a (1\n",
                                      "CVE-", "CVE-2026-", "\0\xff"})
    CHECK(parse_changelog(text).empty());
  CHECK(parse_changelog("a (1) b; c=d\nCVE-2026-").size() == 1);
}

TEST_CASE("what a newer version adds is what its entries name and the current changelog does not") {
  const auto newer = parse_changelog(kChangelog);
  const AddedNames all{{"CVE-2026-50195", "CVE-2026-53489", "CVE-2026-53493"}, true};
  CHECK(added_names(newer, "1.7.24~ds1-6+deb13u1", {}) == all);
  CHECK(added_names(newer, "1.7.24~ds1-6", {}) == all);
  CHECK(added_names(newer, "2.1.9+ds1-1", {}) == AddedNames{{"CVE-2026-53493"}, true});
  CHECK(added_names(newer, "2.1.9+ds1-5", {}) == AddedNames{{}, true});
  // Fixed in the stable suite under a version of its own.
  CHECK(added_names(newer, "1.7.24~ds1-6+deb13u2", {{"1.7.24~ds1-6+deb13u2", {"CVE-2026-50195"}}}) ==
        AddedNames{{"CVE-2026-53489", "CVE-2026-53493"}, true});
}

TEST_CASE("a changelog that was cut off before the current version says so") {
  CHECK_FALSE(added_names(parse_changelog(kChangelog), "1.6", {}).complete);
  CHECK_FALSE(added_names({}, "1.6", {}).complete);
}

TEST_CASE("the changelog of a package is found in its .deb") {
  const auto read = [](const std::map<std::string, std::string>& files) {
    const std::string deb = test::make_deb({.name = "app", .files = files});
    return read_changelog(as_bytes(deb));
  };
  const std::string text(kChangelog);
  CHECK(*read({{"usr/share/doc/app/changelog.Debian.gz", gzip(text)}}) == text);
  CHECK(*read({{"usr/share/doc/app/changelog.gz", gzip(text)}}) == text);  // a native package
  // Upstream's own changelog is none of Debian's.
  CHECK(*read({{"usr/share/doc/app/changelog.Debian.gz", gzip(text)},
               {"usr/share/doc/app/changelog.gz", gzip("CVE-2026-9999")}}) == text);
  CHECK(*read({{"usr/share/doc/app/changelog.gz", gzip("CVE-2026-9999\n")}}) == std::nullopt);
  CHECK(*read({{"usr/bin/app", "x"}}) == std::nullopt);
  CHECK_FALSE(read({{"usr/share/doc/app/changelog.Debian.gz", "not packed"}}));
  CHECK_FALSE(read({{"usr/share/doc/app/changelog.Debian.gz", gzip(std::string((64U << 20U) + 1, ' '))}}));
  CHECK_FALSE(read_changelog(as_bytes("no package")));
}

}  // namespace
}  // namespace bulkhead::outdated
