// The one variant with a shell: what can only be seen from inside of a node.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>

#include "tests/support/booted_node.hpp"
#include "tests/support/guest_shell.hpp"
#include "tests/support/must.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kWebPort = 8080;  // of the node

// What a web server on the node answers to the host of the machine; empty when it is not reached. QEMU's network takes
// every connection and closes it when the node refuses or, after a while of the machine's clock, does not answer.
std::string fetched_from_outside(std::uint16_t port) {
  const sys::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  constexpr timeval kLimit{.tv_sec = 60, .tv_usec = 0};
  REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kLimit, sizeof kLimit) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  constexpr std::string_view kRequest = "GET /hostname HTTP/1.0\r\n\r\n";
  if (::send(socket.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) return "";
  std::string text;
  std::array<char, 1024> room{};
  for (;;) {
    const ssize_t got = ::recv(socket.get(), room.data(), room.size(), 0);
    if (got <= 0) return text;
    text.append(room.data(), static_cast<std::size_t>(got));
  }
}

void check_sealed(Node& node) {
  const std::string mounts = must_answer(node, "cat /proc/mounts");
  INFO(mounts);
  CHECK(mounts.contains(" / erofs ro"));
  CHECK(mounts.contains(" /etc tmpfs rw"));
  CHECK(mounts.contains(" /var ext4 rw,nosuid,nodev"));
  CHECK(mounts.contains(" /state ext4 rw,nosuid,nodev,noexec"));
  CHECK(must_answer(node, "cat /sys/class/block/dm-0/dm/name") == "root\n");
  CHECK(must_answer(node, "systemctl is-active containerd") == "active\n");
  CHECK(must_answer(node, "cat /etc/machine-id") == must_answer(node, "cat /state/machine-id"));
  CHECK(must_answer(node, "systemctl --failed --no-legend").empty());
  CHECK(must_answer(node, "ctr version").contains("Server:"));
  CHECK(must_answer(node, "ls /dev | grep -c '^loop[0-9]' || true") == "0\n");
  CHECK(must_answer(node, "losetup -f") == "/dev/loop0\n");
  // Behind the gate, as the drivers that nothing waited for.
  must_answer(node, "until systemctl -q is-active systemd-timesyncd; do sleep 1; done");
}

// What faces clients has no rights; the server goes on when it ends, and takes it with itself.
void check_front(Node& node) {
  const std::string pid = "$(systemctl show -P MainPID apiserver-front)";
  const std::string status = must_answer(node, "cat /proc/" + pid + "/status");
  INFO(status);
  CHECK(status.contains("Uid:\t979\t979\t979\t979"));
  CHECK(status.contains("Groups:\t979"));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    CHECK(status.contains(std::format("{}:\t0000000000000000", set)));
  CHECK(status.contains("NoNewPrivs:\t1"));
  CHECK(status.contains("Seccomp:\t2"));
  CHECK(must_answer(node, "stat -c '%U %a' /run/apiserver-front.sock") == "bulkhead-front 600\n");
  // As that user, and where it is: nothing of STATE, and no network.
  CHECK(must_answer(node, "find /state -type f").contains("/state/settings-"));
  const ShellAnswer refused = run_in_shell(node, "su -s /bin/sh bulkhead-front -c 'cat /state/settings-*'");
  INFO(refused.text);
  CHECK(refused.text.contains("Permission denied"));
  CHECK(must_answer(node, "su -s /bin/sh bulkhead-front -c 'apiclient get' >/dev/null 2>&1 || echo refused") ==
        "refused\n");
  for (const char* hidden : {"state", "var", "run/bulkhead"})
    CHECK(must_answer(node, std::format("echo; ls -A /proc/{}/root/{}", pid, hidden)) == "\n");
  CHECK(must_answer(node, "grep -c : /proc/" + pid + "/net/dev") == "1\n");  // the loopback interface

  const std::string before = must_answer(node, "echo " + pid);
  must_answer(node, "kill -9 " + pid);
  must_answer(node, "until apiclient set motd=without-front; do sleep 1; done");
  CHECK(must_answer(node, "echo " + pid) != before);
  const std::string daemon = must_answer(node, "systemctl show -P MainPID apiserver");
  must_answer(node, "kill -9 " + daemon.substr(0, daemon.find('\n')));
  must_answer(node, "until apiclient get settings.motd | grep without-front; do sleep 1; done");
  must_answer(node, "systemctl restart apiserver");
  CHECK(must_answer(node, "apiclient get settings.motd").contains("without-front"));
  CHECK(must_answer(node, "systemctl stop apiserver; systemctl is-active apiserver apiserver-front || true")
            .ends_with("inactive\ninactive\n"));
  must_answer(node, "systemctl start apiserver");
  CHECK(must_answer(node, "apiclient get settings.motd").contains("without-front"));
}

// Root of the host may do everything, and nothing but read by the socket that containers are given.
void check_containers_socket(Node& node) {
  const std::string client = "apiclient -s /run/api-containers/api.sock ";
  must_answer(node, client + "get settings.motd");
  for (const char* change : {"set motd=mine", "reset data", "reboot", "user-data --accept cidata"}) {
    const ShellAnswer refused = run_in_shell(node, client + change);
    INFO(change << ": " << refused.text);
    CHECK(refused.status != 0);
    CHECK(refused.text.contains("reader"));
  }
  CHECK(must_answer(node, "systemctl is-active boot-complete.target") == "active\n");
}

// The node's own socket is for root and the group api. bulkhead-imds is in it as a service only.
void check_users_of_socket(Node& node) {
  for (const char* user : {"bulkhead-imds", "systemd-network"}) {
    const ShellAnswer refused = run_in_shell(node, std::format("su -s /bin/sh {} -c 'apiclient status'", user));
    INFO(user << ": " << refused.text);
    CHECK(refused.status != 0);
    CHECK(refused.text.contains("not permitted to use /run/api.sock"));
  }
}

// A failed unit is one, also after systemd has read its files again.
void check_failed_unit_stays(Node& node) {
  must_answer(node,
              "mkdir -p /run/systemd/system; printf '[Service]\\nExecStart=/bin/busybox false\\n' "
              ">/run/systemd/system/bad.service; systemctl daemon-reload; systemctl start bad");
  must_answer(node, "until apiclient --json status | grep -q bad.service; do sleep 1; done");
  must_answer(node, "systemctl daemon-reload; sleep 2");
  CHECK(must_answer(node, "apiclient --json status").contains("bad.service"));
  must_answer(node,
              "systemctl reset-failed bad; until ! apiclient --json status | grep -q bad.service; do sleep 1; done");
}

// A network namespace NAME that the bridge plugin connects as /run/NAME.json says, as containerd has it done for a
// container.
std::string connect(Node& node, const std::string& name) {
  must_answer(node, std::format("touch /run/{0}.ns && unshare --net=/run/{0}.ns true", name));
  return must_answer(node, std::format("CNI_COMMAND=ADD CNI_CONTAINERID={0} CNI_NETNS=/run/{0}.ns CNI_IFNAME=eth0 "
                                       "CNI_PATH=/usr/lib/cni /usr/lib/cni/bridge </run/{0}.json && echo",
                                       name));
}

std::string inside(const std::string& name, const std::string& command) {
  return std::format("nsenter --net=/run/{}.ns {}", name, command);
}

// A web server that everybody would reach, were it not for the packet filter.
void check_firewall(Node& node, std::uint16_t port) {
  must_answer(node, std::format("httpd -p {} -h /etc", kWebPort));
  const std::string hostname = must_answer(node, "cat /etc/hostname");
  CHECK(must_answer(node, std::format("wget -q -O - http://127.0.0.1:{}/hostname", kWebPort)) == hostname);
  CHECK(fetched_from_outside(port) == "");
  const auto open_ports = [&](const std::string& list) {
    must_answer(node, std::format("apiclient set 'network.firewall.open-ports={}'", list));
  };
  open_ports(std::format(R"(["{}/tcp"])", kWebPort));
  CHECK(fetched_from_outside(port).ends_with("\r\n\r\n" + hostname));
  open_ports("[]");
  CHECK(fetched_from_outside(port) == "");
}

// One container as the rendered file connects it; and a cloud with the metadata service, behind another bridge.
void check_container_network(Node& node) {
  must_answer(node,
              "sed -n '/^    {/,/^    }/p' /etc/cni/net.d/10-bulkhead.conflist "
              "| sed '1s/{/{\"cniVersion\": \"1.0.0\", \"name\": \"bulkhead\",/' >/run/box.json");
  must_answer(node,
              "sed 's/bulkhead/cloud/; s|10.88.0.0/16\"|169.254.169.252/30\", \"gateway\": \"169.254.169.253\"|' "
              "/run/box.json >/run/cloud.json");
  CHECK(connect(node, "box").contains("10.88.0.2/16"));
  CHECK(connect(node, "cloud").contains("169.254.169.254/30"));
  must_answer(node, inside("box", "ping -c 1 -w 30 10.88.0.1"));

  // The node is as closed to containers as it is to others (its web server runs), and they to others.
  must_answer(node, "wget -q -O /dev/null http://10.88.0.1:8080/hostname");
  must_answer(node, "! " + inside("box", "wget -T 3 -q -O - http://10.88.0.1:8080/hostname"));
  must_answer(node, inside("box", "httpd -p 80 -h /etc"));
  must_answer(node, "wget -T 30 -q -O /dev/null http://10.88.0.2/hostname");
  must_answer(node, "! " + inside("cloud", "wget -T 3 -q -O - http://10.88.0.2/hostname"));

  // Without a way back, the cloud only answers who comes with an address of the node.
  must_answer(node, inside("cloud", "httpd -p 80 -h /etc"));
  must_answer(node, inside("cloud", "ip route del default"));
  const std::string metadata = "wget -T 30 -q -O - http://169.254.169.254/hostname";
  must_answer(node, metadata);
  CHECK(must_answer(node, std::format("! {} 2>&1", inside("box", metadata))).contains("No route to host"));
  must_answer(node, "apiclient set network.containers.metadata-access=true");
  CHECK(must_answer(node, inside("box", metadata)) == must_answer(node, "cat /etc/hostname"));
}

// A root shell on the serial console of kvm-dev.
Node& with_shell(BootedNode& booted) {
  must(booted.machine().type("\n"));
  must(booted.machine().wait_for_prompt("# ", vm::after(60s)));
  return booted.node();
}

TEST_CASE("kvm-dev has a root shell on the serial console, and says so; the node from inside") {
  BootedNode booted({.variant = "kvm-dev"}, "development-sealed");
  CHECK(booted.boot_console().contains("DEVELOPMENT"));
  CHECK(booted.boot_console().contains("variant=kvm-dev"));
  Node& node = with_shell(booted);
  check_sealed(node);
  check_front(node);
  check_containers_socket(node);
  check_users_of_socket(node);
  check_failed_unit_stays(node);
}

TEST_CASE("what the packet filter lets through, to the node and to its containers") {
  const std::uint16_t port = free_port();
  BootedNode booted({.variant = "kvm-dev"}, "development-network", {{.host = port, .guest = kWebPort}});
  Node& node = with_shell(booted);
  check_firewall(node, port);
  check_container_network(node);
}

}  // namespace
}  // namespace bulkhead::testing
