#include "api-server/render/render.hpp"

#include <algorithm>
#include <iterator>

#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

struct Part {
  Files (*files)(const settings::Settings& settings, const Facts& facts);
  std::vector<std::string_view> services;  // whose files these may be
};

const std::vector<Part>& parts() {
  static const std::vector<Part> all = {
      {name_files, {"hostname", "hosts", "motd"}},
      {trust_files, {"aws", "certificates", "containerd"}},
      {kernel_files, {"kernel-modules", "sysctl"}},
      {firewall_files, {"firewall"}},
      {network_files, {"networkd"}},
      {time_files, {"networkd", "resolved", "timesyncd"}},
      {container_network_files, {"cni"}},
      {containerd_files, {"containerd"}},
      {registry_files, {"containerd"}},
      {oci_default_files, {"containerd"}},
  };
  return all;
}

Files files_of(const Part& part, const settings::Settings& settings, const Facts& facts) {
  std::vector<File> files = TRY(part.files(settings, facts));
  for (const File& file : files) {
    if (!std::ranges::contains(part.services, file.service))
      return fail(ErrorCode::internal, "{} belongs to {}, which its part of render() does not name", file.path.native(),
                  file.service);
  }
  return files;
}

}  // namespace

Result<std::vector<File>> render(const settings::Settings& settings, const Facts& facts) {
  std::vector<File> files;
  for (const Part& part : parts()) {
    std::vector<File> made = TRY(files_of(part, settings, facts));
    std::ranges::move(made, std::back_inserter(files));
  }
  std::ranges::sort(files, {}, &File::path);
  return files;
}

Result<> check(const settings::Settings& settings, const Facts& facts, const std::set<std::string>& services) {
  for (const Part& part : parts()) {
    if (std::ranges::any_of(part.services, [&](std::string_view name) { return services.contains(std::string(name)); }))
      TRY(files_of(part, settings, facts));
  }
  return {};
}

}  // namespace bulkhead::render
