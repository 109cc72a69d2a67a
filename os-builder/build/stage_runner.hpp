// Runs the stages of one build: a stage that ran before with the same inputs and toolchain is not run again.
#pragma once

#include <functional>
#include <string>

#include "lib/cli/progress.hpp"
#include "os-builder/build/stage_store.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::build {

// Fills an empty directory with the product of a stage.
using MakeProduct = std::function<Result<>(const sys::Path& directory)>;

class StageRunner {
 public:
  // `store`: the directory of a StageStore. `progress` must outlive this object.
  static Result<StageRunner> open(const sys::Path& store, cli::Progress& progress);

  // The directory that `make` fills, or filled in an earlier build with the same inputs.
  template <class Inputs>
  Result<stage::Product> run(const std::string& name, const Inputs& inputs, const MakeProduct& make) {
    progress_->begin(name);
    const Sha256 digest = TRY_CTX(digest_of(name, inputs), "stage '{}'", name);
    return find_or_make(name, digest, make);
  }

  // The key under which run() keeps results: the stage's inputs, this program and the tools that it runs.
  template <class Inputs>
  Result<Sha256> digest_of(std::string_view name, const Inputs& inputs) const {
    const Sha256 digest = TRY(stage::digest_of(inputs));
    return stage::NamedDigest().add("stage", name).add("toolchain", toolchain_).add("inputs", digest).finish();
  }

 private:
  StageRunner(StageStore store, const Sha256& toolchain, cli::Progress& progress)
      : store_(std::move(store)), toolchain_(toolchain), progress_(&progress) {}
  Result<stage::Product> find_or_make(const std::string& name, const Sha256& digest, const MakeProduct& make);

  StageStore store_;
  Sha256 toolchain_;
  cli::Progress* progress_;
};

}  // namespace bulkhead::build
