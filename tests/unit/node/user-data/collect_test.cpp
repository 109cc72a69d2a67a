#include "node/user-data/collect.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "lib/user_data/documents.hpp"
#include "node/user-data/config_disk.hpp"
#include "node/user-data/untrusted_file.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/node/user-data/smbios_table.hpp"

using namespace bulkhead;
using namespace bulkhead::collect;
using bulkhead::testing::must;
using bulkhead::testing::smbios_table;

namespace {

const log::Log kLog(log::Log::Sink::standard_error);

// A machine without any source.
struct Machine {
  sys::TempDir scratch = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  Places places{.directory = scratch.path() / "user-data",
                .classes = scratch.path() / "class",
                .devices = scratch.path() / "dev",
                .fw_cfg = scratch.path() / "fw_cfg/raw",
                .smbios = scratch.path() / "DMI",
                .local = scratch.path() / "user-data.toml"};

  Machine() {
    for (const sys::Path& each : {places.classes, places.devices}) must(sys::create_directories(each));
  }
  void put(const sys::Path& path, std::string_view content) const {
    must(sys::create_directories(path.parent_path()));
    must(sys::write_file_atomically(path, content));
  }
  // A file in the place of a block device.
  void disk(const std::string& name, const std::string& label, const std::string& serial = "1234abcd") const {
    if (!sys::exists(places.classes / name)) put(places.classes / name, "");
    must(sys::run_checked(
        {.arguments = {"mkfs.vfat", "-C", "-n", label, "-i", serial, (places.devices / name).native(), "1440"}}));
  }
  std::string identity(const std::string& name) const {
    for (const ConfigDisk& each : must(find_config_disks(places.classes, places.devices))) {
      if (each.device.filename() == name) return each.identity;
    }
    return "no such disk";
  }
  user_data::Collected collected() const {
    must(collect::collect(places, kLog));
    return must(user_data::load(places.directory));
  }
};

}  // namespace

TEST_CASE("a machine without user data has no documents and no errors") {
  const user_data::Collected collected = Machine().collected();
  CHECK(collected.documents.empty());
  CHECK(collected.unreadable.empty());
}

TEST_CASE("firmware, credential and local file are collected in their order") {
  const Machine machine;
  machine.put(machine.places.local, "local");
  machine.put(machine.places.smbios, smbios_table("io.systemd.credential:bulkhead.user-data=smbios"));
  machine.put(machine.places.fw_cfg, "fw-cfg");
  const user_data::Collected collected = machine.collected();
  REQUIRE(collected.documents.size() == 3);
  for (const auto& [index, source] : {std::pair{0U, "fw-cfg"}, {1U, "smbios"}, {2U, "local"}}) {
    CHECK(collected.documents[index].source == source);
    CHECK(collected.documents[index].content == source);
  }
}

TEST_CASE("an empty source is none, and one that has gone is forgotten") {
  const Machine machine;
  machine.put(machine.places.local, "x");
  CHECK(machine.collected().documents.size() == 1);
  machine.put(machine.places.local, " \n");
  CHECK(machine.collected().documents.empty());
}

TEST_CASE("a local file that is a link, too large or no file is an error and not read") {
  const Machine machine;
  machine.put(machine.scratch.path() / "other", "secret");
  REQUIRE(::symlink("other", machine.places.local.c_str()) == 0);
  CHECK(machine.collected().unreadable.size() == 1);
  REQUIRE(::unlink(machine.places.local.c_str()) == 0);
  machine.put(machine.places.local, std::string(user_data::kLargestDocument + 1, 'x'));
  CHECK(machine.collected().unreadable.size() == 1);
  REQUIRE(::unlink(machine.places.local.c_str()) == 0);
  must(sys::create_directories(machine.places.local));
  const user_data::Collected collected = machine.collected();
  REQUIRE(collected.unreadable.size() == 1);
  CHECK(collected.unreadable[0].source == "local");
  CHECK(collected.documents.empty());
}

TEST_CASE("disks are found by the label of their file system") {
  const Machine machine;
  machine.disk("vda", "OTHER");
  machine.disk("vdb", "cidata");
  machine.disk("loop0", "CIDATA");
  machine.put(machine.places.classes / "sr0", "");  // a drive without a medium: its device cannot be opened
  machine.put(machine.places.classes / "vdc", "");
  machine.put(machine.places.devices / "vdc", std::string(4096, '\xff'));
  const auto disks = must(find_config_disks(machine.places.classes, machine.places.devices));
  REQUIRE(disks.size() == 2);
  CHECK(disks[1].device.filename() == "vdb");
  CHECK(disks[1].type == "vfat");
  CHECK((disks[1].label == "cidata" || disks[1].label == "CIDATA"));
}

TEST_CASE("a disk that cannot be mounted is an error of its source") {
  const Machine machine;
  machine.disk("vdb", "CIDATA");  // no block device
  const user_data::Collected collected = machine.collected();
  REQUIRE(collected.unreadable.size() == 1);
  CHECK(collected.unreadable[0].source == "cidata");
  CHECK(collected.unreadable[0].reason.contains("vdb"));
}

TEST_CASE("of two disks with the label of a source, none is taken") {
  const Machine machine;
  machine.disk("vdb", "CIDATA");
  machine.disk("sdc1", "cidata", "00c0ffee");  // in whatever case, and also a partition
  machine.disk("vdd", "CONFIG-2");
  const user_data::Collected collected = machine.collected();
  REQUIRE(collected.unreadable.size() == 2);
  CHECK(collected.unreadable[0].source == "cidata");
  for (const char* part : {"dev/sdc1 (", "dev/vdb (", "none of them is used"})
    CHECK(collected.unreadable[0].reason.contains(part));
  CHECK(collected.unreadable[1].source == "config-drive");  // whose own disk is looked at: it cannot be mounted here
  CHECK(collected.unreadable[1].reason.contains("mounting"));
}

TEST_CASE("the disk with a label is the only one that has it, in any case") {
  const ConfigDisk first{.device = "/dev/vdb", .type = "vfat", .label = "CIDATA", .identity = "vfat 1"};
  const ConfigDisk second{.device = "/dev/vdb1", .type = "iso9660", .label = "CiData", .identity = "iso9660 2"};
  const ConfigDisk other{.device = "/dev/vdc", .type = "iso9660", .label = "config-2", .identity = "iso9660 3"};
  CHECK_FALSE(must(only_disk({}, "cidata")));
  CHECK_FALSE(must(only_disk({other}, "cidata")));
  CHECK(must(only_disk({other, second}, "cidata")).value().device == "/dev/vdb1");
  const auto refused = only_disk({first, other, second}, "cidata");
  REQUIRE(!refused);
  CHECK(refused.error().message.contains("/dev/vdb (CIDATA) and /dev/vdb1 (CiData)"));
}

TEST_CASE("a disk is told from others by its file system and its hardware") {
  const Machine machine;
  machine.disk("vda", "CIDATA");
  CHECK(machine.identity("vda") == "vfat 1234-ABCD");
  machine.put(machine.places.classes / "vdb/serial", "seed 1\n");
  machine.disk("vdb", "CIDATA");
  CHECK(machine.identity("vdb") == "vfat 1234-ABCD seed_1");
  machine.put(machine.places.classes / "sda/device/wwid", "t10.ATA  \xff\x1b[2J \n");
  machine.disk("sda", "CIDATA", "00c0ffee");
  CHECK(machine.identity("sda") == "vfat 00C0-FFEE t10.ATA____[2J");
  // A partition has the hardware of its disk.
  machine.put(machine.scratch.path() / "devices/sdb/device/wwid", "naa.5");
  machine.put(machine.scratch.path() / "devices/sdb/sdb1/partition", "1\n");
  REQUIRE(::symlink("../devices/sdb/sdb1", (machine.places.classes / "sdb1").c_str()) == 0);
  machine.disk("sdb1", "CIDATA");
  CHECK(machine.identity("sdb1") == "vfat 1234-ABCD naa.5");
  // What many disks have says nothing, not even with a drive around it.
  machine.put(machine.places.classes / "sr0/device/wwid", "drive");
  machine.disk("sr0", "CIDATA", "00000000");
  CHECK(machine.identity("sr0").empty());
}

TEST_CASE("files of a foreign disk are read without following links out of it") {
  const Machine machine;
  const sys::Path root = machine.scratch.path() / "disk";
  machine.put(root / "openstack/latest/user_data", "content");
  machine.put(machine.scratch.path() / "outside", "secret");
  REQUIRE(::symlink("../outside", (root / "link").c_str()) == 0);
  REQUIRE(::symlink("openstack", (root / "directory").c_str()) == 0);
  const sys::UniqueFd directory = must(sys::open_file(root, O_PATH | O_DIRECTORY));
  CHECK(must(read_below(directory.get(), "openstack/latest/user_data", 100)) == "content");
  CHECK(must(read_below(directory.get(), "missing/file", 100)) == std::nullopt);
  CHECK(must(read_below(directory.get(), "openstack/latest/user_data/x", 100)) == std::nullopt);
  for (const char* path : {"link", "directory/latest/user_data", "../outside", "openstack"})
    CHECK(!read_below(directory.get(), path, 100));
  CHECK(!read_below(directory.get(), "openstack/latest/user_data", 3));
}

TEST_CASE("the program refuses what it does not know, and never fails a boot") {
  Places nowhere;
  nowhere.directory = "/proc/nowhere";
  CHECK(run(std::vector<std::string>{"collect"}, nowhere, kLog) == 0);
  CHECK(run({}, nowhere, kLog) == 2);
  CHECK(run(std::vector<std::string>{"imds", "--endpoint"}, nowhere, kLog) == 2);
  CHECK(run(std::vector<std::string>{"imds", "--endpoint", "name"}, nowhere, kLog) == 2);
}
