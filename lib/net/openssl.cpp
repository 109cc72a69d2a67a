#include "lib/net/openssl.hpp"

#include <dlfcn.h>

namespace bulkhead::net {
namespace {

template <class Function>
bool find(void* library, const char* name, Function& into) {
  into = reinterpret_cast<Function>(::dlsym(library, name));  // dlsym(3) promises that this works
  return into != nullptr;
}

Result<Openssl> load() {
  // libcrypto comes with it, and dlsym() looks there too. Never closed: OpenSSL frees things when the process ends.
  void* library = ::dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
  Openssl table{};
  bool found = library != nullptr;
  if (found) {
    found = found && find(library, "SSL_CTX_new", table.SSL_CTX_new);
    found = found && find(library, "SSL_CTX_free", table.SSL_CTX_free);
    found = found && find(library, "SSL_CTX_ctrl", table.SSL_CTX_ctrl);
    found = found && find(library, "SSL_CTX_set_options", table.SSL_CTX_set_options);
    found = found && find(library, "SSL_CTX_load_verify_file", table.SSL_CTX_load_verify_file);
    found = found && find(library, "SSL_CTX_set_verify", table.SSL_CTX_set_verify);
    found = found && find(library, "SSL_CTX_use_certificate_chain_file", table.SSL_CTX_use_certificate_chain_file);
    found = found && find(library, "SSL_CTX_use_PrivateKey_file", table.SSL_CTX_use_PrivateKey_file);
    found = found && find(library, "SSL_CTX_check_private_key", table.SSL_CTX_check_private_key);
    found = found && find(library, "SSL_new", table.SSL_new);
    found = found && find(library, "SSL_free", table.SSL_free);
    found = found && find(library, "SSL_ctrl", table.SSL_ctrl);
    found = found && find(library, "SSL_set_fd", table.SSL_set_fd);
    found = found && find(library, "SSL_set1_host", table.SSL_set1_host);
    found = found && find(library, "SSL_set_hostflags", table.SSL_set_hostflags);
    found = found && find(library, "SSL_get0_param", table.SSL_get0_param);
    found = found && find(library, "SSL_get0_peer_certificate", table.SSL_get0_peer_certificate);
    found = found && find(library, "SSL_get_verify_result", table.SSL_get_verify_result);
    found = found && find(library, "SSL_connect", table.SSL_connect);
    found = found && find(library, "SSL_read", table.SSL_read);
    found = found && find(library, "SSL_write", table.SSL_write);
    found = found && find(library, "SSL_get_error", table.SSL_get_error);
    found = found && find(library, "TLS_client_method", table.TLS_client_method);
    found = found && find(library, "X509_VERIFY_PARAM_set1_ip_asc", table.X509_VERIFY_PARAM_set1_ip_asc);
    found = found && find(library, "X509_digest", table.X509_digest);
    found = found && find(library, "X509_verify_cert_error_string", table.X509_verify_cert_error_string);
    found = found && find(library, "EVP_sha256", table.EVP_sha256);
    found = found && find(library, "ERR_peek_last_error", table.ERR_peek_last_error);
    found = found && find(library, "ERR_reason_error_string", table.ERR_reason_error_string);
    found = found && find(library, "ERR_clear_error", table.ERR_clear_error);
  }
  if (!found) {
    const char* reason = ::dlerror();  // NOLINT(concurrency-mt-unsafe): per thread in glibc
    return fail(error(ErrorCode::failed_precondition, "TLS needs OpenSSL 3: {}", reason == nullptr ? "" : reason)
                    .with_hint("install libssl.so.3"));
  }
  return table;
}

}  // namespace

Result<const Openssl*> load_openssl() {
  static const Result<Openssl> kTable = load();
  if (!kTable) return fail(kTable.error());
  return &*kTable;
}

}  // namespace bulkhead::net
