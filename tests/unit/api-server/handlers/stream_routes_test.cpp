#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/handlers/api_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::ApiFixture;
using bulkhead::testing::FakeStream;
using bulkhead::testing::must;
using settings::Json;

TEST_CASE("events begin with the health of the node, and tell every change") {
  ApiFixture api;
  const auto asked = api.ask("GET", "/v1/events");
  CHECK(asked.response.content_type == "text/event-stream");
  const auto stream = ApiFixture::open(asked);
  REQUIRE(stream->chunks.size() == 1);
  CHECK(stream->chunks.front().starts_with("event: health\ndata: {"));
  api.set({{"motd", "x"}});
  std::string names;
  for (const std::string& chunk : stream->chunks) names += chunk.substr(7, chunk.find('\n') - 7) + " ";
  CHECK(names == "health apply commit ");
  CHECK(stream->chunks.back().ends_with("\n\n"));
}

TEST_CASE("a client that leaves hears nothing more and is forgotten") {
  ApiFixture api;
  const auto first = ApiFixture::open(api.ask("GET", "/v1/events"));
  const auto second = ApiFixture::open(api.ask("GET", "/v1/events"));
  first->leave();
  CHECK(api.events.listeners() == 1);
  api.events.publish("health", {{"state", "ready"}});
  CHECK(first->chunks.size() == 1);
  CHECK(second->chunks.size() == 2);
}

TEST_CASE("there is a limit to how many listen") {
  ApiFixture api;
  std::vector<std::shared_ptr<FakeStream>> streams;
  for (std::size_t i = 0; i < handlers::EventHub::kMostListeners; ++i) {
    streams.push_back(std::make_shared<FakeStream>());
    must(api.events.listen(streams.back()));
  }
  const auto late = ApiFixture::open(api.ask("GET", "/v1/events"));
  CHECK(late->closed);
  CHECK(late->chunks.empty());
  streams.back()->leave();
  CHECK_FALSE(ApiFixture::open(api.ask("GET", "/v1/events"))->closed);
}

TEST_CASE("a client may be cut off by what it is told") {
  struct Slow final : http::Stream {
    bool send(std::string /*chunk*/) override {
      close();
      return false;
    }
    void close() override {
      const auto gone = std::exchange(on_gone, nullptr);
      if (gone) gone();
    }
  };
  ApiFixture api;
  for (int i = 0; i < 3; ++i) must(api.events.listen(std::make_shared<Slow>()));
  const auto other = ApiFixture::open(api.ask("GET", "/v1/events"));
  api.events.publish("health", Json::object());
  CHECK(api.events.listeners() == 1);
  CHECK(other->chunks.size() == 2);
}

TEST_CASE("an event is one line of name and one of data") {
  CHECK(handlers::event_text("try", {{"why", "a\nb"}}) == "event: try\ndata: {\"why\":\"a\\nb\"}\n\n");
}

TEST_CASE("questions about messages are checked before a journal is opened") {
  ApiFixture api;
  for (const char* query : {"limit=0", "limit=10001", "priority=8", "unit=", "since=whenever"}) {
    CAPTURE(query);
    const auto refused = api.ask("GET", std::string("/v1/logs?") + query);
    CHECK(refused.status() == 400);
    CHECK(refused.code() == "invalid_argument");
  }
}
