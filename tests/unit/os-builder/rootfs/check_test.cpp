#include <catch2/catch_test_macros.hpp>

#include "os-builder/rootfs/steps.hpp"

namespace bulkhead::rootfs {
namespace {

// A small image without a fault, and a place to put one.
struct Image {
  variant::Variant variant;
  ElfFiles files;
  Tree tree;

  Image() {
    variant.users = {{"root", {}}, {"net", {.uid = 9, .gid = 9, .description = {}, .home = "/"}}};
    variant.executables = {{"program", "reason"}};
    file("/usr/bin/program",
         "\x7f"
         "ELF",
         0755);
    REQUIRE(finish_layout(tree));
  }

  Image& file(const std::string& path, const std::string& text, mode_t mode = 0644) {
    REQUIRE(tree.put_file(path, text, mode, "pkg"));
    return *this;
  }
  Image& link(const std::string& path, const std::string& target) {
    REQUIRE(tree.put_symlink(path, target, "pkg"));
    return *this;
  }
  Image& unit(const std::string& name, const std::string& text) {
    return file(std::format("{}/{}", kUnitDir, name), text);
  }

  std::string fault() const {
    const auto checked = check_tree(variant, files, tree);
    if (checked) return "none";
    CHECK(checked.error().code == ErrorCode::failed_precondition);
    return checked.error().describe();
  }
};

TEST_CASE("the image of these tests has no fault") {
  Image image;
  image.tree.remove("/lib64");
  image.tree.remove("/lib");
  image.tree.remove("/sbin");
  CHECK(image.fault() == "none");
}

TEST_CASE("one error names everything that is wrong") {
  const std::string fault = Image().file("/usr/lib/a", "", 04755).file("/usr/lib/b", "", 0666).fault();
  CHECK(fault.contains(" checks"));
  CHECK(fault.contains("\n  /usr/lib/a (pkg) is set-user-ID"));
  CHECK(fault.contains("\n  /usr/lib/b (pkg) is writable by everybody"));
}

TEST_CASE("shells, interpreters, scripts and package managers are found wherever they hide") {
  CHECK(Image()
            .file("/usr/lib/x/bash",
                  "\x7f"
                  "ELF",
                  0755)
            .fault()
            .contains("/usr/lib/x/bash (pkg) is an interpreter"));
  CHECK(Image()
            .file("/usr/libexec/python3.13",
                  "\x7f"
                  "ELF",
                  0755)
            .fault()
            .contains("is an interpreter"));
  CHECK(Image().link("/usr/bin/sh", "program").fault().contains("/usr/bin/sh (pkg) is an interpreter"));
  CHECK(Image()
            .file("/usr/lib/x/hook", "#!/bin/sh\n", 0755)
            .fault()
            .contains("/usr/lib/x/hook (pkg) is an executable script"));
  CHECK(Image()
            .file("/usr/lib/dpkg",
                  "\x7f"
                  "ELF",
                  0755)
            .fault()
            .contains("is a package manager"));
  CHECK_FALSE(Image().file("/usr/share/bash", "text, not executable", 0644).fault().contains("interpreter"));
}

TEST_CASE("a variant that allows a shell may have one") {
  Image image;
  image.variant.shell_allowed = true;
  image.variant.executables["sh"] = "for developers";
  CHECK_FALSE(image.link("/usr/bin/sh", "program").fault().contains("interpreter"));
}

TEST_CASE("the directories of PATH hold what is listed, everything listed, and not too much") {
  CHECK(Image().file("/usr/sbin/extra", "x", 0755).fault().contains("/usr/sbin/extra (pkg) is not in [executables]"));
  Image missing;
  missing.variant.executables["programm"] = "reason";
  CHECK(missing.fault().contains("[executables] programm: no package contains it; did you mean 'program'?"));
  Image many;
  for (int number = 0; number < 30; ++number) {
    many.variant.executables[std::format("p{}", number)] = "reason";
    many.file(std::format("/usr/bin/p{}", number), "x", 0755);
  }
  CHECK(many.fault().contains("there are 31 programs in the directories of PATH; at most 30 are allowed"));
}

TEST_CASE("libraries are there or deliberately absent, and what is declared absent is asked for") {
  Image image;
  ElfInfo info{.loadable = true,
               .interpreter = "/lib64/ld.so",
               .soname = {},
               .needed = {"libneeded.so.1"},
               .run_path = {},
               .dlopen = {{.feature = "f", .priority = "suggested", .sonames = {"libmaybe.so.2", "libmaybe.so.1"}}}};
  image.files.emplace("/usr/bin/program", info);
  const std::string fault = image.fault();
  CHECK(fault.contains("/usr/bin/program: its loader /lib64/ld.so is missing"));
  CHECK(fault.contains("/usr/bin/program: needs libneeded.so.1, which is missing"));
  CHECK(fault.contains("/usr/bin/program: may load libmaybe.so.2 (f)"));

  image.file("/usr/lib/x86_64-linux-gnu/libneeded.so.1", "").file("/usr/lib64/ld.so", "");
  image.variant.absent_libraries = {{"libmaybe.so.1", "not wanted"}};
  CHECK_FALSE(image.fault().contains("/usr/bin/program"));
  image.variant.absent_libraries["libold.so.1"] = "was not wanted";
  CHECK(image.fault().contains("[libraries.absent] libold.so.1: nothing may load it"));
}

TEST_CASE("symlinks lead somewhere, now or when the system runs") {
  CHECK(Image().link("/usr/lib/x", "nowhere").fault().contains("/usr/lib/x (pkg) points at nowhere"));
  CHECK_FALSE(
      Image().link("/usr/share/factory/etc/resolv.conf", "../run/systemd/resolv.conf").fault().contains("resolv.conf"));
  CHECK_FALSE(
      Image().link("/usr/share/factory/etc/a", "b").file("/usr/share/factory/etc/b", "").fault().contains("factory"));
  CHECK_FALSE(Image().link("/usr/lib/x", "/etc/b").file("/usr/share/factory/etc/b", "").fault().contains("/usr/lib/x"));
  CHECK_FALSE(Image().link("/usr/share/factory/etc/motd", "bulkhead/motd").fault().contains("motd"));
  CHECK(Image().link("/usr/share/factory/etc/a", "bulkhead/a").fault().contains("points at bulkhead/a"));
  CHECK(Image().link("/usr/share/factory/etc/a", "../usr/lib/gone").fault().contains("points at ../usr/lib/gone"));
}

TEST_CASE("units run programs that exist as users that exist") {
  CHECK(Image()
            .unit("a.service", "[Service]\nExecStart=-/usr/bin/gone --x\n")
            .fault()
            .contains("a.service (pkg) runs /usr/bin/gone"));
  CHECK(Image().unit("a.service", "[Service]\nExecStart=gone\n").fault().contains("runs gone"));
  CHECK(Image().unit("a.service", "[Service]\nImportCredential=x.*\n").fault().contains("takes a credential: Import"));
  CHECK_FALSE(Image().unit("a.service", "[Service]\nLoadCredential=\n").fault().contains("credential"));
  CHECK(Image().unit("a.service", "[Service]\nUser=ghost\n").fault().contains("runs as user ghost"));
  CHECK(Image().unit("a.socket", "[Socket]\nSocketGroup=ghosts\n").fault().contains("names group ghosts"));
  CHECK_FALSE(
      Image().unit("a.service", "[Service]\nExecStart=!program\nUser=net\nGroup=net\n").fault().contains("a.service"));
  CHECK_FALSE(Image()
                  .unit("a.service", "[Service]\nExecStart=/usr/bin/program\nUser=made-up\nDynamicUser=yes\n")
                  .fault()
                  .contains("a.service"));
}

TEST_CASE("names in udev's rules and tmpfiles.d are accounts of the image") {
  CHECK(Image()
            .file("/usr/lib/udev/rules.d/50.rules", "KERNEL==\"x\", GROUP=\"ghosts\"\n")
            .fault()
            .contains("names group ghosts"));
  CHECK_FALSE(Image()
                  .file("/usr/lib/udev/rules.d/50.rules", "# GROUP=\"ghosts\"\nKERNEL==\"x\", GROUP=\"net\"\n")
                  .fault()
                  .contains("50.rules"));
  CHECK(Image().file("/usr/lib/tmpfiles.d/a.conf", "d /run/x 0755 ghost net -\n").fault().contains("names user ghost"));
  CHECK(Image()
            .file("/usr/lib/tmpfiles.d/a.conf", "d /run/x 0755 net ghosts -\n")
            .fault()
            .contains("names group ghosts"));
  CHECK_FALSE(Image()
                  .file("/usr/lib/tmpfiles.d/a.conf", "d /run/x 0755 net - -\na+ /run/y - - - - u:x\n")
                  .fault()
                  .contains("a.conf"));
  CHECK(Image().file("/usr/lib/sysusers.d/a.conf", "u x\n").fault().contains("accounts come from [users]"));
}

}  // namespace
}  // namespace bulkhead::rootfs
