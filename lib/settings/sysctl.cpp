#include "lib/settings/sysctl.hpp"

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"

namespace bulkhead::settings {
namespace {

constexpr HardenedSysctl at_least(std::string_view path, std::int64_t value) {
  return {.path = path, .value = value, .least = value, .most = INT64_MAX};
}
constexpr HardenedSysctl at_most(std::string_view path, std::int64_t value) {
  return {.path = path, .value = value, .least = 0, .most = value};
}
constexpr HardenedSysctl between(std::string_view path, std::int64_t value, std::int64_t least, std::int64_t most) {
  return {.path = path, .value = value, .least = least, .most = most};
}
constexpr HardenedSysctl of_kernel(HardenedSysctl hardened) {
  hardened.in_file = false;
  return hardened;
}

// A panic is shown for this long at most: a node that does not restart does not fall back either.
constexpr std::int64_t kLongestPanic = 300;

constexpr std::array kHardened = {
    at_most("dev/tty/ldisc_autoload", 0),
    at_most("dev/tty/legacy_tiocsti", 0),
    at_least("fs/protected_fifos", 2),
    at_least("fs/protected_hardlinks", 1),
    at_least("fs/protected_regular", 2),
    at_least("fs/protected_symlinks", 1),
    at_most("fs/suid_dumpable", 0),
    at_least("kernel/dmesg_restrict", 1),
    at_least("kernel/io_uring_disabled", 2),
    at_least("kernel/kexec_load_disabled", 1),
    at_least("kernel/kptr_restrict", 2),
    between("kernel/oops_limit", 100, 1, 100),  // 0 means no limit
    between("kernel/panic", 10, 1, kLongestPanic),
    at_least("kernel/panic_on_oops", 1),
    at_least("kernel/perf_event_paranoid", 3),
    at_least("kernel/randomize_va_space", 2),
    at_most("kernel/sysrq", 0),
    between("kernel/unprivileged_bpf_disabled", 1, 1, 1),  // 1 cannot be taken back, and 2 can
    at_most("kernel/unprivileged_userns_clone", 0),
    between("kernel/warn_limit", 100, 1, 100),  // 0 means no limit
    at_least("kernel/yama/ptrace_scope", 2),
    at_least("net/core/bpf_jit_harden", 2),
    at_most("net/ipv4/conf/*/accept_redirects", 0),
    at_most("net/ipv4/conf/*/accept_source_route", 0),
    between("net/ipv4/conf/*/rp_filter", 2, 1, 2),  // 1 is the strict mode, 2 the loose one
    at_most("net/ipv4/conf/*/secure_redirects", 0),
    at_most("net/ipv4/conf/*/send_redirects", 0),
    at_least("net/ipv4/tcp_rfc1337", 1),
    at_least("net/ipv4/tcp_syncookies", 1),
    at_most("net/ipv6/conf/*/accept_redirects", 0),
    at_most("net/ipv6/conf/*/accept_source_route", 0),
    at_least("vm/memfd_noexec", 1),
    at_least("vm/mmap_min_addr", 65536),
    at_least("vm/mmap_rnd_bits", 32),
    at_least("vm/mmap_rnd_compat_bits", 16),
    at_most("vm/unprivileged_userfaultfd", 0),
    of_kernel(between("net/core/bpf_jit_enable", 1, 1, 1)),  // 2 shows kernel addresses in the log
    of_kernel(at_most("vm/legacy_va_layout", 0)),
};

// Each with everything below it.
constexpr std::array<std::string_view, 8> kPrograms = {
    "fs/binfmt_misc",      "kernel/core_pattern",   "kernel/hotplug",       "kernel/modprobe",
    "kernel/poweroff_cmd", "kernel/usermodehelper", "kernel/real-root-dev", "kernel/firmware_config",
};

bool has_form(std::string_view pattern, std::string_view path) {
  const auto same = [](std::string_view part, std::string_view name) { return part == "*" || part == name; };
  return std::ranges::equal(split(pattern, '/'), split(path, '/'), same);
}

}  // namespace

std::string sysctl_path(std::string_view key) {
  std::string path(key);
  const std::size_t first = path.find_first_of("./");
  if (first == std::string::npos || path[first] == '/') return path;
  for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return path;
}

bool is_canonical_sysctl(std::string_view key) {
  const std::string path = sysctl_path(key);
  return std::ranges::none_of(split(path, '/'),
                              [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

std::span<const HardenedSysctl> hardened_sysctls() { return kHardened; }

const HardenedSysctl* find_hardened_sysctl(std::string_view key) {
  const std::string path = sysctl_path(key);
  const auto* const found =
      std::ranges::find_if(kHardened, [&](const HardenedSysctl& hardened) { return has_form(hardened.path, path); });
  return found == kHardened.end() ? nullptr : &*found;
}

bool is_weaker(const HardenedSysctl& hardened, std::string_view value) {
  // Only as the kernel cannot read it in another way: with a sign or a zero in front, 0 could be all ones, or octal.
  const auto number = parse_integer<std::int64_t>(value);
  if (!number || std::to_string(*number) != value) return true;
  return *number < hardened.least || *number > hardened.most;
}

bool names_program(std::string_view key) {
  const std::string path = sysctl_path(key);
  return std::ranges::any_of(kPrograms, [&](std::string_view program) {
    return path.starts_with(program) && (path.size() == program.size() || path[program.size()] == '/');
  });
}

Result<> check_sysctl(std::string_view key, std::string_view value, bool relaxed) {
  if (names_program(key))
    return fail(ErrorCode::invalid_argument,
                "kernel.sysctl.\"{}\": cannot be set, because it decides which programs the kernel starts as root",
                key);
  const HardenedSysctl* hardened = find_hardened_sysctl(key);
  if (hardened == nullptr || relaxed || !is_weaker(*hardened, value)) return {};
  return fail(error(ErrorCode::invalid_argument, "kernel.sysctl.\"{}\": {} is weaker than the image's {}", key, value,
                    hardened->value)
                  .with_hint(std::format("to allow it, add \"{}\" to kernel.relax", key)));
}

}  // namespace bulkhead::settings
