#include "lib/crypto/sha256.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
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

namespace {

constexpr std::size_t kChunk = std::size_t{128} << 10U;

void add_zeros(Sha256Stream& stream, std::uint64_t count) {
  static constexpr std::array<std::byte, kChunk> kZeros{};
  for (; count > 0; count -= std::min<std::uint64_t>(count, kChunk))
    stream.update(std::span(kZeros).first(static_cast<std::size_t>(std::min<std::uint64_t>(count, kChunk))));
}

// Bytes from `offset` up to `end`, or up to the end of the file when that comes first. Returns how many.
Result<std::uint64_t> add_range(Sha256Stream& stream, int fd, std::uint64_t offset, std::uint64_t end) {
  std::array<std::byte, kChunk> buffer;
  const std::uint64_t start = offset;
  while (offset < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, end - offset));
    const ssize_t count = ::pread(fd, buffer.data(), wanted, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading at offset {}", offset);
    if (count == 0) break;
    stream.update(std::span(buffer).first(static_cast<std::size_t>(count)));
    offset += static_cast<std::uint64_t>(count);
  }
  return offset - start;
}

}  // namespace

// Disk images are mostly holes, and reading a hole costs more than hashing it: the kernel makes pages of zeros first.
Result<Sha256> sha256_file(const sys::Path& path) {
  const sys::UniqueFd fd = TRY(sys::open_file(path, O_RDONLY));
  const std::uint64_t size = TRY(sys::file_size(path));
  Sha256Stream stream;
  std::uint64_t offset = 0;
  while (offset < size) {
    const std::uint64_t data = sys::next_data(fd.get(), offset, size);
    add_zeros(stream, data - offset);
    const std::uint64_t end = sys::next_hole(fd.get(), data, size);
    const std::uint64_t count = TRY_CTX(add_range(stream, fd.get(), data, end), "hashing {}", path.native());
    if (count < end - data) return stream.finish();  // it was truncated meanwhile
    offset = end;
  }
  // Files of /proc have size 0 and may not be empty; others may have grown.
  TRY_CTX(add_range(stream, fd.get(), offset, UINT64_MAX), "hashing {}", path.native());
  return stream.finish();
}

}  // namespace bulkhead::crypto
