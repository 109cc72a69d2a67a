// The audit trail: who changed what, and who was refused. Written to a namespace of the journal, which keeps it, whatever
// else the node logs; the last records are also in memory, for nodes and tests without a journal. It contains the keys of settings, never their values.
//
// Nobody can push others' records out of it: every field has a longest length, and a refusal that repeats itself is
// counted and told once a minute.
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
  std::string keys{};     // separated by spaces
  std::string message{};  // why
};

class Audit {
 public:
  static constexpr std::size_t kKept = 1000;
  static constexpr auto kWindow = std::chrono::minutes(1);  // in which equal refusals are one record
  static constexpr std::size_t kMostRefusals = 256;         // different ones in that time; all others are one
  static constexpr std::size_t kMostUnknown = 16;           // of these, by clients that are not known
  static constexpr std::size_t kLongestField = 512;         // bytes
  using WallClock = std::function<std::chrono::sys_time<std::chrono::microseconds>()>;

  static constexpr const char* kNamespace = "audit";

  Audit(const log::Log& log, WallClock clock) : log_(log.in_namespace(kNamespace)), clock_(std::move(clock)), began_(clock_()) {}
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  void write(AuditRecord record);
  // Writes what was counted of refusals whose time has passed.
  void settle();
  // Newest first: of this process, then of the journal. openapi.yaml, AuditRecord.
  nlohmann::json newest(std::size_t limit) const;

 private:
  struct Repeated {
    std::chrono::sys_time<std::chrono::microseconds> since;
    std::size_t more = 0;
    AuditRecord first{};
  };

  // True for the first of its kind in its time; others are counted.
  bool is_first(const AuditRecord& record);
  void keep(const AuditRecord& record);

  log::Log log_;
  WallClock clock_;
  std::chrono::sys_time<std::chrono::microseconds> began_;
  std::deque<nlohmann::json> kept_;
  std::map<std::string, Repeated> refusals_;
  std::size_t unknown_ = 0;  // of refusals_, by clients that are not known
};

}  // namespace bulkhead::handlers
