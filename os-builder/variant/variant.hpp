// A variant: the description of an image, read from variants/<name>/variant.toml and the shared files that it inherits.
//
// Plain data. load() is strict: an unknown key, a wrong type or a bad value is one error with file:line:column and the
// nearest known key. Later files win key by key; lists are appended; the map entry `name = false` removes an inherited
// entry.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/base/version.hpp"
#include "lib/sys/file.hpp"
#include "os-builder/stage/fields.hpp"

namespace bulkhead::variant {

using Reason = std::string;

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string description;
  std::string home = "/";

  bool operator==(const User&) const = default;

  static constexpr std::tuple kFields = {stage::Field{"uid", &User::uid}, stage::Field{"gid", &User::gid},
                                         stage::Field{"description", &User::description},
                                         stage::Field{"home", &User::home}};
};

struct Group {
  std::uint32_t gid = 0;
  std::vector<std::string> members;

  bool operator==(const Group&) const = default;

  static constexpr std::tuple kFields = {stage::Field{"gid", &Group::gid}, stage::Field{"members", &Group::members}};
};

// [partitions]; sizes in bytes, multiples of 1 MiB
struct PartitionSizes {
  std::uint64_t esp = 0;
  std::uint64_t root = 0;              // per slot
  std::uint64_t verity = 0;            // per slot
  std::uint64_t verity_signature = 0;  // per slot
  std::uint64_t state = 0;
  std::uint64_t data = 0;  // room that the image leaves for it; made and grown on first boot

  bool operator==(const PartitionSizes&) const = default;

  static constexpr std::tuple kFields = {stage::Field{"esp", &PartitionSizes::esp},
                                         stage::Field{"root", &PartitionSizes::root},
                                         stage::Field{"verity", &PartitionSizes::verity},
                                         stage::Field{"verity signature", &PartitionSizes::verity_signature},
                                         stage::Field{"state", &PartitionSizes::state},
                                         stage::Field{"data", &PartitionSizes::data}};
};

struct Variant {
  std::string name;         // "kvm"
  std::string description;  // one line
  std::string product;      // "Bulkhead"
  Version version;          // of the product, from [product] version

  std::vector<std::string> suites;                  // [packages] suites: codenames; where packages come from
  std::map<std::string, Reason> packages;           // [packages.install]  name -> why it is in
  std::map<std::string, Reason> excluded_packages;  // [packages.exclude]  name -> why, though something depends on it
  // [packages.from.SUITE]  suite -> name -> why it comes from there and not from `suites`; no empty tables
  std::map<std::string, std::map<std::string, Reason>> packages_from;
  std::map<std::string, std::string> minimum_versions;  // [packages.minimum] name -> lowest version

  std::map<std::string, std::string> licenses;  // [licenses] Debian source package -> SPDX license expression
  std::map<std::string, std::string> products;  // [cpe] Debian source package -> VENDOR:PRODUCT of its CPE names

  std::vector<std::string> drop_files;             // [files] drop: globs of paths, applied to packages' files only
  std::vector<std::string> keep_files;             // [files] keep: exceptions from drop
  std::map<std::string, Reason> executables;       // [executables]  name in PATH -> why; every other one is dropped
  std::map<std::string, Reason> absent_libraries;  // [libraries.absent] soname -> why it is deliberately missing
  std::vector<std::string> overlays;               // [files] overlays: folders of os-builder/rootfs/overlay
  std::map<std::string, std::string> programs;     // [programs] path in the image -> our program staged by the build
  std::map<std::string, std::string> symlinks;     // [symlinks] path in the image -> target

  std::map<std::string, User> users;       // [users]
  std::map<std::string, Group> groups;     // [groups]
  std::vector<std::string> enabled_units;  // [units] enable
  std::vector<std::string> masked_units;   // [units] mask
  std::string default_target;              // [units] default

  std::string kernel_package;               // [kernel] package
  std::vector<std::string> kernel_modules;  // [kernel] modules, without their dependencies
  std::vector<std::string> initrd_modules;  // [initrd] modules, without their dependencies
  std::vector<std::string> load_modules;    // [kernel] load: loaded at boot by systemd-modules-load
  std::vector<std::string> command_line;    // [kernel] command_line

  std::string compression;  // [image] compression, as mkfs.erofs -z takes it, for example "lz4hc,12"; empty: none
  std::uint32_t cluster_size = 0;  // [image] cluster_size, bytes; mkfs.erofs -C
  PartitionSizes partitions;
  bool shell_allowed = false;  // [image] shell: only kvm-dev

  bool operator==(const Variant&) const = default;

  static constexpr std::tuple kFields = {stage::Field{"name", &Variant::name},
                                         stage::Field{"description", &Variant::description},
                                         stage::Field{"product", &Variant::product},
                                         stage::Field{"version", &Variant::version},
                                         stage::Field{"suites", &Variant::suites},
                                         stage::Field{"packages", &Variant::packages},
                                         stage::Field{"excluded packages", &Variant::excluded_packages},
                                         stage::Field{"packages from", &Variant::packages_from},
                                         stage::Field{"minimum versions", &Variant::minimum_versions},
                                         stage::Field{"licenses", &Variant::licenses},
                                         stage::Field{"cpe", &Variant::products},
                                         stage::Field{"drop files", &Variant::drop_files},
                                         stage::Field{"keep files", &Variant::keep_files},
                                         stage::Field{"executables", &Variant::executables},
                                         stage::Field{"absent libraries", &Variant::absent_libraries},
                                         stage::Field{"overlays", &Variant::overlays},
                                         stage::Field{"programs", &Variant::programs},
                                         stage::Field{"symlinks", &Variant::symlinks},
                                         stage::Field{"users", &Variant::users},
                                         stage::Field{"groups", &Variant::groups},
                                         stage::Field{"enabled units", &Variant::enabled_units},
                                         stage::Field{"masked units", &Variant::masked_units},
                                         stage::Field{"default target", &Variant::default_target},
                                         stage::Field{"kernel package", &Variant::kernel_package},
                                         stage::Field{"kernel modules", &Variant::kernel_modules},
                                         stage::Field{"initrd modules", &Variant::initrd_modules},
                                         stage::Field{"load modules", &Variant::load_modules},
                                         stage::Field{"command line", &Variant::command_line},
                                         stage::Field{"compression", &Variant::compression},
                                         stage::Field{"cluster size", &Variant::cluster_size},
                                         stage::Field{"partitions", &Variant::partitions},
                                         stage::Field{"shell allowed", &Variant::shell_allowed}};
};

// Reads variants_dir/<name>/variant.toml. Errors: invalid_argument for an unknown variant (with the nearest one as
// hint) and for anything wrong in a file.
Result<Variant> load(const sys::Path& variants_dir, const std::string& name);

// Names of all variants, sorted.
Result<std::vector<std::string>> list(const sys::Path& variants_dir);

}  // namespace bulkhead::variant
