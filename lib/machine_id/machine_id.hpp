// The machine id (machine-id(5)): 32 lower-case hex digits, not all zero.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::machine_id {

class MachineId {
 public:
  // Content of a machine-id file: the digits, at most one line break.
  static Result<MachineId> parse(std::string_view text);
  // From the product UUID of the firmware tables. Errors: not_found when the firmware has only a placeholder.
  static Result<MachineId> from_product_uuid(std::string_view text);
  // From 16 random bytes, made a version 4 UUID as systemd does.
  static MachineId from_random(std::array<std::byte, 16> bytes);

  const std::string& to_string() const { return text_; }

  bool operator==(const MachineId&) const = default;

 private:
  explicit MachineId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace bulkhead::machine_id
