#include <algorithm>

#include "os-builder/rootfs/steps.hpp"

namespace bulkhead::rootfs {
namespace {

// Where the API server replaces it; readers get there by a link (overlay/base/etc/ssl/certs).
constexpr const char* kCertificates = "/etc/bulkhead/ssl/certs/ca-certificates.crt";

}  // namespace

// The one file that OpenSSL, curl, GnuTLS and Go read. No hashed links: nothing in the image looks certificates up by
// hash.
Result<> add_certificates(Tree& tree) {
  constexpr std::string_view kSource = "/usr/share/ca-certificates";
  std::vector<std::pair<std::string, Content>> certificates;
  for (const auto& [path, entry] : tree.below_directory(kSource)) {
    if (entry.content() != nullptr && path.ends_with(".crt")) certificates.emplace_back(path, *entry.content());
  }
  if (certificates.empty()) return {};
  std::string bundle;
  for (const auto& [path, content] : certificates) {
    const std::string text = TRY_CTX(content.read(), "reading {}", path);
    bundle += text;
    if (!text.ends_with('\n')) bundle += '\n';
  }
  tree.remove(kSource);
  return tree.put_file(kCertificates, std::move(bundle), 0644, "ca-certificates");
}

}  // namespace bulkhead::rootfs
