#include <algorithm>
#include <set>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/rootfs/deb.hpp"
#include "os-builder/rootfs/steps.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::rootfs {
namespace {

constexpr std::string_view kModules = "/usr/lib/modules";
constexpr std::uint64_t kMaxModule = std::uint64_t{256} << 20U;
constexpr std::string_view kCompressed = ".ko.xz";
// depmod's files that libkmod and systemd read; the rest is for people, or superseded by these.
constexpr std::string_view kIndexFiles[] = {"modules.alias.bin",  "modules.builtin.alias.bin", "modules.builtin.bin",
                                            "modules.dep.bin",    "modules.devname",           "modules.softdep",
                                            "modules.symbols.bin"};

// "virtio-rng" and "virtio_rng" are one module (modprobe(8)).
std::string module_name(std::string_view file) {
  file = file_name(file);
  std::string name(file.substr(0, file.find(".ko")));
  std::ranges::replace(name, '-', '_');
  return name;
}

Result<std::string> only_release(const Tree& boot_files) {
  std::set<std::string> releases;
  for (const auto& [path, entry] : boot_files.below_directory(kModules)) {
    if (parent_path(path) == kModules) releases.emplace(file_name(path));
  }
  if (releases.size() != 1) {
    return fail(error(ErrorCode::failed_precondition, "the packages contain {} kernels instead of one", releases.size())
                    .with_hint("check package in [kernel] of the variant"));
  }
  return *releases.begin();
}

Result<> run_depmod(const Tree& modules, const std::string& release, const sys::Path& root) {
  TRY(materialize(modules, root, [](std::string_view) { return true; }));
  const auto symlink_error = [&](const std::error_code& status) {
    return fail(errno_error(status.value(), "preparing {}", root.native()));
  };
  std::error_code status;
  std::filesystem::create_directory_symlink("usr/lib", root / "lib", status);
  if (status) return symlink_error(status);
  TRY(sys::run_checked({.arguments = {"depmod", "-b", root.native(), release}}));
  return {};
}

Result<Sha256> layer_key(const std::string& content, const Tree& modules) {
  const std::string version = TRY(sys::run_checked({.arguments = {"depmod", "--version"}}));
  return stage::digest_of(ToolLayerInputs{.content = content, .tool = version, .tree = &modules});
}

Result<Tree> decompress(const Tree& compressed, const ContentSink& sink) {
  Tree modules;
  for (const auto& [path, entry] : compressed.entries()) {
    const Content* const content = entry.content();
    if (content == nullptr) continue;
    const ContentView view = TRY(ContentView::open(*content));
    const Entry file{.node = Directory{}, .mode = 0644, .xattrs = {}, .origin = entry.origin};
    Entry copy = file;
    if (path.ends_with(kCompressed)) {
      const std::string module = TRY_CTX(decompress_xz(view.bytes(), kMaxModule), "{}", path);
      copy.node = TRY(sink(module));
      TRY(modules.put(path.substr(0, path.size() - 3), std::move(copy)));
    } else {
      copy.node = TRY(sink(as_text(view.bytes())));
      TRY(modules.put(path, std::move(copy)));
    }
  }
  return modules;
}

Result<Tree> with_index(Tree modules, const std::string& release, const ContentSink& sink, const sys::Path& scratch) {
  TRY(run_depmod(modules, release, scratch));
  const sys::Path directory = scratch.native() + std::string(kModules) + "/" + release;
  std::vector<std::string> names;
  std::error_code status;
  for (const auto& entry : std::filesystem::directory_iterator(directory, status)) {
    const std::string name = entry.path().filename().native();
    if (name.starts_with("modules.")) names.push_back(name);
  }
  if (status) return fail(errno_error(status.value(), "listing {}", directory.native()));
  for (const std::string& name : names) {
    const std::string index = TRY(sys::read_file(directory / name));
    const Content content = TRY(sink(index));
    TRY(modules.put(std::format("{}/{}/{}", kModules, release, name),
                    Entry{.node = content, .mode = 0644, .xattrs = {}, .origin = "build"}));
  }
  return modules;
}

// The store keeps no origins: each module is from the package that has it compressed, everything else is made here.
void name_packages(const Tree& compressed, Tree& modules) {
  std::vector<std::string> paths;
  for (const auto& [path, entry] : modules.entries()) {
    if (entry.content() != nullptr) paths.push_back(path);
  }
  for (const std::string& path : paths) {
    const bool index = file_name(path).starts_with("modules.");
    const Entry* const original = compressed.find(path.ends_with(".ko") ? path + ".xz" : path);
    modules.find(path)->origin = original != nullptr && !index ? original->origin : "build";
  }
}

Result<sys::TempDir> scratch_directory() {
  return sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-modules-");
}

Result<std::string> read_text(const Tree& tree, const std::string& path) {
  const Entry* const entry = tree.find(path);
  if (entry == nullptr || entry->content() == nullptr) return fail(ErrorCode::not_found, "{} is missing", path);
  return entry->content()->read();
}

}  // namespace

Result<std::vector<std::string>> module_closure(std::span<const std::string> wanted, std::string_view modules_dep,
                                                std::string_view modules_builtin) {
  std::map<std::string, std::vector<std::string_view>, std::less<>>
      dependencies;  // name -> its file and those it needs
  for (const std::string_view line : split(modules_dep, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto& files = dependencies[module_name(line.substr(0, colon))];
    files.push_back(line.substr(0, colon));
    for (const std::string_view file : split(trim(line.substr(colon + 1)), ' ')) files.push_back(file);
  }
  std::set<std::string, std::less<>> built_in;
  for (const std::string_view line : split(modules_builtin, '\n')) built_in.insert(module_name(line));

  std::set<std::string> files;
  for (const std::string& name : wanted) {
    const auto found = dependencies.find(module_name(name));
    if (found != dependencies.end()) {
      files.insert(found->second.begin(), found->second.end());
    } else if (!built_in.contains(module_name(name))) {
      std::vector<std::string> known;
      for (const auto& [other, ignored] : dependencies) known.push_back(other);
      const std::string near = nearest(module_name(name), known);
      Error unknown = error(ErrorCode::invalid_argument, "the kernel has no module '{}'", name);
      return fail(near.empty() ? std::move(unknown)
                               : std::move(unknown).with_hint(std::format("did you mean '{}'?", near)));
    }
  }
  return std::vector<std::string>(files.begin(), files.end());
}

Result<KernelFiles> prepare_kernel(const Tree& boot_files, const LayerStore& store) {
  KernelFiles kernel;
  kernel.release = TRY(only_release(boot_files));
  const Entry* const image = boot_files.find("/boot/vmlinuz-" + kernel.release);
  if (image == nullptr || image->content() == nullptr) {
    return fail(ErrorCode::not_found, "no package contains /boot/vmlinuz-{}", kernel.release);
  }
  kernel.image = *image->content();
  kernel.package = image->origin;

  Tree compressed;
  for (const auto& [path, entry] : boot_files.below_directory(kModules)) TRY(compressed.put(path, entry));
  // The modules are stored uncompressed: their signatures stay valid, EROFS compresses them better than xz inside it,
  // and no program on the node needs liblzma.
  const auto key = TRY(layer_key("all modules", compressed));
  kernel.modules = TRY_CTX(store.get(key,
                                     [&](const ContentSink& sink) -> Result<Tree> {
                                       const sys::TempDir scratch = TRY(scratch_directory());
                                       Tree modules = TRY(decompress(compressed, sink));
                                       return with_index(std::move(modules), kernel.release, sink, scratch.path());
                                     }),
                           "preparing the modules of Linux {}", kernel.release);
  name_packages(compressed, kernel.modules);
  return kernel;
}

Result<> add_modules(const variant::Variant& variant, const KernelFiles& kernel, const LayerStore& store, Tree& tree) {
  const std::string directory = std::format("{}/{}", kModules, kernel.release);
  std::vector<std::string> wanted = variant.kernel_modules;
  wanted.insert(wanted.end(), variant.load_modules.begin(), variant.load_modules.end());
  const std::string dependencies = TRY(read_text(kernel.modules, directory + "/modules.dep"));
  const std::string builtin = TRY(read_text(kernel.modules, directory + "/modules.builtin"));
  const std::vector<std::string> files = TRY_CTX(module_closure(wanted, dependencies, builtin), "[kernel] modules");
  Tree chosen;
  for (const std::string& file : files) {
    const std::string path = std::format("{}/{}", directory, file);
    const Entry* const entry = kernel.modules.find(path);
    if (entry == nullptr) return fail(ErrorCode::data_loss, "modules.dep names {}, which does not exist", file);
    TRY(chosen.put(path, *entry));
  }
  // depmod's sources for the indexes of what is built in.
  for (const std::string_view name : {"modules.builtin", "modules.builtin.modinfo", "modules.order"}) {
    const std::string path = std::format("{}/{}", directory, name);
    if (const Entry* const entry = kernel.modules.find(path)) TRY(chosen.put(path, *entry));
  }
  const auto key = TRY(layer_key("chosen modules", chosen));
  const Tree indexed =
      TRY_CTX(store.get(key,
                        [&](const ContentSink& sink) -> Result<Tree> {
                          const sys::TempDir scratch = TRY(scratch_directory());
                          Tree made = TRY(with_index(chosen, kernel.release, sink, scratch.path()));
                          made.remove(directory + "/kernel");  // kept once, in the layer of all modules
                          return made;
                        }),
              "indexing the modules of Linux {}", kernel.release);

  for (const auto& [path, entry] : chosen.below_directory(directory + "/kernel")) {
    TRY(tree.put(path, entry));
  }
  std::string load = "# [kernel] load of the variant\n";
  for (const std::string& name : variant.load_modules) load += name + "\n";
  if (!variant.load_modules.empty())
    TRY(tree.put_file("/usr/lib/modules-load.d/bulkhead.conf", std::move(load), 0644, "build"));
  for (const std::string_view name : kIndexFiles) {
    const std::string path = std::format("{}/{}", directory, name);
    if (const Entry* const entry = indexed.find(path)) {
      Entry copy = *entry;
      copy.origin = "build";
      TRY(tree.put(path, std::move(copy)));
    }
  }
  return {};
}

}  // namespace bulkhead::rootfs
