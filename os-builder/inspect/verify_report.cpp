#include <nlohmann/json.hpp>

#include <algorithm>

#include "lib/cli/terminal.hpp"
#include "os-builder/inspect/verify.hpp"

namespace bulkhead::inspect {

std::string_view to_string(CheckState state) {
  switch (state) {
    case CheckState::passed: return "ok";
    case CheckState::failed: return "failed";
    case CheckState::skipped: return "skipped";
  }
  std::unreachable();
}

std::string to_text(const Verification& verification, bool color) {
  std::string text;
  for (const Check& check : verification.checks) {
    const cli::Style style = check.state == CheckState::passed   ? cli::Style::green
                             : check.state == CheckState::failed ? cli::Style::red
                                                                 : cli::Style::yellow;
    text += cli::styled(std::format("{:<7}", to_string(check.state)), style, color) + "  " + check.name;
    if (!check.detail.empty()) text += ": " + check.detail;
    text += "\n";
  }
  const auto failed = std::ranges::count(verification.checks, CheckState::failed, &Check::state);
  text += failed == 0
              ? std::format("{}: verified\n", verification.path)
              : std::format("{}: {} of {} checks failed\n", verification.path, failed, verification.checks.size());
  return text;
}

std::string to_json(const Verification& verification) {
  using nlohmann::ordered_json;
  ordered_json checks = ordered_json::array();
  for (const Check& check : verification.checks) {
    checks.push_back({{"name", check.name}, {"state", to_string(check.state)}, {"detail", check.detail}});
  }
  const ordered_json json = {{"schema", "bulkhead.verify/1"},
                             {"image", verification.path},
                             {"verified", verification.passed()},
                             {"checks", std::move(checks)}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace bulkhead::inspect
