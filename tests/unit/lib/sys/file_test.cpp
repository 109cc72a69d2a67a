#include "lib/sys/file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <span>
#include <thread>

#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::sys;

namespace {

TempDir scratch() {
  auto made = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(made);
  return std::move(*made);
}

mode_t mode_of(const Path& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

std::size_t entries_in(const Path& path) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++count;
  return count;
}

// Limits, user ids and umask belong to the process: such checks run in a child. Returns its exit status.
int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("a file reads back as written, with every byte") {
  const TempDir dir = scratch();
  std::string content;
  for (int i = 0; i < 300000; ++i) content += static_cast<char>(i * 7);
  REQUIRE(write_file_atomically(dir.path() / "x", content));
  CHECK(read_file(dir.path() / "x") == content);
  CHECK(sys::file_size(dir.path() / "x") == content.size());
}

TEST_CASE("reading stops at the limit and names the file") {
  const TempDir dir = scratch();
  REQUIRE(write_file_atomically(dir.path() / "x", "12345"));
  CHECK(read_file(dir.path() / "x", 5) == "12345");
  const auto read = read_file(dir.path() / "x", 4);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::failed_precondition);
  CHECK(read.error().message.contains((dir.path() / "x").native()));
}

TEST_CASE("files without a size are read whole") {
  const auto status = read_file("/proc/self/status");
  REQUIRE(status);
  CHECK(status->contains("Pid:"));
}

TEST_CASE("a missing file is not found, a directory is no file") {
  CHECK(read_file("/nonexistent").error().code == ErrorCode::not_found);
  CHECK(read_file("/").error().code == ErrorCode::failed_precondition);
}

TEST_CASE("a pipe or a device in the place of a file is refused at once; a stream is read to its end") {
  const TempDir dir = scratch();
  const Path pipe = dir.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(read_file(pipe).error().code == ErrorCode::failed_precondition);
  CHECK(read_file("/dev/zero").error().describe().contains("not a regular file"));
  REQUIRE(::symlink("/etc/hostname", (dir.path() / "link").c_str()) == 0);
  CHECK(read_file_no_link(dir.path() / "link", 100).error().sys_errno == ELOOP);
  CHECK(read_file_no_link("/proc/self/status", 1U << 16U));
  std::jthread writer([&pipe] {
    const auto fd = open_file(pipe, O_WRONLY);
    if (fd) static_cast<void>(write_all(fd->get(), std::as_bytes(std::span("through a pipe", 14))));
  });
  CHECK(read_stream(pipe, 100) == "through a pipe");
}

TEST_CASE("descriptors do not survive exec") {
  const auto fd = open_file("/dev/null", O_RDONLY);
  REQUIRE(fd);
  CHECK((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a replaced file has exactly the mode that was asked for, whatever the umask") {
  const TempDir dir = scratch();
  for (const mode_t mask : {0U, 022U, 077U, 0777U}) {
    const Path path = dir.path() / std::to_string(mask);
    CHECK(in_child([&] {
            ::umask(mask);
            return write_file_atomically(path, "x", 0644) ? 0 : 1;
          }) == 0);
    CHECK(mode_of(path) == 0644);
  }
  REQUIRE(write_file_atomically(dir.path() / "secret", "x", 0600));
  CHECK(mode_of(dir.path() / "secret") == 0600);
}

TEST_CASE("replacing a file leaves nothing else in the directory") {
  const TempDir dir = scratch();
  REQUIRE(write_file_atomically(dir.path() / "x", "old"));
  REQUIRE(write_file_atomically(dir.path() / "x", "new"));
  CHECK(read_file(dir.path() / "x") == "new");
  CHECK(entries_in(dir.path()) == 1);
}

TEST_CASE("a reader who has the old file open keeps it") {
  const TempDir dir = scratch();
  REQUIRE(write_file_atomically(dir.path() / "x", "old"));
  const auto reader = open_file(dir.path() / "x", O_RDONLY);
  REQUIRE(reader);
  REQUIRE(write_file_atomically(dir.path() / "x", "new"));
  std::array<std::byte, 3> bytes{};
  REQUIRE(read_exactly_at(reader->get(), bytes, 0));
  CHECK(std::string_view(reinterpret_cast<const char*>(bytes.data()), 3) == "old");
}

TEST_CASE("when the disk is full the old file stays and no temporary file does") {
  const TempDir dir = scratch();
  const Path path = dir.path() / "x";
  REQUIRE(write_file_atomically(path, "old"));
  const int outcome = in_child([&] {
    const rlimit limit{.rlim_cur = 4096, .rlim_max = 4096};
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto written = write_file_atomically(path, std::string(100000, 'n'));
    return !written && written.error().sys_errno == EFBIG && written.error().describe().contains(path.native()) ? 0 : 1;
  });
  CHECK(outcome == 0);
  CHECK(read_file(path) == "old");
  CHECK(entries_in(dir.path()) == 1);
}

TEST_CASE("a target that cannot be replaced is reported and the temporary file removed") {
  const TempDir dir = scratch();
  REQUIRE(sys::create_directories(dir.path() / "d" / "inside"));
  CHECK_FALSE(write_file_atomically(dir.path() / "d", "x"));
  CHECK(sys::exists(dir.path() / "d" / "inside"));
  CHECK(entries_in(dir.path()) == 1);
  CHECK(write_file_atomically(dir.path() / "missing" / "x", "x").error().code == ErrorCode::not_found);
}

TEST_CASE("a directory without write permission keeps its file") {
  const TempDir dir = scratch();
  REQUIRE(write_file_atomically(dir.path() / "x", "old"));
  REQUIRE(::chmod(dir.path().c_str(), 0555) == 0);
  const int outcome = in_child([&] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 77;
    const auto written = write_file_atomically(dir.path() / "x", "new");
    return !written && written.error().code == ErrorCode::permission_denied ? 0 : 1;
  });
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  if (outcome == 77) SKIP("cannot become an unprivileged user here");
  CHECK(outcome == 0);
  CHECK(read_file(dir.path() / "x") == "old");
}

TEST_CASE("reading past the end of a file is data loss, not a short read") {
  const TempDir dir = scratch();
  REQUIRE(write_file_atomically(dir.path() / "x", "12345"));
  const auto fd = open_file(dir.path() / "x", O_RDONLY);
  REQUIRE(fd);
  std::array<std::byte, 4> bytes{};
  CHECK(read_exactly_at(fd->get(), bytes, 1));
  CHECK(read_exactly_at(fd->get(), bytes, 2).error().code == ErrorCode::data_loss);
}

TEST_CASE("a sparse copy has the same bytes and fewer blocks") {
  const TempDir dir = scratch();
  std::string content(std::size_t{4} << 20U, '\0');
  content.replace(300000, 5, "hello");
  content += "tail";
  REQUIRE(write_file_atomically(dir.path() / "from", content));
  const auto from = open_file(dir.path() / "from", O_RDONLY);
  const auto to = open_file(dir.path() / "to", O_RDWR | O_CREAT | O_EXCL, 0600);
  REQUIRE((from && to));
  REQUIRE(copy_range(from->get(), 0, to->get(), 0, content.size(), true));
  CHECK(read_file(dir.path() / "to") == content);
  struct stat info{};
  REQUIRE(::fstat(to->get(), &info) == 0);
  CHECK(info.st_blocks * 512 < static_cast<off_t>(content.size() / 2));
}

TEST_CASE("a copy of a range lands at its offset") {
  const TempDir dir = scratch();
  REQUIRE(write_file_atomically(dir.path() / "from", "0123456789"));
  REQUIRE(write_file_atomically(dir.path() / "to", "----------"));
  const auto from = open_file(dir.path() / "from", O_RDONLY);
  const auto to = open_file(dir.path() / "to", O_RDWR);
  REQUIRE((from && to));
  REQUIRE(copy_range(from->get(), 3, to->get(), 6, 2, false));
  CHECK(read_file(dir.path() / "to") == "------34--");
}

TEST_CASE("a dangling symlink exists") {
  const TempDir dir = scratch();
  REQUIRE(::symlink("/nonexistent", (dir.path() / "link").c_str()) == 0);
  CHECK(sys::exists(dir.path() / "link"));
  CHECK_FALSE(sys::exists(dir.path() / "other"));
}

TEST_CASE("a directory is listed in order, and a missing one is an error") {
  const auto dir = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(dir);
  REQUIRE(write_file_atomically(dir->path() / "b", ""));
  REQUIRE(write_file_atomically(dir->path() / "a", ""));
  CHECK(list_directory(dir->path()).value() == std::vector<Path>{dir->path() / "a", dir->path() / "b"});
  CHECK(list_directory(dir->path() / "missing").error().code == ErrorCode::not_found);
}
