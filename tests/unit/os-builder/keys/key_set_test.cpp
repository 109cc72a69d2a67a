#include "os-builder/keys/key_set.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

#include "lib/crypto/private_key.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/key_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::test_key_directory;
using bulkhead::testing::test_keys;

namespace {

mode_t mode_of(const sys::Path& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

sys::TempDir scratch() {
  return sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
}

// A copy of the test keys that may be changed.
struct Copy {
  sys::TempDir parent = scratch();
  sys::Path directory = parent.path() / "keys";
  Copy() { std::filesystem::copy(test_key_directory(), directory); }
};

}  // namespace

TEST_CASE("generated keys are four pairs that only the owner can read") {
  const keys::KeySet& set = test_keys();
  CHECK(mode_of(test_key_directory()) == 0700);
  for (const keys::KeyPair* pair : {&set.platform_key, &set.key_exchange_key, &set.signature_db, &set.root_hash}) {
    CHECK(mode_of(pair->key) == 0600);
    const auto key = crypto::PrivateKey::load(pair->key);
    const auto certificate = crypto::Certificate::load(pair->certificate);
    REQUIRE(key);
    REQUIRE(certificate);
    CHECK(key->belongs_to(*certificate));
  }
  CHECK(crypto::Certificate::load(set.signature_db.certificate)->subject() == "CN=Test signature db");
}

TEST_CASE("generated keys are loaded from their directory") {
  const auto loaded = keys::load(test_key_directory());
  REQUIRE(loaded);
  CHECK(loaded->root_hash.key == test_keys().root_hash.key);
  CHECK(loaded->platform_key.certificate == test_keys().platform_key.certificate);
}

TEST_CASE("keys are never generated over existing files") {
  const auto again = keys::generate(test_key_directory(), "Test", 10);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::already_exists);
}

TEST_CASE("keys are generated into an empty directory as well, such as a mount point") {
  const sys::TempDir directory = scratch();
  const sys::Path keys = directory.path() / "keys";
  REQUIRE(sys::create_directories(keys / ".bulkhead-keys.killed"));
  struct stat before{};
  struct stat after{};
  REQUIRE(::stat(keys.c_str(), &before) == 0);
  REQUIRE(keys::generate(keys, "Test", 10));
  CHECK(keys::load(keys).has_value());
  REQUIRE(::stat(keys.c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);
  CHECK(keys::generate(keys, "Test", 10).error().code == ErrorCode::already_exists);
}

TEST_CASE("keys are not generated inside a git checkout, however the path is written") {
  const sys::TempDir directory = scratch();
  REQUIRE(sys::create_directories(directory.path() / "checkout" / ".git"));
  REQUIRE(sys::create_directories(directory.path() / "checkout" / "deep"));
  for (const char* path : {"checkout", "checkout/keys", "checkout/deep/keys", "other/../checkout/keys"}) {
    const auto made = keys::generate(directory.path() / path, "Test", 10);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::invalid_argument);
  }
  CHECK_FALSE(sys::exists(directory.path() / "checkout" / "keys"));
}

TEST_CASE("bad owners and validities are refused before anything is written") {
  const sys::TempDir directory = scratch();
  for (const int years : {0, -1, 101}) CHECK_FALSE(keys::generate(directory.path() / "keys", "Test", years));
  CHECK_FALSE(keys::generate(directory.path() / "keys", "", 10));
  CHECK_FALSE(keys::generate(directory.path() / "keys", std::string(41, 'x'), 10));
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("a missing key names the command that makes keys") {
  const sys::TempDir directory = scratch();
  const auto loaded = keys::load(directory.path());
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == ErrorCode::not_found);
  CHECK(loaded.error().hint.contains("keys generate"));
}

TEST_CASE("a private key that others may read is refused") {
  const Copy copy;
  REQUIRE(::chmod((copy.directory / "db.key").c_str(), 0640) == 0);
  const auto loaded = keys::load(copy.directory);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == ErrorCode::permission_denied);
}

TEST_CASE("a PKCS#11 URI stands for a private key file") {
  const Copy copy;
  std::filesystem::remove(copy.directory / "db.key");
  REQUIRE(sys::write_file_atomically(copy.directory / "db.uri", "pkcs11:token=t;object=db\n", 0600));
  const auto loaded = keys::load(copy.directory);
  REQUIRE(loaded);
  CHECK(loaded->signature_db.key == "pkcs11:token=t;object=db");

  // It would stand in an argument list.
  REQUIRE(sys::write_file_atomically(copy.directory / "db.uri", "pkcs11:token=t;object=db?pin-value=1234\n", 0600));
  CHECK(keys::load(copy.directory).error().hint.contains("pin-source"));
  REQUIRE(sys::write_file_atomically(copy.directory / "db.uri", "/some/file\n", 0600));
  CHECK(keys::load(copy.directory).error().code == ErrorCode::invalid_argument);
}
