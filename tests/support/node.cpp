#include "tests/support/node.hpp"

#include <algorithm>

#include "lib/net/well_known.hpp"
#include "lib/vm/accelerator.hpp"
#include "lib/vm/var_store.hpp"
#include "tests/support/must.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;

// One of a real machine, so that the node may derive its identity from it.
constexpr const char* kProductUuid = "5e3a1f7c-0c5d-4d0e-9b64-2f7a1c9d8e10";

vm::Machine switch_on(const ScratchDisk& disk, const std::string& name, const NodeOptions& options) {
  vm::MachineSpec spec = node_machine(options);
  // The store stays with the disk: what the boot loader keeps there must survive from boot to boot, as it does in a
  // real machine.
  const sys::Path variables = disk.directory() / "variables.fd";
  spec.boot = sys::exists(variables)
                  ? must(vm::existing_variable_store(variables))
                  : must(vm::create_variable_store(variables, must(vm::certificates_in(key_directory()))));
  spec.disks = {{.image = disk.path(),
                 .bus = options.bus,
                 .snapshot = false,
                 .durable = false,
                 .read_only = options.read_only,
                 .faults = options.faults}};
  if (options.second_disk)
    spec.disks.push_back({.image = *options.second_disk, .bus = options.second_bus.value_or(options.bus)});
  return must(vm::Machine::start(std::move(spec), node_start_options(name)));
}

// "    3.050515] …", what follows the bracket of a time stamp.
bool continues_time_stamp(std::string_view text) {
  constexpr std::size_t kMicrosecondDigits = 6;
  const auto take_digits = [&text] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (take_digits() == 0 || !text.starts_with('.')) return false;
  text.remove_prefix(1);
  return take_digits() == kMicrosecondDigits && text.starts_with("] ");
}

}  // namespace

bool is_kernel_message(std::string_view line) {
  for (auto bracket = line.find('['); bracket != std::string_view::npos; bracket = line.find('[', bracket + 1)) {
    if (continues_time_stamp(line.substr(bracket + 1))) return true;
  }
  return false;
}

vm::Pattern kernel_message() { return vm::Pattern::accepted_by(is_kernel_message, "of the kernel"); }

void add_credential(std::vector<vm::FirmwareFile>& files, const std::string& name, const std::string& value) {
  constexpr std::size_t kLongestName = 55;
  const std::string path = "opt/io.systemd.credentials/" + name;
  if (value.empty() || path.size() > kLongestName || std::ranges::contains(files, path, &vm::FirmwareFile::name))
    return;
  files.push_back({.name = path, .content = value});
}

vm::MachineSpec node_machine(const NodeOptions& options) {
  vm::MachineSpec spec;
  spec.accelerator = must(vm::choose_accelerator(vm::Accelerator::automatic, cache_directory()));
  // Emulated machines must not fail because something else runs on the host.
  if (spec.accelerator == vm::Accelerator::tcg && !options.outside_time) {
    spec.clock = vm::Clock::instructions;
  }
  spec.memory = std::uint64_t{1536} << 20U;
  spec.network = options.network;
  if (options.api_port != 0) spec.network->forwards.push_back({.host = options.api_port, .guest = net::kApiPort});
  spec.firmware_files = options.firmware_files;
  if (!options.user_data.empty())
    spec.firmware_files.push_back({.name = "opt/bulkhead/user-data", .content = options.user_data});
  spec.smbios_uuid = kProductUuid;
  spec.smbios_vendor = options.vendor;
  for (const std::string& text : options.oem_strings) {
    std::string value;
    for (const char c : text) value += c == ',' ? std::string(",,") : std::string(1, c);
    spec.extra_arguments.insert(spec.extra_arguments.end(), {"-smbios", "type=11,value=" + value});
  }
  spec.on_reset = options.on_reset;
  spec.tpm = options.tpm;
  return spec;
}

vm::StartOptions node_start_options(const std::string& name) {
  const sys::Path logs = image_directory("kvm").parent_path().parent_path() / "logs";
  must(sys::create_directories(logs));
  return {.cache_directory = cache_directory(), .serial_log = logs / (name + ".log")};
}

Node::Node(const ScratchDisk& disk, const std::string& name, const NodeOptions& options)
    : machine_(switch_on(disk, name, options)) {}

node_state::StatusLine Node::next_state(vm::Deadline deadline) {
  for (;;) {
    const std::string line =
        must(machine_.wait_for_line(vm::Pattern::text(std::string(node_state::kStatusLinePrefix)), deadline));
    if (auto state = node_state::parse_status_line(line)) return *std::move(state);
  }
}

node_state::StatusLine Node::wait_for_state(node_state::State state, std::chrono::seconds limit) {
  const vm::Deadline deadline = vm::after(limit);
  for (;;) {
    const node_state::StatusLine next = next_state(deadline);
    if (next.state == state) return next;
  }
}

node_state::StatusLine Node::wait_until_ready(std::chrono::seconds limit) {
  const vm::Deadline deadline = vm::after(limit);
  for (;;) {
    const node_state::StatusLine next = next_state(deadline);
    if (next.state == node_state::State::ready) return next;
    INFO("failed: " << next.field("failed"));
    REQUIRE(next.state != node_state::State::degraded);
  }
}

void Node::shut_down() {
  must(machine_.power_button());
  CHECK(must(machine_.wait_for_end(vm::after(kBootTime))) == 0);
}

bool Node::showed_state(node_state::State state, const std::string& slot) const {
  return std::ranges::any_of(console().lines(), [&](const std::string& line) {
    const auto found = node_state::parse_status_line(line);
    return found && found->state == state && (slot.empty() || found->field("slot") == slot);
  });
}

}  // namespace bulkhead::testing
