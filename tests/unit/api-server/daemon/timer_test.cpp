#include "api-server/daemon/timer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <optional>

using namespace bulkhead::daemon;

namespace {

constexpr std::chrono::steady_clock::time_point kPast{};
constexpr auto kNever = std::chrono::steady_clock::time_point::max();

}  // namespace

TEST_CASE("a deadline calls once, and never before the call that sets it returns") {
  boost::asio::io_context loop;
  LoopTimer timer(loop);
  int called = 0;
  timer.set_at(kPast, [&] { ++called; });
  CHECK(called == 0);
  loop.run();
  CHECK(called == 1);
}

TEST_CASE("a deadline that is replaced or cancelled calls nothing, also when it has passed already") {
  boost::asio::io_context loop;
  LoopTimer first(loop);
  LoopTimer replaced(loop);
  LoopTimer cancelled(loop);
  std::optional<LoopTimer> destroyed(std::in_place, loop);
  std::string called;
  // Whichever the loop comes to first, it has all of them in hand by then.
  const auto on_first = [&] {
    called += "first ";
    replaced.set_at(kPast, [&] { called += "again"; });
    cancelled.cancel();
    destroyed.reset();
  };
  first.set_at(kPast, on_first);
  for (LoopTimer* timer : {&replaced, &cancelled, &*destroyed})
    timer->set_at(kPast + std::chrono::nanoseconds(1), [&] { called += "old "; });
  loop.run();
  CHECK(called == "first again");
}

TEST_CASE("a timer can be set again while it calls") {
  boost::asio::io_context loop;
  LoopTimer timer(loop);
  std::string called;
  timer.set_at(kPast, [&] {
    called += "a";
    timer.set_at(kPast, [&] { called += "b"; });
  });
  loop.run();
  CHECK(called == "ab");
}

TEST_CASE("a deadline that is far away does not call") {
  boost::asio::io_context loop;
  LoopTimer timer(loop);
  timer.set_at(kNever, [] { FAIL("too early"); });
  loop.poll();
  timer.cancel();
  CHECK(loop.run() == 1);  // the wait that was cancelled
}
