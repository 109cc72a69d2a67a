#include "lib/crypto/sha256.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>

namespace bulkhead::crypto {

void Sha256Stream::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }

Sha256Stream& Sha256Stream::update(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  return *this;
}

Sha256 Sha256Stream::finish() {
  Sha256 digest;
  EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.bytes.data()), nullptr);
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  return digest;
}

Sha256 sha256(std::span<const std::byte> bytes) { return Sha256Stream().update(bytes).finish(); }

Result<Sha256> sha256_file(const sys::Path& path) {
  const sys::UniqueFd fd = TRY(sys::open_file(path, O_RDONLY));
  Sha256Stream stream;
  std::array<std::byte, 131072> buffer;
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading {}", path.native());
    if (count == 0) return stream.finish();
    stream.update(std::span(buffer).first(static_cast<std::size_t>(count)));
  }
}

}  // namespace bulkhead::crypto
