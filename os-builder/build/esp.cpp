#include "os-builder/build/esp.hpp"

#include "os-builder/keys/enrolment.hpp"
#include "os-builder/uki/uki.hpp"

namespace bulkhead::build {
namespace {

// loader.conf(5). No menu and no editor: a node's console must not be a way around the signed command line (which
// Secure Boot refuses to change anyway). Keys are enrolled without asking only where the firmware is in setup mode
// inside a virtual machine.
constexpr std::string_view kLoaderConf =
    "timeout 0\n"
    "editor no\n"
    "console-mode keep\n"
    "secure-boot-enroll if-safe\n";

}  // namespace

Result<> write_boot_loader_files(const rootfs::Content& chainload, const rootfs::Content& boot_loader,
                                 const keys::KeySet& keys, std::int64_t epoch, const sys::Path& directory) {
  TRY(uki::sign(chainload, keys, epoch, directory / "bulkhead-chainload.efi"));
  TRY(uki::sign(boot_loader, keys, epoch, directory / "systemd-bootx64.efi"));
  TRY(sys::write_file_atomically(directory / "loader.conf", kLoaderConf));
  return keys::write_enrolment(keys, epoch, directory);
}

std::map<std::string, sys::Path> esp_files(const EspSource& source, const sys::Path& uki, const Version& version) {
  return {
      {"EFI/BOOT/BOOTX64.EFI", source.directory / "bulkhead-chainload.efi"},
      {"EFI/systemd/systemd-bootx64.efi", source.directory / "systemd-bootx64.efi"},
      {"EFI/Linux/" + uki::file_name(version, kBootTries), uki},
      {"loader/loader.conf", source.directory / "loader.conf"},
      {"loader/keys/auto/PK.auth", source.directory / "PK.auth"},
      {"loader/keys/auto/KEK.auth", source.directory / "KEK.auth"},
      {"loader/keys/auto/db.auth", source.directory / "db.auth"},
  };
}

}  // namespace bulkhead::build
