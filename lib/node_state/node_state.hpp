// The state of a node: one value for its consoles, its API and programs that drive the machine from outside, and the
// line that reports it on the serial console. Pure functions; unit_watch.hpp and network_watch.hpp look at the system.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/slots/running_slot.hpp"

namespace bulkhead::node_state {

enum class State : std::uint8_t {
  starting,
  ready,
  degraded,  // there are problems or failed units
};

std::string_view to_string(State state);
std::optional<State> parse_state(std::string_view text);

struct Address {
  std::string interface;
  std::string text;  // without prefix length

  auto operator<=>(const Address&) const = default;
};

struct NodeState {
  std::string variant{};  // VARIANT_ID of os-release
  slots::RunningSlot running{};
  std::vector<Address> addresses{};  // sorted
  std::set<std::string> failed_units{};
  std::vector<std::string> problems{};  // of the API server: "user data: cidata: …"
  bool boot_complete = false;           // boot-complete.target is active
  bool blessed = false;                 // a trial boot: the boot loader has recorded the version as good

  bool operator==(const NodeState&) const = default;
};

// The problems, one a line: from the API server to the console, which cannot ask before the server answers.
inline constexpr const char* kProblemsFile = "/run/bulkhead/problems";

// Problems that keep stored settings, or some of them, from taking effect. The name of one about a setting that this
// version refuses begins with kRefusedSetting: "setting motd: …". The others are whole names.
inline constexpr std::string_view kRefusedSetting = "setting ";
inline constexpr const char* kUnreadableSettings = "settings";        // the node runs with defaults
inline constexpr const char* kFailedConfiguration = "configuration";  // rendering or applying them failed

// Whether a text of problems, one a line, has one of these.
bool settings_not_in_effect(std::string_view problems);

// Any failed unit and any problem means degraded, before and after the boot is complete. A trial boot is ready when it
// is blessed, so the machine may be restarted as soon as it is ready, without losing a try.
State state_of(const NodeState& node);

// "A", "B", or "?" when it is not known.
std::string slot_letter(const slots::RunningSlot& running);
// Why this version runs: "newest", "trial boot 1 of 3, blessed".
std::string boot_text(const NodeState& node);

// Names of units and interfaces must not control a terminal: everything but printable ASCII becomes '?'.
std::string printable(std::string_view text);
// Printable; at most eight items, then the number of the others.
std::string listed(std::span<const std::string> items, std::string_view separator);

// For programs, one line and stable: "bulkhead: state=ready slot=A version=0.1.0 boot=newest variant=kvm
// addresses=10.0.2.15 failed= problems=0". Lists are separated by commas; keys may be added at the end.
std::string status_line(const NodeState& node);

// The same line, parsed. Fields are separated by spaces; a value with spaces is in double quotes.
struct StatusLine {
  State state = State::starting;
  std::map<std::string, std::string> fields{};  // all of them, with "state"

  // Empty when there is no such field.
  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  }
  bool operator==(const StatusLine&) const = default;
};

inline constexpr std::string_view kStatusLinePrefix = "bulkhead: state=";

// Empty when the line has no state. Kernel messages may stand before it on the same line.
std::optional<StatusLine> parse_status_line(std::string_view line);

}  // namespace bulkhead::node_state
