// A running QEMU, owned: it is killed when its Machine is destroyed, and by the kernel when the owning process dies.
//
// Every wait has a deadline and watches the console, the monitor and the process together: a machine that ends while a
// line of its console is waited for is an error at once, not a time-out. An error of a wait shows the last lines of the
// console. One thread at a time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "lib/vm/deadline.hpp"
#include "lib/vm/machine_spec.hpp"
#include "lib/vm/qmp.hpp"
#include "lib/vm/saved_state.hpp"
#include "lib/vm/serial.hpp"

namespace bulkhead::vm {

struct StartOptions {
  sys::Path cache_directory;  // for choose_accelerator()
  sys::Path serial_log{};     // where QEMU writes the console too; inside the machine's private directory when empty
};

class Machine {
 public:
  // Makes overlays, starts swtpm and QEMU, and returns when the monitor answers; the guest runs.
  // Errors: not_found (image, QEMU), aborted (image in use by another QEMU, port taken), failed_precondition with what
  // QEMU said.
  static Result<Machine> start(MachineSpec spec, const StartOptions& options);
  // Goes on from where the machine that save() put into `saved` was stopped (lib/vm/saved_state.hpp). What the guest
  // can see must be as it was; images of disks count for nothing, and UefiBoot::variables is overwritten. The console
  // starts empty, and the guest's clock goes on from the moment of saving. Errors: as start(); not_found;
  // failed_precondition for a state of another machine or another QEMU.
  static Result<Machine> restore(MachineSpec spec, const sys::Path& saved, const StartOptions& options);
  Machine(Machine&&) noexcept = default;
  Machine& operator=(Machine&&) = delete;
  ~Machine() = default;

  const MachineSpec& spec() const { return spec_; }  // with the accelerator that was chosen
  pid_t pid() const { return qemu_.pid(); }
  const Serial& serial() const { return serial_; }
  const sys::Path& serial_log() const { return wiring_.serial_log; }

  // The first complete line from where the last wait ended that matches. Errors: unavailable.
  Result<std::string> wait_for_line(const Pattern& pattern, Deadline deadline);
  // Until the text after the last newline ends with `text`.
  Result<> wait_for_prompt(std::string_view text, Deadline deadline);
  Result<QmpEvent> wait_for_event(std::string_view name, Deadline deadline);
  // Until QEMU has ended; its exit status.
  Result<int> wait_for_end(Deadline deadline);
  // Until `deadline` has passed, for "nothing happens" and for a cut at a chosen moment. Errors when the machine ends
  // before.
  Result<> run_until(Deadline deadline);

  // Waits look at the whole console again, from its beginning.
  void rewind_serial() { serial_.log().rewind(); }
  Result<> type(std::string_view text) { return serial_.write(text); }

  // One step of the caller's event loop: waits until the console, the monitor, the process or `other_fd` has something,
  // reads all but `other_fd`, and returns the new console output. An empty text without an error: look at other_fd, or
  // at ended().
  Result<std::string_view> pump(Deadline deadline, int other_fd = -1);
  bool ended() const { return status_.has_value(); }

  Result<nlohmann::json> execute(std::string_view command, nlohmann::json arguments = nullptr);
  Result<std::string> status();  // "running", "paused", "internal-error", …
  Result<> reset();              // the reset button
  Result<> power_button();       // ACPI: asks the guest to shut down
  Result<> press_ctrl_alt_delete();
  Result<> end_at_reset();  // OnReset::end from now on
  // Stops the guest and writes everything that restore() needs to `target`, which must not exist and is there only when
  // it is complete. The machine has ended afterwards; on error it may be stopped. Not fsynced. Errors:
  // failed_precondition for a machine that cannot be saved.
  Result<> save(const sys::Path& target);
  // Power cut: QEMU is killed, and unflushed data in its own buffers is lost. Returns when QEMU has ended.
  Result<> cut_power();

 private:
  Machine(MachineSpec spec, Wiring wiring, sys::TempDir directory, std::optional<sys::Child> tpm, sys::Child qemu,
          Qmp qmp, Serial serial)
      : directory_(std::move(directory)),
        spec_(std::move(spec)),
        wiring_(std::move(wiring)),
        tpm_(std::move(tpm)),
        qemu_(std::move(qemu)),
        qmp_(std::move(qmp)),
        serial_(std::move(serial)) {}

  Error with_console(Error reason) const;
  Result<> load(const SavedState& state);
  Result<> announce_migrations();  // by MIGRATION events
  Result<> wait_for_migration();
  Result<> wait_until(Deadline deadline, std::string_view what, const std::function<bool()>& done);

  sys::TempDir directory_;  // destroyed last
  MachineSpec spec_;
  Wiring wiring_;
  std::optional<sys::Child> tpm_;
  sys::Child qemu_;
  Qmp qmp_;
  Serial serial_;
  int exit_status() const { return status_.value_or(-1); }

  std::optional<int> status_;
};

}  // namespace bulkhead::vm
