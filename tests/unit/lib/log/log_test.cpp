#include "lib/log/log.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>

#include "lib/base/text.hpp"
#include "lib/sys/file.hpp"

using namespace bulkhead;
using namespace bulkhead::log;

TEST_CASE("an entry is one line with its fields behind the message") {
  const Entry entry{.priority = Priority::warning, .message = "node is degraded", .fields = {{"BULKHEAD_SLOT", "A"}}};
  CHECK(to_line(entry, true) == "<4>node is degraded BULKHEAD_SLOT=A\n");
  CHECK(to_line(entry, false) == "node is degraded BULKHEAD_SLOT=A\n");
}

TEST_CASE("control characters cannot start a new line or move the cursor") {
  CHECK(to_line({.message = "a\n<0>forged\x1b[2J"}, false) == "a <0>forged [2J\n");
}

TEST_CASE("a datagram for the journal keeps every byte of a field") {
  const Entry entry{
      .priority = Priority::notice, .message = "a\nPRIORITY=0", .message_id = "00", .fields = {{"X", "y=z"}}};
  CHECK(to_datagram(entry) ==
        std::string("PRIORITY=5\nMESSAGE\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\nMESSAGE_ID=00\nX=y=z\n", 60));
}

TEST_CASE("an error becomes an entry with its code and errno") {
  Error reason = error(ErrorCode::not_found, "no such thing").with_context("looking");
  reason.sys_errno = 2;
  const Entry entry = entry_of(reason);
  CHECK(entry.priority == Priority::error);
  CHECK(to_line(entry, false) == "looking: no such thing BULKHEAD_CODE=not_found ERRNO=2\n");
}

TEST_CASE("message ids are 128-bit numbers, each used once") {
  std::set<std::string_view> seen;
  for (const MessageId& id : kMessageIds) {
    CHECK(id.id.size() == 32);
    CHECK(std::ranges::all_of(id.id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }));
    CHECK(seen.insert(id.id).second);
  }
}

TEST_CASE("every message id of the source has one entry in the catalog, with a subject and a text") {
  const sys::Path folder = sys::Path(BULKHEAD_SOURCE_DIR) / "lib/log";
  const auto header = sys::read_file(folder / "message_ids.hpp");
  const auto catalog = sys::read_file(folder / "bulkhead.catalog");
  REQUIRE((header && catalog));
  // Those that somebody forgot to list in kMessageIds, too.
  std::set<std::string> declared;
  for (const std::string_view line : split(*header, '\n')) {
    if (!line.starts_with("inline constexpr MessageId ")) continue;
    declared.emplace(line.substr(line.find('"') + 1, 32));
  }
  CHECK(declared.size() == kMessageIds.size());
  for (const MessageId& id : kMessageIds) CHECK(declared.contains(std::string(id.id)));

  std::multiset<std::string> explained;
  for (std::size_t at = catalog->find("-- "); at != std::string::npos;) {
    const std::size_t next = catalog->find("\n-- ", at);
    const std::string entry = catalog->substr(at, next == std::string::npos ? next : next + 1 - at);
    INFO(entry);
    explained.insert(entry.substr(3, 32));
    CHECK(entry.substr(35).starts_with("\nSubject: "));
    CHECK(entry.contains("\nDefined-By: Bulkhead\n\n"));
    CHECK(std::ranges::count(entry, '@') % 2 == 0);
    at = next == std::string::npos ? next : next + 1;
  }
  CHECK(std::ranges::equal(declared, explained));
}
