// The error for an API answer that is not a success.
#pragma once

#include "lib/base/result.hpp"
#include "lib/net/http.hpp"

namespace bulkhead::client {

// For an answer whose body names no code that this client knows: a proxy's, or a newer server's.
ErrorCode code_of_status(int status);

// Code, message and hint of the body ({status, code, message, hint}). Message and hint are complete sentences about
// what was asked for. An answer without such a body does not come from apiserver, and the error says so.
Error error_of(const net::ClientResponse& response);

}  // namespace bulkhead::client
