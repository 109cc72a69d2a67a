// Sockets that are listened on.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/result.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::http {

// A listening Unix socket with the given mode; a previous one is removed. For programs that systemd passed no socket.
Result<sys::UniqueFd> listen_on_path(const std::string& path, unsigned mode);

// A listening TCP socket. `address` is "::", or one that an interface has or gets later, "10.0.0.9"; port 0 is a free
// one. Errors: unavailable when the port cannot be used, invalid_argument for an address that is none.
Result<sys::UniqueFd> listen_on_address(const std::string& address, std::uint16_t port);

// Errors: those of getsockname(2).
Result<std::uint16_t> port_of(const sys::UniqueFd& socket);

}  // namespace bulkhead::http
