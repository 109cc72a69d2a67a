#include "os-builder/erofs/read.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/mapped_file.hpp"
#include "os-builder/erofs/erofs.hpp"

using namespace bulkhead;

namespace {

// Everything that a root image of ours may have: long and non-ASCII names, empty, small and large files, many entries,
// labels.
rootfs::Tree example() {
  rootfs::Tree tree;
  REQUIRE(tree.put_file("/usr/bin/crun", std::string(300000, 'c') + "end", 0755, "crun"));
  REQUIRE(tree.put_file("/usr/share/empty", "", 0644, "build"));
  REQUIRE(tree.put_file("/usr/share/Főtanúsítvány.crt", "certificate", 0444, "build"));
  REQUIRE(tree.put_file("/usr/share/" + std::string(255, 'n'), "long name", 0600, "build"));
  REQUIRE(tree.put_symlink("/bin", "usr/bin", "build"));
  REQUIRE(tree.put_symlink("/usr/lib/libx.so.1", "libx.so.1.2.3", "build"));
  for (int i = 0; i < 600; ++i) {
    REQUIRE(
        tree.put_file("/usr/share/many/entry-with-some-name-" + std::to_string(i), std::to_string(i), 0644, "build"));
  }
  const auto mark = [&](const char* path, const char* name, std::string value) {
    tree.find(path)->xattrs[name] = std::move(value);
  };
  const rootfs::Tree unlabelled = tree;
  for (const auto& [path, entry] : unlabelled.entries()) {
    mark(path.c_str(), "security.selinux", std::string("system_u:object_r:usr_t:s0\0", 27));
  }
  mark("/usr/bin/crun", "security.selinux", std::string("system_u:object_r:runtime_exec_t:s0\0", 36));
  mark("/usr/bin/crun", "security.capability", std::string("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
  mark("/usr/share/empty", "user.note", "");
  rootfs::Entry* odd = tree.find("/usr/share/empty");
  odd->uid = 70000;  // does not fit a compact inode
  odd->gid = 123;
  return tree;
}

// Names of packages are not in an image.
rootfs::Tree without_origins(const rootfs::Tree& tree) {
  rootfs::Tree result;
  for (const auto& [path, entry] : tree.entries()) {
    rootfs::Entry copy = entry;
    copy.origin = "image";
    REQUIRE(result.put(path, copy));
  }
  return result;
}

struct Image {
  sys::TempDir directory = std::move(*sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-"));
  sys::Path path = directory.path() / "root.erofs";

  explicit Image(const std::string& compression) {
    const rootfs::Tree tree = example();
    const auto built = erofs::build({.tree = &tree,
                                     .compression = compression,
                                     .cluster_size = compression.empty() ? 0U : 65536U,
                                     .epoch = 1700000000},
                                    path);
    if (!built) FAIL(built.error().describe());
  }
};

}  // namespace

TEST_CASE("an image gives back the tree that it was made of") {
  for (const char* compression : {"", "lz4", "lz4hc,12", "zstd,3"}) {
    INFO(compression);
    const Image image(compression);
    const auto read = erofs::read_image(image.path);
    if (!read) FAIL(read.error().describe());
    const rootfs::Tree expected = without_origins(example());
    CHECK(read->tree.entries().size() == expected.entries().size());
    for (const auto& [path, entry] : expected.entries()) {
      const rootfs::Entry* found = read->tree.find(path);
      INFO(path);
      REQUIRE(found != nullptr);
      CHECK((*found == entry));
    }
    CHECK(read->tree.find("/usr/share/empty")->uid == 70000);
    CHECK(*read->tree.find("/usr/share/Főtanúsítvány.crt")->content()->read() == "certificate");
  }
}

TEST_CASE("an image with damaged data is data loss") {
  const Image image("lz4hc,12");
  std::string bytes = *sys::read_file(image.path);
  bytes.resize(bytes.size() / 2);
  REQUIRE(sys::write_file_atomically(image.path, bytes));
  const auto read = erofs::read_image(image.path);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::data_loss);
}

TEST_CASE("whatever byte of the metadata is changed, reading ends with a tree or with data loss") {
  const Image image("lz4");
  const std::string good = *sys::read_file(image.path);
  for (std::size_t at = 1024; at < std::min<std::size_t>(good.size(), 20000); at += 3) {
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[at] = value;
      const auto read = erofs::parse_metadata(as_bytes(bad));
      if (!read) CHECK(read.error().code == ErrorCode::data_loss);
    }
  }
}

TEST_CASE("what is no EROFS image is data loss") {
  CHECK(erofs::parse_metadata({}).error().code == ErrorCode::data_loss);
  CHECK(erofs::parse_metadata(as_bytes(std::string(8192, 'x'))).error().code == ErrorCode::data_loss);
  CHECK(erofs::parse_metadata(as_bytes(std::string(8192, '\0'))).error().code == ErrorCode::data_loss);
}
