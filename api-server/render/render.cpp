#include "api-server/render/render.hpp"

#include <algorithm>
#include <iterator>

#include "api-server/render/views.hpp"

namespace bulkhead::render {

Result<std::vector<File>> render(const settings::Settings& settings, const Facts& facts) {
  std::vector<File> files;
  for (const auto& part : {name_files, trust_files, kernel_files, firewall_files, network_files, time_files,
                           container_network_files, containerd_files, registry_files, oci_default_files}) {
    std::vector<File> made = TRY(part(settings, facts));
    std::ranges::move(made, std::back_inserter(files));
  }
  std::ranges::sort(files, {}, &File::path);
  return files;
}

}  // namespace bulkhead::render
