// OpenSSL, loaded when the first TLS connection is made. For the files of this folder.
//
// Linking it costs every start of a program about 0.6 ms (loading two libraries, or relocating 500 KB of tables when
// they are static), which is as long as `apiclient get` takes altogether, and most connections are Unix sockets. The
// members have the names of the functions.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "lib/base/result.hpp"

namespace bulkhead::net {

// NOLINTBEGIN(readability-identifier-naming): OpenSSL's names
struct Openssl {
  decltype(&::SSL_CTX_new) SSL_CTX_new;
  decltype(&::SSL_CTX_free) SSL_CTX_free;
  decltype(&::SSL_CTX_ctrl) SSL_CTX_ctrl;
  decltype(&::SSL_CTX_set_options) SSL_CTX_set_options;
  decltype(&::SSL_CTX_load_verify_file) SSL_CTX_load_verify_file;
  decltype(&::SSL_CTX_set_verify) SSL_CTX_set_verify;
  decltype(&::SSL_CTX_use_certificate_chain_file) SSL_CTX_use_certificate_chain_file;
  decltype(&::SSL_CTX_use_PrivateKey_file) SSL_CTX_use_PrivateKey_file;
  decltype(&::SSL_CTX_check_private_key) SSL_CTX_check_private_key;
  decltype(&::SSL_new) SSL_new;
  decltype(&::SSL_free) SSL_free;
  decltype(&::SSL_ctrl) SSL_ctrl;
  decltype(&::SSL_set_fd) SSL_set_fd;
  decltype(&::SSL_set1_host) SSL_set1_host;
  decltype(&::SSL_set_hostflags) SSL_set_hostflags;
  decltype(&::SSL_get0_param) SSL_get0_param;
  decltype(&::SSL_get0_peer_certificate) SSL_get0_peer_certificate;
  decltype(&::SSL_get_verify_result) SSL_get_verify_result;
  decltype(&::SSL_connect) SSL_connect;
  decltype(&::SSL_read) SSL_read;
  decltype(&::SSL_write) SSL_write;
  decltype(&::SSL_get_error) SSL_get_error;
  decltype(&::TLS_client_method) TLS_client_method;
  decltype(&::X509_VERIFY_PARAM_set1_ip_asc) X509_VERIFY_PARAM_set1_ip_asc;
  decltype(&::X509_digest) X509_digest;
  decltype(&::X509_verify_cert_error_string) X509_verify_cert_error_string;
  decltype(&::EVP_sha256) EVP_sha256;
  decltype(&::ERR_peek_last_error) ERR_peek_last_error;
  decltype(&::ERR_reason_error_string) ERR_reason_error_string;
  decltype(&::ERR_clear_error) ERR_clear_error;
};
// NOLINTEND(readability-identifier-naming)

// One table for the life of the process. Errors: failed_precondition when libssl.so.3 is missing.
Result<const Openssl*> load_openssl();

}  // namespace bulkhead::net
