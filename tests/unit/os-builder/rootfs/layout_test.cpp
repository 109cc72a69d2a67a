#include <catch2/catch_test_macros.hpp>

#include <filesystem>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/rootfs/steps.hpp"
#include "tests/unit/os-builder/rootfs/deb_maker.hpp"

namespace bulkhead::rootfs {
namespace {

TEST_CASE("overlays bring files, links and execute bits, and win over packages") {
  const sys::TempDir dir = *sys::TempDir::create("/tmp", "overlay-");
  REQUIRE(sys::create_directories(dir.path() / "base/etc"));
  REQUIRE(sys::write_file_atomically(dir.path() / "base/etc/hosts", "ours", 0640));
  REQUIRE(sys::write_file_atomically(dir.path() / "base/etc/program", "p", 0700));
  std::filesystem::create_symlink("../run/x", dir.path() / "base/etc/link");
  Tree tree;
  REQUIRE(tree.put_file("/etc/hosts", "theirs", 0600, "package"));
  variant::Variant variant;
  variant.overlays = {"base"};
  REQUIRE(add_overlays(variant, dir.path(), tree));
  CHECK(test::text_of(tree, "/etc/hosts") == "ours");
  CHECK(tree.find("/etc/hosts")->mode == 0644);
  CHECK(tree.find("/etc/program")->mode == 0755);
  CHECK(tree.find("/etc/link")->symlink()->target == "../run/x");
  variant.overlays = {"missing"};
  CHECK_FALSE(add_overlays(variant, dir.path(), tree));
}

TEST_CASE("our programs come from where the build staged them") {
  const sys::TempDir dir = *sys::TempDir::create("/tmp", "programs-");
  REQUIRE(sys::write_file_atomically(dir.path() / "api", "elf", 0600));
  variant::Variant variant;
  variant.programs = {{"/usr/lib/bulkhead/api", "api"}};
  variant.symlinks = {{"/usr/bin/sh", "busybox"}};
  Tree tree;
  REQUIRE(add_programs(variant, dir.path(), tree));
  CHECK(tree.find("/usr/lib/bulkhead/api")->mode == 0755);
  CHECK(tree.find("/usr/bin/sh")->symlink()->target == "busybox");
  variant.programs["/usr/lib/bulkhead/other"] = "other";
  CHECK(add_programs(variant, dir.path(), tree).error().code == ErrorCode::not_found);
}

TEST_CASE("os-release says what the image is") {
  variant::Variant variant;
  variant.name = "kvm";
  variant.description = "for \"$KVM\"";
  variant.product = "Bulkhead";
  variant.version = *Version::parse("1.2.3");
  CHECK(os_release_text(variant, {.build_id = "abc", .source_date_epoch = 0}) ==
        "ID=bulkhead\nNAME=\"Bulkhead\"\nPRETTY_NAME=\"Bulkhead 1.2.3 (kvm)\"\nVARIANT=\"for "
        "\\\"\\$KVM\\\"\"\nVARIANT_ID=kvm\n"
        "VERSION=\"1.2.3\"\nVERSION_ID=1.2.3\nBUILD_ID=\"abc\"\nIMAGE_ID=bulkhead\nIMAGE_VERSION=1.2.3\n");
}

TEST_CASE("directories without files go, and only those") {
  Tree tree;
  REQUIRE(tree.put_file("/usr/lib/systemd/system/a.service", "", 0644, "a"));
  REQUIRE(tree.put_file("/usr/lib/systemd/system.conf.d/a.conf", "", 0644, "a"));
  for (const char* path : {"/usr/lib/empty/inner", "/usr/lib/systemd/empty"}) {
    REQUIRE(tree.put(path, Entry{.node = Directory{}, .xattrs = {}, .origin = "a"}));
  }
  remove_empty_directories(tree);
  CHECK(tree.find("/usr/lib/empty") == nullptr);
  CHECK(tree.find("/usr/lib/systemd/empty") == nullptr);
  CHECK(tree.find("/usr/lib/systemd/system/a.service") != nullptr);
}

TEST_CASE("/etc becomes a template and an empty mount point") {
  Tree tree;
  REQUIRE(tree.put_file("/etc/ssl/certs/x", "c", 0644, "a"));
  REQUIRE(tree.put_symlink("/etc/resolv.conf", "../run/resolv.conf", "a"));
  REQUIRE(finish_layout(tree));
  CHECK_FALSE(tree.has_entries("/etc"));
  CHECK(tree.find("/etc")->is_directory());
  CHECK(test::text_of(tree, "/usr/share/factory/etc/ssl/certs/x") == "c");
  CHECK(tree.find("/usr/share/factory/etc/resolv.conf")->symlink()->target == "../run/resolv.conf");
  for (const char* path : {"/boot", "/dev", "/efi", "/mnt", "/opt", "/proc", "/root", "/run", "/sys", "/tmp", "/var"}) {
    CAPTURE(path);
    REQUIRE(tree.find(path) != nullptr);
    CHECK(tree.find(path)->is_directory());
  }
  CHECK(tree.resolve("/lib64").empty());  // nothing is in /usr/lib64 here
  CHECK(tree.find("/bin")->symlink()->target == "usr/bin");
}

TEST_CASE("a link of /etc that ends in a slash has its directory, and one to a file has none") {
  Tree tree;
  REQUIRE(tree.put_symlink("/etc/systemd/network", "../bulkhead/systemd/network/", "overlay"));
  REQUIRE(tree.put_symlink("/etc/cni", "bulkhead/cni/", "overlay"));
  REQUIRE(tree.put_file("/etc/bulkhead/cni/net.conf", "kept", 0644, "overlay"));
  REQUIRE(tree.put_symlink("/etc/motd", "bulkhead/motd", "overlay"));
  REQUIRE(finish_layout(tree));
  const Entry* const made = tree.find("/usr/share/factory/etc/bulkhead/systemd/network");
  REQUIRE(made != nullptr);
  CHECK(made->is_directory());
  CHECK(made->mode == 0755);
  CHECK(test::text_of(tree, "/usr/share/factory/etc/bulkhead/cni/net.conf") == "kept");
  CHECK(tree.find("/usr/share/factory/etc/bulkhead/motd") == nullptr);
}

TEST_CASE("a file where something is mounted is an error") {
  Tree tree;
  REQUIRE(tree.put_file("/var/lib/x", "", 0644, "pkg"));
  const auto finished = finish_layout(tree);
  REQUIRE_FALSE(finished);
  CHECK(finished.error().describe().contains("(pkg) would be hidden"));
}

TEST_CASE("certificates become one file, in the order of their names") {
  Tree tree;
  REQUIRE(tree.put_file("/usr/share/ca-certificates/mozilla/b.crt", "B\n", 0644, "ca"));
  REQUIRE(tree.put_file("/usr/share/ca-certificates/mozilla/a.crt", "A", 0644, "ca"));
  REQUIRE(add_certificates(tree));
  CHECK(test::text_of(tree, "/etc/bulkhead/ssl/certs/ca-certificates.crt") == "A\nB\n");
  CHECK(tree.find("/usr/share/ca-certificates") == nullptr);
}

}  // namespace
}  // namespace bulkhead::rootfs
