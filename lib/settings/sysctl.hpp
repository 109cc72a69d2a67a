// Which kernel parameters settings may change, and how. Pure functions over texts.
//
// Whoever may set kernel.sysctl must not thereby run programs as root outside of the signed image, nor silently undo
// what the image hardens (os-builder/rootfs/overlay/base/usr/lib/sysctl.d/50-bulkhead.conf; a test compares the two).
// Names: Documentation/admin-guide/sysctl in the kernel's sources.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::settings {

// One name for each parameter, the path below /proc/sys: "kernel/core_pattern". As sysctl.d(5): the first separator
// decides; after a '/', dots are part of names ("net/ipv4/conf/eth0.1/forwarding").
std::string sysctl_path(std::string_view key);
// False for a key that names no parameter or one in two ways: empty parts, "." and "..".
bool is_canonical_sysctl(std::string_view key);

// Values from `least` to `most` are as strict as the image's, or stricter. A part "*" of the path stands for any name:
// one of an interface, "all" or "default".
struct HardenedSysctl {
  std::string_view path;
  std::int64_t value = 0;  // the image's
  std::int64_t least = 0;
  std::int64_t most = 0;
  bool in_file = true;  // otherwise the value is the kernel's own, and nothing in the image sets it
};
std::span<const HardenedSysctl> hardened_sysctls();
const HardenedSysctl* find_hardened_sysctl(std::string_view key);

// True when the value is weaker than the image's; one that is no number counts as weaker.
bool is_weaker(const HardenedSysctl& hardened, std::string_view value);

// Parameters whose value is a program that the kernel starts as root, or decides which ones it starts.
bool names_program(std::string_view key);

// Errors: invalid_argument, for a parameter that names a program, and for one that is weaker than the image's unless
// `relaxed` says that it may be.
Result<> check_sysctl(std::string_view key, std::string_view value, bool relaxed);

}  // namespace bulkhead::settings
