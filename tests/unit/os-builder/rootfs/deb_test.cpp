#include "os-builder/rootfs/deb.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/os-builder/rootfs/deb_maker.hpp"

namespace bulkhead::rootfs {
namespace {

using test::Member;
using Kind = Member::Kind;

Result<Tree> read(const std::string& deb, const DebLimits& limits = {}) {
  return read_deb(as_bytes(deb), limits, test::memory_sink());
}

std::string failure(const std::string& deb, const DebLimits& limits = {}) {
  const auto tree = read(deb, limits);
  return tree ? "no error" : tree.error().describe();
}

TEST_CASE("a package is read whatever it is compressed with") {
  const std::string compression = GENERATE("xz", "zstd", "gzip", "");
  CAPTURE(compression);
  const auto tree = read(test::make_deb({{.name = "./", .kind = Kind::directory, .mode = 0755},
                                         {.name = "./usr/bin/true", .content = "program", .mode = 04755},
                                         {.name = "./usr/share/link", .kind = Kind::symlink, .content = "../bin/true"}},
                                        compression));
  REQUIRE(tree);
  CHECK(test::text_of(*tree, "/usr/bin/true") == "program");
  CHECK(tree->find("/usr/bin/true")->mode == 04755);
  CHECK(tree->find("/usr/share/link")->symlink()->target == "../bin/true");
}

TEST_CASE("what a package has outside /usr moves there when merged-/usr has it there") {
  const auto tree = read(test::make_deb({{.name = "./bin", .kind = Kind::symlink, .content = "usr/bin"},
                                         {.name = "./sbin/init", .content = "i"},
                                         {.name = "./lib/x86_64-linux-gnu/libc.so.6", .content = "c"},
                                         {.name = "./lib64/ld.so", .content = "l"},
                                         {.name = "./library/file", .content = "stays"}}));
  REQUIRE(tree);
  CHECK(tree->find("/bin") == nullptr);
  CHECK(test::text_of(*tree, "/usr/sbin/init") == "i");
  CHECK(test::text_of(*tree, "/usr/lib/x86_64-linux-gnu/libc.so.6") == "c");
  CHECK(test::text_of(*tree, "/usr/lib64/ld.so") == "l");
  CHECK(test::text_of(*tree, "/library/file") == "stays");
}

TEST_CASE("hard links have the same content and capabilities are kept") {
  const std::string capability("\x01\x00\x00\x02\x00", 5);
  const auto tree = read(test::make_deb({{.name = "./bin/a", .content = "same", .mode = 0755, .capability = capability},
                                         {.name = "./usr/bin/b", .kind = Kind::hard_link, .content = "./bin/a"}}));
  REQUIRE(tree);
  CHECK(*tree->find("/usr/bin/a") == *tree->find("/usr/bin/b"));
  CHECK(tree->find("/usr/bin/b")->xattrs == std::map<std::string, std::string>{{"security.capability", capability}});
}

TEST_CASE("names that are no UTF-8 are taken as they are") {
  const auto tree = read(test::make_deb(
      {{.name = "./usr/share/T\xc3\xba.crt", .content = "1"}, {.name = "./usr/share/\xfa", .content = "2"}}));
  REQUIRE(tree);
  CHECK(test::text_of(*tree, "/usr/share/T\xc3\xba.crt") == "1");
  CHECK(test::text_of(*tree, "/usr/share/\xfa") == "2");
}

TEST_CASE("a package cannot reach outside its tree or bring special files") {
  CHECK(failure(test::make_deb({{.name = "/usr/bin/x", .content = "x"}})).contains("absolute"));
  CHECK(failure(test::make_deb({{.name = "./usr/../../x", .content = "x"}})).contains("leads out of the root"));
  CHECK(failure(test::make_deb({{.name = "./dev/x", .kind = Kind::device}})).contains("not a file, directory"));
  CHECK(failure(test::make_deb({{.name = "./a", .kind = Kind::hard_link, .content = "./b"}})).contains("hard link"));
  CHECK(failure(test::make_deb({{.name = "./a", .content = "1"}, {.name = "./a", .content = "2"}})).contains("twice"));
  CHECK(failure(test::make_deb({{.name = "./a", .kind = Kind::symlink, .content = "/etc"},
                                {.name = "./a/passwd", .content = "2"}}))
            .contains("not a directory"));
}

TEST_CASE("a package beyond the limits is refused") {
  const std::string deb = test::make_deb(
      {{.name = "./a", .content = std::string(5000, 'x')}, {.name = "./b", .content = std::string(5000, 'x')}});
  CHECK(failure(deb, {.file_bytes = 4000}).contains("larger"));
  CHECK(failure(deb, {.total_bytes = 8000}).contains("larger"));
  CHECK(failure(deb, {.entries = 1}).contains("more than 1 files"));
  CHECK(failure(deb, {.path_bytes = 2}).contains("path"));
  CHECK(failure(deb, {.entries = 2, .file_bytes = 5000, .total_bytes = 10000}) == "no error");
}

TEST_CASE("what is no package is said to be none") {
  CHECK(failure("").contains("not a Debian package"));
  CHECK(failure("hello").contains("not a Debian package"));
  CHECK(failure(test::make_ar({{"debian-binary", "2.0\n"}})).contains("no data.tar"));
  CHECK(failure(test::make_ar({{"data.tar", test::make_data_tar({}, "")}})).contains("no debian-binary"));
  CHECK(failure(test::make_ar({{"debian-binary", "3.0\n"}})).contains("format '3.0'"));
}

TEST_CASE("a package cut off anywhere is an error, never a smaller package") {
  const std::string deb =
      test::make_deb({{.name = "./a", .content = std::string(3000, 'a')}, {.name = "./b", .content = "b"}});
  const auto whole = read(deb);
  REQUIRE(whole);
  for (std::size_t size = 0; size + 100 < deb.size(); size += 7) {
    CAPTURE(size);
    CHECK_FALSE(read(deb.substr(0, size)));
  }
}

TEST_CASE("gzip streams are unpacked up to a limit") {
  std::string bytes = test::make_data_tar({{.name = "x", .content = "changelog"}}, "gzip");
  const auto tar = decompress_gzip(as_bytes(bytes), 1 << 20);
  REQUIRE(tar);
  CHECK(tar->contains("changelog"));
  CHECK_FALSE(decompress_gzip(as_bytes(bytes), 100));
  CHECK_FALSE(decompress_gzip(as_bytes("plain text"), 100));
  bytes.resize(bytes.size() - 20);
  CHECK_FALSE(decompress_gzip(as_bytes(bytes), 1 << 20));
}

TEST_CASE("xz streams are unpacked up to a limit") {
  std::string bytes = test::make_data_tar({{.name = "x", .content = "module"}}, "xz");
  const auto tar = decompress_xz(as_bytes(bytes), 1 << 20);
  REQUIRE(tar);
  CHECK(tar->contains("module"));
  CHECK_FALSE(decompress_xz(as_bytes(bytes), 100));
  CHECK_FALSE(decompress_xz(as_bytes("plain text"), 100));
  bytes.resize(bytes.size() - 20);
  CHECK_FALSE(decompress_xz(as_bytes(bytes), 1 << 20));
}

}  // namespace
}  // namespace bulkhead::rootfs
