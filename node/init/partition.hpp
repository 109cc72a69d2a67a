// The names of a partition on the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/gpt/partition_uuid.hpp"

namespace bulkhead::init {

// "PARTUUID=<uuid>" or "/dev/<name>". Exactly one of the two is set.
struct PartitionName {
  std::optional<gpt::PartitionUuid> uuid;
  std::string device;  // kernel name without "/dev/", for example "vda2"

  static Result<PartitionName> parse(std::string_view text);
  std::string to_string() const;

  bool operator==(const PartitionName&) const = default;
};

}  // namespace bulkhead::init
