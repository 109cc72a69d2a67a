#include "os-builder/disk/tool.hpp"

namespace bulkhead::disk {

Result<std::string> run_tool(const sys::Command& command) {
  auto output = sys::run_checked(command);
  // Children run with LC_ALL=C: the text is the C library's own.
  if (output || !output.error().message.contains("No space left on device")) return output;
  return fail(errno_error(ENOSPC, "{} writes an image", command.arguments[0]));
}

}  // namespace bulkhead::disk
