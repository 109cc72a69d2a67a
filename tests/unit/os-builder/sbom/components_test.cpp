#include "os-builder/sbom/components.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "tests/support/go_program.hpp"

using namespace bulkhead;
using namespace bulkhead::sbom;

namespace {

constexpr const char* kCompiledIn = R"({"schema": "bulkhead.compiled-in/1",
  "packages": {"libc6-dev": {"version": "2.41-12", "source": "glibc", "source_version": "2.41-12"},
               "nlohmann-json3-dev": {"version": "3.11-2", "source": "nlohmann-json3", "source_version": "3.11-2"}},
  "programs": {"bulkhead-init": ["libc6-dev"], "apiserver": ["libc6-dev", "nlohmann-json3-dev"]}})";

rootfs::ComposedRoot example_root() {
  rootfs::ComposedRoot root{.tree = {},
                            .kernel_release = {},
                            .kernel = rootfs::Content::of(""),
                            .efi_stub = rootfs::Content::of(""),
                            .boot_loader = rootfs::Content::of(""),
                            .modules = {},
                            .boot_packages = {},
                            .license_documents = {},
                            .built_using = {},
                            .os_release = {}};
  const std::string modules = std::string(16, 's') + "dep\tgolang.org/x/sys\tv0.22.0\n" + std::string(16, 'e');
  REQUIRE(root.tree.put_file("/usr/bin/tool", testing::go_program({.modules = modules}), 0755, "tool"));
  REQUIRE(root.tree.put_file("/usr/bin/other", testing::go_program({}), 0755, "other"));
  REQUIRE(root.tree.put_file("/usr/bin/apiserver", "an ELF file", 0755, "bulkhead"));
  root.built_using["tool"] = {{.source = "golang-dbus", .version = "5.1.0-1"}};
  root.built_using["other"] = {{.source = "golang-dbus", .version = "5.1.0-1"},
                               {.source = "glibc", .version = "2.41-12"}};
  return root;
}

Result<Components> find(const rootfs::ComposedRoot& root, const std::map<std::string, std::string>& programs) {
  licenses::LicenseReport licenses;
  licenses.sources["glibc"] = {.expression = "LGPL-2.1-or-later", .basis = "as declared", .text = "/glibc/copyright"};
  const auto compiled_in = parse_compiled_in(kCompiledIn);
  REQUIRE(compiled_in);
  return find_components(root, *compiled_in, programs, licenses, {{"nlohmann-json3", "MIT"}});
}

Component named(const Components& components, const std::string& id) {
  const auto found = std::ranges::find(components, id, &Component::id);
  REQUIRE(found != components.end());
  return *found;
}

}  // namespace

TEST_CASE("what is inside of programs is found once, with everything that has it") {
  const auto components = find(example_root(), {{"/usr/bin/apiserver", "apiserver"}});
  REQUIRE(components);
  CHECK(std::ranges::is_sorted(*components, {}, &Component::id));

  const Component dbus = named(*components, "Source-golang-dbus-5.1.0-1");
  CHECK(dbus.purl == "pkg:deb/debian/golang-dbus@5.1.0-1?arch=source");
  CHECK(dbus.uses == std::vector<ComponentUse>{{.file = {}, .package = "other"}, {.file = {}, .package = "tool"}});
  CHECK(dbus.expression == "NOASSERTION");
  CHECK_FALSE(dbus.basis.empty());
  CHECK(named(*components, "Source-glibc-2.41-12").expression == "LGPL-2.1-or-later");

  const Component library = named(*components, "Go-stdlib-1.24.4");
  CHECK(library.purl == "pkg:golang/stdlib@1.24.4");
  CHECK(library.uses.size() == 2);
  CHECK(named(*components, "Go-golang.org.2Fx.2Fsys-v0.22.0").purl == "pkg:golang/golang.org/x/sys@v0.22.0");

  const Component libc = named(*components, "Sdk-libc6-dev");
  CHECK(libc.expression == "LGPL-2.1-or-later");
  CHECK(libc.uses == std::vector<ComponentUse>{{.file = "/usr/bin/apiserver", .package = {}},
                                               {.file = "initrd:init", .package = {}}});
  CHECK(named(*components, "Sdk-nlohmann-json3-dev").expression == "MIT");
}

TEST_CASE("a program of ours of which it is not known what is inside is an error") {
  const auto components = find(example_root(), {{"/usr/bin/new", "new-program"}});
  REQUIRE_FALSE(components);
  CHECK(components.error().describe().contains("new-program"));
}

TEST_CASE("compiled-in.json that is damaged is refused") {
  const std::string good = kCompiledIn;
  REQUIRE(parse_compiled_in(good));
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string bad = good;
    const auto at = bad.find(from);
    REQUIRE(at != std::string::npos);
    return !parse_compiled_in(bad.replace(at, from.size(), to));
  };
  CHECK(refused("bulkhead.compiled-in/1", "bulkhead.compiled-in/2"));
  CHECK(refused("[\"libc6-dev\"]", "[\"libc6-dev\", \"unknown\"]"));
  CHECK(refused("[\"libc6-dev\"]", "\"libc6-dev\""));
  CHECK(refused("\"version\": \"2.41-12\", ", ""));
  CHECK(refused("\"source\": \"glibc\"", "\"source\": \"gl ibc\""));
  CHECK(refused("\"source\": \"glibc\"", "\"source\": 7"));
  CHECK(refused("\"programs\"", "\"program\""));
  CHECK(refused("\"schema\"", "\"more\": 1, \"schema\""));
  for (const char* text : {"", "7", "[]", "{}", "[[[[[[[[[[[[[[[[[[[[[["}) CHECK_FALSE(parse_compiled_in(text));
  CHECK_FALSE(parse_compiled_in(std::string(2 << 20U, ' ')));
}
