#include "api-server/handlers/audit.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::handlers;

namespace {

struct Fixture {
  log::Log log{log::Log::Sink::standard_error};
  std::chrono::sys_time<std::chrono::microseconds> now{};
  Audit audit{log, [this] { return now; }};
};

}  // namespace

TEST_CASE("records are kept newest first, with their time, and only what is known of them") {
  Fixture fixture;
  fixture.audit.write({.author = "a", .action = "commit", .result = "done", .keys = "motd"});
  fixture.now += std::chrono::seconds(1);
  fixture.audit.write({.author = "b", .action = "reboot", .result = "refused", .message = "no"});
  const auto records = fixture.audit.newest(2);
  REQUIRE(records.size() == 2);
  CHECK(records[0] == nlohmann::json{{"time", "1970-01-01T00:00:01.000000Z"},
                                     {"author", "b"},
                                     {"action", "reboot"},
                                     {"result", "refused"},
                                     {"message", "no"}});
  CHECK(records[1]["keys"] == "motd");
  CHECK_FALSE(records[1].contains("transaction"));
  CHECK(fixture.audit.newest(1).size() == 1);
}

TEST_CASE("the oldest records make room") {
  Fixture fixture;
  for (std::size_t i = 0; i <= Audit::kKept; ++i)
    fixture.audit.write({.author = std::to_string(i), .action = "x", .result = "done"});
  const auto records = fixture.audit.newest(2 * Audit::kKept);
  REQUIRE(records.size() == Audit::kKept);
  CHECK(records.front()["author"] == std::to_string(Audit::kKept));
  CHECK(records.back()["author"] == "1");
}
