#include "lib/settings/sysctl.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
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

TEST_CASE("what counts as hardened is what the image sets") {
  const auto image = of_image();
  REQUIRE(image.size() > 10);
  for (const HardenedSysctl& hardened : hardened_sysctls()) {
    INFO(hardened.path);
    const auto found = image.find(std::string(hardened.path));
    REQUIRE(found != image.end());
    CHECK(found->second == std::to_string(hardened.value));
  }
  for (const auto& [path, value] : image) {
    INFO(path);
    // What networks of containers may need to change, and how long a panic is shown.
    const bool free = path.starts_with("net/ipv4/conf/") || path.starts_with("net/ipv6/conf/") ||
                      path == "net/ipv4/ip_forward" || path == "kernel/panic";
    CHECK((free || names_program(path) || find_hardened_sysctl(path) != nullptr));
  }
}
