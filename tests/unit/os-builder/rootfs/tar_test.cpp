#include <archive.h>
#include <archive_entry.h>
#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::rootfs {
namespace {

std::string tar_of(const Tree& tree, std::int64_t epoch) {
  const sys::TempDir dir = *sys::TempDir::create("/tmp", "tar-");
  const sys::UniqueFd fd = *sys::open_file(dir.path() / "t", O_RDWR | O_CREAT, 0600);
  REQUIRE(write_tar(tree, epoch, fd.get()));
  return *sys::read_file(dir.path() / "t");
}

Tree sample() {
  Tree tree;
  REQUIRE(tree.put_file("/usr/bin/true", "program", 0755, "a"));
  REQUIRE(tree.put_file("/usr/share/" + std::string(200, 'n'), "long name", 0644, "a"));
  REQUIRE(tree.put_symlink("/bin", "usr/bin", "a"));
  Entry& program = *tree.find("/usr/bin/true");
  program.uid = 7;
  program.gid = 8;
  program.xattrs["security.capability"] = std::string("\x01\x00\x00\x02", 4);
  return tree;
}

TEST_CASE("a tar stream has every entry with its owner, mode, attributes and the one time") {
  const std::string bytes = tar_of(sample(), 1'700'000'000);
  archive* const reader = archive_read_new();
  archive_read_support_format_tar(reader);
  REQUIRE(archive_read_open_memory(reader, bytes.data(), bytes.size()) == ARCHIVE_OK);
  std::vector<std::string> names;
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    names.emplace_back(archive_entry_pathname(entry));
    CHECK(archive_entry_mtime(entry) == 1'700'000'000);
    CHECK(archive_entry_mtime_nsec(entry) == 0);
    if (names.back() != "usr/bin/true") continue;
    CHECK(archive_entry_perm(entry) == 0755);
    CHECK(archive_entry_uid(entry) == 7);
    CHECK(archive_entry_gid(entry) == 8);
    CHECK(archive_entry_xattr_count(entry) == 1);
  }
  CHECK(names == std::vector<std::string>{"./", "bin", "usr/", "usr/bin/", "usr/bin/true", "usr/share/",
                                          "usr/share/" + std::string(200, 'n')});
  archive_read_free(reader);
}

TEST_CASE("the same tree gives the same stream, whatever the umask") {
  const std::string first = tar_of(sample(), 5);
  const mode_t before = ::umask(0077);
  const std::string second = tar_of(sample(), 5);
  ::umask(before);
  CHECK(first == second);
  CHECK(first != tar_of(sample(), 6));
}

TEST_CASE("a stream that cannot be written is an error") {
  const sys::UniqueFd full = *sys::open_file("/dev/full", O_WRONLY);
  const auto written = write_tar(sample(), 0, full.get());
  REQUIRE_FALSE(written);
  CHECK(written.error().sys_errno == ENOSPC);
}

}  // namespace
}  // namespace bulkhead::rootfs
