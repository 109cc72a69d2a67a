// An inspection as text and as JSON.
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/cli/terminal.hpp"
#include "os-builder/inspect/inspect.hpp"

namespace bulkhead::inspect {
namespace {

using nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

std::string heading(std::string_view text, bool color) {
  return "\n" + cli::styled(text, cli::Style::bold, color) + "\n";
}

std::string field(std::string_view name, std::string_view value) { return std::format("  {:<14}  {}\n", name, value); }

std::string optional_text(const std::optional<Sha256>& digest) { return digest ? digest->to_string() : "unknown"; }

std::string partitions_text(const gpt::TableReading& reading, bool color) {
  Rows rows = {{"NUMBER", "KIND", "SIZE", "LABEL", "UUID"}};
  for (const gpt::Partition& partition : reading.table.partitions) {
    rows.push_back({std::to_string(partition.number), std::string(to_string(partition.kind())),
                    format_bytes(partition.size), partition.label, partition.uuid.to_string()});
  }
  std::string text = heading("Partitions", color) + cli::table(rows, color);
  for (const std::string& finding : reading.findings) text += "  finding: " + finding + "\n";
  return text;
}

std::string slot_text(const InspectedSlot& slot, bool color) {
  std::string text = heading(std::format("Slot {}", to_string(slot.slot)), color);
  if (slot.empty) return text + "  empty\n";
  text += field("version", slot.version ? slot.version->to_string() : "unknown");
  text += field("root hash", optional_text(slot.root_hash));
  text += field("signed by", optional_text(slot.certificate));
  text += field("root image", format_bytes(slot.data_size));
  text += field("salt", slot.salt);
  if (!slot.finding.empty()) text += field("finding", slot.finding);
  return text;
}

std::string signer_text(const EspFile& file) {
  return file.signer ? std::format("{} ({})", file.signer->subject, file.signer->fingerprint.to_string().substr(0, 16))
                     : "";
}

std::string kernel_text(const EspFile& file, const UnifiedKernel& kernel, bool color) {
  std::string text = heading("UKI " + file.path, color);
  text += field("size", format_bytes(file.size));
  text += field("signed by", file.signer ? signer_text(file) : "nobody");
  text += field("kernel", kernel.kernel_release);
  text += field("command line", kernel.command_line);
  Rows rows = {{"SECTION", "SIZE"}};
  for (const EfiSection& section : kernel.sections) rows.push_back({section.name, format_bytes(section.size)});
  text += cli::table(rows, color);
  text += "os-release\n";
  for (const std::string_view line : split(trim(kernel.os_release), '\n')) text += std::format("  {}\n", line);
  return text;
}

std::string esp_text(const std::vector<EspFile>& files, bool color) {
  Rows rows = {{"FILE", "SIZE", "SIGNED BY"}};
  for (const EspFile& file : files) rows.push_back({file.path, format_bytes(file.size), signer_text(file)});
  std::string text = heading("EFI system partition", color) + cli::table(rows, color);
  for (const EspFile& file : files) {
    if (!file.finding.empty()) text += std::format("  finding: {}: {}\n", file.path, file.finding);
  }
  return text;
}

struct TreeTotals {
  std::size_t files = 0;
  std::size_t directories = 0;
  std::size_t symlinks = 0;
  std::uint64_t bytes = 0;
};

TreeTotals totals_of(const rootfs::Tree& tree) {
  TreeTotals totals;
  for (const auto& [path, entry] : tree.entries()) {
    if (const rootfs::Content* content = entry.content()) {
      ++totals.files;
      totals.bytes += content->size;
    } else {
      ++(entry.is_directory() ? totals.directories : totals.symlinks);
    }
  }
  return totals;
}

std::string root_text(const Root& root, bool color) {
  const TreeTotals totals = totals_of(root.tree());
  std::string text = heading("Root file system", color);
  text += field("image", format_bytes(root.image_size));
  text += field("content", std::format("{} in {} files, {} directories, {} symlinks", format_bytes(totals.bytes),
                                       totals.files, totals.directories, totals.symlinks));
  const auto labels = label_counts(root.tree());
  if (labels.empty()) text += field("labels", "none");
  if (!labels.empty()) {
    text += heading("SELinux labels", color);
    Rows rows = {{"CONTEXT", "FILES"}};
    for (const auto& [context, count] : labels) rows.push_back({context, std::to_string(count)});
    text += cli::table(rows, color);
  }
  text += heading(std::format("Packages ({})", root.packages.packages.size()), color);
  Rows rows = {{"NAME", "VERSION", "SUITE"}};
  for (const packages::Package& package : root.packages.packages)
    rows.push_back({package.name, package.version, package.suite});
  return text + cli::table(rows, color);
}

ordered_json optional_json(const std::optional<Sha256>& digest) {
  return digest ? ordered_json(digest->to_string()) : ordered_json(nullptr);
}

ordered_json table_json(const gpt::TableReading& reading) {
  ordered_json partitions = ordered_json::array();
  for (const gpt::Partition& partition : reading.table.partitions) {
    partitions.push_back({{"number", partition.number},
                          {"kind", to_string(partition.kind())},
                          {"type", partition.type.to_string()},
                          {"uuid", partition.uuid.to_string()},
                          {"label", partition.label},
                          {"start", partition.start},
                          {"size", partition.size},
                          {"attributes", partition.attributes}});
  }
  return {{"disk_uuid", reading.table.disk.to_string()},
          {"disk_size", reading.disk_size},
          {"sector_size", reading.sector_size},
          {"partitions", std::move(partitions)},
          {"findings", reading.findings}};
}

ordered_json esp_json(const EspFile& file) {
  ordered_json json = {{"path", file.path}, {"size", file.size}, {"sha256", file.sha256.to_string()}};
  if (file.signer)
    json["signer"] = {{"subject", file.signer->subject}, {"certificate", file.signer->fingerprint.to_string()}};
  if (!file.finding.empty()) json["finding"] = file.finding;
  if (!file.kernel) return json;
  ordered_json sections = ordered_json::array();
  for (const EfiSection& section : file.kernel->sections) {
    sections.push_back({{"name", section.name}, {"size", section.size}, {"sha256", section.sha256.to_string()}});
  }
  json["uki"] = {{"kernel_release", file.kernel->kernel_release},
                 {"command_line", file.kernel->command_line},
                 {"root_hash", optional_json(file.kernel->root_hash)},
                 {"os_release", file.kernel->os_release},
                 {"sections", std::move(sections)}};
  return json;
}

ordered_json slot_json(const InspectedSlot& slot) {
  ordered_json json = {{"slot", to_string(slot.slot)}, {"empty", slot.empty}};
  if (slot.empty) return json;
  json["version"] = slot.version ? ordered_json(slot.version->to_string()) : ordered_json(nullptr);
  json["root_hash"] = optional_json(slot.root_hash);
  json["certificate"] = optional_json(slot.certificate);
  json["data_size"] = slot.data_size;
  json["salt"] = slot.salt;
  if (!slot.finding.empty()) json["finding"] = slot.finding;
  return json;
}

ordered_json root_json(const Root& root) {
  const TreeTotals totals = totals_of(root.tree());
  ordered_json packages = ordered_json::array();
  for (const packages::Package& package : root.packages.packages) {
    packages.push_back({{"name", package.name},
                        {"version", package.version},
                        {"suite", package.suite},
                        {"suite_reason", package.suite_reason},
                        {"sha256", package.sha256.to_string()}});
  }
  return {{"image_size", root.image_size},  {"content_size", totals.bytes},
          {"files", totals.files},          {"directories", totals.directories},
          {"symlinks", totals.symlinks},    {"selinux_labels", label_counts(root.tree())},
          {"packages", std::move(packages)}};
}

}  // namespace

std::string to_text(const Inspection& inspection, bool color) {
  std::string text = std::format("{}: {}, {}, {}\n", inspection.path, to_string(inspection.kind), inspection.format,
                                 format_bytes(inspection.size));
  if (inspection.table) text += partitions_text(*inspection.table, color);
  for (const InspectedSlot& slot : inspection.slots) text += slot_text(slot, color);
  if (inspection.kind != ImageKind::root) text += esp_text(inspection.esp, color);
  for (const EspFile& file : inspection.esp) {
    if (file.kernel) text += kernel_text(file, *file.kernel, color);
  }
  if (inspection.root) text += root_text(*inspection.root, color);
  return text;
}

std::string to_json(const Inspection& inspection) {
  ordered_json json = {{"schema", "bulkhead.inspect/1"},
                       {"image", inspection.path},
                       {"kind", to_string(inspection.kind)},
                       {"format", inspection.format},
                       {"size", inspection.size}};
  if (inspection.table) json["partition_table"] = table_json(*inspection.table);
  if (!inspection.slots.empty()) json["slots"] = ordered_json::array();
  for (const InspectedSlot& slot : inspection.slots) json["slots"].push_back(slot_json(slot));
  if (!inspection.esp.empty()) json["efi_files"] = ordered_json::array();
  for (const EspFile& file : inspection.esp) json["efi_files"].push_back(esp_json(file));
  if (inspection.root) json["root"] = root_json(*inspection.root);
  // Bytes of a foreign image may be no UTF-8 at all; they must not throw here.
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace bulkhead::inspect
