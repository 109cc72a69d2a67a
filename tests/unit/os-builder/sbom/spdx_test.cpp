#include "os-builder/sbom/spdx.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <map>
#include <set>

#include "lib/crypto/sha256.hpp"
#include "os-builder/sbom/digests.hpp"
#include "os-builder/sbom/identifiers.hpp"
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
  set.packages = {package("crun", "1.21-1+deb13u1"), package("gcc-14-base", "14.2.0-19"),
                  package("libstdc++6", "1:14.2.0-19~x")};
  set.packages[2].suite = "sid";
  set.packages[2].suite_reason = "CVE-2026-0001 is fixed there";
  set.packages[0].homepage = "https://example.org/crun";
  set.packages[1].source = "gcc-14";
  set.packages[2].source = "gcc-14";
  set.packages[2].source_version = "14.2.0-19";
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

// crun is in the image, libstdc++6 too, nothing of gcc-14-base is.
struct Example {
  packages::PackageSet set = example_set();
  rootfs::Tree tree = example_tree();
  licenses::LicenseReport licenses;
  Components components;
  PartFiles parts;

  Example() {
    licenses.packages["crun"] = {
        .expression = "GPL-2.0-or-later AND LicenseRef-crun-custom", .basis = "as declared", .text = "/crun/copyright"};
    licenses.packages["libstdc++6"] = {.expression = "NOASSERTION", .basis = "it has no copyright file", .text = {}};
    licenses.packages["gcc-14-base"] = {.expression = "MIT", .basis = "as declared", .text = "/gcc-14/copyright"};
    licenses.references = {{.id = "LicenseRef-crun-custom", .name = "custom", .text = "Do what you \xff want."}};
    components = {{.id = "Sdk-cli11",
                   .name = "libcli11-dev",
                   .version = "2.4.1",
                   .supplier = "Organization: Debian",
                   .purl = "pkg:deb/debian/libcli11-dev@2.4.1?arch=amd64",
                   .expression = "BSD-3-Clause",
                   .basis = "as declared",
                   .source = "cli11",
                   .uses = {{.file = "/usr/bin/crun", .package = {}},
                            {.file = "initrd:init", .package = {}},
                            {.file = {}, .package = "crun"}}}};
    parts[Part::esp] = {describe_part_file("EFI/Linux/x.efi", as_bytes("uki"), {part_origin(Part::uki)}),
                        describe_part_file("loader/loader.conf", as_bytes("timeout 0"), {})};
    parts[Part::uki] = {describe_part_file(".linux", as_bytes("kernel"), {"crun"}),
                        describe_part_file(".initrd", as_bytes("cpio"), {part_origin(Part::initrd)})};
    parts[Part::initrd] = {describe_part_file("init", as_bytes("init"), {})};
  }

  Result<std::string> write() const {
    return spdx_document(
        {.subject = {.variant = "kvm", .version = *Version::parse("0.1.0"), .build_id = "0123456789abcdef"},
         .packages = &set,
         .tree = &tree,
         .licenses = &licenses,
         .components = &components,
         .parts = parts,
         .products = {{"crun", "crun_project:crun"}, {"gcc-14", "gnu:gcc"}}});
  }
};

std::string document() {
  const auto text = Example().write();
  REQUIRE(text);
  return *text;
}

// "FROM TYPE TO" of every relationship.
std::set<std::string> relationships(const json& spdx) {
  std::set<std::string> all;
  for (const json& relation : spdx["relationships"]) {
    all.insert(relation["spdxElementId"].get<std::string>() + " " + relation["relationshipType"].get<std::string>() +
               " " + relation["relatedSpdxElement"].get<std::string>());
  }
  return all;
}

json element(const json& spdx, const std::string& list, const std::string& key, const std::string& value) {
  for (const json& entry : spdx[list]) {
    if (entry[key] == value) return entry;
  }
  FAIL("no " << value);
  return {};
}

}  // namespace

TEST_CASE("the SBOM of a small tree is what was accepted") {
  CHECK(testing::matches_golden("sbom/small.spdx.json", document()) == "");
}

TEST_CASE("the same content gives the same document, other content another name space") {
  CHECK(document() == document());
  Example example;
  REQUIRE(example.tree.put_file("/usr/bin/crun", "Program", 0755, "crun"));
  const auto other = example.write();
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
      "pkg:deb/debian/libstdc%2B%2B6@1%3A14.2.0-19~x?arch=amd64&distro=sid&upstream=gcc-14%4014.2.0-19\""));
}

TEST_CASE("digests of files are those of their bytes, and the verification code is the one of clause 7.9") {
  CHECK(sha1_hex(as_bytes("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  const std::vector<std::string> texts = {sha1_hex(as_bytes("b")), sha1_hex(as_bytes("a"))};
  const std::string sorted = sha1_hex(as_bytes("a")) + sha1_hex(as_bytes("b"));
  CHECK(verification_code(texts) == sha1_hex(as_bytes(sorted)));
}

TEST_CASE("a path that SPDX cannot name is refused, not misspelled") {
  Example example;
  REQUIRE(example.tree.put_file("/usr/share/\xff", "", 0644, "crun"));
  const auto text = example.write();
  REQUIRE_FALSE(text);
  CHECK(text.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("an SBOM reads back: every file with its digest, Debian's packages with their versions") {
  const auto content = parse_spdx(document());
  REQUIRE(content);
  CHECK(content->files.size() == 4);
  CHECK(content->files.at("/usr/bin/crun") == crypto::sha256("program"));
  CHECK(content->packages == std::map<std::string, std::string, std::less<>>{{"crun", "1.21-1+deb13u1"},
                                                                             {"gcc-14-base", "14.2.0-19"},
                                                                             {"libstdc++6", "1:14.2.0-19~x"}});
  CHECK(content->parts.at(Part::esp).size() == 2);
  CHECK(content->parts.at(Part::esp).at("EFI/Linux/x.efi") == crypto::sha256("uki"));
  CHECK(content->parts.at(Part::uki).at(".linux") == crypto::sha256("kernel"));
  CHECK(content->parts.at(Part::initrd) == SbomContent::Files{{"init", crypto::sha256("init")}});
}

TEST_CASE("a package of which no file is in the image is an input of the build, not a part of it") {
  const json spdx = json::parse(document());
  const auto relations = relationships(spdx);
  CHECK(relations.contains("SPDXRef-Image CONTAINS SPDXRef-Package-crun"));
  CHECK(relations.contains("SPDXRef-Package-gcc-14-base BUILD_DEPENDENCY_OF SPDXRef-Image"));
  CHECK_FALSE(relations.contains("SPDXRef-Image CONTAINS SPDXRef-Package-gcc-14-base"));
  // In no file of the root, but in the UKI.
  Example example;
  example.tree = {};
  const auto other = example.write();
  REQUIRE(other);
  CHECK(relationships(json::parse(*other)).contains("SPDXRef-Image CONTAINS SPDXRef-Package-crun"));
}

TEST_CASE("the ESP holds the UKI, the UKI the initrd, and what is compiled in is said of file and package") {
  const json spdx = json::parse(document());
  const auto relations = relationships(spdx);
  const auto id = [&](const std::string& name) {
    return element(spdx, "files", "fileName", name)["SPDXID"].get<std::string>();
  };
  CHECK(relations.contains("SPDXRef-Esp CONTAINS " + id("./EFI/Linux/x.efi")));
  CHECK(relations.contains(id("./EFI/Linux/x.efi") + " GENERATED_FROM SPDXRef-Uki"));
  CHECK(relations.contains(id("./.initrd") + " GENERATED_FROM SPDXRef-Initrd"));
  CHECK(relations.contains(id("./.linux") + " GENERATED_FROM SPDXRef-Package-crun"));
  CHECK(relations.contains(id("./init") + " GENERATED_FROM SPDXRef-Bulkhead"));
  CHECK(relations.contains(id("./init") + " STATIC_LINK SPDXRef-Sdk-cli11"));
  CHECK(relations.contains(id("./usr/bin/crun") + " STATIC_LINK SPDXRef-Sdk-cli11"));
  CHECK(relations.contains("SPDXRef-Package-crun STATIC_LINK SPDXRef-Sdk-cli11"));
}

TEST_CASE("each package has its license or the reason why it has none, and texts of others are in the document") {
  const json spdx = json::parse(document());
  const json crun = element(spdx, "packages", "name", "crun");
  CHECK(crun["licenseDeclared"] == "GPL-2.0-or-later AND LicenseRef-crun-custom");
  const json library = element(spdx, "packages", "name", "libstdc++6");
  CHECK(library["licenseDeclared"] == "NOASSERTION");
  CHECK(library["licenseComments"] == "it has no copyright file");
  const json text = element(spdx, "hasExtractedLicensingInfos", "licenseId", "LicenseRef-crun-custom");
  CHECK(text["extractedText"] == "Do what you \xef\xbf\xbd want.");  // SPDX is UTF-8
}

TEST_CASE("packages have CPE names where their source has a product") {
  const json spdx = json::parse(document());
  CHECK(element(spdx, "packages", "name", "crun")["externalRefs"][1]["referenceLocator"] ==
        "cpe:2.3:a:crun_project:crun:1.21:*:*:*:*:*:*:*");
  CHECK(element(spdx, "packages", "name", "libstdc++6")["externalRefs"][1]["referenceLocator"] ==
        "cpe:2.3:a:gnu:gcc:14.2.0:*:*:*:*:*:*:*");
  CHECK(element(spdx, "packages", "name", "libcli11-dev")["externalRefs"].size() == 1);
}

TEST_CASE("the upstream version is what is left of a Debian version without Debian's parts") {
  for (const auto& [debian, upstream] :
       std::map<std::string, std::string>{{"1:1.3.dfsg+really1.3.1-1+deb13u1", "1.3.1"},
                                          {"1.7.24~ds1-6+deb13u1", "1.7.24"},
                                          {"257.13-1~deb13u1", "257.13"},
                                          {"2:3.110-1+deb13u5", "3.110"},
                                          {"1:10.0.13+ds-0+deb13u1", "10.0.13"},
                                          {"5.3.28+dfsg2-9", "5.3.28"},
                                          {"3.152", "3.152"},
                                          {"6.12.118-1", "6.12.118"}})
    CHECK(upstream_version(debian) == upstream);
  CHECK(cpe_name("o:linux:linux_kernel", "6.12.118-1") == "cpe:2.3:o:linux:linux_kernel:6.12.118:*:*:*:*:*:*:*");
  CHECK(cpe_name("gnu:x", "1.0~rc1-1") == "cpe:2.3:a:gnu:x:1.0\\~rc1:*:*:*:*:*:*:*");
}

TEST_CASE("identifiers are different for names that differ in a character that SPDX does not have") {
  CHECK(id_text("libstdc++6") == "libstdc.2B.2B6");
  CHECK(id_text("golang.org/x/sys") == "golang.org.2Fx.2Fsys");
  CHECK(encoded_path("github.com/a b/c") == "github.com/a%20b/c");
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
