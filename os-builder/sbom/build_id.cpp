#include "os-builder/sbom/build_id.hpp"

#include <sys/stat.h>

#include <array>
#include <set>

#include "lib/crypto/sha256.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::sbom {
namespace {

// Programs that every image has outside its root; the variant's [programs] name the others.
constexpr std::array kBootPrograms = {"bulkhead-init", "bulkhead-chainload.efi"};
constexpr std::size_t kDigits = 16;

Result<> add_file(std::vector<SourceFile>& files, const std::string& name, const sys::Path& file) {
  struct stat info{};
  if (::lstat(file.c_str(), &info) < 0) return fail_errno("looking at {}", file.native());
  if (S_ISLNK(info.st_mode)) {
    std::error_code status;
    const sys::Path target = std::filesystem::read_symlink(file, status);
    if (status) return fail(errno_error(status.value(), "reading link {}", file.native()));
    files.push_back({.name = name, .type = "link", .content = target.native()});
  } else if (S_ISREG(info.st_mode)) {
    const Sha256 content = TRY(crypto::sha256_file(file));
    const bool executable = (info.st_mode & S_IXUSR) != 0;
    files.push_back({.name = name, .type = executable ? "program" : "file", .content = content.to_string()});
  }
  return {};
}

Result<> add_folder(std::vector<SourceFile>& files, const sys::Path& directory, const std::string& name) {
  std::error_code status;
  std::set<std::string> names;
  auto entries = std::filesystem::recursive_directory_iterator(directory / name, status);
  for (; !status && entries != std::filesystem::recursive_directory_iterator(); entries.increment(status)) {
    names.insert(std::filesystem::path(entries->path()).lexically_relative(directory).native());
  }
  if (status) return fail(errno_error(status.value(), "listing {}", (directory / name).native()));
  for (const std::string& file : names) TRY(add_file(files, file, directory / file));
  return {};
}

}  // namespace

Result<BuildIdInputs> build_id_inputs(const packages::PackageSet& set, const variant::Variant& variant,
                                      const sys::Path& overlay_dir, const sys::Path& programs_dir) {
  BuildIdInputs inputs{.packages = &set, .variant = &variant, .overlays = {}, .programs = {}};
  for (const std::string& overlay : variant.overlays)
    TRY_CTX(add_folder(inputs.overlays, overlay_dir, overlay), "overlay '{}'", overlay);
  std::set<std::string> programs(kBootPrograms.begin(), kBootPrograms.end());
  for (const auto& [path, program] : variant.programs) programs.insert(program);
  for (const std::string& program : programs)
    TRY_CTX(add_file(inputs.programs, program, programs_dir / program), "program '{}'", program);
  return inputs;
}

Result<std::string> build_id(const BuildIdInputs& inputs) {
  const Sha256 digest = TRY(stage::digest_of(inputs));
  return digest.to_string().substr(0, kDigits);
}

}  // namespace bulkhead::sbom
