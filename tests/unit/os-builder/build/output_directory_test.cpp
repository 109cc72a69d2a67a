#include "os-builder/build/output_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/sha256.hpp"

namespace bulkhead::build {
namespace {

const Sha256 kInputs = crypto::sha256("inputs");

struct OutputFixture {
  sys::TempDir scratch = sys::TempDir::create("/tmp", "output-directory-").value();
  sys::Path target = scratch.path() / "image/kvm";
  int waited = 0;

  Result<OutputDirectory> open(bool wait = false) {
    return OutputDirectory::open(target, wait, [this] { ++waited; });
  }
  Result<> fill(std::string_view content) {
    OutputDirectory output = TRY(open());
    const sys::Path directory = TRY(output.begin());
    TRY(sys::write_file_atomically(directory / "disk.img", content));
    return output.commit(kInputs);
  }
};

}  // namespace

TEST_CASE_METHOD(OutputFixture, "a committed build replaces the old one as a whole") {
  REQUIRE(fill("old"));
  REQUIRE(sys::write_file_atomically(target / "stray", "not part of a build"));
  REQUIRE(fill("new"));
  CHECK(sys::read_file(target / "disk.img") == "new");
  CHECK_FALSE(sys::exists(target / "stray"));
}

TEST_CASE_METHOD(OutputFixture, "a build that fails leaves the old one as it was and nothing else") {
  REQUIRE(fill("old"));
  {
    auto output = open();
    REQUIRE(output);
    const auto directory = output->begin();
    REQUIRE(directory);
    REQUIRE(sys::write_file_atomically(*directory / "disk.img", "half"));
  }
  CHECK(sys::read_file(target / "disk.img") == "old");
  for (const auto& entry : std::filesystem::directory_iterator(target.parent_path())) {
    CHECK_FALSE(entry.path().native().contains("unfinished"));
  }
}

TEST_CASE_METHOD(OutputFixture, "what a killed build left is removed by the next one") {
  REQUIRE(sys::create_directories(target.parent_path() / ".kvm.unfinished-dead"));
  REQUIRE(open());
  CHECK_FALSE(sys::exists(target.parent_path() / ".kvm.unfinished-dead"));
}

TEST_CASE_METHOD(OutputFixture, "a second build of the same directory is told that it is busy") {
  const auto first = open();
  REQUIRE(first);
  const auto second = open();
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::aborted);
  CHECK_FALSE(second.error().hint.empty());
  CHECK(waited == 0);
}

TEST_CASE_METHOD(OutputFixture, "an untouched build with the same inputs is current") {
  REQUIRE(fill("image"));
  auto output = open();
  REQUIRE(output);
  CHECK(output->is_current(kInputs));
  CHECK_FALSE(output->is_current(crypto::sha256("other inputs")));
}

TEST_CASE_METHOD(OutputFixture, "a build that somebody wrote to is not current") {
  REQUIRE(fill("image"));
  const sys::UniqueFd fd = sys::open_file(target / "disk.img", 1 /* O_WRONLY */).value();
  REQUIRE(sys::write_all(fd.get(), as_bytes("IMAGE")));
  CHECK_FALSE(open()->is_current(kInputs));
}

TEST_CASE_METHOD(OutputFixture, "a build with a file missing is not current") {
  REQUIRE(fill("image"));
  REQUIRE(sys::remove_all(target / "disk.img"));
  CHECK_FALSE(open()->is_current(kInputs));
}

}  // namespace bulkhead::build
