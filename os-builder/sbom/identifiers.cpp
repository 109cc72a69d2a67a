#include "os-builder/sbom/identifiers.hpp"

#include <algorithm>
#include <format>

namespace bulkhead::sbom {
namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string encoded_except(std::string_view text, std::string_view plain) {
  std::string result;
  for (const char c : text) {
    if (is_alphanumeric(c) || plain.contains(c)) {
      result += c;
    } else {
      result += std::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

}  // namespace

std::string id_text(std::string_view text) {
  std::string id;
  for (const char c : text) {
    if (is_alphanumeric(c) || c == '.' || c == '-') {
      id += c;
    } else {
      id += std::format(".{:02X}", static_cast<unsigned char>(c));
    }
  }
  return id;
}

std::string percent_encoded(std::string_view text) { return encoded_except(text, ".-_~"); }

std::string encoded_path(std::string_view text) { return encoded_except(text, ".-_~/"); }

std::string debian_url(const DebianName& name) {
  const std::string distribution = name.suite.substr(0, name.suite.find('-'));
  std::string url = std::format("pkg:deb/debian/{}@{}?arch={}", percent_encoded(name.name),
                                percent_encoded(name.version), percent_encoded(name.architecture));
  if (!distribution.empty()) url += "&distro=" + percent_encoded(distribution);
  const bool same_version = name.source_version.empty() || name.source_version == name.version;
  if (!name.source.empty() && (name.source != name.name || !same_version))
    url += "&upstream=" + percent_encoded(same_version ? name.source : name.source + "@" + name.source_version);
  return url;
}

std::string upstream_version(std::string_view version) {
  if (const auto colon = version.find(':'); colon != std::string_view::npos) version.remove_prefix(colon + 1);
  version = version.substr(0, version.rfind('-'));
  static constexpr std::string_view kReally = "+really";
  if (const auto really = version.find(kReally); really != std::string_view::npos)
    version.remove_prefix(really + kReally.size());
  for (const std::string_view mark : {"+dfsg", ".dfsg", "~dfsg", "+ds", "~ds", "+deb", "~deb", "+repack", "+git"})
    version = version.substr(0, version.find(mark));
  return std::string(version);
}

std::string cpe_name(std::string_view product, std::string_view debian_version) {
  const std::string_view part = product.starts_with("o:") ? "o" : "a";
  if (part == "o") product.remove_prefix(2);
  const auto colon = product.find(':');
  // In a formatted string, everything but letters, digits and '_' is quoted, '.' and '-' excepted (6.2).
  std::string version;
  for (const char c : upstream_version(debian_version)) {
    if (!is_alphanumeric(c) && c != '.' && c != '-' && c != '_') version += '\\';
    version += c;
  }
  return std::format("cpe:2.3:{}:{}:{}:{}:*:*:*:*:*:*:*", part, product.substr(0, colon), product.substr(colon + 1),
                     version);
}

}  // namespace bulkhead::sbom
