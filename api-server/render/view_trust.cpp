// Trusted certificates and the node's credentials: certificates, AWS files, the proxy.
#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"
#include "lib/crypto/certificate.hpp"

namespace bulkhead::render {
namespace {

// Every certificate of a bundle, written anew: because of one that cannot be parsed, readers would refuse the whole
// file. Text between certificates is dropped.
Result<std::string> certificates_of(std::string_view bundle) {
  std::string result;
  const auto certificates = TRY(crypto::Certificate::parse_bundle(bundle));
  for (const crypto::Certificate& certificate : certificates) {
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
    const std::string pem = TRY_CTX(certificates_of(bundle.data->value()), "pki.{}.data", name.text);
    View entry;
    entry["name"] = View(name.text);
    entry["pem"] = View(pem);
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

std::vector<File> aws_files(const settings::Aws& aws) {
  std::vector<File> files;
  const auto add = [&](std::string_view name, const std::optional<settings::Base64>& data) {
    if (!data) return;
    files.push_back({.path = sys::Path("/etc/bulkhead/aws") / name,
                     .content = data->value(),
                     .mode = 0600,
                     .secret = true,
                     .service = "aws"});
  };
  add("config", aws.config);
  add("credentials", aws.credentials);
  return files;
}

Result<std::optional<File>> proxy_file(const settings::Network& network) {
  if (!network.https_proxy && !network.no_proxy) return std::nullopt;
  View view;
  if (network.https_proxy) view["proxy"] = View(network.https_proxy->to_string());
  std::string exceptions;
  for (const settings::Line& host : network.no_proxy.value_or(std::vector<settings::Line>())) {
    if (!exceptions.empty()) exceptions += ',';
    exceptions += host.text;
  }
  if (!exceptions.empty()) view["exceptions"] = View(exceptions);
  std::string content = TRY_CTX(fill("proxy", view, Format::environment), "network.https-proxy");
  // Only process 1 reads it; the address of a proxy may contain a password.
  return File{.path = "/etc/bulkhead/proxy.env",
              .content = std::move(content),
              .mode = 0600,
              .secret = network.https_proxy && network.https_proxy->value().may_have_password(),
              .service = "containerd"};
}

}  // namespace

Files trust_files(const settings::Settings& settings, const Facts& facts) {
  std::vector<File> files = aws_files(settings.aws);
  auto proxy = TRY(proxy_file(settings.network));
  if (proxy) files.push_back(*std::move(proxy));
  // When nothing is set, the image's file stays.
  std::string certificates = TRY(trusted_certificates(settings, facts));
  if (!certificates.empty()) {
    files.push_back(
        {.path = "/etc/ssl/certs/ca-certificates.crt", .content = std::move(certificates), .service = "certificates"});
  }
  return files;
}

}  // namespace bulkhead::render
