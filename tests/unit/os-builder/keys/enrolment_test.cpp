#include "os-builder/keys/enrolment.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/certificate.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/heap_watch.hpp"
#include "tests/support/key_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::test_keys;

namespace {

constexpr std::int64_t kEpoch = 1700000000;  // 2023-11-14 22:13:20

std::string der_of(const sys::Path& certificate) {
  const auto der = crypto::Certificate::load(certificate).value().to_der();
  return std::string(as_text(der));
}

}  // namespace

TEST_CASE("Secure Boot variables are the same bytes every time") {
  const auto first = keys::make_enrolment(test_keys(), kEpoch);
  const auto second = keys::make_enrolment(test_keys(), kEpoch);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->signature_db.authenticated == second->signature_db.authenticated);
  CHECK(first->owner == second->owner);
  CHECK(keys::make_enrolment(test_keys(), kEpoch + 1)->signature_db.authenticated != first->signature_db.authenticated);
}

TEST_CASE("db holds the certificates of UKIs and of root hashes") {
  const auto enrolment = keys::make_enrolment(test_keys(), kEpoch);
  REQUIRE(enrolment);
  const std::string& list = enrolment->signature_db.list;
  CHECK(list.contains(der_of(test_keys().signature_db.certificate)));
  CHECK(list.contains(der_of(test_keys().root_hash.certificate)));
  CHECK_FALSE(list.contains(der_of(test_keys().platform_key.certificate)));
  // EFI_CERT_X509_GUID, little-endian fields.
  CHECK(to_hex(as_bytes(list).first(16)) == "a159c0a5e494a74a87b5ab155c2bf072");
}

TEST_CASE("an authenticated variable starts with its time and certificate header and ends with its list") {
  const auto enrolment = keys::make_enrolment(test_keys(), kEpoch);
  REQUIRE(enrolment);
  const std::string& bytes = enrolment->platform_key.authenticated;
  // EFI_TIME 2023-11-14 22:13:20, everything else zero.
  CHECK(to_hex(as_bytes(bytes).first(16)) == "e7070b0e160d14000000000000000000");
  // wRevision 0x0200, wCertificateType 0x0ef1, EFI_CERT_TYPE_PKCS7_GUID
  CHECK(to_hex(as_bytes(bytes).subspan(20, 20)) == "0002f10e9dd2af4adf68ee498aa9347d375665a7");
  const auto length =
      std::to_integer<std::size_t>(as_bytes(bytes)[16]) | std::to_integer<std::size_t>(as_bytes(bytes)[17]) << 8U;
  CHECK(bytes.substr(16 + length) == enrolment->platform_key.list);
  CHECK(bytes.contains(der_of(test_keys().platform_key.certificate)));
  CHECK(enrolment->signature_db.authenticated.contains(der_of(test_keys().key_exchange_key.certificate)));
}

TEST_CASE("a certificate that cannot be read leaves no memory, no descriptor and no key") {
  keys::KeySet damaged = test_keys();
  damaged.key_exchange_key.certificate = "/nonexistent/certificate.pem";  // its key has been read by then
  int failures = 0;
  const auto enrol = [&] { failures += keys::make_enrolment(damaged, kEpoch) ? 0 : 1; };
  enrol();  // what is allocated once and kept
  const std::size_t descriptors = testing::open_descriptors();
  const testing::HeapWatch watch(testing::kPrivateKeyText);
  for (int i = 0; i < 20; ++i) enrol();
  const std::int64_t blocks = watch.blocks();
  const std::size_t with_key = watch.freed_with_secret();
  CHECK(blocks == 0);
  CHECK(with_key == 0);
  CHECK(testing::open_descriptors() == descriptors);
  CHECK(failures == 21);
}

TEST_CASE("times that firmware cannot hold are refused") {
  CHECK_FALSE(keys::make_enrolment(test_keys(), -1));
  CHECK_FALSE(keys::make_enrolment(test_keys(), 253402300800));
}

TEST_CASE("virt-firmware reads our signature lists") {
  const auto directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(directory);
  REQUIRE(keys::write_enrolment(test_keys(), kEpoch, directory->path()));
  for (const char* name : {"PK.auth", "KEK.auth", "db.auth", "PK.esl", "KEK.esl", "db.esl"})
    CHECK(sys::exists(directory->path() / name));
  const auto dump =
      sys::run({.arguments = {"virt-fw-sigdb", "--input", (directory->path() / "db.esl").native(), "--print"}});
  if (!dump) SKIP("needs the package python3-virt-firmware");
  INFO(dump->err);
  CHECK(dump->exit_status == 0);
  CHECK(dump->out.contains("Test signature db"));
  CHECK(dump->out.contains("Test root hash"));
}
