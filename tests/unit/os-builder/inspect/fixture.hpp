// A complete small build: root with labels, signed UKI and boot loader, disk, SBOM and manifest, as the builder lays
// them out.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "lib/crypto/certificate.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/slots/entry_name.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/build/sbom_parts.hpp"
#include "os-builder/disk/disk.hpp"
#include "os-builder/erofs/erofs.hpp"
#include "os-builder/initrd/initrd.hpp"
#include "os-builder/inspect/inspect.hpp"
#include "os-builder/sbom/manifest.hpp"
#include "os-builder/sbom/provenance.hpp"
#include "os-builder/sbom/spdx.hpp"
#include "os-builder/uki/signing.hpp"
#include "os-builder/uki/uki.hpp"
#include "tests/support/key_fixture.hpp"

namespace bulkhead::testing {

inline constexpr std::int64_t kEpoch = 1700000000;

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().describe());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline packages::PackageSet example_packages() {
  packages::PackageSet set;
  set.source_date_epoch = kEpoch;
  for (const char* name : {"containerd", "crun"}) {
    packages::Package& package = set.packages.emplace_back();
    package.name = package.source = name;
    package.version = package.source_version = "1.21-1";
    package.architecture = "amd64";
    package.sha256 = crypto::sha256(name);
    package.size = 1000;
    package.filename = std::string("pool/main/") + name + ".deb";
    package.suite = "trixie";
    package.section = "admin";
    package.maintainer = "Example Team <team@example.org>";
    package.summary = "an example";
    package.reason = "an example";
  }
  return set;
}

// Bytes that do not compress, so that the root has more than one block and its hash tree a level.
inline std::string noise() {
  std::string bytes(200000, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24U);
  }
  return bytes;
}

struct BuildSpec {
  std::string version = "1.0.0";
  packages::PackageSet packages = example_packages();
  std::string command_line = "console=ttyS0 panic=10";
  std::string program = "program";  // content of /usr/bin/crun
};

// Makes the directory of a build, with the names that os-builder gives. Returns the root hash.
inline Sha256 make_build(const sys::Path& directory, const BuildSpec& spec) {
  static const sys::Path kStub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
  static const sys::Path kBootLoader = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";
  if (!sys::exists(kStub)) SKIP("needs the package systemd-boot-efi");
  const Version version = must(Version::parse(spec.version));
  const auto at = [&](const std::string& name) { return directory / name; };
  must(sys::create_directories(directory));

  rootfs::Tree tree;
  const std::string os_release = "ID=bulkhead\nVERSION_ID=" + spec.version + "\n";
  must(tree.put_file("/usr/bin/crun", spec.program, 0755, "crun"));
  must(tree.put_file("/usr/lib/os-release", os_release, 0644, "build"));
  must(tree.put_file(std::string(inspect::kLockPath), packages::write_lock(spec.packages), 0644, "build"));
  must(tree.put_file("/usr/share/noise", noise(), 0644, "build"));
  must(tree.put_symlink("/bin", "usr/bin", "build"));
  tree.find("/usr/bin/crun")->xattrs["security.selinux"] = std::string("system_u:object_r:runtime_exec_t:s0\0", 36);
  tree.find("/usr/lib/os-release")->xattrs["security.selinux"] = std::string("system_u:object_r:usr_t:s0\0", 27);
  must(erofs::build({.tree = &tree, .compression = "lz4", .epoch = kEpoch}, at("root.erofs")));
  const seal::SealedRoot sealed =
      must(seal::seal({.root = {.path = at("root.erofs")}, .key = test_keys().root_hash}, directory));

  rootfs::Tree modules;
  must(modules.put_file("/usr/lib/modules/6.12.1-test/modules.builtin", "", 0644, "linux"));
  must(initrd::build({.init = rootfs::Content::of(std::string(5000, 'i')),
                      .modules = &modules,
                      .kernel_release = "6.12.1-test",
                      .wanted = {},
                      .command_line = spec.command_line,
                      .epoch = kEpoch},
                     at("initrd")));
  const auto content_of = [](const sys::Path& file) { return rootfs::Content::of(must(sys::read_file(file))); };
  const sys::Path uki = at(slots::EntryName{.version = version}.file_name());
  must(uki::build({.kernel = content_of(kBootLoader),
                   .stub = content_of(kStub),
                   .initrd = {.path = at("initrd")},
                   .command_line = "roothash=" + sealed.root_hash.to_string() + " " + spec.command_line,
                   .os_release = os_release,
                   .kernel_release = "6.12.1-test",
                   .epoch = kEpoch,
                   .key = test_keys().signature_db},
                  uki));
  must(uki::sign_file(kBootLoader, test_keys().signature_db, kEpoch, at("boot.efi")));
  must(sys::write_file_atomically(at("loader.conf"), "timeout 0\n"));

  const std::map<std::string, sys::Path> esp_files = {
      {"EFI/BOOT/BOOTX64.EFI", at("boot.efi")},
      {"EFI/systemd/systemd-bootx64.efi", at("boot.efi")},
      {slots::EntryName{.version = version, .tries = slots::Tries{.left = 3}}.esp_path(), uki},
      {"loader/loader.conf", at("loader.conf")}};
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
  must(disk::build({.sizes = {.esp = 64 * kMiB,
                              .root = 4 * kMiB,
                              .verity = kMiB,
                              .verity_signature = kMiB,
                              .state = 2 * kMiB,
                              .data = 3 * kMiB},
                    .version = version,
                    .root = sealed,
                    .esp_files = esp_files,
                    .epoch = kEpoch},
                   at("disk.img")));
  const auto licenses = must(licenses::collect(spec.packages, {}, {}));
  const sbom::Components components;
  const sbom::SbomInputs contents{
      .subject = {.variant = "kvm", .version = version, .build_id = "0123456789abcdef"},
      .packages = &spec.packages,
      .tree = &tree,
      .licenses = &licenses,
      .components = &components,
      .parts = must(build::describe_parts({.packages = {.kernel = "linux", .efi_stub = "stub", .boot_loader = "boot"},
                                           .esp_files = esp_files,
                                           .uki = uki,
                                           .initrd = at("initrd")})),
      .products = {}};
  must(sys::write_file_atomically(at("sbom.spdx.json"), must(sbom::spdx_document(contents))));
  sbom::Manifest manifest{.variant = "kvm",
                          .version = version,
                          .build_id = "0123456789abcdef",
                          .source_date_epoch = kEpoch,
                          .root_hash = sealed.root_hash,
                          .files = {}};
  for (const char* name : {"disk.img", "root.erofs", "sbom.spdx.json"})
    manifest.files.push_back(must(sbom::describe_file(directory, name)));
  const auto signer = must(crypto::Certificate::load(test_keys().root_hash.certificate));
  const std::string statement = sbom::provenance_statement(
      {.manifest = manifest, .packages = &spec.packages, .sources = {}, .variant = {}}, signer);
  must(sys::write_file_atomically(at(sbom::kProvenanceFile),
                                  must(sbom::sign_provenance(statement, test_keys().root_hash))));
  manifest.files.push_back(must(sbom::describe_file(directory, sbom::kProvenanceFile)));
  std::ranges::sort(manifest.files, {}, &sbom::ManifestFile::name);
  must(sys::write_file_atomically(at("manifest.json"), sbom::write_manifest(manifest)));
  return sealed.root_hash;
}

// One build per test program that nobody changes, and a directory of its own for each test.
struct Built {
  sys::TempDir directory = must(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-"));

  static const sys::Path& original() {
    static const sys::TempDir made =
        must(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-"));
    static const sys::Path path = [] {
      make_build(made.path() / "kvm", {});
      return made.path() / "kvm";
    }();
    return path;
  }

  // A sparse copy that may be changed.
  sys::Path copy() const {
    const sys::Path target = directory.path() / "kvm";
    must(sys::run_checked({.arguments = {"cp", "-r", "--sparse=always", original().native(), target.native()}}));
    return target;
  }
};

}  // namespace bulkhead::testing
