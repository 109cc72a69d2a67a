// Owners of OpenSSL objects and its error queue as our Error. For the files of this folder only.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::crypto {

template <auto function>
struct Release {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};

using BioHandle = std::unique_ptr<BIO, Release<BIO_free_all>>;
using Pkcs7Handle = std::unique_ptr<PKCS7, Release<PKCS7_free>>;

// Empties the error queue of this thread into the message: "what (reason; reason)".
std::unexpected<Error> fail_openssl(ErrorCode code, std::string what);

// A memory BIO that reads the bytes in place; they must outlive it.
Result<BioHandle> reading_bio(std::span<const std::byte> bytes);
Result<BioHandle> writing_bio();
std::string written(BIO* bio);

// DER of an object through its i2d function.
template <class T, class Encoder>
std::vector<std::byte> to_der(T* object, Encoder encode) {
  unsigned char* raw = nullptr;
  const int length = encode(object, &raw);
  if (length < 0) return {};
  const auto* bytes = reinterpret_cast<const std::byte*>(raw);
  std::vector<std::byte> der(bytes, bytes + length);
  OPENSSL_free(raw);
  return der;
}

}  // namespace bulkhead::crypto
