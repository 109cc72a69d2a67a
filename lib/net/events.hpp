// A stream of server-sent events (WHATWG HTML, 9.2), parsed as its bytes arrive.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::net {

struct Event {
  std::string name = "message";
  std::string data;  // lines joined by '\n'
  bool operator==(const Event&) const = default;
};

class EventReader {
 public:
  // The longest line and the longest data of one event.
  static constexpr std::size_t kLongest = std::size_t{1} << 20U;

  // Calls `on_event` for every event that these bytes complete; it returns whether to continue. False when it said no.
  // Errors: data_loss when an event is too long. Comments and the fields id and retry are ignored.
  Result<bool> feed(std::string_view bytes, const std::function<bool(const Event&)>& on_event);

 private:
  Result<bool> line(std::string_view text, const std::function<bool(const Event&)>& on_event);

  std::string partial_;
  Event event_;
  bool has_data_ = false;
  bool after_cr_ = false;
};

}  // namespace bulkhead::net
