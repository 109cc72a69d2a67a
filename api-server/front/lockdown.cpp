#include "api-server/front/lockdown.hpp"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

namespace bulkhead::front {
namespace {

constexpr std::array kAllowed = {
    // Sockets that it has, and those that it is handed.
    SYS_accept, SYS_accept4, SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_write, SYS_writev, SYS_sendto,
    SYS_sendmsg, SYS_shutdown, SYS_close, SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_dup,
    // The loop. fcntl: non-blocking, and copies of descriptors.
    SYS_fcntl, SYS_poll, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_timerfd_settime, SYS_restart_syscall,
    // Memory, time, chance.
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise, SYS_mprotect, SYS_futex, SYS_clock_gettime,
    SYS_gettimeofday, SYS_getrandom,
    // The end, also by abort(3).
    SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_sigaltstack, SYS_getpid, SYS_gettid, SYS_tgkill,
    SYS_exit, SYS_exit_group};

constexpr sock_filter statement(std::uint16_t code, std::uint32_t value) {
  return {.code = code, .jt = 0, .jf = 0, .k = value};
}
// Skips that many statements when the value is equal, or not.
constexpr sock_filter if_equal(std::uint32_t value, std::uint8_t equal, std::uint8_t other) {
  return {.code = BPF_JMP | BPF_JEQ | BPF_K, .jt = equal, .jf = other, .k = value};
}

std::vector<sock_filter> filter() {
  std::vector<sock_filter> program = {statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
                                      if_equal(AUDIT_ARCH_X86_64, 1, 0),
                                      statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                                      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  // ioctl only to make a socket non-blocking.
  program.insert(program.end(),
                 {if_equal(SYS_ioctl, 0, 4),
                  statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + sizeof(std::uint64_t)),
                  if_equal(FIONBIO, 0, 1), statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                  statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)});
  for (const auto number : kAllowed) {
    program.push_back(if_equal(static_cast<std::uint32_t>(number), 0, 1));
    program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  return program;
}

Result<> drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 || ::syscall(SYS_capset, &header, &none) != 0)
    return fail_errno("giving up the capabilities");
  return {};
}

}  // namespace

Result<> lock_down() {
  // Also for a process of root, which would get capabilities back with the next program.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("giving up new privileges");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("switching core dumps off");
  TRY(drop_capabilities());
  std::vector<sock_filter> program = filter();
  const sock_fprog whole{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) != 0) return fail_errno("installing the filter");
  return {};
}

}  // namespace bulkhead::front
