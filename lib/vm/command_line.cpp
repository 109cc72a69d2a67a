#include <algorithm>
#include <format>

#include "lib/base/text.hpp"
#include "lib/vm/machine_spec.hpp"

namespace bulkhead::vm {
namespace {

using Arguments = std::vector<std::string>;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

void add(Arguments& arguments, std::string option, std::string value) {
  arguments.push_back(std::move(option));
  arguments.push_back(std::move(value));
}

// QEMU's option parser takes a doubled comma for a comma in a value.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == ',') result += ',';
  }
  return result;
}

std::string_view to_string(DiskFormat format) {
  switch (format) {
    case DiskFormat::raw: return "raw";
    case DiskFormat::qcow2: return "qcow2";
  }
  std::unreachable();
}

void add_cpu(Arguments& arguments, const MachineSpec& spec) {
  if (spec.accelerator == Accelerator::kvm) {
    add(arguments, "-accel", "kvm");
    add(arguments, "-cpu", "host");
  } else {
    // A translation cache that never fills up: QEMU drops all of a full one. One host thread for each virtual CPU.
    const bool counted = spec.clock == Clock::instructions;
    add(arguments, "-accel", std::format("tcg,thread={},tb-size=512", counted ? "single" : "multi"));
    // 4 ns for an instruction: about as fast as an idle host emulates.
    if (counted) {
      add(arguments, "-icount", "shift=2,sleep=off");
    }
    // Without "fast" string instructions: QEMU emulates them byte by byte, and a kernel that believes in them clears
    // and copies its memory with them (a fifth of the time of a boot).
    add(arguments, "-cpu", "max,la57=off,erms=off,fsrm=off,fsrs=off,fzrm=off,fsrc=off");
  }
  add(arguments, "-smp", std::to_string(spec.cpus));
  add(arguments, "-m", std::format("{}M", spec.memory / kMiB));
}

void add_boot(Arguments& arguments, const UefiBoot& boot) {
  add(arguments, "-drive", std::format("if=pflash,unit=0,format=raw,readonly=on,file={}", escaped(boot.code.native())));
  add(arguments, "-drive", std::format("if=pflash,unit=1,format=raw,file={}", escaped(boot.variables.native())));
  if (boot.secure_boot) add(arguments, "-global", "driver=cfi.pflash01,property=secure,value=on");
}

void add_boot(Arguments& arguments, const KernelBoot& boot) {
  add(arguments, "-kernel", boot.kernel.native());
  if (!boot.initrd.empty()) add(arguments, "-initrd", boot.initrd.native());
  if (!boot.command_line.empty()) add(arguments, "-append", boot.command_line);
}

void add_boot(Arguments&, const BiosBoot&) {}

void add_disk(Arguments& arguments, const Disk& disk, std::size_t index, const sys::Path* overlay) {
  const std::string id = std::format("disk{}", index);
  const DiskFormat format = overlay != nullptr ? DiskFormat::qcow2 : disk.format;
  const sys::Path& image = overlay != nullptr ? *overlay : disk.image;
  const std::string file =
      disk.faults.empty() ? image.native() : std::format("blkdebug:{}:{}", disk.faults.native(), image.native());
  // Discarded and zeroed blocks become holes, or an overlay grows without need.
  add(arguments, "-drive",
      std::format("if=none,id={},format={},file={},discard=unmap,detect-zeroes=unmap{}{}", id, to_string(format),
                  escaped(file), overlay != nullptr || !disk.durable ? ",cache=unsafe" : "",
                  disk.read_only ? ",readonly=on" : ""));
  const std::string tail = std::format("drive={},bootindex={}", id, index);
  switch (disk.bus) {
    case DiskBus::virtio_blk:
      add(arguments, "-device", std::format("virtio-blk-pci,serial=bulkhead{},{}", index, tail));
      break;
    case DiskBus::nvme: add(arguments, "-device", std::format("nvme,serial=bulkhead{},{}", index, tail)); break;
    case DiskBus::virtio_scsi:
      add(arguments, "-device", std::format("virtio-scsi-pci,id=scsi{}", index));
      add(arguments, "-device", std::format("scsi-hd,bus=scsi{}.0,serial=bulkhead{},{}", index, index, tail));
      break;
  }
}

void add_network(Arguments& arguments, const Network& network) {
  std::string backend = std::format("user,id=net0{}", network.restricted ? ",restrict=on" : "");
  if (const auto& subnet = network.subnet) {
    backend += std::format(",net={},host={},dns={},dhcpstart={}", subnet->network, subnet->gateway, subnet->name_server,
                           subnet->guest);
  }
  for (const GuestService& service : network.services) {
    std::string words;
    for (const std::string& word : service.command) words += (words.empty() ? "" : " ") + word;
    backend += std::format(",guestfwd=tcp:{}:{}-cmd:{}", service.address, service.port, escaped(words));
  }
  for (const PortForward& forward : network.forwards) {
    backend += std::format(",hostfwd=tcp:127.0.0.1:{}-:{}", forward.host, forward.guest);
  }
  add(arguments, "-netdev", backend);
  // No option ROM and no boot index: the firmware must never try to boot from the network.
  add(arguments, "-device", "virtio-net-pci,netdev=net0,romfile=");
}

void add_channels(Arguments& arguments, const Wiring& wiring) {
  // QEMU connects to us, so that the sockets always exist already.
  add(arguments, "-chardev", std::format("socket,id=monitor,path={}", escaped(wiring.monitor_socket.native())));
  add(arguments, "-mon", "chardev=monitor,mode=control");
  add(arguments, "-chardev",
      std::format("socket,id=serial,path={},logfile={}", escaped(wiring.serial_socket.native()),
                  escaped(wiring.serial_log.native())));
  add(arguments, "-serial", "chardev:serial");
}

void add_tpm(Arguments& arguments, const Wiring& wiring) {
  add(arguments, "-chardev", std::format("socket,id=tpm,path={}", escaped(wiring.tpm_socket.native())));
  add(arguments, "-tpmdev", "emulator,id=tpm0,chardev=tpm");
  add(arguments, "-device", "tpm-crb,tpmdev=tpm0");
}

std::string smbios_system(const MachineSpec& spec) {
  std::string fields;
  if (!spec.smbios_vendor.empty()) fields += ",manufacturer=" + escaped(spec.smbios_vendor);
  if (!spec.smbios_uuid.empty()) fields += ",uuid=" + escaped(spec.smbios_uuid);
  return fields;
}

Result<> check(const MachineSpec& spec, const Wiring& wiring) {
  const auto snapshots = static_cast<std::size_t>(std::ranges::count_if(spec.disks, &Disk::snapshot));
  if (spec.accelerator == Accelerator::automatic)
    return fail(ErrorCode::invalid_argument, "the accelerator is not decided");
  if (spec.clock == Clock::instructions && (spec.accelerator != Accelerator::tcg || spec.cpus != 1)) {
    return fail(ErrorCode::invalid_argument, "instructions are counted only by TCG with one CPU");
  }
  if (spec.cpus == 0) return fail(ErrorCode::invalid_argument, "a machine needs a CPU");
  if (spec.memory < 64 * kMiB) return fail(ErrorCode::invalid_argument, "a machine needs at least 64 MiB of memory");
  if (wiring.overlays.size() != snapshots) {
    return fail(ErrorCode::invalid_argument, "{} overlays for {} disks with snapshot", wiring.overlays.size(),
                snapshots);
  }
  for (const Disk& disk : spec.disks) {
    if (disk.size != 0 && !disk.snapshot)
      return fail(ErrorCode::invalid_argument, "only the snapshot of a disk can be enlarged");
    if (disk.read_only && disk.snapshot)
      return fail(ErrorCode::invalid_argument, "the snapshot of a disk cannot be read-only");
  }
  for (const GuestService& service : spec.network.value_or(Network{}).services) {
    for (const std::string& word : service.command) {
      if (word.empty() || word.find_first_of(" \t\n'\"\\") != std::string::npos)
        return fail(ErrorCode::invalid_argument, "'{}' cannot be a word in the command of a guest service", word);
    }
    if (service.command.empty()) return fail(ErrorCode::invalid_argument, "a guest service needs a command");
  }
  if (spec.tpm && wiring.tpm_socket.empty()) return fail(ErrorCode::invalid_argument, "a TPM needs a socket");
  return {};
}

}  // namespace

std::string_view to_string(Accelerator accelerator) {
  switch (accelerator) {
    case Accelerator::automatic: return "auto";
    case Accelerator::kvm: return "kvm";
    case Accelerator::tcg: return "tcg";
  }
  std::unreachable();
}

Result<Accelerator> parse_accelerator(std::string_view text) {
  for (const Accelerator accelerator : {Accelerator::automatic, Accelerator::kvm, Accelerator::tcg}) {
    if (text == to_string(accelerator)) return accelerator;
  }
  return fail(ErrorCode::invalid_argument, "'{}' is not an accelerator: use auto, kvm or tcg", text);
}

Result<PortForward> parse_port_forward(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() == 2) {
    const auto host = parse_integer<std::uint16_t>(parts[0]);
    const auto guest = parse_integer<std::uint16_t>(parts[1]);
    if (host && guest && *host != 0 && *guest != 0) return PortForward{.host = *host, .guest = *guest};
  }
  return fail(ErrorCode::invalid_argument, "'{}' is not HOST:GUEST: use two port numbers from 1 to 65535", text);
}

Result<DiskBus> parse_disk_bus(std::string_view text) {
  if (text == "virtio-blk") return DiskBus::virtio_blk;
  if (text == "nvme") return DiskBus::nvme;
  if (text == "virtio-scsi") return DiskBus::virtio_scsi;
  return fail(ErrorCode::invalid_argument, "'{}' is not a disk bus: use virtio-blk, nvme or virtio-scsi", text);
}

Result<std::vector<std::string>> command_line(const MachineSpec& spec, const Wiring& wiring) {
  TRY(check(spec, wiring));
  const auto* uefi = std::get_if<UefiBoot>(&spec.boot);
  const bool smm = uefi != nullptr && uefi->secure_boot;
  Arguments arguments = {"qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none"};
  add(arguments, "-machine", std::format("q35,smm={},vmport=off,hpet=off", smm ? "on" : "off"));
  add_cpu(arguments, spec);
  std::visit([&](const auto& boot) { add_boot(arguments, boot); }, spec.boot);

  auto overlay = wiring.overlays.begin();
  for (std::size_t i = 0; i < spec.disks.size(); ++i) {
    add_disk(arguments, spec.disks[i], i, spec.disks[i].snapshot ? &*overlay++ : nullptr);
  }
  if (spec.network) add_network(arguments, *spec.network);
  add(arguments, "-device", "virtio-rng-pci");
  add_channels(arguments, wiring);
  if (spec.tpm) add_tpm(arguments, wiring);
  if (spec.watchdog) add(arguments, "-device", "i6300esb");
  add(arguments, "-action",
      std::format("watchdog=reset,panic=none,reboot={}", spec.on_reset == OnReset::end ? "shutdown" : "reset"));
  if (std::string system = smbios_system(spec); !system.empty()) add(arguments, "-smbios", "type=1" + system);
  if (!spec.rtc_base.empty()) add(arguments, "-rtc", std::format("base={},clock=vm", escaped(spec.rtc_base)));
  for (const FirmwareFile& file : spec.firmware_files) {
    add(arguments, "-fw_cfg", std::format("name={},string={}", escaped(file.name), escaped(file.content)));
  }
  arguments.insert(arguments.end(), spec.extra_arguments.begin(), spec.extra_arguments.end());
  return arguments;
}

}  // namespace bulkhead::vm
