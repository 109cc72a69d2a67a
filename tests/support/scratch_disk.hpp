// A disk image of a test's own: a sparse copy of a built one, larger, to be damaged, filled and looked into while no
// machine uses it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/gpt/table.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/disk/read.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/seal/seal.hpp"

namespace bulkhead::testing {

inline constexpr std::uint64_t kScratchDiskSize = std::uint64_t{4} << 30U;

// What a part of a UKI is replaced by; empty: as it is.
struct UkiChanges {
  std::string more_command_line{};  // added at the end, where it wins
  std::string more_initrd{};        // a cpio archive after the other one: its files replace equal ones
};

// A version that was built beside the one on the disk (tests/vm/CMakeLists.txt), as `os-builder build` left it.
class BuiltImage {
 public:
  static BuiltImage of_variant(const std::string& name);

  const sys::Path& directory() const { return directory_; }
  const Version& version() const { return version_; }
  sys::Path disk() const { return directory_ / "disk.img"; }
  seal::SealedRoot sealed_root() const;
  std::string uki() const;
  // The UKI with changes, signed by `keys`.
  std::string changed_uki(const UkiChanges& changes, const keys::KeySet& keys) const;

 private:
  BuiltImage(sys::Path directory, const Version& version) : directory_(std::move(directory)), version_(version) {}

  sys::Path directory_;
  Version version_;
};

class ScratchDisk {
 public:
  explicit ScratchDisk(const BuiltImage& image, std::uint64_t size = kScratchDiskSize);
  // The first disk of a saved state (lib/vm/saved_state.hpp).
  static ScratchDisk of_saved(const sys::Path& state);

  const sys::Path& path() const { return path_; }
  const sys::Path& directory() const { return directory_.path(); }
  gpt::Partition partition(unsigned number) const;

  // Zeros, anywhere on the disk.
  void erase(std::uint64_t offset, std::uint64_t size) const;
  // Changes every bit of one byte of the disk.
  void change_disk_byte(std::uint64_t offset) const;
  // The same in a partition.
  void flip_byte(unsigned partition_number, std::uint64_t offset) const;
  void change_byte(unsigned partition_number, std::uint64_t offset,
                   const std::function<std::byte(std::byte)>& change) const;
  // Offset within a root partition of the first byte that EROFS stores for the content of `file`
  // ("/usr/bin/containerd").
  std::uint64_t first_data_byte(unsigned root_partition_number, const std::string& file) const;

  // A stock tool's name of a type, or its UUID.
  void change_partition_type(unsigned number, const std::string& type) const;
  // Bytes of the ext4 file system in STATE or DATA.
  std::uint64_t ext4_size(unsigned partition_number) const;
  // A command of debugfs(8), which may write. Its superblock gets `errors=panic` (ext4(5)) first.
  void spoil_ext4(unsigned partition_number, const std::string& command) const;
  // What a saved machine had not written to its place yet, as a mount would.
  void replay_journal(unsigned partition_number) const;
  void enlarge(std::uint64_t bytes) const;
  void change_partition_uuid(unsigned number, const std::string& uuid) const;
  void change_partition_label(unsigned number, const std::string& label) const;

  // Puts another build's root into slot B. Its UKI is a separate step.
  void fill_slot_b(const BuiltImage& image) const;
  // Names of the files in EFI/Linux, sorted.
  std::vector<std::string> uki_names() const;
  void put_uki(const std::string& name, std::string_view content) const;
  // Any file of the ESP.
  void put_esp_file(const std::string& path, std::string_view content) const;
  std::string uki(const std::string& name) const;
  void remove_uki(const std::string& name) const;

  // A file of the ext4 file system in STATE or DATA; empty when there is none. The file system need not have been
  // unmounted.
  std::string ext4_file(unsigned partition_number, const std::string& file) const;

 private:
  ScratchDisk();
  disk::Esp esp() const;
  std::string ext4_name(unsigned partition_number) const;

  sys::TempDir directory_;
  sys::Path path_;
};

// A cpio archive (newc) with one executable file "init".
std::string initrd_with(const sys::Path& program);

// The keys that the images under test were signed with, and others that nobody enrolled.
const keys::KeySet& owner_keys();
const keys::KeySet& stranger_keys();

}  // namespace bulkhead::testing
