#include "lib/net/events.hpp"

#include <catch2/catch_test_macros.hpp>

#include <vector>

#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::net;
using testing::must;

namespace {

std::vector<Event> events_of(std::string_view text, std::size_t piece) {
  std::vector<Event> events;
  EventReader reader;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    must(reader.feed(text.substr(at, piece), [&](const Event& event) {
      events.push_back(event);
      return true;
    }));
  }
  return events;
}

}  // namespace

TEST_CASE("events come out the same in whatever pieces their bytes arrive") {
  static constexpr std::string_view kText =
      ": hello\r\nevent: commit\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nid: 7\ndata:x\rdata\r\rdata: y\n\nevent: "
      "lost\n\ndata: cut";
  const std::vector<Event> expected = {{.name = "commit", .data = "{\"a\":\n1}"}, {.data = "x\n"}, {.data = "y"}};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, kText.size()}) {
    INFO(piece);
    CHECK(events_of(kText, piece) == expected);
  }
}

TEST_CASE("a reader stops when it is told to") {
  EventReader reader;
  int count = 0;
  CHECK_FALSE(must(reader.feed("data: 1\n\ndata: 2\n\n", [&](const Event&) { return ++count > 1; })));
  CHECK(count == 1);
}

TEST_CASE("an event without an end is refused before it fills the memory") {
  EventReader reader;
  const auto go_on = [](const Event&) { return true; };
  const std::string piece(EventReader::kLongest / 2, 'x');
  CHECK(reader.feed(piece, go_on));
  CHECK(reader.feed(piece, go_on));
  CHECK(reader.feed(piece, go_on).error().code == ErrorCode::data_loss);

  EventReader lines;
  const std::string line = "data: " + std::string(EventReader::kLongest / 2 + 1, 'x') + "\n";
  CHECK(lines.feed(line, go_on));
  CHECK(lines.feed(line, go_on).error().code == ErrorCode::data_loss);
}
