// What os-builder says to input that it cannot use: one clear error, the right exit code, nothing left behind. Through
// the program, with a small archive made on the spot.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/archive.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

constexpr std::string_view kVariant = R"(description = "for tests"
[product]
name = "Bulkhead"
version = "0.1.0"
[packages]
suites = ["trixie"]
[packages.install]
init = "PID 1"
kernel = "the kernel"
[units]
enable = []
default = "multi-user.target"
[kernel]
package = "kernel"
modules = []
command_line = ["panic=10"]
[partitions]
esp = "64M"
root = "64M"
verity = "16M"
verity_signature = "1M"
state = "64M"
data = "64M"
)";

// A checkout with one variant, and an archive that has its packages.
struct Checkout {
  sys::TempDir scratch = sys::TempDir::create("/var/tmp", "bad-input-").value();
  sys::Path source = scratch.path() / "checkout";
  sys::Path output = scratch.path() / "images/small";
  test::Archive archive;

  Checkout() {
    REQUIRE(sys::create_directories(source / "variants/small"));
    REQUIRE(sys::create_directories(source / "os-builder/rootfs/overlay"));
    REQUIRE(sys::create_directories(source / "variants/shared"));
    write_variant(kVariant);
    archive.add({.name = "init", .depends = "library (>= 1.0)", .files = {{"usr/lib/init", "x"}}});
    archive.add({.name = "library", .files = {{"usr/lib/library", "x"}}});
    archive.add({.name = "kernel", .files = {{"boot/vmlinuz-1", "x"}}});
    archive.publish();
  }

  void write_variant(std::string_view text) const {
    REQUIRE(sys::write_file_atomically(source / "variants/small/variant.toml", text));
  }
  void replace_in_variant(std::string_view from, std::string_view to) const {
    std::string text(kVariant);
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    write_variant(text);
  }

  sys::Output run(std::vector<std::string> arguments) const {
    const std::vector<std::string> places = {"--source",  source.native(),
                                             "--archive", archive.sources_dir().native(),
                                             "--cache",   (scratch.path() / "cache").native()};
    arguments.insert(arguments.end(), places.begin(), places.end());
    return os_builder(std::move(arguments));
  }
  sys::Output plan() const { return run({"plan", "-v", "small"}); }
  sys::Output build() const { return run({"build", "-v", "small", "--output", output.native()}); }
};

// One line that begins with the program's name, perhaps one hint, no help text; and no output directory.
void check_one_error(const Checkout& checkout, const sys::Output& result, int exit_status, std::string_view what) {
  INFO(result.out << result.err);
  CHECK(result.exit_status == exit_status);
  CHECK(result.err.contains(what));
  std::size_t errors = 0;
  for (std::size_t at = 0; (at = result.err.find("os-builder: ", at)) != std::string::npos; ++at) ++errors;
  CHECK(errors == 1);
  CHECK_FALSE(result.err.contains("Usage"));
  CHECK_FALSE(sys::exists(checkout.output));
}

}  // namespace

TEST_CASE_METHOD(Checkout, "the small variant of these tests resolves") {
  const auto result = plan();
  INFO(result.err);
  REQUIRE(result.exit_status == 0);
  CHECK(result.out.contains("needed by init"));
}

TEST_CASE_METHOD(Checkout, "an unknown variant is named, with the nearest one") {
  const auto result = run({"plan", "-v", "smal"});
  check_one_error(*this, result, 2, "smal");
  CHECK(result.err.contains("small"));
}

TEST_CASE_METHOD(Checkout, "an unknown key is named with its place and the nearest known key") {
  replace_in_variant("command_line", "comand_line");
  const auto result = build();
  check_one_error(*this, result, 2, "variants/small/variant.toml:");
  CHECK(result.err.contains("comand_line"));
  CHECK(result.err.contains("kernel.command_line"));
}

TEST_CASE_METHOD(Checkout, "a value of the wrong type is named with its place") {
  replace_in_variant("modules = []", "modules = 7");
  check_one_error(*this, build(), 2, "variants/small/variant.toml:15:11:");
}

TEST_CASE_METHOD(Checkout, "an unknown option and an unknown verb are usage errors with a suggestion") {
  const auto option = run({"plan", "--varient", "small"});
  check_one_error(*this, option, 2, "--variant");
  check_one_error(*this, os_builder({"biuld"}), 2, "build");
}

TEST_CASE_METHOD(Checkout, "an unknown package is named, with the nearest one") {
  replace_in_variant("init = \"PID 1\"", "initt = \"PID 1\"");
  const auto result = build();
  check_one_error(*this, result, 2, "initt");
  CHECK(result.err.contains("init"));
}

TEST_CASE_METHOD(Checkout, "an unsatisfiable dependency is shown with the way that leads to it") {
  archive.clear();
  archive.add({.name = "init", .depends = "library (>= 2.0)"});
  archive.add({.name = "library", .version = "1.0"});
  archive.add({.name = "kernel"});
  archive.publish();
  const auto result = build();
  check_one_error(*this, result, 2, "library");
  CHECK(result.err.contains("init"));
  CHECK(result.err.contains("2.0"));
}

TEST_CASE_METHOD(Checkout, "an archive that does not answer is named") {
  archive.set_address("http://127.0.0.1:9/debian");
  check_one_error(*this, build(), 1, "127.0.0.1:9");
}

TEST_CASE_METHOD(Checkout, "a Release file signed by somebody else is refused") {
  archive.publish({.key = &test::SigningKey::stranger()});
  check_one_error(*this, build(), 4, "sign");
}

TEST_CASE_METHOD(Checkout, "a Release file that has expired is refused") {
  archive.publish({.date = 1'600'000'000, .valid_until = 1'600'086'400});
  check_one_error(*this, build(), 4, "expired");
}

// What the variant asks of a second suite, and what that suite does wrong.
struct SecondSuite : Checkout {
  SecondSuite() {
    replace_in_variant("[packages.install]", "[packages.from.sid]\nlibrary = \"patched\"\n[packages.install]");
    archive.add({.name = "library", .version = "2.0"}, "sid");
    archive.add({.name = "extra", .version = "2.0"}, "sid");
  }
};

TEST_CASE_METHOD(SecondSuite, "a package from a second suite is shown with its reason") {
  archive.publish({.suite = "sid"});
  const auto result = plan();
  INFO(result.out << result.err);
  CHECK(result.exit_status == 0);
  CHECK(result.out.contains("library  sid    patched\n"));
}

TEST_CASE_METHOD(SecondSuite, "a second suite that is not among the sources is named") {
  archive.write_sources(std::format("deb [signed-by={}] copy:{} trixie main\n",
                                    (archive.sources_dir() / "keyring.asc").native(), archive.root().native()));
  check_one_error(*this, build(), 1, "no suite 'sid', which library comes from");
}

TEST_CASE_METHOD(SecondSuite, "a package that only the second suite has says how to take it from there") {
  archive.add({.name = "init", .version = "1.1", .depends = "library, extra"});
  archive.publish();
  archive.publish({.suite = "sid"});
  const auto result = build();
  check_one_error(*this, result, 2, "init -> extra; the archive has no package 'extra'");
  CHECK(result.err.contains("name extra in [packages.from.sid]"));
}

TEST_CASE_METHOD(SecondSuite, "packages of two suites that conflict are named with their suites' way in") {
  archive.add({.name = "library", .version = "3.0", .fields = {{"Conflicts", "init (<< 2)"}}}, "sid");
  archive.publish({.suite = "sid"});
  check_one_error(*this, build(), 2, "packages conflict: ");
}

TEST_CASE_METHOD(SecondSuite, "an entry that a newer package of the variant's own suites makes useless is refused") {
  archive.add({.name = "library", .version = "2.0+deb13u1"});
  archive.publish();
  archive.publish({.suite = "sid"});
  check_one_error(*this, build(), 2, "trixie has library 2.0+deb13u1, and sid has 2.0, which is not newer");
}

TEST_CASE_METHOD(Checkout, "a version below the one that the variant asks for at least is refused") {
  replace_in_variant("[packages.install]", "[packages.minimum]\nlibrary = \"1.0+deb13u1\"\n[packages.install]");
  check_one_error(*this, build(), 1, "the archive has library 1.0, older than 1.0+deb13u1");
}

TEST_CASE_METHOD(SecondSuite, "a Release file of the second suite that has expired is refused, with its name") {
  archive.publish({.suite = "sid", .date = 1'600'000'000, .valid_until = 1'600'086'400});
  const auto result = build();
  check_one_error(*this, result, 4, "expired");
  CHECK(result.err.contains("/dists/sid/"));
}

TEST_CASE_METHOD(SecondSuite, "what is newer somewhere is shown, and does not fail") {
  archive.add({.name = "init", .version = "1.1", .depends = "library"}, "sid");
  archive.publish({.suite = "sid"});
  const auto result = run({"plan", "-v", "small", "--outdated"});
  INFO(result.out << result.err);
  CHECK(result.exit_status == 0);
  CHECK(result.out.contains("\ninit    1.0      trixie  1.1    sid    no changelog to read\n"));
}

TEST_CASE_METHOD(SecondSuite, "advisories that cannot be read, or would be ignored, are refused") {
  archive.publish({.suite = "sid"});
  const sys::Path file = scratch.path() / "advisories.json";
  REQUIRE(sys::write_file_atomically(file, "{\"vulns\": 1}"));
  check_one_error(*this, run({"plan", "-v", "small", "--advisories", file.native()}), 2, "--outdated");
  check_one_error(*this, run({"plan", "-v", "small", "--outdated", "--advisories", file.native()}), 2,
                  "advisories.json: 'vulns' is not a list");
  REQUIRE(sys::remove_all(file));
  check_one_error(*this, run({"plan", "-v", "small", "--outdated", "--advisories", file.native()}), 1,
                  "advisories.json");
}

TEST_CASE_METHOD(Checkout, "a package with a wrong digest is refused and not kept") {
  const sys::Path deb = archive.file_of({.name = "library"});
  std::string bytes = sys::read_file(deb).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  REQUIRE(sys::write_file_atomically(deb, bytes));
  check_one_error(*this, build(), 4, "library");
}

TEST_CASE_METHOD(Checkout, "a lock that is cut off is refused with its place") {
  const sys::Path lock = scratch.path() / "packages.lock";
  REQUIRE(sys::write_file_atomically(lock, "version = 1\n[[package]]\nname = \"init"));
  const auto result = run({"build", "-v", "small", "--output", output.native(), "--locked", lock.native()});
  check_one_error(*this, result, 2, "packages.lock:3");
}

TEST_CASE_METHOD(Checkout, "without keys the error says how to make some") {
  const auto result =
      run({"build", "-v", "small", "--output", output.native(), "--keys", (scratch.path() / "none").native()});
  INFO(result.err);
  CHECK(result.exit_status == 1);
  CHECK(result.err.contains("keys generate"));
}

TEST_CASE("a root image larger than its slot says by how much and what is biggest") {
  const sys::TempDir scratch = sys::TempDir::create("/var/tmp", "large-root-").value();
  for (const char* part : {"variants", "os-builder"}) {
    REQUIRE(tool({"cp", "-a", (source_directory() / part).native(), scratch.path().native()}).exit_status == 0);
  }
  std::string base = sys::read_file(scratch.path() / "variants/shared/base.toml").value();
  const auto at = base.find("root = \"512M\"");
  REQUIRE(at != std::string::npos);
  base.replace(at, 13, "root = \"16M\"");
  REQUIRE(sys::write_file_atomically(scratch.path() / "variants/shared/base.toml", base));
  const sys::Path output = scratch.path() / "images";
  const auto result =
      os_builder({"build", "-v", "kvm", "--offline", "--locked", (image_directory("kvm") / "packages.lock").native(),
                  "--source", scratch.path().native(), "--output", output.native()});
  INFO(result.err);
  CHECK(result.exit_status == 1);
  CHECK(result.err.contains("more than its slot of 16 MiB"));
  CHECK(result.err.contains("containerd"));
  CHECK_FALSE(sys::exists(output));
}

}  // namespace bulkhead::testing
