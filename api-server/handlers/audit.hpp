// The audit trail: who changed what, and who was refused. Written to a namespace of the journal, which keeps it,
// whatever else the node logs; the last records are also in memory, for nodes and tests without a journal. It contains
// the keys of settings, never their values.
//
// Nobody but an admin can push others' records out of it: every field has a longest length, and what repeats itself, or
// is one change too many in a minute, is counted, and the count is written once a minute. The history has the changes.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/log/log.hpp"

namespace bulkhead::handlers {

struct AuditRecord {
  std::string author;
  std::string action;  // "commit", "PATCH /settings"
  std::string result;  // "done", "started", "refused", "failed"
  std::string transaction{};
  std::string keys{};      // separated by spaces
  std::string message{};   // why
  std::string identity{};  // whose records are counted together; empty: `author`
  bool always = false;     // written however often it happens
};

class Audit {
 public:
  static constexpr std::size_t kKept = 1000;
  static constexpr auto kWindow = std::chrono::minutes(1);  // in which equal records are one
  static constexpr std::size_t kMostKinds = 32;             // of one identity in that time; all others are one
  static constexpr std::size_t kMostChanges = 20;           // of settings, by one identity in that time
  static constexpr std::size_t kMostKindsOfUnknown = 4;     // of all clients together that are not known
  static constexpr std::size_t kMostIdentities = 64;        // all others are one
  static constexpr std::size_t kLongestField = 512;         // bytes
  using WallClock = std::function<std::chrono::sys_time<std::chrono::microseconds>()>;

  static constexpr const char* kNamespace = "audit";
  static constexpr const char* kWriter = "apiserver.service";

  Audit(const log::Log& log, WallClock clock)
      : log_(log.in_namespace(kNamespace)), clock_(std::move(clock)), began_(clock_()) {}
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  void write(AuditRecord record);
  // Writes what was counted of records whose time has passed.
  void settle();
  // Newest first: of this process, then of the journal. openapi.yaml, AuditRecord.
  nlohmann::json newest(std::size_t limit) const;

 private:
  using Time = std::chrono::sys_time<std::chrono::microseconds>;
  struct Repeated {
    Time since;
    std::size_t written = 1;
    std::size_t more = 0;
    AuditRecord first{};
  };
  struct Kept {
    Time time;
    nlohmann::json record;
  };

  // Whether there is room for it: for the first of its kind in its time, and some changes. Others are counted.
  bool has_room(const AuditRecord& record);
  void keep(const AuditRecord& record);

  log::Log log_;
  WallClock clock_;
  std::chrono::sys_time<std::chrono::microseconds> began_;
  std::deque<Kept> kept_;
  std::map<std::string, std::map<std::string, Repeated>> counted_;  // by identity and kind
};

}  // namespace bulkhead::handlers
