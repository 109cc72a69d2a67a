// An HTTP/1.1 client over one connection, synchronous, kept open between requests.
//
// Parsing is Boost.Beast's, inside connection.cpp only. Thread rule: one thread at a time. Redirects are not followed.
// Limits: heads of 8 KiB and lines of it as Beast sets them; no compression, no upgrade.
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
  // Connects. Errors: as Channel::open says, with a hint where there is something to do.
  static Result<Connection> open(Endpoint endpoint, Limits limits = {});
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // Any status is a success. Errors: unavailable (broken, too slow), data_loss (no HTTP, or larger than the limit).
  // After an error, or when the server closed behind its last answer, the next request connects anew; none is sent
  // twice.
  Result<Response> send(const Request& request);

  // For answers without an end. Once the head has come there is no limit of time or size; `on_chunk` gets pieces of the
  // body as they arrive and returns whether to go on. The body of the Response is empty, unless the status is not 2xx:
  // then it is an ordinary answer, and on_chunk is not called.
  Result<Response> stream(const Request& request, const std::function<bool(std::string_view)>& on_chunk);

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::net
