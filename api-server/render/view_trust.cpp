// Whom the node trusts and with what it makes itself known: certificates, AWS files, the proxy.
#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"
#include "lib/base/hex.hpp"
#include "lib/codec/base64.hpp"
#include "lib/crypto/certificate.hpp"

namespace bulkhead::render {
namespace {

// Every certificate of a bundle, written anew: one that cannot be parsed would make readers give up the whole file, and
// nothing that stands between certificates gets through.
Result<std::string> certificates_of(std::string_view base64) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  const auto bytes = TRY(codec::from_base64(base64));
  const std::string_view bundle = as_text(bytes);
  std::string result;
  for (std::size_t at = bundle.find(kBegin); at != std::string_view::npos; at = bundle.find(kBegin, at + 1)) {
    const std::size_t end = bundle.find(kEnd, at);
    if (end == std::string_view::npos) return fail(ErrorCode::invalid_argument, "a certificate has no end");
    const auto certificate = TRY(crypto::Certificate::parse_pem(bundle.substr(at, end + kEnd.size() - at)));
    const std::string pem = TRY(certificate.to_pem());
    result += pem;
  }
  if (result.ends_with('\n')) result.pop_back();
  return result;
}

Result<std::string> trusted_certificates(const settings::Settings& settings, const Facts& facts) {
  View list(View::type::list);
  for (const auto& [name, bundle] : settings.pki) {
    if (!bundle.trusted.value_or(false) || !bundle.data) continue;
    View entry;
    entry["name"] = View(name.text);
    const std::string certificates = TRY_CTX(certificates_of(bundle.data->text), "pki.{}.data", name.text);
    entry["pem"] = View(certificates);
    list << entry;
  }
  View view;
  std::string base = facts.base_certificates;
  if (base.ends_with('\n')) base.pop_back();
  if (base.empty() && list.is_empty_list()) return "";
  view["base"] = View(base);
  view["bundles"] = std::move(list);
  return fill("ca_certificates", view, Format::line);
}

Files aws_files(const settings::Aws& aws) {
  std::vector<File> files;
  const auto add = [&](std::string_view name, const std::optional<settings::Base64>& data) -> Result<> {
    if (!data) return {};
    const auto bytes = TRY_CTX(codec::from_base64(data->text), "aws.{}", name);
    files.push_back({.path = sys::Path("/etc/bulkhead/aws") / name,
                     .content = std::string(as_text(bytes)),
                     .mode = 0600,
                     .secret = true,
                     .service = "aws"});
    return {};
  };
  TRY(add("config", aws.config));
  TRY(add("credentials", aws.credentials));
  return files;
}

Result<std::optional<File>> proxy_file(const settings::Network& network) {
  if (!network.https_proxy && !network.no_proxy) return std::nullopt;
  View view;
  if (network.https_proxy) view["proxy"] = View(network.https_proxy->text);
  std::string exceptions;
  for (const settings::Line& host : network.no_proxy.value_or(std::vector<settings::Line>())) {
    if (!exceptions.empty()) exceptions += ',';
    exceptions += host.text;
  }
  if (!exceptions.empty()) view["exceptions"] = View(exceptions);
  std::string content = TRY_CTX(fill("proxy", view, Format::environment), "network.https-proxy");
  // Process 1 reads it, so nobody else has to; the address of a proxy may have a password in it.
  return File{.path = "/etc/bulkhead/proxy.env",
              .content = std::move(content),
              .mode = 0600,
              .secret = network.https_proxy && network.https_proxy->text.contains('@'),
              .service = "containerd"};
}

}  // namespace

Files trust_files(const settings::Settings& settings, const Facts& facts) {
  std::vector<File> files = TRY(aws_files(settings.aws));
  auto proxy = TRY(proxy_file(settings.network));
  if (proxy) files.push_back(*std::move(proxy));
  // With nothing to say, the image's file stays rather than being emptied.
  std::string certificates = TRY(trusted_certificates(settings, facts));
  if (!certificates.empty()) {
    files.push_back(
        {.path = "/etc/ssl/certs/ca-certificates.crt", .content = std::move(certificates), .service = "certificates"});
  }
  return files;
}

}  // namespace bulkhead::render
