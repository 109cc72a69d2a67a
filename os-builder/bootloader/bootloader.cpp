#include "os-builder/bootloader/bootloader.hpp"

#include "lib/sys/temp_dir.hpp"
#include "os-builder/keys/enrolment.hpp"
#include "os-builder/uki/signing.hpp"
#include "os-builder/uki/uki.hpp"

namespace bulkhead::bootloader {
namespace {

constexpr const char* kChainload = "bulkhead-chainload.efi";
constexpr const char* kSystemdBoot = "systemd-bootx64.efi";

// loader.conf(5). No menu and no editor: a node's console must not be a way around the signed command line (which
// Secure Boot refuses to change anyway). Keys are enrolled without asking only where the firmware is in setup mode
// inside a virtual machine.
constexpr std::string_view kLoaderConf =
    "timeout 0\n"
    "editor no\n"
    "console-mode keep\n"
    "secure-boot-enroll if-safe\n";

}  // namespace

Result<> sign(const rootfs::Content& program, const keys::KeySet& keys, std::int64_t epoch, const sys::Path& output) {
  const sys::TempDir work = TRY(sys::TempDir::create(output.parent_path(), ".sign."));
  const sys::Path input = TRY(rootfs::as_file(program, work.path() / "program.efi"));
  const sys::Path signed_program = work.path() / "signed.efi";
  TRY(uki::sign_file(input, keys.signature_db, epoch, signed_program));
  return sys::rename(signed_program, output);
}

Result<BootLoader> build(const BootLoaderInputs& inputs, const keys::KeySet& keys, const sys::Path& directory) {
  TRY(sign(inputs.chainload, keys, inputs.epoch, directory / kChainload));
  TRY(sign(inputs.systemd_boot, keys, inputs.epoch, directory / kSystemdBoot));
  TRY(sys::write_file_atomically(directory / "loader.conf", kLoaderConf));
  TRY(keys::write_enrolment(keys, inputs.epoch, directory));
  return BootLoader{.directory = directory};
}

std::map<std::string, sys::Path> esp_files(const BootLoader& boot_loader, const sys::Path& uki,
                                           const Version& version) {
  const sys::Path& directory = boot_loader.directory;
  return {
      {"EFI/BOOT/BOOTX64.EFI", directory / kChainload},
      {"EFI/systemd/systemd-bootx64.efi", directory / kSystemdBoot},
      {"EFI/Linux/" + uki::file_name(version, kBootTries), uki},
      {"loader/loader.conf", directory / "loader.conf"},
      {"loader/keys/auto/PK.auth", directory / "PK.auth"},
      {"loader/keys/auto/KEK.auth", directory / "KEK.auth"},
      {"loader/keys/auto/db.auth", directory / "db.auth"},
  };
}

}  // namespace bulkhead::bootloader
