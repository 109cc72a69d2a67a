// Result<T>, and TRY to pass an error on.
//
//   auto bytes = TRY(read_file(path));
//   TRY_CTX(write(bytes), "saving {}", path);
//
// TRY is a GNU statement expression: use it as a whole statement or as an initializer, never inside a larger
// expression.
#pragma once

#include <expected>
#include <format>
#include <utility>

#include "lib/base/error.hpp"

namespace bulkhead {

template <class T = void>
using Result = std::expected<T, Error>;

template <class... Args>
std::unexpected<Error> fail(ErrorCode code, std::format_string<Args...> format, Args&&... args) {
  return std::unexpected(error(code, format, std::forward<Args>(args)...));
}

inline std::unexpected<Error> fail(Error reason) { return std::unexpected(std::move(reason)); }

// Reads errno before anything else runs.
template <class... Args>
std::unexpected<Error> fail_errno(std::format_string<Args...> format, Args&&... args) {
  const int value = errno;
  return std::unexpected(errno_error(value, format, std::forward<Args>(args)...));
}

}  // namespace bulkhead

#define BULKHEAD_CONCAT_(a, b) a##b
#define BULKHEAD_CONCAT(a, b) BULKHEAD_CONCAT_(a, b)

#define BULKHEAD_TRY_(result, expression, failure)               \
  ({                                                             \
    auto result = (expression);                                  \
    if (!result) [[unlikely]] {                                  \
      return std::unexpected(std::move(result).error() failure); \
    }                                                            \
    *std::move(result);                                          \
  })

#define TRY(...) BULKHEAD_TRY_(BULKHEAD_CONCAT(bulkhead_try_, __COUNTER__), (__VA_ARGS__), )
#define TRY_CTX(expression, ...) \
  BULKHEAD_TRY_(BULKHEAD_CONCAT(bulkhead_try_, __COUNTER__), (expression), .with_context(std::format(__VA_ARGS__)))
