// What the firmware and the boot loader read from the EFI system partition: node/chainload and systemd-boot, signed;
// loader.conf; the files that enrol the owner's keys; the UKI.
#pragma once

#include <map>
#include <string>

#include "lib/base/version.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/rootfs/tree.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::bootloader {

// How often a new UKI is tried before the other slot is started again (systemd-boot, Automatic Boot Assessment).

struct BootLoaderInputs {
  rootfs::Content chainload;     // node/chainload: the firmware starts it, it starts systemd-boot
  rootfs::Content systemd_boot;  // unsigned
  std::int64_t epoch = 0;        // time in signatures and enrolment files
  keys::KeySet keys;             // db signs the programs; all of them are enrolled

  static constexpr std::tuple kFields = {stage::Field{"chainload", &BootLoaderInputs::chainload},
                                         stage::Field{"systemd-boot", &BootLoaderInputs::systemd_boot},
                                         stage::Field{"epoch", &BootLoaderInputs::epoch},
                                         stage::Field{"keys", &BootLoaderInputs::keys}};
};

// Writes into `directory`: both programs, signed with the db key; loader.conf; PK.auth, KEK.auth and db.auth, from
// which systemd-boot enrols the owner's keys. Deterministic.
Result<> build(const BootLoaderInputs& inputs, const sys::Path& directory);

// The files of a new ESP: path on the ESP -> file. `directory` is what build() has filled; the UKI gets
// slots::kBootTries.
std::map<std::string, sys::Path> esp_files(const sys::Path& directory, const sys::Path& uki, const Version& version);

}  // namespace bulkhead::bootloader
