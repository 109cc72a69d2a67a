#include <catch2/catch_test_macros.hpp>

#include "os-builder/rootfs/steps.hpp"
#include "tests/unit/os-builder/rootfs/deb_maker.hpp"

namespace bulkhead::rootfs {
namespace {

variant::Variant accounts() {
  variant::Variant variant;
  variant.users = {{"root", {.uid = 0, .gid = 0, .description = "root", .home = "/root"}},
                   {"net", {.uid = 900, .gid = 900, .description = "network", .home = "/"}},
                   {"nobody", {.uid = 65534, .gid = 65534, .description = {}, .home = "/"}}};
  variant.groups = {{"nogroup", {.gid = 65534, .members = {}}}, {"log", {.gid = 4, .members = {"net", "root"}}}};
  return variant;
}

TEST_CASE("accounts are written sorted by number, without passwords and without shells") {
  Tree tree;
  REQUIRE(add_accounts(accounts(), tree));
  CHECK(test::text_of(tree, "/etc/passwd") ==
        "root:x:0:0:root:/root:/usr/sbin/nologin\nnet:x:900:900:network:/:/usr/sbin/nologin\n"
        "nobody:x:65534:65534::/:/usr/sbin/nologin\n");
  CHECK(test::text_of(tree, "/etc/group") == "root:x:0:\nlog:x:4:net,root\nnet:x:900:\nnogroup:x:65534:\n");
  CHECK(test::text_of(tree, "/etc/shadow") == "root:!*:::::::\nnet:!*:::::::\nnobody:!*:::::::\n");
  CHECK(tree.find("/etc/shadow")->mode == 0600);
  CHECK(tree.find("/etc/gshadow")->mode == 0600);
}

TEST_CASE("numbers and names that contradict each other are refused") {
  const auto refused = [](const auto& change) {
    variant::Variant variant = accounts();
    change(variant);
    Tree tree;
    const auto added = add_accounts(variant, tree);
    return added ? std::string("no error") : added.error().describe();
  };
  CHECK(refused([](auto& variant) {
          variant.users["twin"] = {.uid = 900, .gid = 900, .description = {}, .home = "/"};
        }).contains("both have the number 900"));
  CHECK(refused([](auto& variant) {
          variant.groups["twin"] = {.gid = 4, .members = {}};
        }).contains("both have the number 4"));
  CHECK(refused([](auto& variant) { variant.groups["log"].members = {"ghost"}; }).contains("no user 'ghost'"));
  CHECK(refused([](auto& variant) { variant.groups["net"] = {.gid = 901, .members = {}}; }).contains("another number"));
  CHECK(refused([](auto& variant) { variant.users.erase("root"); }).contains("root"));
}

}  // namespace
}  // namespace bulkhead::rootfs
