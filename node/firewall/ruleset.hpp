// The packet filter of the kernel, filled from a file of nftables rules (nft(8)) through libnftables: the image has no
// `nft` command.
#pragma once

#include "lib/base/result.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::firewall {

enum class Mode {
  load,
  check,  // everything but the change itself: syntax, types, names of interfaces (nft --check)
};

// Puts the rules of `file` into the kernel's tables of this network namespace, all of them in one transaction: on error
// the old ones stay in effect. Needs CAP_NET_ADMIN, also to check. Symlinks are followed; the file is ours and at most
// 1 MiB.
//
// Errors: those of reading the file; permission_denied without the capability; invalid_argument with what libnftables
// says, each complaint beginning with file, line and column. Source: libnftables(3).
Result<> apply_ruleset(const sys::Path& file, Mode mode);

}  // namespace bulkhead::firewall
