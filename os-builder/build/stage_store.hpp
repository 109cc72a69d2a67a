// Products of expensive stages, kept by the digest of everything that went in: the same inputs are never worked on
// twice, in any checkout. A stage's directory appears by one rename when the stage is complete, so a killed build
// leaves nothing behind that a later one could take for a product. Each has the digests of its files beside them, and
// one that no longer fits them is made again: what is signed is what was made.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/base/hex.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::build {

struct StageProduct {
  sys::Path directory;
  bool reused = false;
};

class StageStore {
 public:
  // `directory` is made when missing; leftovers of killed builds are removed.
  static Result<StageStore> open(const sys::Path& directory);

  // The product for these inputs; `make` fills an empty directory when there is none. The newest `kKept` products of a
  // stage stay, so that changing something back and forth stays cheap.
  Result<StageProduct> run(const std::string& stage, const Sha256& inputs,
                           const std::function<Result<>(const sys::Path& directory)>& make);

  static constexpr std::size_t kKept = 4;

 private:
  explicit StageStore(sys::Path directory) : directory_(std::move(directory)) {}
  Result<> drop_old(const sys::Path& stage_directory) const;

  sys::Path directory_;
};

}  // namespace bulkhead::build
