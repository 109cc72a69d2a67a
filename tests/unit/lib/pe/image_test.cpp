#include "lib/pe/image.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/base/hex.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/file.hpp"
#include "tests/support/pe_builder.hpp"

using namespace bulkhead;
using bulkhead::testing::make_pe;

TEST_CASE("sections of a PE file are found by name") {
  const std::string file = make_pe({{".cmdline", "roothash=1"}, {".osrel", "ID=bulkhead\n"}});
  const auto image = pe::parse(as_bytes(file));
  REQUIRE(image);
  CHECK(image->machine == pe::kMachineX8664);
  CHECK(image->subsystem == pe::kSubsystemEfiApplication);
  REQUIRE(image->sections.size() == 2);
  CHECK(as_text(pe::section(as_bytes(file), *image, ".cmdline").value()) == "roothash=1");
  CHECK(as_text(pe::section(as_bytes(file), *image, ".osrel").value()) == "ID=bulkhead\n");
  CHECK(image->certificates_size == 0);
}

TEST_CASE("a section that is missing or there twice has no content") {
  const std::string file = make_pe({{".cmdline", "a"}, {".cmdline", "b"}});
  const auto image = pe::parse(as_bytes(file));
  REQUIRE(image);
  CHECK(pe::section(as_bytes(file), *image, ".linux").error().code == ErrorCode::not_found);
  CHECK(pe::section(as_bytes(file), *image, ".cmdline").error().code == ErrorCode::data_loss);
}

TEST_CASE("a PE file cut anywhere is an error or has all of its sections") {
  const std::string file = make_pe({{".cmdline", "roothash=1"}, {".osrel", "ID=bulkhead\n"}});
  const std::size_t needed = file.find("ID=bulkhead\n") + 12;
  for (std::size_t length = 0; length < file.size(); ++length) {
    const auto image = pe::parse(as_bytes(file).first(length));
    CHECK(image.has_value() == (length >= needed));
  }
}

TEST_CASE("fields that point out of the file are refused") {
  const std::string good = make_pe({{".cmdline", "roothash=1"}});
  // Offset of the PE header, optional header size, number of sections, raw offset and raw size of the section.
  for (const std::size_t at : {0x3cU, 0x80U + 20U, 0x80U + 6U}) {
    std::string bad = good;
    bad.replace(at, 2, "\xff\xff");
    CHECK_FALSE(pe::parse(as_bytes(bad)));
  }
  const std::size_t section = good.find(".cmdline");
  std::string bad = good;
  bad.replace(section + 20, 4, "\xff\xff\xff\xff");
  CHECK_FALSE(pe::parse(as_bytes(bad)));
}

TEST_CASE("a real EFI program is read as objdump reads it") {
  const sys::Path stub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
  if (!sys::exists(stub)) SKIP("needs the package systemd-boot-efi");
  const std::string file = sys::read_file(stub).value();
  const auto image = pe::parse(as_bytes(file));
  REQUIRE(image);
  CHECK(image->find(".text") != nullptr);
  const auto sbat = pe::section(as_bytes(file), *image, ".sbat");
  REQUIRE(sbat);
  CHECK(as_text(*sbat).starts_with("sbat,1,"));
  CHECK(as_text(*sbat).ends_with("\n"));
}
