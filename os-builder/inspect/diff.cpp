#include "os-builder/inspect/diff.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "lib/base/text.hpp"

namespace bulkhead::inspect {
namespace {

using Facts = std::map<std::string, std::string>;

// Names of either side whose values differ, in name order.
std::vector<DiffLine> compare(const Facts& before, const Facts& after) {
  std::vector<DiffLine> changes;
  for (const auto& [name, value] : before) {
    const auto other = after.find(name);
    if (other == after.end()) {
      changes.push_back({.name = name, .before = value, .after = {}});
    } else if (other->second != value) {
      changes.push_back({.name = name, .before = value, .after = other->second});
    }
  }
  for (const auto& [name, value] : after) {
    if (!before.contains(name)) changes.push_back({.name = name, .before = {}, .after = value});
  }
  std::ranges::sort(changes, {}, &DiffLine::name);
  return changes;
}

Facts packages_of(const Inspection& inspection) {
  Facts facts;
  if (!inspection.root) return facts;
  for (const packages::Package& package : inspection.root->packages.packages) facts[package.name] = package.version;
  return facts;
}

const UnifiedKernel* first_kernel(const Inspection& inspection) {
  for (const EspFile& file : inspection.esp) {
    if (file.kernel) return &*file.kernel;
  }
  return nullptr;
}

// An option may be there several times ("console="), and order matters to the kernel: values are joined in their order.
Facts command_line_of(const Inspection& inspection) {
  Facts facts;
  const UnifiedKernel* kernel = first_kernel(inspection);
  if (kernel == nullptr) return facts;
  for (const std::string_view word : split(kernel->command_line, ' ')) {
    if (word.empty()) continue;
    const auto equals = word.find('=');
    std::string& value = facts[std::string(word.substr(0, equals))];
    if (!value.empty()) value += ' ';
    value += equals == std::string_view::npos ? "set" : word.substr(equals + 1);
  }
  return facts;
}

Facts sizes_of(const Inspection& inspection) {
  Facts facts;
  if (inspection.kind == ImageKind::disk) facts["disk"] = std::to_string(inspection.size);
  if (inspection.root) facts["root image"] = std::to_string(inspection.root->image_size);
  for (const EspFile& file : inspection.esp) {
    if (!file.kernel) {
      facts[file.path] = std::to_string(file.size);
      continue;
    }
    // The name of a UKI contains the version; its parts are compared nevertheless.
    facts["UKI"] = std::to_string(file.size);
    for (const EfiSection& section : file.kernel->sections) facts["UKI " + section.name] = std::to_string(section.size);
  }
  return facts;
}

Facts partitions_of(const Inspection& inspection) {
  Facts facts;
  if (!inspection.table) return facts;
  for (const gpt::Partition& partition : inspection.table->table.partitions) {
    const auto add = [&](std::string_view aspect, std::string value) {
      facts[std::format("{} {}", partition.number, aspect)] = std::move(value);
    };
    add("kind", std::string(to_string(partition.kind())));
    add("label", partition.label);
    add("start", std::to_string(partition.start));
    add("size", std::to_string(partition.size));
    add("uuid", partition.uuid.to_string());
    add("attributes", std::format("{:#x}", partition.attributes));
  }
  return facts;
}

struct Aspect {
  const char* name;
  std::function<std::string(const rootfs::Entry&)> value;
};

std::string kind_of(const rootfs::Entry& entry) {
  return entry.is_directory() ? "directory" : entry.symlink() != nullptr ? "symlink" : "file";
}

std::string xattrs_text(const rootfs::Entry& entry) {
  std::string text;
  for (const auto& [name, value] : entry.xattrs)
    text += std::format("{}{}={}", text.empty() ? "" : ",", name, to_hex(as_bytes(value)));
  return text.empty() ? "none" : text;
}

const std::vector<Aspect>& aspects() {
  static const std::vector<Aspect> list = {
      {"type", kind_of},
      {"target", [](const rootfs::Entry& entry) { return entry.symlink() != nullptr ? entry.symlink()->target : ""; }},
      {"size",
       [](const rootfs::Entry& entry) {
         return entry.content() != nullptr ? std::to_string(entry.content()->size) : "";
       }},
      {"sha256",
       [](const rootfs::Entry& entry) {
         return entry.content() != nullptr ? entry.content()->sha256.to_string() : "";
       }},
      {"mode", [](const rootfs::Entry& entry) { return std::format("{:04o}", entry.mode); }},
      {"owner", [](const rootfs::Entry& entry) { return std::format("{}:{}", entry.uid, entry.gid); }},
      {"xattrs", xattrs_text},
  };
  return list;
}

// The description of an entry that only one side has.
std::string whole(const rootfs::Entry& entry) {
  std::string text = kind_of(entry);
  if (entry.content() != nullptr) text += std::format(" {}", entry.content()->size);
  if (entry.symlink() != nullptr) text += " to " + entry.symlink()->target;
  return text + std::format(" {:04o} {}:{}", entry.mode, entry.uid, entry.gid);
}

DiffLine changed_entry(const std::string& path, const rootfs::Entry& before, const rootfs::Entry& after) {
  DiffLine change{.name = path, .before = {}, .after = {}};
  for (const Aspect& aspect : aspects()) {
    const std::string old_value = aspect.value(before);
    const std::string new_value = aspect.value(after);
    if (old_value == new_value) continue;
    change.before += std::format("{}{} {}", change.before.empty() ? "" : ", ", aspect.name, old_value);
    change.after += std::format("{}{} {}", change.after.empty() ? "" : ", ", aspect.name, new_value);
  }
  return change;
}

bool same_entry(const rootfs::Entry& before, const rootfs::Entry& after) {
  return before.node == after.node && before.mode == after.mode && before.uid == after.uid && before.gid == after.gid &&
         before.xattrs == after.xattrs;
}

std::vector<DiffLine> compare_files(const Inspection& before, const Inspection& after) {
  static const rootfs::Tree kNothing;
  const rootfs::Tree& left = before.root ? before.root->tree() : kNothing;
  const rootfs::Tree& right = after.root ? after.root->tree() : kNothing;
  std::vector<DiffLine> changes;
  for (const auto& [path, entry] : left.entries()) {
    const rootfs::Entry* other = right.find(path);
    if (other == nullptr) {
      changes.push_back({.name = path, .before = whole(entry), .after = {}});
    } else if (!same_entry(entry, *other)) {
      changes.push_back(changed_entry(path, entry, *other));
    }
  }
  for (const auto& [path, entry] : right.entries()) {
    if (left.find(path) == nullptr) changes.push_back({.name = path, .before = {}, .after = whole(entry)});
  }
  std::ranges::sort(changes, {}, &DiffLine::name);
  return changes;
}

}  // namespace

Difference diff(const Inspection& before, const Inspection& after) {
  return {.before = before.path,
          .after = after.path,
          .packages = compare(packages_of(before), packages_of(after)),
          .files = compare_files(before, after),
          .sizes = compare(sizes_of(before), sizes_of(after)),
          .command_line = compare(command_line_of(before), command_line_of(after)),
          .partitions = compare(partitions_of(before), partitions_of(after))};
}

}  // namespace bulkhead::inspect
