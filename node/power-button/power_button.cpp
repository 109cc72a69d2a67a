#include "node/power-button/power_button.hpp"

#include <linux/input.h>
#include <unistd.h>

#include <cerrno>

namespace bulkhead::power_button {

Result<Button> wait_for_press(int fd) {
  constexpr int kDown = 1;
  for (;;) {
    input_event event{};
    const ssize_t got = ::read(fd, &event, sizeof event);  // evdev returns whole events
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || (got < 0 && errno == ENODEV)) return Button::gone;
    if (got < 0) return fail(errno_error(errno, "reading the power button"));
    if (got != sizeof event) return fail(ErrorCode::data_loss, "the power button sent {} bytes of an event", got);
    if (event.type == EV_KEY && event.code == KEY_POWER && event.value == kDown) return Button::pressed;
  }
}

}  // namespace bulkhead::power_button
