#include "api-server/migrate/bottlerocket.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "lib/base/hex.hpp"
#include "lib/codec/json.hpp"
#include "lib/settings/settings.hpp"

namespace bulkhead::migrate {
namespace {

using settings::Json;
using settings::Key;

constexpr int kDeepest = 16;
constexpr std::size_t kMostFiles = 65536;
constexpr std::size_t kLargestFile = std::size_t{1} << 20U;
constexpr std::size_t kLargestTotal = std::size_t{16} << 20U;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Result<std::string> read_limited(int fd, std::size_t limit, const std::string& shown) {
  std::string content(limit + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(fd, content.data() + size, content.size() - size);
    if (count < 0) return fail_errno("reading {}", shown);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > limit) return fail(ErrorCode::invalid_argument, "{} is longer than {} bytes", shown, limit);
  content.resize(size);
  return content;
}

// Names in a fixed order, independent of the file system. Takes ownership of the descriptor.
Result<std::vector<std::string>> names_in(int fd) {
  const Directory directory(::fdopendir(fd));
  if (directory == nullptr) {
    const int reason = errno;
    ::close(fd);
    return fail(errno_error(reason, "listing a directory"));
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe): a stream of our own
    const std::string name = static_cast<const char*>(entry->d_name);
    if (name == "." || name == "..") continue;
    names.push_back(name);
    if (names.size() > kMostFiles) return fail(ErrorCode::invalid_argument, "a directory has too many files");
  }
  if (errno != 0) return fail_errno("listing a directory");
  std::ranges::sort(names);
  return names;
}

class Reader {
 public:
  // Takes ownership of `directory`.
  Result<> read(sys::UniqueFd directory, const Key& at, int depth) {
    if (depth > kDeepest) return fail(ErrorCode::invalid_argument, "{} is nested too deeply", at.to_string());
    const int fd = directory.get();
    sys::UniqueFd listing(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!listing) return fail_errno("opening {}", at.to_string());
    const std::vector<std::string> names = TRY(names_in(listing.release()));
    for (const std::string& name : names) {
      if (name.contains('.')) continue;  // metadata: dots of segments are percent-encoded
      const std::string segment = TRY(percent_decoded(name));
      const Key key = at.child(segment);
      sys::UniqueFd entry(::openat(fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (!entry) return fail_errno("opening {}", key.to_string());
      TRY(read_entry(std::move(entry), key, depth));
    }
    return {};
  }

  Result<Imported> finish() && {
    TRY(settings::check(result_.settings, settings::Settings::shape()));
    return std::move(result_);
  }

 private:
  Result<> read_entry(sys::UniqueFd entry, const Key& key, int depth) {
    struct stat status{};
    if (::fstat(entry.get(), &status) < 0) return fail_errno("looking at {}", key.to_string());
    if (S_ISDIR(status.st_mode)) return read(std::move(entry), key, depth + 1);
    if (!S_ISREG(status.st_mode))
      return fail(ErrorCode::invalid_argument, "{} is neither a directory nor a file", key.to_string());
    if (++files_ > kMostFiles) return fail(ErrorCode::invalid_argument, "there are more than {} files", kMostFiles);
    const std::string text = TRY(read_limited(entry.get(), kLargestFile, key.to_string()));
    total_ += text.size();
    if (total_ > kLargestTotal)
      return fail(ErrorCode::invalid_argument, "the datastore is larger than {} bytes", kLargestTotal);
    take(key, text);
    return {};
  }

  // Each value by itself, so that one that we refuse does not cost all others.
  void take(const Key& key, const std::string& text) {
    const auto value = codec::parse_json(text);
    if (!value || value->is_object()) {
      result_.left_out.push_back(std::format("{}: its file has no valid JSON value", key.to_string()));
      return;
    }
    const Json alone = settings::unflat({{key, *value}});
    const auto good = settings::check(alone, settings::Settings::shape());
    if (good)
      result_.settings = settings::merged(std::move(result_.settings), alone);
    else
      result_.left_out.push_back(good.error().describe());
  }

  Imported result_;
  std::size_t files_ = 0;
  std::size_t total_ = 0;
};

}  // namespace

Result<std::string> percent_decoded(std::string_view segment) {
  std::string decoded;
  for (std::size_t at = 0; at < segment.size(); ++at) {
    if (segment[at] != '%') {
      decoded += segment[at];
      continue;
    }
    const auto bytes = segment.size() - at > 2 ? from_hex(segment.substr(at + 1, 2))
                                               : fail(ErrorCode::invalid_argument, "it is incomplete");
    if (!bytes) return fail(ErrorCode::invalid_argument, "'{}' is not a percent-encoded name", segment);
    decoded += as_text(*bytes);
    at += 2;
  }
  if (decoded.empty() || decoded.contains('\0'))
    return fail(ErrorCode::invalid_argument, "'{}' is not a percent-encoded name", segment);
  return decoded;
}

Result<Imported> import_bottlerocket(const sys::Path& directory) {
  const sys::UniqueFd top = TRY(sys::open_file(directory, O_RDONLY | O_DIRECTORY));
  const sys::UniqueFd live(::openat(top.get(), "live", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!live) return fail_errno("opening {}", (directory / "live").native());
  sys::UniqueFd tree(::openat(live.get(), "settings", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!tree) return fail_errno("opening {}", (directory / "live/settings").native());
  Reader reader;
  TRY_CTX(reader.read(std::move(tree), {}, 0), "reading {}", directory.native());
  return std::move(reader).finish();
}

}  // namespace bulkhead::migrate
