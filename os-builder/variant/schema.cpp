#include "os-builder/variant/schema.hpp"

#include <array>
#include <format>

#include "os-builder/variant/checks.hpp"

namespace bulkhead::variant {

namespace {

const std::array kKeys = {
    Key{"description", Text{&Variant::description, check::line}, true, "what the variant is for, in one line"},
    Key{"product.name", Text{&Variant::product, check::line}, true, "name shown to people and in os-release"},
    Key{"product.version", VersionText{&Variant::version}, true,
        "version of the image: MAJOR.MINOR.PATCH[-PRERELEASE]"},
    Key{"packages.suites", TextList{&Variant::suites, check::simple_name}, true,
        "codenames of the suites that packages come from; of several versions, the highest one counts"},
    Key{"packages.install", TextMap{&Variant::packages, check::package, check::line}, true,
        "Debian package -> why it is installed; its dependencies are installed too, recommendations are not"},
    Key{"packages.exclude", TextMap{&Variant::excluded_packages, check::package, check::line}, false,
        "Debian package -> why it is left out although something depends on it; it counts as installed while "
        "dependencies are resolved"},
    Key{"packages.from", SuiteMap{&Variant::packages_from}, false,
        "codename of another suite -> Debian package -> why it comes from there and from nowhere else"},
    Key{"packages.minimum", TextMap{&Variant::minimum_versions, check::package, check::package_version}, false,
        "Debian package -> lowest version that may be installed, whatever the archive and its mirror offer"},
    Key{"licenses", TextMap{&Variant::licenses, check::package, check::license_expression}, false,
        "Debian source package -> SPDX license expression for the SBOM, instead of what its copyright file says"},
    Key{"cpe", TextMap{&Variant::products, check::package, check::cpe_product}, false,
        "Debian source package -> VENDOR:PRODUCT, as vulnerability databases name it; o: in front for an operating "
        "system"},
    Key{"files.drop", TextList{&Variant::drop_files, check::path_glob}, false,
        "patterns of paths; matching files of packages do not reach the image"},
    Key{"files.keep", TextList{&Variant::keep_files, check::path_glob}, false,
        "patterns of paths; exceptions from files.drop"},
    Key{"files.overlays", TextList{&Variant::overlays, check::simple_name}, false,
        "folders of os-builder/rootfs/overlay, laid over the packages in this order"},
    Key{"executables", TextMap{&Variant::executables, check::file_name, check::line}, false,
        "program in a directory of PATH -> why it is kept; all others are dropped"},
    Key{"libraries.absent", TextMap{&Variant::absent_libraries, check::soname, check::line}, false,
        "shared library that something may load -> why it is left out"},
    Key{"programs", TextMap{&Variant::programs, check::path, check::simple_name}, false,
        "path in the image -> program of Bulkhead"},
    Key{"symlinks", TextMap{&Variant::symlinks, check::path, check::link_target}, false, "path in the image -> target"},
    Key{"users", UserMap{&Variant::users}, false, "user -> { uid, gid, description = \"\", home = \"/\" }"},
    Key{"groups", GroupMap{&Variant::groups}, false, "group -> { gid, members = [] }"},
    Key{"units.enable", TextList{&Variant::enabled_units, check::unit}, false,
        "units to enable; all others stay disabled"},
    Key{"units.mask", TextList{&Variant::masked_units, check::unit}, false,
        "units that are masked: nothing can start them"},
    Key{"units.default", Text{&Variant::default_target, check::target}, true, "target that the system boots into"},
    Key{"kernel.package", Text{&Variant::kernel_package, check::package}, true, "Debian package of the kernel"},
    Key{"kernel.modules", TextList{&Variant::kernel_modules, check::module}, false,
        "modules in the root image; their dependencies are added"},
    Key{"kernel.load", TextList{&Variant::load_modules, check::module}, false, "modules to load at every boot"},
    Key{"kernel.command_line", TextList{&Variant::command_line, check::command_line_word}, false,
        "words of the kernel command line; the build adds roothash="},
    Key{"initrd.modules", TextList{&Variant::initrd_modules, check::module}, false,
        "modules in the initrd; their dependencies are added"},
    Key{"image.compression", Text{&Variant::compression, check::compression}, false,
        "compression in the form of mkfs.erofs -z, for example \"lz4hc,12\"; \"\" for none"},
    Key{"image.cluster_size", ClusterSize{&Variant::cluster_size, check::cluster_size}, false,
        "bytes compressed together (mkfs.erofs -C), for example \"64K\"; mkfs.erofs decides when not set"},
    Key{"image.shell", Flag{&Variant::shell_allowed}, false, "whether shells and interpreters may be in the image"},
    Key{"partitions.esp", PartitionSize{&PartitionSizes::esp, check::partition_size}, true, "EFI system partition"},
    Key{"partitions.root", PartitionSize{&PartitionSizes::root, check::partition_size}, true,
        "root partition of a slot"},
    Key{"partitions.verity", PartitionSize{&PartitionSizes::verity, check::partition_size}, true,
        "hash tree partition of a slot"},
    Key{"partitions.verity_signature", PartitionSize{&PartitionSizes::verity_signature, check::partition_size}, true,
        "root hash signature partition of a slot"},
    Key{"partitions.state", PartitionSize{&PartitionSizes::state, check::partition_size}, true,
        "BULKHEAD-STATE: settings, keys"},
    Key{"partitions.data", PartitionSize{&PartitionSizes::data, check::partition_size}, true,
        "BULKHEAD-DATA in the image; the first boot grows it to the end of the disk"},
};

struct TypeName {
  std::string_view operator()(const Text&) const { return "string"; }
  std::string_view operator()(const VersionText&) const { return "string"; }
  std::string_view operator()(const Flag&) const { return "boolean"; }
  std::string_view operator()(const ClusterSize&) const { return "size"; }
  std::string_view operator()(const PartitionSize&) const { return "size"; }
  std::string_view operator()(const TextList&) const { return "list of strings"; }
  std::string_view operator()(const TextMap&) const { return "table of strings"; }
  std::string_view operator()(const SuiteMap&) const { return "table of tables"; }
  std::string_view operator()(const UserMap&) const { return "table of tables"; }
  std::string_view operator()(const GroupMap&) const { return "table of tables"; }
};

}  // namespace

std::span<const Key> keys() { return kKeys; }

std::string_view type_name(const Target& target) { return std::visit(TypeName{}, target); }

std::string documentation() {
  std::string rows = "| key | type | required | meaning |\n|---|---|---|---|\n";
  for (const Key& key : kKeys) {
    rows += std::format("| `{}` | {} | {} | {} |\n", key.path, type_name(key.target), key.required ? "yes" : "",
                        key.meaning);
  }
  return rows;
}

}  // namespace bulkhead::variant
