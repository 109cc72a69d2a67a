// An HTTP/1.1 client over one connection, synchronous, kept open between requests.
//
// Parsing is Boost.Beast's, inside connection.cpp only. Thread rule: one thread at a time. Redirects are not followed.
// Limits: headers of 8 KiB, and lines as Beast limits them; no compression, no upgrade.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "lib/base/result.hpp"
#include "lib/net/endpoint.hpp"
#include "lib/net/http.hpp"

namespace bulkhead::net {

struct Limits {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds request{120'000};  // from the first byte sent to the last one received
  std::size_t response_bytes = std::size_t{64} << 20U;
};

class Connection {
 public:
  // Connects. Errors: those of Channel::open(), with a hint.
  static Result<Connection> open(Endpoint endpoint, Limits limits = {});
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // Any status is a success. Errors: unavailable (lost, too slow), data_loss (not HTTP, or above the limit). After an
  // error, or when the server has closed after its last answer, the next request connects again; no request is sent
  // twice.
  Result<ClientResponse> send(const ClientRequest& request);

  // For answers without an end. After the header there is no limit of time or size; `on_chunk` gets pieces of the body
  // as they arrive and returns whether to continue. The body of the ClientResponse is empty. If the status is not 2xx,
  // it is an ordinary answer, and on_chunk is not called.
  Result<ClientResponse> stream(const ClientRequest& request, const std::function<bool(std::string_view)>& on_chunk);

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::net
