#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/rootfs/steps.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::rootfs {
namespace {

constexpr std::string_view kCache = "/etc/ld.so.cache";

bool in_library_directory(std::string_view path) {
  for (const std::string_view directory : kLibraryDirs) {
    if (parent_path(path) == directory) return true;
  }
  return false;
}

}  // namespace

Result<> add_linker_cache(const ElfFiles& files, const LayerStore& store, Tree& tree) {
  Tree libraries;  // what ldconfig looks at: the libraries and the symlinks to them
  for (const auto& [path, entry] : tree.below_directory("/usr/lib")) {
    if (in_library_directory(path) && (entry.symlink() != nullptr || files.contains(path)))
      TRY(libraries.put(path, entry));
  }
  for (const std::string_view name : {"lib", "lib64"}) {
    TRY(libraries.put_symlink(std::format("/{}", name), std::format("usr/{}", name), "build"));
  }
  const std::string version = TRY(sys::run_checked({.arguments = {"ldconfig", "--version"}}));
  const Sha256 key =
      TRY(stage::digest_of(ToolLayerInputs{.content = "linker cache", .tool = version, .tree = &libraries}));
  const Tree layer = TRY_CTX(
      store.get(key,
                [&](const ContentSink& sink) -> Result<Tree> {
                  const sys::TempDir root =
                      TRY(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-libraries-"));
                  TRY(materialize(libraries, root.path(), [](std::string_view) { return true; }));
                  TRY(sys::create_directories(root.path() / "etc"));
                  TRY(sys::run_checked({.arguments = {"ldconfig", "-X", "-r", root.path().native()}}));
                  Tree made;
                  const std::string cache = TRY(sys::read_file(root.path().native() + std::string(kCache)));
                  const Content content = TRY(sink(cache));
                  TRY(made.put(std::string(kCache), Entry{.node = content, .mode = 0644, .xattrs = {}, .origin = {}}));
                  return made;
                }),
      "making the linker's cache");
  Entry entry = *layer.find(kCache);
  entry.origin = "build";
  return tree.put(std::string(kCache), std::move(entry));
}

}  // namespace bulkhead::rootfs
