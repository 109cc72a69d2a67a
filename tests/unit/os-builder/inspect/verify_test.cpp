#include "os-builder/inspect/verify.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "os-builder/disk/esp.hpp"
#include "os-builder/disk/read.hpp"
#include "os-builder/disk/slot.hpp"
#include "os-builder/inspect/verbs.hpp"
#include "tests/unit/os-builder/inspect/fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::testing;
using inspect::CheckState;

namespace {

inspect::Verification verified(const sys::Path& image) {
  return must(inspect::verify({.image = image, .keys = test_key_directory(), .sbom = {}, .manifest = {}}));
}

// Names of the checks in this state.
std::vector<std::string> names(const inspect::Verification& verification, CheckState state) {
  std::vector<std::string> result;
  for (const inspect::Check& check : verification.checks) {
    if (check.state == state) result.push_back(check.name);
  }
  return result;
}

std::vector<std::string> failures(const sys::Path& image) { return names(verified(image), CheckState::failed); }

void flip(const sys::Path& file, std::uint64_t offset) {
  const auto fd = must(sys::open_file(file, O_RDWR));
  std::array<std::byte, 1> byte{};
  must(sys::read_exactly_at(fd.get(), byte, offset));
  byte[0] ^= std::byte{1};
  must(sys::write_all_at(fd.get(), byte, offset));
}

using Names = std::vector<std::string>;
const std::string kUki = "EFI/Linux/bulkhead_1.0.0+3.efi";

}  // namespace

TEST_CASE_METHOD(Built, "a build passes every check, and each is named") {
  const auto verification = verified(original() / "disk.img");
  INFO(to_text(verification, false));
  CHECK(verification.passed());
  CHECK(names(verification, CheckState::failed).empty());
  CHECK(names(verification, CheckState::skipped) == Names{"slot B"});
  CHECK(names(verification, CheckState::passed) ==
        Names{"partition table", "boot files", "EFI/BOOT/BOOTX64.EFI: signature", kUki + ": signature",
              kUki + ": root hash", "EFI/systemd/systemd-bootx64.efi: signature", "slot A: labels",
              "slot A: root-hash signature", "slot A: partition UUIDs", "slot A: verity tree", "SBOM and content",
              "manifest and files", "provenance"});
  const auto json = nlohmann::json::parse(to_json(verification));
  CHECK(json["schema"] == "bulkhead.verify/1");
  CHECK(json["verified"] == true);
  CHECK(json["checks"].size() == 14);
}

TEST_CASE_METHOD(Built, "one flipped byte fails the check that is about it") {
  const sys::Path image = copy() / "disk.img";
  // Either would find every change.
  REQUIRE(std::filesystem::remove(image.parent_path() / "manifest.json"));
  REQUIRE(std::filesystem::remove(image.parent_path() / sbom::kProvenanceFile));
  const auto table = must(gpt::read_table(image));
  const auto start = [&](unsigned number) { return table.table.find(number)->start; };
  const auto content = must(disk::read_disk(image));
  const std::uint64_t root_size = content.slots[0].superblock->data_size();

  const std::vector<std::pair<std::uint64_t, Names>> places = {
      {512 + 56, {"partition table"}},
      {1024 + 56, {"partition table"}},
      {table.disk_size - 512 + 56, {"partition table"}},
      {start(2) + 1030, {"slot A: verity tree"}},
      {start(2) + root_size - 1, {"slot A: verity tree"}},
      {start(3) + 4096 + 7, {"slot A: verity tree"}},
      {start(3), {"slot A: verity tree"}},
  };
  for (const auto& [offset, expected] : places) {
    INFO(offset);
    flip(image, offset);
    CHECK(failures(image) == expected);
    flip(image, offset);
  }
  CHECK(failures(image).empty());
}

TEST_CASE_METHOD(Built, "a root without a readable signature record is refused") {
  const sys::Path image = copy() / "disk.img";
  const auto table = must(gpt::read_table(image));
  flip(image, table.table.find(4)->start);
  const Names found = failures(image);
  CHECK(std::ranges::contains(found, "slot A: root-hash signature"));
  CHECK(std::ranges::contains(found, kUki + ": root hash"));
}

TEST_CASE_METHOD(Built, "programs on the ESP that are changed, unsigned or added are refused") {
  const sys::Path image = copy() / "disk.img";
  const disk::Esp esp = must(disk::read_disk(image)).esp;
  const std::string good = must(disk::read_esp_file(esp, kUki));

  std::string changed = good;
  const auto at = changed.find("console=ttyS0");
  REQUIRE(at != std::string::npos);
  changed.replace(at, 13, "init=/bin/sh#");
  must(disk::put_esp_file(esp, kUki, changed, kEpoch));
  CHECK(std::ranges::contains(failures(image), kUki + ": signature"));
  must(disk::put_esp_file(esp, kUki, good, kEpoch));

  const std::string unsigned_program = must(sys::read_file("/usr/lib/systemd/boot/efi/systemd-bootx64.efi"));
  must(disk::put_esp_file(esp, "EFI/BOOT/extra.efi", unsigned_program, kEpoch));
  CHECK(std::ranges::contains(failures(image), "EFI/BOOT/extra.efi: signature"));
  must(disk::remove_esp_file(esp, "EFI/BOOT/extra.efi"));

  must(disk::put_esp_file(esp, "EFI/BOOT/hidden", unsigned_program, kEpoch));  // whatever its name
  CHECK(std::ranges::contains(failures(image), "EFI/BOOT/hidden: signature"));
  must(disk::remove_esp_file(esp, "EFI/BOOT/hidden"));

  must(disk::remove_esp_file(esp, kUki));
  CHECK(std::ranges::contains(failures(image), "boot files"));
}

TEST_CASE_METHOD(Built, "a signed UKI that names another root is refused") {
  const sys::Path image = copy() / "disk.img";
  const sys::Path other = directory.path() / "other";
  make_build(other, {.program = "another program"});
  const disk::Esp esp = must(disk::read_disk(image)).esp;
  must(disk::put_esp_file(esp, kUki, must(sys::read_file(other / "bulkhead_1.0.0.efi")), kEpoch));
  CHECK(std::ranges::contains(failures(image), kUki + ": root hash"));
}

TEST_CASE_METHOD(Built, "an SBOM that misses, adds or misstates a file is refused, and says which") {
  const sys::Path image = copy() / "disk.img";
  const sys::Path sbom = image.parent_path() / "sbom.spdx.json";
  REQUIRE(std::filesystem::remove(image.parent_path() / "manifest.json"));
  REQUIRE(std::filesystem::remove(image.parent_path() / sbom::kProvenanceFile));
  const auto good = nlohmann::json::parse(must(sys::read_file(sbom)));
  const auto detail = [&](const nlohmann::json& changed) {
    must(sys::write_file_atomically(sbom, changed.dump()));
    const auto verification = verified(image);
    CHECK(names(verification, CheckState::failed) == Names{"SBOM and content"});
    return std::ranges::find(verification.checks, "SBOM and content", &inspect::Check::name)->detail;
  };
  auto bad = good;
  bad["files"].erase(0);
  CHECK(detail(bad) == "/usr/bin/crun is not in the SBOM");
  bad = good;
  bad["files"][0]["fileName"] = "./usr/bin/crux";
  CHECK(detail(bad) == "/usr/bin/crun is not in the SBOM, /usr/bin/crux is not in the image");
  bad = good;
  bad["files"][0]["checksums"][1]["checksumValue"] = std::string(64, '0');
  CHECK(detail(bad) == "/usr/bin/crun has another digest");
  bad = good;
  for (auto& package : bad["packages"]) {
    if (package["SPDXID"] == "SPDXRef-Package-containerd") package["versionInfo"] = "2";
  }
  CHECK(detail(bad) == "package containerd differs");
  // Outside of the root: each file is found by its name.
  const auto without = [&](const std::string& name) {
    auto changed = good;
    std::erase_if(changed["files"].get_ref<nlohmann::json::array_t&>(),
                  [&](const nlohmann::json& file) { return file["fileName"] == name; });
    return detail(changed);
  };
  CHECK(without("./loader/loader.conf") == "loader/loader.conf of the ESP is not in the SBOM");
  CHECK(without("./.linux") == ".linux of the UKI is not in the SBOM");
  CHECK(without("./init") == "init of the initrd is not in the SBOM");
}

TEST_CASE_METHOD(Built, "a provenance that is changed, of another key, or of other files is refused") {
  const sys::Path image = copy() / "disk.img";
  const sys::Path file = image.parent_path() / sbom::kProvenanceFile;
  const sys::Path manifest_file = image.parent_path() / "manifest.json";
  const auto certificate = must(crypto::Certificate::load(test_keys().root_hash.certificate));
  const std::string good = must(sys::read_file(file));
  const auto detail = [&](const std::string& envelope) {
    must(sys::write_file_atomically(file, envelope));
    const auto verification = verified(image);
    const auto check = std::ranges::find(verification.checks, "provenance", &inspect::Check::name);
    return check->state == CheckState::passed ? "passed" : check->detail;
  };
  CHECK(detail(good) == "passed");

  auto envelope = nlohmann::json::parse(good);
  auto changed = envelope;
  std::string payload = changed["payload"];
  payload[200] = payload[200] == 'A' ? 'B' : 'A';
  changed["payload"] = payload;
  CHECK(detail(changed.dump()).contains("was not made by"));
  changed = envelope;
  changed["payloadType"] = "application/json";
  CHECK(detail(changed.dump()).contains("not a DSSE envelope"));
  changed = envelope;
  changed["signatures"].push_back(changed["signatures"][0]);
  CHECK(detail(changed.dump()).contains("one signature"));

  // Signed, but about something else.
  const auto signed_with = [&](auto change, const keys::KeyPair& key) {
    sbom::Manifest manifest = must(sbom::parse_manifest(must(sys::read_file(manifest_file))));
    std::erase_if(manifest.files, [](const auto& entry) { return entry.name == sbom::kProvenanceFile; });
    change(manifest);
    const packages::PackageSet set = example_packages();
    return must(sbom::sign_provenance(
        sbom::provenance_statement({.manifest = manifest, .packages = &set, .sources = {}, .variant = {}}, certificate),
        key));
  };
  CHECK(detail(signed_with([](auto&) {}, test_keys().root_hash)) == "passed");
  CHECK(detail(signed_with([](auto&) {}, test_keys().signature_db)).contains("was not made by"));
  CHECK(detail(signed_with([](auto& manifest) { manifest.files.pop_back(); }, test_keys().root_hash)) ==
        "sbom.spdx.json is not in the provenance");
  CHECK(detail(signed_with([](auto& manifest) { manifest.files[0].sha256 = {}; }, test_keys().root_hash)) ==
        "disk.img has another digest in the provenance");

  // Without a manifest, the files themselves are compared.
  REQUIRE(std::filesystem::remove(manifest_file));
  CHECK(detail(good) == "passed");
  must(sys::write_file_atomically(image.parent_path() / "root.erofs", "short"));
  CHECK(detail(good) == "root.erofs has another digest");
}

TEST_CASE_METHOD(Built, "a manifest that does not describe the files is refused") {
  const sys::Path image = copy() / "disk.img";
  must(sys::write_file_atomically(image.parent_path() / "root.erofs", "short"));
  const auto verification = verified(image);
  CHECK(names(verification, CheckState::failed) == Names{"manifest and files"});
}

TEST_CASE_METHOD(Built, "an image signed with other keys is refused") {
  const sys::Path keys = directory.path() / "keys";
  must(keys::generate(keys, "Other", 1));
  const auto verification =
      must(inspect::verify({.image = original() / "disk.img", .keys = keys, .sbom = {}, .manifest = {}}));
  const Names found = names(verification, CheckState::failed);
  CHECK(std::ranges::contains(found, kUki + ": signature"));
  CHECK(std::ranges::contains(found, "slot A: root-hash signature"));
}

TEST_CASE_METHOD(Built, "certificates are enough to verify; without them nothing is") {
  const sys::Path certificates = directory.path() / "certificates";
  must(sys::create_directories(certificates));
  CHECK_FALSE(inspect::verify({.image = original() / "disk.img", .keys = certificates, .sbom = {}, .manifest = {}}));
  for (const char* name : {"db.pem", "root-hash.pem"})
    std::filesystem::copy(test_key_directory() / name, certificates / name);
  CHECK(must(inspect::verify({.image = original() / "disk.img", .keys = certificates, .sbom = {}, .manifest = {}}))
            .passed());
}

TEST_CASE_METHOD(Built, "without SBOM and manifest these checks are skipped, and said to be") {
  const sys::Path image = copy() / "disk.img";
  REQUIRE(std::filesystem::remove(image.parent_path() / "manifest.json"));
  REQUIRE(std::filesystem::remove(image.parent_path() / "sbom.spdx.json"));
  REQUIRE(std::filesystem::remove(image.parent_path() / sbom::kProvenanceFile));
  const auto verification = verified(image);
  CHECK(verification.passed());
  CHECK(names(verification, CheckState::skipped) ==
        Names{"slot B", "SBOM and content", "manifest and files", "provenance"});
}

TEST_CASE_METHOD(Built, "a single part is no disk to verify") {
  const auto verification =
      inspect::verify({.image = original() / "root.erofs", .keys = test_key_directory(), .sbom = {}, .manifest = {}});
  REQUIRE_FALSE(verification);
  CHECK(verification.error().code == ErrorCode::invalid_argument);
}
