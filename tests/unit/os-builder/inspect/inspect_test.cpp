#include "os-builder/inspect/inspect.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "tests/support/golden.hpp"
#include "tests/unit/os-builder/inspect/fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::testing;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE_METHOD(Built, "everything in a disk image is read back from its bytes") {
  const auto seen = must(inspect::inspect(original() / "disk.img"));
  CHECK(seen.kind == inspect::ImageKind::disk);
  CHECK(seen.format == "raw");
  REQUIRE(seen.table);
  CHECK(seen.table->findings.empty());
  CHECK(seen.table->table.partitions.size() == 7);

  REQUIRE(seen.slots.size() == 2);
  CHECK_FALSE(seen.slots[0].empty);
  CHECK(seen.slots[0].version == Version::parse("1.0.0").value());
  CHECK(seen.slots[0].finding.empty());
  CHECK(seen.slots[0].certificate == must(crypto::Certificate::load(test_keys().root_hash.certificate)).fingerprint());
  CHECK(seen.slots[1].empty);

  REQUIRE(seen.esp.size() == 4);
  const auto kernel = std::ranges::find_if(seen.esp, [](const auto& file) { return file.kernel.has_value(); });
  REQUIRE(kernel != seen.esp.end());
  CHECK(kernel->path == "EFI/Linux/bulkhead_1.0.0+3.efi");
  CHECK(kernel->kernel->root_hash == seen.slots[0].root_hash);
  CHECK(kernel->kernel->kernel_release == "6.12.1-test");
  REQUIRE(kernel->signer);
  CHECK(kernel->signer->fingerprint ==
        must(crypto::Certificate::load(test_keys().signature_db.certificate)).fingerprint());

  REQUIRE(seen.root);
  CHECK(seen.root->packages == example_packages());
  CHECK(*seen.root->tree().find("/usr/bin/crun")->content()->read() == "program");
  CHECK(inspect::label_counts(seen.root->tree()) ==
        std::map<std::string, std::size_t>{{"system_u:object_r:runtime_exec_t:s0", 1},
                                           {"system_u:object_r:usr_t:s0", 1}});
}

TEST_CASE_METHOD(Built, "an inspection reads as it was accepted") {
  auto seen = must(inspect::inspect(original() / "disk.img"));
  // What depends on keys and on the versions of tools is given fixed values; the rest is as it was read.
  for (std::size_t i = 0; i < seen.esp.size(); ++i) {
    seen.esp[i].size = 1000 * (i + 1);
    if (seen.esp[i].signer) seen.esp[i].signer->fingerprint = crypto::sha256("db");
    if (seen.esp[i].kernel) seen.esp[i].kernel->sections = {{".cmdline", 96, {}}, {".linux", 11 << 20U, {}}};
  }
  seen.path = "disk.img";
  seen.slots[0].certificate = crypto::sha256("root-hash");
  seen.slots[0].data_size = seen.root->image_size = 212992;
  std::string text = replaced(to_text(seen, false), seen.slots[0].root_hash->to_string(), "ROOT-HASH");
  for (const auto& partition : seen.table->table.partitions) text = replaced(text, partition.uuid.to_string(), "UUID");
  CHECK(matches_golden("inspect/disk.txt", text) == "");
}

TEST_CASE_METHOD(Built, "the JSON of an inspection is a record with a schema") {
  const auto json = nlohmann::json::parse(to_json(must(inspect::inspect(original() / "disk.img"))));
  CHECK(json["schema"] == "bulkhead.inspect/1");
  CHECK(json["slots"][0]["root_hash"] == json["efi_files"][1]["uki"]["root_hash"]);
  CHECK(json["partition_table"]["partitions"].size() == 7);
  CHECK(json["root"]["packages"].size() == 2);
  CHECK(json["root"]["selinux_labels"]["system_u:object_r:usr_t:s0"] == 1);
}

TEST_CASE_METHOD(Built, "compressed images and single parts are read too") {
  const sys::Path qcow2 = directory.path() / "disk.qcow2";
  const sys::Path zstd = directory.path() / "disk.img.zst";
  must(disk::write_qcow2(original() / "disk.img", qcow2));
  must(disk::write_zstd(original() / "disk.img", zstd));
  const auto raw = must(inspect::inspect(original() / "disk.img"));
  for (const auto& [path, format] : {std::pair(qcow2, "qcow2"), std::pair(zstd, "zstd")}) {
    const auto seen = must(inspect::inspect(path));
    CHECK(seen.format == format);
    CHECK(seen.size == raw.size);
    REQUIRE(seen.root);
    CHECK(seen.root->tree().digest() == raw.root->tree().digest());
  }
  const auto root = must(inspect::inspect(original() / "root.erofs"));
  CHECK(root.kind == inspect::ImageKind::root);
  CHECK(root.root->tree().digest() == raw.root->tree().digest());
  const auto uki = must(inspect::inspect(original() / "bulkhead_1.0.0.efi"));
  CHECK(uki.kind == inspect::ImageKind::efi);
  REQUIRE(uki.esp.size() == 1);
  CHECK(uki.esp[0].kernel);
}

TEST_CASE("a UKI that cannot be read is told, not hidden") {
  const auto file = inspect::read_esp_file("EFI/Linux/x.efi", as_bytes("MZ and nothing else"));
  CHECK_FALSE(file.kernel);
  CHECK_FALSE(file.finding.empty());
  CHECK(inspect::read_esp_file("loader/loader.conf", as_bytes("timeout 0")).finding.empty());
}
