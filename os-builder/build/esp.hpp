// The EFI system partition's content: signed boot loader, its configuration, enrolment files, the UKI.
#pragma once

#include <map>
#include <string>

#include "lib/base/version.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::build {

// What write_boot_loader_files() left in its directory.
struct EspSource {
  sys::Path directory;
};

// Signs what the firmware starts (os-builder/chainload) and systemd-boot, and writes loader.conf and the Secure Boot
// enrolment files (PK.auth, KEK.auth, db.auth) into `directory`.
Result<> write_boot_loader_files(const rootfs::Content& chainload, const rootfs::Content& boot_loader,
                                 const keys::KeySet& keys, std::int64_t epoch, const sys::Path& directory);

// Path on the ESP -> file.
std::map<std::string, sys::Path> esp_files(const EspSource& source, const sys::Path& uki, const Version& version);

// How often a new UKI may be tried before the other slot is started again.
inline constexpr int kBootTries = 3;

}  // namespace bulkhead::build
