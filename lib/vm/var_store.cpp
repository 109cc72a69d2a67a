#include "lib/vm/var_store.hpp"

#include <algorithm>
#include <initializer_list>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/child.hpp"

namespace bulkhead::vm {
namespace {

Result<sys::Path> firmware_file(const sys::Path& directory, std::string_view name) {
  sys::Path path = directory / name;
  if (!sys::exists(path)) {
    return fail(error(ErrorCode::not_found, "there is no UEFI firmware at {}", path.native())
                    .with_hint("install the package ovmf"));
  }
  return path;
}

// A GUID of RFC 9562's version 8 ("custom"): the first 16 bytes of the digest of the certificate.
Result<std::string> owner_guid(const sys::Path& certificate) {
  Sha256 digest = TRY(crypto::sha256_file(certificate));
  digest.bytes[6] = (digest.bytes[6] & std::byte{0x0f}) | std::byte{0x80};
  digest.bytes[8] = (digest.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  const std::string hex = digest.to_string();
  return std::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20, 12));
}

Result<> enroll(std::vector<std::string>& arguments, std::string option, const sys::Path& certificate) {
  std::string guid = TRY(owner_guid(certificate));
  arguments.insert(arguments.end(), {std::move(option), std::move(guid), certificate.native()});
  return {};
}

}  // namespace

Result<SecureBootCertificates> certificates_in(const sys::Path& key_directory) {
  for (const char* name : {"pk.pem", "kek.pem", "db.pem", "root-hash.pem"}) {
    if (!sys::exists(key_directory / name)) {
      return fail(error(ErrorCode::not_found, "there is no Secure Boot certificate {}", (key_directory / name).native())
                      .with_hint("use --keys with the key directory that the image was built with"));
    }
  }
  return SecureBootCertificates{.platform_key = key_directory / "pk.pem",
                                .key_exchange_key = key_directory / "kek.pem",
                                .signature_db = {key_directory / "db.pem", key_directory / "root-hash.pem"}};
}

Result<UefiBoot> create_variable_store(const sys::Path& target, const SecureBootCertificates& certificates,
                                       const sys::Path& firmware) {
  sys::Path code = TRY(firmware_file(firmware, "OVMF_CODE_4M.secboot.fd"));
  UefiBoot boot{.code = std::move(code), .variables = target, .secure_boot = true};
  const sys::Path blank = TRY(firmware_file(firmware, "OVMF_VARS_4M.fd"));
  std::vector<std::string> arguments = {"virt-fw-vars", "--loglevel", "WARNING",      "--input",
                                        blank.native(), "--output",   target.native()};
  TRY(enroll(arguments, "--set-pk", certificates.platform_key));
  TRY(enroll(arguments, "--add-kek", certificates.key_exchange_key));
  for (const sys::Path& certificate : certificates.signature_db) TRY(enroll(arguments, "--add-db", certificate));
  arguments.emplace_back("--secure-boot");
  TRY_CTX(sys::run_checked({.arguments = std::move(arguments)}), "enrolling Secure Boot keys");
  return boot;
}

Result<UefiBoot> existing_variable_store(const sys::Path& store, const sys::Path& firmware) {
  sys::Path code = TRY(firmware_file(firmware, "OVMF_CODE_4M.secboot.fd"));
  return UefiBoot{.code = std::move(code), .variables = store, .secure_boot = true};
}

Result<UefiBoot> create_empty_variable_store(const sys::Path& target, const sys::Path& firmware) {
  sys::Path code = TRY(firmware_file(firmware, "OVMF_CODE_4M.fd"));
  UefiBoot boot{.code = std::move(code), .variables = target, .secure_boot = false};
  const sys::Path template_store = TRY(firmware_file(firmware, "OVMF_VARS_4M.fd"));
  const std::string blank = TRY(sys::read_file(template_store));
  TRY_CTX(sys::write_file_atomically(target, blank), "making a variable store");
  return boot;
}

}  // namespace bulkhead::vm
