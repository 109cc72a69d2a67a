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

TEST_CASE("a refusal that repeats itself is one record, and its number another when a minute has passed") {
  Fixture fixture;
  for (int i = 0; i < 1000; ++i) {
    fixture.audit.write({.author = "mallory", .action = "PATCH /settings", .result = "refused", .message = "no"});
    fixture.audit.write({.author = "", .action = std::format("GET /{}", i), .result = "refused", .message = "who?"});
  }
  CHECK(fixture.audit.newest(10).size() == 2);
  fixture.audit.write({.author = "mallory", .action = "POST /tx/commit", .result = "refused", .message = "no"});
  CHECK(fixture.audit.newest(10).size() == 3);
  fixture.now += Audit::kWindow;
  fixture.audit.write({.author = "alice", .action = "commit", .result = "done"});
  const auto records = fixture.audit.newest(10);
  REQUIRE(records.size() == 6);
  CHECK(records[0]["author"] == "alice");
  CHECK(records[1]["message"] == "999 more like this within a minute");
  CHECK(records[2]["message"] == "999 more like this within a minute");
  fixture.audit.write({.author = "mallory", .action = "PATCH /settings", .result = "refused", .message = "no"});
  CHECK(fixture.audit.newest(10).size() == 7);
}

TEST_CASE("refusals of many kinds do not push other records out, and what is done is always written") {
  Fixture fixture;
  fixture.audit.write({.author = "alice", .action = "commit", .result = "done"});
  for (int i = 0; i < 5000; ++i) {
    fixture.audit.write(
        {.author = "", .action = "GET /", .result = "refused", .message = std::format("'{}' is not valid", i)});
    fixture.audit.write({.author = std::format("certificate {}", i), .action = "GET /", .result = "refused"});
  }
  fixture.audit.write({.author = "bob", .action = "reboot", .result = "done"});
  const auto records = fixture.audit.newest(Audit::kKept);
  CHECK(records.size() <= Audit::kMostRefusals + 4);
  CHECK(records.front()["author"] == "bob");
  CHECK(records.back()["author"] == "alice");
}

TEST_CASE("a field has a longest length, and ends between characters") {
  Fixture fixture;
  std::string name;
  while (name.size() < 100'000) name += "ő";
  fixture.audit.write({.author = name, .action = name, .result = "refused", .message = name});
  const auto record = fixture.audit.newest(1)[0];
  CHECK(record.dump().size() < 4 * Audit::kLongestField);
  CHECK(record["author"].get<std::string>().ends_with("ő…"));
}
