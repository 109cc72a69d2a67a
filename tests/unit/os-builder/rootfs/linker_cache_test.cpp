#include <catch2/catch_test_macros.hpp>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/rootfs/steps.hpp"
#include "tests/unit/os-builder/rootfs/deb_maker.hpp"

namespace bulkhead::rootfs {
namespace {

TEST_CASE("the linker's cache lists the libraries of the tree, and is made once") {
  if (::geteuid() != 0) SKIP("needs the right to change the root directory (ldconfig -r)");
  const auto library = sys::read_file("/usr/lib/x86_64-linux-gnu/libz.so.1");
  if (!library) SKIP("needs libz at Debian's place");
  const sys::TempDir dir = *sys::TempDir::create("/tmp", "linker-");
  const LayerStore store = *LayerStore::open(dir.path());
  Tree tree;
  REQUIRE(tree.put_file("/usr/lib/x86_64-linux-gnu/libz.so.1", *library, 0644, "zlib"));
  ElfFiles files;
  files["/usr/lib/x86_64-linux-gnu/libz.so.1"] =
      ElfInfo{.loadable = true, .interpreter = {}, .soname = "libz.so.1", .needed = {}, .run_path = {}, .dlopen = {}};
  REQUIRE(add_linker_cache(files, store, tree));
  const std::string cache = test::text_of(tree, "/etc/ld.so.cache");
  CHECK(cache.starts_with("glibc-ld.so.cache"));
  CHECK(cache.contains("/lib/x86_64-linux-gnu/libz.so.1"));
  CHECK_FALSE(cache.contains(dir.path().native()));
  tree.remove("/etc");
  REQUIRE(add_linker_cache(files, store, tree));
  CHECK(test::text_of(tree, "/etc/ld.so.cache") == cache);
}

}  // namespace
}  // namespace bulkhead::rootfs
