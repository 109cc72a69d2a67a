#include <catch2/catch_test_macros.hpp>

#include "lib/base/hex.hpp"
#include "lib/codec/base64.hpp"
#include "tests/unit/api-server/render/sample.hpp"

using namespace bulkhead;
using namespace bulkhead::render;
using namespace bulkhead::render::testing;

namespace {

// CN=Bulkhead test, until 2126; its key was thrown away.
constexpr std::string_view kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBhzCCAS2gAwIBAgIUMBEDJDc5gSZxEHjFH5FPe6xQhgowCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNQnVsa2hlYWQgdGVzdDAgFw0yNjExMjMxMjA1MDhaGA8yMTI2
MTAzMDEyMDUwOFowGDEWMBQGA1UEAwwNQnVsa2hlYWQgdGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABKYv6lhvHuz/TH+I0NvIUp3ACgL908glqws84BzMqQeF
yt3gU3HYb+ITryYEpxXE1wlyima0fj/ijRfhxlSS7YOjUzBRMB0GA1UdDgQWBBQP
VhRa0unOxYv+VoQkZf6f/DngXzAfBgNVHSMEGDAWgBQPVhRa0unOxYv+VoQkZf6f
/DngXzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDDTEY4IF8V
m9HZxJ2LiDxScNt/xEQ48CQ8Lxt2PQEcPgIgTLjbMXZUPPMWQlDGPMYxfhUDv6b8
vH1c76swYPAd7RI=
-----END CERTIFICATE-----
)";
constexpr auto kBundle = "/etc/ssl/certs/ca-certificates.crt";

Json bundle(std::string_view pem, bool trusted = true) {
  return {{"pki", {{"mine", {{"data", codec::to_base64(bulkhead::as_bytes(pem))}, {"trusted", trusted}}}}}};
}

}  // namespace

TEST_CASE("trusted certificates stand behind the image's") {
  const std::string text = content(bundle(kCertificate), kBundle);
  CHECK(text == "(the image's certificates)\n\n# settings.pki.mine\n" + std::string(kCertificate));
  CHECK(content(bundle(kCertificate, false), kBundle) == "(the image's certificates)\n");
}

TEST_CASE("only certificates get into the bundle") {
  const std::string noisy = "evil text\n" + std::string(kCertificate) + "more\n" + std::string(kCertificate);
  const std::string text = content(bundle(noisy), kBundle);
  CHECK(!text.contains("evil"));
  CHECK(text.ends_with(std::string(kCertificate) + std::string(kCertificate)));
}

TEST_CASE("a certificate that cannot be parsed is refused: readers would give up the whole bundle") {
  CHECK(refusal(bundle("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).contains("pki.mine.data"));
}

TEST_CASE("an empty bundle adds nothing") {
  CHECK(content(bundle(""), kBundle) == "(the image's certificates)\n\n# settings.pki.mine\n");
}

TEST_CASE("without any certificate the image's file is left as it is") {
  CHECK(find(render::render(node(), {}).value(), kBundle) == nullptr);
}

TEST_CASE("the proxy's variables are there in both cases") {
  const Json changes = {{"network", {{"https-proxy", "http://p.example:3128"}, {"no-proxy", {"a", "10.0.0.0/8"}}}}};
  CHECK(content(changes, "/etc/bulkhead/proxy.env") ==
        "# Made from settings.network.https-proxy and no-proxy.\n"
        "HTTPS_PROXY=\"http://p.example:3128\"\nhttps_proxy=\"http://p.example:3128\"\n"
        "HTTP_PROXY=\"http://p.example:3128\"\nhttp_proxy=\"http://p.example:3128\"\n"
        "NO_PROXY=\"a,10.0.0.0/8\"\nno_proxy=\"a,10.0.0.0/8\"\n");
}

TEST_CASE("AWS files are taken over as they are") {
  const auto files = rendered({{"aws", {{"config", "W2RlZmF1bHRdCg=="}}}}).value();
  const File* file = find(files, "/etc/bulkhead/aws/config");
  REQUIRE(file != nullptr);
  CHECK(file->content == "[default]\n");
  CHECK(file->mode == 0600);
  CHECK(file->secret);
}
