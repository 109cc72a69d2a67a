#include "os-builder/rootfs/layer_store.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/unit/os-builder/rootfs/deb_maker.hpp"

namespace bulkhead::rootfs {
namespace {

struct Fixture {
  sys::TempDir dir = *sys::TempDir::create("/tmp", "layers-");
  LayerStore store = *LayerStore::open(dir.path() / "store");
  Sha256 key = crypto::sha256("key");
  int made = 0;

  Result<Tree> get() {
    return store.get(key, [this](const ContentSink& sink) -> Result<Tree> {
      ++made;
      Tree tree;
      const Content content = TRY(sink("text"));
      Entry file{.node = content,
                 .mode = 04755,
                 .uid = 3,
                 .gid = 4,
                 .xattrs = {{"user.\xff", std::string("\0\xfe", 2)}},
                 .origin = {}};
      TRY(
          tree.put("/dir/\xfa"
                   "file",
                   file));
      TRY(tree.put_symlink("/link", "dir", ""));
      return tree;
    });
  }
};

TEST_CASE_METHOD(Fixture, "a layer is made once and comes back as it was") {
  const auto first = get();
  const auto second = get();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(made == 1);
  CHECK(first->digest() == second->digest());
  CHECK(second
            ->find("/dir/\xfa"
                   "file")
            ->mode == 04755);
  CHECK(second
            ->find("/dir/\xfa"
                   "file")
            ->xattrs.at("user.\xff") == std::string("\0\xfe", 2));
  CHECK(test::text_of(*second,
                      "/dir/\xfa"
                      "file") == "text");
  CHECK(second->find("/link")->symlink()->target == "dir");
}

TEST_CASE_METHOD(Fixture, "a layer that could not be made leaves nothing behind") {
  const auto broken = store.get(key, [](const ContentSink& sink) -> Result<Tree> {
    TRY(sink("half"));
    return fail(ErrorCode::data_loss, "no more");
  });
  CHECK_FALSE(broken);
  CHECK_FALSE(sys::exists(dir.path() / "store" / key.to_string()));
  CHECK(get());
  CHECK(made == 1);
}

TEST_CASE_METHOD(Fixture, "what a killed build left is removed, and a damaged layer is made again") {
  REQUIRE(sys::create_directories(dir.path() / "store/.unfinished-abc/files"));
  REQUIRE(get());
  CHECK_FALSE(sys::exists(dir.path() / "store/.unfinished-abc"));
  REQUIRE(sys::write_file_atomically(dir.path() / "store" / key.to_string() / "index.cbor", "rubbish"));
  CHECK(get());
  CHECK(made == 2);
}

TEST_CASE_METHOD(Fixture, "an index that was changed as a whole is made again, and a changed file is not read") {
  const auto tree = get();
  REQUIRE(tree);
  const sys::Path layer = dir.path() / "store" / key.to_string();
  Tree other;
  REQUIRE(other.put_file("/evil", "x", 0755, ""));
  REQUIRE(sys::write_file_atomically(layer / "index.cbor", write_layer_index(other)));
  CHECK(get()->find("/evil") == nullptr);
  CHECK(made == 2);

  const Content* content = tree->find(
                                   "/dir/\xfa"
                                   "file")
                               ->content();
  REQUIRE(sys::write_file_atomically(std::get<sys::Path>(content->source), "tex7"));  // as long as before
  CHECK(content->read().error().code == ErrorCode::data_loss);
  CHECK(ContentView::open(*content).error().code == ErrorCode::data_loss);
  CHECK_FALSE(as_file(*content, dir.path() / "out"));
}

TEST_CASE("an index of any bytes is an error or a tree") {
  Tree tree;
  REQUIRE(tree.put_file("/a", "x", 0644, ""));
  const std::string index = write_layer_index(tree);
  REQUIRE(parse_layer_index(index, "/files"));
  for (std::size_t size = 0; size < index.size(); ++size)
    CHECK_FALSE(parse_layer_index(index.substr(0, size), "/files"));
  for (std::size_t at = 0; at < index.size(); ++at) {
    std::string changed = index;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    (void)parse_layer_index(changed, "/files");  // must only not crash
  }
}

}  // namespace
}  // namespace bulkhead::rootfs
