// bulkhead-file-system mount|reset state|data
//
// mount: checks, repairs and mounts the file system, and leaves what came of it for others (lib/file_systems). Exit
// status 0 also when the file system is lost: state.mount and var.mount put an empty one in memory in its place.
// reset: makes an empty file system of one that is lost; the next start uses it.
#include <cstdio>
#include <string_view>

#include "lib/log/log.hpp"
#include "node/file-system/partition.hpp"

namespace bulkhead::file_system {
namespace {

using file_systems::Kind;
using file_systems::label;

Result<> mount(FileSystem which, const log::Log& log) {
  DiskPartition partition(which);
  const FileSystemOutcome outcome = bring_up(which, partition);
  const RemovedLinks& links = partition.removed_links();
  for (const std::string& link : links.first)
    log.warning("{}: removed an unexpected symbolic link: {}", label(which), link);
  if (links.count > links.first.size()) log.warning("{}: removed {} links in all", label(which), links.count);
  switch (outcome.kind) {
    case Kind::mounted:
    case Kind::reset: break;
    case Kind::repaired: log.warning("{}: {}", label(which), outcome.reason); break;
    case Kind::damaged:
      log.warning("{} has errors that could not be corrected: {}", label(which), outcome.reason);
      break;
    case Kind::small: log.warning("{} does not use all of its partition: {}", label(which), outcome.reason); break;
    case Kind::copied:
      log.warning("{} cannot be written to, a copy in memory stands in: {}", label(which), outcome.reason);
      break;
    case Kind::lost:
      log.write({.priority = log::Priority::error,
                 .message = std::format("{} is lost: {}", label(which), outcome.reason),
                 .message_id = log::kFileSystemLost.id,
                 .fields = {}});
      break;
  }
  return file_systems::write_outcome(file_systems::kDirectory, which, outcome);
}

Result<> reset(FileSystem which, const log::Log& log) {
  const auto outcome = TRY(file_systems::read_outcome(file_systems::kDirectory, which));
  if (!outcome || file_systems::lasts(outcome->kind))
    return fail(ErrorCode::failed_precondition, "{} is not lost", label(which));
  TRY(DiskPartition(which).format());
  TRY(file_systems::write_outcome(file_systems::kDirectory, which,
                                  {.kind = Kind::reset, .reason = "an empty file system was made"}));
  log.warning("{} was replaced by an empty file system, used from the next boot on", label(which));
  return {};
}

int run(std::string_view verb, std::string_view name) {
  const auto which = file_systems::parse_file_system(name);
  if (!which || (verb != "mount" && verb != "reset")) {
    std::fputs("usage: bulkhead-file-system mount|reset state|data\n", stderr);
    return 2;
  }
  const auto log = log::Log::from_environment();
  const auto done = verb == "mount" ? mount(*which, log) : reset(*which, log);
  if (done) return 0;
  log.error(done.error());
  return 1;
}

}  // namespace
}  // namespace bulkhead::file_system

int main(int argc, char** argv) {
  if (argc != 3) return bulkhead::file_system::run("", "");
  return bulkhead::file_system::run(argv[1], argv[2]);
}
