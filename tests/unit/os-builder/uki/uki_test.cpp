#include "os-builder/uki/uki.hpp"

#include <catch2/catch_test_macros.hpp>
#include <stdlib.h>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/uki/content.hpp"
#include "os-builder/uki/signing.hpp"
#include "tests/support/key_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::test_keys;

namespace {

// The stub and the boot loader are those of the SDK; any PE file will do as a kernel.
const sys::Path kStub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
const sys::Path kBootLoader = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";

rootfs::Content content_of(const sys::Path& file) { return rootfs::Content::of(sys::read_file(file).value()); }

struct Fixture {
  sys::TempDir directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  uki::UkiInputs inputs;

  Fixture() {
    if (!sys::exists(kStub)) SKIP("needs the package systemd-boot-efi");
    REQUIRE(sys::write_file_atomically(directory.path() / "initrd", std::string(5000, 'i')));
    inputs = {.kernel = content_of(kBootLoader),
              .stub = content_of(kStub),
              .initrd = {.path = directory.path() / "initrd"},
              .command_line = "roothash=" + std::string(64, 'a') + " console=ttyS0 panic=10",
              .os_release = "ID=bulkhead\nPRETTY_NAME=\"Bulkhead 1.0.0\"\n",
              .kernel_release = "6.12.1-test",
              .epoch = 1700000000,
              .key = test_keys().signature_db};
  }
  sys::Path at(const char* name) const { return directory.path() / name; }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a UKI carries what it was given, is signed, and is the same every time") {
  const auto made = uki::build(inputs, at("a.efi"));
  if (!made) FAIL(made.error().describe());
  const std::string bytes = sys::read_file(at("a.efi")).value();
  const auto content = uki::read_content(as_bytes(bytes));
  REQUIRE(content);
  CHECK(content->command_line == inputs.command_line);
  CHECK(content->os_release == inputs.os_release);
  CHECK(content->kernel_release == inputs.kernel_release);
  CHECK(as_text(content->kernel) == inputs.kernel.read().value());
  CHECK(as_text(content->initrd) == sys::read_file(inputs.initrd.path).value());
  CHECK(content->is_signed());
  CHECK(uki::verify_signature(at("a.efi"), test_keys().signature_db.certificate));

  REQUIRE(uki::build(inputs, at("b.efi")));
  CHECK(sys::read_file(at("b.efi")) == bytes);
}

TEST_CASE_METHOD(Fixture, "a signature by another key, a changed byte and a missing signature are refused") {
  REQUIRE(uki::build(inputs, at("a.efi")));
  CHECK(uki::verify_signature(at("a.efi"), test_keys().platform_key.certificate).error().code ==
        ErrorCode::verification_failed);
  std::string bytes = sys::read_file(at("a.efi")).value();
  const auto command_line = bytes.find("panic=10");
  REQUIRE(command_line != std::string::npos);
  bytes[command_line + 6] = '2';
  REQUIRE(sys::write_file_atomically(at("changed.efi"), bytes));
  CHECK(uki::verify_signature(at("changed.efi"), test_keys().signature_db.certificate).error().code ==
        ErrorCode::verification_failed);
  CHECK(uki::verify_signature(kBootLoader, test_keys().signature_db.certificate).error().code ==
        ErrorCode::verification_failed);
}

TEST_CASE_METHOD(Fixture, "osslsigncode and ukify read our UKI") {
  REQUIRE(uki::build(inputs, at("a.efi")));
  const auto verified =
      sys::run({.arguments = {"osslsigncode", "verify", "-CAfile", test_keys().signature_db.certificate.native(),
                              "-time", "1700000000", "-in", at("a.efi").native()}});
  REQUIRE(verified);
  INFO(verified->out);
  CHECK(verified->exit_status == 0);
  const auto inspected = sys::run_checked({.arguments = {"ukify", "inspect", at("a.efi").native()}});
  REQUIRE(inspected);
  CHECK(inspected->contains(".cmdline"));
  CHECK(inspected->contains("panic=10"));
}

TEST_CASE_METHOD(Fixture, "a failed step leaves nothing behind") {
  inputs.initrd.path = at("missing");
  CHECK_FALSE(uki::build(inputs, at("a.efi")));
  inputs.initrd.path = at("initrd");
  inputs.key.key = at("missing").native();
  CHECK_FALSE(uki::build(inputs, at("a.efi")));
  const auto entries = std::filesystem::directory_iterator(directory.path());
  CHECK(std::distance(begin(entries), end(entries)) == 1);  // the initrd
}

TEST_CASE_METHOD(Fixture, "a db key in a PKCS#11 token signs as one in a file does") {
  const sys::Path module = "/usr/lib/softhsm/libsofthsm2.so";
  const sys::Path engine = "/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so";
  if (!sys::exists(module) || !sys::exists(engine)) SKIP("needs the packages softhsm2 and libengine-pkcs11-openssl");
  // Children get HOME and nothing else of the environment; SoftHSM finds its configuration there.
  REQUIRE(::setenv("HOME", directory.path().c_str(), 1) == 0);  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(sys::create_directories(at("tokens")));
  REQUIRE(sys::create_directories(at(".config/softhsm2")));
  REQUIRE(sys::write_file_atomically(at(".config/softhsm2/softhsm2.conf"),
                                     std::format("directories.tokendir = {}\n", at("tokens").native())));
  REQUIRE(sys::run_checked({.arguments = {"softhsm2-util", "--init-token", "--free", "--label", "bulkhead", "--pin",
                                          "1234", "--so-pin", "1234"}}));
  REQUIRE(sys::run_checked({.arguments = {"softhsm2-util", "--import", test_keys().signature_db.key, "--token",
                                          "bulkhead", "--label", "db", "--id", "01", "--pin", "1234"}}));
  keys::KeySet token = test_keys();
  token.signature_db.key =
      std::format("pkcs11:token=bulkhead;object=db;type=private?module-path={}&pin-value=1234", module.native());
  const auto with_token = uki::sign_file(kBootLoader, token.signature_db, inputs.epoch, at("token.efi"));
  if (!with_token) FAIL(with_token.error().describe());
  REQUIRE(uki::sign_file(kBootLoader, test_keys().signature_db, inputs.epoch, at("file.efi")));
  CHECK(sys::read_file(at("token.efi")) == sys::read_file(at("file.efi")));
}

TEST_CASE("the tools' versions are known") {
  const auto versions = uki::tool_versions();
  REQUIRE(versions);
  CHECK_FALSE(versions->contains("unknown"));
  CHECK(versions->starts_with("ukify 257"));
}
