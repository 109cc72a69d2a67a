#include "os-builder/build/size_report.hpp"

#include <catch2/catch_test_macros.hpp>

namespace bulkhead::build {
namespace {

rootfs::Tree sample() {
  rootfs::Tree tree;
  REQUIRE(tree.put_file("/usr/bin/containerd", std::string(5000, 'x'), 0755, "containerd"));
  REQUIRE(tree.put_file("/usr/bin/crun", std::string(700, 'x'), 0755, "crun"));
  REQUIRE(tree.put_file("/usr/lib/libcrun.so", std::string(800, 'x'), 0644, "crun"));
  return tree;
}

}  // namespace

TEST_CASE("shares are summed by origin and sorted, biggest first") {
  const auto shares = size_shares(sample());
  REQUIRE(shares.size() == 2);
  CHECK(shares[0].origin == "containerd");
  CHECK(shares[1].origin == "crun");
  CHECK(shares[1].bytes == 1500);
  CHECK(shares[1].biggest_file == "/usr/lib/libcrun.so");
}

TEST_CASE("a root image that fits its slot is fine, to the last byte") { CHECK(check_slot_size(sample(), 4096, 4096)); }

TEST_CASE("a root image that does not fit says by how much and what is biggest") {
  const auto result = check_slot_size(sample(), 12288, 4096);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::failed_precondition);
  CHECK(result.error().message == "the root image is 12 KiB, 8 KiB more than its slot of 4 KiB");
  CHECK(result.error().hint.contains("containerd 4.9 KiB"));
}

}  // namespace bulkhead::build
