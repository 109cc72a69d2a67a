// A small disk with a real EROFS root, made once per test program.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/disk/disk.hpp"
#include "tests/support/key_fixture.hpp"

namespace bulkhead::testing {

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
inline constexpr std::int64_t kEpoch = 1700000000;

inline sys::TempDir scratch() {
  return sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
}

// An EROFS image with an os-release, sealed. `text` makes two of them different.
inline seal::SealedRoot make_sealed(const sys::Path& directory, const std::string& text) {
  const sys::Path tree = directory / "tree";
  REQUIRE(sys::create_directories(tree / "usr" / "lib"));
  REQUIRE(sys::create_directories(tree / "etc"));
  REQUIRE(sys::write_file_atomically(tree / "usr" / "lib" / "os-release", "ID=bulkhead\nVERSION_ID=1.0.0\n"));
  // Enough of it for a hash tree with a level above the root.
  REQUIRE(sys::write_file_atomically(tree / "etc" / "text", text + std::string(700000, 'x')));
  const sys::Path root = directory / "root.erofs";
  REQUIRE(sys::run_checked({.arguments = {"mkfs.erofs", "--quiet", "-T0", "--all-root", "-U",
                                          "00000000-0000-0000-0000-000000000001", root.native(), tree.native()}}));
  return seal::seal({.root = {.path = root}, .key = test_keys().root_hash}, directory).value();
}

struct DiskFixture {
  sys::TempDir directory = scratch();
  disk::DiskParts parts;

  DiskFixture() {
    REQUIRE(sys::write_file_atomically(at("loader.conf"), "timeout 0\n"));
    REQUIRE(sys::write_file_atomically(at("boot.efi"), std::string(100000, 'b')));
    parts = {.sizes = {.esp = 64 * kMiB,
                       .root = 4 * kMiB,
                       .verity = kMiB,
                       .verity_signature = kMiB,
                       .state = 2 * kMiB,
                       .data = 3 * kMiB},
             .version = Version::parse("1.0.0").value(),
             .root = make_sealed(directory.path(), "first"),
             .esp_files = {{"loader/loader.conf", at("loader.conf")},
                           {"EFI/BOOT/BOOTX64.EFI", at("boot.efi")},
                           {"EFI/systemd/systemd-bootx64.efi", at("boot.efi")},
                           {"EFI/Linux/bulkhead_1.0.0+3.efi", at("boot.efi")}},
             .epoch = kEpoch};
  }

  sys::Path at(const std::string& name) const { return directory.path() / name; }
  sys::Path image() const { return at("disk.img"); }
  void build() const {
    const auto built = disk::build(parts, image());
    if (!built) FAIL(built.error().describe());
  }
};

}  // namespace bulkhead::testing
