#include "os-builder/seal/seal.hpp"

#include "lib/crypto/pkcs7.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/gpt/derived_uuid.hpp"
#include "lib/verity/hash_tree.hpp"
#include "lib/verity/product_line.hpp"
#include "lib/verity/root_hash_signature.hpp"

namespace bulkhead::seal {
namespace {

constexpr std::string_view kRootHashFile = "root-hash";

SealedRoot files_in(const sys::Path& root, const sys::Path& directory) {
  return {
      .root = root, .verity = directory / "root.verity", .signature = directory / "root.verity-sig", .root_hash = {}};
}

Result<verity::RootHashSignature> sign(const Sha256& root_hash, const keys::KeyPair& pair) {
  const auto key = TRY(crypto::PrivateKey::load(pair.key));
  const auto certificate = TRY(crypto::Certificate::load(pair.certificate));
  const std::string text = root_hash.to_string();
  auto signature = TRY(crypto::pkcs7_sign(key, certificate, as_bytes(text), crypto::Pkcs7Form::detached));
  return verity::RootHashSignature{
      .root_hash = root_hash, .certificate_fingerprint = certificate.fingerprint(), .signature = std::move(signature)};
}

}  // namespace

Result<Sha256> SealedRoot::digest() const {
  const Sha256 content = TRY(crypto::sha256_file(signature));
  return stage::NamedDigest().add("root hash", root_hash).add("signature", content).finish();
}

Result<SealedRoot> seal(const SealInputs& inputs, const sys::Path& directory) {
  SealedRoot sealed = files_in(inputs.root.path, directory);
  // The superblock's UUID is not part of the root hash, and nothing looks for it: a constant is enough.
  const gpt::PartitionUuid uuid = gpt::derived_uuid("bulkhead verity superblock");
  sealed.root_hash =
      TRY_CTX(verity::format(sealed.root, sealed.verity, {.salt = verity::kProductLine.salt, .uuid = uuid}),
              "sealing the root image");
  const auto record = TRY_CTX(sign(sealed.root_hash, inputs.key), "signing the root hash");
  const auto partition = TRY(verity::write_root_hash_signature(record));
  TRY(sys::write_file_atomically(sealed.signature, partition));
  TRY(sys::write_file_atomically(directory / kRootHashFile, sealed.root_hash.to_string()));
  return sealed;
}

Result<SealedRoot> read_sealed(const sys::Path& root, const sys::Path& directory) {
  SealedRoot sealed = files_in(root, directory);
  const std::string text = TRY(sys::read_file(directory / kRootHashFile));
  sealed.root_hash = TRY_CTX(Sha256::parse(text), "reading {}", (directory / kRootHashFile).native());
  return sealed;
}

}  // namespace bulkhead::seal
