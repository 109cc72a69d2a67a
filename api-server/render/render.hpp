// From typed settings to every configuration file of the node, and the table of the services that read them. Pure: the
// same settings and facts give the same bytes; nothing is read or written. api-server/apply puts the result in place.
//
// Files are filled from templates/*.mustache. Every value is written by the rule of its format (template.hpp), so that
// no value can add a line, a key or an entry, even if the rules in lib/settings accepted it.
#pragma once

#include <sys/types.h>

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/settings/settings.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::render {

// What files need besides settings. Everything may be empty.
struct Facts {
  std::string machine_id{};
  std::string hostname{};  // the name when settings.network.hostname is not set; callers always have one
  std::string product{}, version{}, variant{};
  std::string region{};
  std::string node_address{};
  // The bundle that the image ships, PEM. It has to come from /usr/share/factory/etc: the file below /etc is replaced
  // by the one rendered here.
  std::string base_certificates{};

  bool operator==(const Facts&) const = default;
};

struct File {
  sys::Path path;  // absolute, below /etc: where readers look, which place_of() makes the place it is written to
  std::string content;
  mode_t mode = 0644;
  bool secret = false;  // content is never shown in plans and logs
  std::string service;  // whose file it is: a name in services()

  bool operator==(const File&) const = default;
};

// The one directory of /etc that the API server writes. Readers get there by links of the image
// (os-builder/rootfs/overlay/base/etc), which nothing on a node can change.
inline constexpr std::string_view kOwnDirectory = "/etc/bulkhead";
// Where a file or directory below /etc is written: /etc/hosts at /etc/bulkhead/hosts. What is below kOwnDirectory
// stays.
sys::Path place_of(const sys::Path& path);

// Every file that exists for these settings, sorted by path; unset settings have their defaults. Errors:
// invalid_argument, beginning with a key, for settings that are valid by themselves but cannot take effect: a bond
// without links, two credentials for one registry, a runtime that the image does not have. Values of secret settings
// are never quoted.
Result<std::vector<File>> render(const settings::Settings& settings, const Facts& facts);

// The error that render() would give for the files of these services. That is enough for a change that affects only
// these services.
Result<> check(const settings::Settings& settings, const Facts& facts, const std::set<std::string>& services);

// The node's own name: the setting, else the fact, else "localhost". For Action::hostname.
std::string hostname(const settings::Settings& settings, const Facts& facts);

// Files that exist only for some settings. A file that matches and was not rendered is removed.
struct FileFamily {
  std::string_view service;
  std::string_view directory;
  std::string_view pattern;  // as for glob_match (lib/base/text.hpp), of the path below the directory; may contain '/'
  std::string_view doc{};    // when it exists, for docs/formats/configuration-files.md

  bool contains(const sys::Path& path) const;
};
std::span<const FileFamily> families();
// Files that always exist, described in the same way; their patterns are plain names.
std::span<const FileFamily> permanent_files();

enum class Action {
  none,      // readers read the files whenever they need them, or nothing reads them yet
  reload,    // ReloadUnit, for a unit that runs
  restart,   // TryRestartUnit: a unit that does not run stays so, unless `start` is set
  hostname,  // write it to /proc/sys/kernel/hostname
  lockdown,  // write settings.kernel.lockdown to /sys/kernel/security/lockdown
  smt,       // write to /sys/devices/system/cpu/smt/control what settings.kernel.smt means on this processor
};
std::string_view to_string(Action action);

struct Service {
  std::string_view name;  // a word in About::affects of settings
  std::string_view doc;
  std::string_view unit{};
  Action action = Action::none;
  // RestartUnit, even when it does not run: one-shot units that ran early in the boot, before our files existed.
  bool start = false;
};
// In the order in which they are notified: a service comes after those it depends on.
std::span<const Service> services();
const Service* find_service(std::string_view name);

// docs/formats/configuration-files.md.
std::string reference_page();

}  // namespace bulkhead::render
