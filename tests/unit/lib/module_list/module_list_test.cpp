#include "lib/module_list/module_list.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead::module_list;

TEST_CASE("a line lists modules in order, and behind a colon the devices that need them") {
  const auto steps = parse("dm_mod dm_verity\nvirtio_blk : virtio:d00000002v* pci:v00001AF4d*\n");
  REQUIRE(steps);
  CHECK(*steps ==
        std::vector<LoadStep>{{.modules = {"dm_mod", "dm_verity"}, .patterns = {}},
                              {.modules = {"virtio_blk"}, .patterns = {"virtio:d00000002v*", "pci:v00001AF4d*"}}});
}

TEST_CASE("a step drives the devices that one of its patterns matches") {
  const LoadStep step{.modules = {"virtio_blk"}, .patterns = {"virtio:d00000002v*"}};
  CHECK(drives(step, "virtio:d00000002v00001AF4"));
  CHECK(!drives(step, "virtio:d00000001v00001AF4"));
  CHECK(!drives({.modules = {"dm_verity"}, .patterns = {}}, "virtio:d00000002v00001AF4"));
}

TEST_CASE("a name that could leave the folder of modules is refused") {
  CHECK(!parse("../init\n"));
  CHECK(!parse("a-b\n"));
  CHECK(parse("").value().empty());
}

TEST_CASE("what was written is read back as the same steps") {
  const std::vector<LoadStep> steps = {
      {.modules = {"dm_bufio", "dm_mod", "dm_verity"}, .patterns = {}},
      {.modules = {"virtio_blk"}, .patterns = {"virtio:d00000002v*", "pci:v00001AF4d*"}},
      {.modules = {"nvme_core", "nvme"}, .patterns = {"pci:v*d*sv*sd*bc01sc08i02*"}},
  };
  CHECK(parse(to_text(steps)).value() == steps);
  CHECK(to_text(steps).starts_with("dm_bufio dm_mod dm_verity\nvirtio_blk : virtio:"));
  CHECK(to_text({}).empty());
}
