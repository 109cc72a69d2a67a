// Brings the node to what was rendered: files first, then the services that read them.
//
// plan() changes nothing; apply() does what a plan says. When a service does not accept its new files, apply() restores
// every file and notifies the services again. Files are replaced atomically, and only when they differ.
//
// One thread at a time. The caller owns systemd and kernel and keeps them alive.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api-server/apply/kernel.hpp"
#include "api-server/render/render.hpp"
#include "lib/dbus/systemd.hpp"

namespace bulkhead::apply {

enum class FileChangeKind { created, changed, removed };
std::string_view to_string(FileChangeKind kind);

struct FileChange {
  render::File file;  // for a removed one, only path and service
  FileChangeKind kind = FileChangeKind::changed;

  bool operator==(const FileChange&) const = default;
};

// One service that is notified.
struct Notification {
  std::string service;
  std::string unit;  // empty: the service has no unit
  render::Action action = render::Action::none;
  bool start = false;    // also when the unit does not run
  std::string result{};  // after apply(): "done", "skipped" (the unit does not run; a weaker lockdown mode)

  bool operator==(const Notification&) const = default;
};

struct ApplyPlan {
  std::vector<FileChange> files;
  std::vector<Notification> notifications;  // in the order of render::services()
  bool reboot_required = false;             // set by who knows what the kernel had before

  bool empty() const { return files.empty() && notifications.empty(); }
  bool operator==(const ApplyPlan&) const = default;
};

class Applier {
 public:
  // Files are written at their places (render::place_of) below `root`: "/" on a node, a temporary directory in tests.
  Applier(sys::Path root, dbus::Systemd& systemd, Kernel& kernel)
      : root_(std::move(root)), systemd_(systemd), kernel_(kernel) {}

  // What has to be done so that the files of the families are exactly `wanted`. Services in `affected` are notified
  // even when none of their files changes. `hostname`, `lockdown` and `smt` are what their actions would set.
  Result<ApplyPlan> plan(const std::vector<render::File>& wanted, const std::set<std::string>& affected) const;

  // Errors: unavailable when a service did not accept the change, with its name and the reason. Everything is restored
  // then; the message names what could not be. `before` is the kernel's state to restore.
  Result<ApplyPlan> apply(ApplyPlan plan, const KernelState& wanted, const KernelState& before);

 private:
  struct Saved {
    sys::Path path;
    std::optional<std::string> content;  // nothing: there was no file
    mode_t mode = 0;
  };

  sys::Path place(const sys::Path& path) const { return root_ / render::place_of(path).relative_path(); }
  Result<> write(const FileChange& change, std::vector<Saved>& saved) const;
  Result<> put_back(const std::vector<Saved>& saved) const;
  Result<> notify(Notification& step, const KernelState& kernel);

  sys::Path root_;
  dbus::Systemd& systemd_;
  Kernel& kernel_;
};

}  // namespace bulkhead::apply
