#include "os-builder/variant/draft.hpp"

#include <algorithm>
#include <set>

#include "lib/base/text.hpp"
#include "os-builder/variant/checks.hpp"
#include "os-builder/variant/schema.hpp"

namespace bulkhead::variant {

namespace toml = codec::toml;

namespace {

constexpr std::string_view kInherits = "inherits";
constexpr std::size_t kMaxElements = 4096;

std::string child(std::string_view prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : std::format("{}.{}", prefix, name);
}

Error unknown_key(const std::string& file, std::string path, const toml::Node& entry) {
  // For "[pakages.install]" the whole path is more useful than its first part.
  const toml::Table* table = entry.table();
  if (table != nullptr && table->size() == 1 && table->begin()->second.table() != nullptr) {
    path = child(path, table->begin()->first);
  }
  std::vector<std::string> known = {std::string(kInherits)};
  for (const Key& key : keys()) known.emplace_back(key.path);
  const std::string near = nearest(path, known);
  Error reason = toml::error_at(file, entry.key_position, "unknown key '{}'", path);
  if (!near.empty()) reason.message += std::format("; nearest known key: '{}'", near);
  return std::move(reason).with_hint("docs/formats/variant.md lists every key");
}

Error wrong_type(const std::string& file, const toml::Node& node, std::string_view path, std::string_view wanted) {
  return toml::error_at(file, node.position, "'{}' must be {}, not {}", path, wanted, node.type_name());
}

Result<std::string> read_text(const std::string& file, const toml::Node& node, std::string_view path, TextCheck check) {
  if (node.string() == nullptr) return fail(wrong_type(file, node, path, "a string"));
  if (const auto checked = check(*node.string()); !checked) {
    return fail(toml::error_at(file, node.position, "'{}': '{}' {}", path, *node.string(), checked.error().message));
  }
  return *node.string();
}

Result<std::uint64_t> read_size(const std::string& file, const toml::Node& node, std::string_view path,
                                SizeCheck check) {
  if (node.string() == nullptr) return fail(wrong_type(file, node, path, "a size in a string, for example \"512M\""));
  const auto bytes = parse_bytes(*node.string());
  if (!bytes) return fail(toml::error_at(file, node.position, "'{}': {}", path, bytes.error().message));
  if (const auto checked = check(*bytes); !checked) {
    return fail(toml::error_at(file, node.position, "'{}': '{}' {}", path, *node.string(), checked.error().message));
  }
  return *bytes;
}

Result<std::uint32_t> read_id(const std::string& file, const toml::Node& node, std::string_view path,
                              std::string_view name) {
  if (node.integer() == nullptr) return fail(wrong_type(file, node, path, "an integer"));
  if (const auto checked = check::account_id(name, *node.integer()); !checked) {
    return fail(toml::error_at(file, node.position, "'{}': {} {}", path, *node.integer(), checked.error().message));
  }
  return static_cast<std::uint32_t>(*node.integer());
}

// Elements with their positions; an element that is twice in this list is refused.
Result<std::vector<std::pair<std::string, toml::Position>>> read_list(const std::string& file, const toml::Node& node,
                                                                      std::string_view path, TextCheck check) {
  if (node.array() == nullptr) return fail(wrong_type(file, node, path, "a list of strings"));
  if (node.array()->size() > kMaxElements) {
    return fail(toml::error_at(file, node.position, "'{}' has more than {} elements", path, kMaxElements));
  }
  std::vector<std::pair<std::string, toml::Position>> elements;
  std::set<std::string, std::less<>> seen;
  for (const toml::Node& item : *node.array()) {
    std::string text = TRY(read_text(file, item, path, check));
    if (!seen.insert(text).second)
      return fail(toml::error_at(file, item.position, "'{}': the list contains '{}' twice", path, text));
    elements.emplace_back(std::move(text), item.position);
  }
  return elements;
}

// The fields of a user or group: every key must be known, required ones must be there.
Result<const toml::Table*> read_record(const std::string& file, const toml::Node& node, std::string_view path,
                                       std::span<const std::string> known, std::span<const std::string> required) {
  if (node.table() == nullptr) return fail(wrong_type(file, node, path, "a table or false"));
  for (const auto& [key, entry] : toml::in_file_order(*node.table())) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const std::string near = nearest(key, known);
    return fail(toml::error_at(file, entry->key_position, "unknown key '{}.{}'{}", path, key,
                               near.empty() ? "" : std::format("; nearest known key: '{}.{}'", path, near)));
  }
  for (const std::string& key : required) {
    if (!node.table()->contains(key)) return fail(toml::error_at(file, node.position, "'{}' needs '{}'", path, key));
  }
  return node.table();
}

Result<User> read_user(const std::string& file, const toml::Node& node, const std::string& path,
                       std::string_view name) {
  static const std::array<std::string, 4> kKnown = {"uid", "gid", "description", "home"};
  const toml::Table* table = TRY(read_record(file, node, path, kKnown, std::span(kKnown).first(2)));
  User user;
  user.uid = TRY(read_id(file, table->at("uid"), child(path, "uid"), name));
  user.gid = TRY(read_id(file, table->at("gid"), child(path, "gid"), name));
  if (const auto entry = table->find("description"); entry != table->end()) {
    user.description = TRY(read_text(file, entry->second, child(path, "description"), check::account_comment));
  }
  if (const auto entry = table->find("home"); entry != table->end()) {
    const auto home = [](std::string_view text) -> Result<> { return text == "/" ? Result<>{} : check::path(text); };
    user.home = TRY(read_text(file, entry->second, child(path, "home"), home));
  }
  return user;
}

Result<Group> read_group(const std::string& file, const toml::Node& node, const std::string& path,
                         std::string_view name) {
  static const std::array<std::string, 2> kKnown = {"gid", "members"};
  const toml::Table* table = TRY(read_record(file, node, path, kKnown, std::span(kKnown).first(1)));
  Group group;
  group.gid = TRY(read_id(file, table->at("gid"), child(path, "gid"), name));
  if (const auto entry = table->find("members"); entry != table->end()) {
    auto members = TRY(read_list(file, entry->second, child(path, "members"), check::account));
    for (auto& [member, at] : members) {
      group.members.push_back(std::move(member));
    }
  }
  return group;
}

}  // namespace

// Reads one value into the member that its key names.
struct Store {
  Draft& draft;
  const std::string& file;
  const std::string& path;
  const toml::Node& node;

  Result<> operator()(const Text& target) const {
    draft.variant_.*target.member = TRY(read_text(file, node, path, target.check));
    return {};
  }

  Result<> operator()(const VersionText& target) const {
    const std::string text = TRY(read_text(file, node, path, check::line));
    auto version = Version::parse(text);
    if (!version) return fail(toml::error_at(file, node.position, "'{}': {}", path, version.error().message));
    draft.variant_.*target.member = *std::move(version);
    return {};
  }

  Result<> operator()(const Flag& target) const {
    if (node.boolean() == nullptr) return fail(wrong_type(file, node, path, "true or false"));
    draft.variant_.*target.member = *node.boolean();
    return {};
  }

  Result<> operator()(const ClusterSize& target) const {
    const std::uint64_t size = TRY(read_size(file, node, path, target.check));
    draft.variant_.*target.member = static_cast<std::uint32_t>(size);
    return {};
  }

  Result<> operator()(const PartitionSize& target) const {
    draft.variant_.partitions.*target.member = TRY(read_size(file, node, path, target.check));
    return {};
  }

  Result<> operator()(const TextList& target) const {
    std::vector<std::string>& list = draft.variant_.*target.member;
    auto elements = TRY(read_list(file, node, path, target.check));
    for (auto& [element, at] : elements) {
      if (std::ranges::find(list, element) != list.end()) continue;
      draft.places_.insert_or_assign(std::format("{}[{}]", path, element), Draft::Place{file, at});
      list.push_back(std::move(element));
    }
    return {};
  }

  Result<> operator()(const TextMap& target) const {
    const auto read = [&](const toml::Node& value, const std::string& value_path, std::string_view) {
      return read_text(file, value, value_path, target.check);
    };
    return store_map(draft.variant_.*target.member, target.name_check, read);
  }

  Result<> operator()(const SuiteMap& target) const {
    if (node.table() == nullptr) return fail(wrong_type(file, node, path, "a table"));
    for (const auto& [suite, entry] : toml::in_file_order(*node.table())) {
      const std::string suite_path = child(path, suite);
      if (const auto checked = check::simple_name(suite); !checked) {
        return fail(toml::error_at(file, entry->key_position, "'{}': '{}' {}", path, suite, checked.error().message));
      }
      const auto read = [&](const toml::Node& value, const std::string& value_path, std::string_view) {
        return read_text(file, value, value_path, check::line);
      };
      const Store inner{draft, file, suite_path, *entry};
      auto& map = draft.variant_.*target.member;
      TRY(inner.store_map(map[std::string(suite)], check::package, read));
      if (map.at(std::string(suite)).empty()) map.erase(std::string(suite));
    }
    return {};
  }

  Result<> operator()(const UserMap& target) const {
    const auto read = [&](const toml::Node& value, const std::string& value_path, std::string_view name) {
      return read_user(file, value, value_path, name);
    };
    return store_map(draft.variant_.*target.member, check::account, read);
  }

  Result<> operator()(const GroupMap& target) const {
    const auto read = [&](const toml::Node& value, const std::string& value_path, std::string_view name) {
      return read_group(file, value, value_path, name);
    };
    return store_map(draft.variant_.*target.member, check::account, read);
  }

  template <class Value, class Read>
  Result<> store_map(std::map<std::string, Value>& map, TextCheck name_check, const Read& read) const {
    if (node.table() == nullptr) return fail(wrong_type(file, node, path, "a table"));
    for (const auto& [name_view, entry] : toml::in_file_order(*node.table())) {
      const std::string name(name_view);
      const std::string entry_path = child(path, name);
      if (const auto checked = name_check(name); !checked) {
        return fail(toml::error_at(file, entry->key_position, "'{}': '{}' {}", path, name, checked.error().message));
      }
      if (const bool* keep = entry->boolean(); keep != nullptr && !*keep) {
        if (map.erase(name) == 0) {
          return fail(toml::error_at(file, entry->key_position,
                                     "'{} = false' removes nothing: no inherited file sets it", entry_path));
        }
        continue;
      }
      auto value = TRY(read(*entry, entry_path, name));
      map.insert_or_assign(name, std::move(value));
      draft.places_.insert_or_assign(entry_path, Draft::Place{file, entry->key_position});
    }
    return {};
  }
};

Result<> Draft::merge(const toml::Table& table, const std::string& file) { return merge_section(table, "", file); }

Result<> Draft::merge_section(const toml::Table& table, const std::string& prefix, const std::string& file) {
  for (const auto& [name, entry] : toml::in_file_order(table)) {
    const std::string path = child(prefix, name);
    if (path == kInherits) continue;
    if (const auto key = std::ranges::find(keys(), path, &Key::path); key != keys().end()) {
      TRY(std::visit(Store{*this, file, path, *entry}, key->target));
      places_.insert_or_assign(path, Place{file, entry->key_position});
      continue;
    }
    const bool section =
        std::ranges::any_of(keys(), [&](const Key& key) { return key.path.starts_with(std::format("{}.", path)); });
    if (!section) return fail(unknown_key(file, path, *entry));
    if (entry->table() == nullptr) return fail(wrong_type(file, *entry, path, "a table"));
    TRY(merge_section(*entry->table(), path, file));
  }
  return {};
}

Error Draft::at_place(const std::string& key, std::string message) const {
  const auto place = places_.find(key);
  if (place == places_.end()) return error(ErrorCode::invalid_argument, "{}", message);
  return toml::error_at(place->second.file, place->second.at, "{}", message);
}

Result<> Draft::check_accounts() const {
  std::map<std::uint32_t, std::string> uids;
  for (const auto& [name, user] : variant_.users) {
    const auto [other, fresh] = uids.emplace(user.uid, name);
    if (!fresh)
      return fail(at_place(child("users", name),
                           std::format("users '{}' and '{}' have the same uid {}", other->second, name, user.uid)));
  }
  std::map<std::uint32_t, std::string> gids;
  for (const auto& [name, group] : variant_.groups) {
    const auto [other, fresh] = gids.emplace(group.gid, name);
    if (!fresh)
      return fail(at_place(child("groups", name),
                           std::format("groups '{}' and '{}' have the same gid {}", other->second, name, group.gid)));
  }
  return {};
}

Result<> Draft::check_contradictions() const {
  for (const auto& [name, reason] : variant_.excluded_packages) {
    if (!variant_.packages.contains(name) && name != variant_.kernel_package) continue;
    return fail(
        at_place(child("packages.exclude", name), std::format("package '{}' is both installed and excluded", name)));
  }
  for (const std::string& unit : variant_.masked_units) {
    if (std::ranges::find(variant_.enabled_units, unit) == variant_.enabled_units.end() &&
        unit != variant_.default_target)
      continue;
    return fail(
        at_place(std::format("units.mask[{}]", unit), std::format("unit '{}' is both enabled and masked", unit)));
  }
  for (const auto& [path, target] : variant_.symlinks) {
    if (!variant_.programs.contains(path)) continue;
    return fail(at_place(child("symlinks", path), std::format("'{}' is both a program and a symlink", path)));
  }
  return {};
}

// A package has one place that it comes from.
Result<> Draft::check_suites() const {
  std::map<std::string, std::string, std::less<>> named;
  for (const auto& [suite, packages] : variant_.packages_from) {
    const std::string table = child("packages.from", suite);
    for (const auto& [name, reason] : packages) {
      const auto refuse = [&](std::string message) { return fail(at_place(child(table, name), std::move(message))); };
      if (std::ranges::contains(variant_.suites, suite))
        return refuse(std::format("'{}' is one of packages.suites: every package may come from there", suite));
      if (variant_.excluded_packages.contains(name))
        return refuse(std::format("package '{}' is excluded, and comes from no suite", name));
      const auto [other, fresh] = named.emplace(name, suite);
      if (!fresh)
        return refuse(std::format("package '{}' cannot come from both {} and {}", name, other->second, suite));
    }
  }
  return {};
}

Result<Variant> Draft::finish(const std::string& file) && {
  for (const Key& key : keys()) {
    if (!key.required || places_.contains(key.path)) continue;
    return fail(error(ErrorCode::invalid_argument, "{}: the variant needs '{}'", file, key.path)
                    .with_hint(std::format("set it there, or in an inherited file: {}", key.meaning)));
  }
  TRY(check_accounts());
  TRY(check_contradictions());
  TRY(check_suites());
  return std::move(variant_);
}

Result<std::vector<std::pair<std::string, toml::Position>>> inherited(const toml::Table& table,
                                                                      const std::string& file) {
  const auto entry = table.find(kInherits);
  if (entry == table.end()) return {};
  return read_list(file, entry->second, kInherits, check::simple_name);
}

}  // namespace bulkhead::variant
