// What a build would do, without doing it.
#pragma once

#include <string>

#include "lib/cli/program.hpp"
#include "os-builder/build/build.hpp"

namespace bulkhead::build {

struct PlannedPartition {
  unsigned number = 0;
  std::string label;
  std::uint64_t size = 0;           // bytes
  bool made_at_first_boot = false;  // the image only has room for it
  bool grows = false;               // takes the rest of a larger disk

  bool operator==(const PlannedPartition&) const = default;
};

// The partitions of the variant's disk, as disk::plan_layout() lays them out.
Result<std::vector<PlannedPartition>> planned_partitions(const variant::Variant& variant);

struct BuildPlan {
  variant::Variant variant;
  packages::PackageSet packages;
  std::string command_line;  // with a placeholder for the root hash
  std::vector<PlannedPartition> partitions;
  std::uint64_t download_size = 0;   // bytes of all .debs
  std::uint64_t installed_size = 0;  // bytes before trimming and compression
};

Result<BuildPlan> plan(const BuildOptions& options, cli::Progress& progress);

std::string to_text(const BuildPlan& plan, bool color);
std::string to_json(const BuildPlan& plan);

}  // namespace bulkhead::build
