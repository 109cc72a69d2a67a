#include "api-server/migrate/bottlerocket.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::migrate;
using bulkhead::testing::must;
using settings::Json;

namespace {

struct Tree {
  sys::TempDir directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();

  Tree() { must(sys::create_directories(root())); }
  sys::Path root() const { return directory.path() / "live/settings"; }
  void add(const std::string& path, std::string_view content) const {
    must(sys::create_directories((root() / path).parent_path()));
    must(sys::write_file_atomically(root() / path, content));
  }
};

}  // namespace

TEST_CASE("a datastore of Bottlerocket becomes a document") {
  const Tree tree;
  tree.add("motd", "\"Welcome\"");
  tree.add("kubernetes/node-labels/my%2Elabel", "\"yes\"\n");
  tree.add("ntp/time-servers", R"(["a.example.com","b.example.com"])");
  tree.add("updates/seed", "17");
  tree.add("updates/seed.setting-generator", "\"bork seed\"");
  tree.add("host-containers/admin/enabled", "true");
  // "current" is a link, as Bottlerocket has it.
  const sys::Path current = tree.directory.path() / "current";
  REQUIRE(::symlink(".", current.c_str()) == 0);
  const Imported imported = must(import_bottlerocket(current));
  CHECK(imported.settings == Json({{"motd", "Welcome"},
                                   {"kubernetes", {{"node-labels", {{"my.label", "yes"}}}}},
                                   {"ntp", {{"time-servers", {"a.example.com", "b.example.com"}}}},
                                   {"updates", {{"seed", 17}}},
                                   {"host-containers", {{"admin", {{"enabled", true}}}}}}));
  CHECK(imported.left_out.empty());
}

TEST_CASE("what our model does not take is named, and does not cost the rest") {
  const Tree tree;
  tree.add("motd", "\"Welcome\"");
  tree.add("ecs/cluster", "\"c\"");
  tree.add("network/hostname", "\"UPPER\"");
  tree.add("updates/seed", "not json");
  tree.add("updates/ignore-waves", R"({"a": 1})");
  tree.add("dns/search-list", std::string(100000, '['));
  const Imported imported = must(import_bottlerocket(tree.directory.path()));
  CHECK(imported.settings == Json({{"motd", "Welcome"}}));
  CHECK(imported.left_out.size() == 5);
}

TEST_CASE("links, devices and what is too deep or too large are refused") {
  const auto refused = [](const auto& make) {
    const Tree tree;
    make(tree);
    return !import_bottlerocket(tree.directory.path());
  };
  CHECK(refused([](const Tree& tree) { REQUIRE(::symlink("/etc/passwd", (tree.root() / "motd").c_str()) == 0); }));
  CHECK(refused([](const Tree& tree) { REQUIRE(::mkfifo((tree.root() / "motd").c_str(), 0600) == 0); }));
  CHECK(refused([](const Tree& tree) { tree.add("a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", "1"); }));
  CHECK(refused([](const Tree& tree) { tree.add("motd", std::string((std::size_t{1} << 20U) + 1, ' ')); }));
  CHECK(refused([](const Tree& tree) { tree.add("a%2", "1"); }));
  CHECK(import_bottlerocket("/nonexistent").error().code == ErrorCode::not_found);
}

TEST_CASE("a name is decoded once and never to nothing") {
  CHECK(must(percent_decoded("my%2Elabel")) == "my.label");
  CHECK(must(percent_decoded("%252E")) == "%2E");
  for (const char* text : {"", "%", "%2", "%zz", "a%00"}) CHECK(!percent_decoded(text));
}
