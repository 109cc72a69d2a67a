#include "lib/vm/machine.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <array>

#include "lib/vm/accelerator.hpp"
#include "lib/vm/listener.hpp"

namespace bulkhead::vm {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kShownLines = 30;
constexpr auto kStartTime = 120s;
constexpr auto kAnswerTime = 60s;

// The kernel kills the program when the thread that started it ends, however that happens.
std::vector<std::string> dies_with_us(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"setpriv", "--pdeathsig", "KILL"});
  return arguments;
}

Result<> make_overlay(const Disk& disk, const sys::Path& overlay) {
  const sys::Path image = std::filesystem::absolute(disk.image);
  std::vector<std::string> arguments = {"qemu-img",
                                        "create",
                                        "-q",
                                        "-f",
                                        "qcow2",
                                        "-b",
                                        image.native(),
                                        "-F",
                                        disk.format == DiskFormat::raw ? "raw" : "qcow2",
                                        overlay.native()};
  if (disk.size != 0) arguments.push_back(std::to_string(disk.size));
  TRY_CTX(sys::run_checked({.arguments = std::move(arguments)}), "making an overlay of {}", disk.image.native());
  return {};
}

Result<Wiring> make_wiring(const MachineSpec& spec, const sys::Path& directory, const sys::Path& serial_log) {
  Wiring wiring{.monitor_socket = directory / "monitor",
                .serial_socket = directory / "serial",
                .serial_log = serial_log.empty() ? directory / "serial.log" : serial_log};
  if (spec.tpm) wiring.tpm_socket = directory / "tpm";
  for (const Disk& disk : spec.disks) {
    if (!sys::exists(disk.image)) return fail(ErrorCode::not_found, "there is no disk image {}", disk.image.native());
    if (!disk.snapshot) continue;
    wiring.overlays.push_back(directory / std::format("overlay{}.qcow2", wiring.overlays.size()));
    TRY(make_overlay(disk, wiring.overlays.back()));
  }
  return wiring;
}

Result<sys::Child> start_tpm(const Wiring& wiring, const sys::Path& directory) {
  const sys::Path state = directory / "tpm-state";
  TRY(sys::create_directories(state));
  // swtpm gets the listening socket as descriptor 0: QEMU can connect before swtpm has even started.
  Listener listener = TRY(Listener::listen(wiring.tpm_socket));
  return sys::Child::spawn(
      {.arguments = dies_with_us({"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + state.native(), "--ctrl",
                                  "type=unixio,fd=0", "--terminate"})},
      {.in = listener.fd()});
}

// QEMU's messages before it failed, as one of our errors.
Error explain_start_failure(std::string said) {
  while (said.ends_with('\n')) said.pop_back();
  if (said.contains("Failed to get") && said.contains("lock")) {
    return error(ErrorCode::aborted, "the disk image is in use by another QEMU: {}", said)
        .with_hint("stop that machine, or boot an image that is not in use with --snapshot");
  }
  if (said.contains("Could not set up host forwarding rule")) {
    return error(ErrorCode::aborted, "a forwarded port is already in use: {}", said)
        .with_hint("use another port of the host");
  }
  return error(ErrorCode::failed_precondition, "QEMU failed to start: {}",
               said.empty() ? "it printed no message" : said);
}

// A guest can print anything, so an error quotes only part of a log, without terminal control.
std::string indented(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "  | ";
  }
  return result;
}

}  // namespace

Result<Machine> Machine::start(MachineSpec spec, const StartOptions& options) {
  spec.accelerator = TRY(choose_accelerator(spec.accelerator, options.cache_directory));
  sys::TempDir directory = TRY(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-vm-"));
  Wiring wiring = TRY(make_wiring(spec, directory.path(), options.serial_log));
  const std::vector<std::string> arguments = TRY(command_line(spec, wiring));

  std::optional<sys::Child> tpm;
  if (spec.tpm) {
    sys::Child emulator = TRY(start_tpm(wiring, directory.path()));
    tpm.emplace(std::move(emulator));
  }
  Listener monitor = TRY(Listener::listen(wiring.monitor_socket));
  Listener serial = TRY(Listener::listen(wiring.serial_socket));
  const sys::Path messages = directory.path() / "qemu.log";
  const sys::UniqueFd log = TRY(sys::open_file(messages, O_WRONLY | O_CREAT | O_APPEND, 0600));
  sys::Child qemu =
      TRY(sys::Child::spawn({.arguments = dies_with_us(arguments)}, {.out = log.get(), .err = log.get()}));

  const Deadline deadline = after(kStartTime);
  sys::UniqueFd monitor_fd = TRY(monitor.accept(qemu.pidfd(), deadline));
  sys::UniqueFd serial_fd;
  if (monitor_fd) serial_fd = TRY(serial.accept(qemu.pidfd(), deadline));
  if (!serial_fd) {
    const std::string said = TRY(sys::read_file(messages));
    return fail(explain_start_failure(said));
  }
  // QEMU connects early and can still fail afterwards, for example at a locked image: then the monitor never greets.
  auto qmp = Qmp::attach(std::move(monitor_fd), deadline);
  if (!qmp) {
    const auto status = TRY(qemu.wait(kAnswerTime));
    if (!status) return fail(std::move(qmp).error());
    const std::string said = TRY(sys::read_file(messages));
    return fail(explain_start_failure(said));
  }
  Serial console = TRY(Serial::attach(std::move(serial_fd)));
  return Machine(std::move(spec), std::move(wiring), std::move(directory), std::move(tpm), std::move(qemu),
                 *std::move(qmp), std::move(console));
}

Error Machine::with_console(Error reason) const {
  const auto said = sys::read_file(directory_.path() / "qemu.log");
  if (said && !said->empty()) reason.message += "; QEMU says: " + *said;
  reason.message += "; the console's last lines:\n  | " + indented(serial_.log().last_lines(kShownLines));
  return reason;
}

Result<std::string_view> Machine::pump(Deadline deadline, int other_fd) {
  std::array<pollfd, 4> entries = {{{serial_.fd(), POLLIN, 0},
                                    {qmp_.fd(), POLLIN, 0},
                                    {ended() ? -1 : qemu_.pidfd(), POLLIN, 0},
                                    {other_fd, POLLIN, 0}}};
  const int count = ::poll(entries.data(), entries.size(), poll_timeout(deadline));
  if (count < 0 && errno != EINTR) return fail_errno("waiting for the machine");
  if (count <= 0) return std::string_view();
  if (entries[1].revents != 0) TRY(qmp_.read_available());
  std::string_view output;
  if (entries[0].revents != 0) output = TRY(serial_.read_available());
  // The end is reported only after all earlier output has been read.
  if (entries[2].revents != 0 && !serial_.open() && !qmp_.open()) status_ = TRY(qemu_.wait());
  return output;
}

Result<> Machine::wait_until(Deadline deadline, std::string_view what, const std::function<bool()>& done) {
  while (!done()) {
    if (ended()) {
      return fail(with_console(
          error(ErrorCode::unavailable, "the machine ended with status {} while waiting for {}", exit_status(), what)));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(with_console(error(ErrorCode::unavailable, "timed out waiting for {}", what)));
    }
    TRY(pump(deadline));
  }
  return {};
}

Result<std::string> Machine::wait_for_line(const Pattern& pattern, Deadline deadline) {
  std::optional<std::string> line;
  TRY(wait_until(deadline, std::format("line {}", pattern.description()), [&] {
    line = serial_.log().next_line(pattern);
    return line.has_value();
  }));
  return line.value_or(std::string());  // wait_until() succeeds only when there is one
}

Result<> Machine::wait_for_prompt(std::string_view text, Deadline deadline) {
  return wait_until(deadline, std::format("prompt '{}'", text), [&] { return serial_.log().at_prompt(text); });
}

Result<QmpEvent> Machine::wait_for_event(std::string_view name, Deadline deadline) {
  std::optional<QmpEvent> event;
  TRY(wait_until(deadline, std::format("event {}", name), [&] {
    event = qmp_.take_event(name);
    return event.has_value();
  }));
  if (!event) return fail(ErrorCode::internal, "no event {} although it was seen", name);
  return *std::move(event);
}

Result<int> Machine::wait_for_end(Deadline deadline) {
  TRY(wait_until(deadline, "its end", [&] { return ended(); }));
  return exit_status();
}

Result<> Machine::run_until(Deadline deadline) {
  while (!ended() && std::chrono::steady_clock::now() < deadline) TRY(pump(deadline));
  if (!ended()) return {};
  return fail(with_console(error(ErrorCode::unavailable, "the machine ended with status {}", exit_status())));
}

Result<nlohmann::json> Machine::execute(std::string_view command, nlohmann::json arguments) {
  auto answer = qmp_.execute(command, after(kAnswerTime), std::move(arguments));
  if (!answer) return fail(with_console(std::move(answer).error()));
  return answer;
}

Result<std::string> Machine::status() {
  const nlohmann::json answer = TRY(execute("query-status"));
  return answer.value("status", std::string());
}

Result<> Machine::reset() {
  TRY(execute("system_reset"));
  return {};
}

Result<> Machine::power_button() {
  TRY(execute("system_powerdown"));
  return {};
}

Result<> Machine::press_ctrl_alt_delete() {
  nlohmann::json keys = nlohmann::json::array();
  for (const char* name : {"ctrl", "alt", "delete"}) keys.push_back({{"type", "qcode"}, {"data", name}});
  TRY(execute("send-key", {{"keys", std::move(keys)}}));
  return {};
}

Result<> Machine::end_at_reset() {
  TRY(execute("set-action", {{"reboot", "shutdown"}}));
  spec_.on_reset = OnReset::end;
  return {};
}

Result<> Machine::cut_power() {
  if (ended()) return {};
  TRY(qemu_.signal(SIGKILL));
  TRY(wait_for_end(after(kAnswerTime)));
  return {};
}

}  // namespace bulkhead::vm
