// Messages of the journal: sd-journal(3). Single thread.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::journal {

using Time = std::chrono::sys_time<std::chrono::microseconds>;

struct Query {
  std::string name_space{};                 // empty: the default one
  std::optional<std::string> unit{};        // "containerd.service"
  std::optional<std::string> message_id{};  // 32 hex digits
  // The only writer that counts: this unit as root, and nobody else about it. The journal records who wrote, so that
  // nobody can claim it (systemd.journal-fields(7), "Trusted Journal Fields").
  std::optional<std::string> written_by{};
  std::optional<Time> since{};
  std::optional<Time> until{};
  std::optional<int> priority{};  // as in syslog: this and more important ones
  std::size_t limit = 1000;       // the newest ones
};

struct Message {
  Time time{};
  int priority = 6;
  std::string unit;  // or what else names who wrote it
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields;  // BULKHEAD_…=
};

class Journal {
 public:
  // The journal of this machine; empty when there is none. Errors: those of the system.
  static Result<Journal> open(const Query& query);

  // Messages since the last call, oldest first.
  Result<std::vector<Message>> read();
  // Readable when there are more messages; call read() then. Errors: those of the system.
  Result<int> fd();

 private:
  struct Close {
    void operator()(void* journal) const;
  };
  explicit Journal(void* journal, Query query) : journal_(journal), query_(std::move(query)) {}
  Result<> go_to_start();

  std::unique_ptr<void, Close> journal_;  // sd_journal
  Query query_;
  bool started_ = false;
};

// {"time", "priority", "unit", "message"}: a line of GET /v1/logs.
nlohmann::json to_json(const Message& message);

// "2026-01-02T03:04:05Z", or how long before `now`: "90s", "15m", "2h", "1d". Errors: invalid_argument.
Result<Time> parse_since(std::string_view text, Time now);

}  // namespace bulkhead::journal
