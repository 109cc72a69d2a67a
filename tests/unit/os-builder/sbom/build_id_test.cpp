#include "os-builder/sbom/build_id.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>

#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;

namespace {

struct Inputs {
  packages::PackageSet set;
  variant::Variant variant;
  sys::TempDir directory;

  Inputs() : directory(std::move(*sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-"))) {
    packages::Package& package = set.packages.emplace_back();
    package.name = "crun";
    package.version = "1.21-1";
    set.source_date_epoch = 1750000000;
    variant.name = "kvm";
    variant.overlays = {"base"};
    variant.programs = {{"/usr/bin/agent", "agent"}};
    write("overlay/base/etc/motd", "hello");
    write("overlay/unused/etc/motd", "hello");
    write("node/agent", "agent");
    write("node/bulkhead-init", "init");
    write("node/bulkhead-chainload.efi", "chainload");
    write("node/stale", "stale");
  }

  void write(const std::string& path, std::string_view content, mode_t mode = 0644) {
    REQUIRE(sys::create_directories((directory.path() / path).parent_path()));
    REQUIRE(sys::write_file_atomically(directory.path() / path, content, mode));
  }

  Result<std::string> id() const {
    const auto inputs = sbom::build_id_inputs(set, variant, directory.path() / "overlay", directory.path() / "node");
    if (!inputs) return fail(inputs.error());
    return sbom::build_id(*inputs);
  }
};

}  // namespace

TEST_CASE("the same inputs in another directory have the same build id") {
  const Inputs here;
  Inputs there;
  there.write("node/stale", "another");
  there.write("overlay/unused/etc/motd", "another");
  there.write("overlay/base/etc/motd", "hello", 0600);
  const auto id = here.id();
  REQUIRE(id);
  CHECK(id->size() == 16);
  CHECK(id->find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(id == there.id());
}

TEST_CASE("every input changes the build id") {
  const std::vector<std::pair<const char*, std::function<void(Inputs&)>>> changes = {
      {"package", [](Inputs& inputs) { inputs.set.packages[0].version = "1.21-2"; }},
      {"epoch", [](Inputs& inputs) { ++inputs.set.source_date_epoch; }},
      {"command line", [](Inputs& inputs) { inputs.variant.command_line.emplace_back("quiet"); }},
      {"user", [](Inputs& inputs) { inputs.variant.users["x"].uid = 7; }},
      {"partition", [](Inputs& inputs) { inputs.variant.partitions.data = 1; }},
      {"shell", [](Inputs& inputs) { inputs.variant.shell_allowed = true; }},
      {"overlay content", [](Inputs& inputs) { inputs.write("overlay/base/etc/motd", "hallo"); }},
      {"overlay mode", [](Inputs& inputs) { inputs.write("overlay/base/etc/motd", "hello", 0755); }},
      {"overlay file", [](Inputs& inputs) { inputs.write("overlay/base/etc/issue", ""); }},
      {"program", [](Inputs& inputs) { inputs.write("node/agent", "agent 2"); }},
      {"init", [](Inputs& inputs) { inputs.write("node/bulkhead-init", "init 2"); }},
      {"chainload", [](Inputs& inputs) { inputs.write("node/bulkhead-chainload.efi", "chainload 2"); }},
  };
  const auto original = Inputs().id();
  for (const auto& [name, change] : changes) {
    INFO(name);
    Inputs inputs;
    change(inputs);
    const auto id = inputs.id();
    REQUIRE(id);
    CHECK(id != original);
  }
}

TEST_CASE("a missing program or overlay is an error that names it") {
  Inputs inputs;
  inputs.variant.programs["/usr/bin/other"] = "other";
  CHECK(inputs.id().error().describe().contains("program 'other'"));
  Inputs two;
  two.variant.overlays.emplace_back("nowhere");
  CHECK(two.id().error().describe().contains("overlay 'nowhere'"));
}
