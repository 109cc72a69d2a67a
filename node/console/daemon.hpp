// bulkhead-console: keeps the banner on every console up to date.
#pragma once

#include "lib/base/result.hpp"
#include "lib/log/log.hpp"

namespace bulkhead::console {

// Until SIGTERM. Writes the banner and the status line at the start and whenever they change.
Result<> run(const log::Log& log);

// The failure notice before the machine restarts: `reason` and the failed units, long enough on the console to be read.
Result<> announce_failure(const std::string& reason);

}  // namespace bulkhead::console
