#include "lib/crypto/secret_text.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace bulkhead::crypto {

void wipe(std::span<std::byte> bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

SecretText::SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) {
  other.wipe();  // a short text was copied
}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  text_ = std::move(other.text_);
  other.wipe();
  return *this;
}

void SecretText::wipe() {
  text_.resize(text_.capacity());
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

Result<SecretText> SecretText::read(const sys::Path& path, std::uint64_t limit) {
  const sys::UniqueFd fd = TRY(sys::open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (::fstat(fd.get(), &status) < 0) return fail_errno("looking at {}", path.native());
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::failed_precondition, "{} is not a regular file", path.native());
  SecretText secret;
  secret.text_.resize(static_cast<std::size_t>(limit) + 1);
  std::size_t size = 0;
  while (size < secret.text_.size()) {
    const ssize_t count = ::read(fd.get(), secret.text_.data() + size, secret.text_.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading {}", path.native());
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > limit) return fail(ErrorCode::failed_precondition, "{} is larger than {} bytes", path.native(), limit);
  secret.text_.resize(size);
  return secret;
}

}  // namespace bulkhead::crypto
