// `os-builder verify` accepts what was built and refuses a copy with one byte changed, wherever it is.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

// A copy of the built directory whose disk image may be changed. One for the whole run: every change is taken back.
const sys::Path& copied_images() {
  static const sys::TempDir scratch = sys::TempDir::create("/var/tmp", "verify-").value();
  static const sys::Path copy = [] {
    const sys::Path target = scratch.path() / "kvm";
    const auto result = tool({"cp", "-a", "--sparse=always", image_directory("kvm").native(), target.native()});
    REQUIRE(result.exit_status == 0);
    // Manifest and provenance have the digest of the whole disk and would find every change; the other checks are to
    // find them.
    REQUIRE(sys::remove_all(target / "manifest.json"));
    REQUIRE(sys::remove_all(target / "provenance.intoto.jsonl"));
    return target;
  }();
  return copy;
}

sys::Output verify(const sys::Path& image) {
  return os_builder({"verify", image.native(), "--keys", key_directory().native(), "--json"});
}

struct Extent {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
};

Extent partition(const sys::Path& disk, int number) {
  const auto table = nlohmann::json::parse(tool({"sfdisk", "--json", disk.native()}).out);
  const auto& entry = table.at("partitiontable").at("partitions").at(static_cast<std::size_t>(number - 1));
  return {.start = entry.at("start").get<std::uint64_t>() * 512, .size = entry.at("size").get<std::uint64_t>() * 512};
}

// Flips the lowest bit of one byte for as long as it lives.
class FlippedByte {
 public:
  FlippedByte(const sys::Path& path, std::uint64_t offset) : path_(path), offset_(offset) { flip(); }
  FlippedByte(const FlippedByte&) = delete;
  FlippedByte& operator=(const FlippedByte&) = delete;
  ~FlippedByte() { flip(); }

 private:
  void flip() {
    const sys::UniqueFd fd = sys::open_file(path_, O_RDWR).value();
    std::array<std::byte, 1> byte{};
    REQUIRE(sys::read_exactly_at(fd.get(), byte, offset_));
    byte[0] ^= std::byte{1};
    REQUIRE(sys::write_all_at(fd.get(), byte, offset_));
  }

  sys::Path path_;
  std::uint64_t offset_;
};

// Offset of the first occurrence of `text` on the disk between two offsets.
std::uint64_t find_text(const sys::Path& disk, const Extent& within, std::string_view text) {
  const sys::UniqueFd fd = sys::open_file(disk, O_RDONLY).value();
  std::string bytes(within.size, '\0');
  REQUIRE(sys::read_exactly_at(fd.get(), std::as_writable_bytes(std::span(bytes)), within.start));
  const auto at = bytes.find(text);
  REQUIRE(at != std::string::npos);
  return within.start + at;
}

}  // namespace

TEST_CASE("the built image verifies, and every check is named") {
  const auto result = verify(image_directory("kvm") / "disk.img");
  INFO(result.out << result.err);
  REQUIRE(result.exit_status == 0);
  const auto report = nlohmann::json::parse(result.out);
  CHECK(report.at("checks").size() >= 6);
  CHECK(result.out.contains("verity"));
}

TEST_CASE("one flipped byte is found wherever it is, and the exit code says refused") {
  const sys::Path disk = copied_images() / "disk.img";
  const Extent esp = partition(disk, 1);
  const Extent root = partition(disk, 2);
  const Extent verity = partition(disk, 3);
  const Extent signature = partition(disk, 4);
  const std::uint64_t image_size = sys::file_size(copied_images() / "root.erofs").value();

  const std::vector<std::pair<std::string, std::uint64_t>> places = {
      {"primary partition table header", 512 + 56},
      {"primary partition entries", 1024 + 56},
      {"backup partition table header", sys::file_size(disk).value() - 512 + 56},
      {"first block of the root image", root.start + 1024},
      {"middle of the root image", root.start + image_size / 2},
      {"last byte of the root image", root.start + image_size - 1},
      {"verity superblock", verity.start + 8},
      {"verity tree", verity.start + 4096 + 100},
      {"root-hash signature", find_text(disk, signature, "\"signature\"") + 40},
      {"kernel in the UKI", find_text(disk, esp, "HdrS") + 4096},
      {"command line in the UKI", find_text(disk, esp, "roothash=") + 12},
  };
  for (const auto& [name, offset] : places) {
    const FlippedByte flipped(disk, offset);
    const auto result = verify(disk);
    INFO(name << ": " << result.out << result.err);
    CHECK(result.exit_status == 4);
  }
  CHECK(verify(disk).exit_status == 0);
}

TEST_CASE("an SBOM that names another content is refused") {
  const sys::Path sbom = copied_images() / "sbom.spdx.json";
  const std::string good = sys::read_file(sbom).value();
  const auto at = good.find("usr/bin/crun");
  REQUIRE(at != std::string::npos);
  std::string bad = good;
  bad.replace(at, 12, "usr/bin/crux");
  REQUIRE(sys::write_file_atomically(sbom, bad));
  CHECK(verify(copied_images() / "disk.img").exit_status == 4);
  REQUIRE(sys::write_file_atomically(sbom, good));
}

TEST_CASE("a provenance that speaks of another file, or that somebody changed, is refused") {
  const sys::TempDir scratch = sys::TempDir::create("/var/tmp", "provenance-").value();
  const sys::Path disk = image_directory("kvm") / "disk.img";
  const std::string good = sys::read_file(image_directory("kvm") / "provenance.intoto.jsonl").value();
  const auto exit_status = [&](const std::string& provenance) {
    const sys::Path file = scratch.path() / "provenance";
    REQUIRE(sys::write_file_atomically(file, provenance));
    return os_builder({"verify", disk.native(), "--keys", key_directory().native(), "--provenance", file.native()})
        .exit_status;
  };
  CHECK(exit_status(good) == 0);
  std::string changed = good;
  const auto at = changed.find("\"payload\":\"") + 100;
  changed[at] = changed[at] == 'A' ? 'B' : 'A';
  CHECK(exit_status(changed) == 4);
  CHECK(exit_status(sys::read_file(image_directory("kvm-dev") / "provenance.intoto.jsonl").value()) == 4);
}

TEST_CASE("an image signed with other keys is refused") {
  const sys::TempDir scratch = sys::TempDir::create("/tmp", "keys-").value();
  const std::string other = (scratch.path() / "other").native();
  REQUIRE(os_builder({"keys", "generate", "--keys", other}).exit_status == 0);
  const auto result = os_builder({"verify", (image_directory("kvm") / "disk.img").native(), "--keys", other});
  INFO(result.out << result.err);
  CHECK(result.exit_status == 4);
}

TEST_CASE("something that is no image of ours gives one clear error") {
  const sys::TempDir scratch = sys::TempDir::create("/tmp", "no-image-").value();
  const sys::Path file = scratch.path() / "disk.img";
  REQUIRE(sys::write_file_atomically(file, std::string(1 << 20U, 'x')));
  const auto result = verify(file);
  INFO(result.out << result.err);
  CHECK(result.exit_status != 0);
  CHECK(result.err.contains("disk.img"));
  CHECK(os_builder({"verify", (scratch.path() / "missing.img").native()}).exit_status != 0);
}

}  // namespace bulkhead::testing
