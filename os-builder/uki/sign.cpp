// Authenticode: osslsigncode signs, sbverify checks.
#include "lib/crypto/private_key.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/uki/signing.hpp"

namespace bulkhead::uki {
namespace {

// The options that give a key to osslsigncode. For a token, the module comes from the URI's module-path (RFC 7512,
// 2.4); without it p11-kit's proxy asks every configured token.
std::vector<std::string> key_arguments(const std::string& key) {
  if (!crypto::is_pkcs11_uri(key)) return {"-key", key};
  const std::string module = crypto::pkcs11_module_path(key).value_or("p11-kit-proxy.so");
  return {"-pkcs11module", module, "-login", "-key", crypto::without_pkcs11_module_path(key)};
}

}  // namespace

Result<> sign_file(const sys::Path& program, const keys::KeyPair& pair, std::int64_t epoch, const sys::Path& output) {
  sys::Command command{.arguments = {"osslsigncode", "sign", "-h", "sha256", "-certs", pair.certificate.native()}};
  for (std::string& argument : key_arguments(pair.key)) command.arguments.push_back(std::move(argument));
  for (const std::string& argument : {std::string("-time"), std::to_string(epoch), std::string("-in"), program.native(),
                                      std::string("-out"), output.native()}) {
    command.arguments.push_back(argument);
  }
  TRY_CTX(sys::run_checked(command), "signing {}", output.filename().native());
  return {};
}

Result<> verify_signature(const sys::Path& program, const sys::Path& certificate) {
  const sys::Output output =
      TRY(sys::run({.arguments = {"sbverify", "--cert", certificate.native(), program.native()}}));
  if (output.exit_status == 0) return {};
  return fail(ErrorCode::verification_failed, "{} is not signed by {}", program.filename().native(),
              certificate.native());
}

}  // namespace bulkhead::uki
