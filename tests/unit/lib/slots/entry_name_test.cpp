#include "lib/slots/entry_name.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::slots;

TEST_CASE("the name of an entry tells version and tries") {
  CHECK(EntryName::parse("bulkhead_0.2.0.efi").value() ==
        EntryName{.version = Version::parse("0.2.0").value(), .tries = std::nullopt});
  CHECK(EntryName::parse("bulkhead_0.2.0+3.efi").value().tries == Tries{.left = 3, .done = 0});
  CHECK(EntryName::parse("\\EFI\\Linux\\bulkhead_0.2.0-rc.1+1-2.efi").value() ==
        EntryName{.version = Version::parse("0.2.0-rc.1").value(), .tries = Tries{.left = 1, .done = 2}});
}

TEST_CASE("what the builder writes is what the node reads") {
  for (const char* version : {"0.1.0", "10.20.30", "1.2.3-rc.1"}) {
    for (const std::optional<Tries> tries :
         {std::optional<Tries>(), std::optional(Tries{.left = 3}), std::optional(Tries{.left = 0, .done = 3})}) {
      const EntryName written{.version = Version::parse(version).value(), .tries = tries};
      CHECK(EntryName::parse(written.file_name()) == written);
      CHECK(EntryName::parse(written.esp_path()) == written);
    }
  }
  CHECK(EntryName{.version = Version::parse("0.1.0").value(), .tries = Tries{.left = 3}}.esp_path() ==
        "EFI/Linux/bulkhead_0.1.0+3.efi");
}

TEST_CASE("an entry's file name is read back as it was") {
  for (const char* name : {"bulkhead_1.2.3.efi", "bulkhead_1.2.3+3.efi", "bulkhead_1.2.3-rc.1+0-3.efi"}) {
    CHECK(EntryName::parse(name).value().file_name() == name);
  }
}

TEST_CASE("names of others and damaged names are not ours") {
  for (const char* name : {"", "bulkhead_.efi", "bulkhead_1.2.efi", "windows.efi", "bulkhead_1.2.3",
                           "bulkhead_1.2.3+.efi", "bulkhead_1.2.3+3-.efi", "bulkhead_1.2.3+-1.efi",
                           "bulkhead_1.2.3+99999.efi", "bulkhead_1.2.3+3-1-1.efi", "auto-reboot-to-firmware-setup"}) {
    CHECK(!EntryName::parse(name));
  }
  CHECK(!EntryName::parse("bulkhead_1.2.3" + std::string(300, '0') + ".efi"));
}
