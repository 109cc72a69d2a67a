#include "os-builder/verbs.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <print>

#include "lib/base/text.hpp"
#include "lib/cli/progress.hpp"
#include "lib/cli/terminal.hpp"
#include "lib/cli/values.hpp"
#include "os-builder/build/build.hpp"
#include "os-builder/build/plan.hpp"
#include "os-builder/build/report.hpp"
#include "os-builder/inspect/verbs.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/outdated/outdated.hpp"
#include "os-builder/run/boot.hpp"

namespace bulkhead {
namespace {

std::optional<std::string> from_environment(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): read before any thread starts
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

build::Environment environment() {
  return {.cache = from_environment("BULKHEAD_CACHE"),
          .keys = from_environment("BULKHEAD_KEYS"),
          .home = from_environment("HOME"),
          .source_date_epoch = from_environment("SOURCE_DATE_EPOCH")};
}

// Options that name places; empty means the default.
struct PlaceOptions {
  std::string source;
  std::string cache;
  std::string keys;
  std::string archive;
  std::string programs;

  void declare_cache(CLI::App& verb) {
    verb.add_option("--cache", cache, "Cache directory [$BULKHEAD_CACHE or ~/.cache/bulkhead]")->type_name("DIR");
  }
  void declare_keys(CLI::App& verb) {
    verb.add_option("--keys", keys, "Directory of the owner's keys [$BULKHEAD_KEYS or ~/.config/bulkhead/keys]")
        ->type_name("DIR");
  }
  void declare(CLI::App& verb) {
    verb.add_option("--source", source,
                    "Checkout that has variants/ and the overlays [the one that contains the working directory]")
        ->type_name("DIR");
    verb.add_option("--archive", archive, "apt configuration directory that names the package archive [/etc/apt]")
        ->type_name("DIR");
    verb.add_option("--programs", programs, "Directory of Bulkhead's own programs for the image [beside os-builder]")
        ->type_name("DIR");
    declare_cache(verb);
    declare_keys(verb);
  }

  Result<sys::Path> keys_directory() const {
    if (!keys.empty()) return sys::Path(keys);
    return build::default_keys(environment());
  }

  Result<sys::Path> cache_directory() const {
    if (!cache.empty()) return sys::Path(cache);
    return build::default_cache(environment());
  }

  Result<build::Workspace> workspace() const {
    std::error_code status;
    const sys::Path start =
        source.empty() ? std::filesystem::current_path(status) : std::filesystem::absolute(source, status);
    if (status) return fail(errno_error(status.value(), "finding the working directory"));
    build::Workspace workspace = TRY(build::find_workspace(environment(), start));
    if (!cache.empty()) workspace.cache = cache;
    if (!keys.empty()) workspace.keys = keys;
    if (!archive.empty()) workspace.sources = archive;
    if (!programs.empty()) workspace.programs = programs;
    return workspace;
  }
};

struct BuildValues {
  PlaceOptions places;
  std::string variant = "kvm";
  std::string image_version;
  std::string output;
  std::string locked;
  bool offline = false;
  bool release = false;
  bool no_wait = false;

  void declare_input(CLI::App& verb) {
    verb.add_option("-v,--variant", variant, "Variant to build: a directory of variants/")
        ->type_name("VARIANT")
        ->capture_default_str();
    verb.add_option("--locked", locked, "Use exactly the packages of this packages.lock")->type_name("FILE");
    verb.add_flag("--offline", offline, "Use only the cache, not the network");
    verb.add_option("--image-version", image_version, "Version of the image, instead of the variant's")
        ->type_name("VERSION");
    places.declare(verb);
  }

  Result<build::BuildOptions> options() const {
    build::BuildOptions options;
    options.workspace = TRY(places.workspace());
    options.variant = variant;
    if (!image_version.empty()) options.image_version = image_version;
    if (!output.empty()) options.output = output;
    if (!locked.empty()) options.locked = locked;
    options.offline = offline;
    options.release = release;
    options.wait = !no_wait;
    options.source_date_epoch = TRY(build::source_date_epoch(environment()));
    return options;
  }
};

struct PlanValues {
  BuildValues input;
  bool outdated = false;
  std::string advisories;

  void declare(CLI::App& verb) {
    input.declare_input(verb);
    CLI::Option* const outdated_flag =
        verb.add_flag("--outdated", outdated,
                      "Show instead which packages have a newer version in any suite of the archive, and which "
                      "vulnerabilities its changelog names");
    verb.add_option("--advisories", advisories,
                    "With --outdated: JSON of Debian's security tracker, or OSV records; show which apply")
        ->type_name("FILE")
        ->needs(outdated_flag);
  }
};

Result<cli::ExitCode> run_outdated(const PlanValues& values, const cli::Invocation& invocation) {
  cli::Progress progress(invocation, 2);
  const build::BuildOptions options = TRY(values.input.options());
  const build::Resolved resolved = TRY(build::resolve(options, progress));
  outdated::Options wanted{.archive = build::archive_options(options), .advisories = {}};
  if (!values.advisories.empty()) wanted.advisories = values.advisories;
  progress.begin("newer versions");
  const outdated::Report report = TRY(outdated::examine(
      resolved.packages, wanted, [&](double fraction, std::string_view detail) { progress.update(fraction, detail); }));
  progress.end(std::format("{} source packages", report.newer.size()));
  std::print("{}",
             invocation.json ? to_json(report) : to_text(report, cli::use_color(invocation.color, STDOUT_FILENO)));
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> run_plan(const PlanValues& values, const cli::Invocation& invocation) {
  if (values.outdated) return run_outdated(values, invocation);
  cli::Progress progress(invocation, 1);
  const build::BuildOptions options = TRY(values.input.options());
  const build::BuildPlan plan = TRY(build::plan(options, progress));
  std::print("{}", invocation.json ? to_json(plan) : to_text(plan, cli::use_color(invocation.color, STDOUT_FILENO)));
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> run_build(const BuildValues& values, const cli::Invocation& invocation) {
  cli::Progress progress(invocation, build::kStages);
  const build::BuildOptions options = TRY(values.options());
  const build::BuildResult result = TRY(build::build(options, progress));
  std::print("{}", invocation.json ? to_json(result) : to_text(result));
  return cli::ExitCode::ok;
}

struct KeysValues {
  PlaceOptions places;
  std::string owner = "Bulkhead";
  int years = 20;
  bool if_missing = false;
};

Result<cli::ExitCode> run_keys_generate(const KeysValues& values, const cli::Invocation&) {
  const sys::Path directory = TRY(values.places.keys_directory());
  if (values.if_missing && keys::load(directory)) return cli::ExitCode::ok;
  TRY(keys::generate(directory, values.owner, values.years));
  std::println("{}", directory.native());
  return cli::ExitCode::ok;
}

struct BootValues {
  PlaceOptions places;
  std::string variant = "kvm";
  std::string image;
  std::string accelerator = "auto";
  std::string memory = "2G";
  std::optional<unsigned> cpus;
  std::string bus;
  bool snapshot = false;
  bool until_ready = false;
  std::vector<std::string> ports;
  std::string user_data;

  void declare(CLI::App& verb) {
    verb.add_option("IMAGE", image, "Disk image (raw or qcow2) to boot, instead of a variant's");
    verb.add_option("-v,--variant", variant, "Variant whose image to boot")
        ->type_name("VARIANT")
        ->capture_default_str();
    verb.add_option("--accel", accelerator, "auto, kvm or tcg; auto uses KVM where it works")
        ->type_name("HOW")
        ->capture_default_str();
    verb.add_option("--memory", memory, "Memory of the machine, for example 4G")
        ->type_name("SIZE")
        ->capture_default_str();
    verb.add_option("--cpus", cpus, "Processors of the machine [2; 1 when it is emulated]")
        ->type_name("N")
        ->check(cli::whole_number(1, 256));
    verb.add_option("--bus", bus, "virtio-blk, nvme or virtio-scsi [the variant's usual bus]")->type_name("BUS");
    verb.add_flag("--snapshot", snapshot, "Discard everything that the machine writes");
    verb.add_flag("--until-ready", until_ready, "Show no console; wait until the node is ready, then power it off");
    verb.add_option("--port", ports,
                    "HOST:GUEST: forward a TCP port of the loopback address to the machine; repeatable")
        ->type_name("PORTS");
    verb.add_option("--user-data", user_data,
                    "File with user data (TOML or JSON) that the node applies on its first boot")
        ->type_name("FILE");
    places.declare(verb);
  }
};

Result<cli::ExitCode> run_boot(const BootValues& values, const cli::Invocation& invocation) {
  run::BootOptions options;
  if (!values.image.empty()) {
    options.image = values.image;
  } else {
    const auto workspace = TRY(values.places.workspace());
    options.images = workspace.images();
  }
  options.variant = values.variant;
  options.keys = TRY(values.places.keys_directory());
  options.cache = TRY(values.places.cache_directory());
  options.accelerator = TRY_CTX(vm::parse_accelerator(values.accelerator), "--accel");
  options.memory = TRY_CTX(parse_bytes(values.memory), "--memory");
  options.cpus = values.cpus;
  if (!values.bus.empty()) options.bus = TRY_CTX(vm::parse_disk_bus(values.bus), "--bus");
  options.snapshot = values.snapshot;
  options.until_ready = values.until_ready;
  for (const std::string& port : values.ports) {
    const auto forward = TRY_CTX(vm::parse_port_forward(port), "--port");
    options.ports.push_back(forward);
  }
  if (!values.user_data.empty()) options.user_data = values.user_data;
  return run::run(options, invocation);
}

struct VerifyValues {
  PlaceOptions places;
  std::string image;
  std::string sbom;
  std::string manifest;
  std::string provenance;
};

Result<cli::ExitCode> run_verify(const VerifyValues& values, const cli::Invocation& invocation) {
  sys::Path keys = TRY(values.places.keys_directory());
  inspect::VerifyOptions options{.image = values.image, .keys = std::move(keys), .sbom = {}, .manifest = {}};
  if (!values.sbom.empty()) options.sbom = values.sbom;
  if (!values.manifest.empty()) options.manifest = values.manifest;
  if (!values.provenance.empty()) options.provenance = values.provenance;
  return inspect::run_verify(options, invocation);
}

struct ImageValues {
  std::string image;
  std::string other;
};

}  // namespace

struct VerbOptions::Values {
  PlanValues plan;
  BuildValues build;
  BootValues boot;
  ImageValues inspect;
  VerifyValues verify;
  ImageValues diff;
  KeysValues keys;
};

VerbOptions::VerbOptions(cli::Program& program) : values_(std::make_unique<Values>()) {
  Values& values = *values_;

  CLI::App& plan =
      program.verb("plan", "Show what a build would contain, and why",
                   [&values](const cli::Invocation& invocation) { return run_plan(values.plan, invocation); });
  values.plan.declare(plan);

  CLI::App& build =
      program.verb("build", "Build the images of a variant",
                   [&values](const cli::Invocation& invocation) { return run_build(values.build, invocation); });
  values.build.declare_input(build);
  build.add_option("-o,--output", values.build.output, "Directory for the images [build/image/VARIANT]")
      ->type_name("DIR");
  build.add_flag("--release", values.build.release,
                 "Build for publication: rebuild everything, reuse only downloaded packages");
  build.add_flag("--no-wait", values.build.no_wait,
                 "Fail, instead of waiting, when another build is writing the same directory");

  CLI::App& boot =
      program.verb("boot", "Run an image under QEMU with Secure Boot, serial console on this terminal",
                   [&values](const cli::Invocation& invocation) { return run_boot(values.boot, invocation); });
  values.boot.declare(boot);

  CLI::App& inspect = program.verb("inspect", "Show what an image contains, read from its bytes alone",
                                   [&values](const cli::Invocation& invocation) {
                                     return inspect::run_inspect({.image = values.inspect.image}, invocation);
                                   });
  inspect.add_option("IMAGE", values.inspect.image, "Disk image (raw, qcow2 or zstd), root image or UKI")->required();

  CLI::App& verify =
      program.verb("verify", "Check an image completely: tables, every block, signatures, SBOM, provenance",
                   [&values](const cli::Invocation& invocation) { return run_verify(values.verify, invocation); });
  verify.add_option("IMAGE", values.verify.image, "Disk image")->required();
  verify.add_option("--sbom", values.verify.sbom, "SBOM [sbom.spdx.json beside the image]")->type_name("FILE");
  verify.add_option("--manifest", values.verify.manifest, "Manifest [manifest.json beside the image]")
      ->type_name("FILE");
  verify.add_option("--provenance", values.verify.provenance, "Provenance [provenance.intoto.jsonl beside the image]")
      ->type_name("FILE");
  values.verify.places.declare_keys(verify);

  CLI::App& diff =
      program.verb("diff", "Compare two images: packages, files, sizes, command line, partitions",
                   [&values](const cli::Invocation& invocation) {
                     return inspect::run_diff({.before = values.diff.image, .after = values.diff.other}, invocation);
                   });
  diff.add_option("A", values.diff.image, "Disk image")->required();
  diff.add_option("B", values.diff.other, "Disk image to compare with")->required();

  program.group("keys", "The owner's signing keys");
  CLI::App& generate =
      program.verb("keys generate", "Make the owner's Secure Boot and root-hash keys",
                   [&values](const cli::Invocation& invocation) { return run_keys_generate(values.keys, invocation); });
  generate.add_option("--owner", values.keys.owner, "Organization named in the certificates")
      ->type_name("NAME")
      ->capture_default_str();
  generate.add_option("--years", values.keys.years, "Validity of the certificates")
      ->type_name("N")
      ->check(cli::whole_number(1, 100))
      ->capture_default_str();
  generate.add_flag("--if-missing", values.keys.if_missing, "Succeed when a complete set of keys exists already");
  values.keys.places.declare_keys(generate);
}

VerbOptions::~VerbOptions() = default;

}  // namespace bulkhead
