// From packages to the root file system, as a value. The step "root tree" of a build (docs/architecture.md).
#pragma once

#include <span>

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
  std::string os_release;  // text of /usr/lib/os-release
};

// `debs` in the order of `set`. With everything in the content store it takes well under two CPU seconds.
Result<ComposedRoot> compose(const variant::Variant& variant, const packages::PackageSet& set,
                             std::span<const sys::Path> debs, const ComposeSources& sources);

}  // namespace bulkhead::rootfs
