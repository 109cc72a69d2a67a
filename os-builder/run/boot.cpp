#include "os-builder/run/boot.hpp"

#include <cstdio>
#include <print>

#include "lib/vm/accelerator.hpp"
#include "lib/vm/machine.hpp"
#include "lib/vm/var_store.hpp"
#include "os-builder/run/machine_disk.hpp"
#include "os-builder/run/terminal_session.hpp"
#include "os-builder/run/until_ready.hpp"

namespace bulkhead::run {
namespace {

using namespace std::chrono_literals;

// A node that does not shut down when asked is switched off. A power cut does not harm it; only a write in progress is
// lost.
constexpr auto kShutdownTime = 60s;

Result<vm::UefiBoot> firmware(const BootOptions& options, const sys::Path& variables, bool keep) {
  const vm::SecureBootCertificates certificates = TRY(vm::certificates_in(options.keys));
  if (keep && sys::exists(variables)) return vm::existing_variable_store(variables);
  return vm::create_variable_store(variables, certificates);
}

void note(const cli::Invocation& invocation, const std::string& text) {
  if (invocation.verbosity >= 0) std::println(stderr, "{}", text);
}

// An emulated machine gets one processor: with two, each on a thread of its own, a guest was once seen to stand
// still because one of them got no timer interrupts (QEMU 10.0, Linux 6.12). While nobody looks, its clock
// counts instructions, so that a busy host makes no deadline of the guest pass.
void set_processors(vm::MachineSpec& spec, const BootOptions& options) {
  const bool emulated = spec.accelerator == vm::Accelerator::tcg;
  spec.cpus = options.cpus.value_or(emulated ? 1 : 2);
  if (emulated && spec.cpus == 1 && options.until_ready) spec.clock = vm::Clock::instructions;
}

// A path as a value of QEMU's options, where a comma is doubled.
Result<std::string> file_option(const sys::Path& path) {
  if (!sys::exists(path))
    return fail(error(ErrorCode::not_found, "there is no file {}", path.native())
                    .with_hint("give the path of a TOML or JSON document with [settings]"));
  std::string text;
  for (const char c : path.native()) text += c == ',' ? ",," : std::string(1, c);
  return text;
}

Result<> shut_down(vm::Machine& machine) {
  TRY(machine.power_button());
  if (machine.wait_for_end(vm::after(kShutdownTime))) return {};
  return machine.cut_power();
}

Result<cli::ExitCode> run_until_ready(vm::Machine& machine, const BootOptions& options,
                                      const cli::Invocation& invocation) {
  const ReadyReport report = TRY(wait_until_ready(machine, vm::after(options.ready_time), invocation));
  TRY(shut_down(machine));
  std::print("{}", invocation.json ? to_json(report) : to_text(report));
  if (report.status.state == node_state::State::ready) return cli::ExitCode::ok;
  note(invocation, std::format("the console's last lines:\n{}", machine.serial().log().last_lines(30)));
  return cli::ExitCode::failed;
}

}  // namespace

Result<cli::ExitCode> run(const BootOptions& options, const cli::Invocation& invocation) {
  const MachineFiles files = TRY(prepare_disk(options));
  const sys::TempDir scratch = TRY(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-boot-"));
  vm::MachineSpec spec;
  spec.boot =
      TRY(firmware(options, files.variables.value_or(scratch.path() / "variables.fd"), files.variables.has_value()));
  spec.disks = {files.disk};
  spec.accelerator = TRY(vm::choose_accelerator(options.accelerator, options.cache));
  spec.memory = options.memory;
  set_processors(spec, options);
  spec.network = vm::Network{.forwards = options.ports};
  if (options.user_data) {
    const std::string file = TRY(file_option(*options.user_data));
    spec.extra_arguments = {"-fw_cfg", "name=opt/bulkhead/user-data,file=" + file};
  }

  vm::Machine machine = TRY(vm::Machine::start(std::move(spec), {.cache_directory = options.cache}));
  if (files.fresh) note(invocation, std::format("made a new machine on top of {}", files.disk.image.native()));
  if (machine.spec().accelerator == vm::Accelerator::tcg && options.accelerator == vm::Accelerator::automatic) {
    note(invocation, "KVM does not work on this machine; emulating with TCG, which is slow");
  }
  if (options.until_ready) return run_until_ready(machine, options, invocation);
  TRY(run_terminal_session(machine));
  return cli::ExitCode::ok;
}

}  // namespace bulkhead::run
