#include "os-builder/initrd/module_order.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>

#include "lib/base/hex.hpp"
#include "lib/sys/file.hpp"

using namespace bulkhead;
using namespace bulkhead::initrd;

namespace {

using Names = std::vector<std::string>;

Result<Names> order(const Names& wanted, std::map<std::string, Names> modules,
                    const std::set<std::string>& builtin = {}) {
  return loading_order(wanted, builtin,
                       [modules = std::move(modules)](const std::string& name) -> Result<std::optional<Names>> {
                         const auto found = modules.find(name);
                         if (found == modules.end()) return std::nullopt;
                         return found->second;
                       });
}

}  // namespace

TEST_CASE("a module is loaded after everything it needs, and once") {
  const auto result =
      order({"dm-verity", "erofs"},
            {{"dm_verity", {"dm_bufio", "dm_mod"}}, {"dm_bufio", {"dm_mod"}}, {"dm_mod", {}}, {"erofs", {"dm_mod"}}});
  REQUIRE(result);
  CHECK(*result == Names{"dm_mod", "dm_bufio", "dm_verity", "erofs"});
}

TEST_CASE("what is built in needs no loading") {
  CHECK(order({"nvme", "sd_mod"}, {{"sd_mod", {"scsi_mod"}}}, {"nvme", "scsi_mod"}).value() == Names{"sd_mod"});
}

TEST_CASE("a missing dependency is an error that names the chain") {
  const auto result = order({"a"}, {{"a", {"b"}}});
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::not_found);
  CHECK(result.error().describe() == "module a: there is no kernel module b");
}

TEST_CASE("modules that need each other are an error, not an endless walk") {
  const auto result = order({"a"}, {{"a", {"b"}}, {"b", {"a"}}});
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::data_loss);
}

TEST_CASE("names of modules come from their paths, with dashes as underscores") {
  CHECK(module_name_of_path("/usr/lib/modules/6.12/kernel/drivers/md/dm-verity.ko.xz") == "dm_verity");
  CHECK(module_name_of_path("kernel/fs/erofs/erofs.ko") == "erofs");
  CHECK(!module_name_of_path("/usr/lib/modules/6.12/modules.order"));
  CHECK(!module_name_of_path("/.ko"));
}

TEST_CASE("modules.builtin is a list of paths") {
  CHECK(parse_builtin("kernel/fs/ext4/ext4.ko\nkernel/drivers/nvme/host/nvme-core.ko\n\n") ==
        std::set<std::string>{"ext4", "nvme_core"});
}

TEST_CASE("dependencies and devices are read from the module itself") {
  const auto bytes = sys::read_file(FAKE_MODULE);
  REQUIRE(bytes);
  const auto info = read_module_info(as_bytes(*bytes));
  REQUIRE(info);
  CHECK(info->dependencies == Names{"dm_mod", "dm_bufio"});
  CHECK(info->aliases == Names{"dm-verity", "virtio:d00000002v*"});
  CHECK(device_patterns(*info) == Names{"virtio:d00000002v*"});
}

TEST_CASE("a damaged module is refused") {
  const std::string bytes = sys::read_file(FAKE_MODULE).value();
  CHECK(!read_module_info(as_bytes(std::string_view(bytes).substr(0, 64))));
  CHECK(!read_module_info(as_bytes("no module at all")));
  CHECK(!read_module_info({}));
}
