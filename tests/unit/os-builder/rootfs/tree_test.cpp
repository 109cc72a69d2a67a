#include "os-builder/rootfs/tree.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"

namespace bulkhead::rootfs {
namespace {

Tree tree_with(std::initializer_list<std::pair<std::string, std::string>> files) {
  Tree tree;
  for (const auto& [path, text] : files) REQUIRE(tree.put_file(path, text, 0644, "test"));
  return tree;
}

std::vector<std::string> paths(const Tree& tree) {
  std::vector<std::string> result;
  for (const auto& [path, entry] : tree.entries()) result.push_back(path);
  return result;
}

TEST_CASE("the parent of every entry is a directory of the tree") {
  const Tree tree = tree_with({{"/usr/bin/true", "x"}});
  CHECK(paths(tree) == std::vector<std::string>{"/", "/usr", "/usr/bin", "/usr/bin/true"});
  CHECK(tree.find("/usr/bin")->is_directory());
}

TEST_CASE("only absolute, normalized paths are taken") {
  Tree tree;
  for (const char* bad : {"", "usr", "/usr/", "//usr", "/usr//bin", "/./usr", "/usr/..", "/usr/../bin"}) {
    CAPTURE(bad);
    CHECK_FALSE(tree.put_file(bad, "", 0644, "test"));
  }
  CHECK_FALSE(tree.put_file(std::string("/a\0b", 4), "", 0644, "test"));
  CHECK(paths(tree) == std::vector<std::string>{"/"});
}

TEST_CASE("nothing is put below a file, and a full directory stays a directory") {
  Tree tree = tree_with({{"/a/file", "x"}, {"/a.d/other", "y"}});
  CHECK_FALSE(tree.put_file("/a/file/below", "", 0644, "test"));
  CHECK_FALSE(tree.put_symlink("/a", "elsewhere", "test"));
  CHECK(tree.remove("/a/file") == 1);
  // "/a.d" sorts between "/a" and "/a/…" and is no entry of it.
  CHECK(tree.put_symlink("/a", "elsewhere", "test"));
}

TEST_CASE("removing a directory takes what is in it and nothing beside it") {
  Tree tree = tree_with({{"/a/b", ""}, {"/a/c/d", ""}, {"/a.conf", ""}, {"/ab", ""}});
  CHECK(tree.remove("/a") == 4);
  CHECK(paths(tree) == std::vector<std::string>{"/", "/a.conf", "/ab"});
  CHECK(tree.remove("/nothing") == 0);
}

TEST_CASE("entries below a directory are found although other names sort between") {
  const Tree tree = tree_with({{"/a/b", ""}, {"/a-x", ""}, {"/a.conf", ""}});
  CHECK(tree.has_entries("/a"));
  CHECK_FALSE(tree.has_entries("/a.conf"));
  CHECK(std::ranges::distance(tree.below_directory("/a")) == 1);
  CHECK(std::ranges::distance(tree.below_directory("/")) == 4);
}

TEST_CASE("symlinks are followed inside the tree") {
  Tree tree = tree_with({{"/usr/lib/x/libc.so.6", "c"}});
  REQUIRE(tree.put_symlink("/lib", "usr/lib", "test"));
  REQUIRE(tree.put_symlink("/usr/lib/libc.so", "x/libc.so.6", "test"));
  REQUIRE(tree.put_symlink("/abs", "/lib/libc.so", "test"));
  REQUIRE(tree.put_symlink("/up", "../../../usr/./lib", "test"));
  REQUIRE(tree.put_symlink("/loop", "loop", "test"));
  CHECK(tree.resolve("/lib/x/libc.so.6") == "/usr/lib/x/libc.so.6");
  CHECK(tree.resolve("/abs") == "/usr/lib/x/libc.so.6");
  CHECK(tree.resolve("/up") == "/usr/lib");
  CHECK(tree.resolve("/") == "/");
  CHECK(tree.resolve("/loop").empty());
  CHECK(tree.resolve("/usr/lib/x/libc.so.6/more").empty());
  CHECK(tree.resolve("/missing").empty());
}

TEST_CASE("the digest sees everything that reaches the image, and not who brought it") {
  const Tree base = tree_with({{"/a", "x"}});
  const auto changed = [&base](const auto& change) {
    Tree tree = base;
    change(*tree.find("/a"));
    return tree.digest() != base.digest();
  };
  CHECK(changed([](Entry& entry) { entry.mode = 0755; }));
  CHECK(changed([](Entry& entry) { entry.uid = 1; }));
  CHECK(changed([](Entry& entry) { entry.gid = 1; }));
  CHECK(changed([](Entry& entry) { entry.xattrs["user.x"] = "y"; }));
  CHECK(changed([](Entry& entry) { entry.node = Content::of("y"); }));
  CHECK(changed([](Entry& entry) { entry.node = Symlink{"x"}; }));
  CHECK(changed([](Entry& entry) { entry.node = Directory{}; }));
  CHECK_FALSE(changed([](Entry& entry) { entry.origin = "somebody else"; }));
  CHECK(tree_with({{"/ab", "x"}}).digest() != tree_with({{"/a", "bx"}}).digest());
}

TEST_CASE("a content in a file is the same as one in memory, and a changed file is noticed") {
  const sys::TempDir dir = *sys::TempDir::create("/tmp", "tree-");
  REQUIRE(sys::write_file_atomically(dir.path() / "f", "hello"));
  const Content memory = Content::of("hello");
  const Content file{.source = dir.path() / "f", .size = 5, .sha256 = memory.sha256};
  CHECK(file == memory);
  CHECK(file.read() == "hello");
  CHECK(as_text(ContentView::open(file)->bytes()) == "hello");
  REQUIRE(sys::write_file_atomically(dir.path() / "f", "hello!"));
  CHECK(ContentView::open(file).error().code == ErrorCode::data_loss);
}

TEST_CASE("the wanted part of a tree becomes real files") {
  const sys::TempDir dir = *sys::TempDir::create("/tmp", "tree-");
  Tree tree = tree_with({{"/usr/lib/a.so", "library"}, {"/usr/bin/b", "program"}});
  REQUIRE(tree.put_symlink("/usr/lib/link.so", "a.so", "test"));
  REQUIRE(materialize(tree, dir.path(), [](std::string_view path) { return path.starts_with("/usr/lib/"); }));
  CHECK(sys::read_file(dir.path() / "usr/lib/link.so") == "library");
  CHECK_FALSE(sys::exists(dir.path() / "usr/bin"));
}

}  // namespace
}  // namespace bulkhead::rootfs
