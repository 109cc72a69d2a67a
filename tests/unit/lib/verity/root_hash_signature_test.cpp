#include "lib/verity/root_hash_signature.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace bulkhead;
using namespace bulkhead::verity;

namespace {

const std::string kHash(64, 'a');
const std::string kFingerprint(64, 'b');

RootHashSignature example() {
  return {.root_hash = Sha256::parse(kHash).value(),
          .certificate_fingerprint = Sha256::parse(kFingerprint).value(),
          .signature = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}};
}

std::string record(std::string_view members) { return "{" + std::string(members) + "}"; }

}  // namespace

TEST_CASE("a root hash signature fills its partition and is read back") {
  const auto text = write_root_hash_signature(example());
  REQUIRE(text);
  CHECK(text->size() == kSignaturePartitionSize);
  CHECK(parse_root_hash_signature(as_bytes(*text)) == example());
}

TEST_CASE("a root hash signature is the JSON of the Discoverable Partitions Specification") {
  const std::string text = write_root_hash_signature(example()).value();
  const auto json = nlohmann::json::parse(text.substr(0, text.find('\0')));
  CHECK(json ==
        nlohmann::json{{"rootHash", kHash}, {"certificateFingerprint", kFingerprint}, {"signature", "AQIDBA=="}});
}

TEST_CASE("white space and the order of members do not matter") {
  const std::string text =
      std::format(" {{\n \"signature\" : \"AQIDBA==\",\t\"certificateFingerprint\":\"{}\",\r\n\"rootHash\":\"{}\" }}\n",
                  kFingerprint, kHash);
  CHECK(parse_root_hash_signature(as_bytes(text)) == example());
}

TEST_CASE("a record that is not exactly right is refused") {
  const std::string hash = std::format("\"rootHash\":\"{}\"", kHash);
  const std::string fingerprint = std::format("\"certificateFingerprint\":\"{}\"", kFingerprint);
  const std::string signature = "\"signature\":\"AQIDBA==\"";
  const std::string good = record(hash + "," + fingerprint + "," + signature);
  REQUIRE(parse_root_hash_signature(as_bytes(good)));
  for (const std::string& text : {
           std::string(),
           std::string("{}"),
           std::string(kSignaturePartitionSize, '\0'),
           std::string("[") + good + "]",
           good + "x",
           good + std::string("\0x", 2),
           good.substr(0, good.size() - 1),
           record(hash + "," + fingerprint),
           record(hash + "," + hash + "," + fingerprint + "," + signature),
           record(hash + "," + fingerprint + "," + signature + ",\"more\":\"x\""),
           record(hash + "," + fingerprint + "," + signature + ","),
           record(hash + "," + fingerprint + ",\"signature\":\"\""),
           record(hash + "," + fingerprint + ",\"signature\":\"AQIDBA=\""),
           record(hash + "," + fingerprint + ",\"signature\":1"),
           record(hash + "," + fingerprint + ",\"signature\":\"AQ\\u0049DBA==\""),
           record("\"rootHash\":\"aa\"," + fingerprint + "," + signature),
       }) {
    INFO(text);
    const auto parsed = parse_root_hash_signature(as_bytes(text));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == ErrorCode::data_loss);
  }
}

TEST_CASE("bytes behind the partition's size are not looked at") {
  std::string text = write_root_hash_signature(example()).value();
  text += "garbage";
  CHECK(parse_root_hash_signature(as_bytes(text)) == example());
}

TEST_CASE("a signature that does not fit into its partition is an error") {
  RootHashSignature large = example();
  large.signature.resize(kSignaturePartitionSize);
  CHECK_FALSE(write_root_hash_signature(large));
}
