#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "lib/vm/machine_spec.hpp"

namespace bulkhead::vm {
namespace {

MachineSpec uefi_machine() {
  MachineSpec spec;
  spec.boot = UefiBoot{.code = "/fw/code.fd", .variables = "/m/vars.fd"};
  spec.disks = {Disk{.image = "/i/disk.img", .snapshot = false}};
  spec.accelerator = Accelerator::tcg;
  return spec;
}

Wiring wiring() {
  return {.monitor_socket = "/m/monitor", .serial_socket = "/m/serial", .serial_log = "/m/serial.log"};
}

std::vector<std::string> arguments_of(const MachineSpec& spec, const Wiring& wires = wiring()) {
  const auto arguments = command_line(spec, wires);
  REQUIRE(arguments);
  return *arguments;
}

// All values given with an option.
std::vector<std::string> values(const std::vector<std::string>& arguments, std::string_view option) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == option) result.push_back(arguments[i + 1]);
  }
  return result;
}

bool any_contains(const std::vector<std::string>& texts, std::string_view part) {
  return std::ranges::any_of(texts, [&](const std::string& text) { return text.contains(part); });
}

TEST_CASE("a machine with Secure Boot has SMM and keeps its variables from everything outside of it") {
  const auto arguments = arguments_of(uefi_machine());
  CHECK(values(arguments, "-machine").at(0).contains("smm=on"));
  CHECK(values(arguments, "-global") == std::vector<std::string>{"driver=cfi.pflash01,property=secure,value=on"});
  CHECK(any_contains(values(arguments, "-drive"), "readonly=on,file=/fw/code.fd"));
}

TEST_CASE("a machine without Secure Boot needs no SMM") {
  MachineSpec spec = uefi_machine();
  std::get<UefiBoot>(spec.boot).secure_boot = false;
  CHECK(values(arguments_of(spec), "-machine").at(0).contains("smm=off"));
  CHECK(values(arguments_of(spec), "-global").empty());
}

TEST_CASE("a kernel is loaded without firmware when the machine is told so") {
  MachineSpec spec = uefi_machine();
  spec.boot = KernelBoot{.kernel = "/k/vmlinuz", .initrd = {}, .command_line = "console=ttyS0 panic=1"};
  const auto arguments = arguments_of(spec);
  CHECK(values(arguments, "-kernel") == std::vector<std::string>{"/k/vmlinuz"});
  CHECK(values(arguments, "-initrd").empty());
  CHECK(values(arguments, "-append") == std::vector<std::string>{"console=ttyS0 panic=1"});
  CHECK_FALSE(any_contains(values(arguments, "-drive"), "pflash"));
}

TEST_CASE("each disk bus gives its own device, and the first disk is booted from") {
  MachineSpec spec = uefi_machine();
  SECTION("virtio-blk") {
    spec.disks[0].bus = DiskBus::virtio_blk;
    CHECK(
        any_contains(values(arguments_of(spec), "-device"), "virtio-blk-pci,serial=bulkhead0,drive=disk0,bootindex=0"));
  }
  SECTION("NVMe") {
    spec.disks[0].bus = DiskBus::nvme;
    CHECK(any_contains(values(arguments_of(spec), "-device"), "nvme,serial=bulkhead0,drive=disk0,bootindex=0"));
  }
  SECTION("virtio-scsi") {
    spec.disks[0].bus = DiskBus::virtio_scsi;
    CHECK(any_contains(values(arguments_of(spec), "-device"),
                       "scsi-hd,bus=scsi0.0,serial=bulkhead0,drive=disk0,bootindex=0"));
  }
}

TEST_CASE("the network card can never be booted from") {
  const auto devices = values(arguments_of(uefi_machine()), "-device");
  const auto card = std::ranges::find_if(devices, [](const std::string& text) { return text.contains("netdev=net0"); });
  REQUIRE(card != devices.end());
  CHECK(card->ends_with("romfile="));
  CHECK_FALSE(card->contains("bootindex"));
}

TEST_CASE("ports are forwarded from the loopback address only") {
  MachineSpec spec = uefi_machine();
  spec.network = Network{.forwards = {{.host = 2222, .guest = 22}, {.host = 8080, .guest = 80}}, .restricted = true};
  CHECK(values(arguments_of(spec), "-netdev") ==
        std::vector<std::string>{
            "user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=tcp:127.0.0.1:8080-:80"});
}

TEST_CASE("a guest has the addresses it is given, and servers of its own") {
  MachineSpec spec = uefi_machine();
  spec.smbios_vendor = "Amazon EC2";
  spec.network = Network{
      .forwards = {{.host = 8443, .guest = 8443}},
      .restricted = true,
      .subnet = Subnet{.network = "10.1.0.0/16", .gateway = "10.1.0.1", .name_server = "10.1.0.2", .guest = "10.1.2.3"},
      .services = {{.address = "10.1.9.9", .port = 80, .command = {"/bin/serve", "/a,b"}}}};
  CHECK(
      values(arguments_of(spec), "-netdev") ==
      std::vector<std::string>{"user,id=net0,restrict=on,net=10.1.0.0/16,host=10.1.0.1,dns=10.1.0.2,dhcpstart=10.1.2.3,"
                               "guestfwd=tcp:10.1.9.9:80-cmd:/bin/serve /a,,b,hostfwd=tcp:127.0.0.1:8443-:8443"});
  CHECK(values(arguments_of(spec), "-smbios") == std::vector<std::string>{"type=1,manufacturer=Amazon EC2"});
  for (const std::vector<std::string>& command : {std::vector<std::string>{}, {"/bin/serve", "a b"}, {""}}) {
    spec.network->services[0].command = command;
    CHECK_FALSE(command_line(spec, wiring()));
  }
}

TEST_CASE("a machine without a network has no card") {
  MachineSpec spec = uefi_machine();
  spec.network = std::nullopt;
  CHECK(values(arguments_of(spec), "-netdev").empty());
  CHECK_FALSE(any_contains(values(arguments_of(spec), "-device"), "virtio-net"));
}

TEST_CASE("a snapshot of a disk is written instead of the disk") {
  MachineSpec spec = uefi_machine();
  spec.disks[0].snapshot = true;
  Wiring wires = wiring();
  wires.overlays = {"/m/overlay0.qcow2"};
  const auto drives = values(arguments_of(spec, wires), "-drive");
  CHECK(any_contains(drives, "format=qcow2,file=/m/overlay0.qcow2"));
  CHECK_FALSE(any_contains(drives, "/i/disk.img"));
}

TEST_CASE("a comma in a path does not start a new option") {
  MachineSpec spec = uefi_machine();
  spec.disks[0].image = "/i/a,readonly=on/disk.img";
  CHECK(any_contains(values(arguments_of(spec), "-drive"), "file=/i/a,,readonly=on/disk.img,"));
}

TEST_CASE("a reset ends the machine only when asked for") {
  MachineSpec spec = uefi_machine();
  CHECK(values(arguments_of(spec), "-action").at(0).contains("reboot=reset"));
  spec.on_reset = OnReset::end;
  CHECK(values(arguments_of(spec), "-action").at(0).contains("reboot=shutdown"));
}

TEST_CASE("a bite of the watchdog resets the machine") {
  const auto arguments = arguments_of(uefi_machine());
  CHECK(any_contains(values(arguments, "-device"), "i6300esb"));
  CHECK(values(arguments, "-action").at(0).contains("watchdog=reset"));
}

TEST_CASE("everything optional appears when it is set") {
  MachineSpec spec = uefi_machine();
  spec.tpm = true;
  spec.smbios_uuid = "00112233-4455-6677-8899-aabbccddeeff";
  spec.rtc_base = "2026-01-31T12:00:00";
  spec.firmware_files = {{.name = "opt/org.example/a", .content = "x,y"}};
  spec.extra_arguments = {"-S"};
  Wiring wires = wiring();
  wires.tpm_socket = "/m/tpm";
  const auto arguments = arguments_of(spec, wires);
  CHECK(any_contains(values(arguments, "-chardev"), "socket,id=tpm,path=/m/tpm"));
  CHECK(values(arguments, "-smbios") == std::vector<std::string>{"type=1,uuid=00112233-4455-6677-8899-aabbccddeeff"});
  CHECK(values(arguments, "-rtc") == std::vector<std::string>{"base=2026-01-31T12:00:00,clock=vm"});
  CHECK(values(arguments, "-fw_cfg") == std::vector<std::string>{"name=opt/org.example/a,string=x,,y"});
  CHECK(arguments.back() == "-S");
}

TEST_CASE("a clock that counts instructions runs on one thread") {
  MachineSpec spec = uefi_machine();
  CHECK(values(arguments_of(spec), "-icount").empty());
  spec.clock = Clock::instructions;
  CHECK(values(arguments_of(spec), "-icount") == std::vector<std::string>{"shift=2,sleep=off"});
  CHECK(values(arguments_of(spec), "-accel").at(0).contains("thread=single"));
}

TEST_CASE("a specification that contradicts itself is refused") {
  MachineSpec spec = uefi_machine();
  SECTION("an accelerator nobody decided on") { spec.accelerator = Accelerator::automatic; }
  SECTION("no CPU") { spec.cpus = 0; }
  SECTION("no memory") { spec.memory = 1; }
  SECTION("an overlay is missing") { spec.disks[0].snapshot = true; }
  SECTION("a disk made larger in place") { spec.disks[0].size = 1U << 30U; }
  SECTION("instructions counted on two CPUs") {
    spec.clock = Clock::instructions;
    spec.cpus = 2;
  }
  SECTION("instructions counted by KVM") {
    spec.clock = Clock::instructions;
    spec.accelerator = Accelerator::kvm;
  }
  SECTION("a TPM without a socket") { spec.tpm = true; }
  const auto arguments = command_line(spec, wiring());
  REQUIRE_FALSE(arguments);
  CHECK(arguments.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("accelerators are read by the names they are shown with") {
  for (const Accelerator accelerator : {Accelerator::automatic, Accelerator::kvm, Accelerator::tcg}) {
    CHECK(parse_accelerator(to_string(accelerator)) == accelerator);
  }
  CHECK_FALSE(parse_accelerator("hvf"));
}

TEST_CASE("forwarded ports and disk buses are read strictly") {
  CHECK(parse_port_forward("8080:80") == PortForward{.host = 8080, .guest = 80});
  for (const char* text :
       {"", "80", "80:", ":80", "0:80", "80:0", "65536:80", "80:80:80", "a:b", "-1:80", "tcp:80:80"}) {
    INFO(text);
    CHECK_FALSE(parse_port_forward(text));
  }
  CHECK(parse_disk_bus("nvme") == DiskBus::nvme);
  CHECK(parse_disk_bus("virtio-scsi") == DiskBus::virtio_scsi);
  CHECK_FALSE(parse_disk_bus("ide"));
}

}  // namespace
}  // namespace bulkhead::vm
