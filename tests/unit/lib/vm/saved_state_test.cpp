// Real QEMU with a guest of 28 bytes, saved while it runs and continued elsewhere.
#include "lib/vm/saved_state.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/vm/machine.hpp"

namespace bulkhead::vm {
namespace {

using namespace std::chrono_literals;

constexpr auto kTransferLimit = 300s;  // not an expectation

// A boot sector that prints ">", and one letter more of the alphabet whenever something is typed.
constexpr unsigned char kAlphabet[] = {
    0xfa, 0xb3, 'a',                     // cli; mov bl,'a'
    0xba, 0xf8, 0x03, 0xb0, '>',  0xee,  // mov dx,0x3f8; mov al,'>'; out dx,al
    0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01,  // next: mov dx,0x3fd; read: in al,dx; test al,1
    0x74, 0xfb,                          // jz read
    0xba, 0xf8, 0x03, 0xec,              // mov dx,0x3f8; in al,dx
    0x88, 0xd8, 0xee, 0xfe, 0xc3,        // mov al,bl; out dx,al; inc bl
    0xeb, 0xed};                         // jmp next

struct SavedBench {
  sys::TempDir directory = *sys::TempDir::create(std::filesystem::temp_directory_path(), "saved-test-");
  MachineSpec spec;
  sys::Path state = directory.path() / "state";

  SavedBench() {
    std::string disk(std::size_t{1} << 20U, '\0');
    disk.replace(0, sizeof(kAlphabet), reinterpret_cast<const char*>(kAlphabet), sizeof(kAlphabet));
    disk[510] = '\x55';
    disk[511] = '\xaa';
    const sys::Path image = directory.path() / "alphabet.img";
    REQUIRE(sys::write_file_atomically(image, disk));
    spec.boot = BiosBoot{};
    spec.disks = {Disk{.image = image}};
    spec.accelerator = Accelerator::tcg;
    spec.memory = std::uint64_t{64} << 20U;
    spec.network = std::nullopt;
  }
  StartOptions options() const { return {.cache_directory = directory.path()}; }

  Machine started() const {
    Result<Machine> machine = Machine::start(spec, options());
    REQUIRE(machine);
    REQUIRE(machine->wait_for_prompt(">", after(kTransferLimit)));
    return *std::move(machine);
  }
  void save() const {
    Machine machine = started();
    REQUIRE(machine.type("x"));
    REQUIRE(machine.wait_for_prompt(">a", after(kTransferLimit)));
    const Result<> saved = machine.save(state);
    INFO((saved ? "" : saved.error().describe()));
    REQUIRE(saved);
    CHECK(machine.ended());
  }
};

TEST_CASE("a saved machine goes on where it was, more than once, without the image that it started from") {
  const SavedBench bench;
  bench.save();
  REQUIRE(sys::remove_all(bench.spec.disks[0].image));
  for (int time = 0; time < 2; ++time) {
    Result<Machine> machine = Machine::restore(bench.spec, bench.state, bench.options());
    INFO((machine ? "" : machine.error().describe()));
    REQUIRE(machine);
    REQUIRE(machine->type("x"));
    CHECK(machine->wait_for_prompt("b", after(kTransferLimit)));
    CHECK(machine->serial().log().raw() == "b");
  }
}

TEST_CASE("two machines go on from one state at the same time, each with a memory of its own") {
  const SavedBench bench;
  bench.save();
  Result<Machine> first = Machine::restore(bench.spec, bench.state, bench.options());
  Result<Machine> second = Machine::restore(bench.spec, bench.state, bench.options());
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(first->type("xx"));
  CHECK(first->wait_for_prompt("bc", after(kTransferLimit)));
  REQUIRE(second->type("x"));
  CHECK(second->wait_for_prompt("b", after(kTransferLimit)));
}

TEST_CASE("a state is not for another machine") {
  SavedBench bench;
  bench.save();
  SECTION("with more memory") { bench.spec.memory *= 2; }
  SECTION("with another bus") { bench.spec.disks[0].bus = DiskBus::nvme; }
  SECTION("with a larger disk") { bench.spec.disks[0].size = std::uint64_t{2} << 20U; }
  SECTION("with something from the firmware") { bench.spec.firmware_files = {{.name = "opt/x", .content = "y"}}; }
  const Result<Machine> machine = Machine::restore(bench.spec, bench.state, bench.options());
  REQUIRE_FALSE(machine);
  CHECK(machine.error().code == ErrorCode::failed_precondition);
  CHECK(machine.error().message.contains("another one"));
}

TEST_CASE("what a guest cannot see may differ") {
  SavedBench bench;
  bench.spec.network = Network{};
  const auto before = seen_by_guest(bench.spec);
  REQUIRE(before);
  bench.spec.network->forwards = {{.host = 1234, .guest = 80}};
  bench.spec.on_reset = OnReset::end;
  bench.spec.disks[0].image = "/elsewhere";
  CHECK(seen_by_guest(bench.spec) == before);
}

TEST_CASE("a state of another QEMU is refused") {
  const SavedBench bench;
  bench.save();
  Result<SavedState> state = SavedState::open(bench.state);
  REQUIRE(state);
  state->qemu["qemu"]["major"] = 1;
  REQUIRE(state->write_record());
  const Result<Machine> machine = Machine::restore(bench.spec, bench.state, bench.options());
  REQUIRE_FALSE(machine);
  CHECK(machine.error().code == ErrorCode::failed_precondition);
  CHECK(machine.error().message.contains("saved by QEMU"));
}

TEST_CASE("a damaged state is an error, not a machine") {
  const SavedBench bench;
  bench.save();
  SECTION("memory") {
    REQUIRE(sys::write_file_atomically(bench.state / "memory", "nothing"));
    CHECK_FALSE(Machine::restore(bench.spec, bench.state, bench.options()));
  }
  SECTION("record") {
    REQUIRE(sys::write_file_atomically(bench.state / "machine.json", "[]"));
    CHECK(SavedState::open(bench.state).error().code == ErrorCode::data_loss);
  }
  SECTION("nothing") { CHECK(SavedState::open(bench.directory.path()).error().code == ErrorCode::not_found); }
}

TEST_CASE("a machine that cannot be saved says so, goes on, and leaves nothing") {
  SavedBench bench;
  SECTION("a TPM") { bench.spec.tpm = true; }
  SECTION("a disk that is written to") { bench.spec.disks[0].snapshot = false; }
  SECTION("a target that exists") { REQUIRE(sys::create_directories(bench.state)); }
  const bool existed = sys::exists(bench.state);
  Machine machine = bench.started();
  CHECK_FALSE(machine.save(bench.state));
  REQUIRE(machine.type("x"));
  CHECK(machine.wait_for_prompt(">a", after(kTransferLimit)));
  CHECK(sys::exists(bench.state) == existed);
}

}  // namespace
}  // namespace bulkhead::vm
