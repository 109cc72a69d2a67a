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
    fixture.audit.write({.author = std::to_string(i), .action = "x", .result = "done", .always = true});
  const auto records = fixture.audit.newest(2 * Audit::kKept);
  REQUIRE(records.size() == Audit::kKept);
  CHECK(records.front()["author"] == std::to_string(Audit::kKept));
  CHECK(records.back()["author"] == "1");
}

TEST_CASE("what repeats itself is one record, and its number another when a minute has passed") {
  Fixture fixture;
  for (int i = 0; i < 1000; ++i) {
    fixture.audit.write({.author = "mallory", .action = "PATCH /settings", .result = "refused", .message = "no"});
    fixture.audit.write({.author = "bob", .action = "apply", .result = "done"});
  }
  CHECK(fixture.audit.newest(10).size() == 2);
  fixture.audit.write({.author = "mallory", .action = "POST /tx/commit", .result = "refused", .message = "no"});
  CHECK(fixture.audit.newest(10).size() == 3);
  fixture.now += Audit::kWindow;
  fixture.audit.write({.author = "alice", .action = "commit", .result = "done", .keys = "motd"});
  const auto records = fixture.audit.newest(10);
  REQUIRE(records.size() == 6);
  CHECK(records[0]["author"] == "alice");
  CHECK(records[1]["message"] == "999 more like this within a minute");
  CHECK(records[2]["message"] == "999 more like this within a minute");
  fixture.audit.write({.author = "mallory", .action = "PATCH /settings", .result = "refused", .message = "no"});
  CHECK(fixture.audit.newest(10).size() == 7);
}

TEST_CASE("another transaction and another reason are other records, and every change of settings is one") {
  Fixture fixture;
  for (const char* transaction : {"nothing", "of-the-admin"})
    fixture.audit.write(
        {.author = "m", .action = "commit", .result = "refused", .transaction = transaction, .message = "no"});
  for (int i = 0; i < 3; ++i)
    fixture.audit.write({.author = "a", .action = "commit", .result = "done", .keys = "motd"});
  CHECK(fixture.audit.newest(10).size() == 5);
}

TEST_CASE("records of many kinds and peers do not push other records out") {
  Fixture fixture;
  fixture.audit.write({.author = "alice", .action = "commit", .result = "done", .keys = "motd"});
  for (int i = 0; i < 5000; ++i) {
    // Nobody that is known, with ever new names; one peer with ever new processes; ever new peers.
    fixture.audit.write({.author = "", .action = std::format("GET /{}", i), .result = "refused"});
    fixture.audit.write({.author = std::format("uid 7 (pid {})", i),
                         .action = std::format("GET /{}", i),
                         .result = "refused",
                         .identity = "uid 7"});
    fixture.audit.write({.author = std::format("certificate {}", i), .action = "GET /", .result = "refused"});
    // An operator may change settings, and does nothing else.
    fixture.audit.write({.author = "operator", .action = "commit", .result = "done", .keys = std::format("motd{}", i)});
  }
  fixture.audit.write({.author = "bob", .action = "reboot", .result = "started", .always = true});
  const auto records = fixture.audit.newest(Audit::kKept);
  CHECK(records.size() < 150);
  CHECK(records.front()["author"] == "bob");
  CHECK(records.back()["author"] == "alice");
}

TEST_CASE("the first changes of a minute are records, the others one, and those of an admin all") {
  Fixture fixture;
  for (std::size_t i = 0; i < 3 * Audit::kMostChanges; ++i) {
    fixture.audit.write({.author = "operator", .action = "commit", .result = "done", .keys = "motd"});
    fixture.audit.write({.author = "admin", .action = "commit", .result = "done", .keys = "motd", .always = true});
  }
  CHECK(fixture.audit.newest(Audit::kKept).size() == 4 * Audit::kMostChanges);
  fixture.now += Audit::kWindow;
  fixture.audit.write({.author = "operator", .action = "commit", .result = "done", .keys = "motd"});
  const auto records = fixture.audit.newest(2);
  CHECK(records[0]["keys"] == "motd");
  CHECK(records[1] == nlohmann::json{{"time", "1970-01-01T00:01:00.000000Z"},
                                     {"author", "operator"},
                                     {"action", "commit"},
                                     {"result", "done"},
                                     {"message", "40 more changes within a minute; the history has them"}});
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
