// What a program can do that has taken over a service: a shell with the sandbox of the service's own unit.
#include "lib/base/text.hpp"
#include "tests/support/booted_node.hpp"
#include "tests/support/guest_shell.hpp"
#include "tests/support/must.hpp"

namespace bulkhead::testing {
namespace {

// Keys of systemd.exec(5) and systemd.resource-control(5) that make the sandbox.
constexpr std::string_view kSandbox =
    "User|Group|SupplementaryGroups|[A-Za-z]*Capabilit[a-zA-Z]*|Device[A-Z][a-z]*|[A-Z][A-Za-z]*Paths|Lock[A-Za-z]*|"
    "MemoryDeny[A-Za-z]*|NoNewPrivileges|Private[A-Z][A-Za-z]*|Protect[A-Z][A-Za-z]*|ProcSubset|Restrict[A-Z][A-Za-z]*|"
    "SystemCall[A-Za-z]*|UMask";

// One word, whatever is in it.
std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

// Runs a script as the service would run its program, and what it printed.
std::string as_service(Node& node, const std::string& unit, const std::vector<std::string>& script) {
  const std::string attack = "/run/systemd/system/attack.service";
  must_answer(node, "mkdir -p /run/systemd/system; rm -f /run/attack.out /run/attack.sh");
  must_answer(node, std::format("printf '[Service]\\nType=oneshot\\nExecStart=/usr/bin/busybox sh /run/attack.sh\\n"
                                "StandardOutput=truncate:/run/attack.out\\nStandardError=null\\n' >{}",
                                attack));
  must_answer(node, std::format("systemctl cat {} | grep -E '^({})=' >>{}", unit, kSandbox, attack));
  for (const std::string& line : script) must_answer(node, "echo " + shell_word(line) + " >>/run/attack.sh");
  must_answer(node,
              "echo 'exit 0' >>/run/attack.sh; chmod 644 /run/attack.sh; systemctl daemon-reload; systemctl "
              "--no-ask-password start attack");
  return must_answer(node, "cat /run/attack.out");
}

// Prints the paths that could be written to, one a line.
std::string writes(const std::string& paths) {
  return std::format("for p in {}; do (echo x >>$p) && echo $p; done 2>/dev/null", paths);
}

// A file of root's in sysfs, and a word that changes nothing.
constexpr const char* kWritesSysfs =
    "(echo madvise >/sys/kernel/mm/transparent_hugepage/enabled) 2>/dev/null && echo sysfs";

// CapBnd, NoNewPrivs, Seccomp and the first user of a service's main process.
std::string confinement(Node& node, const std::string& unit) {
  return std::string(trim(must_answer(
      node,
      std::format(
          "p=$(systemctl show -P MainPID {}); sed -n "
          "'s/^\\(CapBnd\\|NoNewPrivs\\|Seccomp\\):[[:space:]]*0*/\\1=/p; s/^Uid:[[:space:]]*\\([0-9]*\\).*/Uid=\\1/p' "
          "/proc/$p/status | tr '\\n' ' '; echo",
          unit))));
}

void check_confinement(Node& node) {
  // linux/capability.h: the numbers are bits.
  CHECK(confinement(node, "apiserver") == "Uid=0 CapBnd=402 NoNewPrivs=1 Seccomp=2");
  CHECK(confinement(node, "bulkhead-units") == "Uid=0 CapBnd= NoNewPrivs=1 Seccomp=2");
  CHECK(confinement(node, "bulkhead-console") == "Uid=991 CapBnd= NoNewPrivs=1 Seccomp=2");
  CHECK(confinement(node, "systemd-networkd") == "Uid=981 CapBnd=3c00 NoNewPrivs=1 Seccomp=2");
  CHECK(confinement(node, "systemd-udevd").ends_with("NoNewPrivs=1 Seccomp=2"));
  CHECK(confinement(node, "systemd-journald").ends_with("NoNewPrivs=1 Seccomp=2"));
  CHECK(confinement(node, "dbus-broker").ends_with("NoNewPrivs=1 Seccomp=2"));
}

void check_api_server(Node& node) {
  const std::string out = as_service(
      node, "apiserver",
      {writes(
           "/etc/bulkhead/attack /run/bulkhead/attack /state/attack /etc/attack /etc/passwd /etc/systemd/system.conf "
           "/etc/systemd/attack /etc/ld.so.preload /etc/hosts.attack /run/systemd/system/attack2.service"),
       writes("/run/attack.sh /run/udev/rules.d/attack /var/attack /var/lib/containerd/attack /tmp/attack /usr/attack "
              "/proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /dev/mem"),
       kWritesSysfs, writes("/proc/sys/kernel/hostname /sys/fs/cgroup/cgroup.procs /dev/vda /dev/kmsg")});
  CHECK(out == "/etc/bulkhead/attack\n/run/bulkhead/attack\n/state/attack\n/proc/sys/kernel/hostname\n");
  must_answer(
      node, "rm /etc/bulkhead/attack /run/bulkhead/attack /state/attack; cat /etc/hostname >/proc/sys/kernel/hostname");
}

// Ways to process 1, the bus, and containerd, each of which does what root says.
void check_ways_to_root(Node& node) {
  const std::string socket = std::string(trim(must_answer(node, "stat -c %i /run/systemd/private")));
  const std::string before = must_answer(node, "systemctl show -P InvocationID systemd-udevd");
  const std::string out =
      as_service(node, "apiserver",
                 {"systemctl restart systemd-udevd && echo restarted", "find /run/containerd/ /run/dbus/ -mindepth 1",
                  std::format("for r in '' /proc/[0-9]*/root; do "
                              "test \"$(stat -c %i $r/run/systemd/private)\" = {} && echo reached $r; done",
                              socket),
                  "mount -t tmpfs none /state && echo mounted", "unshare -m true && echo unshared",
                  "chroot / true && echo chrooted", "nsenter -t 1 -m true && echo entered",
                  "mknod /state/attack-disk b 254 0 && echo made"});
  CHECK(out.empty());
  CHECK(must_answer(node, "systemctl show -P InvocationID systemd-udevd") == before);
}

// bulkhead-units in the place of process 1: systemctl does not see the difference.
void check_units(Node& node) {
  must_answer(node,
              "printf '[Service]\\nType=oneshot\\nExecStart=/usr/bin/busybox sh /run/units.sh\\n"
              "StandardOutput=truncate:/run/units.out\\nBindPaths=/run/bulkhead-units.sock:/run/systemd/private\\n' "
              ">/run/systemd/system/units-attack.service; systemctl daemon-reload");
  const auto asked = [&](const std::string& command) {
    must_answer(
        node,
        std::format("echo 'systemctl {} 2>&1; echo $?' >/run/units.sh; systemctl --no-ask-password start units-attack",
                    command));
    return must_answer(node, "cat /run/units.out");
  };
  for (const char* refused :
       {"--no-block restart systemd-udevd", "--no-block start emergency.target", "--no-block stop containerd",
        "daemon-reload", "set-environment LD_PRELOAD=/state/x", "kill containerd"}) {
    INFO(refused);
    const std::string answer = asked(refused);
    INFO(answer);
    CHECK_FALSE(answer.ends_with("0\n"));
    CHECK(answer.contains("Access denied"));
  }
  // Without waiting, which systemctl does by signals that it asks process 1 for by being connected.
  const std::string before = must_answer(node, "systemctl show -P InvocationID systemd-resolved");
  const std::string answer = asked("--no-block restart systemd-resolved");
  INFO(answer);
  CHECK(answer.ends_with("0\n"));
  must_answer(node, std::format("while test \"$(systemctl show -P InvocationID systemd-resolved)\" = {} || "
                                "systemctl is-failed -q systemd-resolved; do sleep 1; done",
                                trim(before)));
}

void check_other_services(Node& node) {
  must_answer(node, "echo secret >/state/secret; chmod 600 /state/secret");
  CHECK(as_service(node, "bulkhead-console",
                   {writes("/run/bulkhead/x /etc/x /state/x /tmp/x /run/x /dev/kmsg /dev/vda"),
                    "cat /state/secret; cat /etc/shadow", "test -w /run/containerd/containerd.sock && echo containerd",
                    "kill -0 1 && echo kill"}) == "");
  const std::string elsewhere = writes(
      "/etc/x /var/x /usr/x /run/x /run/systemd/system/x /run/udev/rules.d/x "
      "/proc/sys/kernel/core_pattern /proc/sysrq-trigger /dev/mem");
  const std::string to_process_1 = "systemctl --no-block restart systemd-resolved 2>/dev/null && echo restarted";
  for (const char* unit :
       {"bulkhead-firewall", "bulkhead-machine-id", "bulkhead-user-data", "bulkhead-gate", "bulkhead-imds",
        "bulkhead-power-button@event0", "bulkhead-reset@data", "systemd-bless-boot"}) {
    INFO(unit);
    CHECK(as_service(node, unit,
                     {elsewhere, kWritesSysfs, to_process_1, "unshare -m true && echo unshared",
                      "date -s 2000-01-01 >/dev/null; test $(date +%Y) -lt 2010 && echo clock"}) == "");
  }
  // What starts drivers writes to sysfs.
  for (const char* unit : {"bulkhead-coldplug", "bulkhead-config-disks", "bulkhead-devices", "modprobe@loop"}) {
    INFO(unit);
    CHECK(as_service(node, unit, {elsewhere, to_process_1, "unshare -m true && echo unshared"}) == "");
  }
  // What shows which units failed, or is itself the way to process 1 or the bus.
  for (const char* unit : {"bulkhead-trial-failed", "bulkhead-units", "dbus-broker", "emergency"}) {
    INFO(unit);
    CHECK(as_service(node, unit, {elsewhere, kWritesSysfs, "unshare -m true && echo unshared"}) == "");
  }
  // Without a mount namespace: every other way is closed.
  CHECK(as_service(node, "bulkhead-file-system@data", {to_process_1, "unshare -n true && echo unshared"}) == "");
  must_answer(node, "rm /state/secret");
}

TEST_CASE("a service that was taken over can do what its unit says, and nothing else") {
  BootedNode booted({.variant = "kvm-dev"}, "sandbox-services");
  Node& node = booted.node();
  wait_for_shell(node);
  check_confinement(node);
  check_api_server(node);
  check_ways_to_root(node);
  check_units(node);
  check_other_services(node);
  CHECK(must_answer(node, "systemctl --failed --no-legend").empty());
}

}  // namespace
}  // namespace bulkhead::testing
