// What the firmware and the boot loader read from the EFI system partition: node/chainload and systemd-boot, signed;
// loader.conf; the files that enrol the owner's keys; the UKIs.
#pragma once

#include <map>
#include <string>

#include "lib/base/version.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::bootloader {

// How often a new UKI may be tried before the other slot is started again (systemd-boot, Automatic Boot Assessment).
inline constexpr int kBootTries = 3;

struct BootLoaderInputs {
  rootfs::Content chainload;     // node/chainload: the firmware starts it, it starts systemd-boot
  rootfs::Content systemd_boot;  // unsigned
  std::int64_t epoch = 0;        // time in signatures and enrolment files
};

// Signs one EFI program with the db key. Deterministic.
Result<> sign(const rootfs::Content& program, const keys::KeySet& keys, std::int64_t epoch, const sys::Path& output);

// The directory that build() has filled.
struct BootLoader {
  sys::Path directory;
};

// Signs both programs with the db key and writes them, loader.conf and the Secure Boot enrolment files (PK.auth,
// KEK.auth, db.auth) into `directory`. Deterministic. Errors: those of signing and of files.
Result<BootLoader> build(const BootLoaderInputs& inputs, const keys::KeySet& keys, const sys::Path& directory);

// Path on the ESP -> file.
std::map<std::string, sys::Path> esp_files(const BootLoader& boot_loader, const sys::Path& uki, const Version& version);

}  // namespace bulkhead::bootloader
