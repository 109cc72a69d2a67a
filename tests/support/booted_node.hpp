// Nodes that are up already, for tests that are not about booting: each goes on from a saved state of its own image
// (lib/vm/saved_state.hpp), which the first test that wants it makes and the cache keeps.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "tests/support/node.hpp"
#include "tests/support/operator.hpp"

namespace bulkhead::testing {

// A node after its first boot with these settings and what an operator outside needs. Tests with equal values share
// the state, and nothing else: what one does, no other one sees. The node's clock stands where it was saved.
struct BootedSpec {
  std::string variant = "kvm";
  nlohmann::json settings = nlohmann::json::object();
};

class BootedNode {
 public:
  // `name` names the console's log. `forwards` are further ports of the node, for this test alone.
  BootedNode(const BootedSpec& spec, const std::string& name, const std::vector<vm::PortForward>& forwards = {});

  Node& node() { return node_; }
  vm::Machine& machine() { return node_.machine(); }
  const Operator& outside() const { return outside_; }
  // What it printed while it booted; node().console() starts with the test.
  const std::string& boot_console() const { return boot_console_; }

 private:
  BootedNode(const sys::Path& state, const BootedSpec& spec, const std::string& name,
             const std::vector<vm::PortForward>& forwards, std::uint16_t port);

  sys::TempDir directory_;  // the firmware's variables
  Operator outside_;
  std::string boot_console_;
  Node node_;
};

// What tests about one node's settings start from.
BootedSpec configured_spec();

// The disk of a node that had booted, as a power cut right then would leave it.
class BootedDisk {
 public:
  explicit BootedDisk(const BootedSpec& spec);

  const ScratchDisk& disk() const { return disk_; }
  // The same operator, once a machine with this disk has a forward of this port.
  const Operator& outside() const { return outside_; }
  std::uint16_t port() const { return port_; }

 private:
  BootedDisk(const sys::Path& state, std::uint16_t port);

  std::uint16_t port_;
  Operator outside_;
  ScratchDisk disk_;
};

// Asks until somebody answers: a node that restarts, or whose network was taken away. Its status.
nlohmann::json wait_for_answer(Node& node, const Operator& outside, std::chrono::seconds limit = kBootTime);

}  // namespace bulkhead::testing
