// Real QEMU with a guest of 512 bytes, so that starting, waiting and killing are tested within a second each.
#include "lib/vm/machine.hpp"

#include <catch2/catch_test_macros.hpp>
#include <signal.h>

#include "lib/base/hex.hpp"
#include "lib/vm/accelerator.hpp"

namespace bulkhead::vm {
namespace {

using namespace std::chrono_literals;

constexpr auto kLimit = 300s;  // not an expectation: QEMU needs a second, on a machine that is not busy

// A boot sector that prints "hello" and a newline on the first serial port, then echoes what it receives; 'q' resets
// the machine.
constexpr unsigned char kEcho[] = {0xfa, 0x31, 0xc0, 0x8e, 0xd8,        // cli; xor ax,ax; mov ds,ax
                                   0xbe, 0x29, 0x7c,                    // mov si, message
                                   0xac, 0x84, 0xc0, 0x74, 0x06,        // next: lodsb; test al,al; jz read
                                   0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5,  // mov dx,0x3f8; out dx,al; jmp next
                                   0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01,  // read: mov dx,0x3fd; in al,dx; test al,1
                                   0x74, 0xf8,                          // jz read
                                   0xba, 0xf8, 0x03, 0xec, 0xee,        // mov dx,0x3f8; in al,dx; out dx,al
                                   0x3c, 'q',  0x75, 0xef,              // cmp al,'q'; jne read
                                   0xb0, 0xfe, 0xe6, 0x64, 0xf4,        // mov al,0xfe; out 0x64,al; hlt
                                   'h',  'e',  'l',  'l',  'o',  '\r', '\n', 0};

sys::Path echo_disk(const sys::Path& directory) {
  std::string disk(std::size_t{1} << 20U, '\0');
  disk.replace(0, sizeof(kEcho), reinterpret_cast<const char*>(kEcho), sizeof(kEcho));
  disk[510] = '\x55';
  disk[511] = '\xaa';
  const sys::Path path = directory / "echo.img";
  REQUIRE(sys::write_file_atomically(path, disk));
  return path;
}

struct Bench {
  sys::TempDir directory = *sys::TempDir::create(std::filesystem::temp_directory_path(), "vm-test-");
  MachineSpec spec;

  Bench() {
    spec.boot = BiosBoot{};
    spec.disks = {Disk{.image = echo_disk(directory.path())}};
    spec.accelerator = Accelerator::tcg;
    spec.memory = std::uint64_t{64} << 20U;
    spec.network = std::nullopt;
  }
  Result<Machine> start() const { return Machine::start(spec, {.cache_directory = directory.path()}); }
};

TEST_CASE("a machine prints, answers what is typed, and ends when its power is cut") {
  const Bench bench;
  Result<Machine> machine = bench.start();
  REQUIRE(machine);
  CHECK(machine->wait_for_line(Pattern::text("hello"), after(kLimit)));
  CHECK(machine->status() == "running");
  REQUIRE(machine->type("abc"));
  CHECK(machine->wait_for_prompt("abc", after(kLimit)));
  REQUIRE(machine->cut_power());
  CHECK(machine->ended());
}

TEST_CASE("a reset by the guest is seen as an event, and the guest starts again") {
  const Bench bench;
  Result<Machine> machine = bench.start();
  REQUIRE(machine);
  REQUIRE(machine->wait_for_line(Pattern::text("hello"), after(kLimit)));
  REQUIRE(machine->type("q"));
  CHECK(machine->wait_for_event("RESET", after(kLimit)));
  CHECK(machine->wait_for_line(Pattern::text("hello"), after(kLimit)));
}

TEST_CASE("a reset ends a machine that is told to end then, and a wait for anything else fails at once") {
  Bench bench;
  bench.spec.on_reset = OnReset::end;
  Result<Machine> machine = bench.start();
  REQUIRE(machine);
  REQUIRE(machine->wait_for_line(Pattern::text("hello"), after(kLimit)));
  REQUIRE(machine->type("q"));
  const auto line = machine->wait_for_line(Pattern::text("never"), after(kLimit));
  REQUIRE_FALSE(line);
  CHECK(line.error().message.contains("ended with status 0"));
  CHECK(line.error().message.contains("hello"));
}

TEST_CASE("a wait that finds nothing shows the console") {
  const Bench bench;
  Result<Machine> machine = bench.start();
  REQUIRE(machine);
  REQUIRE(machine->wait_for_line(Pattern::text("hello"), after(kLimit)));
  const auto line = machine->wait_for_line(Pattern::text("never"), after(10ms));
  REQUIRE_FALSE(line);
  CHECK(line.error().code == ErrorCode::unavailable);
  CHECK(line.error().message.contains("hello"));
}

TEST_CASE("a machine does not outlive its owner") {
  const Bench bench;
  pid_t pid = 0;
  {
    Result<Machine> machine = bench.start();
    REQUIRE(machine);
    pid = machine->pid();
    CHECK(::kill(pid, 0) == 0);
  }
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("an image that another machine writes to is refused, and so is one that does not exist") {
  Bench bench;
  SECTION("in use") {
    bench.spec.disks[0].snapshot = false;
    const Result<Machine> first = bench.start();
    REQUIRE(first);
    const Result<Machine> second = bench.start();
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::aborted);
    CHECK(second.error().message.contains("in use"));
    CHECK_FALSE(second.error().hint.empty());
  }
  SECTION("missing") {
    bench.spec.disks[0].image = bench.directory.path() / "none.img";
    CHECK(bench.start().error().code == ErrorCode::not_found);
  }
}

TEST_CASE("two machines share an image when both write to snapshots, and the image stays as it was") {
  const Bench bench;
  const Result<Machine> first = bench.start();
  const Result<Machine> second = bench.start();
  CHECK(first);
  CHECK(second);
}

TEST_CASE("a taken port is named") {
  Bench first;
  first.spec.network = Network{.forwards = {{.host = 0, .guest = 80}}};
  Result<Machine> machine = first.start();
  REQUIRE(machine);
  // Which port the kernel chose stands in "info usernet": "TCP[HOST_FORWARD]  12  127.0.0.1 34567 …".
  const auto answer = machine->execute("human-monitor-command", {{"command-line", "info usernet"}});
  REQUIRE(answer);
  const std::string text = answer->get<std::string>();
  constexpr std::string_view kAddress = " 127.0.0.1 ";
  const std::size_t found = text.find(kAddress, text.find("HOST_FORWARD]"));
  REQUIRE(found != std::string::npos);
  const int port = std::stoi(text.substr(found + kAddress.size()));

  Bench second;
  second.spec.network = Network{.forwards = {{.host = static_cast<std::uint16_t>(port), .guest = 80}}};
  const Result<Machine> refused = second.start();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::aborted);
  CHECK(refused.error().message.contains("port"));
}

TEST_CASE("a machine with a TPM starts with it") {
  Bench bench;
  bench.spec.tpm = true;
  Result<Machine> machine = bench.start();
  REQUIRE(machine);
  CHECK(machine->wait_for_line(Pattern::text("hello"), after(kLimit)));
}

TEST_CASE("the probe's guest runs to its end where guests work") { CHECK(probe(Accelerator::tcg) == true); }

TEST_CASE("a decision about the accelerator is remembered for this boot of the host") {
  if (!sys::exists("/dev/kvm")) SKIP("no /dev/kvm here: there is nothing to decide");
  const Bench bench;
  const auto chosen = choose_accelerator(Accelerator::automatic, bench.directory.path());
  REQUIRE(chosen);
  CHECK(chosen == (*probe(Accelerator::kvm) ? Accelerator::kvm : Accelerator::tcg));
  const auto remembered = sys::read_file(bench.directory.path() / "accelerator");
  REQUIRE(remembered);
  CHECK(remembered->ends_with(std::format(" {}\n", to_string(*chosen))));

  const Accelerator other = *chosen == Accelerator::kvm ? Accelerator::tcg : Accelerator::kvm;
  const std::string boot = remembered->substr(0, remembered->find(' '));
  REQUIRE(sys::write_file_atomically(bench.directory.path() / "accelerator",
                                     std::format("{} {}\n", boot, to_string(other))));
  CHECK(choose_accelerator(Accelerator::automatic, bench.directory.path()) == other);
  REQUIRE(sys::write_file_atomically(bench.directory.path() / "accelerator", "another-boot kvm\n"));
  CHECK(choose_accelerator(Accelerator::automatic, bench.directory.path()) == chosen);
}

}  // namespace
}  // namespace bulkhead::vm
