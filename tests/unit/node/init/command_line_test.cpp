#include "node/init/command_line.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::init;
using namespace std::chrono_literals;

namespace {

const std::string kHash = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";
const std::string kRootHash = "quiet roothash=" + kHash;

}  // namespace

TEST_CASE("both partitions are named by the halves of the root hash") {
  const auto request = parse_command_line(kRootHash + " console=ttyS0\n");
  REQUIRE(request);
  CHECK(request->root_hash.to_string() == kHash);
  CHECK(request->data.to_string() == "PARTUUID=00112233-4455-6677-8899-aabbccddeeff");
  CHECK(request->hash.to_string() == "PARTUUID=01234567-89ab-cdef-0123-456789abcdef");
  CHECK(!request->signature_required);
  CHECK(request->device_timeout == 60s);
}

TEST_CASE("explicit partitions take the place of discovered ones") {
  const auto request = parse_command_line(
      kRootHash +
      " systemd.verity_root_data=/dev/vda2 systemd.verity_root_hash=PARTUUID=00112233-4455-6677-8899-AABBCCDDEEFF");
  REQUIRE(request);
  CHECK(request->data.to_string() == "/dev/vda2");
  CHECK(request->hash.to_string() == "PARTUUID=00112233-4455-6677-8899-aabbccddeeff");
}

TEST_CASE("without a whole root hash there is no boot") {
  CHECK(!parse_command_line(""));
  CHECK(!parse_command_line("quiet"));
  CHECK(!parse_command_line("roothash"));
  CHECK(!parse_command_line("roothash="));
  CHECK(!parse_command_line("xroothash=" + kHash));
  CHECK(!parse_command_line("roothash=" + kHash.substr(1)));
  CHECK(!parse_command_line("roothash=" + kHash + "0"));
  CHECK(!parse_command_line("roothash=" + kHash.substr(1) + "g"));
}

TEST_CASE("the last of several equal words counts, as in the kernel") {
  const auto request = parse_command_line("roothash=bad " + kRootHash +
                                          " dm_verity.require_signatures=0 dm_verity.require_signatures=1");
  REQUIRE(request);
  CHECK(request->signature_required);
}

TEST_CASE("a word inside quotes is part of its value") {
  const auto request = parse_command_line("foo=\"a roothash=0 b\" " + kRootHash);
  REQUIRE(request);
  CHECK(request->root_hash.to_string() == kHash);
  CHECK(parse_command_line("roothash=\"" + kHash + "\""));
}

TEST_CASE("a value that cannot be obeyed is an error that names the word") {
  for (const std::string word :
       {"systemd.verity_root_data=vda2", "systemd.verity_root_data=/dev/../etc/shadow",
        "systemd.verity_root_hash=PARTUUID=1", "dm_verity.require_signatures=yes", "rootwait=soon"}) {
    const auto request = parse_command_line(kRootHash + " " + word);
    REQUIRE(!request);
    CHECK(request.error().describe().starts_with(word.substr(0, word.find('=') + 1)));
  }
}

TEST_CASE("a failure stays readable for as long as panic= says, and never for ever") {
  CHECK(restart_delay("panic=3") == 3s);
  CHECK(restart_delay("panic=-1") == 0s);
  CHECK(restart_delay("panic=0") == 10s);
  CHECK(restart_delay("quiet") == 10s);
  CHECK(restart_delay("panic=soon") == 10s);
  CHECK(restart_delay("panic=999999") == 3600s);
}
