#include "os-builder/sbom/build_id.hpp"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <set>

#include "lib/crypto/sha256.hpp"

namespace bulkhead::sbom {
namespace {

using nlohmann::ordered_json;

// Programs that every image has outside its root; the variant's [programs] name the others.
constexpr std::array kBootPrograms = {"bulkhead-init", "bulkhead-chainload.efi"};
constexpr std::size_t kDigits = 16;

ordered_json users_of(const variant::Variant& variant) {
  ordered_json users = ordered_json::object();
  for (const auto& [name, user] : variant.users) {
    const auto& [uid, gid, description, home] = user;
    users[name] = {uid, gid, description, home};
  }
  return users;
}

ordered_json groups_of(const variant::Variant& variant) {
  ordered_json groups = ordered_json::object();
  for (const auto& [name, group] : variant.groups) {
    const auto& [gid, members] = group;
    groups[name] = {gid, members};
  }
  return groups;
}

// Structured bindings name every member, so that a new one cannot be forgotten here: it does not compile.
std::string text_of(const variant::Variant& variant) {
  const auto& [name, description, product, version, packages, excluded_packages, drop_files, keep_files, executables,
               absent_libraries, overlays, programs, symlinks, users, groups, enabled_units, masked_units,
               default_target, kernel_package, kernel_modules, initrd_modules, load_modules, command_line, compression,
               cluster_size, partitions, shell_allowed] = variant;
  const auto& [esp, root, verity, verity_signature, state, data] = partitions;
  const ordered_json json = {name,
                             description,
                             product,
                             version.to_string(),
                             packages,
                             excluded_packages,
                             drop_files,
                             keep_files,
                             executables,
                             absent_libraries,
                             overlays,
                             programs,
                             symlinks,
                             users_of(variant),
                             groups_of(variant),
                             enabled_units,
                             masked_units,
                             default_target,
                             kernel_package,
                             kernel_modules,
                             initrd_modules,
                             load_modules,
                             command_line,
                             compression,
                             cluster_size,
                             esp,
                             root,
                             verity,
                             verity_signature,
                             state,
                             data,
                             shell_allowed};
  // The texts come from TOML, which is UTF-8; a value built in memory may hold anything and must not throw here.
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

class Digest {
 public:
  // Lengths keep two fields from being read as one.
  void add(std::string_view field, std::string_view value) {
    stream_.update(std::format("{}:{} {}:", field.size(), field, value.size())).update(value);
  }
  std::string finish() { return stream_.finish().to_string(); }

 private:
  crypto::Sha256Stream stream_;
};

Result<> add_file(Digest& digest, const std::string& name, const sys::Path& file) {
  struct stat info{};
  if (::lstat(file.c_str(), &info) < 0) return fail_errno("looking at {}", file.native());
  if (S_ISLNK(info.st_mode)) {
    std::error_code status;
    const sys::Path target = std::filesystem::read_symlink(file, status);
    if (status) return fail(errno_error(status.value(), "reading link {}", file.native()));
    digest.add("link " + name, target.native());
  } else if (S_ISREG(info.st_mode)) {
    const Sha256 content = TRY(crypto::sha256_file(file));
    // Of the mode only the execute bit is kept by git, and only it may count.
    digest.add(((info.st_mode & S_IXUSR) != 0 ? "program " : "file ") + name, content.to_string());
  }
  return {};
}

Result<> add_folder(Digest& digest, const sys::Path& directory, const std::string& name) {
  std::error_code status;
  std::set<std::string> files;
  auto entries = std::filesystem::recursive_directory_iterator(directory / name, status);
  for (; !status && entries != std::filesystem::recursive_directory_iterator(); entries.increment(status)) {
    files.insert(std::filesystem::path(entries->path()).lexically_relative(directory).native());
  }
  if (status) return fail(errno_error(status.value(), "listing {}", (directory / name).native()));
  for (const std::string& file : files) TRY(add_file(digest, file, directory / file));
  return {};
}

}  // namespace

Result<std::string> build_id(const packages::PackageSet& set, const variant::Variant& variant,
                             const sys::Path& overlay_dir, const sys::Path& programs_dir) {
  Digest digest;
  digest.add("lock", packages::write_lock(set));
  digest.add("epoch", std::to_string(set.source_date_epoch));
  digest.add("variant", text_of(variant));
  for (const std::string& overlay : variant.overlays)
    TRY_CTX(add_folder(digest, overlay_dir, overlay), "overlay '{}'", overlay);
  std::set<std::string> programs(kBootPrograms.begin(), kBootPrograms.end());
  for (const auto& [path, program] : variant.programs) programs.insert(program);
  for (const std::string& program : programs)
    TRY_CTX(add_file(digest, program, programs_dir / program), "program '{}'", program);
  return digest.finish().substr(0, kDigits);
}

}  // namespace bulkhead::sbom
