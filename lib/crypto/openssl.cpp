#include "lib/crypto/openssl.hpp"

#include <openssl/err.h>

#include <array>
#include <limits>

namespace bulkhead::crypto {

std::unexpected<Error> fail_openssl(ErrorCode code, std::string what) {
  std::string reasons;
  while (const unsigned long entry = ERR_get_error()) {
    std::array<char, 256> text{};
    const char* reason = ERR_reason_error_string(entry);
    if (reason == nullptr) {
      ERR_error_string_n(entry, text.data(), text.size());
      reason = text.data();
    }
    if (!reasons.empty()) reasons += "; ";
    reasons += reason;
  }
  if (!reasons.empty()) what += std::format(" ({})", reasons);
  return fail(error(code, "{}", what));
}

Result<BioHandle> reading_bio(std::span<const std::byte> bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return fail(ErrorCode::invalid_argument, "{} bytes are too many", bytes.size());
  BioHandle bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (!bio) return fail_openssl(ErrorCode::internal, "allocating a BIO");
  return bio;
}

Result<BioHandle> writing_bio() {
  BioHandle bio(BIO_new(BIO_s_mem()));
  if (!bio) return fail_openssl(ErrorCode::internal, "allocating a BIO");
  return bio;
}

std::string written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace bulkhead::crypto
