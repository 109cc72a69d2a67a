// The one error type. A failing function returns it by value; each hop may add context; the edge of the process turns
// it into an exit code, an HTTP status or a journal entry (style: one mapping per boundary, an exhaustive switch).
#pragma once

#include <array>
#include <cerrno>
#include <format>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead {

enum class ErrorCode {
  invalid_argument,  // the caller's input is wrong and stays wrong
  not_found,
  already_exists,
  permission_denied,
  failed_precondition,  // the input is fine, the state of the system does not allow it
  aborted,              // somebody else was faster or holds the lock; trying again may work
  locked,               // changes are held back until somebody ends what is under way
  unavailable,          // a peer or device does not answer; trying again may work
  data_loss,            // stored bytes are not what was written
  verification_failed,  // a signature, digest or policy says no
  internal,             // a bug of ours, or of a library
};

inline constexpr std::array kErrorCodes = {ErrorCode::invalid_argument,
                                           ErrorCode::not_found,
                                           ErrorCode::already_exists,
                                           ErrorCode::permission_denied,
                                           ErrorCode::failed_precondition,
                                           ErrorCode::aborted,
                                           ErrorCode::locked,
                                           ErrorCode::unavailable,
                                           ErrorCode::data_loss,
                                           ErrorCode::verification_failed,
                                           ErrorCode::internal};
static_assert(kErrorCodes.size() == std::to_underlying(ErrorCode::internal) + 1);

std::string_view to_string(ErrorCode code);
std::optional<ErrorCode> parse_error_code(std::string_view name);

struct Error {
  ErrorCode code = ErrorCode::internal;
  int sys_errno = 0;                 // 0 when no system call was involved
  std::string message;               // what went wrong, without a final full stop
  std::vector<std::string> context;  // what was being done, innermost first
  std::string hint;                  // what the reader can do next; may be empty

  // "outer: inner: message", one line.
  std::string describe() const;

  Error with_context(std::string what) && {
    context.push_back(std::move(what));
    return std::move(*this);
  }
  Error with_hint(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
  }

  bool operator==(const Error&) const = default;
};

// error(ErrorCode::not_found, "no variant named {}", name)
template <class... Args>
Error error(ErrorCode code, std::format_string<Args...> format, Args&&... args) {
  return Error{.code = code, .message = std::format(format, std::forward<Args>(args)...), .context = {}, .hint = {}};
}

// The canonical code for an errno value.
ErrorCode code_of_errno(int value);

// Appends ": <text of errno>" to the message. The errno is an argument because formatting may change the global one.
Error errno_error_text(int value, std::string message);

template <class... Args>
Error errno_error(int value, std::format_string<Args...> format, Args&&... args) {
  return errno_error_text(value, std::format(format, std::forward<Args>(args)...));
}

}  // namespace bulkhead
