#include "os-builder/sbom/spdx.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <set>

#include "lib/crypto/sha256.hpp"
#include "os-builder/sbom/digests.hpp"
#include "tests/support/golden.hpp"

using namespace bulkhead;
using namespace bulkhead::sbom;
using nlohmann::json;

namespace {

packages::Package package(const std::string& name, const std::string& version) {
  return {.name = name,
          .version = version,
          .architecture = "amd64",
          .source = name,
          .source_version = version,
          .sha256 = crypto::sha256(name),
          .size = 1000,
          .installed_size = 4000,
          .filename = "pool/main/x/" + name + ".deb",
          .suite = "trixie-security",
          .section = "admin",
          .maintainer = "Example Team <team@example.org>",
          .homepage = "",
          .summary = "an example",
          .reason = "because"};
}

packages::PackageSet example_set() {
  packages::PackageSet set;
  set.packages = {package("crun", "1.21-1+deb13u1"), package("libstdc++6", "1:14.2.0-19~x")};
  set.packages[0].homepage = "https://example.org/crun";
  set.packages[1].source = "gcc-14";
  set.packages[1].source_version = "14.2.0-19";
  set.source_date_epoch = 1750000000;
  return set;
}

rootfs::Tree example_tree() {
  rootfs::Tree tree;
  REQUIRE(tree.put_file("/usr/bin/crun", "program", 0755, "crun"));
  REQUIRE(tree.put_file("/usr/lib/libstdc++.so.6.0.33", "library", 0644, "libstdc++6"));
  REQUIRE(tree.put_symlink("/usr/lib/libstdc++.so.6", "libstdc++.so.6.0.33", "libstdc++6"));
  REQUIRE(tree.put_file("/usr/lib/os-release", "ID=bulkhead\n", 0644, "build"));
  REQUIRE(tree.put_file("/usr/share/empty", "", 0644, "overlay base"));
  return tree;
}

const SbomSubject kSubject{.variant = "kvm", .version = *Version::parse("0.1.0"), .build_id = "0123456789abcdef"};

std::string document() {
  const auto text = spdx_document(kSubject, example_set(), example_tree());
  REQUIRE(text);
  return *text;
}

}  // namespace

TEST_CASE("the SBOM of a small tree is what was accepted") {
  CHECK(testing::matches_golden("sbom/small.spdx.json", document()) == "");
}

TEST_CASE("the same content gives the same document, other content another name space") {
  CHECK(document() == document());
  rootfs::Tree tree = example_tree();
  REQUIRE(tree.put_file("/usr/bin/crun", "Program", 0755, "crun"));
  const auto other = spdx_document(kSubject, example_set(), tree);
  REQUIRE(other);
  CHECK(json::parse(*other)["documentNamespace"] != json::parse(document())["documentNamespace"]);
}

TEST_CASE("the document keeps SPDX 2.3's rules about identifiers, mandatory fields and analyzed files") {
  const json spdx = json::parse(document());
  CHECK(spdx["spdxVersion"] == "SPDX-2.3");
  CHECK(spdx["dataLicense"] == "CC0-1.0");
  CHECK(spdx["SPDXID"] == "SPDXRef-DOCUMENT");
  CHECK(spdx["creationInfo"]["created"] == "2025-06-15T15:06:40Z");
  CHECK(spdx["documentNamespace"].get<std::string>().find('#') == std::string::npos);

  std::set<std::string> ids = {"SPDXRef-DOCUMENT"};
  std::set<std::string> analyzed;
  for (const char* list : {"packages", "files"}) {
    for (const json& element : spdx[list]) {
      const auto id = element["SPDXID"].get<std::string>();
      INFO(id);
      CHECK(id.starts_with("SPDXRef-"));
      CHECK(id.substr(8).find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
            std::string::npos);
      CHECK(ids.insert(id).second);
      if (element.value("filesAnalyzed", false)) analyzed.insert(id);
      // 7.8, 7.9: a verification code exactly when files were analyzed
      if (std::string_view(list) == "packages")
        CHECK(element.contains("packageVerificationCode") == element["filesAnalyzed"].get<bool>());
    }
  }
  for (const json& relation : spdx["relationships"]) {
    const auto from = relation["spdxElementId"].get<std::string>();
    const auto to = relation["relatedSpdxElement"].get<std::string>();
    CHECK(ids.contains(from));
    CHECK(ids.contains(to));
    if (relation["relationshipType"] == "CONTAINS") CHECK(analyzed.contains(from));
  }
  for (const json& file : spdx["files"]) CHECK(file["checksums"][0]["algorithm"] == "SHA1");  // 8.4: mandatory
}

TEST_CASE("package URLs are encoded, name the distribution, and the source package where it differs") {
  const std::string text = document();
  CHECK(text.contains("pkg:deb/debian/crun@1.21-1%2Bdeb13u1?arch=amd64&distro=trixie\""));
  CHECK(text.contains(
      "pkg:deb/debian/libstdc%2B%2B6@1%3A14.2.0-19~x?arch=amd64&distro=trixie&upstream=gcc-14%4014.2.0-19\""));
}

TEST_CASE("digests of files are those of their bytes, and the verification code is the one of clause 7.9") {
  CHECK(sha1_hex(as_bytes("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  const std::vector<std::string> texts = {sha1_hex(as_bytes("b")), sha1_hex(as_bytes("a"))};
  const std::string sorted = sha1_hex(as_bytes("a")) + sha1_hex(as_bytes("b"));
  CHECK(verification_code(texts) == sha1_hex(as_bytes(sorted)));
}

TEST_CASE("a path that SPDX cannot name is refused, not misspelled") {
  rootfs::Tree tree = example_tree();
  REQUIRE(tree.put_file("/usr/share/\xff", "", 0644, "crun"));
  const auto text = spdx_document(kSubject, example_set(), tree);
  REQUIRE_FALSE(text);
  CHECK(text.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("an SBOM reads back: every file with its digest, Debian's packages with their versions") {
  const auto content = parse_spdx(document());
  REQUIRE(content);
  CHECK(content->files.size() == 4);
  CHECK(content->files.at("/usr/bin/crun") == crypto::sha256("program"));
  CHECK(content->packages ==
        std::map<std::string, std::string, std::less<>>{{"crun", "1.21-1+deb13u1"}, {"libstdc++6", "1:14.2.0-19~x"}});
}

TEST_CASE("an SBOM with repeated files, without digests, or of another kind is refused") {
  json good = json::parse(document());
  const auto refused = [](const json& changed) { return !parse_spdx(changed.dump()); };
  CHECK_FALSE(refused(good));
  json bad = good;
  bad["spdxVersion"] = "SPDX-2.2";
  CHECK(refused(bad));
  bad = good;
  bad.erase("files");
  CHECK(refused(bad));
  bad = good;
  bad["files"].push_back(bad["files"][0]);
  CHECK(refused(bad));
  bad = good;
  bad["files"][0]["checksums"].erase(1);
  CHECK(refused(bad));
  bad = good;
  bad["files"][0]["checksums"][1]["checksumValue"] = "00";
  CHECK(refused(bad));
  bad = good;
  bad["files"][0]["fileName"] = "usr/bin/crun";
  CHECK(refused(bad));
  CHECK_FALSE(parse_spdx(""));
  CHECK_FALSE(parse_spdx("[[[[[[[[[[[[[[[[[[[[[[[["));
  CHECK_FALSE(parse_spdx("7"));
}
