// From packages to the root file system, as a value. The step "root tree" of a build (docs/architecture.md).
#pragma once

#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "os-builder/packages/package_set.hpp"
#include "os-builder/rootfs/tree.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::rootfs {

// The image's description of itself, in os-release and in the banner.
struct ImageIdentity {
  std::string build_id;                // derived from the inputs, see os-builder/build
  std::int64_t source_date_epoch = 0;  // seconds
};

// Where compose() finds what is no part of variant and packages. Not the inputs of a stage: the tree is composed in
// every build, and later stages count it by its content. What it is made of counts in the build id (sbom/build_id.hpp).
struct ComposeSources {
  sys::Path content_store;    // unpacked packages, kept between builds; safe to share between two builds at once
  sys::Path overlay_dir;      // os-builder/rootfs/overlay
  sys::Path programs_dir;     // our own programs, staged and stripped by the build
  std::string packages_lock;  // text for /usr/share/bulkhead/packages.lock
  ImageIdentity identity;
};

// A Debian source package that was compiled into a package.
struct BuiltUsing {
  std::string source;
  std::string version;

  auto operator<=>(const BuiltUsing&) const = default;

  static constexpr std::tuple kFields = {stage::Field{"source", &BuiltUsing::source},
                                         stage::Field{"version", &BuiltUsing::version}};
};

// The packages that the files outside of the root come from.
struct BootPackages {
  std::string kernel;  // and its modules
  std::string efi_stub;
  std::string boot_loader;

  static constexpr std::tuple kFields = {stage::Field{"kernel", &BootPackages::kernel},
                                         stage::Field{"efi stub", &BootPackages::efi_stub},
                                         stage::Field{"boot loader", &BootPackages::boot_loader}};
};

// The results from the packages: the tree of the root image, and the files that go into the UKI and the ESP instead.
struct ComposedRoot {
  Tree tree;
  std::string kernel_release;  // "6.12.117+deb13-cloud-amd64"
  Content kernel;              // /boot/vmlinuz-*
  Content efi_stub;            // linuxx64.efi.stub of systemd-boot-efi
  Content boot_loader;         // systemd-bootx64.efi, unsigned
  // Everything below /usr/lib/modules/<release> before the allow-list, uncompressed, with the files of depmod: the
  // initrd takes its modules from here.
  Tree modules;
  BootPackages boot_packages;
  // What the packages say about licenses, at its own paths: /usr/share/doc/<package>/copyright, which may be a link or
  // below one, and /usr/share/common-licenses.
  Tree license_documents;
  std::map<std::string, std::vector<BuiltUsing>> built_using;  // package -> what it says to be compiled in
  std::string os_release;                                      // text of /usr/lib/os-release

  static constexpr std::tuple kFields = {stage::Field{"tree", &ComposedRoot::tree},
                                         stage::Field{"kernel release", &ComposedRoot::kernel_release},
                                         stage::Field{"kernel", &ComposedRoot::kernel},
                                         stage::Field{"efi stub", &ComposedRoot::efi_stub},
                                         stage::Field{"boot loader", &ComposedRoot::boot_loader},
                                         stage::Field{"modules", &ComposedRoot::modules},
                                         stage::Field{"boot packages", &ComposedRoot::boot_packages},
                                         stage::Field{"license documents", &ComposedRoot::license_documents},
                                         stage::Field{"built using", &ComposedRoot::built_using},
                                         stage::Field{"os-release", &ComposedRoot::os_release}};
};

// `debs` in the order of `set`. With everything in the content store it takes well under two CPU seconds.
Result<ComposedRoot> compose(const variant::Variant& variant, const packages::PackageSet& set,
                             std::span<const sys::Path> debs, const ComposeSources& sources);

}  // namespace bulkhead::rootfs
