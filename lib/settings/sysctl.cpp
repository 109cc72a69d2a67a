#include "lib/settings/sysctl.hpp"

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"

namespace bulkhead::settings {
namespace {

using enum Stricter;

constexpr std::array kHardened = {
    HardenedSysctl{"dev/tty/ldisc_autoload", 0, lower},
    HardenedSysctl{"dev/tty/legacy_tiocsti", 0, lower},
    HardenedSysctl{"fs/protected_fifos", 2, higher},
    HardenedSysctl{"fs/protected_hardlinks", 1, higher},
    HardenedSysctl{"fs/protected_regular", 2, higher},
    HardenedSysctl{"fs/protected_symlinks", 1, higher},
    HardenedSysctl{"fs/suid_dumpable", 0, lower},
    HardenedSysctl{"kernel/dmesg_restrict", 1, higher},
    HardenedSysctl{"kernel/io_uring_disabled", 2, higher},
    HardenedSysctl{"kernel/kexec_load_disabled", 1, higher},
    HardenedSysctl{"kernel/kptr_restrict", 2, higher},
    HardenedSysctl{"kernel/panic_on_oops", 1, higher},
    HardenedSysctl{"kernel/perf_event_paranoid", 3, higher},
    HardenedSysctl{"kernel/randomize_va_space", 2, higher},
    HardenedSysctl{"kernel/sysrq", 0, lower},
    HardenedSysctl{"kernel/unprivileged_bpf_disabled", 1, only},
    HardenedSysctl{"kernel/yama/ptrace_scope", 2, higher},
    HardenedSysctl{"net/core/bpf_jit_harden", 2, higher},
    HardenedSysctl{"net/ipv4/tcp_syncookies", 1, higher},
    HardenedSysctl{"vm/mmap_min_addr", 65536, higher},
    HardenedSysctl{"vm/unprivileged_userfaultfd", 0, lower},
};

// Each with everything below it.
constexpr std::array<std::string_view, 8> kPrograms = {
    "fs/binfmt_misc",      "kernel/core_pattern",   "kernel/hotplug",       "kernel/modprobe",
    "kernel/poweroff_cmd", "kernel/usermodehelper", "kernel/real-root-dev", "kernel/firmware_config",
};

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
  const auto* const found = std::ranges::find(kHardened, sysctl_path(key), &HardenedSysctl::path);
  return found == kHardened.end() ? nullptr : &*found;
}

bool is_weaker(const HardenedSysctl& hardened, std::string_view value) {
  // Only as the kernel cannot read it in another way: with a sign or a zero in front, 0 could be all ones, or octal.
  const auto number = parse_integer<std::int64_t>(value);
  if (!number || *number < 0 || std::to_string(*number) != value) return true;
  switch (hardened.stricter) {
    case higher: return *number < hardened.value;
    case lower: return *number > hardened.value;
    case only: return *number != hardened.value;
  }
  return true;
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
                  .with_hint(std::format("if it must be, add \"{}\" to kernel.relax", key)));
}

}  // namespace bulkhead::settings
