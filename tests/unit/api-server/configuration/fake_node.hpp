// A configuration to work with, without a machine: everything that it touches behaves, and can be told to fail.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <deque>

#include "api-server/configuration/configuration.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/api-server/apply/fake_machine.hpp"

namespace bulkhead::testing {

inline constexpr const char* kTimeUnit = "systemd-timesyncd.service";

inline auto fixed_clock() {
  return [] { return std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(1'700'000'000'123)); };
}

// A disk that may be full.
class FullDisk final : public datastore::Storage {
 public:
  FullDisk(const bool& full, const settings::Flat& stored) : full_(full) {
    if (!stored.empty()) must(inner_.replace(datastore::to_line(datastore::Base{.id = 1, .values = stored})));
  }
  Result<std::string> read() override { return inner_.read(); }
  Result<> append(std::string_view bytes) override { return full_ ? refuse() : inner_.append(bytes); }
  Result<> truncate(std::uint64_t size) override { return inner_.truncate(size); }
  Result<> replace(std::string_view bytes) override { return full_ ? refuse() : inner_.replace(bytes); }

 private:
  static Result<> refuse() { return fail(errno_error(ENOSPC, "writing")); }
  const bool& full_;
  datastore::MemoryStorage inner_;
};

// All of them are one caller, whatever the name.
inline configuration::Caller tester(std::string name = "test", Role role = Role::admin) {
  return {.identity = "test", .name = std::move(name), .role = role};
}

// A configuration on a memory that may be full, with units that behave, below a directory that goes away with it.
struct FakeNode {
  settings::Flat stored;  // what an earlier version left
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  FakeSystemd systemd;
  FakeKernel kernel;
  apply::Applier applier{directory.path(), systemd, kernel};
  std::chrono::steady_clock::time_point now{};
  bool disk_full = false;
  bool access_is_bad = false;
  bool busy = false;  // jobs wait for finish_job()
  struct Job {
    std::function<void()> work;
    std::move_only_function<void()> then;
  };
  std::deque<Job> jobs;
  std::vector<std::string> events;
  std::function<void(std::string_view name, const settings::Json& data)> on_event;
  configuration::Configuration configuration{
      {.store = must(datastore::Datastore::open(std::make_unique<FullDisk>(disk_full, stored), fixed_clock())),
       .applier = applier,
       .executor =
           [this](auto work, auto then) {
             jobs.push_back({std::move(work), std::move(then)});
             if (!busy) finish_job();
           },
       .clock = [this] { return now; },
       .events =
           [this](std::string_view name, const settings::Json& data) {
             events.push_back(std::format("{} {}", name, data.value("state", "")));
             if (on_event) on_event(name, data);
           },
       .check_access = [this](const settings::Api&) -> Result<> {
         if (access_is_bad) return fail(ErrorCode::invalid_argument, "no certificate");
         return {};
       }}};

  explicit FakeNode(settings::Flat left = {}) : stored(std::move(left)) {
    configuration.set_facts(settings::Json::object(), {.hostname = "node"});
    must(configuration.apply_now());
    systemd.states = {{kTimeUnit, "active"}};
  }

  Result<configuration::ChangeOutcome> commit(const std::string& transaction,
                                              std::optional<std::chrono::seconds> try_for = {}) {
    Result<configuration::ChangeOutcome> result = fail(ErrorCode::internal, "not called back");
    configuration.commit({.transaction = transaction, .caller = tester(), .apply = true, .try_for = try_for},
                         [&](Result<configuration::ChangeOutcome> done) { result = std::move(done); });
    return result;
  }
  void finish_job() {
    Job job = std::move(jobs.front());
    jobs.pop_front();
    job.work();
    job.then();
  }
  void stage(const std::string& transaction, const settings::Json& document) {
    must(configuration.stage(tester(), transaction, document));
  }
  std::string effective(const std::string& key) const {
    return configuration.effective().value(settings::Json::json_pointer(key), settings::Json()).dump();
  }
  std::string times() const {
    const auto text = sys::read_file(directory.path() / "etc/bulkhead/systemd/timesyncd.conf.d/60-settings.conf");
    return text.value_or("");
  }
};

}  // namespace bulkhead::testing
