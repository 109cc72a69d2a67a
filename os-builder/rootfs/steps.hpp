// The steps of compose(), in the order it takes them. Each is a function over the tree, in the file named after it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "os-builder/rootfs/compose.hpp"
#include "os-builder/rootfs/elf.hpp"
#include "os-builder/rootfs/layer_store.hpp"

namespace bulkhead::rootfs {

inline constexpr std::string_view kFactoryEtc = "/usr/share/factory/etc";  // what the initrd fills /etc from
inline constexpr std::string_view kUnitDir = "/usr/lib/systemd/system";
inline constexpr std::string_view kLibraryDirs[] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib"};
inline constexpr std::string_view kPathDirs[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"};

// ---- packages.cpp

struct MergedPackages {
  Tree tree;               // what the file rules keep
  Tree boot_files;         // kernel, its modules, boot loader and EFI stub, which no rule applies to
  Tree license_documents;  // ComposedRoot::license_documents
  std::map<std::string, std::vector<BuiltUsing>> built_using;  // ComposedRoot::built_using
};
// Set-user-ID and set-group-ID bits are stripped here. Errors: two packages with different files at one path (names
// both), a keep rule that matches nothing.
Result<MergedPackages> merge_packages(const variant::Variant& variant, const packages::PackageSet& set,
                                      std::span<const sys::Path> debs, const LayerStore& store);
// Removes the programs in the directories of PATH that [executables] does not list.
void keep_listed_executables(const variant::Variant& variant, Tree& tree);

// ---- control.cpp

// The source packages that a control file names in Built-Using and Static-Built-Using (Debian Policy 7.8), sorted, each
// once; at most 10000. Errors: data_loss for anything but "SOURCE (= VERSION), …".
Result<std::vector<BuiltUsing>> built_using(std::string_view control);

// ---- layout.cpp

Result<> add_overlays(const variant::Variant& variant, const sys::Path& overlay_dir, Tree& tree);
// [programs] and [symlinks].
Result<> add_programs(const variant::Variant& variant, const sys::Path& programs_dir, Tree& tree);
std::string os_release_text(const variant::Variant& variant, const ImageIdentity& identity);
Result<> add_identity(const std::string& os_release, const std::string& packages_lock, Tree& tree);
// Removes directories of packages that lost all their files.
void remove_empty_directories(Tree& tree);
// /etc becomes the template that the initrd fills the real one from; mount points; /bin, /lib and the like.
Result<> finish_layout(Tree& tree);

// ---- libraries.cpp

// Every program and library of the tree, by path.
using ElfFiles = std::map<std::string, ElfInfo, std::less<>>;
Result<ElfFiles> read_elf_files(const Tree& tree);
// Removes the libraries that nothing in the tree needs or may load on demand. A library that [files] keep names without
// a wildcard stays in any case.
void remove_unneeded_libraries(const variant::Variant& variant, ElfFiles& files, Tree& tree);
// Path of the library `soname` as `user` (a path in the tree) finds it; empty when it does not.
std::string find_library(const Tree& tree, std::string_view user, const ElfInfo& info, std::string_view soname);

// ---- kernel.cpp

struct KernelFiles {
  std::string release;
  std::string package;  // that has it
  Content image;
  Tree modules;  // uncompressed, with depmod's files
};
Result<KernelFiles> prepare_kernel(const Tree& boot_files, const LayerStore& store);
// Files below the module directory ("kernel/fs/erofs/erofs.ko") that the wanted modules need, themselves included;
// sorted. What is built in needs no file. Errors: a module that the kernel does not have, with the nearest name.
Result<std::vector<std::string>> module_closure(std::span<const std::string> wanted, std::string_view modules_dep,
                                                std::string_view modules_builtin);
// [kernel] modules with their dependencies, and an index over them.
Result<> add_modules(const variant::Variant& variant, const KernelFiles& kernel, const LayerStore& store, Tree& tree);

// ---- accounts.cpp, certificates.cpp, units.cpp, linker_cache.cpp

Result<> add_accounts(const variant::Variant& variant, Tree& tree);
Result<> add_certificates(Tree& tree);
Result<> arrange_units(const variant::Variant& variant, Tree& tree);
Result<> add_linker_cache(const ElfFiles& files, const LayerStore& store, Tree& tree);

// ---- check.cpp

// Rules that every image must obey, whatever the variant says. One error lists all violations.
Result<> check_tree(const variant::Variant& variant, const ElfFiles& files, const Tree& tree);

}  // namespace bulkhead::rootfs
