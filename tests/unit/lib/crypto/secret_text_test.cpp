#include "lib/crypto/secret_text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

#include "lib/crypto/private_key.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/heap_watch.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::crypto;
using bulkhead::testing::HeapWatch;
using bulkhead::testing::must;

namespace {

constexpr std::string_view kSecret = "a secret that is longer than a short string";

}  // namespace

TEST_CASE("a string leaves its text behind, and a secret text does not") {
  std::size_t by_string = 0;
  {
    const HeapWatch watch(kSecret);
    {
      const std::string text(kSecret);
    }
    by_string = watch.freed_with_secret();
  }
  CHECK(by_string == 1);

  std::size_t by_secret_text = 0;
  {
    const HeapWatch watch(kSecret);
    {
      SecretText first(kSecret);
      SecretText second = std::move(first);
      SecretText third = second.copy();
      third = std::move(second);
      third = SecretText(kSecret);
    }
    by_secret_text = watch.freed_with_secret();
  }
  CHECK(by_secret_text == 0);
}

TEST_CASE("a secret text has the content of its file") {
  const auto directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  const sys::Path file = directory.path() / "secret";
  must(sys::write_file_atomically(file, kSecret, 0600));
  CHECK(must(SecretText::read(file, kSecret.size())).view() == kSecret);
  CHECK(SecretText::read(file, kSecret.size() - 1).error().code == ErrorCode::failed_precondition);
  CHECK(SecretText::read(directory.path() / "none", 10).error().code == ErrorCode::not_found);
  // Not waited for.
  REQUIRE(::mkfifo((directory.path() / "pipe").c_str(), 0600) == 0);
  for (const char* name : {"pipe", "."})
    CHECK(SecretText::read(directory.path() / name, 10).error().code == ErrorCode::failed_precondition);
}

TEST_CASE("moving from a short secret text empties it") {
  SecretText first("pin");
  SecretText second = std::move(first);
  CHECK(second.view() == "pin");
  CHECK(first.view().empty());  // NOLINT(bugprone-use-after-move): that it is empty is what is promised
}

TEST_CASE("reading and writing a private key leaves nothing of it in memory, also on failure") {
  const auto directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  const sys::Path file = directory.path() / "key";
  const sys::Path broken = directory.path() / "broken";
  must(sys::write_file_atomically(broken, std::string(testing::kPrivateKeyText) + "\nMII=\n", 0600));
  const std::size_t descriptors = testing::open_descriptors();
  const HeapWatch watch(testing::kPrivateKeyText);
  bool as_expected = true;
  {
    const auto key = PrivateKey::generate_p256();
    const auto pem = key->to_pem();
    as_expected = sys::write_file_atomically(file, pem->view(), 0600) && PrivateKey::load(file) &&
                  !PrivateKey::load(broken) && !SecretText::read(file, 100);
  }
  const std::size_t with_key = watch.freed_with_secret();
  CHECK(with_key == 0);
  CHECK(as_expected);
  CHECK(testing::open_descriptors() == descriptors);
}
