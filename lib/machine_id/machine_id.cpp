#include "lib/machine_id/machine_id.hpp"

#include <algorithm>

#include "lib/base/hex.hpp"
#include "lib/base/text.hpp"
#include "lib/gpt/partition_uuid.hpp"

namespace bulkhead::machine_id {

Result<MachineId> MachineId::parse(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() != 32 || !std::ranges::all_of(text, is_digit))
    return fail(ErrorCode::invalid_argument, "not a machine id");
  if (std::ranges::all_of(text, [](char c) { return c == '0'; }))
    return fail(ErrorCode::invalid_argument, "an empty machine id");
  return MachineId(std::string(text));
}

Result<MachineId> MachineId::from_product_uuid(std::string_view text) {
  // Values that firmware has when nobody set a UUID (dmidecode and fwupd keep the same list).
  static constexpr std::array<std::string_view, 4> kPlaceHolders = {
      "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
      "03000200-0400-0500-0006-000700080009", "12345678-1234-5678-90ab-cddeefaabbcc"};
  const auto parsed = TRY(gpt::PartitionUuid::parse(trim(text)));
  const std::string uuid = parsed.to_string();
  if (std::ranges::contains(kPlaceHolders, uuid))
    return fail(ErrorCode::not_found, "the firmware's product UUID is a placeholder");
  std::string digits = uuid;
  std::erase(digits, '-');
  return MachineId(std::move(digits));
}

MachineId MachineId::from_random(std::array<std::byte, 16> bytes) {
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  return MachineId(to_hex(bytes));
}

}  // namespace bulkhead::machine_id
