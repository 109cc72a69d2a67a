// What became of STATE and DATA in this boot: written by bulkhead-file-system, read by the API server and
// bulkhead-trial. docs/lifecycle.md has the steps.
//
// One file in kDirectory for each file system, named after the outcome ("data.lost"); its content is the reason, one
// line. Conditions of units look at these names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::file_systems {

enum class FileSystem : std::uint8_t { state, data };

inline constexpr std::array kFileSystems = {FileSystem::state, FileSystem::data};

std::string_view to_string(FileSystem which);  // "state", "data": in paths, units and the API
std::string_view label(FileSystem which);      // "STATE", "DATA": for people
const char* device(FileSystem which);          // "/dev/bulkhead/state"
const char* mount_point(FileSystem which);     // "/state", "/var"
std::optional<FileSystem> parse_file_system(std::string_view text);

enum class Kind : std::uint8_t {
  mounted,   // as it was
  repaired,  // e2fsck corrected errors; the reason says how
  damaged,   // mounted, although e2fsck could not correct every error
  small,     // mounted, but it could not grow with its partition
  copied,    // it cannot be written to: a copy in memory stands in, and changes are lost at the next restart
  lost,      // it cannot be mounted: an empty file system in memory stands in
  reset,     // it was lost and has been made anew: the next start uses it
};

std::string_view to_string(Kind kind);

struct FileSystemOutcome {
  Kind kind = Kind::mounted;
  std::string reason{};  // one line; empty for `mounted`

  bool operator==(const FileSystemOutcome&) const = default;
};

// Whether what is written now is still there after a restart.
constexpr bool lasts(Kind kind) { return kind != Kind::copied && kind != Kind::lost && kind != Kind::reset; }

inline constexpr const char* kDirectory = "/run/bulkhead/file-systems";

// Replaces the outcome of before. Control characters of the reason become spaces.
Result<> write_outcome(const sys::Path& directory, FileSystem which, const FileSystemOutcome& outcome);
// Nothing when there is none: bulkhead-file-system has not run or did not get that far.
Result<std::optional<FileSystemOutcome>> read_outcome(const sys::Path& directory, FileSystem which);

}  // namespace bulkhead::file_systems
