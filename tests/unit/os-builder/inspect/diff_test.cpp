#include "os-builder/inspect/diff.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "tests/unit/os-builder/inspect/fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::testing;
using inspect::DiffLine;

namespace {

const DiffLine* find(const std::vector<DiffLine>& changes, std::string_view name) {
  const auto found = std::ranges::find(changes, name, &DiffLine::name);
  return found == changes.end() ? nullptr : &*found;
}

rootfs::Entry file(std::string content, mode_t mode = 0644) {
  return {.node = rootfs::Content::of(std::move(content)), .mode = mode, .xattrs = {}, .origin = "x"};
}

// An inspection of nothing but a tree.
inspect::Inspection of_tree(rootfs::Tree tree) {
  inspect::Inspection inspection;
  inspection.root.emplace(inspect::Root{
      .image_size = 4096,
      .image = {.extracted = must(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-")),
                .tree = std::move(tree)},
      .packages = {}});
  return inspection;
}

}  // namespace

TEST_CASE_METHOD(Built, "an image does not differ from itself") {
  const auto seen = must(inspect::inspect(original() / "disk.img"));
  const auto difference = diff(seen, seen);
  CHECK(difference.empty());
  CHECK(to_text(difference, false).contains("are identical"));
}

TEST_CASE_METHOD(Built, "two builds differ in packages, files, sizes, command line and partitions") {
  BuildSpec spec;
  spec.version = "1.1.0";
  spec.packages.packages[0].version = "1.22-1";
  spec.packages.packages.erase(spec.packages.packages.begin() + 1);
  spec.command_line = "console=ttyS0 console=tty0 quiet";
  spec.program = "another program";
  make_build(directory.path() / "new", spec);
  const auto difference = diff(must(inspect::inspect(original() / "disk.img")),
                               must(inspect::inspect(directory.path() / "new" / "disk.img")));

  CHECK(difference.packages == std::vector<DiffLine>{{"containerd", "1.21-1", "1.22-1"}, {"crun", "1.21-1", ""}});
  REQUIRE(find(difference.files, "/usr/bin/crun") != nullptr);
  CHECK(find(difference.files, "/usr/bin/crun")->before.starts_with("size 7, sha256 "));
  CHECK(find(difference.files, "/bin") == nullptr);
  CHECK(*find(difference.command_line, "console") == DiffLine{"console", "ttyS0", "ttyS0 tty0"});
  CHECK(*find(difference.command_line, "quiet") == DiffLine{"quiet", "", "set"});
  CHECK(*find(difference.command_line, "panic") == DiffLine{"panic", "10", ""});
  CHECK(find(difference.command_line, "roothash") != nullptr);
  CHECK(find(difference.sizes, "UKI .cmdline") != nullptr);
  CHECK(find(difference.sizes, "disk") == nullptr);
  CHECK(*find(difference.partitions, "2 label") == DiffLine{"2 label", "bulkhead_1.0.0", "bulkhead_1.1.0"});
  CHECK(find(difference.partitions, "1 size") == nullptr);

  const auto json = nlohmann::json::parse(to_json(difference));
  CHECK(json["schema"] == "bulkhead.diff/1");
  CHECK(json["packages"][1]["after"].is_null());
  CHECK(to_text(difference, false).contains("- crun  1.21-1\n"));
}

TEST_CASE("a file's mode, owner, label, type and target each count") {
  rootfs::Tree before;
  rootfs::Tree after;
  must(before.put("/mode", file("x")));
  must(after.put("/mode", file("x", 0600)));
  must(before.put("/owner", file("x")));
  rootfs::Entry owned = file("x");
  owned.uid = 7;
  must(after.put("/owner", owned));
  must(before.put("/label", file("x")));
  rootfs::Entry labelled = file("x");
  labelled.xattrs["security.selinux"] = "t";
  must(after.put("/label", labelled));
  must(before.put("/type", file("x")));
  must(after.put_symlink("/type", "mode", "x"));
  must(before.put_symlink("/target", "a", "x"));
  must(after.put_symlink("/target", "b", "x"));
  must(before.put("/origin", file("x")));
  rootfs::Entry moved = file("x");
  moved.origin = "another package";
  must(after.put("/origin", moved));
  must(before.put("/gone", file("x")));

  const auto files = diff(of_tree(before), of_tree(after)).files;
  CHECK(*find(files, "/mode") == DiffLine{"/mode", "mode 0644", "mode 0600"});
  CHECK(*find(files, "/owner") == DiffLine{"/owner", "owner 0:0", "owner 7:0"});
  CHECK(*find(files, "/label") == DiffLine{"/label", "xattrs none", "xattrs security.selinux=74"});
  CHECK(find(files, "/type")->after.starts_with("type symlink, target mode"));
  CHECK(*find(files, "/target") == DiffLine{"/target", "target a", "target b"});
  CHECK(find(files, "/origin") == nullptr);
  CHECK(*find(files, "/gone") == DiffLine{"/gone", "file 1 0644 0:0", ""});
}
