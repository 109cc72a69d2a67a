// A model of what whoever defines the machine may do to a boot, at random: systemd-stub's rule for the command line,
// and disks with any UUIDs beside ours. Whatever it is, the system that starts is the signed one, on the disk that was
// started from.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <random>

#include "node/init/command_line.hpp"
#include "node/init/slot.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::init;
using bulkhead::testing::must;
using gpt::PartitionUuid;

namespace {

constexpr unsigned kSeeds = 2000;

const std::string kSignedHash = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";
const std::string kSigned =
    "roothash=" + kSignedHash + " dm_verity.require_signatures=1 lockdown=integrity panic=10 quiet";

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_); }
  bool rarely() { return below(8) == 0; }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  std::mt19937 engine_;
};

std::string random_word(Random& random) {
  static const std::vector<std::string> kNames = {"roothash",
                                                  "root-hash",
                                                  "ROOTHASH",
                                                  "systemd.verity_root_data",
                                                  "systemd.verity_root_hash",
                                                  "rootwait",
                                                  "panic",
                                                  "init",
                                                  "rdinit",
                                                  "lsm",
                                                  "lockdown",
                                                  "dm_verity.require_signatures",
                                                  "dm-verity.require_signatures",
                                                  "systemd.unit",
                                                  "systemd.log_level",
                                                  "systemd.show_status",
                                                  "systemd.set_credential",
                                                  "systemd.import_credentials",
                                                  "enforcing",
                                                  "quiet",
                                                  "module.sig_enforce",
                                                  "\"systemd.log_level",
                                                  "x\"y",
                                                  "--",
                                                  ""};
  static const std::vector<std::string> kValues = {"",
                                                   "=",
                                                   "=0",
                                                   "=1",
                                                   "=debug",
                                                   "=info",
                                                   "=auto",
                                                   "=\"debug\"",
                                                   "=debug roothash=0",
                                                   "=/dev/vdb2",
                                                   "=PARTUUID=00112233-4455-6677-8899-aabbccddeeff",
                                                   "=" + kSignedHash,
                                                   "=\"a",
                                                   "=none",
                                                   "=/var/x",
                                                   "=debug\tinit=/x",
                                                   "=\n"};
  return random.one_of(kNames) + random.one_of(kValues);
}

// As systemd-stub and the kernel make it: the signed text, and after it what was added.
std::string random_command_line(Random& random) {
  std::string text = kSigned;
  const std::size_t words = random.below(5);
  for (std::size_t i = 0; i < words; ++i) text += " " + random_word(random);
  if (random.rarely()) text.erase(random.below(text.size()), 1 + random.below(4));
  if (random.rarely()) text.insert(random.below(text.size()), " " + random_word(random) + " ");
  return text + "\n";
}

bool is_harmless_addition(const std::string& text) {
  std::string rest = text.substr(std::min(kSigned.size(), text.size()));
  return text.starts_with(kSigned) && !rest.contains("init") && !rest.contains("hash") && !rest.contains("lsm") &&
         !rest.contains("lockdown") && !rest.contains("sign") && !rest.contains("sig_") &&
         !rest.contains("credential") && !rest.contains("unit") && !rest.contains("panic") && !rest.contains("root") &&
         !rest.contains("enforc") && !rest.contains('"');
}

PartitionUuid numbered(std::size_t number) {
  return must(PartitionUuid::parse(std::format("00000000-0000-0000-0000-{:012}", number)));
}

}  // namespace

TEST_CASE("no added word reaches a boot but the harmless ones, for many seeds") {
  unsigned accepted = 0;
  unsigned refused = 0;
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const std::string text = random_command_line(random);
    INFO("seed " << seed << ": " << text);
    if (const auto checked = check_command_line(text, kSigned)) {
      ++accepted;
      CHECK(is_harmless_addition(text));
      // What is read is the signed text, whatever the other one says.
      CHECK(must(parse_command_line(kSigned)).root_hash.to_string() == kSignedHash);
    } else {
      ++refused;
      CHECK_FALSE(checked.error().message.empty());
    }
  }
  CHECK(accepted > kSeeds / 20);
  CHECK(refused > kSeeds / 20);
}

TEST_CASE("no disk but the one that was started from is ever chosen, for many seeds") {
  const PartitionUuid esp = numbered(1);
  const PartitionName data{.uuid = numbered(2), .device = {}};
  const PartitionName hash{.uuid = numbered(3), .device = {}};
  unsigned chosen = 0;
  unsigned refused = 0;
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    std::vector<std::vector<Partition>> disks;
    const std::size_t count = random.below(5);
    unsigned started_from = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<Partition> disk;
      const std::size_t partitions = random.below(8);
      for (std::size_t number = 1; number <= partitions; ++number) {
        Partition made;
        made.disk.name = std::format("vd{}", static_cast<char>('a' + i));
        made.device.name = made.disk.name + std::to_string(number);
        made.type = numbered(10 + random.below(6));
        made.uuid = numbered(random.rarely() ? random.below(9) : number);  // mostly like ours
        if (number == 1 && i != seed % 5) made.uuid = numbered(random.rarely() ? 1 : 100 + i);
        disk.push_back(made);
      }
      if (std::ranges::contains(disk, esp, &Partition::uuid)) ++started_from;
      disks.push_back(std::move(disk));
    }
    INFO("seed " << seed);
    const auto slot = choose_slot(disks, esp, data, hash);
    if (!slot) {
      ++refused;
      CHECK(started_from > 1);
      continue;
    }
    CHECK(started_from <= 1);
    if (!*slot) continue;
    ++chosen;
    CHECK(std::ranges::contains((*slot)->siblings, esp, &Partition::uuid));
    for (const Partition& sibling : (*slot)->siblings) CHECK(sibling.disk.name == (*slot)->data.disk.name);
    CHECK((*slot)->hash.disk.name == (*slot)->data.disk.name);
  }
  CHECK(chosen > kSeeds / 20);
  CHECK(refused > kSeeds / 50);
}
