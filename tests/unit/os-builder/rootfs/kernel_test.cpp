#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/rootfs/steps.hpp"
#include "tests/unit/os-builder/rootfs/deb_maker.hpp"

namespace bulkhead::rootfs {
namespace {

constexpr std::string_view kDep =
    "kernel/fs/erofs/erofs.ko: kernel/fs/netfs/netfs.ko kernel/lib/libcrc32c.ko\nkernel/fs/netfs/netfs.ko:\n"
    "kernel/lib/libcrc32c.ko:\nkernel/drivers/block/virtio_blk.ko:\n";
constexpr std::string_view kBuiltin = "kernel/fs/ext4/ext4.ko\nkernel/drivers/nvme/host/nvme-core.ko\n";

Result<std::vector<std::string>> closure(std::vector<std::string> wanted) {
  return module_closure(wanted, kDep, kBuiltin);
}

TEST_CASE("modules come with what they need") {
  CHECK(closure({"erofs", "virtio-blk"}) ==
        std::vector<std::string>{"kernel/drivers/block/virtio_blk.ko", "kernel/fs/erofs/erofs.ko",
                                 "kernel/fs/netfs/netfs.ko", "kernel/lib/libcrc32c.ko"});
}

TEST_CASE("what is built in needs no file") { CHECK(closure({"ext4", "nvme_core"}) == std::vector<std::string>{}); }

TEST_CASE("a module that the kernel does not have is refused with the nearest name") {
  const auto unknown = closure({"erof"});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == ErrorCode::invalid_argument);
  CHECK(unknown.error().hint == "did you mean 'erofs'?");
}

TEST_CASE("packages must bring exactly one kernel") {
  const sys::TempDir dir = *sys::TempDir::create("/tmp", "kernel-");
  const LayerStore store = *LayerStore::open(dir.path());
  Tree boot_files;
  CHECK_FALSE(prepare_kernel(boot_files, store));
  REQUIRE(boot_files.put_file("/usr/lib/modules/6.1/modules.order", "", 0644, "a"));
  CHECK(prepare_kernel(boot_files, store).error().describe().contains("/boot/vmlinuz-6.1"));
  REQUIRE(boot_files.put_file("/usr/lib/modules/6.2/modules.order", "", 0644, "a"));
  CHECK(prepare_kernel(boot_files, store).error().describe().contains("2 kernels"));
}

TEST_CASE("modules are indexed, and only the indexes that something reads are in the image") {
  const sys::TempDir dir = *sys::TempDir::create("/tmp", "kernel-");
  const LayerStore store = *LayerStore::open(dir.path());
  Tree boot_files;
  REQUIRE(boot_files.put_file("/boot/vmlinuz-6.1", "kernel", 0644, "linux"));
  REQUIRE(boot_files.put_file("/usr/lib/modules/6.1/modules.order", "", 0644, "linux"));
  REQUIRE(boot_files.put_file("/usr/lib/modules/6.1/modules.builtin", "kernel/fs/ext4/ext4.ko\n", 0644, "linux"));
  REQUIRE(boot_files.put_file("/usr/lib/modules/6.1/modules.builtin.modinfo", std::string("ext4.license=GPL\0", 17),
                              0644, "linux"));
  const auto kernel = prepare_kernel(boot_files, store);
  REQUIRE(kernel);
  CHECK(kernel->release == "6.1");
  CHECK(kernel->image.read() == "kernel");
  CHECK(kernel->modules.find("/usr/lib/modules/6.1/modules.dep") != nullptr);

  variant::Variant variant;
  variant.kernel_modules = {"ext4"};
  variant.load_modules = {"ext4"};
  Tree tree;
  REQUIRE(add_modules(variant, *kernel, store, tree));
  CHECK(tree.find("/usr/lib/modules/6.1/modules.dep.bin") != nullptr);
  CHECK(tree.find("/usr/lib/modules/6.1/modules.dep") == nullptr);
  CHECK(test::text_of(tree, "/usr/lib/modules-load.d/bulkhead.conf").ends_with("\next4\n"));
  variant.load_modules = {"nothing"};
  CHECK_FALSE(add_modules(variant, *kernel, store, tree));
}

TEST_CASE("kernel and modules know the package that has them, also when they come from the store") {
  const sys::TempDir dir = *sys::TempDir::create("/tmp", "kernel-");
  const LayerStore store = *LayerStore::open(dir.path());
  for (const std::string origin : {"linux-image-6.1", "linux-image-6.1", "another-package"}) {
    Tree boot_files;
    REQUIRE(boot_files.put_file("/boot/vmlinuz-6.1", "kernel", 0644, origin));
    REQUIRE(boot_files.put_file("/usr/lib/modules/6.1/modules.order", "", 0644, origin));
    REQUIRE(boot_files.put_file("/usr/lib/modules/6.1/modules.builtin", "", 0644, origin));
    REQUIRE(boot_files.put_file("/usr/lib/modules/6.1/modules.builtin.modinfo", std::string("ext4.license=GPL\0", 17),
                                0644, origin));
    REQUIRE(boot_files.put_file("/usr/lib/modules/6.1/kernel/module", "content", 0644, origin));
    const auto kernel = prepare_kernel(boot_files, store);
    REQUIRE(kernel);
    CHECK(kernel->package == origin);
    CHECK(kernel->modules.find("/usr/lib/modules/6.1/kernel/module")->origin == origin);
    CHECK(kernel->modules.find("/usr/lib/modules/6.1/modules.dep")->origin == "build");
    CHECK(kernel->modules.find("/usr/lib/modules/6.1/modules.order")->origin == "build");
  }
}

}  // namespace
}  // namespace bulkhead::rootfs
