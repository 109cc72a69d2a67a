// bulkhead-power-button DEVICE: shuts the node down when the power button is pressed. udev starts one per button.
#include <fcntl.h>
#include <signal.h>

#include <cstdio>

#include "lib/log/log.hpp"
#include "lib/sys/file.hpp"
#include "node/power-button/power_button.hpp"

namespace {

using namespace bulkhead;

// systemd(1): process 1 starts poweroff.target on this signal.
int power_off_signal() { return SIGRTMIN + 4; }

Result<> serve(const log::Log& log, const char* device) {
  const sys::UniqueFd button = TRY(sys::open_file(device, O_RDONLY));
  for (;;) {
    const power_button::Button event = TRY(power_button::wait_for_press(button.get()));
    if (event != power_button::Button::pressed) return {};
    log.write({.priority = log::Priority::notice,
               .message = "the power button was pressed: shutting down",
               .message_id = log::kPowerButton.id,
               .fields = {}});
    if (::kill(1, power_off_signal()) != 0) return fail(errno_error(errno, "asking process 1 to shut down"));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bulkhead-power-button DEVICE\n", stderr);
    return 2;
  }
  const auto log = log::Log::from_environment();
  const auto result = serve(log, argv[1]);
  if (!result) log.error(result.error());
  return result ? 0 : 1;
}
