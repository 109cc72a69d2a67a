#include "api-server/apply/applier.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <map>

namespace bulkhead::apply {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{16} << 20U;

struct ExistingFile {
  std::string content;
  mode_t mode = 0;
};

Result<std::optional<ExistingFile>> look(const sys::Path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return fail_errno("looking at {}", path.native());
  }
  std::string content = TRY_CTX(sys::read_file(path, kLargestFile), "reading {}", path.native());
  return ExistingFile{.content = std::move(content), .mode = status.st_mode & 07777U};
}

// Regular files at any depth, as paths that readers use, without the root.
Result<std::vector<sys::Path>> files_below(const sys::Path& root, const sys::Path& directory) {
  std::vector<sys::Path> files;
  std::vector<sys::Path> directories = {directory};
  while (!directories.empty()) {
    const sys::Path at = directories.back();
    directories.pop_back();
    const sys::Path outside = root / render::place_of(at).relative_path();
    std::error_code none;
    if (!std::filesystem::is_directory(outside, none)) continue;
    const std::vector<sys::Path> entries = TRY(sys::list_directory(outside));
    for (const sys::Path& path : entries) {
      std::error_code ignored;
      const auto type = std::filesystem::symlink_status(path, ignored).type();
      if (type == std::filesystem::file_type::directory) directories.push_back(at / path.filename());
      if (type == std::filesystem::file_type::regular) files.push_back(at / path.filename());
    }
  }
  return files;
}

Result<> unlink(const sys::Path& path) {
  std::error_code reason;
  std::filesystem::remove(path, reason);
  if (reason) return fail(errno_error(reason.value(), "removing {}", path.native()));
  return {};
}

}  // namespace

std::string_view to_string(FileChangeKind kind) {
  switch (kind) {
    case FileChangeKind::created: return "created";
    case FileChangeKind::changed: return "changed";
    case FileChangeKind::removed: return "removed";
  }
  return "";
}

Result<ApplyPlan> Applier::plan(const std::vector<render::File>& wanted, const std::set<std::string>& affected) const {
  ApplyPlan plan;
  std::set<std::string> notified = affected;
  const auto add = [&](FileChange change) {
    notified.insert(change.file.service);
    plan.files.push_back(std::move(change));
  };
  std::set<sys::Path> names;
  for (const render::File& file : wanted) {
    names.insert(file.path);
    const auto found = TRY(look(place(file.path)));
    if (found && found->content == file.content && found->mode == file.mode) continue;
    add({.file = file, .kind = found ? FileChangeKind::changed : FileChangeKind::created});
  }
  for (const render::FileFamily& family : render::families()) {
    const std::vector<sys::Path> present = TRY(files_below(root_, family.directory));
    for (const sys::Path& inside : present) {
      if (names.contains(inside) || !family.contains(inside)) continue;
      add({.file = {.path = inside, .content = {}, .service = std::string(family.service)},
           .kind = FileChangeKind::removed});
    }
  }
  for (const render::Service& service : render::services()) {
    if (!notified.contains(std::string(service.name))) continue;
    if (service.action == render::Action::none) continue;
    plan.notifications.push_back({.service = std::string(service.name),
                                  .unit = std::string(service.unit),
                                  .action = service.action,
                                  .start = service.start});
  }
  return plan;
}

Result<> Applier::write(const FileChange& change, std::vector<Saved>& saved) const {
  const sys::Path path = place(change.file.path);
  auto before = TRY(look(path));
  Saved entry{.path = path, .content = std::nullopt};
  if (before) entry = {.path = path, .content = std::move(before->content), .mode = before->mode};
  saved.push_back(std::move(entry));
  if (change.kind == FileChangeKind::removed) return unlink(path);
  TRY(sys::create_directories(path.parent_path()));
  return sys::write_file_atomically(path, change.file.content, change.file.mode);
}

Result<> Applier::put_back(const std::vector<Saved>& saved) const {
  Result<> first;
  for (const Saved& file : saved) {
    auto done = file.content ? sys::write_file_atomically(file.path, *file.content, file.mode) : unlink(file.path);
    if (!done && first) first = std::move(done);
  }
  return first;
}

Result<> Applier::notify(Notification& step, const KernelState& kernel) {
  step.result = "skipped";
  switch (step.action) {
    case render::Action::none: return {};
    case render::Action::hostname:
      if (kernel.hostname.empty()) return {};
      TRY(kernel_.set_hostname(kernel.hostname));
      break;
    case render::Action::lockdown:
      if (kernel.lockdown.empty() || kernel.lockdown == "none") return {};
      TRY(kernel_.set_lockdown(kernel.lockdown));
      break;
    case render::Action::smt:
      if (kernel.smt.empty()) return {};
      TRY(kernel_.set_smt(kernel.smt));
      break;
    case render::Action::reload:
    case render::Action::restart: {
      // A unit that was not started yet will read its files when it starts; one that failed is restarted.
      const std::string state = TRY(systemd_.active_state(step.unit));
      if (!step.start && (state == "inactive" || state == "deactivating")) return {};
      // Quick changes are no sign of a service that cannot keep up.
      TRY(systemd_.reset_failed(step.unit));
      TRY(systemd_.act(step.unit,
                       step.action == render::Action::reload ? dbus::UnitAction::reload : dbus::UnitAction::restart));
      break;
    }
  }
  step.result = "done";
  return {};
}

Result<ApplyPlan> Applier::apply(ApplyPlan plan, const KernelState& wanted, const KernelState& before) {
  std::vector<Saved> saved;
  Result<> done;
  KernelState now = wanted;
  if (is_weaker_lockdown(wanted.lockdown, before.lockdown)) now.lockdown.clear();  // the next boot does that
  for (const FileChange& change : plan.files) {
    done = write(change, saved);
    if (!done) break;
  }
  std::size_t notified = 0;
  for (; done && notified < plan.notifications.size(); ++notified) done = notify(plan.notifications[notified], now);
  if (done) return plan;

  Error reason = std::move(done).error();
  bool restored = true;
  if (auto back = put_back(saved); !back) {
    restored = false;
    reason.message += "; restoring the files failed as well: " + back.error().describe();
  }
  // Those that were notified know the wrong thing now, the one that failed among them.
  for (std::size_t i = 0; i < notified; ++i) {
    Notification again = plan.notifications[i];
    if (again.action == render::Action::lockdown) continue;  // it only gets stricter
    if (auto back = notify(again, before); !back) {
      restored = false;
      reason.message += std::format("; {} did not accept its old files: {}", again.service, back.error().describe());
    }
  }
  if (reason.code != ErrorCode::unavailable) return fail(std::move(reason));
  return fail(std::move(reason)
                  .with_context(restored ? "a service did not accept the change, and everything was restored"
                                         : "a service did not accept the change, and not everything could be restored")
                  .with_hint(std::format("see why: apiclient logs -u {}", plan.notifications[notified - 1].unit)));
}

}  // namespace bulkhead::apply
