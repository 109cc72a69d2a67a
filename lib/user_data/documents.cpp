#include "lib/user_data/documents.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <format>

#include "lib/base/text.hpp"

namespace bulkhead::user_data {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kLongestIdentity = 1024;

std::string file_name(std::string_view source) { return std::format("{}0-{}", order_of(source) + 1, source); }
std::string error_name(std::string_view source) { return file_name(source) + ".error"; }
std::string disk_name(std::string_view source) { return file_name(source) + ".disk"; }

Result<> remove_file(const sys::Path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno("removing {}", path.native());
}

// One line, whatever it was.
std::string line_of(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

std::size_t order_of(std::string_view source) {
  return static_cast<std::size_t>(std::ranges::find(kSources, source) - kSources.begin());
}

Result<> make_directory(const sys::Path& directory) {
  TRY(sys::create_directories(directory));
  if (::chmod(directory.c_str(), kDirectoryMode) < 0) return fail_errno("closing {} to others", directory.native());
  return {};
}

Result<> store(const sys::Path& directory, const Document& document) {
  if (is_from_disk(document.source)) {
    // A power cut in between leaves no document rather than one that another disk's identity lies beside.
    TRY(forget(directory, document.source));
    if (!document.disk.empty())
      TRY(sys::write_file_atomically(directory / disk_name(document.source), line_of(document.disk) + '\n', kFileMode));
  }
  TRY(sys::write_file_atomically(directory / file_name(document.source), document.content, kFileMode));
  return remove_file(directory / error_name(document.source));
}

Result<> store(const sys::Path& directory, const Unreadable& source) {
  TRY(sys::write_file_atomically(directory / error_name(source.source), line_of(source.reason) + '\n', kFileMode));
  TRY(remove_file(directory / file_name(source.source)));
  return remove_file(directory / disk_name(source.source));
}

Result<> forget(const sys::Path& directory, std::string_view source) {
  TRY(remove_file(directory / file_name(source)));
  TRY(remove_file(directory / disk_name(source)));
  return remove_file(directory / error_name(source));
}

Result<Collected> load(const sys::Path& directory, std::span<const std::string_view> sources) {
  Collected collected;
  if (!sys::exists(directory)) return collected;
  for (const std::string_view source : kSources) {
    if (!std::ranges::contains(sources, source)) continue;
    if (const sys::Path path = directory / file_name(source); sys::exists(path)) {
      // One byte more than is allowed, so that decode() says what is wrong.
      auto content = sys::read_file_no_link(path, kLargestDocument + 1);
      std::string disk;
      if (is_from_disk(source)) {
        const auto line = sys::read_file_no_link(directory / disk_name(source), kLongestIdentity);
        if (line && is_utf8(*line)) disk = trim(*line);
      }
      if (content)
        collected.documents.push_back(
            {.source = std::string(source), .content = *std::move(content), .disk = std::move(disk)});
      else
        collected.unreadable.push_back({.source = std::string(source), .reason = content.error().describe()});
    }
    if (const sys::Path path = directory / error_name(source); sys::exists(path)) {
      // Of one source alone, whatever its program left there: the others count.
      const auto reason = sys::read_file_no_link(path, kLargestDocument);
      collected.unreadable.push_back(
          {.source = std::string(source), .reason = reason ? std::string(trim(*reason)) : reason.error().describe()});
    }
  }
  return collected;
}

}  // namespace bulkhead::user_data
