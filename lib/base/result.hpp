// Result<T>, and TRY to pass an error on.
//
//   auto bytes = TRY(read_file(path));
//   TRY_CTX(write(bytes), "saving {}", path);
//
// TRY is a GNU statement expression that returns from the middle of whatever it stands in. GCC 14 does not destroy the
// members that a braced initializer has built by then: A{.a = open(), .b = TRY(read())} leaks `a` when read() fails. So
// nothing may be half built around it. It is one of these, and tools/check-layers refuses the rest:
//   TRY(f());                 a whole statement
//   const auto x = TRY(f());  all that one variable is initialized with; not a static one: its guard would stay locked
//   x = TRY(f());             all that an object is given: the right side runs first, x is unchanged on failure
//   return TRY(f());          the operand of return: the result is made from the value alone
// No macro but these two contains it: the return would be invisible where that macro is used.
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
