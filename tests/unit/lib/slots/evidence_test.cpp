#include "lib/slots/evidence.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/hex.hpp"
#include "lib/slots/efi_text.hpp"
#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::slots;

namespace {

// Attributes and UTF-16LE; '|' stands for NUL.
std::string variable(std::string_view text) {
  std::string bytes("\x06\0\0\0", 4);
  for (const char c : text) bytes.append({c == '|' ? '\0' : c, '\0'});
  return bytes;
}

struct Node {
  sys::TempDir directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  Sources sources{
      .sysfs = directory.path() / "sys", .os_release = directory.path() / "os-release", .root = directory.path()};

  void put(const sys::Path& path, std::string_view content) const {
    REQUIRE(sys::create_directories(path.parent_path()));
    REQUIRE(sys::write_file_atomically(path, content));
  }
  void put_efi(const std::string& name, std::string_view content) const {
    put(sources.sysfs / "firmware/efi/efivars" / (name + "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"), content);
  }
  void put_slave(const std::string& name, std::string_view number) const {
    struct stat info{};
    REQUIRE(::stat(sources.root.c_str(), &info) == 0);
    put(sources.sysfs /
            std::format("dev/block/{}:{}/slaves/{}/partition", major(info.st_dev), minor(info.st_dev), name),
        number);
  }
};

}  // namespace

TEST_CASE("the evidence is collected from the image, sysfs and the boot loader's variables") {
  const Node node;
  node.put(node.sources.os_release, "NAME=Bulkhead\nIMAGE_VERSION=\"0.1.0\"\n");
  node.put_slave("vda3", "3\n");
  node.put_slave("vda2", "2\n");
  node.put_efi("LoaderInfo", variable("systemd-boot 257.13|"));
  node.put_efi("LoaderBootCountPath", variable("\\EFI\\Linux\\bulkhead_0.1.0+2-1.efi|"));
  node.put_efi("LoaderEntries", variable("bulkhead_0.1.0+3.efi|auto-reboot-to-firmware-setup|"));
  CHECK(read_evidence(node.sources).value() ==
        Evidence{.version = Version::parse("0.1.0").value(),
                 .root_partition = 2,
                 .boot_loader = true,
                 .count_path = "\\EFI\\Linux\\bulkhead_0.1.0+2-1.efi",
                 .entries = {"bulkhead_0.1.0+3.efi", "auto-reboot-to-firmware-setup"}});
}

TEST_CASE("a machine without EFI variables and without dm-verity is described as far as it goes") {
  const Node node;
  node.put(node.sources.os_release, "VERSION_ID=0.1.0\n");
  const auto evidence = read_evidence(node.sources);
  REQUIRE(evidence);
  CHECK(!evidence->boot_loader);
  CHECK(evidence->root_partition == 0);
}

TEST_CASE("an image without a version is damaged") {
  const Node node;
  CHECK(!read_evidence(node.sources));
  node.put(node.sources.os_release, "NAME=Bulkhead\n");
  CHECK(!read_evidence(node.sources));
}

TEST_CASE("EFI texts of any content become printable texts or an error") {
  CHECK(parse_efi_texts(as_bytes(variable("a||b"))).value() == std::vector<std::string>{"a", "b"});
  CHECK(parse_efi_texts(as_bytes(variable(""))).value().empty());
  CHECK(parse_efi_texts(as_bytes(variable("\x1b[2J"))).value() == std::vector<std::string>{"?[2J"});
  CHECK(!parse_efi_texts(as_bytes("abc")));
  CHECK(!parse_efi_texts(as_bytes("abcde")));
  CHECK(!parse_efi_texts(as_bytes(std::string(kLargestVariable + 2, 'a'))));
}

TEST_CASE("os-release values are found by their whole name") {
  CHECK(os_release_value("XNAME=a\nNAMES=b\nNAME=\"c d\"\n", "NAME") == "c d");
  CHECK(os_release_value("", "NAME").empty());
}
