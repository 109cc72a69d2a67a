#include "os-builder/inspect/signer.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/pe_builder.hpp"
#include "tests/unit/os-builder/inspect/fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::testing;

TEST_CASE_METHOD(Built, "the signer of a program is named") {
  const std::string bytes = must(sys::read_file(original() / "boot.efi"));
  const auto signer = inspect::signer_of(as_bytes(bytes), must(pe::parse(as_bytes(bytes))));
  REQUIRE(signer);
  CHECK(*signer == must(crypto::Certificate::load(test_keys().signature_db.certificate)));
}

TEST_CASE("a program without a signature has no signer") {
  const std::string bytes = make_pe({{".text", "code"}});
  CHECK(inspect::signer_of(as_bytes(bytes), must(pe::parse(as_bytes(bytes)))).error().code == ErrorCode::not_found);
}

TEST_CASE_METHOD(Built, "a damaged signature table is data loss or still names the signer") {
  const std::string good = must(sys::read_file(original() / "boot.efi"));
  const pe::Image image = must(pe::parse(as_bytes(good)));
  for (std::size_t i = 0; i < image.certificates_size; ++i) {
    std::string bad = good;
    bad[image.certificates_offset + i] = static_cast<char>(bad[image.certificates_offset + i] ^ 0x55);
    const auto signer = inspect::signer_of(as_bytes(bad), image);
    if (!signer) CHECK(signer.error().code == ErrorCode::data_loss);
  }
}
