#include "os-builder/keys/uefi_data.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "lib/codec/base64.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/key_fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::keys;

namespace {

constexpr std::int64_t kSigned = 1700000000;

std::string dictionary() {
  const auto found = uefi_data_dictionary();
  if (!found && found.error().code == ErrorCode::not_found) SKIP("needs the package python3-virt-firmware");
  REQUIRE(found);
  return *found;
}

Enrolment enrolment() { return make_enrolment(testing::test_keys(), kSigned).value(); }

}  // namespace

TEST_CASE("EC2's UEFI data reads back: PK, KEK and db with their lists, times and vendors") {
  const Enrolment keys = enrolment();
  const auto text = write_uefi_data(keys, dictionary());
  REQUIRE(text);
  CHECK(*text == write_uefi_data(keys, dictionary()).value());
  const auto variables = read_uefi_data(*text, dictionary());
  REQUIRE(variables);
  REQUIRE(variables->size() == 3);
  const std::array<const Variable*, 3> expected = {&keys.platform_key, &keys.key_exchange_key, &keys.signature_db};
  for (std::size_t index = 0; index < 3; ++index) {
    const UefiVariable& variable = (*variables)[index];
    CHECK(variable.name == expected[index]->name);
    CHECK(variable.data == expected[index]->list);
    CHECK(variable.time == expected[index]->authenticated.substr(0, 16));
    CHECK(variable.attributes == 0x27);
  }
  CHECK((*variables)[0].vendor == (*variables)[1].vendor);
  CHECK((*variables)[1].vendor != (*variables)[2].vendor);
}

TEST_CASE("virt-fw-vars reads EC2's UEFI data, with the same certificates") {
  const sys::TempDir scratch = sys::TempDir::create("/tmp", "uefi-data-").value();
  const Enrolment keys = enrolment();
  const std::string file = (scratch.path() / "uefi-data").native();
  const std::string json_file = (scratch.path() / "vars.json").native();
  REQUIRE(sys::write_file_atomically(file, write_uefi_data(keys, dictionary()).value()));
  const auto output = sys::run({.arguments = {"virt-fw-vars", "--input", file, "--output-json", json_file}});
  REQUIRE(output);
  INFO(output->err);
  REQUIRE(output->exit_status == 0);
  const auto read = nlohmann::json::parse(sys::read_file(json_file).value());
  std::map<std::string, std::string> data;
  for (const auto& variable : read.at("variables")) data[variable.at("name")] = variable.at("data");
  CHECK(data == std::map<std::string, std::string>{{"PK", to_hex(as_bytes(keys.platform_key.list))},
                                                   {"KEK", to_hex(as_bytes(keys.key_exchange_key.list))},
                                                   {"db", to_hex(as_bytes(keys.signature_db.list))}});
  for (const auto& variable : read.at("variables")) {
    CHECK(variable.at("guid") == (variable.at("name") == "db" ? "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
                                                              : "8be4df61-93ca-11d2-aa0d-00e098032b8c"));
  }
}

TEST_CASE("UEFI data that is changed in any byte, cut off or too large is refused") {
  const std::string words = dictionary();
  const std::string good = write_uefi_data(enrolment(), words).value();
  std::vector<std::byte> bytes = codec::from_base64(good).value();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] ^= std::byte{1};
    INFO(at);
    CHECK_FALSE(read_uefi_data(codec::to_base64(bytes), words));
    bytes[at] ^= std::byte{1};
  }
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    CHECK_FALSE(read_uefi_data(codec::to_base64(std::span(bytes).first(size)), words));
  CHECK_FALSE(read_uefi_data(good + good, words));
  CHECK_FALSE(read_uefi_data(std::string(100000, 'A'), words));
  CHECK_FALSE(read_uefi_data(good, "another dictionary"));
  CHECK(read_uefi_data(good, words));
}
