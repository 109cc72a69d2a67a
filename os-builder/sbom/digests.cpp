#include "os-builder/sbom/digests.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "lib/base/hex.hpp"

namespace bulkhead::sbom {

std::string sha1_hex(std::span<const std::byte> bytes) {
  std::array<std::byte, 20> digest{};
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha1(), nullptr);
  return to_hex(digest);
}

std::string verification_code(std::vector<std::string> sha1_texts) {
  std::ranges::sort(sha1_texts);
  std::string all;
  for (const std::string& text : sha1_texts) all += text;
  return sha1_hex(as_bytes(all));
}

}  // namespace bulkhead::sbom
