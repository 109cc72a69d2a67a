#include "os-builder/erofs/erofs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::erofs {
namespace {

constexpr std::uint64_t kAlignment = 4096;  // verity's block

// The file system's UUID follows from its content, as a name-based one (RFC 9562, version 8).
std::string derived_uuid(const Sha256& digest) {
  Sha256 named = crypto::sha256("erofs " + digest.to_string());
  named.bytes[6] = (named.bytes[6] & std::byte{0x0f}) | std::byte{0x80};
  named.bytes[8] = (named.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  const std::string hex = named.to_string();
  return std::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20, 12));
}

Result<> align(const sys::Path& image) {
  const std::uint64_t size = TRY(sys::file_size(image));
  const std::uint64_t aligned = (size + kAlignment - 1) / kAlignment * kAlignment;
  if (aligned != size && ::truncate(image.c_str(), static_cast<off_t>(aligned)) < 0)
    return fail_errno("extending {}", image.native());
  return {};
}

}  // namespace

Result<std::string> tool_version() {
  const std::string text = TRY(sys::run_checked({.arguments = {"mkfs.erofs", "--version"}}));
  // "mkfs.erofs (erofs-utils) 1.8.6"
  const auto space = text.find_last_of(' ', text.find('\n'));
  if (space == std::string::npos) return fail(ErrorCode::internal, "cannot read the version of mkfs.erofs");
  return std::format("mkfs.erofs {}", trim(std::string_view(text).substr(space, text.find('\n') - space)));
}

Result<> build(const RootImageInputs& inputs, const sys::Path& output) {
  const rootfs::Tree& tree = *inputs.tree;
  if (sys::exists(output)) return fail(ErrorCode::already_exists, "{} already exists", output.native());
  sys::Command command{.arguments = {"mkfs.erofs", "--quiet", "--tar=f", "-T" + std::to_string(inputs.epoch),
                                     "--all-time", "-U", derived_uuid(tree.digest())}};
  // No -Efragments, dedupe or ztailpacking: they pack unrelated files into one block, and an update then changes most
  // blocks (docs/decisions/0002-erofs-compression.md).
  if (!inputs.compression.empty()) command.arguments.push_back("-z" + inputs.compression);
  if (inputs.cluster_size != 0) command.arguments.push_back("-C" + std::to_string(inputs.cluster_size));
  command.arguments.push_back(output.native());

  const sys::TempDir scratch = TRY(sys::TempDir::create(output.parent_path(), ".erofs-"));
  const sys::Path tar = scratch.path() / "root.tar";
  sys::UniqueFd fd = TRY(sys::open_file(tar, O_RDWR | O_CREAT | O_EXCL, 0600));
  TRY(rootfs::write_tar(tree, inputs.epoch, fd.get()));
  TRY(fd.close());
  command.arguments.push_back(tar.native());
  const auto made = sys::run_checked(command);
  if (!made) {
    ::unlink(output.c_str());
    return fail(Error(made.error()).with_context("making the root image"));
  }
  return align(output);
}

}  // namespace bulkhead::erofs
