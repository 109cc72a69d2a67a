#include "lib/vm/serial.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/node_state/node_state.hpp"

// A console in two pieces gives the same lines as in one, and no control character reaches a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  bulkhead::vm::SerialLog whole;
  whole.append(text);
  bulkhead::vm::SerialLog pieces;
  pieces.append(text.substr(0, size / 3));
  pieces.append(text.substr(size / 3));
  if (whole.lines() != pieces.lines() || whole.tail() != pieces.tail()) std::abort();
  for (const std::string& line : whole.lines()) {
    if (line.contains('\x1b')) std::abort();
    static_cast<void>(bulkhead::node_state::parse_status_line(line));
  }
  return 0;
}
