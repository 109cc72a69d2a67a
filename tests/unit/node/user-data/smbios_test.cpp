#include "node/user-data/smbios.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/must.hpp"
#include "tests/unit/node/user-data/smbios_table.hpp"

using namespace bulkhead;
using namespace bulkhead::collect;
using bulkhead::testing::must;
using bulkhead::testing::smbios_structure;
using bulkhead::testing::smbios_table;
using Strings = std::vector<std::string>;

TEST_CASE("the strings of every structure of type 11, and of no other") {
  const std::string table = smbios_structure(0, {"SeaBIOS", "1.16"}) + smbios_structure(11, {"a", "b=c d"}) +
                            smbios_structure(17, {}) + smbios_structure(11, {"e"}) + smbios_structure(127, {});
  CHECK(oem_strings(table) == Strings{"a", "b=c d", "e"});
  CHECK(oem_strings(table + smbios_structure(11, {"behind the end"})) == Strings{"a", "b=c d", "e"});
}

TEST_CASE("a table that is cut off anywhere gives what is before, and nothing else happens") {
  const std::string table = smbios_structure(11, {"first", "second"}) + smbios_structure(11, {"third"});
  for (std::size_t size = 0; size <= table.size(); ++size) CHECK(oem_strings(table.substr(0, size)).size() <= 3);
  CHECK(oem_strings(std::string("\x0b\x00\x00\x00\x00\x00", 6)).empty());
  CHECK(oem_strings(std::string(4096, '\xff')).empty());
}

TEST_CASE("a credential as text and as base64") {
  const auto of = [](Strings strings) { return credential(strings, "x"); };
  CHECK(must(of({"other", "io.systemd.credential:x=a=b"})) == "a=b");
  CHECK(must(of({"io.systemd.credential.binary:x=YQBi"})) == std::string("a\0b", 3));
  CHECK(must(of({"io.systemd.credential:xy=a", "io.systemd.stub.kernel-cmdline-extra=x"})) == std::nullopt);
  CHECK(of({"io.systemd.credential.binary:x=%"}).error().code == ErrorCode::invalid_argument);
  CHECK(of({"io.systemd.credential:x=a", "io.systemd.credential.binary:x=YQ=="}).error().message.contains("two"));
}
