#include "node/file-system/superblock.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <string>
#include <string_view>

namespace bulkhead::file_system {
namespace {

constexpr std::size_t kBlocksLow = 0x4;
constexpr std::size_t kLogBlockSize = 0x18;  // of a KiB
constexpr std::size_t kMagic = 0x38;
constexpr std::size_t kCompatible = 0x5c;
constexpr std::size_t kIncompatible = 0x60;
constexpr std::size_t kReadOnlyCompatible = 0x64;
constexpr std::size_t kJournalInode = 0xe0;
constexpr std::size_t kJournalDevice = 0xe4;
constexpr std::size_t kBlocksHigh = 0x150;
constexpr std::size_t kMountOptions = 0x200;

constexpr std::uint32_t kExt4 = 0xef53;
constexpr std::uint32_t kLargestLog = 6;
constexpr std::uint32_t kHasJournal = 0x4;  // compatible
constexpr std::uint32_t k64Bit = 0x80;      // incompatible
constexpr std::uint32_t kOwnJournal = 8;    // the inode

struct Feature {
  std::uint32_t bit = 0;
  std::string_view name;  // as mke2fs(8) and dumpe2fs(8) say it
  bool ours = false;
};

constexpr std::array kIncompatibleFeatures = {
    Feature{0x1, "compression"},
    Feature{0x2, "filetype", true},
    Feature{0x4, "needs_recovery", true},  // by the kernel, while it is mounted
    Feature{0x8, "journal_dev"},
    Feature{0x10, "meta_bg", true},  // for more than 16 TiB
    Feature{0x40, "extent", true},
    Feature{k64Bit, "64bit", true},
    Feature{0x100, "mmp"},
    Feature{0x200, "flex_bg", true},
    Feature{0x400, "ea_inode"},
    Feature{0x1000, "dirdata"},
    Feature{0x2000, "metadata_csum_seed", true},
    Feature{0x4000, "large_dir"},
    Feature{0x8000, "inline_data"},
    Feature{0x10000, "encrypt"},
    Feature{0x20000, "casefold"},
};

constexpr std::array kReadOnlyCompatibleFeatures = {
    Feature{0x1, "sparse_super", true},
    Feature{0x2, "large_file", true},
    Feature{0x8, "huge_file", true},
    Feature{0x10, "uninit_bg"},
    Feature{0x20, "dir_nlink", true},
    Feature{0x40, "extra_isize", true},
    Feature{0x100, "quota"},
    Feature{0x200, "bigalloc"},
    Feature{0x400, "metadata_csum", true},
    Feature{0x800, "replica"},
    Feature{0x1000, "read-only"},
    Feature{0x2000, "project"},
    Feature{0x4000, "shared_blocks"},
    Feature{0x8000, "verity"},
    Feature{0x10000, "orphan_present", true},  // by the kernel, while it is mounted
};

std::uint32_t number(std::span<const std::byte, kSuperblockSize> bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value |= std::to_integer<std::uint32_t>(bytes[offset + i]) << 8 * i;
  return value;
}

Result<> require_ours(std::uint32_t bits, std::string_view kind, std::span<const Feature> features) {
  for (std::uint32_t bit = 1; bit != 0; bit <<= 1U) {
    if ((bits & bit) == 0) continue;
    const auto known = std::ranges::find(features, bit, &Feature::bit);
    if (known != features.end() && known->ours) continue;
    const std::string name = known == features.end() ? std::format("{} {:#x}", kind, bit) : std::string(known->name);
    return fail(ErrorCode::verification_failed, "the superblock asks for the feature {}, which is not used here", name);
  }
  return {};
}

}  // namespace

Result<Superblock> read_superblock(std::span<const std::byte, kSuperblockSize> bytes) {
  if ((number(bytes, kMagic) & 0xffffU) != kExt4 || number(bytes, kLogBlockSize) > kLargestLog)
    return fail(ErrorCode::data_loss, "there is no superblock");
  const std::uint32_t incompatible = number(bytes, kIncompatible);
  TRY(require_ours(incompatible, "incompat", kIncompatibleFeatures));
  TRY(require_ours(number(bytes, kReadOnlyCompatible), "ro_compat", kReadOnlyCompatibleFeatures));
  const bool own_journal = number(bytes, kJournalInode) == kOwnJournal && number(bytes, kJournalDevice) == 0;
  if ((number(bytes, kCompatible) & kHasJournal) != 0 && !own_journal)
    return fail(ErrorCode::verification_failed, "the superblock asks for a journal in another place");
  if (bytes[kMountOptions] != std::byte{0})
    return fail(ErrorCode::verification_failed, "the superblock asks for mount options");
  const std::uint64_t high = (incompatible & k64Bit) != 0 ? number(bytes, kBlocksHigh) : 0;
  return Superblock{.blocks = high << 32U | number(bytes, kBlocksLow),
                    .block_size = std::uint64_t{1024} << number(bytes, kLogBlockSize)};
}

}  // namespace bulkhead::file_system
