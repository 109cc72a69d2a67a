// What the consoles say about the node: a model, and two renderings of it. Pure functions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "lib/slots/running_slot.hpp"

namespace bulkhead::console {

struct Address {
  std::string interface;
  std::string text;  // without prefix length

  auto operator<=>(const Address&) const = default;
};

struct NodeView {
  std::string product;  // NAME of os-release
  std::string variant;  // VARIANT_ID
  slots::RunningSlot running;
  std::vector<Address> addresses;  // sorted
  std::set<std::string> failed_units;
  std::vector<std::string> problems{};  // what the API server could not do: "user data: cidata: …"
  bool boot_complete = false;           // boot-complete.target is active
  bool blessed = false;                 // a trial boot: found good, and the boot loader knows

  bool operator==(const NodeView&) const = default;
};

// "starting", "ready", "degraded". Any failed unit and any problem means degraded, before and after the boot is
// complete. A trial boot is ready when it is blessed: whoever waits for "ready" may restart the machine at once, and no
// try is lost.
std::string_view state_of(const NodeView& view);

// For people: a few lines, each ending with '\n'. Text from outside has no control characters in it.
std::string banner(const NodeView& view);

// For programs, one line and stable: "bulkhead: state=ready slot=A version=0.1.0 boot=newest variant=kvm
// addresses=10.0.2.15 failed= problems=0". Lists are separated by commas; keys may be added at the end.
std::string status_line(const NodeView& view);

}  // namespace bulkhead::console
