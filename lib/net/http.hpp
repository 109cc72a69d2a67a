// A request and its response, as plain data.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";  // already encoded: target_of() in uri.hpp
  std::string body{};
  std::string content_type{};  // only sent with a body
  Headers headers{};
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
  // The first one of that name, in any case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

}  // namespace bulkhead::net
