#include <archive.h>
#include <archive_entry.h>
#include <catch2/catch_test_macros.hpp>

#include <memory>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/initrd/initrd.hpp"
#include "os-builder/initrd/read.hpp"

using namespace bulkhead;

namespace {

constexpr const char* kModules = "/usr/lib/modules/6.12/";

struct Fixture {
  sys::TempDir directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  rootfs::Tree modules;

  Fixture() {
    const std::string module = sys::read_file(FAKE_MODULE).value();
    put("modules.builtin", "kernel/drivers/md/dm-bufio.ko\nkernel/drivers/md/dm-mod.ko\n");
    put("kernel/drivers/md/dm-verity.ko", module);
  }
  void put(const std::string& name, std::string bytes) {
    REQUIRE(modules.put_file(kModules + name, std::move(bytes), 0644, "test"));
  }

  Result<> build(std::vector<std::string> wanted, const std::string& output) {
    return initrd::build({.init = rootfs::Content::of("the program"),
                          .modules = &modules,
                          .kernel_release = "6.12",
                          .wanted = std::move(wanted),
                          .command_line = "roothash=1 quiet",
                          .epoch = 1'700'000'000},
                         directory.path() / output);
  }
  std::string read(const std::string& name) const { return sys::read_file(directory.path() / name).value(); }
};

std::vector<std::string> names_in(const std::string& bytes) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(::archive_read_new(), ::archive_read_free);
  ::archive_read_support_filter_zstd(reader.get());
  ::archive_read_support_format_cpio(reader.get());
  REQUIRE(::archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) == ARCHIVE_OK);
  std::vector<std::string> names;
  archive_entry* entry = nullptr;
  while (::archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
    CHECK(::archive_entry_uid(entry) == 0);
    CHECK(::archive_entry_mtime(entry) == 1'700'000'000);
    names.emplace_back(::archive_entry_pathname(entry));
  }
  return names;
}

std::string content_of(const std::string& wanted, const std::string& bytes) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(::archive_read_new(), ::archive_read_free);
  ::archive_read_support_filter_zstd(reader.get());
  ::archive_read_support_format_cpio(reader.get());
  REQUIRE(::archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) == ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (::archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
    if (::archive_entry_pathname(entry) != wanted) continue;
    std::string content(static_cast<std::size_t>(::archive_entry_size(entry)), '\0');
    REQUIRE(::archive_read_data(reader.get(), content.data(), content.size()) == ::archive_entry_size(entry));
    return content;
  }
  return {};
}

}  // namespace

TEST_CASE("the initrd holds the program, the modules and their order, and nothing else") {
  Fixture fixture;
  REQUIRE(fixture.build({"dm_verity", "dm_mod"}, "initrd"));
  CHECK(names_in(fixture.read("initrd")) ==
        std::vector<std::string>{"init", "command-line", "modules", "modules/dm_verity.ko", "modules/load"});
}

TEST_CASE("an initrd reads back file by file, and nothing damaged is taken for one") {
  Fixture fixture;
  REQUIRE(fixture.build({"dm_verity"}, "initrd"));
  const std::string bytes = fixture.read("initrd");
  const auto files = initrd::read_archive(as_bytes(bytes));
  REQUIRE(files);
  std::vector<std::string> paths;
  for (const initrd::InitrdFile& file : *files) paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"command-line", "init", "modules/dm_verity.ko", "modules/load"});
  CHECK(files->at(3).content == content_of("modules/load", bytes));
  CHECK_FALSE(initrd::read_archive(as_bytes("rubbish")));
  CHECK_FALSE(initrd::read_archive(as_bytes(bytes.substr(0, bytes.size() / 2))));
}

TEST_CASE("the list tells for which devices a module is loaded") {
  Fixture fixture;
  REQUIRE(fixture.build({"dm_verity"}, "initrd"));
  CHECK(content_of("modules/load", fixture.read("initrd")) == "dm_verity : virtio:d00000002v*\n");
}

TEST_CASE("two initrds from the same inputs are the same bytes") {
  Fixture fixture;
  Fixture other;
  REQUIRE(fixture.build({"dm_verity"}, "initrd"));
  REQUIRE(other.build({"dm_verity"}, "other-name"));
  CHECK(fixture.read("initrd") == other.read("other-name"));
}

TEST_CASE("an unknown module is one error with the nearest name, and leaves no file") {
  Fixture fixture;
  const auto result = fixture.build({"dm_verty"}, "initrd");
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::invalid_argument);
  CHECK(result.error().hint == "did you mean dm_verity?");
  CHECK(!sys::exists(fixture.directory.path() / "initrd"));
}

TEST_CASE("a damaged module stops the build and leaves no file") {
  Fixture fixture;
  fixture.put("kernel/fs/erofs.ko", "rubbish");
  const auto result = fixture.build({"erofs"}, "initrd");
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::data_loss);
  CHECK(!sys::exists(fixture.directory.path() / "initrd"));
}
