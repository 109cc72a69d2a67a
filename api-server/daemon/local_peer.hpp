// Who is at the other end of an accepted Unix socket: what the kernel says of it, whoever hands the socket over.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::daemon {

// unix(7), SO_PEERCRED and SO_PEERGROUPS: of the time when it connected.
struct LocalPeer {
  uid_t uid = 0;
  pid_t pid = 0;                // may be gone by the time somebody reads it
  std::vector<gid_t> groups{};  // all of them
};

// The path that a Unix socket is bound to; of an accepted one, that of its listener. Errors: invalid_argument for
// anything else: another family, a socket without a path, an abstract one.
Result<std::string> bound_path(const sys::UniqueFd& socket);

// `socket` must have been accepted from a listener. A listening one is refused: SO_PEERCRED would be whoever listens.
// Errors: invalid_argument for what is no accepted Unix stream socket; those of getsockopt(2).
Result<LocalPeer> local_peer(const sys::UniqueFd& socket);

// True when the other end has been closed. One that has only stopped sending still waits for its answer.
bool has_left(const sys::UniqueFd& socket);

}  // namespace bulkhead::daemon
