#include "api-server/user-data/user_data.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <zlib.h>

#include <array>

#include "api-server/user-data/gunzip.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::intake;
using bulkhead::testing::must;
using Catch::Matchers::ContainsSubstring;
using settings::Json;

namespace {

std::string gzipped(std::string text) {
  z_stream stream{};
  REQUIRE(::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return packed;
}

std::string refusal(const std::string& content) {
  const auto result = decode({.source = "cidata", .content = content});
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::invalid_argument);
  return result.error().describe();
}

Json accepted(const std::string& content) { return must(decode({.source = "cidata", .content = content})); }

const Json kWelcome = {{"motd", "Welcome"}};

}  // namespace

TEST_CASE("a document is TOML, JSON, or either of them with gzip, a byte order mark or padding") {
  CHECK(accepted("[settings]\nmotd = \"Welcome\"\n") == kWelcome);
  CHECK(accepted("settings.motd = \"Welcome\"\r\n") == kWelcome);
  CHECK(accepted(R"(  {"settings": {"motd": "Welcome"}})") == kWelcome);
  CHECK(accepted("\xef\xbb\xbf[settings]\nmotd = \"Welcome\"\n") == kWelcome);
  CHECK(accepted(gzipped("[settings]\nmotd = \"Welcome\"\n")) == kWelcome);
  CHECK(accepted(gzipped("[settings]\n") + gzipped("motd = \"Welcome\"\n")) == kWelcome);
  CHECK(accepted(gzipped(R"({"settings": {"motd": "Welcome"}})")) == kWelcome);
  CHECK(accepted(std::string("settings.motd = \"Welcome\"\n") + std::string(7, '\0')) == kWelcome);
}

TEST_CASE("lists, tables, numbers and long lines of base64 arrive as they are") {
  const std::string data(100000, 'A');
  const Json values = accepted(
      "[settings.ntp]\ntime-servers = ['a.example.com', 'b.example.com']\n"
      "[settings.host-containers.admin]\nenabled = true\nuser-data = '" +
      data +
      "'\n"
      "[settings.kubernetes]\nmax-pods = 58\n");
  CHECK(values["ntp"]["time-servers"] == Json({"a.example.com", "b.example.com"}));
  CHECK(values["host-containers"]["admin"]["user-data"] == data);
  CHECK(values["kubernetes"]["max-pods"] == 58);
}

TEST_CASE("a fault of syntax is named with source, line and column") {
  CHECK_THAT(refusal("[settings]\nmotd = = 1\n"), ContainsSubstring("cidata:2:8: "));
  CHECK_THAT(refusal("{\"settings\":\n {\"motd\" 1}}"), ContainsSubstring("cidata:2:10: "));
  CHECK_THAT(refusal("[settings]\nmotd = 2020-01-01\n"),
             ContainsSubstring("cidata:2:8: a setting cannot be a date or time"));
  CHECK_THAT(refusal(R"({"settings": {"motd": "a", "motd": "b"}})"), ContainsSubstring("'motd' is defined twice"));
}

TEST_CASE("a fault of a value is named with source, key, value and rule") {
  const std::string host = refusal("[settings.network]\nhostname = \"UPPER\"\n");
  CHECK_THAT(host, ContainsSubstring("cidata: network.hostname: \"UPPER\" is not a host name"));
  CHECK_THAT(refusal("[settings.network]\nhostnam = \"a\"\n"), ContainsSubstring("network.hostname"));
  CHECK_THAT(refusal(R"({"settings": {"motd": null}})"), ContainsSubstring("motd: needs a text, not null"));
}

TEST_CASE("the value of a secret is not in the error") {
  const std::string text = refusal("[settings.aws]\ncredentials = \"not base64: hunter2\"\n");
  CHECK_THAT(text, ContainsSubstring("aws.credentials"));
  CHECK_THAT(text, !ContainsSubstring("hunter2"));
}

TEST_CASE("only the table settings is allowed") {
  CHECK_THAT(refusal("[motd]\n"), ContainsSubstring("unknown table or key 'motd'"));
  CHECK_THAT(refusal("[settings]\n[services]\n"), ContainsSubstring("'services'"));
  CHECK_THAT(refusal("{}"), ContainsSubstring("the table [settings] is missing"));
  CHECK_THAT(refusal("settings = 3\n"), ContainsSubstring("cidata: settings: needs a table, not 3"));
}

TEST_CASE("what other systems take as user data is called by its name") {
  CHECK_THAT(refusal("#cloud-config\nusers: []\n"), ContainsSubstring("a cloud-config document"));
  CHECK_THAT(refusal("#!/bin/sh\necho\n"), ContainsSubstring("a script"));
  CHECK_THAT(refusal("MIME-Version: 1.0\n"), ContainsSubstring("a MIME archive"));
  CHECK_THAT(refusal(""), ContainsSubstring("empty"));
  CHECK_THAT(refusal(" \n\n"), ContainsSubstring("empty"));
  CHECK_THAT(refusal("\xff\xfe"), ContainsSubstring("not UTF-8"));
}

TEST_CASE("gzip that is damaged, cut, followed by something or a bomb is refused") {
  const std::string good = gzipped("[settings]\nmotd = \"Welcome\"\n");
  CHECK_THAT(refusal(good.substr(0, good.size() / 2)), ContainsSubstring("incomplete"));
  std::string damaged = good;
  damaged[damaged.size() - 6] ^= 1;
  CHECK_THAT(refusal(damaged), ContainsSubstring("damaged"));
  CHECK_THAT(refusal(good + "more"), ContainsSubstring("followed by other bytes"));
  CHECK_THAT(refusal(gzipped(std::string(kLargestUnpacked + 1, ' '))), ContainsSubstring("unpacks to more than"));
  CHECK_THAT(refusal(std::string(user_data::kLargestDocument + 1, ' ')), ContainsSubstring("at most"));
}

TEST_CASE("deep nesting is refused before it can exhaust the stack") {
  CHECK_THAT(refusal(R"({"settings": )" + std::string(500000, '[')), ContainsSubstring("nested"));
  std::string dotted = "settings";
  for (int i = 0; i < 100000; ++i) dotted += ".a";
  CHECK_THAT(refusal(dotted + " = 1\n"), ContainsSubstring("dots"));
}

TEST_CASE("later documents lie over earlier ones, and a bad one is left out as a whole") {
  const std::vector<Document> documents = {
      {.source = "cidata", .content = "[settings]\nmotd = \"first\"\n[settings.network]\nhostname = \"a\"\n"},
      {.source = "fw-cfg", .content = "[settings]\nmotd = \"bad\"\nunknown = 1\n"},
      {.source = "local", .content = "[settings.network]\nhostname = \"b\"\n"},
  };
  const std::vector<Unreadable> unreadable = {{.source = "smbios", .reason = "no"}};
  const MergedDocuments data = merged_documents(documents, unreadable);
  CHECK(data.settings == Json({{"motd", "first"}, {"network", {{"hostname", "b"}}}}));
  REQUIRE(data.outcomes.size() == 4);
  CHECK(!data.outcomes[0].refused);
  CHECK(data.outcomes[0].sha256.size() == 64);
  CHECK_THAT(data.outcomes[1].refused.value_or(""), ContainsSubstring("fw-cfg: there is no setting 'unknown'"));
  CHECK(!data.outcomes[2].refused);
  CHECK(data.outcomes[3] == SourceOutcome{.source = "smbios", .refused = "no"});
  CHECK(to_json(data.outcomes[3]) == Json({{"source", "smbios"}, {"applied", false}, {"error", "no"}}));
}
