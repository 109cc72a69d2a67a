#include "node/power-button/power_button.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <linux/input.h>
#include <unistd.h>

#include <array>

#include "lib/sys/unique_fd.hpp"

namespace bulkhead::power_button {
namespace {

// A pipe in the place of an input device: what is written is read as events, its closing is the device going away.
struct Device {
  sys::UniqueFd reader, writer;

  Device() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    reader = sys::UniqueFd(ends[0]);
    writer = sys::UniqueFd(ends[1]);
  }
  Device& sends(std::uint16_t type, std::uint16_t code, std::int32_t value) {
    const input_event event{.time = {}, .type = type, .code = code, .value = value};
    REQUIRE(::write(writer.get(), &event, sizeof event) == sizeof event);
    return *this;
  }
  Device& goes() {
    REQUIRE(writer.close());
    return *this;
  }
  Button outcome() { return wait_for_press(reader.get()).value(); }
};

TEST_CASE("the power key going down is a press, and nothing else is") {
  Device device;
  device
      .sends(EV_KEY, KEY_POWER, 0)  // up
      .sends(EV_KEY, KEY_POWER, 2)  // repeat
      .sends(EV_KEY, KEY_SLEEP, 1)
      .sends(EV_SYN, KEY_POWER, 1)
      .sends(EV_KEY, KEY_POWER, 1)
      .sends(EV_KEY, KEY_POWER, 0)
      .goes();
  CHECK(device.outcome() == Button::pressed);
  CHECK(device.outcome() == Button::gone);
}

TEST_CASE("half an event is an error, never a press") {
  Device device;
  REQUIRE(::write(device.writer.get(), "\0\0\0\0", 4) == 4);
  device.goes();
  const auto result = wait_for_press(device.reader.get());
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::data_loss);
}

}  // namespace
}  // namespace bulkhead::power_button
