#include "os-builder/bootloader/bootloader.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/uki/signing.hpp"
#include "tests/support/key_fixture.hpp"

using namespace bulkhead;
using testing::test_keys;

namespace {

constexpr const char* kProgram = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";

struct Fixture {
  sys::TempDir directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  bootloader::BootLoaderInputs inputs{
      .chainload = rootfs::Content::of(sys::read_file(kProgram).value()),
      .systemd_boot = rootfs::Content::of(sys::read_file(kProgram).value()),
      .epoch = 1'700'000'000,
      .keys = test_keys(),
  };
  sys::Path make(const char* name) const {
    const sys::Path into = directory.path() / name;
    REQUIRE(sys::create_directories(into));
    REQUIRE(bootloader::build(inputs, into));
    return into;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the boot loader is signed, and the same bytes every time") {
  const sys::Path first = make("a");
  const sys::Path second = make("b");
  for (const char* name :
       {"bulkhead-chainload.efi", "systemd-bootx64.efi", "loader.conf", "PK.auth", "KEK.auth", "db.auth"})
    CHECK(sys::read_file(first / name).value() == sys::read_file(second / name).value());
  for (const char* name : {"bulkhead-chainload.efi", "systemd-bootx64.efi"})
    CHECK(uki::verify_signature(first / name, test_keys().signature_db.certificate));
}

TEST_CASE_METHOD(Fixture, "every file for the ESP exists, and a new UKI has three tries") {
  const sys::Path made = make("a");
  const auto files = bootloader::esp_files(made, made / "loader.conf", Version::parse("1.2.3").value());
  for (const auto& [path, file] : files) {
    INFO(path);
    CHECK(sys::exists(file));
  }
  CHECK(files.contains("EFI/BOOT/BOOTX64.EFI"));
  CHECK(files.contains("EFI/Linux/bulkhead_1.2.3+3.efi"));
}
