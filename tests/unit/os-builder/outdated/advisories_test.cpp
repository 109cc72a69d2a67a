#include "os-builder/outdated/advisories.hpp"

#include <catch2/catch_test_macros.hpp>

namespace bulkhead::outdated {
namespace {

const std::vector<packages::Release> kReleases = {{"trixie", "13.2", 1}, {"trixie-security", "13", 1}, {"sid", "", 1}};

std::string error_of(std::string_view text) {
  const auto parsed = parse_advisories(text, "file");
  if (parsed) return "no error";
  CHECK(parsed.error().code == ErrorCode::invalid_argument);
  return parsed.error().message;
}

packages::Package package(std::string source, std::string version, std::string suite) {
  packages::Package package;
  package.source = std::move(source);
  package.source_version = std::move(version);
  package.suite = std::move(suite);
  return package;
}

TEST_CASE("the tracker's JSON says for each release what is open and what is fixed where") {
  const auto advisories = parse_advisories(R"({
    "containerd": {
      "CVE-2026-1": {"description": "x", "releases": {
        "trixie": {"status": "open", "repositories": {"trixie": "1.7.24~ds1-6"}, "urgency": "unimportant"},
        "sid": {"status": "resolved", "fixed_version": "2.1.9+ds1-1"}}},
      "CVE-2026-2": {"releases": {"trixie": {"status": "resolved", "fixed_version": "0"}}}},
    "other": {}})",
                                           "file");
  REQUIRE(advisories);
  REQUIRE(advisories->size() == 2);  // nothing of trixie was ever open to the second one
  CHECK(advisories->at(0) == Advisory{.name = "CVE-2026-1",
                                      .source = "containerd",
                                      .distribution = "sid",
                                      .introduced = "",
                                      .fixed = "2.1.9+ds1-1",
                                      .by_codename = true});
  CHECK(advisories->at(1).distribution == "trixie");
  CHECK(advisories->at(1).fixed.empty());
}

TEST_CASE("OSV records are read one by one, in a list, and as the answer of a query") {
  const std::string record = R"({"id": "DEBIAN-CVE-2026-1", "upstream": ["CVE-2026-1"], "affected": [
    {"package": {"ecosystem": "Debian:13", "name": "crun"}, "ranges": [{"type": "ECOSYSTEM",
      "events": [{"introduced": "0"}, {"fixed": "1.21-2"}, {"introduced": "1.25"}, {"fixed": "1.28-1"}]}]},
    {"package": {"ecosystem": "Debian:14", "name": "crun"}, "ranges": [{"type": "ECOSYSTEM",
      "events": [{"introduced": "1.22"}]}]},
    {"package": {"ecosystem": "npm", "name": "crun"}},
    {"package": {"ecosystem": "Debian:13", "name": "crun"}, "ranges": [{"type": "GIT",
      "events": [{"introduced": "0"}]}]}]})";
  const auto advisories = parse_advisories(record, "file");
  REQUIRE(advisories);
  REQUIRE(advisories->size() == 3);
  CHECK(advisories->at(0) ==
        Advisory{.name = "CVE-2026-1", .source = "crun", .distribution = "13", .introduced = "", .fixed = "1.21-2"});
  CHECK(advisories->at(1).introduced == "1.25");
  CHECK(advisories->at(1).fixed == "1.28-1");
  CHECK(advisories->at(2) ==
        Advisory{.name = "CVE-2026-1", .source = "crun", .distribution = "14", .introduced = "1.22", .fixed = ""});
  CHECK(parse_advisories("[" + record + "]", "file") == advisories);
  CHECK(parse_advisories("{\"vulns\": [" + record + "]}", "file") == advisories);
  CHECK(parse_advisories(R"([{"id": "CVE-2026-2", "withdrawn": "2026-01-01T00:00:00Z"}])", "file")->empty());
}

TEST_CASE("an advisory is about a version of its release, below the fixed one and not below the first one") {
  const Advisory tracker{.name = "CVE",
                         .source = "crun",
                         .distribution = "trixie",
                         .introduced = "",
                         .fixed = "1.21-2",
                         .by_codename = true};
  CHECK(applies(tracker, package("crun", "1.21-1", "trixie"), kReleases));
  CHECK(applies(tracker, package("crun", "1.21-1+deb13u1", "trixie-security"), kReleases));
  CHECK_FALSE(applies(tracker, package("crun", "1.21-2", "trixie"), kReleases));
  CHECK_FALSE(applies(tracker, package("crun", "1.21-1", "sid"), kReleases));
  CHECK_FALSE(applies(tracker, package("runc", "1.21-1", "trixie"), kReleases));

  Advisory osv{.name = "CVE", .source = "crun", .distribution = "13", .introduced = "1.10", .fixed = ""};
  CHECK(applies(osv, package("crun", "1.21-1", "trixie"), kReleases));
  CHECK(applies(osv, package("crun", "1.21-1", "trixie-security"), kReleases));
  CHECK_FALSE(applies(osv, package("crun", "1.9-1", "trixie"), kReleases));
  CHECK_FALSE(applies(osv, package("crun", "1.21-1", "sid"), kReleases));
  CHECK_FALSE(applies(osv, package("crun", "1.21-1", "unknown"), kReleases));
  osv.distribution = "";
  CHECK(applies(osv, package("crun", "1.21-1", "sid"), kReleases));
}

TEST_CASE("what is neither format is refused with what is wrong") {
  CHECK(error_of("7") == "file: not a list and not a table");
  CHECK(error_of("{").starts_with("file:1:"));
  CHECK(error_of(R"({"vulns": 1})") == "file: 'vulns' is not a list");
  CHECK(error_of(R"([{"affected": []}])") == "file: a record has no 'id'");
  CHECK(error_of(R"([1])") == "file: a record has no 'id'");
  CHECK(error_of(R"({"id": "X", "affected": [{}]})") == "file: X: an affected package has no 'package'");
  CHECK(error_of(R"({"id": "X", "affected": {}})") == "file: X: 'affected' is not a list");
  CHECK(error_of(R"({"id": "X", "affected": [{"package": {"ecosystem": "Debian"}, "ranges": [{}]}]})") ==
        "file: X: a range has no list 'events'");
  CHECK(error_of(R"({"crun": 1})") == "file: 'crun' is not a table of advisories");
  CHECK(error_of(R"({"crun": {"CVE": {}}})") == "file: 'CVE' of 'crun' has no table 'releases'");
  CHECK(error_of(R"({"crun": {"CVE": {"releases": {"trixie": {}}}}})") ==
        "file: 'CVE' of 'crun' has no status for trixie");
  CHECK(error_of(std::string(40, '[') + std::string(40, ']')).starts_with("file"));
}

}  // namespace
}  // namespace bulkhead::outdated
