#include "os-builder/sbom/go_build.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/go_program.hpp"

using namespace bulkhead;
using namespace bulkhead::sbom;
using testing::go_program;
using testing::GoProgram;

namespace {

Result<std::optional<GoBuild>> read(const std::string& program) { return read_go_build(as_bytes(program)); }

std::string listed(const std::string& lines) {
  return std::string(16, 's') + "path\tmain\n" + lines + "\n" + std::string(16, 'e');
}

}  // namespace

TEST_CASE("a Go program names its release and its modules, with replacements in place") {
  const auto build = read(go_program({.modules = listed("mod\texample.org/main\t(devel)\t\n"
                                                        "dep\tgolang.org/x/sys\tv0.22.0\th1:sum=\n"
                                                        "dep\texample.org/old\tv1.0.0\n"
                                                        "=>\texample.org/new\tv2.0.0\th1:sum=\n"
                                                        "build\tGOOS=linux")}));
  REQUIRE(build);
  REQUIRE(*build);
  CHECK((*build)->go_version == "go1.24.4");
  CHECK((*build)->modules == std::vector<GoModule>{{.path = "example.org/main", .version = "(devel)"},
                                                   {.path = "example.org/new", .version = "v2.0.0"},
                                                   {.path = "golang.org/x/sys", .version = "v0.22.0"}});
}

TEST_CASE("a Go program without modules, as Debian builds, has its release only") {
  for (const std::string& modules : {std::string(), listed("build\t-compiler=gc"), std::string("too short\n")}) {
    const auto build = read(go_program({.modules = modules}));
    REQUIRE(build);
    REQUIRE(*build);
    CHECK((*build)->modules.empty());
  }
}

TEST_CASE("an experiment behind Go's release is not a part of it") {
  const auto build = read(go_program({.version = "go1.24.4 X:boringcrypto"}));
  REQUIRE(build);
  REQUIRE(*build);
  CHECK((*build)->go_version == "go1.24.4");
}

TEST_CASE("what is no Go program has no build information, and none of its bytes is an error") {
  CHECK(read("").value() == std::nullopt);
  CHECK(read("\x7f"
             "ELF")
            .value() == std::nullopt);
  CHECK(read(std::string(4096, 'x')).value() == std::nullopt);
  CHECK(read(go_program({.section = ".go.buildinfx"})).value() == std::nullopt);
}

TEST_CASE("damaged build information is refused, wherever it lies") {
  CHECK_FALSE(read(go_program({.magic = "\xff Go buildinx:"})));
  CHECK_FALSE(read(go_program({.flags = 0})));  // pointers, before Go 1.18
  CHECK_FALSE(read(go_program({.version = "rust1.80"})));
  CHECK_FALSE(read(go_program({.modules = listed("=>\texample.org/new\tv2.0.0")})));
  CHECK_FALSE(read(go_program({.modules = listed("dep\tbad path\tv1")})));
  CHECK_FALSE(read(go_program({.modules = listed("dep\t\tv1")})));
  // Lengths that do not fit: longer than the section, and more bytes than a number has.
  CHECK_FALSE(read(go_program({.raw_texts = std::string("\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9)})));
  CHECK_FALSE(read(go_program({.raw_texts = std::string(20, '\xff')})));
  CHECK_FALSE(read(go_program({.raw_texts = std::string("\x08go1.24")})));
  CHECK_FALSE(read(go_program({.raw_texts = {}, .no_texts = true})));
}

TEST_CASE("a Go program that is cut off anywhere is read without harm") {
  const std::string program = go_program({.modules = listed("dep\tgolang.org/x/sys\tv0.22.0\th1:sum=")});
  for (std::size_t size = 0; size < program.size(); ++size) {
    const auto build = read(program.substr(0, size));
    CHECK((!build || !*build));  // the section headers are at the end
  }
}
