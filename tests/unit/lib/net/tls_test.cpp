// TLS against a server of OpenSSL's own, with certificates made on the spot.
#include <arpa/inet.h>
#include <catch2/catch_test_macros.hpp>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

#include "lib/net/connection.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::net;
using testing::must;

namespace {

template <auto function>
struct Release {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Release<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>>;
using Tls = std::unique_ptr<SSL, Release<SSL_free>>;
using File = std::unique_ptr<FILE, Release<std::fclose>>;

void add_extension(X509* certificate, int id, const char* value) {
  const std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, id, value));
  REQUIRE(extension);
  REQUIRE(X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Self-signed for an hour, its own CA, naming `names`.
struct Identity {
  Key key{EVP_EC_gen("P-256")};
  Cert certificate{X509_new()};
  std::string certificate_file;
  std::string key_file;

  Identity(const sys::Path& directory, const std::string& name, const char* names) {
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), NID_subject_alt_name, names);
    REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
    certificate_file = (directory / (name + ".pem")).native();
    key_file = (directory / (name + ".key")).native();
    const File pem(std::fopen(certificate_file.c_str(), "we"));
    REQUIRE(PEM_write_X509(pem.get(), certificate.get()) == 1);
    const File secret(std::fopen(key_file.c_str(), "we"));
    REQUIRE(PEM_write_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  }

  Sha256 fingerprint() const {
    Sha256 digest;
    unsigned int size = 0;
    X509_digest(certificate.get(), EVP_sha256(), reinterpret_cast<unsigned char*>(digest.bytes.data()), &size);
    return digest;
  }
};

// Answers each connection once. Wants a certificate that `client` vouches for, when there is one.
class TlsServer {
 public:
  TlsServer(const Identity& own, const Identity* client, int version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_server_method())) {
    ::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    REQUIRE(SSL_CTX_use_certificate_file(context_.get(), own.certificate_file.c_str(), SSL_FILETYPE_PEM) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(context_.get(), own.key_file.c_str(), SSL_FILETYPE_PEM) == 1);
    if (client != nullptr) {
      REQUIRE(SSL_CTX_load_verify_file(context_.get(), client->certificate_file.c_str()) == 1);
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_.get(), 16) == 0);
    REQUIRE(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() { ::shutdown(listener_.get(), SHUT_RDWR); }

  std::uint16_t port = 0;

 private:
  void serve() {
    for (;;) {
      const sys::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket) return;
      const Tls tls(SSL_new(context_.get()));
      SSL_set_fd(tls.get(), socket.get());
      std::array<char, 4096> request{};
      if (SSL_accept(tls.get()) == 1 && SSL_read(tls.get(), request.data(), request.size()) > 0) {
        static constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        SSL_write(tls.get(), kAnswer.data(), kAnswer.size());
        SSL_shutdown(tls.get());
      }
      // Until the client has gone, so that an alert is not lost in a reset.
      ::shutdown(socket.get(), SHUT_WR);
      while (::recv(socket.get(), request.data(), request.size(), 0) > 0) {
      }
    }
  }

  Context context_;
  sys::UniqueFd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::jthread thread_;
};

Result<std::string> ask(const TlsEndpoint& endpoint) {
  auto connection = TRY(Connection::open(endpoint));
  ClientResponse response = TRY(connection.send({}));
  return std::move(response.body);
}

struct Fixture {
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "tls-"));
  Identity node{directory.path(), "node", "DNS:localhost,IP:127.0.0.1"};
  Identity operator_{directory.path(), "operator", "DNS:operator"};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a server is believed because of its CA and its name") {
  const TlsServer server(node, nullptr);
  TlsEndpoint endpoint{.host = "127.0.0.1", .port = server.port, .ca_file = node.certificate_file};
  CHECK(must(ask(endpoint)) == "ok");
  endpoint.host = "localhost";
  CHECK(must(ask(endpoint)) == "ok");
  endpoint.ca_file = operator_.certificate_file;
  CHECK(ask(endpoint).error().code == ErrorCode::verification_failed);
}

TEST_CASE_METHOD(Fixture, "a server with another name is refused") {
  const Identity other(directory.path(), "other", "DNS:example.com");
  const TlsServer server(other, nullptr);
  const auto answer = ask({.host = "localhost", .port = server.port, .ca_file = other.certificate_file});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::verification_failed);
  CHECK(answer.error().message.contains("hostname mismatch"));
}

TEST_CASE_METHOD(Fixture, "a server is believed because of its fingerprint, and refused with another one") {
  const TlsServer server(node, nullptr);
  TlsEndpoint endpoint{.host = "127.0.0.1", .port = server.port, .fingerprint = node.fingerprint()};
  CHECK(must(ask(endpoint)) == "ok");
  endpoint.fingerprint = operator_.fingerprint();
  const auto answer = ask(endpoint);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::verification_failed);
  CHECK(answer.error().message.contains(node.fingerprint().to_string()));
}

TEST_CASE_METHOD(Fixture, "the server hears who we are, and its refusal is not permitted") {
  const TlsServer server(node, &operator_);
  TlsEndpoint endpoint{.host = "127.0.0.1", .port = server.port, .ca_file = node.certificate_file};
  const auto nobody = ask(endpoint);
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code == ErrorCode::permission_denied);
  endpoint.certificate_file = operator_.certificate_file;
  endpoint.key_file = operator_.key_file;
  CHECK(must(ask(endpoint)) == "ok");
  endpoint.certificate_file = node.certificate_file;
  endpoint.key_file = node.key_file;
  CHECK(ask(endpoint).error().code == ErrorCode::permission_denied);
}

TEST_CASE_METHOD(Fixture, "a key that does not belong to the certificate is told before anything is sent") {
  const TlsServer server(node, nullptr);
  TlsEndpoint endpoint{.host = "127.0.0.1", .port = server.port, .ca_file = node.certificate_file};
  endpoint.certificate_file = operator_.certificate_file;
  endpoint.key_file = node.key_file;
  CHECK(ask(endpoint).error().code == ErrorCode::invalid_argument);
  endpoint.ca_file = "/nonexistent";
  CHECK(ask(endpoint).error().code == ErrorCode::invalid_argument);
}

TEST_CASE_METHOD(Fixture, "TLS 1.2 is not spoken") {
  const TlsServer server(node, nullptr, TLS1_2_VERSION);
  CHECK(ask({.host = "127.0.0.1", .port = server.port, .ca_file = node.certificate_file}).error().code ==
        ErrorCode::unavailable);
}
