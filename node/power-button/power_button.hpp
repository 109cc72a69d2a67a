// The power button of the machine, by which hypervisors (virsh shutdown, stopping an EC2 instance) and people request
// an orderly shutdown. Linux shows it as an input device (Documentation/input/event-codes.rst).
#pragma once

#include "lib/base/result.hpp"

namespace bulkhead::power_button {

enum class Button { pressed, gone };

// Waits for a press: KEY_POWER going down on the input device `fd`. Releases, repeats and other keys are ignored.
// `gone` when the device was unplugged.
Result<Button> wait_for_press(int fd);

}  // namespace bulkhead::power_button
