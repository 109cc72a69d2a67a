#include "lib/settings/sysctl.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <set>
#include <sstream>

#include "lib/base/text.hpp"
#include "lib/sys/file.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::settings;
using bulkhead::testing::must;

namespace {

// The image's parameters by path.
std::map<std::string, std::string> of_image() {
  std::map<std::string, std::string> values;
  std::istringstream text(must(sys::read_file(BULKHEAD_SYSCTL_FILE)));
  for (std::string line; std::getline(text, line);) {
    const std::size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string::npos) continue;
    values[sysctl_path(trim(std::string_view(line).substr(0, equals)))] =
        trim(std::string_view(line).substr(equals + 1));
  }
  return values;
}

}  // namespace

TEST_CASE("a parameter has one name, however it is written") {
  CHECK(sysctl_path("kernel.core_pattern") == "kernel/core_pattern");
  CHECK(sysctl_path("kernel/core_pattern") == "kernel/core_pattern");
  CHECK(sysctl_path("net.ipv4.conf.eth0/1.forwarding") == "net/ipv4/conf/eth0.1/forwarding");
  CHECK(sysctl_path("net/ipv4/conf/eth0.1/forwarding") == "net/ipv4/conf/eth0.1/forwarding");
  for (const char* key : {"kernel.core_pattern", "a", "net.ipv4.conf.eth0/1.x"}) CHECK(is_canonical_sysctl(key));
  for (const char* key : {"kernel//core_pattern", "kernel/./core_pattern", "kernel./.core_pattern", "kernel..modprobe",
                          "a/../kernel/modprobe", "a.//.kernel.modprobe", "kernel.modprobe.", "kernel/"})
    CHECK_FALSE(is_canonical_sysctl(key));
}

TEST_CASE("no parameter that names a program of root can be set, in no spelling and by no relaxation") {
  for (const char* key :
       {"kernel.modprobe", "kernel/modprobe", "kernel.core_pattern", "kernel.hotplug", "kernel.poweroff_cmd",
        "kernel.usermodehelper.bset", "kernel/usermodehelper/inheritable", "fs.binfmt_misc.register"}) {
    INFO(key);
    CHECK(check_sysctl(key, "|/tmp/x", false).error().message.contains("which programs"));
    CHECK_FALSE(check_sysctl(key, "x", true));
  }
  CHECK(check_sysctl("kernel.core_uses_pid", "1", false));
}

TEST_CASE("what the image hardens can become stricter, and weaker only when it is said") {
  CHECK(check_sysctl("kernel.yama.ptrace_scope", "3", false));
  CHECK(check_sysctl("kernel.yama.ptrace_scope", "2", false));
  CHECK(check_sysctl("kernel/yama/ptrace_scope", "1", false).error().hint.contains("kernel.relax"));
  CHECK(check_sysctl("kernel/yama/ptrace_scope", "1", true));
  for (const auto& [key, value] : {std::pair{"kernel.unprivileged_bpf_disabled", "0"},
                                   {"kernel.unprivileged_bpf_disabled", "2"},
                                   {"kernel.io_uring_disabled", "0"},
                                   {"fs.suid_dumpable", "2"},
                                   {"kernel.sysrq", "1"},
                                   {"kernel.kptr_restrict", ""},
                                   {"kernel.kptr_restrict", "soon"},
                                   {"kernel.kptr_restrict", "-1"},
                                   {"kernel.sysrq", "-1"},
                                   {"dev.tty.ldisc_autoload", "-1"},
                                   {"vm.mmap_min_addr", "065536"},
                                   {"kernel.yama.ptrace_scope", "+3"}}) {
    INFO(key << '=' << value);
    CHECK_FALSE(check_sysctl(key, value, false));
  }
  CHECK(check_sysctl("vm.max_map_count", "1", false));
}

TEST_CASE("a parameter of an interface is hardened like that of all, in both spellings") {
  for (const char* key : {"net.ipv4.conf.all.rp_filter", "net/ipv4/conf/default/rp_filter",
                          "net.ipv4.conf.eth0/1.rp_filter", "net/ipv4/conf/eth0.1/rp_filter"}) {
    INFO(key);
    CHECK_FALSE(check_sysctl(key, "0", false));
    CHECK(check_sysctl(key, "0", true));
    CHECK(check_sysctl(key, "1", false));
    CHECK(check_sysctl(key, "2", false));
    CHECK_FALSE(check_sysctl(key, "-1", false));
  }
  for (const auto& [key, value] : {std::pair{"net.ipv4.conf.all.accept_redirects", "1"},
                                   {"net.ipv6.conf.eth0.accept_redirects", "1"},
                                   {"net.ipv4.conf.eth0.send_redirects", "1"},
                                   {"net.ipv4.conf.all.accept_source_route", "1"},
                                   {"net.ipv6.conf.lo.accept_source_route", "1"},
                                   {"kernel.panic", "0"},
                                   {"kernel.panic", "100000"},
                                   {"vm.mmap_rnd_bits", "31"},
                                   {"vm.mmap_rnd_compat_bits", "8"},
                                   {"kernel.warn_limit", "0"},
                                   {"kernel.warn_limit", "1000"},
                                   {"kernel.oops_limit", "0"},
                                   {"kernel.unprivileged_userns_clone", "1"},
                                   {"vm.memfd_noexec", "0"},
                                   {"net.ipv4.tcp_rfc1337", "0"},
                                   {"net.ipv4.conf.eth0.secure_redirects", "1"},
                                   {"vm.legacy_va_layout", "1"},
                                   {"net.core.bpf_jit_enable", "2"}}) {
    INFO(key << '=' << value);
    CHECK(check_sysctl(key, value, false).error().hint.contains("kernel.relax"));
    CHECK(check_sysctl(key, value, true));
  }
  CHECK(check_sysctl("net.ipv4.conf.all.forwarding", "0", false));
  CHECK(check_sysctl("net.ipv4.conf.rp_filter", "0", false));  // no parameter of an interface
}

TEST_CASE("every parameter that the image sets is hardened with that value, or a reason says why not") {
  const std::map<std::string, std::string> free = {
      {"fs/inotify/max_user_instances", "a limit for containers, and no defence"},
      {"vm/max_map_count", "a limit for containers, and no defence"},
      {"net/ipv4/ip_forward", "not to forward is stricter, and a node without containers may want it"},
      {"net/ipv6/conf/all/forwarding", "as for IPv4"},
  };
  const auto image = of_image();
  REQUIRE(image.size() > 10);
  std::set<std::string_view> used;
  for (const auto& [path, value] : image) {
    INFO(path << " = " << value);
    const HardenedSysctl* hardened = find_hardened_sysctl(path);
    CHECK(int{free.contains(path)} + int{names_program(path)} + int{hardened != nullptr} == 1);
    if (hardened == nullptr) continue;
    used.insert(hardened->path);
    CHECK(hardened->in_file);
    CHECK(value == std::to_string(hardened->value));
    CHECK_FALSE(is_weaker(*hardened, value));
  }
  for (const HardenedSysctl& hardened : hardened_sysctls()) {
    INFO(hardened.path);
    CHECK(used.contains(hardened.path) == hardened.in_file);
  }
  for (const auto& [path, reason] : free) CHECK(image.contains(path));
}
