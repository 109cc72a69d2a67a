#include "os-builder/erofs/erofs.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/erofs/read.hpp"

namespace bulkhead::erofs {
namespace {

rootfs::Tree sample() {
  rootfs::Tree tree;
  const auto file = [&tree](const std::string& path, const std::string& text, mode_t mode, std::uint32_t uid) {
    REQUIRE(tree.put_file(path, text, mode, "test"));
    tree.find(path)->uid = uid;
    tree.find(path)->gid = uid + 1;
  };
  file("/usr/bin/program", std::string(200'000, 'p') + "end", 0755, 0);
  file("/usr/bin/empty", "", 0644, 7);
  file("/etc/shadow", "secret", 0600, 65534);
  file("/usr/share/T\xc3\xba", "name", 0644, 0);
  tree.find("/usr/bin/program")->xattrs["security.capability"] =
      std::string("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  tree.find("/usr/bin/program")->xattrs["security.selinux"] = std::string("system_u:object_r:bin_t:s0\0", 27);
  REQUIRE(tree.put_symlink("/bin", "usr/bin", "test"));
  REQUIRE(tree.put("/root", rootfs::Entry{.node = rootfs::Directory{}, .mode = 0700, .xattrs = {}, .origin = "test"}));
  return tree;
}

struct Fixture {
  sys::TempDir dir = *sys::TempDir::create("/tmp", "erofs-");
  RootImageInputs inputs{.tree = nullptr, .compression = "lz4hc,3", .cluster_size = 65536, .epoch = 1'700'000'000};

  Sha256 build_as(const std::string& name, const rootfs::Tree& tree) {
    inputs.tree = &tree;
    REQUIRE(build(inputs, dir.path() / name));
    return *crypto::sha256_file(dir.path() / name);
  }
};

TEST_CASE_METHOD(Fixture, "an image holds the tree: contents, modes, owners, links, attributes") {
  const rootfs::Tree tree = sample();
  build_as("image", tree);
  const auto image = read_image(dir.path() / "image");
  REQUIRE(image);
  REQUIRE(image->tree.entries().size() == tree.entries().size());
  for (const auto& [path, entry] : tree.entries()) {
    CAPTURE(path);
    const rootfs::Entry* const back = image->tree.find(path);
    REQUIRE(back != nullptr);
    CHECK(back->node == entry.node);
    if (entry.symlink() == nullptr) CHECK(back->mode == entry.mode);
    CHECK(back->uid == entry.uid);
    CHECK(back->gid == entry.gid);
    CHECK(back->xattrs == entry.xattrs);
  }
}

TEST_CASE_METHOD(Fixture, "the same tree gives the same bytes, whatever the umask and the place") {
  const Sha256 first = build_as("first", sample());
  const mode_t before = ::umask(0077);
  REQUIRE(sys::create_directories(dir.path() / "elsewhere"));
  const Sha256 second = build_as("elsewhere/second", sample());
  ::umask(before);
  CHECK(first == second);
  CHECK(*sys::file_size(dir.path() / "first") % 4096 == 0);
  rootfs::Tree other = sample();
  other.find("/usr/bin/empty")->mode = 0600;
  CHECK(build_as("other", other) != first);
}

TEST_CASE_METHOD(Fixture, "fsck finds nothing to complain about, compressed or not") {
  build_as("compressed", sample());
  inputs.compression.clear();
  inputs.cluster_size = 0;
  build_as("plain", sample());
  for (const char* name : {"compressed", "plain"}) {
    CHECK(sys::run_checked({.arguments = {"fsck.erofs", (dir.path() / name).native()}}));
  }
}

TEST_CASE_METHOD(Fixture, "a failed build leaves nothing behind") {
  inputs.compression = "lz4hc,99";
  const rootfs::Tree tree = sample();
  inputs.tree = &tree;
  CHECK_FALSE(build(inputs, dir.path() / "image"));
  CHECK(std::filesystem::is_empty(dir.path()));
  inputs.compression = "lz4hc,3";
  build_as("image", sample());
  CHECK(build(inputs, dir.path() / "image").error().code == ErrorCode::already_exists);
}

TEST_CASE("the tool says its version") { CHECK(tool_version()->starts_with("mkfs.erofs 1.")); }

}  // namespace
}  // namespace bulkhead::erofs
