// The SBOM of a built image against what stock tools find in it: every file of the root, the ESP, the UKI and the
// initrd has a package, or is ours, with its license.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>
#include <toml++/toml.hpp>

#include <map>
#include <set>

#include "lib/base/text.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

using nlohmann::json;

// Path -> SHA-256, as sha256sum says it.
std::map<std::string, std::string> digests_below(const sys::Path& directory) {
  std::vector<std::string> command = {"sha256sum"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && !entry.is_symlink()) command.push_back(entry.path().native());
  }
  std::map<std::string, std::string> digests;
  if (command.size() == 1) return digests;
  const auto output = tool(std::move(command));
  REQUIRE(output.exit_status == 0);
  for (const std::string_view line : split(output.out, '\n')) {
    if (line.size() < 66) continue;
    digests.emplace(sys::Path(line.substr(66)).lexically_relative(directory).native(), line.substr(0, 64));
  }
  return digests;
}

void succeeds(std::vector<std::string> command) {
  const auto result = tool(std::move(command));
  INFO(result.out << result.err);
  REQUIRE(result.exit_status == 0);
}

// Everything that is in an image, unpacked by stock tools.
struct Unpacked {
  sys::TempDir scratch = sys::TempDir::create("/var/tmp", "sbom-").value();
  std::map<std::string, std::map<std::string, std::string>> files;  // container in the SBOM -> path -> digest

  explicit Unpacked(const sys::Path& directory) {
    const sys::Path& work = scratch.path();
    for (const char* name : {"root", "esp", "uki", "initrd"}) REQUIRE(sys::create_directories(work / name));
    succeeds(
        {"fsck.erofs", "--extract=" + (work / "root").native(), "--overwrite", (directory / "root.erofs").native()});
    const std::string disk = (directory / "disk.img").native();
    const auto table = json::parse(tool({"sfdisk", "--json", disk}).out);
    const auto start = table.at("partitiontable").at("partitions").at(0).at("start").get<std::uint64_t>() * 512;
    succeeds({"mcopy", "-s", "-i", std::format("{}@@{}", disk, start), "::EFI", "::loader", (work / "esp").native()});
    sys::Path uki;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (entry.path().extension() == ".efi") uki = entry.path();
    }
    for (const json& section : sections_of(uki)) {
      const std::string name = section.at("name");
      files["SPDXRef-Uki"].emplace(name, section.at("sha256"));
    }
    const sys::Path archive = work / "initrd.zst";
    succeeds({"ukify", std::format("--section=.initrd:binary@{}", archive.native()), "inspect", uki.native()});
    succeeds({"zstd", "-dq", archive.native(), "-o", (work / "initrd.cpio").native()});
    succeeds({"cpio", "-i", "--quiet", "--make-directories", "-D", (work / "initrd").native(), "-F",
              (work / "initrd.cpio").native()});
    files["SPDXRef-Image"] = digests_below(work / "root");
    files["SPDXRef-Esp"] = digests_below(work / "esp");
    files["SPDXRef-Initrd"] = digests_below(work / "initrd");
  }

  static json sections_of(const sys::Path& uki) {
    const auto result = tool({"ukify", "--json=short", "--all", "inspect", uki.native()});
    INFO(result.out << result.err);
    REQUIRE(result.exit_status == 0);
    const auto object = json::parse(result.out);
    json list = json::array();
    for (const auto& [name, section] : object.items())
      list.push_back({{"name", name}, {"sha256", section.at("sha256")}});
    return list;
  }
};

struct Sbom {
  json document;
  std::map<std::string, json> elements;                             // by SPDXID
  std::multimap<std::string, std::string> generated_from;           // file -> package or part
  std::map<std::string, std::map<std::string, std::string>> files;  // container -> path -> SPDXID
  std::set<std::string> contained;                                  // packages that the image contains

  explicit Sbom(const sys::Path& file) : document(json::parse(sys::read_file(file).value())) {
    for (const char* list : {"packages", "files"}) {
      for (const json& element : document.at(list)) elements.emplace(element.at("SPDXID"), element);
    }
    for (const json& relation : document.at("relationships")) {
      const std::string type = relation.at("relationshipType");
      const std::string from = relation.at("spdxElementId");
      const std::string to = relation.at("relatedSpdxElement");
      if (type == "GENERATED_FROM") generated_from.emplace(from, to);
      if (type != "CONTAINS") continue;
      if (elements.at(to).contains("fileName")) {
        files[from].emplace(elements.at(to).at("fileName").get<std::string>().substr(2), to);
      } else if (from == "SPDXRef-Image") {
        contained.insert(to);
      }
    }
  }

  std::string digest_of(const std::string& id) const {
    for (const json& checksum : elements.at(id).at("checksums")) {
      if (checksum.at("algorithm") == "SHA256") return checksum.at("checksumValue");
    }
    return "";
  }

  // A package of Debian's or ours with a license or the reason why there is none; or another part, whose files have
  // one.
  bool is_accounted_for(const std::string& file) const {
    const auto [first, last] = generated_from.equal_range(file);
    bool accounted = first != last;
    for (auto at = first; at != last; ++at) {
      if (at->second == "SPDXRef-Uki" || at->second == "SPDXRef-Initrd") continue;
      const json& package = elements.at(at->second);
      const bool licensed =
          package.at("licenseDeclared") != "NOASSERTION" || !package.value("licenseComments", std::string()).empty();
      const bool inside = contained.contains(at->second) || at->second == "SPDXRef-Bulkhead";
      accounted = accounted && licensed && inside;
    }
    return accounted;
  }
};

// What an expression refers to.
std::set<std::string> references_in(const std::string& expression) {
  std::set<std::string> references;
  std::string words;
  for (const char c : expression) words += c == '(' || c == ')' ? ' ' : c;
  for (const std::string_view word : split(words, ' ')) {
    if (word.starts_with("LicenseRef-")) references.emplace(word);
  }
  return references;
}

}  // namespace

TEST_CASE("every file of root, ESP, UKI and initrd is in the SBOM with its digest, its origin and its license") {
  const std::string variant = GENERATE("kvm", "ec2", "kvm-dev");
  const sys::Path directory = image_directory(variant);
  const Unpacked image(directory);
  const Sbom sbom(directory / "sbom.spdx.json");
  CHECK(image.files.at("SPDXRef-Image").size() > 300);
  CHECK(image.files.at("SPDXRef-Esp").size() == 7);
  CHECK(image.files.at("SPDXRef-Uki").size() >= 6);
  CHECK(image.files.at("SPDXRef-Initrd").size() >= 4);
  for (const auto& [container, files] : image.files) {
    INFO(variant << " " << container);
    const auto& listed = sbom.files.at(container);
    CHECK(listed.size() == files.size());
    std::vector<std::string> wrong;
    for (const auto& [path, digest] : files) {
      const auto found = listed.find(path);
      if (found == listed.end() || sbom.digest_of(found->second) != digest || !sbom.is_accounted_for(found->second))
        wrong.push_back(path);
    }
    CHECK(wrong == std::vector<std::string>{});
  }
}

TEST_CASE("every package has a license expression or a reason, and every reference in one has its text") {
  const std::string variant = GENERATE("kvm", "ec2", "kvm-dev");
  const Sbom sbom(image_directory(variant) / "sbom.spdx.json");
  std::set<std::string> texts;
  for (const json& text : sbom.document.at("hasExtractedLicensingInfos")) {
    CHECK_FALSE(text.at("extractedText").get<std::string>().empty());
    CHECK(texts.insert(text.at("licenseId")).second);
  }
  std::set<std::string> used;
  std::vector<std::string> unlicensed;
  for (const json& package : sbom.document.at("packages")) {
    const std::string id = package.at("SPDXID");
    const std::string expression = package.at("licenseDeclared");
    if (expression == "NOASSERTION" && package.value("licenseComments", std::string()).empty())
      unlicensed.push_back(id);
    // The reason is only for what Debian does not say here: sources that other packages were built with, Go modules.
    if (expression == "NOASSERTION" && id.starts_with("SPDXRef-Package-")) unlicensed.push_back(id);
    if (expression == "NOASSERTION" && id.starts_with("SPDXRef-Sdk-")) unlicensed.push_back(id);
    used.merge(references_in(expression));
  }
  CHECK(unlicensed == std::vector<std::string>{});
  CHECK(used == texts);
}

TEST_CASE("the kernel's modules are from the kernel's package, and what is only an input is not said to be inside") {
  const Sbom sbom(image_directory("kvm") / "sbom.spdx.json");
  std::string module;
  for (const auto& [path, id] : sbom.files.at("SPDXRef-Image")) {
    if (path.ends_with("/overlay.ko")) module = sbom.generated_from.find(id)->second;
  }
  CHECK(module.starts_with("SPDXRef-Package-linux-image-6"));
  CHECK(sbom.contained.contains(module));
  CHECK(sbom.contained.contains("SPDXRef-Package-systemd-boot-efi"));
  for (const char* package : {"base-files", "linux-image-cloud-amd64", "nlohmann-json3-dev"}) {
    INFO(package);
    CHECK(sbom.elements.contains(std::string("SPDXRef-Package-") + package));
    CHECK_FALSE(sbom.contained.contains(std::string("SPDXRef-Package-") + package));
  }
}

TEST_CASE("what is compiled into containerd and into our programs is in the SBOM") {
  const Sbom sbom(image_directory("kvm") / "sbom.spdx.json");
  std::set<std::string> links;
  for (const json& relation : sbom.document.at("relationships")) {
    if (relation.at("relationshipType") != "STATIC_LINK") continue;
    std::string from = relation.at("spdxElementId");
    if (sbom.elements.at(from).contains("fileName")) from = sbom.elements.at(from).at("fileName");
    links.insert(from + " " + sbom.elements.at(relation.at("relatedSpdxElement")).at("name").get<std::string>());
  }
  for (const char* link :
       {"./usr/bin/containerd stdlib", "./usr/bin/runsc stdlib", "./init libc6-dev", "./init libstdc++-14-dev",
        "./usr/lib/bulkhead/apiserver nlohmann-json3-dev", "./usr/lib/bulkhead/apiserver libboost-url1.83-dev",
        "SPDXRef-Package-containerd golang-golang-x-sys"}) {
    INFO(link);
    CHECK(links.contains(link));
  }
}

TEST_CASE("each entry of [licenses] and [cpe] is needed by some variant") {
  std::set<std::string> sources;
  std::set<std::string> machine_readable;
  for (const char* variant : {"kvm", "ec2", "kvm-dev"}) {
    const Sbom sbom(image_directory(variant) / "sbom.spdx.json");
    for (const json& package : sbom.document.at("packages")) {
      const std::string id = package.at("SPDXID");
      if (id.starts_with("SPDXRef-Source-")) sources.insert(package.at("name"));
    }
    const toml::table lock = toml::parse_file((image_directory(variant) / "packages.lock").native());
    for (const auto& package : *lock["package"].as_array())
      sources.insert(package.as_table()->at("source").value_or(std::string()));
  }
  const toml::table data = toml::parse_file((source_directory() / "variants/shared/licenses.toml").native());
  for (const char* table : {"licenses", "cpe"}) {
    for (const auto& [source, value] : *data[table].as_table()) {
      INFO(table << " " << source.str());
      CHECK(sources.contains(std::string(source.str())));
    }
  }
}

TEST_CASE("the texts of the licenses are passed on: one for each package, and those that they refer to") {
  const std::string variant = GENERATE("kvm", "ec2");
  const sys::TempDir scratch = sys::TempDir::create("/var/tmp", "licenses-").value();
  succeeds({"tar", "--zstd", "-x", "-C", scratch.path().native(), "-f",
            (image_directory(variant) / "licenses.tar.zst").native()});
  CHECK(sys::file_size(scratch.path() / "common-licenses/GPL-2").value() > 15000);
  CHECK(sys::file_size(scratch.path() / "common-licenses/LGPL-2.1").value() > 15000);
  const std::string index = sys::read_file(scratch.path() / "INDEX").value();
  std::size_t packages = 0;
  for (const std::string_view line : split(index, '\n')) {
    const std::vector<std::string_view> words = split(line, '\t');
    if (words.size() != 4 || words[0] == "package") continue;
    ++packages;
    INFO(line);
    CHECK(sys::file_size(scratch.path() / words[3]).value_or(0) > 100);
  }
  const auto document = json::parse(sys::read_file(image_directory(variant) / "sbom.spdx.json").value());
  std::size_t locked = 0;
  for (const json& package : document.at("packages"))
    locked += package.at("SPDXID").get<std::string>().starts_with("SPDXRef-Package-") ? 1 : 0;
  CHECK(packages == locked);
}

TEST_CASE("openssl verifies the provenance, whose subjects are the files of the build") {
  const sys::Path directory = image_directory("kvm");
  const sys::TempDir scratch = sys::TempDir::create("/tmp", "provenance-").value();
  const auto at = [&](const char* name) { return (scratch.path() / name).native(); };
  const auto envelope = json::parse(sys::read_file(directory / "provenance.intoto.jsonl").value());
  const auto decoded = [&](const std::string& base64, const char* name) {
    REQUIRE(sys::write_file_atomically(scratch.path() / "base64", base64));
    succeeds({"openssl", "base64", "-d", "-A", "-in", at("base64"), "-out", at(name)});
    return sys::read_file(scratch.path() / name).value();
  };
  decoded(envelope.at("signatures").at(0).at("sig"), "signature");
  const std::string payload = decoded(envelope.at("payload"), "payload");
  const std::string type = envelope.at("payloadType");
  REQUIRE(sys::write_file_atomically(scratch.path() / "signed",
                                     std::format("DSSEv1 {} {} {} {}", type.size(), type, payload.size(), payload)));
  succeeds(
      {"openssl", "x509", "-in", (key_directory() / "root-hash.pem").native(), "-pubkey", "-noout", "-out", at("key")});
  succeeds({"openssl", "dgst", "-sha256", "-verify", at("key"), "-signature", at("signature"), at("signed")});

  const auto statement = json::parse(payload);
  CHECK(statement.at("predicateType") == "https://slsa.dev/provenance/v1");
  std::map<std::string, std::string> subjects;
  for (const json& subject : statement.at("subject"))
    subjects.emplace(subject.at("name"), subject.at("digest").at("sha256"));
  const auto manifest = json::parse(sys::read_file(directory / "manifest.json").value());
  for (const json& file : manifest.at("files")) {
    const std::string name = file.at("name");
    const std::string digest = file.at("sha256");
    INFO(name);
    if (name != "provenance.intoto.jsonl") CHECK(subjects.at(name) == digest);
  }
  CHECK(subjects.size() + 1 == manifest.at("files").size());
  std::set<std::string> dependencies;
  for (const json& entry : statement.at("predicate").at("buildDefinition").at("resolvedDependencies"))
    dependencies.insert(entry.at("name"));
  for (const char* name : {"program/bulkhead-init", "program/apiserver", "overlay/base/etc/nftables.conf", "variant"}) {
    INFO(name);
    CHECK(dependencies.contains(name));
  }
}

TEST_CASE("EC2 gets the owner's keys, and libvirt a domain that is XML") {
  const sys::TempDir scratch = sys::TempDir::create("/tmp", "launch-").value();
  const std::string variables = (scratch.path() / "variables.json").native();
  succeeds({"virt-fw-vars", "--input", (image_directory("ec2") / "uefi-data").native(), "--output-json", variables});
  std::set<std::string> names;
  const auto read = json::parse(sys::read_file(variables).value());
  for (const json& variable : read.at("variables")) names.insert(variable.at("name"));
  CHECK(names == std::set<std::string>{"PK", "KEK", "db"});
  const auto request = json::parse(sys::read_file(image_directory("ec2") / "register-image.json").value());
  CHECK(request.at("UefiData") == sys::read_file(image_directory("ec2") / "uefi-data").value());

  const std::string domain = (image_directory("kvm") / "libvirt.xml").native();
  succeeds({"python3", "-c", "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])", domain});
}

}  // namespace bulkhead::testing
