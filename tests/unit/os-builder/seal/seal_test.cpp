#include "os-builder/seal/seal.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/pkcs7.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"
#include "lib/verity/hash_tree.hpp"
#include "lib/verity/product_line.hpp"
#include "lib/verity/root_hash_signature.hpp"
#include "tests/support/key_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::test_keys;

namespace {

struct Fixture {
  sys::TempDir directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  sys::Path root = directory.path() / "root.erofs";
  seal::SealInputs inputs{.root = {.path = root}, .key = test_keys().root_hash};
  Fixture() { REQUIRE(sys::write_file_atomically(root, std::string(std::size_t{300} * 4096, 'x'))); }

  sys::Path below(const char* name) const {
    REQUIRE(sys::create_directories(directory.path() / name));
    return directory.path() / name;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a sealed root verifies against its root hash and its signature") {
  const auto sealed = seal::seal(inputs, below("a"));
  REQUIRE(sealed);
  CHECK(verity::verify(sealed->root, sealed->verity, sealed->root_hash));

  const std::string partition = sys::read_file(sealed->signature).value();
  CHECK(partition.size() == verity::kSignaturePartitionSize);
  const auto record = verity::parse_root_hash_signature(as_bytes(partition));
  REQUIRE(record);
  CHECK(record->root_hash == sealed->root_hash);
  const auto certificate = crypto::Certificate::load(test_keys().root_hash.certificate).value();
  CHECK(record->certificate_fingerprint == certificate.fingerprint());
  CHECK(crypto::pkcs7_verify(record->signature, certificate, as_bytes(sealed->root_hash.to_string())));
}

TEST_CASE_METHOD(Fixture, "sealing twice gives the same bytes") {
  const auto first = seal::seal(inputs, below("a"));
  const auto second = seal::seal(inputs, below("b"));
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->root_hash == second->root_hash);
  CHECK(sys::read_file(first->verity) == sys::read_file(second->verity));
  CHECK(sys::read_file(first->signature) == sys::read_file(second->signature));
}

TEST_CASE_METHOD(Fixture, "a sealed root has the one form that the initrd accepts") {
  const auto sealed = seal::seal(inputs, below("a"));
  REQUIRE(sealed);
  const auto superblock = verity::parse_superblock(as_bytes(sys::read_file(sealed->verity).value()));
  REQUIRE(superblock);
  CHECK(verity::require_product_line(*superblock));
  CHECK(to_hex(superblock->salt) == crypto::sha256("bulkhead verity salt").to_string());  // for ever
}

TEST_CASE_METHOD(Fixture, "an image that is not made of whole blocks is not sealed") {
  REQUIRE(sys::write_file_atomically(root, "short"));
  CHECK_FALSE(seal::seal(inputs, below("a")));
}
