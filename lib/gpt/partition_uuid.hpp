// A UUID of the GUID partition table, of a type or of one partition. Kept and shown in textual byte order (RFC 9562);
// the mixed endianness of the on-disk form stays inside libfdisk.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "lib/base/hex.hpp"

namespace bulkhead::gpt {

class PartitionUuid {
 public:
  constexpr PartitionUuid() = default;  // all zero: "unused" in a partition table
  explicit constexpr PartitionUuid(const std::array<std::byte, 16>& bytes) : bytes_(bytes) {}

  // 8-4-4-4-12 hexadecimal digits of either case, nothing around them.
  static Result<PartitionUuid> parse(std::string_view text);

  // Lower case. GPT tools print upper case; both compare equal after parse().
  std::string to_string() const;
  const std::array<std::byte, 16>& bytes() const { return bytes_; }

  auto operator<=>(const PartitionUuid&) const = default;

 private:
  std::array<std::byte, 16> bytes_{};
};

// Discoverable Partitions Specification, "root-verity": the data partition carries the first 128 bits of the root hash
// as its UUID, the hash partition the last 128 bits.
PartitionUuid root_partition_uuid(const Sha256& root_hash);
PartitionUuid verity_partition_uuid(const Sha256& root_hash);

// What a partition is for, by its type UUID.
enum class PartitionKind {
  esp,
  root,                   // x86-64
  root_verity,            // x86-64
  root_verity_signature,  // x86-64
  state,                  // BULKHEAD-STATE, ours
  data,                   // BULKHEAD-DATA, ours
  unknown,
};

// For every kind but `unknown`, which has the zero UUID.
PartitionUuid type_uuid(PartitionKind kind);
PartitionKind kind_of(const PartitionUuid& type);
// "esp", "root", "root-verity", "root-verity-sig", "bulkhead-state", "bulkhead-data", "unknown"
std::string_view to_string(PartitionKind kind);

// Discoverable Partitions Specification, "Partition Flags".
inline constexpr std::uint64_t kAttributeReadOnly = std::uint64_t{1} << 60U;
inline constexpr std::uint64_t kAttributeNoAuto = std::uint64_t{1} << 63U;

}  // namespace bulkhead::gpt
