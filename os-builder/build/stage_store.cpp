#include "os-builder/build/stage_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/file_lock.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::build {
namespace {

constexpr std::string_view kUnfinished = ".unfinished-";

struct Aged {
  std::filesystem::file_time_type time;
  sys::Path path;
};

// Complete products of a stage, newest use first.
Result<std::vector<Aged>> products(const sys::Path& stage_directory) {
  std::vector<Aged> found;
  std::error_code status;
  for (const auto& entry : std::filesystem::directory_iterator(stage_directory, status)) {
    if (entry.path().filename().native().starts_with('.')) continue;
    const auto time = entry.last_write_time(status);
    if (!status) found.push_back({time, entry.path()});
  }
  if (status) return fail(errno_error(status.value(), "listing {}", stage_directory.native()));
  std::ranges::sort(found, std::ranges::greater{}, &Aged::time);
  return found;
}

// "<sha256>  <path>" for each file, as sha256sum(1) writes them.
constexpr std::string_view kDigests = ".digests";

Result<std::string> digests_of(const sys::Path& product) {
  std::vector<sys::Path> files;
  std::error_code status;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(product, status)) {
    if (entry.is_regular_file(status) && entry.path() != product / kDigests) files.push_back(entry.path());
  }
  if (status) return fail(errno_error(status.value(), "listing {}", product.native()));
  std::ranges::sort(files);
  std::string text;
  for (const sys::Path& file : files) {
    const Sha256 digest = TRY(crypto::sha256_file(file));
    text += std::format("{}  {}\n", digest.to_string(), file.lexically_relative(product).native());
  }
  return text;
}

bool is_as_it_was_made(const sys::Path& product) {
  const auto made = sys::read_file(product / kDigests);
  const auto now = digests_of(product);
  return made && now && *made == *now;
}

}  // namespace

Result<StageStore> StageStore::open(const sys::Path& directory) {
  TRY(sys::create_directories(directory));
  return StageStore(directory);
}

Result<StageProduct> StageStore::run(const std::string& stage, const Sha256& inputs,
                                     const std::function<Result<>(const sys::Path& directory)>& make) {
  const sys::Path stage_directory = directory_ / stage;
  TRY(sys::create_directories(stage_directory));
  // One build runs a stage at a time: a second one with the same inputs waits and then finds the result.
  const sys::FileLock lock = TRY(sys::FileLock::acquire(stage_directory / ".lock"));
  const sys::Path product = stage_directory / inputs.to_string().substr(0, 32);
  if (sys::exists(product) && !is_as_it_was_made(product)) TRY(sys::remove_all(product));
  if (sys::exists(product)) {
    std::error_code ignored;  // only the order of removal depends on it
    std::filesystem::last_write_time(product, std::filesystem::file_time_type::clock::now(), ignored);
    return StageProduct{.directory = product, .reused = true};
  }
  TRY(drop_old(stage_directory));
  sys::TempDir unfinished = TRY(sys::TempDir::create(stage_directory, std::string(kUnfinished)));
  TRY(make(unfinished.path()));
  const std::string digests = TRY(digests_of(unfinished.path()));
  TRY(sys::write_file_atomically(unfinished.path() / kDigests, digests));
  TRY(unfinished.commit(product));
  return StageProduct{.directory = product, .reused = false};
}

Result<> StageStore::drop_old(const sys::Path& stage_directory) const {
  std::error_code status;
  for (const auto& entry : std::filesystem::directory_iterator(stage_directory, status)) {
    // We hold the stage's lock, so the process that made this has ended.
    if (entry.path().filename().native().starts_with(kUnfinished)) TRY(sys::remove_all(entry.path()));
  }
  const std::vector<Aged> found = TRY(products(stage_directory));
  for (std::size_t i = kKept - 1; i < found.size(); ++i) TRY(sys::remove_all(found[i].path));
  return {};
}

}  // namespace bulkhead::build
