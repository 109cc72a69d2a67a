// What a build would do, without doing it.
#pragma once

#include <string>

#include "lib/cli/program.hpp"
#include "os-builder/build/build.hpp"

namespace bulkhead::build {

struct PlannedPartition {
  int number = 0;
  std::string label;
  std::uint64_t size = 0;  // bytes

  bool operator==(const PlannedPartition&) const = default;
};

struct Plan {
  variant::Variant variant;
  packages::PackageSet packages;
  std::string command_line;  // with a placeholder for the root hash
  std::vector<PlannedPartition> partitions;
  std::uint64_t download_size = 0;   // bytes of all .debs
  std::uint64_t installed_size = 0;  // bytes before trimming and compression
};

Result<Plan> plan(const BuildOptions& options, cli::Progress& progress);

std::string to_text(const Plan& plan, bool color);
std::string to_json(const Plan& plan);

}  // namespace bulkhead::build
