// bulkhead-trial counted|blessed|gate
//
// counted: exit status 0 when the running version is to be blessed, 1 when the boot loader does not count its tries,
// 255 when it has failed or nothing is known: the condition under which systemd-bless-boot.service may run
// (ExecCondition=, systemd.service(5)). blessed: leaves the mark that this version is blessed, for
// bulkhead-trial-failed.service. gate: says that everything which the gate requires has started.
#include <cstdio>
#include <string_view>

#include "lib/file_systems/outcome.hpp"
#include "lib/log/log.hpp"
#include "lib/node_state/node_state.hpp"
#include "lib/slots/evidence.hpp"
#include "lib/sys/file.hpp"
#include "node/trial/verdict.hpp"

namespace {

using namespace bulkhead;

constexpr std::uint64_t kLargestFile = 16U << 20U;
constexpr const char* kBlessedMark = "/run/bulkhead/blessed";

// One that was lost, or of which nothing is known.
bool is_lost(file_systems::FileSystem which) {
  const auto outcome = file_systems::read_outcome(file_systems::kDirectory, which).value_or(std::nullopt);
  return !outcome || !file_systems::lasts(outcome->kind);
}

// The API server has written its problems by now: the gate requires it. What cannot be read may say anything.
bool settings_not_in_effect() {
  const auto problems = sys::read_file(node_state::kProblemsFile, kLargestFile);
  return !problems || node_state::settings_not_in_effect(*problems);
}

int counted(const log::Log& log) {
  constexpr int kFailed = 255;
  const auto evidence = slots::read_evidence({});
  if (!evidence) {
    log.error(evidence.error());
    return kFailed;
  }
  trial::Facts facts{.evidence = *evidence, .settings_not_in_effect = settings_not_in_effect()};
  for (const auto which : file_systems::kFileSystems) {
    if (is_lost(which)) facts.lost.push_back(which);
  }
  const auto bless = trial::may_bless(facts);
  if (!bless) {
    log.error(bless.error());
    return kFailed;
  }
  if (*bless) return 0;
  log.info("not blessed: the boot loader counts tries of {}, but {} is running",
           evidence->count_path.value_or("nothing"), evidence->version.to_string());
  return 1;
}

int mark_blessed(const log::Log& log) {
  const auto marked = sys::write_file_atomically(kBlessedMark, "");
  if (!marked) log.error(marked.error());
  return marked ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto log = log::Log::from_environment();
  const std::string_view verb = argc == 2 ? argv[1] : "";
  if (verb == "counted") return counted(log);
  if (verb == "blessed") return mark_blessed(log);
  if (verb == "gate") {
    log.info("the gate is open: everything that the node needs has started");
    return 0;
  }
  std::fputs("usage: bulkhead-trial counted|blessed|gate\n", stderr);
  return 2;
}
