// Whoever defines the machine, writes the ESP and attaches disks, at random: whatever a boot finds, it is refused with
// a reason, or it is the signed system with its own STATE. The cheap cases are in
// tests/unit/node/init/foreign_input_test.cpp.
#include <stdlib.h>

#include <random>

#include "lib/gpt/slot_layout.hpp"
#include "lib/vm/var_store.hpp"
#include "tests/support/guest_shell.hpp"
#include "tests/support/must.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

constexpr unsigned kSeedsOfEach = 5;
constexpr const char* kForeign = "hanging_init: ";  // what the init of a foreign UKI says

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <class T>
  T one_of(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  std::mt19937 engine_;
};

struct Credential {
  std::string name;
  std::string value;
};

std::vector<Credential> random_credentials(Random& random) {
  static const std::vector<std::string> kNames = {"tmpfiles.extra",
                                                  "sysctl.extra",
                                                  "systemd.extra-unit.evil.service",
                                                  "systemd.unit-dropin.containerd.service",
                                                  "network.network.00-evil",
                                                  "udev.rules.00-evil",
                                                  "fstab.extra",
                                                  "system.hostname",
                                                  "passwd.hashed-password.root",
                                                  "ssh.authorized_keys.root",
                                                  "home.create.evil",
                                                  "cryptsetup.passphrase",
                                                  "import.pull",
                                                  "firstboot.locale",
                                                  "vconsole.keymap"};
  static const std::vector<std::string> kValues = {"f /run/evil-tmpfiles\n",
                                                   "vm.swappiness=17\n",
                                                   "tmpfs /run/evil-fstab tmpfs defaults 0 0\n",
                                                   "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/busybox "
                                                   "touch /run/evil-unit\n[Install]\nWantedBy=sysinit.target\n",
                                                   "[Service]\nExecStartPre=/bin/busybox touch /run/evil-dropin\n",
                                                   "ACTION==\"add\", RUN+=\"/bin/busybox touch /run/evil-udev\"\n",
                                                   "evil",
                                                   ""};
  std::vector<Credential> credentials(random.below(6));
  for (Credential& credential : credentials) credential = {random.one_of(kNames), random.one_of(kValues)};
  return credentials;
}

// What the stub would append to the command line, and what systemd would obey.
std::vector<std::string> random_strings(Random& random) {
  static const std::vector<std::string> kWords = {"roothash=" + std::string(64, '0'),
                                                  "rdinit=/evil",
                                                  "init=/evil",
                                                  "lsm=",
                                                  "enforcing=0",
                                                  "lockdown=none",
                                                  "systemd.unit=rescue.target",
                                                  "systemd.set_credential=motd:evil",
                                                  "systemd.mask=bulkhead-firewall.service",
                                                  "systemd.run=/run/evil",
                                                  "root=/dev/nvme0n1",
                                                  "initrd=/evil",
                                                  "noinitrd",
                                                  "dm_verity.require_signatures=0",
                                                  "modprobe.blacklist=dm_verity",
                                                  "nosmp maxcpus=0",
                                                  "earlyprintk=vga,keep",
                                                  "--"};
  static const std::vector<std::string> kHarmless = {"systemd.log_level=debug", "systemd.show_status=no"};
  std::vector<std::string> strings;
  const std::string more =
      random.one_of<std::string>({"io.systemd.stub.kernel-cmdline-extra=", "io.systemd.boot.kernel-cmdline-extra="});
  if (random.one_in(3)) strings.push_back(more + random.one_of(kWords));
  if (random.one_in(3)) strings.push_back(more + random.one_of(kHarmless));
  for (const Credential& credential : random_credentials(random)) {
    const std::string kind = random.one_of<std::string>({"io.systemd.credential:", "io.systemd.credential.binary:"});
    strings.push_back(kind + credential.name + "=" + credential.value);
  }
  return strings;
}

void spoil_esp(Random& random, const ScratchDisk& disk, const BuiltImage& image) {
  const std::string uki = disk.uki_names().front();
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  static const std::string kEvilUki =
      image.changed_uki({.more_initrd = initrd_with(::getenv("BULKHEAD_HANGING_INIT"))}, stranger_keys());
  const auto addon = [&] { return random.one_in(2) ? kEvilUki : std::string("MZ") + std::string(1000, 'x'); };
  if (random.one_in(2)) disk.put_esp_file("EFI/Linux/bulkhead_99.0.0.efi", kEvilUki);
  if (random.one_in(2))
    disk.put_esp_file("loader/loader.conf", "default bulkhead_99*\ntimeout 0\nsecure-boot-enroll force\n");
  if (random.one_in(2))
    disk.put_esp_file("loader/entries/evil.conf",
                      "title evil\nlinux /EFI/Linux/bulkhead_99.0.0.efi\noptions init=/evil\n");
  // The boot loader counts the try before it starts the file, and the stub looks beside the name that the file has
  // then.
  const std::string counted = std::string(uki).replace(uki.find("+3"), 2, "+2-1");
  const std::string uncounted = std::string(uki).replace(uki.find("+3"), 2, "");
  const std::string addon_bytes = addon();
  const bool with_addon = random.one_in(2);
  const bool with_credential = random.one_in(2);
  for (const std::string& name : {uki, counted, uncounted}) {
    if (with_addon) disk.put_esp_file("EFI/Linux/" + name + ".extra.d/evil.addon.efi", addon_bytes);
    if (with_credential)
      disk.put_esp_file("EFI/Linux/" + name + ".extra.d/tmpfiles.extra.cred", "f /run/evil-tmpfiles\n");
  }
  if (random.one_in(2)) disk.put_esp_file("loader/credentials/system.hostname.cred", "evil");
  if (random.one_in(2)) disk.put_esp_file("loader/addons/evil.addon.efi", addon());
  if (random.one_in(2)) disk.put_esp_file("loader/keys/auto/db.auth", std::string(500, 'x'));
  if (random.one_in(2)) disk.put_esp_file("EFI/systemd/drivers/evilx64.efi", addon());
}

// Labels are outside every signature: any name at any place, some of them twice.
void spoil_labels(Random& random, const ScratchDisk& disk) {
  static const std::vector<std::string> kLabels = {
      "BULKHEAD-ESP", "BULKHEAD-STATE",  "BULKHEAD-DATA",          "CIDATA",
      "_empty",       "bulkhead_99.0.0", "bulkhead_99.0.0_verity", "../../sda"};
  // STATE and DATA are made by the first boot.
  for (unsigned number = gpt::kEspNumber; number < gpt::kStateNumber; ++number) {
    if (random.one_in(3)) disk.change_partition_label(number, random.one_of(kLabels));
  }
}

// A disk beside ours: a copy whose UUIDs, labels and types were changed in part.
void spoil_copy(Random& random, const ScratchDisk& copy) {
  const auto numbered = [&] { return std::format("00000000-0000-4000-8000-{:012}", 1 + random.below(1000)); };
  if (!random.one_in(4)) copy.change_partition_uuid(gpt::kEspNumber, numbered());
  for (const unsigned number : {2U, 3U, 4U}) {
    if (random.one_in(4)) copy.change_partition_uuid(number, numbered());
  }
  spoil_labels(random, copy);
  static const std::vector<std::string> kTypes = {"linux", "uefi", "swap", "xbootldr",
                                                  "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"};
  for (const unsigned number : {2U, 3U, 5U}) {
    if (random.one_in(3)) copy.change_partition_type(number, random.one_of(kTypes));
  }
  if (random.one_in(3)) copy.erase(512, 33 * std::uint64_t{512});  // only the backup is left
}

// Variables that systemd-boot and systemd read (their GUID: systemd's Boot Loader Interface).
void spoil_variables(Random& random, const ScratchDisk& disk) {
  const sys::Path store = disk.directory() / "variables.fd";
  must(vm::create_variable_store(store, must(vm::certificates_in(key_directory()))));
  const auto utf16 = [](std::string_view text) {
    std::string hex;
    for (const char c : text) hex += std::format("{:02x}00", static_cast<unsigned>(c));
    return hex + "0000";
  };
  nlohmann::json variables = nlohmann::json::array();
  const auto set = [&](const std::string& name, const std::string& value) {
    if (random.one_in(2))
      variables.push_back(
          {{"name", name}, {"guid", "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"}, {"attr", 7}, {"data", value}});
  };
  set("LoaderEntryDefault", utf16("bulkhead_99.0.0.efi"));
  set("LoaderEntryOneShot", utf16("evil.conf"));
  set("LoaderConfigTimeout", utf16("0"));
  set("LoaderDevicePartUUID", utf16("00000000-0000-4000-8000-000000000001"));
  set("StubDevicePartUUID", utf16("00000000-0000-4000-8000-000000000001"));
  set("LoaderBootCountPath", utf16("\\EFI\\Linux\\bulkhead_99.0.0+3.efi"));
  if (random.one_in(2))
    variables.push_back({{"name", "SystemdOptions"},
                         {"guid", "8cf2644b-4b0b-428f-9387-6d876050dc67"},
                         {"attr", 7},
                         {"data", utf16("systemd.unit=rescue.target")}});
  const sys::Path json = disk.directory() / "variables.json";
  must(sys::write_file_atomically(json, nlohmann::json{{"version", 2}, {"variables", variables}}.dump()));
  must(sys::run_checked({.arguments = {"virt-fw-vars", "--loglevel", "WARNING", "--input", store.native(), "--output",
                                       store.native(), "--set-json", json.native()}}));
}

void check_is_ours(Node& node) {
  wait_for_shell(node);
  CHECK(answer(node, "ls -d /run/evil* 2>/dev/null").empty());
  CHECK_FALSE(
      answer(node, "cat /etc/hostname /etc/shadow /etc/motd; systemctl list-units --all --no-legend").contains("evil"));
  CHECK(answer(node, "cat /proc/sys/vm/swappiness") != "17\n");
  CHECK(answer(node, "cat /sys/kernel/security/lockdown").contains("[integrity]"));
  CHECK(must_answer(node, "cat /sys/module/dm_verity/parameters/require_signatures") == "Y\n");
  // QEMU names the disks in the order in which they are attached.
  for (const char* name : {"state", "data"}) {
    CHECK(must_answer(
              node,
              std::format("echo $(cat /sys/class/block/$(basename $(readlink -f /dev/bulkhead/{}))/../serial)", name))
              .contains("bulkhead0"));
  }
  CHECK(must_answer(node, "cat /proc/mounts | grep -c ' /state ext4 \\| /var ext4 '") == "2\n");
}

// True when it started.
bool check_case(unsigned seed) {
  Random random(seed);
  const BuiltImage image = BuiltImage::of_variant("kvm-dev");
  const ScratchDisk disk(image);
  const ScratchDisk other(image);
  NodeOptions options{.oem_strings = random_strings(random)};
  for (const Credential& credential : random_credentials(random))
    add_credential(options.firmware_files, credential.name, credential.value);
  if (random.one_in(2)) spoil_esp(random, disk, image);
  if (random.one_in(2)) spoil_variables(random, disk);
  if (random.one_in(2)) spoil_labels(random, disk);
  if (random.one_in(2)) {
    spoil_copy(random, other);
    options.second_disk = other.path();
    options.second_bus =
        random.one_of<vm::DiskBus>({vm::DiskBus::nvme, vm::DiskBus::virtio_scsi, vm::DiskBus::virtio_blk});
  }
  std::string given;
  for (const std::string& text : options.oem_strings) given += text + "\n";
  INFO("seed " << seed << "\n" << given);
  Node node(disk, std::format("foreign-fuzz-{}", seed), options);
  // The initrd refuses what it finds; before it, the firmware refuses what is not signed, and the chain loader says so.
  const auto ends_it = [](std::string_view line) {
    return line.contains("state=ready") || line.contains("bulkhead-init: cannot boot: ") ||
           line.contains("bulkhead: no version could be started.");
  };
  const std::string end =
      must(node.machine().wait_for_line(vm::Pattern::accepted_by(ends_it, "that ends the boot"), vm::after(kBootTime)));
  INFO(node.console().raw());
  CHECK_FALSE(node.console().raw().contains(kForeign));
  if (!end.contains("state=ready")) return false;
  check_is_ours(node);
  return true;
}

void check_cases(unsigned first) {
  unsigned started = 0;
  for (unsigned seed = first; seed < first + kSeedsOfEach; ++seed) {
    if (check_case(seed)) ++started;
  }
  CHECK(started > 0);  // or nothing was tried
}

TEST_CASE("whatever surrounds the signed system, no other one starts: seeds 100-104") { check_cases(100); }
TEST_CASE("whatever surrounds the signed system, no other one starts: seeds 200-204") { check_cases(200); }
TEST_CASE("whatever surrounds the signed system, no other one starts: seeds 300-304") { check_cases(300); }
TEST_CASE("whatever surrounds the signed system, no other one starts: seeds 400-404") { check_cases(400); }

}  // namespace
}  // namespace bulkhead::testing
