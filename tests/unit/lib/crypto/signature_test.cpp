#include <catch2/catch_test_macros.hpp>
#include <stdlib.h>

#include "lib/crypto/pkcs7.hpp"
#include "lib/crypto/private_key.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::crypto;

namespace {

struct Pair {
  PrivateKey key;
  Certificate certificate;
};

Pair make_pair(const std::string& name) {
  const std::chrono::sys_days start = std::chrono::year{2020} / 1 / 1;
  PrivateKey key = PrivateKey::generate_rsa(2048).value();
  Certificate certificate =
      self_sign(key, {.common_name = name, .not_before = start, .not_after = start + std::chrono::years{60}}).value();
  return {std::move(key), std::move(certificate)};
}

// Made once: key generation is the expensive part.
const Pair& first() {
  static const Pair pair = make_pair("first");
  return pair;
}
const Pair& second() {
  static const Pair pair = make_pair("second");
  return pair;
}

const std::string kContent(64, 'a');

}  // namespace

TEST_CASE("SHA-256 of memory is that of FIPS 180-4") {
  CHECK(sha256("abc").to_string() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256Stream().update("a").update("bc").finish() == sha256("abc"));
}

TEST_CASE("a certificate survives PEM and DER and is named by its fingerprint") {
  const Certificate& certificate = first().certificate;
  CHECK(Certificate::parse_pem(certificate.to_pem().value()).value() == certificate);
  CHECK(Certificate::parse_der(certificate.to_der()).value() == certificate);
  CHECK(certificate.fingerprint() == sha256(certificate.to_der()));
  CHECK(certificate.subject() == "CN=first");
  CHECK_FALSE(certificate == second().certificate);
}

TEST_CASE("self-signing the same key twice gives the same certificate") {
  const std::chrono::sys_days start = std::chrono::year{2020} / 1 / 1;
  CHECK(
      self_sign(first().key, {.common_name = "first", .not_before = start, .not_after = start + std::chrono::years{60}})
          .value() == first().certificate);
}

TEST_CASE("bytes that hold no certificate are refused") {
  CHECK(Certificate::parse_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").error().code ==
        ErrorCode::invalid_argument);
  CHECK(Certificate::parse_pem("").error().code == ErrorCode::invalid_argument);
  CHECK(Certificate::parse_der(as_bytes("x")).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a key belongs to its own certificate only") {
  CHECK(first().key.belongs_to(first().certificate));
  CHECK_FALSE(first().key.belongs_to(second().certificate));
}

TEST_CASE("a detached signature verifies with its certificate and content, and with nothing else") {
  const auto signature = pkcs7_sign(first().key, first().certificate, as_bytes(kContent), Pkcs7Form::detached);
  REQUIRE(signature);
  CHECK(pkcs7_verify(*signature, first().certificate, as_bytes(kContent)));
  CHECK(pkcs7_verify(*signature, first().certificate, as_bytes("other")).error().code ==
        ErrorCode::verification_failed);
  CHECK(pkcs7_verify(*signature, second().certificate, as_bytes(kContent)).error().code ==
        ErrorCode::verification_failed);
  auto damaged = *signature;
  damaged.back() ^= std::byte{1};
  CHECK(pkcs7_verify(damaged, first().certificate, as_bytes(kContent)).error().code == ErrorCode::verification_failed);
  CHECK(pkcs7_verify(as_bytes("junk"), first().certificate, as_bytes(kContent)).error().code ==
        ErrorCode::verification_failed);
}

TEST_CASE("a detached signature is deterministic and brings no certificate") {
  const auto signature = pkcs7_sign(first().key, first().certificate, as_bytes(kContent), Pkcs7Form::detached);
  REQUIRE(signature);
  CHECK(pkcs7_sign(first().key, first().certificate, as_bytes(kContent), Pkcs7Form::detached) == signature);
  CHECK_FALSE(as_text(*signature).contains(as_text(first().certificate.to_der())));
}

TEST_CASE("openssl verifies a detached signature of ours") {
  const auto directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(directory);
  const sys::Path& in = directory->path();
  const auto signature = pkcs7_sign(first().key, first().certificate, as_bytes(kContent), Pkcs7Form::detached).value();
  REQUIRE(sys::write_file_atomically(in / "p7", as_text(signature)));
  REQUIRE(sys::write_file_atomically(in / "content", kContent));
  REQUIRE(sys::write_file_atomically(in / "certificate", first().certificate.to_pem().value()));
  const auto output =
      sys::run({.arguments = {"openssl", "smime", "-verify", "-binary", "-inform", "DER", "-in", "p7", "-content",
                              "content", "-certfile", "certificate", "-noverify", "-nointern"},
                .directory = in});
  REQUIRE(output);
  INFO(output->err);
  CHECK(output->exit_status == 0);
  CHECK(output->out == kContent);
}

TEST_CASE("UEFI's form of a signature is a bare SignedData with the certificate") {
  const auto signature =
      pkcs7_sign(first().key, first().certificate, as_bytes(kContent), Pkcs7Form::signed_data_with_certificate);
  REQUIRE(signature);
  CHECK(as_text(*signature).contains(as_text(first().certificate.to_der())));
  // SEQUENCE, two bytes of length, INTEGER 1 (version): no ContentInfo around it.
  CHECK(to_hex(std::span(*signature).first(2)) == "3082");
  CHECK(to_hex(std::span(*signature).subspan(4, 3)) == "020101");
}

TEST_CASE("signing with a key that does not belong to the certificate is refused") {
  const auto signature = pkcs7_sign(first().key, second().certificate, as_bytes(kContent), Pkcs7Form::detached);
  REQUIRE_FALSE(signature);
  CHECK(signature.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a private key is read from PEM as it was written") {
  const auto directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(directory);
  const sys::Path file = directory->path() / "key";
  REQUIRE(sys::write_file_atomically(file, first().key.to_pem().value().view(), 0600));
  const auto key = PrivateKey::load(file.native());
  REQUIRE(key);
  CHECK(key->belongs_to(first().certificate));

  REQUIRE(sys::write_file_atomically(file, "junk", 0600));
  CHECK(PrivateKey::load(file.native()).error().code == ErrorCode::invalid_argument);
  CHECK(PrivateKey::load((directory->path() / "missing").native()).error().code == ErrorCode::not_found);
}

TEST_CASE("the token's library is named by the URI") {
  CHECK(pkcs11_module_path("pkcs11:token=t;object=o?pin-value=1&module-path=/usr/lib/a%2Bb.so") == "/usr/lib/a+b.so");
  CHECK_FALSE(pkcs11_module_path("pkcs11:token=t;object=o?pin-value=1"));
  CHECK_FALSE(pkcs11_module_path("pkcs11:token=t"));
  CHECK(without_pkcs11_module_path("pkcs11:token=t?module-path=/m.so&pin-value=1") == "pkcs11:token=t?pin-value=1");
  CHECK(without_pkcs11_module_path("pkcs11:token=t?module-path=/m.so") == "pkcs11:token=t");
  CHECK(without_pkcs11_module_path("pkcs11:token=t?pin-value=1") == "pkcs11:token=t?pin-value=1");
  CHECK(is_pkcs11_uri("pkcs11:x"));
  CHECK_FALSE(is_pkcs11_uri("/keys/pkcs11:x"));
}

TEST_CASE("a key in a PKCS#11 token signs as a key in a file does") {
  const sys::Path module = "/usr/lib/softhsm/libsofthsm2.so";
  const sys::Path provider = "/usr/lib/x86_64-linux-gnu/ossl-modules/pkcs11.so";
  if (!sys::exists(module) || !sys::exists(provider)) SKIP("needs the packages softhsm2 and pkcs11-provider");
  const auto directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(directory);
  const sys::Path& in = directory->path();
  const std::string configuration = std::format("SOFTHSM2_CONF={}", (in / "conf").native());
  REQUIRE(sys::create_directories(in / "tokens"));
  REQUIRE(sys::write_file_atomically(
      in / "conf", std::format("directories.tokendir = {}\nlog.level = ERROR\n", (in / "tokens").native())));
  REQUIRE(sys::write_file_atomically(in / "key", first().key.to_pem().value().view(), 0600));
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--init-token", "--free", "--label", "bulkhead", "--pin", "1234", "--so-pin", "1234"},
        {"--import", (in / "key").native(), "--token", "bulkhead", "--label", "db", "--id", "01", "--pin", "1234"}}) {
    sys::Command command{.arguments = {"softhsm2-util"}, .extra_environment = {configuration}};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    REQUIRE(sys::run_checked(command));
  }
  // The module reads its configuration from the environment of this process; nothing else runs in it yet.
  REQUIRE(::setenv("SOFTHSM2_CONF", (in / "conf").c_str(), 1) == 0);  // NOLINT(concurrency-mt-unsafe)

  const std::string uri =
      std::format("pkcs11:token=bulkhead;object=db;type=private?pin-value=1234&module-path={}", module.native());
  const auto key = PrivateKey::load(uri);
  if (!key) FAIL(key.error().describe());
  CHECK(key->belongs_to(first().certificate));
  CHECK(pkcs7_sign(*key, first().certificate, as_bytes(kContent), Pkcs7Form::detached) ==
        pkcs7_sign(first().key, first().certificate, as_bytes(kContent), Pkcs7Form::detached));
  CHECK_FALSE(key->to_pem());

  const auto missing = PrivateKey::load("pkcs11:token=bulkhead;object=absent;type=private?pin-value=1234");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
  CHECK_FALSE(missing.error().describe().contains("1234"));
}
