#include "tests/support/operator.hpp"

#include <cstdlib>

#include "lib/base/hex.hpp"
#include "lib/codec/base64.hpp"
#include "tests/support/must.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  const sys::Output output = tool(std::move(arguments));
  INFO(output.err);
  REQUIRE(output.exit_status == 0);
}

std::string program() {
  const char* path = ::getenv("BULKHEAD_APICLIENT");  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(path != nullptr);
  return path;
}

}  // namespace

Operator::Operator(std::uint16_t port) : directory_(must(sys::TempDir::create("/tmp", "bulkhead-operator-"))) {
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file("ca.key"),
           "-out", file("ca.crt"), "-subj", "/CN=Test CA", "-days", "30"});
  make_certificate("node", "node", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
  make_certificate("operator", "ops-1", "extendedKeyUsage=clientAuth\n");
  const sys::Output added = sys::Output(must(
      sys::run({.arguments = {program(), "profile", "add", "node", "--host", std::format("127.0.0.1:{}", port), "--ca",
                              file("ca.crt"), "--cert", file("operator.crt"), "--key", file("operator.key")},
                .extra_environment = {"XDG_CONFIG_HOME=" + directory_.path().native()}})));
  INFO(added.err);
  REQUIRE(added.exit_status == 0);
}

void Operator::make_certificate(const std::string& name, const std::string& common_name,
                                const std::string& extensions) const {
  must(sys::write_file_atomically(file(name + ".ext"), extensions));
  openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file(name + ".key"),
           "-out", file(name + ".csr"), "-subj", "/CN=" + common_name});
  openssl({"x509", "-req", "-in", file(name + ".csr"), "-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-out",
           file(name + ".crt"), "-days", "30", "-extfile", file(name + ".ext")});
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

sys::Output Operator::apiclient(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {program(), "-n", "node"});
  return must(sys::run(
      {.arguments = std::move(arguments), .extra_environment = {"XDG_CONFIG_HOME=" + directory_.path().native()}}));
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
