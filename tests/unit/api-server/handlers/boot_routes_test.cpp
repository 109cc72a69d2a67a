#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/handlers/api_fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::handlers;
using boot_times::BootTimes;
using boot_times::Moment;

namespace {

boot_times::UnitTimes unit(std::string name, int started, std::optional<int> ready,
                           std::vector<std::string> after = {}) {
  return {.unit = std::move(name),
          .started = Moment(started),
          .ready = ready ? std::optional(Moment(*ready)) : std::nullopt,
          .after = std::move(after)};
}

std::vector<std::string> names_in(const Json& boot) {
  std::vector<std::string> names;
  for (const Json& each : boot["units"]) names.push_back(each["unit"]);
  return names;
}

}  // namespace

TEST_CASE("times that are not known are left out, and what each unit waited for is named") {
  const Json boot =
      boot_json({.userspace = Moment(5), .units = {unit("a.service", 6, 8), unit("b.service", 9, {}, {"a.service"})}});
  CHECK(boot == Json::parse(R"({"gate": "boot-complete.target", "userspace": 5, "units": [
    {"unit": "a.service", "started": 6, "ready": 8}, {"unit": "b.service", "started": 9, "waited_for": "a.service"}]})"));
}

TEST_CASE("devices count when somebody waited for them, and what starts after the boot does not") {
  const BootTimes boot{
      .userspace = Moment(5),
      .finished = Moment(20),
      .units = {unit("dev-used.device", 6, 6), unit("dev-other.device", 6, 6), unit("system.slice", 6, 6),
                unit("a.service", 7, 8, {"dev-used.device", "system.slice"}), unit("late.service", 21, 22)}};
  CHECK(names_in(boot_json(boot)) == std::vector<std::string>{"dev-used.device", "a.service"});
}

TEST_CASE("systemd is asked once for requests that come together, and not any more when the boot is over") {
  testing::ApiFixture api;
  std::vector<std::function<void(Result<BootTimes>)>> asked;
  api.parts.read_boot = [&asked](auto done) { asked.push_back(std::move(done)); };
  const auto first = api.begin("GET", "/v1/boot");
  const auto second = api.begin("GET", "/v1/boot");
  REQUIRE(asked.size() == 1);
  asked[0](fail(ErrorCode::unavailable, "no answer"));
  CHECK(first->status() == 503);
  CHECK(second->status() == 503);

  const auto during = api.begin("GET", "/v1/boot");
  REQUIRE(asked.size() == 2);
  asked[1](BootTimes{.userspace = Moment(5)});
  CHECK(during->status() == 200);
  const auto after = api.begin("GET", "/v1/boot");
  REQUIRE(asked.size() == 3);
  asked[2](BootTimes{.userspace = Moment(5), .finished = Moment(20)});
  CHECK(api.ask("GET", "/v1/boot").json() == after->json());
  CHECK(asked.size() == 3);
}
