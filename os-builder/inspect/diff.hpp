// What differs between two images: packages, files, sizes, command line, partition table.
#pragma once

#include <string>
#include <vector>

#include "os-builder/inspect/inspect.hpp"

namespace bulkhead::inspect {

// One difference between two images. An empty side: it does not exist there.
struct DiffLine {
  std::string name;
  std::string before;
  std::string after;

  bool operator==(const DiffLine&) const = default;
};

struct Difference {
  std::string before;  // names of the images
  std::string after;
  std::vector<DiffLine> packages;      // name: versions
  std::vector<DiffLine> files;         // path: what it is on either side, only the aspects that differ
  std::vector<DiffLine> sizes;         // part of the image: bytes
  std::vector<DiffLine> command_line;  // option: values
  std::vector<DiffLine> partitions;    // "2 uuid": values

  bool empty() const {
    return packages.empty() && files.empty() && sizes.empty() && command_line.empty() && partitions.empty();
  }
};

Difference diff(const Inspection& before, const Inspection& after);

std::string to_text(const Difference& difference, bool color);
std::string to_json(const Difference& difference);

}  // namespace bulkhead::inspect
