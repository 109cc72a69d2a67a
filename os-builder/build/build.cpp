#include "os-builder/build/build.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "lib/crypto/sha256.hpp"
#include "os-builder/bootloader/bootloader.hpp"
#include "os-builder/build/output_directory.hpp"
#include "os-builder/build/outputs.hpp"
#include "os-builder/build/size_report.hpp"
#include "os-builder/build/stage_store.hpp"
#include "os-builder/erofs/erofs.hpp"
#include "os-builder/initrd/initrd.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/rootfs/compose.hpp"
#include "os-builder/sbom/build_id.hpp"
#include "os-builder/seal/seal.hpp"
#include "os-builder/uki/uki.hpp"

namespace bulkhead::build {
namespace {

packages::OnProgress forward(cli::Progress& progress) {
  return [&progress](double fraction, std::string_view detail) { progress.update(fraction, detail); };
}

// What every stage depends on besides its own inputs: this program, and the versions of all tools that it runs.
Result<Sha256> toolchain_digest() {
  StageInputs inputs("toolchain");
  const Sha256 program = TRY(crypto::sha256_file("/proc/self/exe"));
  inputs.add("os-builder", program);
  const auto status = crypto::sha256_file("/var/lib/dpkg/status");  // Debian's list of installed packages
  if (status) inputs.add("packages", *status);
  return inputs.finish();
}

// The certificates stand for the keys: a new key has a new certificate.
Result<Sha256> keys_digest(const keys::KeySet& keys) {
  StageInputs inputs("keys");
  for (const keys::KeyPair* pair : {&keys.platform_key, &keys.key_exchange_key, &keys.signature_db, &keys.root_hash}) {
    const Sha256 certificate = TRY(crypto::sha256_file(pair->certificate));
    inputs.add("certificate", certificate);
  }
  return inputs.finish();
}

// Carries what the stages share, so that each of them reads as one call.
struct Kitchen {
  const Resolved& resolved;
  const keys::KeySet& keys;
  Sha256 toolchain;
  Sha256 keys_id;
  StageStore& store;
  cli::Progress& progress;

  std::int64_t epoch() const { return resolved.packages.source_date_epoch; }
  StageInputs inputs(std::string_view stage) const {
    StageInputs result(stage);
    result.add("toolchain", toolchain).add("epoch", std::to_string(epoch()));
    return result;
  }
  Result<sys::Path> stage(const std::string& name, StageInputs inputs,
                          const std::function<Result<>(const sys::Path&)>& make) const {
    progress.begin(name);
    const StageProduct product = TRY_CTX(store.run(name, inputs.finish(), make), "stage '{}'", name);
    progress.end(product.reused ? "unchanged" : "done");
    return product.directory;
  }
};

Result<rootfs::ComposedRoot> compose(const BuildOptions& options, const Resolved& resolved, const std::string& build_id,
                                     cli::Progress& progress) {
  progress.begin("packages");
  const auto debs = TRY(packages::fetch(resolved.packages, archive_options(options), forward(progress)));
  progress.end(std::format("{} packages", resolved.packages.packages.size()));

  progress.begin("root tree");
  const rootfs::ComposeInputs inputs{
      .content_store = options.workspace.cache / "unpacked",
      .overlay_dir = options.workspace.overlays(),
      .programs_dir = options.workspace.programs,
      .packages_lock = packages::write_lock(resolved.packages),
      .identity = {.build_id = build_id, .source_date_epoch = resolved.packages.source_date_epoch},
  };
  auto root = TRY_CTX(rootfs::compose(resolved.variant, resolved.packages, debs, inputs), "composing the root tree");
  progress.end(std::format("{} entries", root.tree.entries().size()));
  return root;
}

Result<sys::Path> make_root_image(const Kitchen& kitchen, const rootfs::ComposedRoot& root) {
  const variant::Variant& variant = kitchen.resolved.variant;
  StageInputs inputs = kitchen.inputs("root image");
  inputs.add("tree", root.tree.digest())
      .add("compression", variant.compression)
      .add("cluster size", std::to_string(variant.cluster_size));
  const sys::Path directory = TRY(kitchen.stage("root image", std::move(inputs), [&](const sys::Path& into) {
    return erofs::build(
        root.tree, {.compression = variant.compression, .cluster_size = variant.cluster_size, .epoch = kitchen.epoch()},
        into / "root.erofs");
  }));
  sys::Path image = directory / "root.erofs";
  const auto size = TRY(sys::file_size(image));
  TRY(check_slot_size(root.tree, size, variant.partitions.root));
  return image;
}

Result<seal::SealedRoot> make_sealed_root(const Kitchen& kitchen, const sys::Path& image) {
  StageInputs inputs = kitchen.inputs("seal");
  // The directory of a stage is named after its inputs, which decide its content.
  inputs.add("root", image.parent_path().filename().native()).add("keys", kitchen.keys_id);
  const sys::Path directory = TRY(kitchen.stage("seal", std::move(inputs), [&](const sys::Path& into) -> Result<> {
    const seal::SealedRoot sealed = TRY(seal::seal(image, kitchen.keys, into));
    return sys::write_file_atomically(into / "root-hash", sealed.root_hash.to_string());
  }));
  const std::string root_hash_text = TRY(sys::read_file(directory / "root-hash"));
  const Sha256 root_hash = TRY(Sha256::parse(root_hash_text));
  return seal::SealedRoot{
      .root = image,
      .verity = directory / "root.verity",
      .signature = directory / "root.verity-sig",
      .root_hash = root_hash,
  };
}

Result<sys::Path> make_initrd(const Kitchen& kitchen, const BuildOptions& options, const rootfs::ComposedRoot& root) {
  const initrd::InitrdInputs from{
      .init = options.workspace.programs / "bulkhead-init",
      .modules = &root.modules,
      .kernel_release = root.kernel_release,
      .wanted = kitchen.resolved.variant.initrd_modules,
      .epoch = kitchen.epoch(),
  };
  const Sha256 init = TRY(crypto::sha256_file(from.init));
  StageInputs inputs = kitchen.inputs("initrd");
  inputs.add("init", init).add("modules", root.modules.digest()).add("release", from.kernel_release);
  for (const std::string& module : from.wanted) inputs.add("wanted", module);
  const sys::Path directory = TRY(kitchen.stage("initrd", std::move(inputs), [&](const sys::Path& into) {
    return initrd::build(from, into / "initrd.cpio.zst");
  }));
  return directory / "initrd.cpio.zst";
}

Result<sys::Path> make_uki(const Kitchen& kitchen, const rootfs::ComposedRoot& root, const sys::Path& initrd,
                           const Sha256& root_hash) {
  const uki::UkiInputs from{
      .kernel = root.kernel,
      .stub = root.efi_stub,
      .initrd = initrd,
      .command_line = command_line(kitchen.resolved.variant, root_hash.to_string()),
      .os_release = root.os_release,
      .kernel_release = root.kernel_release,
      .epoch = kitchen.epoch(),
  };
  StageInputs inputs = kitchen.inputs("uki");
  inputs.add("kernel", from.kernel.sha256)
      .add("stub", from.stub.sha256)
      .add("initrd", initrd.parent_path().filename().native())
      .add("command line", from.command_line)
      .add("os-release", from.os_release)
      .add("keys", kitchen.keys_id);
  const sys::Path directory = TRY(kitchen.stage("uki", std::move(inputs), [&](const sys::Path& into) {
    return uki::build(from, kitchen.keys, into / "uki.efi");
  }));
  return directory / "uki.efi";
}

Result<bootloader::BootLoader> make_boot_loader(const Kitchen& kitchen, const BuildOptions& options,
                                                const rootfs::ComposedRoot& root) {
  std::string chainload = TRY(sys::read_file(options.workspace.programs / "bulkhead-chainload.efi"));
  const bootloader::BootLoaderInputs from{.chainload = rootfs::Content::of(std::move(chainload)),
                                          .systemd_boot = root.boot_loader,
                                          .epoch = kitchen.epoch()};
  StageInputs inputs = kitchen.inputs("boot loader");
  inputs.add("chainload", from.chainload.sha256).add("program", from.systemd_boot.sha256).add("keys", kitchen.keys_id);
  const sys::Path directory =
      TRY(kitchen.stage("boot loader", std::move(inputs), [&](const sys::Path& into) -> Result<> {
        TRY(bootloader::build(from, kitchen.keys, into));
        return {};
      }));
  return bootloader::BootLoader{.directory = directory};
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
  return line;
}

Result<Resolved> resolve(const BuildOptions& options, cli::Progress& progress) {
  Resolved resolved;
  resolved.variant = TRY(variant::load(options.workspace.variants(), options.variant));
  if (options.image_version) {
    resolved.variant.version = TRY_CTX(Version::parse(*options.image_version), "--image-version");
  }
  progress.begin("resolve");
  if (options.locked) {
    const std::string lock = TRY(sys::read_file(*options.locked));
    resolved.packages = TRY(packages::parse_lock(lock, options.locked->native()));
    if (options.source_date_epoch) resolved.packages.source_date_epoch = *options.source_date_epoch;
    progress.end("from the lock");
  } else {
    resolved.packages = TRY(packages::resolve(resolved.variant, archive_options(options), forward(progress)));
    progress.end(std::format("{} packages", resolved.packages.packages.size()));
  }
  return resolved;
}

Result<BuildResult> build(const BuildOptions& options, cli::Progress& progress) {
  // Input that only the user can mend is looked at before anything takes time.
  const keys::KeySet keys = TRY(keys::load(options.workspace.keys));
  OutputDirectory output = TRY(OutputDirectory::open(output_directory(options), options.wait, [&] {
    progress.note(std::format("another build is writing {}; waiting for it", output_directory(options).native()));
  }));

  const Resolved resolved = TRY(resolve(options, progress));
  const std::string build_id = TRY(
      sbom::build_id(resolved.packages, resolved.variant, options.workspace.overlays(), options.workspace.programs));
  const rootfs::ComposedRoot root = TRY(compose(options, resolved, build_id, progress));

  StageStore store = TRY(StageStore::open(options.workspace.cache / "stages"));
  const Sha256 toolchain = TRY(toolchain_digest());
  const Sha256 keys_id = TRY(keys_digest(keys));
  const Kitchen kitchen{
      .resolved = resolved,
      .keys = keys,
      .toolchain = toolchain,
      .keys_id = keys_id,
      .store = store,
      .progress = progress,
  };
  const sys::Path image = TRY(make_root_image(kitchen, root));
  const seal::SealedRoot sealed = TRY(make_sealed_root(kitchen, image));
  const sys::Path initrd = TRY(make_initrd(kitchen, options, root));
  const sys::Path uki = TRY(make_uki(kitchen, root, initrd, sealed.root_hash));
  const bootloader::BootLoader boot_loader = TRY(make_boot_loader(kitchen, options, root));

  progress.begin("images");
  const OutputInputs from{.resolved = resolved,
                          .root = root,
                          .sealed = sealed,
                          .uki = uki,
                          .initrd = initrd,
                          .boot_loader = boot_loader,
                          .build_id = build_id};
  StageInputs inputs = kitchen.inputs("images");
  inputs.add("root hash", sealed.root_hash)
      .add("uki", uki.parent_path().filename().native())
      .add("boot loader", boot_loader.directory.filename().native())
      .add("lock", packages::write_lock(resolved.packages))
      .add("version", resolved.variant.version.to_string())
      .add("partitions", describe(resolved.variant.partitions));
  const Sha256 digest = inputs.finish();
  const bool current = output.is_current(digest);
  if (!current) {
    const sys::Path directory = TRY(output.begin());
    TRY_CTX(write_outputs(from, directory, progress), "writing the images");
    TRY(output.commit(digest));
  }
  progress.end(current ? "unchanged" : "done");
  return BuildResult{
      .directory = output.target(),
      .variant = resolved.variant.name,
      .version = resolved.variant.version,
      .build_id = build_id,
      .root_hash = sealed.root_hash,
      .changed = !current,
  };
}

}  // namespace bulkhead::build
