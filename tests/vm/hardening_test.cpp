// What hardens the kernel and the file systems of a node, seen from inside of one, and what kernel-hardening-checker
// says about it: docs/hardening.md has a reason for everything that it still finds.
#include <stdlib.h>
#include <toml++/toml.hpp>

#include <map>
#include <set>

#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"
#include "lib/settings/sysctl.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/booted_node.hpp"
#include "tests/support/guest_shell.hpp"
#include "tests/support/must.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

constexpr const char* kVariant = "kvm-dev";  // the kernel, arguments and parameters of kvm, and a shell

// The node's parameters as sysctl(8) prints them, without those of single interfaces.
std::string live_parameters(Node& node) {
  answer(node, "sysctl -a >/run/parameters 2>/dev/null");  // the kernel complains about the name of one of them
  return must_answer(node, "grep -v -e '^net.ipv[46].conf.[^ad]' -e '^net.ipv[46].neigh' /run/parameters");
}

// The configuration of the image's kernel, from the very package that the image was built of.
std::string kernel_configuration(const sys::Path& scratch) {
  const auto lock = toml::parse(must(sys::read_file(image_directory(kVariant) / "packages.lock")));
  std::string digest;
  for (const toml::node& entry : *lock["package"].as_array()) {
    const toml::table& package = *entry.as_table();
    if (package["name"].value_or(std::string_view()).starts_with("linux-image-") &&
        package["installed_size"].value_or(0) > (1 << 20))
      digest = package["sha256"].value_or("");
  }
  REQUIRE(!digest.empty());
  const sys::Path deb = cache_directory() / "archive/debs" / (digest + ".deb");
  const sys::Output unpacked = tool({"dpkg-deb", "-x", deb.native(), scratch.native()});
  INFO(unpacked.err);
  REQUIRE(unpacked.exit_status == 0);
  for (const auto& file : std::filesystem::directory_iterator(scratch / "boot")) {
    if (file.path().filename().native().starts_with("config-")) return file.path().native();
  }
  FAIL("the kernel's package has no configuration");
  return {};
}

struct Findings {
  std::size_t ok = 0;
  std::map<std::string, std::string> failed;  // name, and what was found
};

Findings check(const std::string& configuration, const std::string& command_line, const std::string& parameters) {
  const char* checker = ::getenv("BULKHEAD_HARDENING_CHECKER");  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(checker != nullptr);
  const sys::Path modules = sys::Path(checker) / "usr/lib/python3/dist-packages";
  const sys::Output output =
      must(sys::run({.arguments = {"python3", "-B", "-c", "from kernel_hardening_checker import main; main()", "-m",
                                   "json", "-c", configuration, "-l", command_line, "-s", parameters},
                     .extra_environment = {"PYTHONPATH=" + modules.native()}}));
  INFO(output.out << output.err);
  REQUIRE(output.exit_status == 0);
  Findings findings;
  for (const auto& entry : must(codec::parse_json(output.out))) {
    if (entry.at("check_result_bool").get<bool>())
      ++findings.ok;
    else
      findings.failed[entry.at("option_name")] = entry.at("check_result");
  }
  return findings;
}

// The names in the first column of the tables below this heading.
std::multiset<std::string> names_with_reason(const std::string& document, const std::string& heading) {
  const std::size_t start = document.find("\n" + heading + "\n");
  REQUIRE(start != std::string::npos);
  const std::string section = document.substr(start + 1, document.find("\n## ", start + 1) - start - 1);
  std::multiset<std::string> names;
  for (const std::string_view line : split(section, '\n')) {
    if (!line.starts_with("| `")) continue;
    const auto cells = split(line, '|');
    REQUIRE(cells.size() >= 4);
    CHECK_FALSE(trim(cells[2]).empty());  // a reason
    const auto parts = split(cells[1], '`');
    for (std::size_t i = 1; i < parts.size(); i += 2) names.emplace(parts[i]);
  }
  return names;
}

TEST_CASE("what kernel-hardening-checker finds has a reason in docs/hardening.md, and each reason has its finding") {
  const sys::TempDir scratch = must(sys::TempDir::create("/var/tmp", "hardening-"));
  BootedNode booted({.variant = kVariant}, "hardening-checker");
  Node& node = booted.node();
  wait_for_shell(node);
  const sys::Path command_line = scratch.path() / "cmdline";
  const sys::Path parameters = scratch.path() / "sysctl";
  must(sys::write_file_atomically(command_line, must_answer(node, "cat /proc/cmdline")));
  must(sys::write_file_atomically(parameters, live_parameters(node)));
  const std::string configuration = kernel_configuration(scratch.path());
  const Findings findings = check(configuration, command_line.native(), parameters.native());

  const std::string document = must(sys::read_file(source_directory() / "docs/hardening.md"));
  const auto reasons = names_with_reason(document, "## What kernel-hardening-checker still finds");
  for (const auto& [name, result] : findings.failed) {
    INFO(name << ": " << result << ". Repair it, or give the reason in docs/hardening.md");
    CHECK(reasons.count(name) == 1);
  }
  for (const std::string& name : reasons) {
    INFO(name << ": docs/hardening.md excuses what is in order");
    CHECK(findings.failed.contains(name));
  }
  const std::string figures = std::format("{} OK, {} FAIL", findings.ok, findings.failed.size());
  INFO("the figures of this kernel are: " << figures);
  CHECK(document.contains(figures));

  // It would notice: a line and parameters without any of it.
  must(sys::write_file_atomically(command_line, "quiet\n"));
  must(sys::write_file_atomically(parameters, "kernel.kptr_restrict = 0\n"));
  const Findings nothing = check(configuration, command_line.native(), parameters.native());
  for (const char* name : {"slab_nomerge", "module.sig_enforce", "init_on_free", "kernel.kptr_restrict"}) {
    INFO(name);
    CHECK(nothing.failed.contains(name));
  }
}

TEST_CASE(
    "every parameter that the image hardens is in effect on a node, and so are arguments of the kernel that can be "
    "tried") {
  BootedNode booted({.variant = kVariant}, "hardening-parameters");
  Node& node = booted.node();
  wait_for_shell(node);
  std::map<std::string, std::string> live;
  const std::string text = live_parameters(node);
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t equals = line.find(" = ");
    if (equals != std::string_view::npos)
      live[settings::sysctl_path(line.substr(0, equals))] = trim(line.substr(equals + 3));
  }
  for (const settings::HardenedSysctl& hardened : settings::hardened_sysctls()) {
    const std::string path(hardened.path);
    const std::size_t star = path.find('*');
    for (const char* interface : {"all", "default"}) {
      const std::string name = star == std::string::npos ? path : std::string(path).replace(star, 1, interface);
      INFO(name << " = " << live[name]);
      CHECK_FALSE(settings::is_weaker(hardened, live[name]));
    }
  }

  // The interfaces that lead nowhere, and what the arguments took away.
  must_answer(node, "mkdir /run/debug && ! mount -t debugfs debugfs /run/debug 2>/dev/null");
  CHECK(must_answer(node, "cat /sys/module/module/parameters/sig_enforce") == "Y\n");
  CHECK(must_answer(node, "cat /sys/kernel/security/lockdown").contains("[integrity]"));
  must_answer(node, "! dd if=/dev/zero of=$(readlink -f /dev/bulkhead/data) bs=512 count=1 conv=notrunc 2>/dev/null");
  // Written to through its memory, against its protection: a page of the program's code.
  CHECK(answer(node,
               "sleep 1000 & at=$(sed -n 's/-.* r-xp .*//p' /proc/$!/maps | head -n 1); test -n \"$at\" && "
               "printf x | dd of=/proc/$!/mem bs=1 seek=$((0x$at)) conv=notrunc 2>&1; kill $!")
            .contains("nput/output error"));
  // Nobody but root makes user namespaces.
  must_answer(node, "unshare -U true");
  must_answer(node, "! su -s /bin/sh nobody -c 'unshare -U true' 2>/dev/null");
}

TEST_CASE("mounts give no rights and no programs, others see nothing of STATE, and no core is dumped") {
  BootedNode booted({.variant = kVariant}, "hardening-files");
  Node& node = booted.node();
  wait_for_shell(node);
  const std::string mounts = must_answer(node, "cat /proc/mounts");
  INFO(mounts);
  for (const char* mount :
       {" / erofs ro,nosuid,nodev", " /tmp tmpfs rw,nosuid,nodev,noexec", " /dev/shm tmpfs rw,nosuid,nodev,noexec",
        " /dev devtmpfs rw,nosuid,noexec", " /var ext4 rw,nosuid,nodev,noexec", " /state ext4 rw,nosuid,nodev,noexec"})
    CHECK(mounts.contains(mount));
  CHECK(must_answer(node, "stat -c '%a %u:%g' /state") == "700 0:0\n");
  CHECK(must_answer(node, "su -s /bin/sh nobody -c 'ls /state' 2>&1 || true").contains("ermission denied"));

  must_answer(node,
              "mkdir /run/crash; cd /run/crash; ulimit -c unlimited; sh -c 'kill -SEGV $$'; cd /; "
              "test -z \"$(ls -A /run/crash)\"");
  CHECK(must_answer(node, "systemctl show -P LimitCORE systemd-networkd containerd | sort -u | grep .") == "0\n");
}

TEST_CASE(
    "a node does not forward from one of its own networks to another, and a container without a profile has one") {
  BootedNode booted({.variant = kVariant}, "hardening-network");
  Node& node = booted.node();
  wait_for_shell(node);
  // The group that the packet filter asks for is that of the link which connects the node.
  const std::string link(trim(must_answer(node, "ip route show default | sed 's/.* dev //; s/ .*//'")));
  CHECK(must_answer(node, std::format("cat /sys/class/net/{}/netdev_group", link)) == "66\n");
  CHECK(must_answer(node, "cat /etc/nftables.conf").contains("iifgroup 66 oifgroup 66"));

  // Two networks, each with one machine.
  for (const auto& [name, number] : {std::pair{"east", 1}, std::pair{"west", 2}}) {
    must_answer(node,
                std::format(R"(echo '{{"cniVersion": "1.0.0", "name": "{0}", "type": "bridge", "bridge": "{0}0", )"
                            R"("isGateway": true, "ipam": {{"type": "host-local", "dataDir": "/run/cni", )"
                            R"("routes": [{{"dst": "0.0.0.0/0"}}], )"
                            R"("ranges": [[{{"subnet": "10.77.{1}.0/24"}}]]}}}}' >/run/{0}.json)",
                            name, number));
    must_answer(node, std::format("touch /run/{0}.ns && unshare --net=/run/{0}.ns true && CNI_COMMAND=ADD "
                                  "CNI_CONTAINERID={0} CNI_NETNS=/run/{0}.ns CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni "
                                  "/usr/lib/cni/bridge </run/{0}.json >/dev/null",
                                  name));
  }
  const std::string across = "nsenter --net=/run/east.ns ping -c 1 -w 30 10.77.2.2";
  must_answer(node, across);  // as networks of containers
  must_answer(node, "for i in east0 west0; do echo 66 >/sys/class/net/$i/netdev_group; done");
  must_answer(node, "! nsenter --net=/run/east.ns ping -c 1 -w 3 10.77.2.2");
  must_answer(node, "ping -c 1 -w 30 10.77.2.2");  // the node itself is in both
  must_answer(node, "apiclient set network.firewall.forwarding=true");
  must_answer(node, across);

  CHECK(must_answer(node, "containerd config dump | grep unset_seccomp_profile").contains("runtime/default"));
}

}  // namespace
}  // namespace bulkhead::testing
