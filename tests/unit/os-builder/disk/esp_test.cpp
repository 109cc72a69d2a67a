#include "os-builder/disk/esp.hpp"

#include <catch2/catch_test_macros.hpp>

#include "os-builder/disk/read.hpp"
#include "tests/unit/os-builder/disk/fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::testing;

namespace {

struct EspFixture : DiskFixture {
  EspFixture() { build(); }
  disk::Esp esp() const { return disk::read_disk(image()).value().esp; }
};

}  // namespace

TEST_CASE_METHOD(EspFixture, "files of the ESP are read back") {
  CHECK(disk::read_esp_file(esp(), "loader/loader.conf") == "timeout 0\n");
  CHECK(disk::read_esp_file(esp(), "EFI/Linux/bulkhead_1.0.0+3.efi") == std::string(100000, 'b'));
}

TEST_CASE_METHOD(EspFixture, "names on the ESP ignore case, as FAT does") {
  CHECK(disk::read_esp_file(esp(), "efi/boot/bootx64.efi") == std::string(100000, 'b'));
}

TEST_CASE_METHOD(EspFixture, "a file that is not there is not found") {
  CHECK(disk::read_esp_file(esp(), "EFI/Linux/other.efi").error().code == ErrorCode::not_found);
  CHECK(disk::remove_esp_file(esp(), "EFI/Linux/other.efi").error().code == ErrorCode::not_found);
}

TEST_CASE_METHOD(EspFixture, "a file is added, replaced and removed, with its directories") {
  const disk::Esp on = esp();
  REQUIRE(disk::put_esp_file(on, "EFI/Linux/bulkhead_2.0.0+3.efi", std::string(300000, 'n'), kEpoch));
  CHECK(disk::read_esp_file(on, "EFI/Linux/bulkhead_2.0.0+3.efi") == std::string(300000, 'n'));
  REQUIRE(disk::put_esp_file(on, "EFI/Linux/bulkhead_2.0.0+3.efi", "short", kEpoch));
  CHECK(disk::read_esp_file(on, "EFI/Linux/bulkhead_2.0.0+3.efi") == "short");
  REQUIRE(disk::put_esp_file(on, "new/deep/file", "x", kEpoch));
  CHECK(disk::list_esp_files(on).value().size() == 6);
  REQUIRE(disk::remove_esp_file(on, "new/deep/file"));
  CHECK(disk::list_esp_files(on).value().size() == 5);
}

TEST_CASE_METHOD(EspFixture, "an empty file can be written") {
  REQUIRE(disk::put_esp_file(esp(), "EFI/empty", "", kEpoch));
  CHECK(disk::read_esp_file(esp(), "EFI/empty") == "");
}
