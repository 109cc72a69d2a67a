#include "node/machine-id/commit.hpp"

#include "lib/machine_id/machine_id.hpp"

namespace bulkhead::machine_id {

Result<StoreResult> commit_machine_id(const sys::Path& current, const sys::Path& stored) {
  const std::string content = TRY(sys::read_file(current, 64));
  const auto id = MachineId::parse(content);
  if (!id) return fail(ErrorCode::failed_precondition, "{} does not contain a machine id", current.native());
  const std::string text = id->to_string() + '\n';
  if (const auto old = sys::read_file(stored, 64); old && *old == text) return StoreResult::unchanged;
  TRY(sys::write_file_atomically(stored, text, 0444));
  return StoreResult::written;
}

}  // namespace bulkhead::machine_id
