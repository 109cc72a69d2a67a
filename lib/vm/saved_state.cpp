#include "lib/vm/saved_state.hpp"

#include <algorithm>

#include "lib/codec/json.hpp"
#include "lib/sys/child.hpp"
#include "lib/vm/accelerator.hpp"
#include "lib/vm/machine.hpp"

namespace bulkhead::vm {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kTransferTime = 300s;
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 40U;  // bytes a second

sys::Path record_of(const sys::Path& directory) { return directory / "machine.json"; }

Result<> check_can_be_saved(const MachineSpec& spec) {
  if (spec.tpm) return fail(ErrorCode::failed_precondition, "a machine with a TPM cannot be saved");
  if (!std::ranges::all_of(spec.disks, &Disk::snapshot))
    return fail(ErrorCode::failed_precondition, "a machine can be saved only when all of its disks are snapshots");
  return {};
}

Result<> copy_variables(const sys::Path& from, const sys::Path& to) {
  const std::string content = TRY(sys::read_file(from));
  return sys::write_file_atomically(to, content);
}

}  // namespace

Result<std::vector<std::string>> seen_by_guest(MachineSpec spec) {
  Wiring wiring{.monitor_socket = "monitor", .serial_socket = "serial", .serial_log = "log", .tpm_socket = "tpm"};
  std::vector<std::string> sizes;
  for (Disk& disk : spec.disks) {
    disk.image = "disk";
    sizes.push_back(std::format("size of a disk: {}", disk.size));
    if (disk.snapshot) wiring.overlays.emplace_back("disk");
  }
  if (auto* uefi = std::get_if<UefiBoot>(&spec.boot)) uefi->variables = "variables";
  if (spec.network) spec.network->forwards.clear();
  spec.on_reset = OnReset::reset;
  std::vector<std::string> lines = TRY(command_line(spec, wiring));
  lines.insert(lines.end(), sizes.begin(), sizes.end());
  return lines;
}

Result<SavedState> SavedState::open(const sys::Path& directory) {
  const sys::Path path = record_of(directory);
  if (!sys::exists(path)) return fail(ErrorCode::not_found, "no saved machine in {}", directory.native());
  const std::string text = TRY(sys::read_file(path));
  const json record = codec::parse_json(text).value_or(json());
  const auto machine = record.is_object() ? record.find("machine") : record.end();
  if (machine == record.end() || !machine->is_array() || !record.contains("qemu"))
    return fail(ErrorCode::data_loss, "{} does not describe a machine", path.native());
  SavedState state{.directory = directory, .qemu = record["qemu"], .machine = {}};
  for (const json& line : *machine) {
    if (!line.is_string()) return fail(ErrorCode::data_loss, "{} does not describe a machine", path.native());
    state.machine.push_back(line.get<std::string>());
  }
  return state;
}

Result<> SavedState::write_record() const {
  return sys::write_file_atomically(record_of(directory), json{{"qemu", qemu}, {"machine", machine}}.dump(2) + "\n");
}

sys::Path SavedState::disk(std::size_t number) const { return directory / std::format("disk{}.qcow2", number); }

Result<> SavedState::require_same_machine(const MachineSpec& spec) const {
  const std::vector<std::string> wanted = TRY(seen_by_guest(spec));
  if (wanted == machine) return {};
  const auto [ours, saved] = std::ranges::mismatch(wanted, machine);
  return fail(ErrorCode::failed_precondition, "the saved machine is another one: '{}' where this one has '{}'",
              saved == machine.end() ? "nothing" : *saved, ours == wanted.end() ? "nothing" : *ours);
}

Result<> Machine::save(const sys::Path& target) {
  TRY(check_can_be_saved(spec_));
  if (sys::exists(target)) return fail(ErrorCode::already_exists, "{} exists", target.native());
  sys::TempDir half_made = TRY(sys::TempDir::create(std::filesystem::absolute(target).parent_path(), ".new-state-"));
  const json version = TRY(execute("query-version"));
  std::vector<std::string> machine = TRY(seen_by_guest(spec_));
  const SavedState state{.directory = half_made.path(), .qemu = version, .machine = std::move(machine)};

  TRY(execute("stop"));
  TRY(announce_migrations());
  TRY(execute("migrate-set-parameters", {{"max-bandwidth", kUnlimited}}));
  TRY(execute("migrate", {{"uri", "file:" + state.memory().native()}}));
  TRY_CTX(wait_for_migration(), "saving a machine");
  TRY(execute("quit"));
  TRY(wait_for_end(after(kTransferTime)));

  for (std::size_t i = 0; i < wiring_.overlays.size(); ++i) {
    TRY(sys::run_checked(
        {.arguments = {"qemu-img", "convert", "-O", "qcow2", wiring_.overlays[i].native(), state.disk(i).native()}}));
  }
  if (const auto* uefi = std::get_if<UefiBoot>(&spec_.boot)) TRY(copy_variables(uefi->variables, state.variables()));
  TRY(state.write_record());
  return half_made.commit(target);
}

Result<Machine> Machine::restore(MachineSpec spec, const sys::Path& saved, const StartOptions& options) {
  spec.accelerator = TRY(choose_accelerator(spec.accelerator, options.cache_directory));
  const SavedState state = TRY(SavedState::open(saved));
  TRY(state.require_same_machine(spec));
  for (std::size_t i = 0; i < spec.disks.size(); ++i) {
    spec.disks[i].image = state.disk(i);
    spec.disks[i].format = DiskFormat::qcow2;
    spec.disks[i].size = 0;
  }
  if (const auto* uefi = std::get_if<UefiBoot>(&spec.boot)) TRY(copy_variables(state.variables(), uefi->variables));
  spec.extra_arguments.insert(spec.extra_arguments.end(), {"-incoming", "defer"});
  Machine machine = TRY(start(std::move(spec), options));
  TRY_CTX(machine.load(state), "restoring {}", saved.native());
  return machine;
}

Result<> Machine::load(const SavedState& state) {
  const json version = TRY(execute("query-version"));
  if (version != state.qemu) {
    return fail(ErrorCode::failed_precondition, "the machine was saved by QEMU {}, and this is {}", state.qemu.dump(),
                version.dump());
  }
  TRY(announce_migrations());
  TRY(execute("migrate-incoming", {{"uri", "file:" + state.memory().native()}}));
  TRY(wait_for_migration());
  TRY(execute("cont"));
  return {};
}

Result<> Machine::announce_migrations() {
  TRY(execute("migrate-set-capabilities",
              {{"capabilities", json::array({json{{"capability", "events"}, {"state", true}}})}}));
  return {};
}

Result<> Machine::wait_for_migration() {
  const Deadline deadline = after(kTransferTime);
  for (;;) {
    const QmpEvent event = TRY(wait_for_event("MIGRATION", deadline));
    const std::string status = text_member(event.data, "status");
    if (status == "completed") return {};
    if (status != "failed" && status != "cancelled") continue;
    const json answer = TRY(execute("query-migrate"));
    return fail(ErrorCode::failed_precondition, "QEMU {}: {}", status, text_member(answer, "error-desc"));
  }
}

}  // namespace bulkhead::vm
