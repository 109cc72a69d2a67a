#include <algorithm>
#include <set>

#include "lib/base/text.hpp"
#include "os-builder/rootfs/steps.hpp"
#include "os-builder/rootfs/unit_file.hpp"

namespace bulkhead::rootfs {
namespace {

struct UnitName {
  std::string file;      // "getty@.service"
  std::string instance;  // "tty1"; empty for plain units
};

UnitName parse_name(const std::string& unit) {
  const auto at = unit.find('@');
  const auto dot = unit.rfind('.');
  if (at == std::string::npos || dot == std::string::npos || dot < at || dot == at + 1)
    return {.file = unit, .instance = {}};
  return {.file = unit.substr(0, at + 1) + unit.substr(dot), .instance = unit.substr(at + 1, dot - at - 1)};
}

std::string unit_path(std::string_view name) { return std::format("{}/{}", kUnitDir, name); }

class Presets {
 public:
  explicit Presets(Tree& tree) : tree_(tree) {}

  // Does what `systemctl enable` would, with links beside the units: the image is read-only, so they are part of the
  // vendor's.
  Result<> enable(const std::string& unit) {
    if (!enabled_.insert(unit).second) return {};
    const UnitName name = parse_name(unit);
    const std::string path = tree_.resolve(unit_path(name.file));
    const Entry* const entry = tree_.find(path);
    if (path.empty() || entry->content() == nullptr) return unknown(unit);
    const std::string text = TRY(entry->content()->read());
    const auto settings = parse_unit_file(text);
    const auto words = [&settings](std::string_view key) { return unit_words(settings, "Install", key); };

    const std::pair<std::string_view, std::string_view> kinds[] = {
        {"WantedBy", "wants"}, {"RequiredBy", "requires"}, {"UpheldBy", "upholds"}};
    bool installs = false;
    for (const auto& [key, directory] : kinds) {
      for (const std::string& target : words(key)) {
        TRY(tree_.put_symlink(unit_path(std::format("{}.{}/{}", target, directory, unit)), "../" + name.file, "units"));
        installs = true;
      }
    }
    for (const std::string& alias : words("Alias")) {
      if (alias == unit) continue;
      TRY(tree_.put_symlink(unit_path(alias), unit, "units"));
      installs = true;
    }
    for (const std::string& other : words("Also")) {
      // Packages name units there that they do not always ship.
      if (!tree_.resolve(unit_path(parse_name(other).file)).empty()) TRY(enable(other));
      installs = true;
    }
    if (!installs) return fail(ErrorCode::invalid_argument, "[units] enable: {} has no [Install] section", unit);
    return {};
  }

 private:
  Result<> unknown(const std::string& unit) const {
    std::vector<std::string> known;
    for (const auto& [path, entry] : tree_.below_directory(kUnitDir)) {
      if (parent_path(path) == kUnitDir && !entry.is_directory()) known.emplace_back(file_name(path));
    }
    const std::string near = nearest(unit, known);
    Error missing = error(ErrorCode::invalid_argument, "[units] enable: there is no unit '{}'", unit);
    return fail(near.empty() ? std::move(missing)
                             : std::move(missing).with_hint(std::format("did you mean '{}'?", near)));
  }

  Tree& tree_;
  std::set<std::string> enabled_;
};

// Packages link units into targets whether or not the unit is in the image; a masked one is not to be pulled in either.
void remove_idle_dependencies(const std::vector<std::string>& masked, Tree& tree) {
  std::vector<std::string> links;
  for (const auto& [path, entry] : tree.below_directory(kUnitDir)) {
    const std::string_view parent = parent_path(path);
    const bool dependency = parent.ends_with(".wants") || parent.ends_with(".requires") || parent.ends_with(".upholds");
    const std::string name(file_name(path));
    if (dependency && (std::ranges::contains(masked, name) || tree.resolve(unit_path(parse_name(name).file)).empty())) {
      links.push_back(path);
    }
  }
  for (const std::string& link : links) tree.remove(link);
}

// What packages let a machine's definition say to their units. check_tree() refuses what is left.
Result<> remove_credentials(Tree& tree) {
  std::vector<std::string> paths;
  for (const auto& [path, entry] : tree.below_directory(kUnitDir)) {
    if (entry.content() != nullptr) paths.push_back(path);
  }
  for (const std::string& path : paths) {
    Entry* const entry = tree.find(path);
    const std::string text = TRY(entry->content()->read());
    std::string kept;
    for (const std::string_view line : split(text, '\n')) {
      if (!takes_credential(trim(line.substr(0, line.find('='))))) kept += std::format("{}\n", line);
    }
    if (!kept.empty()) kept.pop_back();
    if (kept != text) entry->node = Content::of(std::move(kept));
  }
  return {};
}

}  // namespace

Result<> arrange_units(const variant::Variant& variant, Tree& tree) {
  TRY(remove_credentials(tree));
  Presets presets(tree);
  for (const std::string& unit : variant.enabled_units) TRY_CTX(presets.enable(unit), "enabling {}", unit);
  remove_idle_dependencies(variant.masked_units, tree);
  for (const std::string& unit : variant.masked_units) {
    tree.remove(unit_path(unit));
    TRY(tree.put_symlink(unit_path(unit), "/dev/null", "units"));
  }
  if (variant.default_target.empty()) return {};
  if (tree.resolve(unit_path(variant.default_target)).empty()) {
    return fail(ErrorCode::invalid_argument, "[units] default: there is no unit '{}'", variant.default_target);
  }
  return tree.put_symlink(unit_path("default.target"), variant.default_target, "units");
}

}  // namespace bulkhead::rootfs
