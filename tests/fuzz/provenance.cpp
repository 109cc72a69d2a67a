#include "os-builder/sbom/provenance.hpp"

#include <cstddef>
#include <cstdint>

// A certificate whose private key nobody has any more: nothing is ever accepted.
constexpr const char* kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIDATCCAemgAwIBAgIUBmDA4Q74ykR61XaDZ/8UKT7EYz0wDQYJKoZIhvcNAQEL
BQAwDzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMjcxMDM0NTJaGA8yMTI2MTEwMzEw
MzQ1MlowDzENMAsGA1UEAwwEZnV6ejCCASIwDQYJKoZIhvcNAQEBBQADggEPADCC
AQoCggEBAOUoWP44REPoRDPfFXrmCVup728y2Te+wDe8ZFxtI1lOg76AXmQzez75
BlQwu3/SjFZQMvBOxdV6/G6RBFK9DSlvTA2sOPLRu8CBRGQ+vUP8rm3eUjSMgP1O
u8DLr4RUPJvAhK3BVOCDgysYMgB0/oUGBpm5nrrbi6HFRNp/X7NW799y7uJZy8KQ
JwEKOiwD36WvtXHspwWeFaEyHNnruHtTJNtHbOSIkxZualVQY/CbT9hDeEc75wWK
GojwB7E+A9u/BQ0KGVTApTQNdsWY5HRTML3rqHvAQZQVctPwNuvSUcz7SDxaDTDi
sF5rl6BsxRijvBY41etJGb8P+pIZRTECAwEAAaNTMFEwHQYDVR0OBBYEFLjTa5vH
Rh33J6WwobGwxTmfK/wmMB8GA1UdIwQYMBaAFLjTa5vHRh33J6WwobGwxTmfK/wm
MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAFNa/sIgNFoBVnlu
hq9YffM458TM7uvEYHfqwqtMiGuFrl7kPbSOm/ZrdbzdcbB9BUHWsKmnujZ4DQC8
0BJUCG4U7Qn0WMZGHN78qXgmsQ4e7Zt5gCVQyk8lTIjodaEJczWHvIwkSxWW1zHp
SyWVI0yGRCXQzeJ2pXfwhsvYHaTjCW7X3i8Dp5iARPTjRttWogcu6B0x79TWi+M9
KgIPFpRxCoLZbfO0AI6GnxwRbSx9uVvjG8PttqtmLamgA2SeR4bqOMgiwqemuraA
atOM5N2QHKr7p3lE/36L22UdCGrVoacLl60iUwAaWF0aK2sYFcb3cUbqMLMzacgI
Bsh+K3M=
-----END CERTIFICATE-----
)";

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto certificate = bulkhead::crypto::Certificate::parse_pem(kCertificate).value();
  const auto text = bulkhead::as_text(std::as_bytes(std::span(data, size)));
  if (bulkhead::sbom::verify_provenance(text, certificate)) __builtin_trap();
  return 0;
}
