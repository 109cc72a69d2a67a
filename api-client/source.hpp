// Where `apply` takes documents from.
#pragma once

#include <string>

#include "lib/base/result.hpp"

namespace bulkhead::client {

// The text behind "-" (standard input), "base64:…", "file:///path", "http(s)://…" or a path. At most 1 MiB, the limit
// of the node. Redirects are not followed.
Result<std::string> read_source(const std::string& source);

}  // namespace bulkhead::client
