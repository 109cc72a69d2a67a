// Whole files and byte ranges. Every descriptor is opened O_CLOEXEC. Paths are used as given; symlinks are followed
// unless a function says otherwise.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::sys {

using Path = std::filesystem::path;

// open(2) with O_CLOEXEC added. `mode` counts only with O_CREAT and is subject to the umask.
Result<UniqueFd> open_file(const Path& path, int flags, mode_t mode = 0);

// The whole regular file, those of /proc and /sys too. Errors: failed_precondition for anything else (a pipe that
// somebody left on a disk would be waited for) and for more than `limit` bytes.
Result<std::string> read_file(const Path& path, std::uint64_t limit = std::uint64_t{64} << 20U);
// The same, but `path` must not be a symbolic link: for what a program with fewer rights writes. Errors: those of
// open(2).
Result<std::string> read_file_no_link(const Path& path, std::uint64_t limit);
// The same of an open file; `name` is for errors.
Result<std::string> read_file(int fd, const Path& name, std::uint64_t limit);
// What a person names on a command line: may be a pipe or a terminal, and is waited for.
Result<std::string> read_stream(const Path& path, std::uint64_t limit);

// Loops over short reads and writes. read_exactly_at fails with data_loss at the end of the file.
Result<> write_all(int fd, std::span<const std::byte> bytes);
Result<> write_all_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset);
Result<> read_exactly_at(int fd, std::span<std::byte> bytes, std::uint64_t offset);

// Replaces `path` by new content: temporary file in the same directory, fsync, rename, fsync of the directory. Mode is
// exactly `mode`, whatever the umask. On error the old file is unchanged and the temporary one is gone.
Result<> write_file_atomically(const Path& path, std::string_view content, mode_t mode = 0644);

// Copies `length` bytes between files, leaving holes where the source range is all zero and `sparse` is set
// (the target must read as zero there already).
Result<> copy_range(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset, std::uint64_t length,
                    bool sparse);

Result<std::uint64_t> file_size(const Path& path);
// In a sparse file of `size` bytes: where the next data, or the next hole, at or behind `offset` starts; `size` when
// there is none. A file system that cannot tell has only data. Both move the file offset (lseek(2)).
std::uint64_t next_data(int fd, std::uint64_t offset, std::uint64_t size);
std::uint64_t next_hole(int fd, std::uint64_t offset, std::uint64_t size);
Result<> fsync_directory(const Path& path);

// std::filesystem without exceptions and with our errors.
Result<> create_directories(const Path& path);
Result<> remove_all(const Path& path);
// Full paths of what is in a directory, sorted, without "." and "..".
Result<std::vector<Path>> list_directory(const Path& path);
Result<> rename(const Path& from, const Path& to);
bool exists(const Path& path);

}  // namespace bulkhead::sys
