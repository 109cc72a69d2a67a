#include "api-client/document.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <format>

#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::client;
using Json = nlohmann::ordered_json;
using testing::must;

TEST_CASE("a document is TOML or JSON with settings at the top") {
  const Json expected = {{"motd", "hi"},
                         {"kernel", {{"sysctl", {{"vm.max_map_count", "262144"}}}}},
                         {"ntp", {{"time-servers", {"a", "b"}}}},
                         {"kubernetes", {{"max-pods", 110}, {"standalone-mode", true}}}};
  CHECK(must(parse_document("[settings]\nmotd = \"hi\"\n[settings.kernel.sysctl]\n\"vm.max_map_count\" = \"262144\"\n"
                            "[settings.ntp]\ntime-servers = [\"a\", \"b\"]\n"
                            "[settings.kubernetes]\nmax-pods = 110\nstandalone-mode = true\n",
                            "x.toml")) == expected);
  CHECK(must(parse_document(Json{{"settings", expected}}.dump(), "x.json")) == expected);
}

TEST_CASE("a base64 value may be longer than a line of other TOML files") {
  const std::string text = std::format("[settings.pki.a]\ndata = \"{}\"\n", std::string(100'000, 'A'));
  CHECK(must(parse_document(text, "x"))["pki"]["a"]["data"].get<std::string>().size() == 100'000);
}

TEST_CASE("a document that cannot be used is refused with its name") {
  for (const char* text : {"", "motd = 1", "settings = 3", "[settings]\nx = 1.5", "[settings]\nx = 2020-01-01",
                           "{\"settings\": {}, \"more\": 1}", "{\"settings\": ", "{\"motd\": \"x\"}", "[settings\n"}) {
    INFO(text);
    const auto document = parse_document(text, "user-data");
    REQUIRE_FALSE(document);
    CHECK(document.error().code == ErrorCode::invalid_argument);
    CHECK(document.error().message.starts_with("user-data:"));
    CHECK_FALSE(document.error().message.contains("json.exception"));
  }
}

TEST_CASE("set --json takes settings with or without 'settings' around them") {
  const Json expected = {{"motd", "x"}};
  CHECK(must(parse_json_settings(R"({"motd": "x"})")) == expected);
  CHECK(must(parse_json_settings(R"({"settings": {"motd": "x"}})")) == expected);
  CHECK_FALSE(parse_json_settings("[]"));
  CHECK_FALSE(parse_json_settings("motd=x"));
}

TEST_CASE("times of a try") {
  CHECK(must(parse_seconds("60s")) == 60);
  CHECK(must(parse_seconds("5m")) == 300);
  CHECK(must(parse_seconds("24h")) == 86400);
  CHECK(must(parse_seconds("7")) == 7);
  for (const char* bad : {"", "s", "0", "0s", "-1s", "25h", "86401", "1d", "1 s", "1.5m", "99999999999h"}) {
    INFO(bad);
    CHECK(parse_seconds(bad).error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a prefix is a setting unless it is one of the other parts") {
  CHECK(full_prefix("motd") == "settings.motd");
  CHECK(full_prefix("settings") == "settings");
  CHECK(full_prefix("settings.motd") == "settings.motd");
  CHECK(full_prefix("os") == "os");
  CHECK(full_prefix("os.arch") == "os.arch");
  CHECK(full_prefix("oslo") == "settings.oslo");
}

TEST_CASE("a key is left out, with what becomes empty by it") {
  Json document = {{"settings", {{"motd", "x"}, {"kernel", {{"sysctl", {{"a.b", "1"}}}}}}}, {"os", {{"arch", "x"}}}};
  remove_key(document, "settings.kernel.sysctl.\"a.b\"");
  CHECK(document == Json{{"settings", {{"motd", "x"}}}, {"os", {{"arch", "x"}}}});
  remove_key(document, "settings.none.x");
  remove_key(document, "settings.motd.x");
  CHECK(document["settings"]["motd"] == "x");
  remove_key(document, "os");
  CHECK(document == Json{{"settings", {{"motd", "x"}}}});
  remove_key(document, "settings.\"motd");
  CHECK(document == Json{{"settings", {{"motd", "x"}}}});
}

TEST_CASE("answers are merged object by object") {
  Json document = {{"settings", {{"a", 1}}}};
  merge(document, {{"settings", {{"b", 2}, {"a", 3}}}, {"os", {{"arch", "x"}}}});
  CHECK(document == Json{{"settings", {{"a", 3}, {"b", 2}}}, {"os", {{"arch", "x"}}}});
}
