// Parts of a root file system that are kept between builds, each under a digest of what it was made from: an unpacked
// .deb, or what a tool made of other files (a linker cache, a module index).
//
//   <directory>/<key>/index.cbor      the entries
//   <directory>/<key>/files/<sha256>  contents
//
// A layer is complete or absent: it is made in a temporary directory and appears by one rename. Layers are never
// changed. One store may be shared by builds at the same time: one makes, the others wait.
#pragma once

#include <functional>
#include <string>
#include <tuple>

#include "os-builder/rootfs/tree.hpp"
#include "os-builder/stage/fields.hpp"

namespace bulkhead::rootfs {

// Stores the bytes of a file and returns a reference to them.
using ContentSink = std::function<Result<Content>(std::string_view bytes)>;

// What a layer is made from; the store's keys are digest_of() these (stage/inputs.hpp).
struct PackageLayerInputs {
  Sha256 deb;  // of the file

  static constexpr std::tuple kFields = {stage::Field{"deb", &PackageLayerInputs::deb}};
};
// The control file of a .deb, as "/control".
struct ControlLayerInputs {
  Sha256 control_of;  // of the .deb

  static constexpr std::tuple kFields = {stage::Field{"control of", &ControlLayerInputs::control_of}};
};
struct ToolLayerInputs {
  std::string content;         // what is made: "linker cache"
  std::string tool;            // what made it, as `--version` says
  const Tree* tree = nullptr;  // what it was made of; not owned

  static constexpr std::tuple kFields = {stage::Field{"content", &ToolLayerInputs::content},
                                         stage::Field{"tool", &ToolLayerInputs::tool},
                                         stage::Field{"tree", &ToolLayerInputs::tree}};
};

class LayerStore {
 public:
  static Result<LayerStore> open(const sys::Path& directory);

  // The layer for `key`; made by `make`, whose file contents go through the sink, when the store does not have it.
  Result<Tree> get(const Sha256& key, const std::function<Result<Tree>(const ContentSink& sink)>& make) const;

 private:
  explicit LayerStore(sys::Path directory) : directory_(std::move(directory)) {}
  Result<> make_layer(const sys::Path& target, const std::function<Result<Tree>(const ContentSink& sink)>& make) const;

  sys::Path directory_;
};

// The index of a layer. parse_layer_index() takes any bytes; contents are looked for in `files`.
std::string write_layer_index(const Tree& tree);
Result<Tree> parse_layer_index(std::string_view bytes, const sys::Path& files);

}  // namespace bulkhead::rootfs
