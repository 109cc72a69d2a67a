#include "os-builder/sbom/components.hpp"

#include <algorithm>
#include <set>

#include "lib/base/text.hpp"
#include "os-builder/sbom/go_build.hpp"
#include "os-builder/sbom/identifiers.hpp"

namespace bulkhead::sbom {
namespace {

constexpr const char* kDebian = "Organization: Debian";
constexpr const char* kInitProgram = "bulkhead-init";

class Finder {
 public:
  Finder(const licenses::LicenseReport& licenses, const std::map<std::string, std::string>& stated)
      : licenses_(licenses), stated_(stated) {}

  void add_built_using(const std::string& package, const rootfs::BuiltUsing& built) {
    Component component{.id = "Source-" + id_text(built.source) + "-" + id_text(built.version),
                        .name = built.source,
                        .version = built.version,
                        .supplier = kDebian,
                        .purl = debian_url({.name = built.source, .version = built.version, .architecture = "source"}),
                        .expression = {},
                        .basis = {},
                        .source = built.source,
                        .uses = {}};
    set_license(component);
    add(std::move(component), {.file = {}, .package = package});
  }

  void add_go_build(const std::string& path, const GoBuild& build) {
    const std::string release = build.go_version.substr(2);
    add({.id = "Go-stdlib-" + id_text(release),
         .name = "stdlib",
         .version = release,
         .supplier = {},
         .purl = "pkg:golang/stdlib@" + percent_encoded(release),
         .expression = "BSD-3-Clause",
         .basis = "Go's own license",
         .source = {},
         .uses = {}},
        {.file = path, .package = {}});
    for (const GoModule& module : build.modules) {
      if (module.version.empty() || module.version == "(devel)") continue;  // the package itself
      add({.id = "Go-" + id_text(module.path) + "-" + id_text(module.version),
           .name = module.path,
           .version = module.version,
           .supplier = {},
           .purl = std::format("pkg:golang/{}@{}", encoded_path(module.path), percent_encoded(module.version)),
           .expression = "NOASSERTION",
           .basis = "a Go program names its modules and not their licenses",
           .source = {},
           .uses = {}},
          {.file = path, .package = {}});
    }
  }

  Result<> add_program(const std::string& program, const std::string& file, const CompiledIn& compiled_in) {
    const auto packages = compiled_in.programs.find(program);
    if (packages == compiled_in.programs.end()) {
      // Made for the firmware without any library (node/chainload).
      if (program.ends_with(".efi")) return {};
      return fail(error(ErrorCode::not_found, "{} does not say what is compiled into {}", kCompiledInFile, program)
                      .with_hint("build the target node-programs again"));
    }
    for (const std::string& name : packages->second) {
      const SdkPackage& package = compiled_in.packages.find(name)->second;
      Component component{.id = "Sdk-" + id_text(name),
                          .name = name,
                          .version = package.version,
                          .supplier = kDebian,
                          .purl = debian_url({.name = name,
                                              .version = package.version,
                                              .architecture = "amd64",
                                              .source = package.source,
                                              .source_version = package.source_version}),
                          .expression = {},
                          .basis = {},
                          .source = package.source,
                          .uses = {}};
      set_license(component);
      add(std::move(component), {.file = file, .package = {}});
    }
    return {};
  }

  Components take() && {
    Components list;
    for (auto& [id, component] : components_) {
      std::ranges::sort(component.uses);
      const auto [first, last] = std::ranges::unique(component.uses);
      component.uses.erase(first, last);
      list.push_back(std::move(component));
    }
    return list;
  }

 private:
  // The license of the source, where the image or the variant has it.
  void set_license(Component& component) const {
    if (const auto known = licenses_.sources.find(component.source); known != licenses_.sources.end()) {
      component.expression = known->second.expression;
      component.basis = known->second.basis;
    } else if (const auto stated = stated_.find(component.source); stated != stated_.end()) {
      component.expression = stated->second;
      component.basis = "stated by the variant ([licenses]) from Debian's copyright file";
    } else {
      component.expression = "NOASSERTION";
      component.basis = "no package of this Debian source is a part of the build, so its copyright file is not either";
    }
  }

  void add(Component component, ComponentUse use) {
    const std::string id = component.id;
    components_.try_emplace(id, std::move(component)).first->second.uses.push_back(std::move(use));
  }

  const licenses::LicenseReport& licenses_;
  const std::map<std::string, std::string>& stated_;
  std::map<std::string, Component> components_;
};

Result<> find_go_programs(const rootfs::Tree& tree, Finder& finder) {
  for (const auto& [path, entry] : tree.entries()) {
    if (entry.content() == nullptr || entry.content()->size < sizeof(std::uint64_t)) continue;
    const rootfs::ContentView view = TRY_CTX(rootfs::ContentView::open(*entry.content()), "reading {}", path);
    const auto build = TRY_CTX(read_go_build(view.bytes()), "{}", path);
    if (build) finder.add_go_build(path, *build);
  }
  return {};
}

}  // namespace

Result<Components> find_components(const rootfs::ComposedRoot& root, const CompiledIn& compiled_in,
                                   const std::map<std::string, std::string>& programs,
                                   const licenses::LicenseReport& licenses,
                                   const std::map<std::string, std::string>& stated) {
  Finder finder(licenses, stated);
  for (const auto& [package, sources] : root.built_using) {
    for (const rootfs::BuiltUsing& source : sources) finder.add_built_using(package, source);
  }
  TRY(find_go_programs(root.tree, finder));
  for (const auto& [path, program] : programs) TRY(finder.add_program(program, path, compiled_in));
  TRY(finder.add_program(kInitProgram, "initrd:init", compiled_in));
  return std::move(finder).take();
}

}  // namespace bulkhead::sbom
