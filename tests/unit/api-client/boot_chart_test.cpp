#include "api-client/boot_chart.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <format>

#include "tests/support/golden.hpp"

using namespace bulkhead;
using namespace bulkhead::client;
using testing::matches_golden;

namespace {

using Json = nlohmann::ordered_json;

Json boot() {
  return Json::parse(R"({"gate": "boot-complete.target", "firmware": 3210000, "loader": 800000, "initrd": 4100000,
    "userspace": 6000000, "finished": 33400000, "units": [
    {"unit": "-.mount", "started": 6100000, "ready": 6100000},
    {"unit": "dev-bulkhead-state.device", "started": 8000000, "ready": 8000000},
    {"unit": "bulkhead-file-system@state.service", "started": 8000100, "ready": 9500000, "waited_for": "dev-bulkhead-state.device"},
    {"unit": "odd <&\"> name.service", "started": 9000000, "waited_for": "-.mount"},
    {"unit": "apiserver.service", "started": 9500300, "ready": 12000000, "waited_for": "bulkhead-file-system@state.service"},
    {"unit": "containerd.service", "started": 12000100, "ready": 33300000, "waited_for": "apiserver.service"},
    {"unit": "boot-complete.target", "started": 33300200, "ready": 33300200, "waited_for": "containerd.service"}]})");
}

}  // namespace

TEST_CASE("a boot as a table: its phases, what the node waited for, the longest units first") {
  CHECK(matches_golden("client/boot.txt", boot_table(boot(), false)) == "");
}

TEST_CASE("a boot as a picture, whatever the units are called") {
  CHECK(matches_golden("client/boot.svg", boot_svg(boot())) == "");
}

TEST_CASE("a node that is still starting says so") {
  Json starting = boot();
  starting.erase("finished");
  starting["units"].erase(6);
  CHECK(boot_table(starting, false).contains("the node is not ready yet"));
  CHECK_FALSE(boot_table(starting, false).contains("What the node waited for"));
}

TEST_CASE("a chain that bites its tail ends") {
  Json odd = boot();
  odd["units"][0]["waited_for"] = "boot-complete.target";
  odd["units"][1]["waited_for"] = "-.mount";
  CHECK(boot_table(odd, false).contains("-.mount"));
}

TEST_CASE("an answer of another shape makes a poor chart and breaks nothing") {
  for (const char* text :
       {"null", "7", "[]", "{}", R"({"units": 1})", R"({"units": [null, {"unit": 3}]})",
        R"({"userspace": -5, "units": [{"unit": "x", "started": "soon"}]})",
        R"({"finished": 9223372036854775807, "units": [{"unit": "x", "started": 9223372036854775807}]})"}) {
    const Json odd = Json::parse(text);
    CHECK(boot_table(odd, false).size() < 300);
    CHECK(boot_svg(odd).ends_with("</svg>\n"));
  }
}

TEST_CASE("a chart of a hostile node is bounded, and a picture stays XML") {
  Json odd = {{"gate", "u0"}, {"units", Json::array()}};
  for (int i = 0; i < 20'000; ++i)
    odd["units"].push_back(
        {{"unit", std::format("u{}", i)}, {"started", i}, {"waited_for", std::format("u{}", i + 1)}});
  odd["units"][0]["unit"] = "\xef\xbf\xbf\x1b";
  const std::string svg = boot_svg(odd);
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(svg.size() < 2'000'000);
  CHECK_FALSE(svg.contains('\x1b'));
  CHECK_FALSE(svg.contains("\xef\xbf\xbf"));
}
