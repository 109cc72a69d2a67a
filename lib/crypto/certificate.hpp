// An X.509 certificate, immutable; copies share it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/hex.hpp"
#include "lib/sys/file.hpp"

struct x509_st;

namespace bulkhead::crypto {

class Certificate {
 public:
  // Errors: invalid_argument when the text contains no certificate. The first one is used.
  static Result<Certificate> parse_pem(std::string_view text);
  // Every certificate of a text that may have several, and other things between them. Errors: invalid_argument for one
  // that is none, or that does not end.
  static Result<std::vector<Certificate>> parse_bundle(std::string_view pem);
  static Result<Certificate> parse_der(std::span<const std::byte> der);
  static Result<Certificate> load(const sys::Path& pem_file);

  Result<std::string> to_pem() const;
  std::vector<std::byte> to_der() const;
  // SHA-256 of the DER form.
  Sha256 fingerprint() const;
  // "CN=Example db", RFC 2253.
  std::string subject() const;

  // For the other files of this folder. Takes ownership.
  static Certificate adopt(x509_st* certificate);
  x509_st* native() const { return certificate_.get(); }

  bool operator==(const Certificate& other) const { return fingerprint() == other.fingerprint(); }

 private:
  explicit Certificate(std::shared_ptr<x509_st> certificate) : certificate_(std::move(certificate)) {}
  std::shared_ptr<x509_st> certificate_;
};

}  // namespace bulkhead::crypto
