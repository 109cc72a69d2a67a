// What is not signed does not decide what runs: strings in the machine's SMBIOS tables, credentials, other disks, files
// on DATA.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"
#include "lib/codec/base64.hpp"
#include "lib/gpt/slot_layout.hpp"
#include "tests/support/booted_node.hpp"
#include "tests/support/guest_shell.hpp"
#include "tests/support/must.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMoreWords = "io.systemd.stub.kernel-cmdline-extra=";

// Every plugin of containerd that a node needs, and no other; a new version may bring others. Sorted.
constexpr std::array kPlugins = {"io.containerd.content.v1 content",
                                 "io.containerd.cri.v1 images",
                                 "io.containerd.cri.v1 runtime",
                                 "io.containerd.differ.v1 walking",
                                 "io.containerd.event.v1 exchange",
                                 "io.containerd.gc.v1 scheduler",
                                 "io.containerd.grpc.v1 containers",
                                 "io.containerd.grpc.v1 content",
                                 "io.containerd.grpc.v1 cri",
                                 "io.containerd.grpc.v1 diff",
                                 "io.containerd.grpc.v1 events",
                                 "io.containerd.grpc.v1 healthcheck",
                                 "io.containerd.grpc.v1 images",
                                 "io.containerd.grpc.v1 introspection",
                                 "io.containerd.grpc.v1 leases",
                                 "io.containerd.grpc.v1 namespaces",
                                 "io.containerd.grpc.v1 sandbox-controllers",
                                 "io.containerd.grpc.v1 sandboxes",
                                 "io.containerd.grpc.v1 snapshots",
                                 "io.containerd.grpc.v1 streaming",
                                 "io.containerd.grpc.v1 tasks",
                                 "io.containerd.grpc.v1 transfer",
                                 "io.containerd.grpc.v1 version",
                                 "io.containerd.image-verifier.v1 bindir",
                                 "io.containerd.lease.v1 manager",
                                 "io.containerd.metadata.v1 bolt",
                                 "io.containerd.monitor.task.v1 cgroups",
                                 "io.containerd.podsandbox.controller.v1 podsandbox",
                                 "io.containerd.runtime.v2 task",
                                 "io.containerd.sandbox.controller.v1 shim",
                                 "io.containerd.sandbox.store.v1 local",
                                 "io.containerd.service.v1 containers-service",
                                 "io.containerd.service.v1 content-service",
                                 "io.containerd.service.v1 diff-service",
                                 "io.containerd.service.v1 images-service",
                                 "io.containerd.service.v1 introspection-service",
                                 "io.containerd.service.v1 namespaces-service",
                                 "io.containerd.service.v1 snapshots-service",
                                 "io.containerd.service.v1 tasks-service",
                                 "io.containerd.shim.v1 manager",
                                 "io.containerd.snapshotter.v1 overlayfs",
                                 "io.containerd.streaming.v1 manager",
                                 "io.containerd.transfer.v1 local",
                                 "io.containerd.warning.v1 deprecations"};

std::string credential(const std::string& name, const std::string& value) {
  return std::format("io.systemd.credential:{}={}", name, value);
}

void check_refused(const ScratchDisk& disk, const std::string& name, NodeOptions options, const std::string& reason) {
  options.on_reset = vm::OnReset::end;
  Node node(disk, name, options);
  CHECK(must(node.machine().wait_for_end(vm::after(kBootTime))) == 0);
  CHECK_FALSE(node.showed_state(node_state::State::ready));
  INFO(node.console().raw());
  CHECK(node.console().raw().contains("bulkhead-init: cannot boot: "));
  CHECK(node.console().raw().contains(reason));
}

TEST_CASE("a root hash in an SMBIOS string, or any other word, ends the boot") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  check_refused(disk, "foreign-root-hash",
                {.oem_strings = {std::string(kMoreWords) + "roothash=" + std::string(64, 'a')}}, "'roothash=aaaa");
  check_refused(disk, "foreign-word", {.oem_strings = {std::string(kMoreWords) + "systemd.unit=rescue.target"}},
                "'systemd.unit=rescue.target' on the kernel command line is not part of the signed image");
}

// Words that the kernel would obey before the initrd can refuse them: a root file system on a second disk, without an
// initrd.
TEST_CASE("the kernel does not start an init from another disk, because an SMBIOS string says so") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  const sys::Path other = disk.directory() / "other.img";
  must(sys::write_file_atomically(other, ""));
  REQUIRE(::truncate(other.c_str(), off_t{16} << 20U) == 0);
  must(sys::run_checked({.arguments = {"mkfs.ext4", "-q", other.native()}}));
  NodeOptions options{.second_disk = other, .second_bus = vm::DiskBus::nvme};
  for (const char* words :
       {"rdinit=/x root=/dev/nvme0n1 rootwait rw init=/evil", "noinitrd root=/dev/nvme0n1 rootwait init=/evil",
        "lockdown=none lsm= enforcing=0 rdinit=/x"}) {
    INFO(words);
    options.oem_strings = {std::string(kMoreWords) + words};
    check_refused(disk, "foreign-init", options, "is not part of the signed image");
  }
}

// Names that programs of systemd 257 in the image know, and process 1 (systemd.system-credentials(7)).
std::vector<std::pair<std::string, std::string>> hostile_credentials() {
  const std::string unit =
      "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/busybox touch /run/evil-unit\n"
      "[Install]\nWantedBy=sysinit.target\n";
  return {{"systemd.extra-unit.evil.service", unit},
          {"systemd.extra-unit.e.service", unit},  // short enough for fw_cfg
          {"systemd.unit-dropin.containerd.service", "[Service]\nExecStartPre=/bin/busybox touch /run/evil-dropin\n"},
          {"tmpfiles.extra", "f /run/evil-tmpfiles\n"},
          {"sysctl.extra", "vm.swappiness=17\n"},
          {"network.network.00-evil", "[Match]\nName=*\n"},
          {"network.conf.00-evil", "[Network]\nSpeedMeter=yes\n"},
          {"network.wireguard.private.evil", "evil"},
          {"network.hosts", "192.0.2.66 evil"},
          {"network.search_domains", "evil.example"},
          {"network.dns", "192.0.2.66"},
          {"fstab.extra", "tmpfs /run/evil-fstab tmpfs defaults 0 0\n"},
          {"udev.rules.00-evil", "ACTION==\"add\", RUN+=\"/bin/busybox touch /run/evil-udev\"\n"},
          {"udev.conf.00-evil", "children_max=1\n"},
          {"modules-load.extra", "dummy\n"},
          {"system.hostname", "evil"},
          {"system.machine_id", "0123456789abcdef0123456789abcdef"},
          {"passwd.plaintext-password.root", "evil"},
          {"passwd.shell.root", "/run/evil"},
          {"ssh.authorized_keys.root", "ssh-ed25519 evil"},
          {"login.motd", "evil"},
          {"login.issue", "evil"},
          {"getty.ttys.serial", "ttyS1"},
          {"journal.storage", "none"},
          {"journal.forward_to_socket", "192.0.2.66:19532"},
          {"vmm.notify_socket", "vsock:2:1"}};
}

// Files of systemd-stub and the boot loader, with an initrd of somebody else.
void add_foreign_esp_files(const ScratchDisk& disk, const BuiltImage& image) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  const sys::Path init(::getenv("BULKHEAD_HANGING_INIT"));
  const std::string addon = image.changed_uki({.more_initrd = initrd_with(init)}, stranger_keys());
  const std::string credential = "f /run/evil-tmpfiles\n";
  const std::string uki = disk.uki_names().front();
  // The loader takes one of the tries away before it starts the file; the stub may leave the counter out.
  for (const char* counter : {"+3", "+2-1", ""}) {
    const std::string name = std::string(uki).replace(uki.find("+3"), 2, counter);
    disk.put_esp_file("EFI/Linux/" + name + ".extra.d/evil.addon.efi", addon);
    disk.put_esp_file("EFI/Linux/" + name + ".extra.d/tmpfiles.extra.cred", credential);
  }
  disk.put_esp_file("loader/addons/evil.addon.efi", addon);
  disk.put_esp_file("loader/credentials/tmpfiles.extra.cred", credential);
  disk.put_esp_file("loader/credentials/system.hostname.cred", "evil");
  disk.put_esp_file("loader/entries/evil.conf", "title evil\nlinux /EFI/Linux/" + uki + "\noptions init=/evil\n");
}

TEST_CASE("no credential from SMBIOS, fw_cfg or the ESP is obeyed; a harmless word and our own user data are") {
  const BuiltImage image = BuiltImage::of_variant("kvm-dev");
  const ScratchDisk disk(image);
  add_foreign_esp_files(disk, image);
  NodeOptions options{.oem_strings = {std::string(kMoreWords) + "systemd.log_level=info",
                                      credential("bulkhead.user-data", "[settings]\nmotd = \"from smbios\"\n")}};
  constexpr std::size_t kMostFiles = 12;  // fw_cfg has room for 32, and half of it is QEMU's own
  for (const auto& [name, value] : hostile_credentials()) {
    options.oem_strings.push_back(credential(name, value));
    if (options.firmware_files.size() < kMostFiles) add_credential(options.firmware_files, name, value);
  }
  Node node(disk, "foreign-credentials", options);
  node.wait_until_ready();
  wait_for_shell(node);
  CHECK(answer(node, "apiclient get motd").contains("from smbios"));
  CHECK(answer(node,
               "ls -d /run/evil-* /run/credentials/@system /run/systemd/network/*evil* /run/udev/rules.d/*evil* "
               "/run/udev/udev.conf.d /run/systemd/networkd.conf.d /root/.ssh 2>/dev/null")
            .empty());
  CHECK(answer(node, "cat /proc/sys/vm/swappiness") != "17\n");
  CHECK_FALSE(answer(node,
                     "cat /etc/hostname /etc/hosts /etc/machine-id /etc/shadow /etc/passwd /etc/motd /etc/issue "
                     "/run/systemd/resolve/resolv.conf 2>/dev/null")
                  .contains("evil"));
  CHECK_FALSE(answer(node, "cat /etc/machine-id").contains("0123456789abcdef0123456789abcdef"));
  CHECK_FALSE(answer(node, "cat /proc/modules; systemctl list-units --all --no-legend").contains("evil"));
  CHECK(answer(node, "grep -c '^dummy ' /proc/modules || true") == "0\n");
  // What the command line says of a module reaches it although the initrd loads it.
  CHECK(answer(node, "cat /sys/module/dm_verity/parameters/require_signatures") == "Y\n");
}

TEST_CASE("a copy of the disk beside it ends the boot; another node's disk is not looked at, nor its STATE and DATA") {
  const BuiltImage image = BuiltImage::of_variant("kvm");
  const ScratchDisk disk(image);
  // NVMe: its name comes before that of the disk that is booted from.
  const auto beside = [](const ScratchDisk& other) {
    return NodeOptions{.second_disk = other.path(), .second_bus = vm::DiskBus::nvme};
  };
  const ScratchDisk copy(image);
  check_refused(disk, "foreign-copy", beside(copy), "have the same boot partition");

  // It has the same roots, and file systems with the labels and types of ours. Its node has a key for the network.
  const BootedDisk other(configured_spec());
  const auto key = [](const ScratchDisk& of) { return of.ext4_file(gpt::kStateNumber, "api/key.pem"); };
  const std::string key_of_the_other = key(other.disk());
  REQUIRE(key_of_the_other.contains("PRIVATE KEY"));
  other.disk().change_partition_uuid(gpt::kEspNumber, "11111111-2222-3333-4444-555555555555");
  Node node(disk, "foreign-root", beside(other.disk()));
  node.wait_until_ready();
  node.shut_down();
  CHECK_FALSE(disk.ext4_file(gpt::kStateNumber, "machine-id").empty());
  CHECK_FALSE(disk.ext4_file(gpt::kStateNumber, "settings-lineage").empty());
  CHECK(key(disk).empty());
  CHECK(key(other.disk()) == key_of_the_other);
}

TEST_CASE("a library on DATA is not loaded as a plugin of containerd, and nothing on DATA can be run on the host") {
  BootedNode booted({.variant = "kvm-dev"}, "foreign-plugin");
  Node& node = booted.node();
  wait_for_shell(node);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  const std::string library = must(sys::read_file(::getenv("BULKHEAD_EVIL_PLUGIN")));
  const std::string text = codec::to_base64(as_bytes(library));
  answer(node, "mkdir -p /var/lib/containerd/plugins && rm -f /run/text");
  constexpr std::size_t kLine = 512;
  for (std::size_t at = 0; at < text.size(); at += kLine)
    answer(node, std::format("echo -n '{}' >>/run/text", text.substr(at, kLine)));
  answer(node,
         "base64 -d </run/text >/var/lib/containerd/plugins/evil-linux-amd64.so; chmod 755 "
         "/var/lib/containerd/plugins/evil-linux-amd64.so");
  CHECK(answer(node, "sha256sum </var/lib/containerd/plugins/evil-linux-amd64.so").contains("  -\n"));
  answer(node, "systemctl restart containerd");
  // The banner may come in between.
  CHECK(answer(node, "echo containerd-$(systemctl is-active containerd)").contains("containerd-active\n"));
  CHECK_FALSE(answer(node, "ls -d /run/evil-plugin-was-loaded 2>/dev/null").contains("/run/evil"));

  answer(node,
         "cp /bin/busybox /var/evil; cp /bin/busybox /run/evil; cp /bin/busybox /tmp/evil; cp /bin/busybox /opt/evil; "
         "cp /bin/busybox /mnt/evil; cp /bin/busybox /dev/evil; cp /bin/busybox /dev/shm/evil");
  for (const char* directory : {"/var", "/run", "/tmp", "/opt", "/mnt", "/dev", "/dev/shm"}) {
    INFO(directory);
    CHECK(answer(node, std::format("{}/evil echo ran 2>&1", directory)).contains("ermission denied"));
  }
  const std::string mounts = answer(node, "grep ' rw' /proc/mounts | grep -v noexec | sed 's/^/executable: /'");
  INFO(mounts);
  CHECK_FALSE(mounts.contains("executable: "));
  const std::string loaded = must_answer(node, "ctr plugins ls | sed 's/  */ /g'");
  INFO(loaded);
  std::vector<std::string> plugins;
  for (const std::string_view line : split(loaded, '\n')) {
    if (!line.starts_with("io.containerd.")) continue;
    const auto fields = split(line, ' ');
    plugins.push_back(std::format("{} {}", fields[0], fields[1]));
    CHECK(trim(line).ends_with(" ok"));
  }
  std::ranges::sort(plugins);
  CHECK(std::ranges::equal(plugins, kPlugins));
}

}  // namespace
}  // namespace bulkhead::testing
