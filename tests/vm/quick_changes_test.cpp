// Changes of settings that follow each other quickly: each restarts services, and neither the state of the node nor the
// blessing of its version takes notice.
#include "tests/support/booted_node.hpp"
#include "tests/support/guest_shell.hpp"
#include "tests/support/must.hpp"

namespace bulkhead::testing {
namespace {

constexpr const char* kDownloads =
    "for i in 2 3 4 5 6 7; do apiclient set container-runtime.max-concurrent-downloads=$i || break; done";
constexpr const char* kNames =
    "for i in 2 3 4 5 6 7; do apiclient set \"dns.name-servers=[\\\"10.0.2.$i\\\"]\" || break; done";
constexpr const char* kTimes =
    "for i in 2 3 4 5 6 7 8; do apiclient set \"ntp.time-servers=[\\\"10.0.2.$i\\\"]\" || break; done";

std::string property(Node& node, const std::string& unit, const std::string& name) {
  return must_answer(node, std::format("systemctl show -P {} {}", name, unit));
}

// Whether the unit counts every start for as long as the test lasts, however slow its machine is.
void count_starts_for_long(Node& node, const std::string& unit) {
  must_answer(node, std::format("mkdir -p /run/systemd/system/{0}.d && printf '[Unit]\\nStartLimitIntervalSec=1h\\n' "
                                ">/run/systemd/system/{0}.d/limit.conf && systemctl daemon-reload",
                                unit));
}

TEST_CASE("quick changes of settings leave a node ready, its gate open and its version blessed") {
  BootedNode booted({.variant = "kvm-dev"}, "quick-changes");
  Node& node = booted.node();
  wait_for_shell(node);
  const std::string opened = property(node, "boot-complete.target", "ActiveEnterTimestampMonotonic");
  CHECK(property(node, "systemd-bless-boot.service", "ActiveState") == "active\n");

  for (const char* unit : {"containerd.service", "systemd-resolved.service", "systemd-timesyncd.service"})
    count_starts_for_long(node, unit);
  must_answer(node, "until systemctl -q is-active systemd-timesyncd; do sleep 1; done");
  for (const char* changes : {kDownloads, kNames, kTimes}) {
    const std::string said = must_answer(node, changes);
    INFO(said);
    CHECK_FALSE(said.contains("did not accept"));
  }
  CHECK(must_answer(node, "apiclient get settings.ntp.time-servers").contains("10.0.2.8"));
  CHECK(property(node, "boot-complete.target", "ActiveState") == "active\n");
  CHECK(property(node, "boot-complete.target", "ActiveEnterTimestampMonotonic") == opened);
  CHECK(property(node, "systemd-bless-boot.service", "ActiveState") == "active\n");
  CHECK_FALSE(must_answer(node, "apiclient report boot").contains("not ready yet"));
  CHECK_FALSE(node.showed_state(node_state::State::starting));
  CHECK_FALSE(node.showed_state(node_state::State::degraded));
}

TEST_CASE("quick changes while the version is being blessed do not end the blessing") {
  BootedNode booted({.variant = "kvm-dev"}, "quick-changes-blessing");
  Node& node = booted.node();
  wait_for_shell(node);
  // As on a first boot: not blessed yet, and the blessing takes its time.
  must_answer(node,
              "mkdir -p /run/systemd/system/systemd-bless-boot.service.d && printf '[Service]\\nExecStartPre=sh -c "
              "\"until test -e /run/go-on; do sleep 1; done\"\\n' "
              ">/run/systemd/system/systemd-bless-boot.service.d/slow.conf && systemctl daemon-reload");
  must_answer(
      node,
      "rm -f /run/bulkhead/blessed; systemctl stop systemd-bless-boot; systemctl start --no-block systemd-bless-boot");
  must_answer(node, "until systemctl show -P ActiveState systemd-bless-boot | grep -q activating; do sleep 1; done");
  must_answer(node, "apiclient set container-runtime.max-concurrent-downloads=4");
  must_answer(node, "apiclient set container-runtime.max-concurrent-downloads=5");
  must_answer(node, "apiclient set 'dns.name-servers=[\"10.0.2.3\"]'");
  CHECK(property(node, "systemd-bless-boot.service", "ActiveState") == "activating\n");
  must_answer(node, "touch /run/go-on; until systemctl -q is-active systemd-bless-boot; do sleep 1; done");
  CHECK(property(node, "bulkhead-trial-failed.service", "ActiveState") == "inactive\n");
  must_answer(node, "test -e /run/bulkhead/blessed");

  // What would restart a machine on trial leaves a blessed version alone.
  must_answer(node, "systemctl start bulkhead-trial-failed; true");
  CHECK(property(node, "bulkhead-trial-failed.service", "ConditionResult") == "no\n");
}

}  // namespace
}  // namespace bulkhead::testing
