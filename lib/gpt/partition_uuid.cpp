#include "lib/gpt/partition_uuid.hpp"

#include <algorithm>
#include <span>

namespace bulkhead::gpt {
namespace {

constexpr std::size_t kTextLength = 36;
constexpr std::array<std::size_t, 4> kDashes = {8, 13, 18, 23};

struct Kind {
  PartitionKind kind;
  std::string_view name;
  std::string_view uuid;
};

// The first four are from the Discoverable Partitions Specification (UAPI.2). The others are the first half of
// SHA-256("bulkhead partition type state"), "… data", shaped as UUIDs of version 8.
constexpr std::array<Kind, 6> kKinds = {{
    {PartitionKind::esp, "esp", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"},
    {PartitionKind::root, "root", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"},
    {PartitionKind::root_verity, "root-verity", "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"},
    {PartitionKind::root_verity_signature, "root-verity-sig", "41092b05-9fc8-4523-994f-2def0408b176"},
    {PartitionKind::state, "bulkhead-state", "8c6b6694-30ff-8c56-b7a4-bcb75c470873"},
    {PartitionKind::data, "bulkhead-data", "6792bba1-0b0e-8883-a8cb-a1f37e60e5c3"},
}};

PartitionUuid take(std::span<const std::byte, 16> bytes) {
  std::array<std::byte, 16> copy{};
  std::ranges::copy(bytes, copy.begin());
  return PartitionUuid(copy);
}

}  // namespace

Result<PartitionUuid> PartitionUuid::parse(std::string_view text) {
  std::string digits;
  bool shaped = text.size() == kTextLength;
  for (std::size_t i = 0; shaped && i < text.size(); ++i) {
    const bool dash = std::ranges::contains(kDashes, i);
    shaped = dash == (text[i] == '-');
    if (!dash) digits += text[i];
  }
  const auto bytes = from_hex(digits);
  if (!shaped || !bytes)
    return fail(ErrorCode::invalid_argument, "'{}' is not a UUID", text.substr(0, kTextLength + 1));
  return take(std::span(*bytes).first<16>());
}

std::string PartitionUuid::to_string() const {
  std::string text = to_hex(bytes_);
  for (const std::size_t dash : kDashes) text.insert(dash, 1, '-');
  return text;
}

PartitionUuid root_partition_uuid(const Sha256& root_hash) { return take(std::span(root_hash.bytes).first<16>()); }
PartitionUuid verity_partition_uuid(const Sha256& root_hash) { return take(std::span(root_hash.bytes).last<16>()); }

PartitionUuid type_uuid(PartitionKind kind) {
  const auto* found = std::ranges::find(kKinds, kind, &Kind::kind);
  return found == kKinds.end() ? PartitionUuid() : PartitionUuid::parse(found->uuid).value_or(PartitionUuid());
}

PartitionKind kind_of(const PartitionUuid& type) {
  for (const Kind& entry : kKinds) {
    if (type_uuid(entry.kind) == type) return entry.kind;
  }
  return PartitionKind::unknown;
}

std::string_view to_string(PartitionKind kind) {
  const auto* found = std::ranges::find(kKinds, kind, &Kind::kind);
  return found == kKinds.end() ? "unknown" : found->name;
}

}  // namespace bulkhead::gpt
