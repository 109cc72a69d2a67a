#include "lib/vm/qmp.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/socket.h>

#include <array>

namespace bulkhead::vm {
namespace {

using namespace std::chrono_literals;

// QEMU's side of the connection, played by the test. What it says is already in the socket when the client looks.
struct Peer {
  sys::UniqueFd ours;
  sys::UniqueFd theirs;

  Peer() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    ours = sys::UniqueFd(ends[0]);
    theirs = sys::UniqueFd(ends[1]);
  }
  void say(std::string_view text) const {
    REQUIRE(::send(ours.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  std::string heard() const {
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(ours.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : std::string();
  }
  void hang_up() { ours = sys::UniqueFd(); }

  Result<Qmp> greet() {
    say(R"({"QMP": {"version": {"qemu": {"micro": 13, "minor": 0, "major": 10}, "package": "x"}, "capabilities": ["oob"]}})"
        "\r\n"
        R"({"return": {}})"
        "\r\n");
    return Qmp::attach(std::move(theirs), after(1s));
  }
};

TEST_CASE("the greeting tells the version of QEMU") {
  const auto message = parse_qmp_message(
      R"({"QMP": {"version": {"qemu": {"micro": 13, "minor": 0, "major": 10}}, "capabilities": []}})");
  REQUIRE(message);
  CHECK(*message == QmpMessage(QmpGreeting{.qemu_version = "10.0.13"}));
}

TEST_CASE("answers, refusals and events are told apart") {
  CHECK(parse_qmp_message(R"({"return": {"status": "running"}})") ==
        QmpMessage(QmpReturn{.value = {{"status", "running"}}}));
  CHECK(parse_qmp_message(R"({"error": {"class": "GenericError", "desc": "no"}})") ==
        QmpMessage(QmpFailure{.error_class = "GenericError", .description = "no"}));
  CHECK(parse_qmp_message(R"({"timestamp": {"seconds": 1}, "event": "RESET", "data": {"guest": true}})") ==
        QmpMessage(QmpEvent{.name = "RESET", .data = {{"guest", true}}}));
  CHECK(parse_qmp_message(R"({"event": "STOP"})") == QmpMessage(QmpEvent{.name = "STOP", .data = nullptr}));
}

TEST_CASE("what is not a message of the protocol is an error, never a crash") {
  for (const char* text :
       {"", "{", "[]", "1", "{}", R"({"event": 1})", R"({"event": ""})", "\xff\xff", R"({"return")"}) {
    INFO(text);
    const auto message = parse_qmp_message(text);
    REQUIRE_FALSE(message);
    CHECK(message.error().code == ErrorCode::data_loss);
  }
  CHECK(parse_qmp_message(R"({"QMP": null})"));  // an unknown version is still a greeting
  CHECK_FALSE(parse_qmp_message(std::string(100'000, '[')));
  CHECK_FALSE(parse_qmp_message(R"({"return": ")" + std::string((1U << 20U) + 1, 'x') + "\"}"));
}

TEST_CASE("the client negotiates capabilities before anything else") {
  Peer peer;
  REQUIRE(peer.greet());
  CHECK(peer.heard() == "{\"execute\":\"qmp_capabilities\"}\n");
}

TEST_CASE("an answer is found behind events, which stay queued") {
  Peer peer;
  Result<Qmp> qmp = peer.greet();
  REQUIRE(qmp);
  peer.say(
      "{\"event\": \"RESUME\"}\r\n{\"event\": \"RESET\", \"data\": {\"guest\": true}}\r\n{\"return\": {\"status\": "
      "\"running\"}}\r\n");
  const auto answer = qmp->execute("query-status", after(1s));
  REQUIRE(answer);
  CHECK((*answer)["status"] == "running");
  REQUIRE(qmp->events().size() == 2);
  CHECK_FALSE(qmp->take_event("SHUTDOWN"));
  CHECK(qmp->take_event("RESET") == QmpEvent{.name = "RESET", .data = {{"guest", true}}});
  CHECK(qmp->events().empty());
}

TEST_CASE("a message may arrive in pieces") {
  Peer peer;
  Result<Qmp> qmp = peer.greet();
  REQUIRE(qmp);
  peer.say("{\"event\": \"WATCH");
  REQUIRE(qmp->read_available());
  CHECK(qmp->events().empty());
  peer.say("DOG\"}\r\n");
  REQUIRE(qmp->read_available());
  CHECK(qmp->take_event("WATCHDOG"));
}

TEST_CASE("a refusal carries what QEMU says") {
  Peer peer;
  Result<Qmp> qmp = peer.greet();
  REQUIRE(qmp);
  peer.say("{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command x has not been found\"}}\r\n");
  const auto answer = qmp->execute("x", after(1s));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::failed_precondition);
  CHECK(answer.error().message.contains("The command x has not been found"));
}

TEST_CASE("silence ends in an error at the deadline, and so does a closed connection at once") {
  Peer peer;
  Result<Qmp> qmp = peer.greet();
  REQUIRE(qmp);
  SECTION("silence") { CHECK(qmp->execute("stop", after(20ms)).error().code == ErrorCode::unavailable); }
  SECTION("hung up") {
    peer.heard();
    peer.hang_up();
    CHECK_FALSE(qmp->execute("stop", after(10s)));
  }
}

TEST_CASE("a peer that greets with garbage is refused") {
  Peer peer;
  peer.say("HTTP/1.1 400 Bad Request\r\n");
  CHECK(Qmp::attach(std::move(peer.theirs), after(1s)).error().code == ErrorCode::data_loss);
}

}  // namespace
}  // namespace bulkhead::vm
