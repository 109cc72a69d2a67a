#include "api-server/handlers/event_hub.hpp"

namespace bulkhead::handlers {

Result<> EventHub::listen(const std::shared_ptr<http::Stream>& stream) {
  if (streams_.size() >= kMostListeners)
    return fail(ErrorCode::aborted, "{} clients are listening to events, which is the limit", streams_.size());
  streams_.push_back(stream);
  stream->on_gone = [this, gone = stream.get()] {
    streams_.remove_if([&](const auto& each) { return each.get() == gone; });
  };
  return {};
}

void EventHub::publish(std::string_view name, const nlohmann::json& data) {
  const std::string text = event_text(name, data);
  const auto streams = streams_;  // a slow client may be cut off meanwhile
  for (const auto& stream : streams) stream->send(text);
}

std::string event_text(std::string_view name, const nlohmann::json& data) {
  // A dump has no line breaks.
  return std::format("event: {}\ndata: {}\n\n", name,
                     data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace bulkhead::handlers
