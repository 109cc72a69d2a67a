#include "api-server/configuration/turn_queue.hpp"

#include <catch2/catch_test_macros.hpp>

#include <optional>
#include <stdexcept>
#include <string>

using namespace bulkhead::configuration;

namespace {

struct Fixture {
  std::string order;
  std::optional<Turn> kept;
  TurnQueue queue;

  void enqueue(char name) {
    queue.enqueue([this, name](const Turn&) { order += name; });
  }
  void enqueue_keeping(char name) {
    queue.enqueue([this, name](Turn turn) {
      order += name;
      kept.emplace(std::move(turn));
    });
  }
};

}  // namespace

TEST_CASE("a step that drops its turn lets the next one start") {
  Fixture fixture;
  fixture.enqueue('a');
  fixture.enqueue('b');
  CHECK(fixture.order == "ab");
}

TEST_CASE("steps wait for a turn that is kept, and then start in the order in which they came") {
  Fixture fixture;
  fixture.enqueue_keeping('a');
  for (const char name : {'b', 'c', 'd'}) fixture.enqueue(name);
  CHECK(fixture.order == "a");
  fixture.kept.reset();
  CHECK(fixture.order == "abcd");
}

TEST_CASE("a turn that is moved on ends once, with its last holder") {
  Fixture fixture;
  fixture.enqueue_keeping('a');
  fixture.enqueue_keeping('b');
  std::optional<Turn> moved(std::move(*fixture.kept));
  fixture.kept.reset();
  CHECK(fixture.order == "a");
  moved.reset();
  CHECK(fixture.order == "ab");
  // The turn that was moved away did not end that of b.
  fixture.enqueue('c');
  CHECK(fixture.order == "ab");
}

TEST_CASE("a callback that is never called ends the turn that it holds") {
  Fixture fixture;
  std::move_only_function<void()> callback;
  fixture.queue.enqueue([&](Turn turn) { callback = [turn = std::move(turn)] {}; });
  fixture.enqueue('b');
  CHECK(fixture.order.empty());
  callback = nullptr;
  CHECK(fixture.order == "b");
}

TEST_CASE("a step that throws lets those behind it start") {
  Fixture fixture;
  CHECK_THROWS_AS(fixture.queue.enqueue([](const Turn&) { throw std::runtime_error("at once"); }), std::runtime_error);
  fixture.enqueue('a');
  CHECK(fixture.order == "a");
  // Also when they came while it was running.
  CHECK_THROWS_AS(fixture.queue.enqueue([&](const Turn&) {
    fixture.enqueue('b');
    throw std::runtime_error("later");
  }),
                  std::runtime_error);
  CHECK(fixture.order == "ab");
}

TEST_CASE("a step that enqueues another one is over before that starts") {
  Fixture fixture;
  fixture.queue.enqueue([&](const Turn&) {
    fixture.enqueue('b');
    fixture.order += 'a';
  });
  CHECK(fixture.order == "ab");
}

TEST_CASE("a hundred thousand steps do not pile up on the stack") {
  Fixture fixture;
  fixture.enqueue_keeping('a');
  int count = 0;
  for (int i = 0; i < 100'000; ++i) fixture.queue.enqueue([&](const Turn&) { ++count; });
  fixture.kept.reset();
  CHECK(count == 100'000);
}

TEST_CASE("a turn may outlive its queue, whose waiting steps are dropped") {
  std::optional<Turn> kept;
  bool ran = false;
  {
    TurnQueue queue;
    queue.enqueue([&](Turn turn) { kept.emplace(std::move(turn)); });
    queue.enqueue([&](const Turn&) { ran = true; });
  }
  kept.reset();
  CHECK_FALSE(ran);
}

TEST_CASE("a step may destroy the queue") {
  auto queue = std::make_unique<TurnQueue>();
  bool ran = false;
  queue->enqueue([&](const Turn&) {
    queue->enqueue([&](const Turn&) { ran = true; });
    queue.reset();
  });
  CHECK_FALSE(ran);
}
