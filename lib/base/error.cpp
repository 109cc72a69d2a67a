#include "lib/base/error.hpp"

#include <system_error>

namespace bulkhead {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::already_exists: return "already_exists";
    case ErrorCode::permission_denied: return "permission_denied";
    case ErrorCode::failed_precondition: return "failed_precondition";
    case ErrorCode::aborted: return "aborted";
    case ErrorCode::locked: return "locked";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::data_loss: return "data_loss";
    case ErrorCode::verification_failed: return "verification_failed";
    case ErrorCode::internal: return "internal";
  }
  std::unreachable();
}

std::optional<ErrorCode> parse_error_code(std::string_view name) {
  for (const ErrorCode code : kErrorCodes) {
    if (to_string(code) == name) return code;
  }
  return std::nullopt;
}

std::string Error::describe() const {
  std::string text;
  for (auto entry = context.rbegin(); entry != context.rend(); ++entry) {
    text += *entry;
    text += ": ";
  }
  return text + message;
}

ErrorCode code_of_errno(int value) {
  switch (value) {
    case EINVAL:
    case ENAMETOOLONG: return ErrorCode::invalid_argument;
    case ENOENT:
    case ENODEV:
    case ENXIO: return ErrorCode::not_found;
    case EEXIST: return ErrorCode::already_exists;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::permission_denied;
    case ENOSPC:
    case EDQUOT:
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
    case EBUSY: return ErrorCode::failed_precondition;
    case EWOULDBLOCK: return ErrorCode::aborted;
    case ETIMEDOUT:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH: return ErrorCode::unavailable;
    case EIO:
    case EBADMSG: return ErrorCode::data_loss;
    case EKEYREJECTED:
    case ENOKEY: return ErrorCode::verification_failed;
    default: return ErrorCode::internal;
  }
}

Error errno_error_text(int value, std::string message) {
  message += ": ";
  message += std::generic_category().message(value);
  Error result{
      .code = code_of_errno(value), .sys_errno = value, .message = std::move(message), .context = {}, .hint = {}};
  if (value == ENOSPC || value == EDQUOT)
    result.hint = "free some space on that file system, then run the command again";
  return result;
}

}  // namespace bulkhead
