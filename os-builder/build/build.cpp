#include "os-builder/build/build.hpp"

#include <span>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/bootloader/bootloader.hpp"
#include "os-builder/build/output_directory.hpp"
#include "os-builder/build/outputs.hpp"
#include "os-builder/build/size_report.hpp"
#include "os-builder/build/stage_runner.hpp"
#include "os-builder/erofs/erofs.hpp"
#include "os-builder/initrd/initrd.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/rootfs/compose.hpp"
#include "os-builder/sbom/build_id.hpp"
#include "os-builder/sbom/compiled_in.hpp"
#include "os-builder/seal/seal.hpp"
#include "os-builder/uki/uki.hpp"

namespace bulkhead::build {
namespace {

constexpr std::string_view kInit = "bulkhead-init";
constexpr std::string_view kChainload = "bulkhead-chainload.efi";

Result<> check_programs(const Workspace& workspace) {
  for (const std::string_view program : {kInit, kChainload, std::string_view(sbom::kCompiledInFile)}) {
    if (sys::exists(workspace.programs / program)) continue;
    return fail(
        error(ErrorCode::not_found, "{} lacks {}, which every image needs", workspace.programs.native(), program)
            .with_hint("build the target node-programs, or name the directory that has it with --programs"));
  }
  return {};
}

packages::OnProgress forward(cli::Progress& progress) {
  return [&progress](double fraction, std::string_view detail) { progress.update(fraction, detail); };
}

Result<OutputDirectory> open_output(const BuildOptions& options, cli::Progress& progress) {
  const sys::Path directory = output_directory(options);
  return OutputDirectory::open(directory, options.wait, [&] {
    progress.note(std::format("another build is writing {}; waiting for it", directory.native()));
  });
}

Result<std::vector<sys::Path>> fetch(const BuildOptions& options, const Resolved& resolved, cli::Progress& progress) {
  progress.begin("packages");
  auto debs = TRY(packages::fetch(resolved.packages, archive_options(options), forward(progress)));
  progress.end(std::format("{} packages", debs.size()));
  return debs;
}

Result<rootfs::ComposedRoot> compose(const BuildOptions& options, const Resolved& resolved,
                                     std::span<const sys::Path> debs, const std::string& build_id,
                                     cli::Progress& progress) {
  progress.begin("root tree");
  const rootfs::ComposeSources sources{
      .content_store = options.workspace.products_directory() / "unpacked",
      .overlay_dir = options.workspace.overlays(),
      .programs_dir = options.workspace.programs,
      .packages_lock = packages::write_lock(resolved.packages),
      .identity = {.build_id = build_id, .source_date_epoch = resolved.packages.source_date_epoch},
  };
  auto root = TRY_CTX(rootfs::compose(resolved.variant, resolved.packages, debs, sources), "composing the root tree");
  progress.end(std::format("{} entries", root.tree.entries().size()));
  return root;
}

Result<stage::Product> make_root_image(const Resolved& resolved, const rootfs::ComposedRoot& root,
                                       StageRunner& stages) {
  const erofs::RootImageInputs inputs{
      .tree = &root.tree,
      .compression = resolved.variant.compression,
      .cluster_size = resolved.variant.cluster_size,
      .epoch = resolved.packages.source_date_epoch,
  };
  const stage::Product made = TRY(stages.run("root image", inputs, [&](const sys::Path& directory) {
    return erofs::build(inputs, directory / "root.erofs");
  }));
  stage::Product image = made.file("root.erofs");
  const std::uint64_t size = TRY(sys::file_size(image.path));
  TRY(check_slot_size(root.tree, size, resolved.variant.partitions.root));
  return image;
}

Result<seal::SealedRoot> make_sealed_root(const stage::Product& image, const keys::KeySet& keys, StageRunner& stages) {
  const seal::SealInputs inputs{.root = image, .key = keys.root_hash};
  const stage::Product made = TRY(stages.run("seal", inputs, [&](const sys::Path& directory) -> Result<> {
    TRY(seal::seal(inputs, directory));
    return {};
  }));
  return seal::read_sealed(image.path, made.path);
}

Result<stage::Product> make_initrd(const BuildOptions& options, const Resolved& resolved,
                                   const rootfs::ComposedRoot& root, const seal::SealedRoot& sealed,
                                   StageRunner& stages) {
  std::string init = TRY(sys::read_file(options.workspace.programs / kInit));
  const initrd::InitrdInputs inputs{
      .init = rootfs::Content::of(std::move(init)),
      .modules = &root.modules,
      .kernel_release = root.kernel_release,
      .wanted = resolved.variant.initrd_modules,
      .command_line = command_line(resolved.variant, sealed.root_hash.to_string()),
      .epoch = resolved.packages.source_date_epoch,
  };
  const stage::Product made = TRY(stages.run("initrd", inputs, [&](const sys::Path& directory) {
    return initrd::build(inputs, directory / "initrd.cpio.zst");
  }));
  return made.file("initrd.cpio.zst");
}

Result<stage::Product> make_uki(const Resolved& resolved, const rootfs::ComposedRoot& root,
                                const stage::Product& initrd, const seal::SealedRoot& sealed, const keys::KeySet& keys,
                                StageRunner& stages) {
  const uki::UkiInputs inputs{
      .kernel = root.kernel,
      .stub = root.efi_stub,
      .initrd = initrd,
      .command_line = command_line(resolved.variant, sealed.root_hash.to_string()),
      .os_release = root.os_release,
      .kernel_release = root.kernel_release,
      .epoch = resolved.packages.source_date_epoch,
      .key = keys.signature_db,
  };
  const stage::Product made = TRY(
      stages.run("uki", inputs, [&](const sys::Path& directory) { return uki::build(inputs, directory / "uki.efi"); }));
  return made.file("uki.efi");
}

Result<stage::Product> make_boot_loader(const BuildOptions& options, const Resolved& resolved,
                                        const rootfs::ComposedRoot& root, const keys::KeySet& keys,
                                        StageRunner& stages) {
  std::string chainload = TRY(sys::read_file(options.workspace.programs / kChainload));
  const bootloader::BootLoaderInputs inputs{
      .chainload = rootfs::Content::of(std::move(chainload)),
      .systemd_boot = root.boot_loader,
      .epoch = resolved.packages.source_date_epoch,
      .keys = keys,
  };
  return stages.run("boot loader", inputs,
                    [&](const sys::Path& directory) { return bootloader::build(inputs, directory); });
}

// Whether anything had to be written.
Result<bool> publish(const OutputInputs& inputs, const StageRunner& stages, OutputDirectory& output, bool anew,
                     cli::Progress& progress) {
  progress.begin("images");
  const Sha256 digest = TRY(stages.digest_of("images", inputs));
  if (!anew && output.is_current(digest)) {
    progress.end("unchanged");
    return false;
  }
  const sys::Path directory = TRY(output.begin());
  TRY_CTX(write_outputs(inputs, directory, progress), "writing the images");
  TRY(output.commit(digest));
  progress.end("done");
  return true;
}

}  // namespace

packages::ArchiveOptions archive_options(const BuildOptions& options) {
  packages::ArchiveOptions archive;
  archive.cache_dir = options.workspace.cache / "archive";
  archive.sources = options.workspace.sources;
  archive.offline = options.offline;
  archive.source_date_epoch = options.source_date_epoch;
  return archive;
}

sys::Path output_directory(const BuildOptions& options) {
  return options.output ? *options.output : options.workspace.images() / options.variant;
}

std::string command_line(const variant::Variant& variant, const std::string& root_hash) {
  std::string line = "roothash=" + root_hash;
  for (const std::string& argument : variant.command_line) line += " " + argument;
  return line + " --";
}

Result<Resolved> resolve(const BuildOptions& options, cli::Progress& progress) {
  Resolved resolved;
  resolved.variant = TRY(variant::load(options.workspace.variants(), options.variant));
  if (options.image_version) {
    resolved.variant.version = TRY_CTX(Version::parse(*options.image_version), "--image-version");
  }
  progress.begin("resolve");
  if (options.locked) {
    const std::string text = TRY(sys::read_file(*options.locked));
    resolved.packages = TRY(packages::parse_lock(text, options.locked->native()));
    TRY(packages::check_lock(resolved.packages, resolved.variant, options.locked->native()));
    if (options.source_date_epoch) resolved.packages.source_date_epoch = *options.source_date_epoch;
    progress.end("from the lock");
  } else {
    resolved.packages = TRY(packages::resolve(resolved.variant, archive_options(options), forward(progress)));
    progress.end(std::format("{} packages", resolved.packages.packages.size()));
  }
  return resolved;
}

namespace {

// Everything after the checks of the cache; takes products from workspace.products and leaves new ones there.
Result<BuildResult> build_with_products(const BuildOptions& options, cli::Progress& progress) {
  TRY(variant::load(options.workspace.variants(),
                    options.variant));  // its faults come before those of keys and programs
  const keys::KeySet keys = TRY(keys::load(options.workspace.keys));
  TRY(check_programs(options.workspace));
  OutputDirectory output = TRY(open_output(options, progress));

  const Resolved resolved = TRY(resolve(options, progress));
  const sbom::BuildIdInputs sources = TRY(sbom::build_id_inputs(
      resolved.packages, resolved.variant, options.workspace.overlays(), options.workspace.programs));
  const std::string build_id = TRY(sbom::build_id(sources));
  const std::string compiled_in = TRY(sys::read_file(options.workspace.programs / sbom::kCompiledInFile));
  const std::vector<sys::Path> debs = TRY(fetch(options, resolved, progress));
  const rootfs::ComposedRoot root = TRY(compose(options, resolved, debs, build_id, progress));

  StageRunner stages = TRY(StageRunner::open(options.workspace.products_directory() / "stages", progress));
  const stage::Product image = TRY(make_root_image(resolved, root, stages));
  const seal::SealedRoot sealed = TRY(make_sealed_root(image, keys, stages));
  const stage::Product initrd = TRY(make_initrd(options, resolved, root, sealed, stages));
  const stage::Product uki = TRY(make_uki(resolved, root, initrd, sealed, keys, stages));
  const stage::Product boot_loader = TRY(make_boot_loader(options, resolved, root, keys, stages));

  const OutputInputs outputs{
      .variant = &resolved.variant,
      .build_id = build_id,
      .packages = &resolved.packages,
      .root = &root,
      .overlays = sources.overlays,
      .programs = sources.programs,
      .compiled_in = compiled_in,
      .sealed = sealed,
      .initrd = initrd,
      .uki = uki,
      .boot_loader = boot_loader,
      .keys = keys,
      .epoch = resolved.packages.source_date_epoch,
  };
  const bool changed = TRY(publish(outputs, stages, output, options.release, progress));
  return BuildResult{
      .directory = output.target(),
      .variant = resolved.variant.name,
      .version = resolved.variant.version,
      .build_id = build_id,
      .root_hash = sealed.root_hash,
      .changed = changed,
  };
}

}  // namespace

Result<BuildResult> build(const BuildOptions& options, cli::Progress& progress) {
  // Input that only the user can mend is looked at before anything takes time.
  TRY(check_cache(options.workspace.cache));
  if (!options.release) return build_with_products(options, progress);
  const sys::TempDir fresh = TRY(sys::TempDir::create(options.workspace.cache, ".release-"));
  BuildOptions anew = options;
  anew.workspace.products = fresh.path();
  return build_with_products(anew, progress);
}

}  // namespace bulkhead::build
