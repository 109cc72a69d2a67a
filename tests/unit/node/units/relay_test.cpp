// A manager, the relay and its clients, all on one loop and on socket pairs.
#include "node/units/relay.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/must.hpp"

namespace bulkhead::units {
namespace {

using bulkhead::testing::must;
using dbus::Bus;
using dbus::Caller;
using dbus::Message;

struct Pair {
  sys::UniqueFd one, other;
};

Pair sockets() {
  int fds[2] = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
  return {.one = sys::UniqueFd(fds[0]), .other = sys::UniqueFd(fds[1])};
}

Bus bus_on(sys::UniqueFd socket, bool server) {
  sd_bus* raw = nullptr;
  REQUIRE(::sd_bus_new(&raw) >= 0);
  Bus bus(raw);
  REQUIRE(::sd_bus_set_fd(raw, socket.get(), socket.get()) >= 0);
  socket.release();
  sd_id128_t id{};
  REQUIRE(::sd_id128_randomize(&id) >= 0);
  if (server) REQUIRE(::sd_bus_set_server(raw, 1, id) >= 0);
  REQUIRE(::sd_bus_start(raw) >= 0);
  return bus;
}

// systemd: it answers every call with the names of member and unit, and remembers what it was asked.
struct Manager {
  Bus bus{};
  std::vector<std::string> calls{};

  static int on_call(sd_bus_message* call, void* self, sd_bus_error* /*error*/) {
    if (::sd_bus_message_is_method_call(call, nullptr, nullptr) <= 0) return 0;
    const char* unit = "";
    ::sd_bus_message_read(call, "s", &unit);
    const std::string asked = std::string(::sd_bus_message_get_member(call)) + " " + unit;
    static_cast<Manager*>(self)->calls.push_back(asked);
    if (std::string_view(unit) == "gone.service")
      return ::sd_bus_reply_method_errorf(call, "org.freedesktop.systemd1.NoSuchUnit", "no such unit");
    return ::sd_bus_reply_method_return(call, "s", asked.c_str());
  }
};

struct Answer {
  std::string text;
  std::string error;
};

class RelayFixture {
 public:
  RelayFixture() {
    sd_event* raw = nullptr;
    REQUIRE(::sd_event_new(&raw) >= 0);
    loop_.reset(raw);
    Pair pair = sockets();
    manager_.bus = bus_on(std::move(pair.one), true);
    REQUIRE(::sd_bus_add_filter(manager_.bus.get(), nullptr, &Manager::on_call, &manager_) >= 0);
    // Subscribing blocks: the manager answers from a thread of its own, which ends with its answer.
    std::thread answers([this] {
      while (manager_.calls.empty()) {
        if (::sd_bus_process(manager_.bus.get(), nullptr) == 0) ::sd_bus_wait(manager_.bus.get(), 1'000'000);
      }
      ::sd_bus_flush(manager_.bus.get());
    });
    auto opened = Relay::open(raw, bus_on(std::move(pair.other), false));
    answers.join();
    relay_ = must(std::move(opened));
    REQUIRE(::sd_bus_attach_event(manager_.bus.get(), raw, SD_EVENT_PRIORITY_NORMAL) >= 0);
    REQUIRE(manager_.calls == std::vector<std::string>{"Subscribe "});
    manager_.calls.clear();
  }

  sd_bus* connect(Caller caller) {
    Pair pair = sockets();
    must(relay_->add(std::move(pair.one), caller));
    clients_.push_back(bus_on(std::move(pair.other), false));
    REQUIRE(::sd_bus_attach_event(clients_.back().get(), loop_.get(), SD_EVENT_PRIORITY_NORMAL) >= 0);
    return clients_.back().get();
  }

  Answer ask(sd_bus* client, const char* member, const char* unit, const char* mode = "replace") {
    std::optional<Answer> answer;
    sd_bus_message* call = nullptr;
    REQUIRE(::sd_bus_message_new_method_call(client, &call, dbus::kSystemdService, dbus::kSystemdPath,
                                             dbus::kSystemdManager, member) >= 0);
    const Message owner(call);
    REQUIRE(::sd_bus_message_append(call, "ss", unit, mode) >= 0);
    REQUIRE(::sd_bus_call_async(client, nullptr, call, &RelayFixture::on_answer, &answer, 0) >= 0);
    while (!answer) turn();
    return *answer;
  }

  void turn() {
    REQUIRE(::sd_event_run(loop_.get(), UINT64_MAX) >= 0);
    relay_->forget_gone();
  }

  Manager& manager() { return manager_; }
  Relay& relay() { return *relay_; }
  // Without a flush, which would wait for a relay that this thread does not run meanwhile.
  void close_clients() {
    for (Bus& client : clients_) ::sd_bus_close_unref(client.release());
    clients_.clear();
  }

 private:
  static int on_answer(sd_bus_message* reply, void* to, sd_bus_error* /*error*/) {
    Answer answer;
    if (::sd_bus_message_is_method_error(reply, nullptr) > 0) {
      answer.error = ::sd_bus_message_get_error(reply)->name;
    } else {
      const char* text = "";
      ::sd_bus_message_read(reply, "s", &text);
      answer.text = text;
    }
    *static_cast<std::optional<Answer>*>(to) = answer;
    return 1;
  }

  std::unique_ptr<sd_event, sd_event* (*)(sd_event*)> loop_{nullptr, ::sd_event_unref};
  Manager manager_;
  std::unique_ptr<Relay> relay_;
  std::vector<Bus> clients_;
};

int count_signal(sd_bus_message* /*message*/, void* count, sd_bus_error* /*error*/) {
  ++*static_cast<int*>(count);
  return 0;
}

TEST_CASE("what is allowed reaches the manager with all its arguments, and its answer or error comes back") {
  RelayFixture units;
  sd_bus* api = units.connect(Caller::api);
  CHECK(units.ask(api, "RestartUnit", "containerd.service").text == "RestartUnit containerd.service");
  CHECK(units.ask(api, "LoadUnit", "gone.service").error == "org.freedesktop.systemd1.NoSuchUnit");
  CHECK(units.manager().calls == std::vector<std::string>{"RestartUnit containerd.service", "LoadUnit gone.service"});
}

TEST_CASE("what is not allowed is refused, and the manager does not hear of it") {
  RelayFixture units;
  sd_bus* api = units.connect(Caller::api);
  sd_bus* reader = units.connect(Caller::reader);
  CHECK(units.ask(api, "RestartUnit", "systemd-udevd.service").error == SD_BUS_ERROR_ACCESS_DENIED);
  CHECK(units.ask(api, "StartTransientUnit", "containerd.service").error == SD_BUS_ERROR_ACCESS_DENIED);
  CHECK(units.ask(reader, "RestartUnit", "containerd.service").error == SD_BUS_ERROR_ACCESS_DENIED);
  CHECK(units.manager().calls.empty());
  CHECK(units.ask(reader, "LoadUnit", "a.service").text == "LoadUnit a.service");
}

TEST_CASE("signals go to who has subscribed, and only those about units and jobs") {
  RelayFixture units;
  sd_bus* one = units.connect(Caller::reader);
  sd_bus* other = units.connect(Caller::reader);
  int jobs = 0;
  int units_new = 0;
  int not_subscribed = 0;
  REQUIRE(::sd_bus_match_signal(one, nullptr, nullptr, nullptr, nullptr, "JobRemoved", count_signal, &jobs) >= 0);
  REQUIRE(::sd_bus_match_signal(one, nullptr, nullptr, nullptr, nullptr, "UnitNew", count_signal, &units_new) >= 0);
  REQUIRE(::sd_bus_match_signal(other, nullptr, nullptr, nullptr, nullptr, "JobRemoved", count_signal,
                                &not_subscribed) >= 0);
  units.ask(one, "Subscribe", "");
  units.ask(other, "LoadUnit", "a.service");
  sd_bus* manager = units.manager().bus.get();
  for (const char* member : {"UnitNew", "JobRemoved"}) {
    REQUIRE(::sd_bus_emit_signal(manager, dbus::kSystemdPath, dbus::kSystemdManager, member, "s", "a.service") >= 0);
  }
  while (jobs == 0) units.turn();
  CHECK(units.ask(other, "LoadUnit", "a.service").text == "LoadUnit a.service");  // signals before it have arrived
  CHECK(jobs == 1);
  CHECK(units_new == 0);
  CHECK(not_subscribed == 0);
}

TEST_CASE("clients that are gone make room, and one too many is turned away") {
  RelayFixture units;
  for (std::size_t i = 0; i < kMostClients; ++i) units.connect(Caller::reader);
  Pair pair = sockets();
  CHECK_FALSE(units.relay().add(std::move(pair.one), Caller::api));
  units.close_clients();
  while (units.relay().clients() > 0) units.turn();
  sd_bus* api = units.connect(Caller::api);
  CHECK(units.ask(api, "LoadUnit", "a.service").text == "LoadUnit a.service");
}

TEST_CASE("a client that does not read its signals is dropped, and the others go on") {
  RelayFixture units;
  sd_bus* reader = units.connect(Caller::reader);
  units.ask(reader, "Subscribe", "");
  REQUIRE(::sd_bus_detach_event(reader) >= 0);  // from now on it reads nothing
  sd_bus* api = units.connect(Caller::api);
  sd_bus* manager = units.manager().bus.get();
  const std::string text(2048, 'x');
  for (std::size_t i = 0; i < 2 * kMostWaiting && units.relay().clients() == 2; ++i) {
    REQUIRE(::sd_bus_emit_signal(manager, dbus::kSystemdPath, dbus::kSystemdManager, "JobRemoved", "s", text.c_str()) >=
            0);
    units.ask(api, "LoadUnit", "a.service");
  }
  CHECK(units.relay().clients() == 1);
  CHECK(units.ask(api, "LoadUnit", "a.service").text == "LoadUnit a.service");
}

}  // namespace
}  // namespace bulkhead::units
