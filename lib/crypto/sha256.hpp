// SHA-256 over memory, streams and files, through OpenSSL's EVP interface.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "lib/base/hex.hpp"
#include "lib/sys/file.hpp"

struct evp_md_ctx_st;

namespace bulkhead::crypto {

class Sha256Stream {
 public:
  Sha256Stream();
  Sha256Stream& update(std::span<const std::byte> bytes);
  Sha256Stream& update(std::string_view text) { return update(as_bytes(text)); }
  // The digest of everything so far; the stream starts again from nothing.
  Sha256 finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

Sha256 sha256(std::span<const std::byte> bytes);
inline Sha256 sha256(std::string_view text) { return sha256(as_bytes(text)); }
Result<Sha256> sha256_file(const sys::Path& path);

}  // namespace bulkhead::crypto
