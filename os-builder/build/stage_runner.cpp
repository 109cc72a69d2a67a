#include "os-builder/build/stage_runner.hpp"

#include "lib/crypto/sha256.hpp"

namespace bulkhead::build {
namespace {

// Debian's list of installed packages: the versions of all tools and libraries.
constexpr const char* kInstalledPackages = "/var/lib/dpkg/status";

Result<Sha256> toolchain_digest() {
  stage::NamedDigest digest;
  const Sha256 program = TRY(crypto::sha256_file("/proc/self/exe"));
  digest.add("os-builder", program);
  if (sys::exists(kInstalledPackages)) {
    const Sha256 packages = TRY(crypto::sha256_file(kInstalledPackages));
    digest.add("packages", packages);
  }
  return digest.finish();
}

}  // namespace

Result<StageRunner> StageRunner::open(const sys::Path& store, cli::Progress& progress) {
  StageStore opened = TRY(StageStore::open(store));
  const Sha256 toolchain = TRY(toolchain_digest());
  return StageRunner(std::move(opened), toolchain, progress);
}

Result<stage::Product> StageRunner::find_or_make(const std::string& name, const Sha256& digest,
                                                 const MakeProduct& make) {
  const StageProduct product = TRY_CTX(store_.run(name, digest, make), "stage '{}'", name);
  progress_->end(product.reused ? "unchanged" : "done");
  return stage::Product{.path = product.directory, .inputs = digest};
}

}  // namespace bulkhead::build
