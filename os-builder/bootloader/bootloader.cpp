#include "os-builder/bootloader/bootloader.hpp"

#include "lib/slots/entry_name.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/keys/enrolment.hpp"
#include "os-builder/uki/signing.hpp"

namespace bulkhead::bootloader {
namespace {

// Names below the directory of the stage.
constexpr std::string_view kChainload = "bulkhead-chainload.efi";
constexpr std::string_view kSystemdBoot = "systemd-bootx64.efi";
constexpr std::string_view kLoaderConf = "loader.conf";

// loader.conf(5). No menu and no editor: a node's console must not be a way around the signed command line (which
// Secure Boot refuses to change anyway). Keys are enrolled without asking only where the firmware is in setup mode
// inside a virtual machine.
constexpr std::string_view kLoaderConfText =
    "timeout 0\n"
    "editor no\n"
    "console-mode keep\n"
    "secure-boot-enroll if-safe\n";

Result<> sign(const rootfs::Content& program, const BootLoaderInputs& inputs, const sys::Path& output) {
  const sys::TempDir work = TRY(sys::TempDir::create(output.parent_path(), ".sign."));
  const sys::Path unsigned_program = TRY(rootfs::as_file(program, work.path() / "unsigned.efi"));
  const sys::Path signed_program = work.path() / output.filename();
  TRY(uki::sign_file(unsigned_program, inputs.keys.signature_db, inputs.epoch, signed_program));
  return sys::rename(signed_program, output);
}

}  // namespace

Result<> build(const BootLoaderInputs& inputs, const sys::Path& directory) {
  TRY(sign(inputs.chainload, inputs, directory / kChainload));
  TRY(sign(inputs.systemd_boot, inputs, directory / kSystemdBoot));
  TRY(sys::write_file_atomically(directory / kLoaderConf, kLoaderConfText));
  return keys::write_enrolment(inputs.keys, inputs.epoch, directory);
}

std::map<std::string, sys::Path> esp_files(const sys::Path& directory, const sys::Path& uki, const Version& version) {
  const slots::EntryName entry{.version = version, .tries = slots::Tries{.left = slots::kBootTries}};
  return {
      {"EFI/BOOT/BOOTX64.EFI", directory / kChainload},
      {"EFI/systemd/systemd-bootx64.efi", directory / kSystemdBoot},
      {entry.esp_path(), uki},
      {"loader/loader.conf", directory / kLoaderConf},
      {"loader/keys/auto/PK.auth", directory / "PK.auth"},
      {"loader/keys/auto/KEK.auth", directory / "KEK.auth"},
      {"loader/keys/auto/db.auth", directory / "db.auth"},
  };
}

}  // namespace bulkhead::bootloader
