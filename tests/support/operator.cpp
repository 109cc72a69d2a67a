#include "tests/support/operator.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "lib/base/hex.hpp"
#include "lib/codec/base64.hpp"
#include "tests/support/must.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

constexpr const char* kDays = "3650";

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  const sys::Output output = tool(std::move(arguments));
  INFO(output.err);
  REQUIRE(output.exit_status == 0);
}

// Signed by the CA in `directory`: `name`.key and `name`.crt there.
void make_certificate(const sys::Path& directory, const std::string& name, const std::string& common_name,
                      const std::string& extensions) {
  const auto file = [&](const std::string& ending) { return (directory / (name + ending)).native(); };
  must(sys::write_file_atomically(file(".ext"), extensions));
  openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file(".key"), "-out",
           file(".csr"), "-subj", "/CN=" + common_name});
  openssl({"x509", "-req", "-in", file(".csr"), "-CA", directory / "ca.crt", "-CAkey", directory / "ca.key", "-out",
           file(".crt"), "-days", kDays, "-extfile", file(".ext")});
}

std::string program() {
  const char* path = ::getenv("BULKHEAD_APICLIENT");  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(path != nullptr);
  return path;
}

}  // namespace

std::uint16_t free_port() {
  const sys::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

Operator::Operator(std::uint16_t port)
    : directory_(must(sys::TempDir::create("/tmp", "bulkhead-operator-"))), certificates_(directory_.path()) {
  make_certificates(certificates_);
  add_profile(port);
}

Operator::Operator(std::uint16_t port, sys::Path certificates)
    : directory_(must(sys::TempDir::create("/tmp", "bulkhead-operator-"))), certificates_(std::move(certificates)) {
  add_profile(port);
}

void Operator::make_certificates(const sys::Path& directory) {
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
           directory / "ca.key", "-out", directory / "ca.crt", "-subj", "/CN=Test CA", "-days", kDays});
  make_certificate(directory, "node", "node", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
  make_certificate(directory, "operator", "ops-1", "extendedKeyUsage=clientAuth\n");
}

void Operator::add_profile(std::uint16_t port) const {
  const sys::Output added = must(
      sys::run({.arguments = {program(), "profile", "add", "node", "--host", std::format("127.0.0.1:{}", port), "--ca",
                              file("ca.crt"), "--cert", file("operator.crt"), "--key", file("operator.key")},
                .extra_environment = {"XDG_CONFIG_HOME=" + directory_.path().native()}}));
  INFO(added.err);
  REQUIRE(added.exit_status == 0);
}

std::string Operator::base64_of(const std::string& name) const {
  return codec::to_base64(as_bytes(must(sys::read_file(file(name)))));
}

nlohmann::json Operator::api_settings() const {
  return {{"client-ca", base64_of("ca.crt")},
          {"certificate", base64_of("node.crt")},
          {"key", base64_of("node.key")},
          {"listen-address", "0.0.0.0"},
          {"roles", {{{"subject", "ops-*"}, {"role", "admin"}}}}};
}

// While a machine that counts instructions waits for us, its clock jumps from timer to timer, and the server's limit
// for a handshake may pass within a moment of the host. Nothing has been asked for by then. In TLS 1.3 the client is
// done with the handshake before the server is, and learns of the limit when it waits for its answer.
sys::Output Operator::apiclient(std::vector<std::string> arguments) const {
  constexpr int kAttempts = 10;
  constexpr std::array<std::string_view, 3> kNobodyListened = {"closed the connection during the TLS handshake",
                                                               "closed the connection without an answer",
                                                               "Connection reset by peer"};
  arguments.insert(arguments.begin(), {program(), "-n", "node"});
  const sys::Command command{.arguments = std::move(arguments),
                             .extra_environment = {"XDG_CONFIG_HOME=" + directory_.path().native()}};
  for (int attempt = 1;; ++attempt) {
    sys::Output output = must(sys::run(command));
    const bool nobody_listened =
        std::ranges::any_of(kNobodyListened, [&](std::string_view text) { return output.err.contains(text); });
    if (attempt == kAttempts || !nobody_listened) return output;
  }
}

std::string Operator::must_apiclient(std::vector<std::string> arguments) const {
  const sys::Output output = apiclient(arguments);
  std::string line;
  for (const std::string& argument : arguments) line += argument + ' ';
  INFO("apiclient " << line << "\n" << output.err);
  REQUIRE(output.exit_status == 0);
  return output.out;
}

nlohmann::json Operator::json(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "--json");
  return nlohmann::json::parse(must_apiclient(std::move(arguments)));
}

}  // namespace bulkhead::testing
