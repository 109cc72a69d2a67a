#include "lib/file_systems/outcome.hpp"

#include <algorithm>
#include <format>

#include "lib/base/text.hpp"

namespace bulkhead::file_systems {
namespace {

constexpr std::size_t kLongestReason = 2048;

constexpr std::array kKinds = {Kind::mounted, Kind::repaired, Kind::damaged, Kind::small,
                               Kind::copied,  Kind::lost,     Kind::reset};

sys::Path file_of(const sys::Path& directory, FileSystem which, Kind kind) {
  return directory / std::format("{}.{}", to_string(which), to_string(kind));
}

}  // namespace

std::string_view to_string(FileSystem which) {
  switch (which) {
    case FileSystem::state: return "state";
    case FileSystem::data: return "data";
  }
  return "";
}

std::string_view label(FileSystem which) {
  switch (which) {
    case FileSystem::state: return "STATE";
    case FileSystem::data: return "DATA";
  }
  return "";
}

const char* device(FileSystem which) {
  return which == FileSystem::state ? "/dev/bulkhead/state" : "/dev/bulkhead/data";
}

const char* mount_point(FileSystem which) { return which == FileSystem::state ? "/state" : "/var"; }

std::optional<FileSystem> parse_file_system(std::string_view text) {
  const auto* const found = std::ranges::find(kFileSystems, text, [](FileSystem which) { return to_string(which); });
  return found == kFileSystems.end() ? std::nullopt : std::optional(*found);
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::mounted: return "mounted";
    case Kind::repaired: return "repaired";
    case Kind::damaged: return "damaged";
    case Kind::small: return "small";
    case Kind::copied: return "copied";
    case Kind::lost: return "lost";
    case Kind::reset: return "reset";
  }
  return "";
}

Result<> write_outcome(const sys::Path& directory, FileSystem which, const FileSystemOutcome& outcome) {
  TRY(sys::create_directories(directory));
  std::string reason = outcome.reason.substr(0, kLongestReason);
  std::ranges::replace_if(reason, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  TRY(sys::write_file_atomically(file_of(directory, which, outcome.kind), reason + '\n'));
  for (const Kind kind : kKinds) {
    if (kind != outcome.kind) TRY(sys::remove_all(file_of(directory, which, kind)));
  }
  return {};
}

Result<std::optional<FileSystemOutcome>> read_outcome(const sys::Path& directory, FileSystem which) {
  // The last word first: a writer that was interrupted leaves two.
  for (auto kind = kKinds.rbegin(); kind != kKinds.rend(); ++kind) {
    const sys::Path file = file_of(directory, which, *kind);
    if (!sys::exists(file)) continue;
    const std::string text = TRY(sys::read_file(file, kLongestReason + 1));
    return FileSystemOutcome{.kind = *kind, .reason = std::string(trim(text))};
  }
  return std::nullopt;
}

}  // namespace bulkhead::file_systems
