// Tools that know nothing of us must agree with what we write.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <sys/mount.h>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

struct KvmImage {
  sys::Path directory = image_directory("kvm");
  std::string disk = (directory / "disk.img").native();
  std::string uki = find_uki().native();
  nlohmann::json manifest = nlohmann::json::parse(sys::read_file(directory / "manifest.json").value());
  std::string root_hash = manifest.at("root_hash");

  sys::Path find_uki() const {
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (entry.path().extension() == ".efi") return entry.path();
    }
    return {};
  }
};

void check_success(const sys::Output& output) {
  INFO(output.out << output.err);
  CHECK(output.exit_status == 0);
}

}  // namespace

TEST_CASE_METHOD(KvmImage, "sgdisk and sfdisk find nothing wrong with the partition table") {
  const auto sgdisk = tool({"sgdisk", "-v", disk});
  check_success(sgdisk);
  CHECK(sgdisk.out.contains("No problems found"));
  const auto sfdisk = tool({"sfdisk", "--verify", disk});
  check_success(sfdisk);
  CHECK((sfdisk.out + sfdisk.err).contains("No errors detected"));
}

TEST_CASE_METHOD(KvmImage, "fsck.erofs accepts the root image") {
  check_success(tool({"fsck.erofs", (directory / "root.erofs").native()}));
}

TEST_CASE_METHOD(KvmImage, "veritysetup verifies the root image against the manifest's root hash") {
  check_success(tool(
      {"veritysetup", "verify", (directory / "root.erofs").native(), (directory / "root.verity").native(), root_hash}));
}

TEST_CASE_METHOD(KvmImage, "sbverify accepts the UKI with the db certificate and with no other") {
  check_success(tool({"sbverify", "--cert", (key_directory() / "db.pem").native(), uki}));
  CHECK(tool({"sbverify", "--cert", (key_directory() / "pk.pem").native(), uki}).exit_status != 0);
}

TEST_CASE_METHOD(KvmImage, "ukify shows the sections of the UKI, with the root hash on its command line") {
  const auto result = tool({"ukify", "--json=short", "inspect", uki});
  check_success(result);
  const auto sections = nlohmann::json::parse(result.out);
  for (const char* name : {".linux", ".initrd", ".cmdline", ".osrel", ".uname"}) {
    INFO(name);
    CHECK(sections.contains(name));
  }
  CHECK(result.out.contains("roothash=" + root_hash));
}

TEST_CASE_METHOD(KvmImage, "systemd-dissect recognises a verity-protected root with its signature") {
  const auto result = tool({"systemd-dissect", "--json=short",
                            "--image-policy=root=verity+signed+unused+absent:=unused+absent+ignore", disk});
  INFO(result.out << result.err);
  CHECK(result.exit_status == 0);
  CHECK(result.out.contains("\"root\""));
  CHECK(result.out.contains("\"signed\""));
}

TEST_CASE_METHOD(KvmImage, "bootctl lists the UKI as an entry with three tries") {
  const sys::TempDir scratch = sys::TempDir::create("/var/tmp", "esp-").value();
  // bootctl insists on the root of a file system.
  REQUIRE(::mount("tmpfs", scratch.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64m") == 0);
  const auto table = nlohmann::json::parse(tool({"sfdisk", "--json", disk}).out);
  const std::uint64_t start = table.at("partitiontable").at("partitions").at(0).at("start").get<std::uint64_t>() * 512;
  const auto copied =
      tool({"mcopy", "-s", "-i", disk + "@@" + std::to_string(start), "::EFI", "::loader", scratch.path().native()});
  check_success(copied);
  const auto result = tool({"env", "SYSTEMD_RELAX_ESP_CHECKS=1", "bootctl", "list",
                            "--esp-path=" + scratch.path().native(), "--json=short"});
  INFO(result.out << result.err);
  CHECK(result.exit_status == 0);
  CHECK(result.out.contains("bulkhead_"));
  CHECK(result.out.contains("+3.efi"));
  REQUIRE(::umount2(scratch.path().c_str(), MNT_DETACH) == 0);
}

TEST_CASE_METHOD(KvmImage, "every file of the manifest has the size and digest that it says") {
  REQUIRE(manifest.at("files").size() >= 9);
  for (const auto& file : manifest.at("files")) {
    const sys::Path path = directory / file.at("name").get<std::string>();
    INFO(path.native());
    CHECK(sys::file_size(path).value() == file.at("size").get<std::uint64_t>());
    CHECK(tool({"sha256sum", path.native()}).out.starts_with(file.at("sha256").get<std::string>()));
  }
}

TEST_CASE_METHOD(KvmImage, "the SBOM has everything that SPDX 2.3 makes mandatory, and the check can fail") {
  const std::string schema = (source_directory() / "tests" / "support" / "spdx-2.3.schema.json").native();
  const auto validate = [&](const sys::Path& document) {
    return tool({"python3", "-W", "ignore", "-m", "jsonschema", "-i", document.native(), schema});
  };
  check_success(validate(directory / "sbom.spdx.json"));

  auto document = nlohmann::json::parse(sys::read_file(directory / "sbom.spdx.json").value());
  document["files"][0]["checksums"].erase(0);  // SHA-1 is mandatory
  const sys::TempDir scratch = sys::TempDir::create("/var/tmp", "spdx-").value();
  REQUIRE(sys::write_file_atomically(scratch.path() / "bad.json", document.dump()));
  CHECK(validate(scratch.path() / "bad.json").exit_status != 0);
}

TEST_CASE_METHOD(KvmImage,
                 "the SPDX project's own library accepts the SBOM, and not one that speaks of something it lacks") {
  const auto validate = [](const sys::Path& document) {
    return tool({"env", "GO111MODULE=off", "GOPATH=/usr/share/gocode", "GOCACHE=" + (cache_directory() / "go").native(),
                 "go", "run", (source_directory() / "tests/support/validate_spdx.go").native(), document.native()});
  };
  auto document = nlohmann::json::parse(sys::read_file(directory / "sbom.spdx.json").value());
  const auto accepted = validate(directory / "sbom.spdx.json");
  check_success(accepted);
  CHECK(accepted.out == std::format("{} packages\n", document.at("packages").size()));

  document.at("relationships")[0]["relatedSpdxElement"] = "SPDXRef-nothing";
  const sys::TempDir scratch = sys::TempDir::create("/var/tmp", "spdx-").value();
  REQUIRE(sys::write_file_atomically(scratch.path() / "bad.json", document.dump()));
  CHECK(validate(scratch.path() / "bad.json").exit_status != 0);
}

TEST_CASE_METHOD(KvmImage, "qcow2 and zstd forms hold the same disk") {
  check_success(tool({"qemu-img", "compare", "-f", "raw", "-F", "qcow2", disk, (directory / "disk.qcow2").native()}));
  const sys::TempDir scratch = sys::TempDir::create("/var/tmp", "zst-").value();
  const std::string unpacked = (scratch.path() / "disk.img").native();
  check_success(tool({"zstd", "-dq", "--sparse", (directory / "disk.img.zst").native(), "-o", unpacked}));
  check_success(tool({"cmp", disk, unpacked}));
}

}  // namespace bulkhead::testing
