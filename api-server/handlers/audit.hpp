// The audit trail: who changed what, and who was refused. Written to the journal, which keeps it; the last records are
// also in memory, for nodes and tests without a journal. It contains the keys of settings, never their values.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <deque>
#include <functional>
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
  using WallClock = std::function<std::chrono::sys_time<std::chrono::microseconds>()>;

  // The log outlives this.
  Audit(const log::Log& log, WallClock clock) : log_(log), clock_(std::move(clock)), began_(clock_()) {}
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  void write(AuditRecord record);
  // Newest first: of this process, then of the journal. openapi.yaml, AuditRecord.
  nlohmann::json newest(std::size_t limit) const;

 private:
  const log::Log& log_;
  WallClock clock_;
  std::chrono::sys_time<std::chrono::microseconds> began_;
  std::deque<nlohmann::json> kept_;
};

}  // namespace bulkhead::handlers
