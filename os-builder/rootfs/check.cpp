#include <algorithm>
#include <set>

#include "os-builder/rootfs/steps.hpp"
#include "os-builder/rootfs/unit_file.hpp"

namespace bulkhead::rootfs {
namespace {

constexpr std::size_t kMaxExecutables = 30;

// Programs that execute text. Names are compared without a version ("python3.13" is python).
constexpr std::string_view kInterpreters[] = {"ash",  "awk",   "bash", "busybox", "csh",    "dash",  "fish",
                                              "gawk", "guile", "ksh",  "lua",     "luajit", "mawk",  "mksh",
                                              "node", "perl",  "php",  "posh",    "python", "ruby",  "sash",
                                              "sh",   "tclsh", "tcsh", "toybox",  "zsh",    "rbash", "nawk"};
constexpr std::string_view kPackageManagers[] = {"apt",      "apt-get", "apt-cache", "apt-key", "dpkg",
                                                 "dpkg-deb", "dnf",     "rpm",       "pip",     "npm",
                                                 "yum",      "snap",    "apk",       "pacman",  "zypper"};

class Findings {
 public:
  template <class... Args>
  void add(std::format_string<Args...> format, Args&&... args) {
    found_.push_back(std::format(format, std::forward<Args>(args)...));
  }

  Result<> result() const {
    if (found_.empty()) return {};
    std::string text = found_.size() == 1 ? "the finished root tree failed a check"
                                          : std::format("the finished root tree failed {} checks", found_.size());
    for (const std::string& finding : found_) text += "\n  " + finding;
    return fail(ErrorCode::failed_precondition, "{}", text);
  }

 private:
  std::vector<std::string> found_;
};

void check_modes(const Tree& tree, Findings& findings) {
  for (const auto& [path, entry] : tree.entries()) {
    if (entry.symlink() != nullptr) continue;
    if ((entry.mode & 06000U) != 0) findings.add("{} ({}) is set-user-ID or set-group-ID", path, entry.origin);
    if ((entry.mode & 0002U) != 0) findings.add("{} ({}) is writable by everybody", path, entry.origin);
  }
}

std::string without_version(std::string_view name) {
  const auto end = name.find_last_not_of("0123456789.-");
  return std::string(name.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

Result<> check_interpreters(const Tree& tree, Findings& findings) {
  for (const auto& [path, entry] : tree.entries()) {
    if (entry.is_directory()) continue;
    const std::string_view name = file_name(path);
    const Content* const content = entry.content();
    const bool executable = content != nullptr && (entry.mode & 0111U) != 0;
    const bool in_path = std::ranges::contains(kPathDirs, parent_path(path));
    if (executable || in_path) {
      if (std::ranges::contains(kInterpreters, without_version(name)))
        findings.add("{} ({}) is an interpreter", path, entry.origin);
      if (std::ranges::contains(kPackageManagers, name))
        findings.add("{} ({}) is a package manager", path, entry.origin);
    }
    if (executable && content->size >= 2) {
      const ContentView view = TRY(ContentView::open(*content));
      if (as_text(view.bytes()).starts_with("#!")) findings.add("{} ({}) is an executable script", path, entry.origin);
    }
  }
  return {};
}

void check_executables(const variant::Variant& variant, const Tree& tree, Findings& findings) {
  std::set<std::string> names;
  std::set<std::string> programs;
  for (const std::string_view directory : kPathDirs) {
    for (const auto& [path, entry] : tree.below_directory(directory)) {
      if (entry.is_directory()) continue;
      const std::string name(file_name(path));
      names.insert(name);
      programs.insert(tree.resolve(path));
      if (!variant.executables.contains(name)) findings.add("{} ({}) is not in [executables]", path, entry.origin);
    }
  }
  for (const auto& [name, reason] : variant.executables) {
    if (names.contains(name)) continue;
    const std::string near = nearest(name, std::vector<std::string>(names.begin(), names.end()));
    findings.add("[executables] {}: no package contains it{}", name,
                 near.empty() ? "" : std::format("; did you mean '{}'?", near));
  }
  programs.erase("");
  if (programs.size() > kMaxExecutables && !variant.shell_allowed) {
    findings.add("there are {} programs in the directories of PATH; at most {} are allowed", programs.size(),
                 kMaxExecutables);
  }
}

void check_libraries(const variant::Variant& variant, const ElfFiles& files, const Tree& tree, Findings& findings) {
  std::set<std::string> absent;  // entries of [libraries.absent] that say something
  const auto found = [&](const std::string& user, const ElfInfo& info, const std::string& soname) {
    if (!find_library(tree, user, info, soname).empty()) return true;
    if (!variant.absent_libraries.contains(soname)) return false;
    absent.insert(soname);
    return true;
  };
  for (const auto& [path, info] : files) {
    if (!info.interpreter.empty() && tree.resolve(info.interpreter).empty()) {
      findings.add("{}: its loader {} is missing", path, info.interpreter);
    }
    for (const std::string& soname : info.needed) {
      if (!found(path, info, soname)) findings.add("{}: needs {}, which is missing", path, soname);
    }
    for (const DlopenNote& note : info.dlopen) {
      bool any = false;
      for (const std::string& soname : note.sonames) any = found(path, info, soname) || any;
      if (!any)
        findings.add("{}: may load {} ({}), which is neither in the image nor in [libraries.absent]", path,
                     note.sonames.front(), note.feature);
    }
  }
  for (const auto& [soname, reason] : variant.absent_libraries) {
    if (!absent.contains(soname))
      findings.add("[libraries.absent] {}: nothing may load it, or the image contains it", soname);
  }
}

// The path in the image of a path of the running system.
std::string in_image(std::string_view path) {
  return path.starts_with("/etc/") ? std::format("{}{}", kFactoryEtc, path.substr(4)) : std::string(path);
}

bool filled_at_run_time(std::string_view target) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"/run/", "/proc/", "/dev/", "/sys/", "/var/", "/tmp/",
                                              "/etc/bulkhead/hostname", "/etc/bulkhead/motd"},
      [target](std::string_view prefix) { return target.starts_with(prefix); });
}

// Absolute path that a symlink points at in the running system, with "." and ".." taken out by their text.
std::string pointed_at(std::string_view path, std::string_view target) {
  std::string link(path.starts_with(kFactoryEtc) ? std::format("/etc{}", path.substr(kFactoryEtc.size())) : path);
  const sys::Path whole = target.starts_with('/') ? sys::Path(target) : sys::Path(parent_path(link)) / target;
  return whole.lexically_normal().native();
}

void check_symlinks(const Tree& tree, Findings& findings) {
  for (const auto& [path, entry] : tree.entries()) {
    const Symlink* const link = entry.symlink();
    if (link == nullptr) continue;
    const std::string target = pointed_at(path, link->target);
    if (filled_at_run_time(target)) continue;
    if (tree.resolve(in_image(target)).empty())
      findings.add("{} ({}) points at {}, which is missing", path, entry.origin, link->target);
  }
}

bool program_exists(const Tree& tree, const std::string& program) {
  if (program.starts_with('/')) return !tree.resolve(program).empty();
  return std::ranges::any_of(kPathDirs, [&](std::string_view directory) {
    return !tree.resolve(std::format("{}/{}", directory, program)).empty();
  });
}

Result<> check_units(const variant::Variant& variant, const Tree& tree, Findings& findings) {
  std::set<std::string> groups{"root"};
  for (const auto& [name, group] : variant.groups) groups.insert(name);
  for (const auto& [name, user] : variant.users) groups.insert(name);
  for (const auto& [path, entry] : tree.below_directory(kUnitDir)) {
    if (entry.content() == nullptr) continue;
    const std::string text = TRY(entry.content()->read());
    const auto settings = parse_unit_file(text);
    const bool dynamic = unit_words(settings, "Service", "DynamicUser") == std::vector<std::string>{"yes"};
    for (const UnitSetting& setting : settings) {
      if (setting.key.starts_with("Exec") && setting.key != "ExecPaths" && setting.key != "ExecSearchPath") {
        const std::string program = exec_program(setting.value);
        if (!program.empty() && !program.contains('%') && !program_exists(tree, program)) {
          findings.add("{} ({}) runs {}, which is missing", path, entry.origin, program);
        }
      }
      if (takes_credential(setting.key) && !setting.value.empty())
        findings.add("{} ({}) takes a credential: {}={}", path, entry.origin, setting.key, setting.value);
      const bool plain = !dynamic && !setting.value.empty() && !setting.value.contains('%');
      if (setting.key == "User" && plain && !variant.users.contains(setting.value)) {
        findings.add("{} ({}) runs as user {}, which is not in [users]", path, entry.origin, setting.value);
      }
      if ((setting.key == "Group" || setting.key == "SocketGroup") && plain && !groups.contains(setting.value)) {
        findings.add("{} ({}) names group {}, which is not in [groups]", path, entry.origin, setting.value);
      }
    }
  }
  return {};
}

// Names of users and groups in files of other programs.
class AccountNames {
 public:
  AccountNames(const variant::Variant& variant, Findings& findings) : variant_(variant), findings_(findings) {}

  void check_user(std::string_view name, std::string_view path, const Entry& entry) {
    if (is_name(name) && !is_user(name)) {
      findings_.add("{} ({}) names user {}, which is not in [users]", path, entry.origin, name);
    }
  }
  void check_group(std::string_view name, std::string_view path, const Entry& entry) {
    if (is_name(name) && !is_user(name) && !variant_.groups.contains(std::string(name))) {
      findings_.add("{} ({}) names group {}, which is not in [groups]", path, entry.origin, name);
    }
  }

 private:
  // Numbers need no entry, '-' is the default, '$' is udev's own substitution.
  static bool is_name(std::string_view text) {
    return !text.empty() && text != "-" && (text[0] < '0' || text[0] > '9') && !text.contains('$');
  }
  bool is_user(std::string_view name) const { return variant_.users.contains(std::string(name)); }

  const variant::Variant& variant_;
  Findings& findings_;
};

// The value of `key`"…" in a line of udev's rules; empty when the line does not have it.
std::string_view rule_value(std::string_view line, std::string_view key) {
  const auto at = line.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = line.substr(at + key.size());
  return rest.substr(0, rest.find('"'));
}

// The columns of a line of tmpfiles.d(5).
std::vector<std::string_view> columns(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(line, ' ')) {
    for (const std::string_view part : split(word, '\t')) {
      if (!part.empty()) words.push_back(part);
    }
  }
  return words;
}

Result<> check_account_names(const variant::Variant& variant, const Tree& tree, Findings& findings) {
  AccountNames names(variant, findings);
  for (const auto& [path, entry] : tree.entries()) {
    const std::string_view folder = parent_path(path);
    if (folder == "/usr/lib/sysusers.d")
      findings.add("{} ({}) has no effect: accounts come from [users]", path, entry.origin);
    const bool tmpfiles = folder == "/usr/lib/tmpfiles.d";
    const bool rules = folder == "/usr/lib/udev/rules.d";
    if ((!tmpfiles && !rules) || entry.content() == nullptr) continue;
    const std::string text = TRY(entry.content()->read());
    for (const std::string_view line : split(text, '\n')) {
      if (line.starts_with('#')) continue;
      if (rules) {
        names.check_group(rule_value(line, "GROUP=\""), path, entry);
        names.check_user(rule_value(line, "OWNER=\""), path, entry);
        continue;
      }
      const auto words = columns(line);
      // ACL lines (a, A) have no owner columns.
      if (words.size() <= 4 || words[0].starts_with('a') || words[0].starts_with('A')) continue;
      names.check_user(words[3], path, entry);
      names.check_group(words[4], path, entry);
    }
  }
  return {};
}

}  // namespace

Result<> check_tree(const variant::Variant& variant, const ElfFiles& files, const Tree& tree) {
  Findings findings;
  check_modes(tree, findings);
  if (!variant.shell_allowed) TRY(check_interpreters(tree, findings));
  check_executables(variant, tree, findings);
  check_libraries(variant, files, tree, findings);
  check_symlinks(tree, findings);
  TRY(check_units(variant, tree, findings));
  TRY(check_account_names(variant, tree, findings));
  return findings.result();
}

}  // namespace bulkhead::rootfs
