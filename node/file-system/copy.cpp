#include "node/file-system/copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace bulkhead::file_system {
namespace {

constexpr mode_t kModeBits = 0777;

class Copy {
 public:
  explicit Copy(const CopyLimits& left) : left_(left) {}

  Result<> directory(const sys::Path& from, const sys::Path& to, unsigned depth) {
    if (depth > left_.depth)
      return fail(ErrorCode::failed_precondition, "{}: directories are nested too deeply", from.native());
    const std::vector<sys::Path> entries = TRY(sys::list_directory(from));
    for (const sys::Path& entry : entries) {
      if (left_.files-- == 0) return fail(ErrorCode::failed_precondition, "{}: too many files", from.native());
      struct stat info{};
      if (::lstat(entry.c_str(), &info) < 0) return fail_errno("looking at {}", entry.native());
      const sys::Path target = to / entry.filename();
      if (S_ISREG(info.st_mode)) TRY(file(entry, target, info.st_mode & kModeBits));
      if (!S_ISDIR(info.st_mode)) continue;
      if (::mkdir(target.c_str(), info.st_mode & kModeBits) < 0) return fail_errno("making {}", target.native());
      TRY(directory(entry, target, depth + 1));
    }
    return {};
  }

 private:
  Result<> file(const sys::Path& from, const sys::Path& to, mode_t mode) {
    const std::string content = TRY(sys::read_file_no_link(from, left_.bytes));
    left_.bytes -= content.size();
    return sys::write_file_atomically(to, content, mode);
  }

  CopyLimits left_;
};

}  // namespace

Result<> copy_tree(const sys::Path& from, const sys::Path& to, const CopyLimits& limits) {
  return Copy(limits).directory(from, to, 1);
}

}  // namespace bulkhead::file_system
