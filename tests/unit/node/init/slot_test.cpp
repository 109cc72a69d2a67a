#include "node/init/slot.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/base/hex.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::init;
using bulkhead::testing::must;
using gpt::PartitionUuid;
using Disk = std::vector<Partition>;

namespace {

PartitionUuid uuid(char digit) {
  std::string text = "00000000-0000-0000-0000-000000000000";
  text.back() = digit;
  return must(PartitionUuid::parse(text));
}

constexpr char kEspDigit = '1';
constexpr char kRootDigit = '2';
constexpr char kTreeDigit = '3';

Partition partition(const std::string& disk, unsigned number, char id) {
  Partition made;
  made.device.name = disk + std::to_string(number);
  made.device.partition_number = number;
  made.disk.name = disk;
  made.uuid = uuid(id);
  return made;
}

Disk disk(const std::string& name, std::string_view ids) {
  Disk made;
  for (const char id : ids) made.push_back(partition(name, static_cast<unsigned>(made.size() + 1), id));
  return made;
}

auto choose(const std::vector<Disk>& disks) {
  return choose_slot(disks, uuid(kEspDigit), {.uuid = uuid(kRootDigit), .device = {}},
                     {.uuid = uuid(kTreeDigit), .device = {}});
}

std::vector<std::byte> variable(std::uint8_t attributes, std::string_view text) {
  std::vector<std::byte> bytes{std::byte{attributes}, {}, {}, {}};
  for (const char c : text) {
    bytes.push_back(static_cast<std::byte>(c));
    bytes.push_back({});
  }
  bytes.resize(bytes.size() + 2);
  return bytes;
}

constexpr std::uint8_t kVolatile = 6;  // for boot services and at runtime

}  // namespace

TEST_CASE(
    "the system is on the disk that the firmware started from, whatever others claim and in which order they come") {
  const Disk ours = disk("vdb", "1234");
  const Disk foreign = disk("vda", "923");  // our root's names, another ESP
  for (const auto& disks : {std::vector{foreign, ours}, {ours, foreign}, {disk("sda", ""), ours}}) {
    const auto slot = must(choose(disks));
    REQUIRE(slot);
    CHECK(slot->data.device.name == "vdb2");
    CHECK(slot->hash.device.name == "vdb3");
    CHECK(slot->siblings.size() == 4);
  }
}

TEST_CASE("without that disk, or a part of the slot on it, nothing is chosen") {
  CHECK_FALSE(must(choose({})));
  CHECK_FALSE(must(choose({disk("vda", "923")})));
  CHECK_FALSE(must(choose({disk("vda", "12"), disk("vdb", "923")})));
}

TEST_CASE("a copy of the disk beside it is refused, complete or not") {
  for (const auto& disks : {std::vector{disk("vda", "123"), disk("vdb", "123")},
                            {disk("vda", "123"), disk("vdb", "1")},
                            {disk("vda", "1"), disk("vdb", "123")}}) {
    const auto chosen = choose(disks);
    REQUIRE_FALSE(chosen);
    CHECK(chosen.error().code == ErrorCode::permission_denied);
    CHECK(chosen.error().message.contains("vda and vdb"));
  }
}

TEST_CASE("the variable counts only when this boot has made it") {
  const std::string text = uuid(kEspDigit).to_string();
  CHECK(parse_esp_variable(variable(kVolatile, text)) == uuid(kEspDigit));
  CHECK(parse_esp_variable(variable(kVolatile | 1U, text)).error().code == ErrorCode::permission_denied);
  CHECK_FALSE(parse_esp_variable({}));
  CHECK_FALSE(parse_esp_variable(variable(kVolatile, "")));
  CHECK_FALSE(parse_esp_variable(variable(kVolatile, text.substr(1))));
  CHECK_FALSE(parse_esp_variable(variable(kVolatile, text + '\0' + text)));
}
