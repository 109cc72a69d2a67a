#include "lib/verity/product_line.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>

using namespace bulkhead;
using namespace bulkhead::verity;

namespace {

Superblock ours() {
  return {.algorithm = std::string(kProductLine.algorithm),
          .data_block_size = kProductLine.data_block_size,
          .hash_block_size = kProductLine.hash_block_size,
          .data_blocks = 20'000,
          .salt = {kProductLine.salt.begin(), kProductLine.salt.end()}};
}

struct Change {
  std::string_view what;
  std::function<void(Superblock&)> make;
};

}  // namespace

TEST_CASE("only a hash tree in the form of the product line is accepted, whatever its root hash") {
  CHECK(require_product_line(ours()));
  for (const Change& change : {
           Change{"algorithm", [](Superblock& block) { block.algorithm = "sha1"; }},
           Change{"algorithm", [](Superblock& block) { block.algorithm = "sha256-generic"; }},
           Change{"data blocks", [](Superblock& block) { block.data_block_size = 512; }},
           Change{"hash blocks", [](Superblock& block) { block.hash_block_size = 8192; }},
           Change{"salt is empty", [](Superblock& block) { block.salt.clear(); }},
           Change{"salt", [](Superblock& block) { block.salt.pop_back(); }},
           Change{"salt", [](Superblock& block) { block.salt.push_back(std::byte{0}); }},
           Change{"salt", [](Superblock& block) { block.salt.back() ^= std::byte{1}; }},
       }) {
    INFO(change.what);
    Superblock block = ours();
    change.make(block);
    const auto refused = require_product_line(block);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::verification_failed);
    CHECK(refused.error().message.contains(change.what));
  }
}
