#include "os-builder/build/plan.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/cli/terminal.hpp"
#include "os-builder/disk/layout.hpp"

namespace bulkhead::build {
namespace {

std::string label_column(const PlannedPartition& partition) {
  if (!partition.made_at_first_boot) return partition.label;
  return std::format("{} (made at first boot{})", partition.label, partition.grows ? ", grows" : "");
}

std::string heading(std::string_view text, bool color) {
  return "\n" + cli::styled(text, cli::Style::bold, color) + "\n";
}

}  // namespace

Result<std::vector<PlannedPartition>> planned_partitions(const variant::Variant& variant) {
  // UUIDs follow from the root hash, which only a build knows; a plan shows none of them.
  const disk::Layout layout = TRY(disk::plan_layout(variant.partitions, variant.version, Sha256()));
  std::vector<PlannedPartition> planned;
  for (const gpt::Partition& partition : layout.table.partitions) {
    planned.push_back({.number = partition.number, .label = partition.label, .size = partition.size});
  }
  for (const disk::Room& room : layout.rooms) {
    planned.push_back({.number = room.number,
                       .label = room.label,
                       .size = room.size,
                       .made_at_first_boot = true,
                       .grows = room.grows});
  }
  return planned;
}

Result<BuildPlan> plan(const BuildOptions& options, cli::Progress& progress) {
  Resolved resolved = TRY(resolve(options, progress));
  BuildPlan plan;
  plan.command_line = command_line(resolved.variant, "<root hash>");
  plan.partitions = TRY(planned_partitions(resolved.variant));
  for (const packages::Package& package : resolved.packages.packages) {
    plan.download_size += package.size;
    plan.installed_size += package.installed_size;
  }
  plan.variant = std::move(resolved.variant);
  plan.packages = std::move(resolved.packages);
  return plan;
}

std::string to_text(const BuildPlan& plan, bool color) {
  const variant::Variant& variant = plan.variant;
  std::string text =
      std::format("{} {} {}: {}\n", variant.product, variant.version.to_string(), variant.name, variant.description);

  text +=
      heading(std::format("Packages ({}, {} to download, {} installed before trimming)", plan.packages.packages.size(),
                          format_bytes(plan.download_size), format_bytes(plan.installed_size)),
              color);
  std::vector<std::vector<std::string>> rows = {{"NAME", "VERSION", "SIZE", "SUITE", "WHY"}};
  for (const packages::Package& package : plan.packages.packages) {
    rows.push_back(
        {package.name, package.version, format_bytes(package.installed_size), package.suite, package.reason});
  }
  text += cli::table(rows, color);

  rows = {{"NAME", "SUITE", "WHY"}};
  for (const packages::Package& package : plan.packages.packages) {
    if (!package.suite_reason.empty()) rows.push_back({package.name, package.suite, package.suite_reason});
  }
  if (rows.size() > 1) {
    text += heading("From other suites than the rest", color);
    text += cli::table(rows, color);
  }

  if (!variant.excluded_packages.empty()) {
    text += heading("Left out, although something depends on it", color);
    rows = {{"NAME", "WHY"}};
    for (const auto& [name, reason] : variant.excluded_packages) rows.push_back({name, reason});
    text += cli::table(rows, color);
  }

  text += heading("Partitions", color);
  rows = {{"NUMBER", "LABEL", "SIZE"}};
  for (const PlannedPartition& partition : plan.partitions) {
    rows.push_back({std::to_string(partition.number), label_column(partition), format_bytes(partition.size)});
  }
  text += cli::table(rows, color);

  text += heading("Kernel command line", color);
  return text + plan.command_line + "\n";
}

std::string to_json(const BuildPlan& plan) {
  nlohmann::ordered_json json;
  json["schema"] = "bulkhead.plan/1";
  json["variant"] = plan.variant.name;
  json["version"] = plan.variant.version.to_string();
  json["source_date_epoch"] = plan.packages.source_date_epoch;
  json["command_line"] = plan.command_line;
  json["download_size"] = plan.download_size;
  json["installed_size"] = plan.installed_size;
  json["packages"] = nlohmann::ordered_json::array();
  for (const packages::Package& package : plan.packages.packages) {
    json["packages"].push_back({{"name", package.name},
                                {"version", package.version},
                                {"architecture", package.architecture},
                                {"suite", package.suite},
                                {"suite_reason", package.suite_reason},
                                {"size", package.size},
                                {"installed_size", package.installed_size},
                                {"sha256", package.sha256.to_string()},
                                {"reason", package.reason}});
  }
  json["excluded_packages"] = nlohmann::ordered_json::object();
  for (const auto& [name, reason] : plan.variant.excluded_packages) json["excluded_packages"][name] = reason;
  json["partitions"] = nlohmann::ordered_json::array();
  for (const PlannedPartition& partition : plan.partitions) {
    json["partitions"].push_back({{"number", partition.number},
                                  {"label", partition.label},
                                  {"size", partition.size},
                                  {"made_at_first_boot", partition.made_at_first_boot},
                                  {"grows", partition.grows}});
  }
  return json.dump(2) + "\n";
}

}  // namespace bulkhead::build
