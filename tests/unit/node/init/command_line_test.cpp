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

TEST_CASE("a word of ours that is there twice is an error, whatever it says") {
  for (const std::string& word : {"roothash=" + kHash, std::string("dm_verity.require_signatures=1"),
                                  std::string("systemd.verity_root_data=/dev/vda2"), std::string("rootwait=5")}) {
    const auto request = parse_command_line(kRootHash + " " + word + " " + word);
    REQUIRE(!request);
    CHECK(request.error().describe().contains("twice"));
  }
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

TEST_CASE("the kernel's command line is the signed one, and what is added is harmless") {
  const std::string ours = kRootHash + " dm_verity.require_signatures=1 panic=10 systemd.gpt_auto=0";
  CHECK(check_command_line(ours, ours));
  CHECK(check_command_line(ours + "\n", ours));
  CHECK(check_command_line(ours + "  systemd.log_level=debug systemd.show_status=yes", ours));
  // What SMBIOS strings and add-ons could say.
  for (const std::string& added : {std::string("roothash=") + std::string(64, '0'),
                                   "roothash=" + kHash,
                                   std::string("rdinit=/bin/sh"),
                                   std::string("init=/var/x"),
                                   std::string("lsm="),
                                   std::string("enforcing=0"),
                                   std::string("lockdown=none"),
                                   std::string("dm_verity.require_signatures=0"),
                                   std::string("dm-verity.require_signatures=0"),
                                   std::string("systemd.unit=rescue.target"),
                                   std::string("systemd.import_credentials=yes"),
                                   std::string("systemd.set_credential=a:b"),
                                   std::string("systemd.log_level"),
                                   std::string("systemd.log_level=x"),
                                   std::string("systemd.log_level=debug systemd.log_level=info"),
                                   std::string("systemd.log_target=kmsg"),
                                   std::string("panic=0"),
                                   std::string("quiet"),
                                   std::string("single"),
                                   std::string("1"),
                                   std::string("--"),
                                   std::string("\"systemd.log_level=debug\""),
                                   std::string("systemd.log_level=\"debug\""),
                                   std::string("systemd.log_level=debug\xa0init=/x"),
                                   std::string("module.sig_enforce=0"),
                                   std::string("x")}) {
    INFO(added);
    const auto checked = check_command_line(ours + " " + added, ours);
    REQUIRE(!checked);
    CHECK(checked.error().code == ErrorCode::permission_denied);
    CHECK_FALSE(checked.error().hint.empty());
  }
  for (const std::string& other : {"roothash=" + kHash + " " + ours, ours.substr(0, ours.size() - 2), std::string(),
                                   kRootHash, ours.substr(6), "systemd.log_level=debug " + ours})
    CHECK_FALSE(check_command_line(other, ours));
}

TEST_CASE("parameters of a module reach it, and no other") {
  const std::string line =
      "quiet dm_verity.require_signatures=1 dm-verity.x=\"a b\" dm_verity_2.y=1 dm_verity= loop.max_loop=0";
  CHECK(module_parameters(line, "dm_verity") == "require_signatures=1 x=\"a b\"");
  CHECK(module_parameters(line, "dm-verity") == "require_signatures=1 x=\"a b\"");
  CHECK(module_parameters(line, "loop") == "max_loop=0");
  CHECK(module_parameters(line, "erofs").empty());
}
