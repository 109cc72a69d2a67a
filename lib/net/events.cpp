#include "lib/net/events.hpp"

#include <utility>

namespace bulkhead::net {

Result<bool> EventReader::feed(std::string_view bytes, const std::function<bool(const Event&)>& on_event) {
  while (!bytes.empty()) {
    // A line ends in LF, CR or CR LF, and the LF may come with the next bytes.
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    partial_ += bytes.substr(0, end);
    if (partial_.size() > kLongest)
      return fail(ErrorCode::data_loss, "an event has a line of more than {} bytes", kLongest);
    if (end == std::string_view::npos) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const bool goes_on = TRY(line(std::exchange(partial_, {}), on_event));
    if (!goes_on) return false;
  }
  return true;
}

Result<bool> EventReader::line(std::string_view text, const std::function<bool(const Event&)>& on_event) {
  if (text.empty()) {
    const Event complete = std::exchange(event_, {});
    return !std::exchange(has_data_, false) || on_event(complete);
  }
  const auto colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") event_.name = value;
  if (field == "data") {
    if (event_.data.size() + value.size() > kLongest)
      return fail(ErrorCode::data_loss, "an event is longer than {} bytes", kLongest);
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  }
  return true;
}

}  // namespace bulkhead::net
