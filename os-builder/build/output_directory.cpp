#include "os-builder/build/output_directory.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

namespace bulkhead::build {
namespace {

constexpr std::string_view kStampName = ".stamp";

sys::Path lock_path(const sys::Path& target) {
  return target.parent_path() / ("." + target.filename().native() + ".lock");
}
std::string unfinished_prefix(const sys::Path& target) { return "." + target.filename().native() + ".unfinished-"; }

// One line per file, which changes if somebody writes to it.
Result<std::string> stamp_of(const sys::Path& directory, const Sha256& inputs) {
  std::vector<std::string> lines;
  std::error_code status;
  for (const auto& entry : std::filesystem::directory_iterator(directory, status)) {
    const std::string name = entry.path().filename().native();
    if (name == kStampName) continue;
    struct stat info{};
    if (::lstat(entry.path().c_str(), &info) < 0) return fail_errno("looking at {}", entry.path().native());
    lines.push_back(
        std::format("{} {} {} {}.{}\n", name, info.st_size, info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec));
  }
  if (status) return fail(errno_error(status.value(), "listing {}", directory.native()));
  std::ranges::sort(lines);
  std::string stamp = inputs.to_string() + "\n";
  for (const std::string& line : lines) stamp += line;
  return stamp;
}

}  // namespace

Result<OutputDirectory> OutputDirectory::open(const sys::Path& target, bool wait,
                                              const std::function<void()>& on_wait) {
  TRY(sys::create_directories(target.parent_path()));
  auto lock = sys::FileLock::try_acquire(lock_path(target));
  if (!lock && lock.error().code == ErrorCode::aborted) {
    if (!wait) {
      return fail(error(ErrorCode::aborted, "another build is writing {}", target.native())
                      .with_hint("wait until it ends, or use another directory: --output DIR"));
    }
    on_wait();
    lock = sys::FileLock::acquire(lock_path(target));
  }
  if (!lock) return fail(std::move(lock).error());
  OutputDirectory output(target, *std::move(lock));
  // Leftovers of killed builds; we hold the lock, so no build is using them.
  std::error_code status;
  for (const auto& entry : std::filesystem::directory_iterator(target.parent_path(), status)) {
    if (entry.path().filename().native().starts_with(unfinished_prefix(target))) TRY(sys::remove_all(entry.path()));
  }
  return output;
}

bool OutputDirectory::is_current(const Sha256& inputs) const {
  const auto stamp = sys::read_file(target_ / kStampName);
  const auto now = stamp_of(target_, inputs);
  return stamp && now && *stamp == *now;
}

Result<sys::Path> OutputDirectory::begin() {
  sys::TempDir filling = TRY(sys::TempDir::create(target_.parent_path(), unfinished_prefix(target_)));
  filling_.emplace(std::move(filling));
  if (::chmod(filling_->path().c_str(), 0755) < 0)
    return fail_errno("setting the mode of {}", filling_->path().native());
  return filling_->path();
}

Result<> OutputDirectory::commit(const Sha256& inputs) {
  if (!filling_) return fail(ErrorCode::internal, "no build was begun in {}", target_.native());
  const std::string stamp = TRY(stamp_of(filling_->path(), inputs));
  TRY(sys::write_file_atomically(filling_->path() / kStampName, stamp));
  if (!sys::exists(target_)) return filling_->commit(target_);
  if (::renameat2(AT_FDCWD, filling_->path().c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) < 0) {
    return fail_errno("moving the finished build to {}", target_.native());
  }
  filling_.reset();  // it now contains the old build
  return {};
}

}  // namespace bulkhead::build
