#include "os-builder/uki/content.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/pe_builder.hpp"

using namespace bulkhead;
using bulkhead::testing::make_pe;
using bulkhead::testing::PeSection;

namespace {

const std::string kHash(64, 'a');

std::vector<PeSection> sections() {
  return {{".osrel", "ID=bulkhead\n"},
          {".cmdline", {"roothash=1 quiet\n\0", 18}},
          {".uname", "6.12.1"},
          {".linux", "kernel"},
          {".initrd", "cpio"}};
}

}  // namespace

TEST_CASE("a unified kernel image is read section by section") {
  const std::string file = make_pe(sections());
  const auto content = uki::read_content(as_bytes(file));
  REQUIRE(content);
  CHECK(content->command_line == "roothash=1 quiet");
  CHECK(content->os_release == "ID=bulkhead\n");
  CHECK(content->kernel_release == "6.12.1");
  CHECK(as_text(content->kernel) == "kernel");
  CHECK(as_text(content->initrd) == "cpio");
  CHECK_FALSE(content->is_signed());
}

TEST_CASE("an image without one of the sections, or with one of them twice, is no UKI of ours") {
  for (std::size_t i = 0; i < sections().size(); ++i) {
    auto missing = sections();
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(uki::read_content(as_bytes(make_pe(missing))).error().code == ErrorCode::data_loss);
    auto twice = sections();
    twice.push_back(twice[i]);
    CHECK(uki::read_content(as_bytes(make_pe(twice))).error().code == ErrorCode::data_loss);
  }
  CHECK(uki::read_content(as_bytes("MZ")).error().code == ErrorCode::data_loss);
}

TEST_CASE("the root hash is taken from the command line when it is there exactly once") {
  CHECK(uki::root_hash_of("quiet roothash=" + kHash + " panic=10")->to_string() == kHash);
  CHECK(uki::root_hash_of("quiet").error().code == ErrorCode::not_found);
  CHECK(uki::root_hash_of("xroothash=" + kHash).error().code == ErrorCode::not_found);
  CHECK(uki::root_hash_of("roothash=" + kHash + " roothash=" + kHash).error().code == ErrorCode::invalid_argument);
  CHECK(uki::root_hash_of("roothash=12").error().code == ErrorCode::invalid_argument);
}
