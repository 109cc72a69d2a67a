#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/rootfs/deb.hpp"
#include "os-builder/rootfs/steps.hpp"
#include "tests/unit/os-builder/rootfs/deb_maker.hpp"

namespace bulkhead::rootfs {
namespace {

using test::Member;
using Kind = Member::Kind;

class Packages {
 public:
  Packages& add(const std::string& name, const std::vector<Member>& members,
                const std::string& control = "Package: example\n") {
    const std::string deb = test::make_deb(members, "xz", control);
    const sys::Path path = dir_.path() / (name + ".deb");
    REQUIRE(sys::write_file_atomically(path, deb));
    packages::Package package;
    package.name = name;
    package.sha256 = crypto::sha256(deb);
    set_.packages.push_back(package);
    debs_.push_back(path);
    return *this;
  }

  Result<MergedPackages> merge(const variant::Variant& variant = {}) {
    return merge_packages(variant, set_, debs_, *LayerStore::open(dir_.path() / "store"));
  }

 private:
  sys::TempDir dir_ = *sys::TempDir::create("/tmp", "packages-");
  packages::PackageSet set_;
  std::vector<sys::Path> debs_;
};

TEST_CASE("packages become one tree that knows who brought what") {
  const auto merged =
      Packages()
          .add("a", {{.name = "./usr/share/a", .content = "1"}})
          .add("b", {{.name = "./usr/share/b", .content = "2"}, {.name = "./usr/share/a", .content = "1"}})
          .merge();
  REQUIRE(merged);
  CHECK(merged->tree.find("/usr/share/a")->origin == "a");
  CHECK(merged->tree.find("/usr/share/b")->origin == "b");
}

TEST_CASE("what packages say about licenses is kept, although no file rule keeps it") {
  variant::Variant variant;
  variant.drop_files = {"/**"};
  const auto merged = Packages()
                          .add("kmod", {{.name = "./usr/share/doc/kmod", .kind = Kind::symlink, .content = "libkmod2"}})
                          .add("libkmod2", {{.name = "./usr/share/doc/libkmod2/copyright", .content = "GPL"},
                                            {.name = "./usr/share/doc/libkmod2/changelog.Debian.gz", .content = "x"},
                                            {.name = "./usr/share/doc/libkmod2/examples/copyright", .content = "x"}})
                          .add("base-files", {{.name = "./usr/share/common-licenses/GPL-2", .content = "GNU"},
                                              {.name = "./etc/issue", .content = "x"}})
                          .merge(variant);
  REQUIRE(merged);
  std::vector<std::string> documents;
  for (const auto& [path, entry] : merged->license_documents.entries()) {
    if (!entry.is_directory()) documents.push_back(path + " " + entry.origin);
  }
  CHECK(documents == std::vector<std::string>{"/usr/share/common-licenses/GPL-2 base-files", "/usr/share/doc/kmod kmod",
                                              "/usr/share/doc/libkmod2/copyright libkmod2"});
  CHECK_FALSE(merged->tree.has_entries("/"));
}

TEST_CASE("a package names the sources that were compiled into it; anything else in that field is an error") {
  const std::vector<Member> none = {{.name = "./usr/share/a", .content = "1"}};
  const auto merged = Packages()
                          .add("a", none, "Package: a\nBuilt-Using: b (= 2:1-1),\n a (= 1~x)\nSize: 1\n")
                          .add("c", none, "Static-Built-Using: b (= 1), b (= 1)\nBuilt-Using: d (= 1)\n")
                          .add("e", none, "Package: e\n")
                          .merge();
  REQUIRE(merged);
  CHECK(merged->built_using == std::map<std::string, std::vector<BuiltUsing>>{
                                   {"a", {{.source = "a", .version = "1~x"}, {.source = "b", .version = "2:1-1"}}},
                                   {"c", {{.source = "b", .version = "1"}, {.source = "d", .version = "1"}}}});
  for (const char* field : {"b", "b (>= 1)", "b (= )", "(= 1)", "b (= 1", "b c (= 1)", "b (= 1 2)", "b (= \x1b[2J)"}) {
    const auto refused = Packages().add("a", none, std::format("Built-Using: {}\n", field)).merge();
    INFO(field);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().describe().contains("Built-Using of package a"));
  }
}

TEST_CASE("a package without a control file is refused") {
  const std::string deb = test::make_ar({{"debian-binary", "2.0\n"}, {"data.tar", test::make_data_tar({}, "")}});
  CHECK_FALSE(read_control(as_bytes(deb)));
  CHECK_FALSE(read_control(as_bytes("rubbish")));
  CHECK(read_control(as_bytes(test::make_deb({}, "xz", "Package: a\n"))) == "Package: a\n");
}

TEST_CASE("two packages with different files at one path are an error that names both") {
  const auto merged = Packages()
                          .add("first", {{.name = "./bin/x", .content = "1"}})
                          .add("second", {{.name = "./usr/bin/x", .content = "2"}})
                          .merge();
  REQUIRE_FALSE(merged);
  CHECK(
      merged.error().describe().contains("/usr/bin/x is in package first and, with other content, in package second"));
}

TEST_CASE("no file keeps a set-user-ID or set-group-ID bit") {
  const auto merged = Packages().add("a", {{.name = "./usr/bin/su", .content = "1", .mode = 06755}}).merge();
  REQUIRE(merged);
  CHECK(merged->tree.find("/usr/bin/su")->mode == 0755);
}

TEST_CASE("drop rules take files out and keep rules are exceptions from them") {
  variant::Variant variant;
  variant.drop_files = {"/usr/share/**"};
  variant.keep_files = {"/usr/share/*/copyright"};
  Packages packages;
  packages.add("a", {{.name = "./usr/share/a/copyright", .content = "c"},
                     {.name = "./usr/share/a/manual", .content = "m"},
                     {.name = "./usr/lib/a", .content = "l"}});
  const auto merged = packages.merge(variant);
  REQUIRE(merged);
  CHECK(merged->tree.find("/usr/share/a/copyright") != nullptr);
  CHECK(merged->tree.find("/usr/share/a/manual") == nullptr);
  CHECK(merged->tree.find("/usr/lib/a") != nullptr);

  variant.keep_files.push_back("/usr/share/needed");
  const auto missing = packages.merge(variant);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().describe().contains("'/usr/share/needed'"));
}

TEST_CASE("what boots the machine is kept apart, whatever the rules say") {
  variant::Variant variant;
  variant.drop_files = {"/**"};
  Packages packages;
  packages
      .add("linux",
           {{.name = "./boot/vmlinuz-6", .content = "k"}, {.name = "./usr/lib/modules/6/modules.order", .content = ""}})
      .add("systemd-boot-efi", {{.name = "./usr/lib/systemd/boot/efi/linuxx64.efi.stub", .content = "s"}});
  const auto merged = packages.merge(variant);
  REQUIRE(merged);
  CHECK(merged->tree.entries().size() == 1);
  CHECK(test::text_of(merged->boot_files, "/boot/vmlinuz-6") == "k");
  CHECK(test::text_of(merged->boot_files, "/usr/lib/systemd/boot/efi/linuxx64.efi.stub") == "s");
}

TEST_CASE("a broken package is named") {
  Packages packages;
  packages.add("good", {{.name = "./a", .content = "1"}}).add("bad", {{.name = "./../x", .content = "1"}});
  const auto merged = packages.merge();
  REQUIRE_FALSE(merged);
  CHECK(merged.error().describe().starts_with("unpacking bad.deb"));
}

TEST_CASE("only listed executables stay in the directories of PATH") {
  variant::Variant variant;
  variant.executables = {{"kept", "reason"}, {"alias", "reason"}};
  Tree tree;
  for (const char* path :
       {"/usr/bin/kept", "/usr/bin/gone", "/usr/sbin/gone", "/usr/local/bin/gone", "/usr/libexec/gone"}) {
    REQUIRE(tree.put_file(path, "x", 0755, "a"));
  }
  REQUIRE(tree.put_symlink("/usr/sbin/alias", "../bin/kept", "a"));
  keep_listed_executables(variant, tree);
  CHECK(tree.find("/usr/bin/kept") != nullptr);
  CHECK(tree.find("/usr/sbin/alias") != nullptr);
  CHECK(tree.find("/usr/libexec/gone") != nullptr);
  CHECK(tree.find("/usr/bin/gone") == nullptr);
  CHECK(tree.find("/usr/sbin/gone") == nullptr);
  CHECK(tree.find("/usr/local/bin/gone") == nullptr);
}

}  // namespace
}  // namespace bulkhead::rootfs
