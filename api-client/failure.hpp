// What an answer of the API that is no success means to the person who asked.
#pragma once

#include "lib/base/result.hpp"
#include "lib/net/http.hpp"

namespace bulkhead::client {

// The one mapping from HTTP statuses to error codes, and by them to exit codes.
ErrorCode code_of_status(int status);

// Message and hint of the body ({status, code, message, hint}), which are complete sentences about what was asked for.
// An answer without such a body comes from somebody else than apiserver, and the error says so.
Error error_of(const net::Response& response);

}  // namespace bulkhead::client
