// The clients of GET /v1/events, and the events that they get.
#pragma once

#include <nlohmann/json.hpp>

#include <list>
#include <memory>
#include <string_view>

#include "api-server/http/message.hpp"

namespace bulkhead::handlers {

class EventHub {
 public:
  static constexpr std::size_t kMostListeners = 256;

  // Errors: aborted when there are too many listeners.
  Result<> listen(const std::shared_ptr<http::Stream>& stream);
  void publish(std::string_view name, const nlohmann::json& data);
  std::size_t listeners() const { return streams_.size(); }

 private:
  std::list<std::shared_ptr<http::Stream>> streams_;
};

// One server-sent event (WHATWG HTML, "Server-sent events").
std::string event_text(std::string_view name, const nlohmann::json& data);

}  // namespace bulkhead::handlers
