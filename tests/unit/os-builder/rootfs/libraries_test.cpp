#include <catch2/catch_test_macros.hpp>

#include "os-builder/rootfs/steps.hpp"

namespace bulkhead::rootfs {
namespace {

// A tree of empty files and what they would say if they were ELF files.
struct System {
  Tree tree;
  ElfFiles files;

  System& add(const std::string& path, ElfInfo info) {
    info.loadable = true;
    REQUIRE(tree.put_file(path, "", 0755, "a"));
    files.emplace(path, std::move(info));
    return *this;
  }
  System& library(const std::string& soname, const std::string& file, ElfInfo info = {}) {
    add("/usr/lib/x86_64-linux-gnu/" + file, std::move(info));
    if (soname != file) REQUIRE(tree.put_symlink("/usr/lib/x86_64-linux-gnu/" + soname, file, "a"));
    return *this;
  }
  bool has(const std::string& name) const { return tree.find("/usr/lib/x86_64-linux-gnu/" + name) != nullptr; }
};

ElfInfo needing(std::vector<std::string> sonames) {
  ElfInfo info;
  info.needed = std::move(sonames);
  return info;
}

TEST_CASE("libraries stay when a program needs them, also by way of others, with their links") {
  System system;
  system.add("/usr/bin/program", needing({"liba.so.1"}))
      .library("liba.so.1", "liba.so.1.5", needing({"libb.so.2"}))
      .library("libb.so.2", "libb.so.2")
      .library("libc.so.3", "libc.so.3.1", needing({"libd.so.4"}))
      .library("libd.so.4", "libd.so.4");
  remove_unneeded_libraries({}, system.files, system.tree);
  CHECK(system.has("liba.so.1"));
  CHECK(system.has("liba.so.1.5"));
  CHECK(system.has("libb.so.2"));
  CHECK_FALSE(system.has("libc.so.3"));
  CHECK_FALSE(system.has("libc.so.3.1"));
  CHECK_FALSE(system.has("libd.so.4"));
  CHECK(system.files.size() == 3);
}

TEST_CASE("libraries loaded on demand stay unless they are deliberately absent") {
  ElfInfo info;
  info.dlopen = {{.feature = "x", .priority = "", .sonames = {"libx.so.1"}},
                 {.feature = "y", .priority = "", .sonames = {"liby.so.1"}}};
  System system;
  system.add("/usr/bin/program", info).library("libx.so.1", "libx.so.1").library("liby.so.1", "liby.so.1");
  variant::Variant variant;
  variant.absent_libraries = {{"liby.so.1", "not wanted"}};
  remove_unneeded_libraries(variant, system.files, system.tree);
  CHECK(system.has("libx.so.1"));
  CHECK_FALSE(system.has("liby.so.1"));
}

TEST_CASE("a library named by a keep rule stays, one that a wildcard lets through does not") {
  System system;
  system.library("libnss_x.so.2", "libnss_x.so.2").library("libz.so.1", "libz.so.1");
  variant::Variant variant;
  variant.keep_files = {"/usr/lib/x86_64-linux-gnu/lib*.so*", "/usr/lib/x86_64-linux-gnu/libnss_x.so.2"};
  remove_unneeded_libraries(variant, system.files, system.tree);
  CHECK(system.has("libnss_x.so.2"));
  CHECK_FALSE(system.has("libz.so.1"));
}

TEST_CASE("private libraries are found by the run path and beside their users") {
  ElfInfo program = needing({"libprivate.so"});
  program.run_path = {"$ORIGIN/../lib/app"};
  System system;
  system.add("/usr/bin/program", program)
      .add("/usr/lib/app/libprivate.so", needing({"libneighbour.so"}))
      .add("/usr/lib/app/libneighbour.so", {})
      .add("/usr/lib/app/libunused.so", {});
  remove_unneeded_libraries({}, system.files, system.tree);
  CHECK(system.tree.find("/usr/lib/app/libprivate.so") != nullptr);
  CHECK(system.tree.find("/usr/lib/app/libneighbour.so") != nullptr);
  CHECK(system.tree.find("/usr/lib/app/libunused.so") == nullptr);
  CHECK(find_library(system.tree, "/usr/bin/program", program, "libprivate.so") == "/usr/lib/app/libprivate.so");
  CHECK(find_library(system.tree, "/usr/bin/program", {}, "libprivate.so").empty());
}

}  // namespace
}  // namespace bulkhead::rootfs
