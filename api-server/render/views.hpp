// The parts of render(): each makes the files of one group of settings. For render.cpp and its tests only.
#pragma once

#include "api-server/render/render.hpp"

namespace bulkhead::render {

using Files = Result<std::vector<File>>;

Files name_files(const settings::Settings& settings, const Facts& facts);        // hostname, hosts, motd
Files trust_files(const settings::Settings& settings, const Facts& facts);       // certificates, AWS, the proxy
Files kernel_files(const settings::Settings& settings, const Facts& facts);      // modules, sysctl
Files network_files(const settings::Settings& settings, const Facts& facts);     // networkd
Files time_files(const settings::Settings& settings, const Facts& facts);        // resolved, timesyncd
Files containerd_files(const settings::Settings& settings, const Facts& facts);  // containerd itself
Files registry_files(const settings::Settings& settings, const Facts& facts);    // mirrors
Files oci_default_files(const settings::Settings& settings, const Facts& facts);

bool has_oci_defaults(const settings::Settings& settings);
bool has_mirrors(const settings::Settings& settings);

}  // namespace bulkhead::render
