#include "os-builder/rootfs/compose.hpp"

#include "os-builder/rootfs/steps.hpp"

namespace bulkhead::rootfs {
namespace {

Result<Entry> boot_file(const Tree& boot_files, const std::string& name) {
  const Entry* const entry = boot_files.find("/usr/lib/systemd/boot/efi/" + name);
  if (entry == nullptr || entry->content() == nullptr) {
    return fail(error(ErrorCode::not_found, "no package contains {}", name)
                    .with_hint("add systemd-boot-efi to [packages.install]"));
  }
  return *entry;
}

}  // namespace

Result<ComposedRoot> compose(const variant::Variant& variant, const packages::PackageSet& set,
                             std::span<const sys::Path> debs, const ComposeSources& sources) {
  const LayerStore store = TRY(LayerStore::open(sources.content_store));

  MergedPackages merged = TRY(merge_packages(variant, set, debs, store));
  Tree tree = std::move(merged.tree);
  const Tree boot_files = std::move(merged.boot_files);
  keep_listed_executables(variant, tree);
  TRY(add_overlays(variant, sources.overlay_dir, tree));
  TRY(add_programs(variant, sources.programs_dir, tree));

  ElfFiles elf_files = TRY(read_elf_files(tree));
  remove_unneeded_libraries(variant, elf_files, tree);
  TRY(add_linker_cache(elf_files, store, tree));

  KernelFiles kernel = TRY(prepare_kernel(boot_files, store));
  TRY(add_modules(variant, kernel, store, tree));

  TRY(add_accounts(variant, tree));
  TRY(add_certificates(tree));
  TRY(arrange_units(variant, tree));

  std::string os_release = os_release_text(variant, sources.identity);
  TRY(add_identity(os_release, sources.packages_lock, tree));
  remove_empty_directories(tree);
  TRY(finish_layout(tree));
  TRY(check_tree(variant, elf_files, tree));

  const Entry efi_stub = TRY(boot_file(boot_files, "linuxx64.efi.stub"));
  const Entry boot_loader = TRY(boot_file(boot_files, "systemd-bootx64.efi"));
  BootPackages boot_packages{
      .kernel = std::move(kernel.package), .efi_stub = efi_stub.origin, .boot_loader = boot_loader.origin};
  return ComposedRoot{.tree = std::move(tree),
                      .kernel_release = std::move(kernel.release),
                      .kernel = std::move(kernel.image),
                      .efi_stub = *efi_stub.content(),
                      .boot_loader = *boot_loader.content(),
                      .modules = std::move(kernel.modules),
                      .boot_packages = std::move(boot_packages),
                      .license_documents = std::move(merged.license_documents),
                      .built_using = std::move(merged.built_using),
                      .os_release = std::move(os_release)};
}

}  // namespace bulkhead::rootfs
