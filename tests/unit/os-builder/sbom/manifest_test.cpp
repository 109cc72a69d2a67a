#include "os-builder/sbom/manifest.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::sbom;

namespace {

Manifest example() {
  return {.variant = "kvm",
          .version = *Version::parse("0.1.0"),
          .build_id = "0123456789abcdef",
          .source_date_epoch = 1750000000,
          .root_hash = crypto::sha256("root"),
          .files = {{.name = "disk.img", .size = 8589934592, .sha256 = crypto::sha256("disk")},
                    {.name = "root.erofs", .size = 4096, .sha256 = crypto::sha256("erofs")}}};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a manifest reads back as it was written") {
  const auto read = parse_manifest(write_manifest(example()));
  REQUIRE(read);
  CHECK(*read == example());
}

TEST_CASE("a manifest that is not exactly the format is refused") {
  const std::string good = write_manifest(example());
  const std::string digest = crypto::sha256("root").to_string();
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"bulkhead.manifest/1", "bulkhead.manifest/2"},
      {"\"variant\"", "\"flavour\""},
      {"\"variant\": \"kvm\"", "\"variant\": 7"},
      {"\"0.1.0\"", "\"0.1\""},
      {"1750000000", "\"1750000000\""},
      {"1750000000", "1.5"},
      {digest, digest.substr(1)},
      {"8589934592", "-1"},
      {"8589934592", "1e3"},
      {"\"disk.img\"", "\"../disk.img\""},
      {"\"disk.img\"", "\"..\""},
      {"\"disk.img\"", "\"\""},
      {"\"disk.img\"", "\"a\\u0000b\""},
      {"\"disk.img\"", "\"root.erofs\""},
      {"\"disk.img\"", "\"zzz\""},
      {"\"size\": 4096", "\"size\": 4096, \"mode\": 1"},
      {"\"size\": 4096", "\"size\": 4096, \"size\": 4097"},
      {"\"build_id\"", "\"build_id\": \"x\", \"build_id\""},
      {"]", "], \"more\": 1"},
  };
  for (const auto& [from, to] : bad) {
    INFO(from << " -> " << to);
    const auto read = parse_manifest(replaced(good, from, to));
    REQUIRE_FALSE(read);
    CHECK(read.error().code != ErrorCode::internal);
  }
  CHECK_FALSE(parse_manifest(""));
  CHECK_FALSE(parse_manifest("[]"));
  CHECK_FALSE(parse_manifest(good + "x"));
  CHECK_FALSE(parse_manifest(good.substr(0, good.size() / 2)));
  CHECK_FALSE(parse_manifest(std::string(1000, '[')));
  CHECK_FALSE(parse_manifest(std::string((1 << 20) + 1, ' ')));
}

TEST_CASE("a file is described by its own bytes") {
  const auto dir = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(dir);
  REQUIRE(sys::write_file_atomically(dir->path() / "x", "hello"));
  const auto file = describe_file(dir->path(), "x");
  REQUIRE(file);
  CHECK(*file == ManifestFile{.name = "x", .size = 5, .sha256 = crypto::sha256("hello")});
  CHECK_FALSE(describe_file(dir->path(), "missing"));
}
