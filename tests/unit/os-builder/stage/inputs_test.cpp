#include "os-builder/stage/inputs.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::stage {
namespace {

struct File {
  sys::Path path;
  Result<Sha256> digest() const { return crypto::sha256_file(path); }
};

struct Sizes {
  std::uint64_t small = 1;
  std::uint64_t large = 2;

  static constexpr std::tuple kFields = {Field{"small", &Sizes::small}, Field{"large", &Sizes::large}};
};

struct Inputs {
  std::string text = "text";
  std::vector<std::string> list = {"a", "b"};
  std::int64_t number = 7;
  Sizes sizes;
  Product product;
  const Sizes* pointer = &kSizes;

  static constexpr Sizes kSizes{};
  static constexpr std::tuple kFields = {Field{"text", &Inputs::text},       Field{"list", &Inputs::list},
                                         Field{"number", &Inputs::number},   Field{"sizes", &Inputs::sizes},
                                         Field{"product", &Inputs::product}, Field{"pointer", &Inputs::pointer}};
};

struct Key {
  std::string name;
  File certificate;

  static constexpr std::tuple kFields = {Field{"name", &Key::name}, Field{"certificate", &Key::certificate}};
};

struct Forgetful {
  std::string text;
  std::string forgotten;

  static constexpr std::tuple kFields = {Field{"text", &Forgetful::text}};
};

struct Repetitive {
  std::string text;
  std::string forgotten;

  static constexpr std::tuple kFields = {Field{"text", &Repetitive::text}, Field{"again", &Repetitive::text}};
};

static_assert(lists_every_member<Inputs>());
static_assert(!lists_every_member<Forgetful>(), "a member is missing in the list");
static_assert(!lists_every_member<Repetitive>(), "as many fields as members, but not the same ones");

Sha256 digest_with(auto change) {
  Inputs inputs;
  change(inputs);
  return digest_of(inputs).value();
}

}  // namespace

TEST_CASE("equal inputs have equal digests, and each field changes it") {
  const Sha256 before = digest_of(Inputs()).value();
  CHECK(digest_of(Inputs()).value() == before);
  static constexpr Sizes kOther{.small = 1, .large = 3};
  CHECK(digest_with([](Inputs& inputs) { inputs.text = "other"; }) != before);
  CHECK(digest_with([](Inputs& inputs) { inputs.number = 8; }) != before);
  CHECK(digest_with([](Inputs& inputs) { inputs.sizes.large = 3; }) != before);
  CHECK(digest_with([](Inputs& inputs) { inputs.product.inputs = crypto::sha256("made from"); }) != before);
  CHECK(digest_with([](Inputs& inputs) { inputs.pointer = &kOther; }) != before);
}

TEST_CASE("the elements of a list count, their order, and where each ends") {
  const auto digest_of_list = [](std::vector<std::string> list) {
    return digest_with([&](Inputs& inputs) { inputs.list = std::move(list); });
  };
  const Sha256 before = digest_of_list({"a", "b"});
  CHECK(digest_of_list({"b", "a"}) != before);
  CHECK(digest_of_list({"ab"}) != before);
  CHECK(digest_of_list({"a", "b", ""}) != before);
}

TEST_CASE("a product counts by what it was made from, wherever it lies") {
  const Sha256 before = digest_with([](Inputs& inputs) { inputs.product = {.path = "/a", .inputs = {}}; });
  CHECK(digest_with([](Inputs& inputs) { inputs.product = {.path = "/b", .inputs = {}}; }) == before);
}

TEST_CASE("a file counts by its content, and one that cannot be read is an error that names the field") {
  const sys::TempDir scratch = sys::TempDir::create("/tmp", "stage-inputs-").value();
  const sys::Path path = scratch.path() / "certificate";
  const auto missing = digest_of(Key{.name = "db", .certificate = {.path = path}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().describe().contains("input 'certificate'"));
  REQUIRE(sys::write_file_atomically(path, "first"));
  const Sha256 first = digest_of(Key{.name = "db", .certificate = {.path = path}}).value();
  REQUIRE(sys::write_file_atomically(path, "second"));
  CHECK(digest_of(Key{.name = "db", .certificate = {.path = path}}).value() != first);
}

TEST_CASE("values that only differ in where one ends have different digests") {
  const Sha256 left = NamedDigest().add("a", "bc").add("d", "").finish();
  const Sha256 right = NamedDigest().add("a", "b").add("cd", "").finish();
  CHECK(left != right);
}

}  // namespace bulkhead::stage
