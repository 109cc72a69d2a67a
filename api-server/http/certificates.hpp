// For the files of this folder: certificates in PEM and DER.
#pragma once

#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::http {

struct X509Free {
  void operator()(X509* certificate) const { ::X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, X509Free>;

// Every certificate of the text; asio's add_certificate_authority() takes only the first. Errors: invalid_argument.
Result<std::vector<Certificate>> parse_certificates(const std::string& pem);

inline constexpr std::string_view kClientCaRule = "api.client-ca: must be certificates in PEM, in base64";

}  // namespace bulkhead::http
