#include "tests/support/booted_node.hpp"

#include <algorithm>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/file_lock.hpp"
#include "lib/vm/var_store.hpp"
#include "tests/support/must.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// Raise it when states are made in another way than before.
constexpr int kFormat = 1;
// About 400 MiB each. States of older images are used by checkouts of other commits.
constexpr std::size_t kStatesKept = 6;

sys::Path states_directory() {
  sys::Path directory = cache_directory() / "vm-states";
  must(sys::create_directories(directory));
  return directory;
}

using Forwards = std::vector<vm::PortForward>;

vm::MachineSpec machine(const BootedSpec& spec, const std::string& user_data, vm::UefiBoot boot, std::uint16_t port,
                        const Forwards& forwards = {}) {
  vm::MachineSpec result =
      node_machine({.user_data = user_data, .api_port = port, .network = {.forwards = forwards, .restricted = true}});
  result.boot = std::move(boot);
  result.disks = {{.image = image_directory(spec.variant) / "disk.img", .size = kScratchDiskSize}};
  return result;
}

// Everything that decides what a state is: the image, the settings, the machine, and what emulates it.
std::string state_name(const BootedSpec& spec) {
  const vm::UefiBoot boot = must(vm::existing_variable_store("variables"));
  crypto::Sha256Stream digest;
  digest.update(std::format("{}\n{}\n", kFormat, spec.settings.dump()));
  digest.update(must(sys::read_file(image_directory(spec.variant) / "manifest.json")));
  digest.update(must(crypto::sha256_file(boot.code)).to_string());
  digest.update(must(sys::run_checked({.arguments = {"qemu-system-x86_64", "--version"}})));
  for (const std::string& line : must(vm::seen_by_guest(machine(spec, "", boot, 0)))) digest.update(line + "\n");
  return spec.variant + "-" + digest.finish().to_string().substr(0, 16);
}

// With the lock of this state held: what stands half-made was left by a test that was killed.
void make_state(const BootedSpec& spec, const sys::Path& target) {
  const std::string half_made_name = ".new-" + target.filename().native() + "-";
  for (const sys::Path& path : must(sys::list_directory(target.parent_path()))) {
    if (path.filename().native().starts_with(half_made_name)) must(sys::remove_all(path));
  }
  sys::TempDir half_made = must(sys::TempDir::create(target.parent_path(), half_made_name));
  const sys::Path& directory = half_made.path();
  const std::uint16_t port = free_port();
  must(sys::create_directories(directory / "operator"));
  Operator::make_certificates(directory / "operator");
  const Operator outside(port, directory / "operator");
  json settings = spec.settings;
  settings["api"] = outside.api_settings();
  const std::string user_data = json{{"settings", settings}}.dump();
  must(sys::write_file_atomically(directory / "user-data", user_data));
  const vm::UefiBoot boot =
      must(vm::create_variable_store(directory / "variables.fd", must(vm::certificates_in(key_directory()))));

  Node node(must(vm::Machine::start(machine(spec, user_data, boot, port), node_start_options(target.filename()))));
  node.wait_until_ready();
  wait_for_answer(node, outside);
  must(sys::write_file_atomically(directory / "console", node.console().raw()));
  must(node.machine().save(directory / "machine"));
  must(half_made.commit(target));
}

// Only the states that were used last stay. A machine that runs has its files open, and one that is just starting is
// among the newest.
void prune(const sys::Path& directory) {
  std::vector<sys::Path> states;
  for (const sys::Path& path : must(sys::list_directory(directory))) {
    if (!path.filename().native().starts_with('.')) states.push_back(path);
  }
  std::ranges::sort(states, std::ranges::greater(),
                    [](const sys::Path& path) { return std::filesystem::last_write_time(path); });
  for (std::size_t i = kStatesKept; i < states.size(); ++i) must(sys::remove_all(states[i]));
}

// The state's directory; made now if there is none, by one test at a time.
sys::Path state_of(const BootedSpec& spec) {
  const sys::Path directory = states_directory();
  const sys::Path state = directory / state_name(spec);
  const sys::FileLock lock = must(sys::FileLock::acquire(directory / (".lock-" + state.filename().native())));
  if (!sys::exists(state)) make_state(spec, state);
  std::filesystem::last_write_time(state, std::filesystem::file_time_type::clock::now());
  prune(directory);
  return state;
}

Node restored(const sys::Path& state, const BootedSpec& spec, const std::string& name, const Forwards& forwards,
              const sys::Path& variables, std::uint16_t port) {
  const std::string user_data = must(sys::read_file(state / "user-data"));
  const vm::UefiBoot boot = must(vm::existing_variable_store(variables));
  return Node(must(vm::Machine::restore(machine(spec, user_data, boot, port, forwards), state / "machine",
                                        node_start_options(name))));
}

}  // namespace

BootedNode::BootedNode(const BootedSpec& spec, const std::string& name, const std::vector<vm::PortForward>& forwards)
    : BootedNode(state_of(spec), spec, name, forwards, free_port()) {}

BootedNode::BootedNode(const sys::Path& state, const BootedSpec& spec, const std::string& name,
                       const std::vector<vm::PortForward>& forwards, std::uint16_t port)
    : directory_(must(sys::TempDir::create("/var/tmp", "bulkhead-booted-"))),
      outside_(port, state / "operator"),
      boot_console_(must(sys::read_file(state / "console"))),
      node_(restored(state, spec, name, forwards, directory_.path() / "variables.fd", port)) {}

BootedSpec configured_spec() {
  return {.settings = {{"motd", "configured from outside"},
                       {"network", {{"hostname", "node-7"}}},
                       {"ntp", {{"time-servers", {"10.0.2.9"}}}},
                       {"kernel", {{"sysctl", {{"vm.max_map_count", "262144"}}}}}}};
}

BootedDisk::BootedDisk(const BootedSpec& spec) : BootedDisk(state_of(spec), free_port()) {}

BootedDisk::BootedDisk(const sys::Path& state, std::uint16_t port)
    : port_(port), outside_(port, state / "operator"), disk_(ScratchDisk::of_saved(state / "machine")) {}

json wait_for_answer(Node& node, const Operator& outside, std::chrono::seconds limit) {
  const vm::Deadline deadline = vm::after(limit);
  for (;;) {
    const sys::Output output = outside.apiclient({"--json", "status"});
    if (output.exit_status == 0) return json::parse(output.out);
    INFO(output.err);
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    must(node.machine().run_until(vm::after(2s)));
  }
}

}  // namespace bulkhead::testing
