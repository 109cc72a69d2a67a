#include "node/init/disk_table.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::init;
using bulkhead::testing::must;

namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kSize = std::uint64_t{8} << 20U;
constexpr std::uint64_t kTable = 33 * kSector;  // the header and 128 entries of 128 bytes

// A file with two partitions, and what sysfs would say of it.
class DiskFile {
 public:
  explicit DiskFile(const std::string& more = {}) {
    must(sys::write_file_atomically(path(), std::string(kSize, '\0')));
    must(sys::run_checked({.arguments = {"sfdisk", "--quiet", path().native()},
                           .input = "label: gpt\n" + more + "size=1MiB\nsize=2MiB\n"}));
    must(sys::create_directories(directory() / "queue"));
    must(sys::write_file_atomically(directory() / "queue/logical_block_size", "512\n"));
    must(sys::write_file_atomically(directory() / "size", std::to_string(kSize / kSector) + "\n"));
  }

  sys::Path path() const { return parent_.path() / "disk"; }
  sys::Path directory() const { return parent_.path() / "sys"; }
  std::string bytes() const { return must(sys::read_file(path(), kSize)); }
  void erase(std::uint64_t offset, std::uint64_t size) const {
    std::string all = bytes();
    all.replace(offset, size, size, '\0');
    must(sys::write_file_atomically(path(), all));
  }
  std::vector<GptEntry> table() const { return must(read_disk_table(path(), directory())); }
  Result<bool> restore() const { return restore_primary_table(path(), directory()); }
  std::string verdict() const { return must(sys::run_checked({.arguments = {"sgdisk", "-v", path().native()}})); }

 private:
  sys::TempDir parent_ = must(sys::TempDir::create("/tmp", "disk-table-"));
};

}  // namespace

TEST_CASE("an intact table is left alone") {
  const DiskFile disk;
  const std::string before = disk.bytes();
  CHECK(disk.table().size() == 2);
  CHECK(must(disk.restore()) == false);
  CHECK(disk.bytes() == before);
}

TEST_CASE("a destroyed primary is read from the backup, and comes back as it was") {
  const DiskFile disk;
  const std::string before = disk.bytes();
  disk.erase(kSector, kTable);
  CHECK(disk.table().size() == 2);
  CHECK(must(disk.restore()) == true);
  CHECK(disk.bytes() == before);
  CHECK(must(disk.restore()) == false);
}

TEST_CASE("one wrong byte in the entries is enough") {
  const DiskFile disk;
  const std::string before = disk.bytes();
  disk.erase(2 * kSector, 1);
  CHECK(must(disk.restore()) == true);
  CHECK(disk.bytes() == before);
}

TEST_CASE("firmware finds the disk when its first sectors were all destroyed") {
  const DiskFile disk;
  disk.erase(0, kSector + kTable);
  CHECK(must(disk.restore()) == true);
  CHECK(disk.table().size() == 2);
  CHECK(disk.verdict().contains("No problems found"));
}

TEST_CASE("no table at all, and a backup of another form, are left alone and said") {
  const DiskFile both;
  both.erase(kSector, kTable);
  both.erase(kSize - kTable, kTable);
  CHECK_FALSE(read_disk_table(both.path(), both.directory()));
  const std::string before = both.bytes();
  CHECK_FALSE(both.restore());
  CHECK(both.bytes() == before);

  const DiskFile unusual("table-length: 64\n");
  unusual.erase(kSector, kSector);
  const auto refused = unusual.restore();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("not of the usual form"));
}
