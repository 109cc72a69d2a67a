#include "api-server/boot/machine_id.hpp"

#include <algorithm>

namespace bulkhead::boot {
namespace {

// machine-id(5)
bool is_machine_id(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 33 && text.ends_with('\n') && std::ranges::all_of(text.substr(0, 32), is_digit) &&
         text.find_first_not_of('0') != 32;
}

}  // namespace

Result<Commit> commit_machine_id(const sys::Path& current, const sys::Path& stored) {
  const std::string id = TRY(sys::read_file(current, 64));
  if (!is_machine_id(id))
    return fail(ErrorCode::failed_precondition, "{} does not hold a machine id", current.native());
  if (const auto old = sys::read_file(stored, 64); old && *old == id) return Commit::unchanged;
  TRY(sys::write_file_atomically(stored, id, 0444));
  return Commit::written;
}

}  // namespace bulkhead::boot
