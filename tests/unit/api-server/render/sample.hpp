// Settings and facts for the tests of render().
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "api-server/render/render.hpp"
#include "lib/settings/settings.hpp"

namespace bulkhead::render::testing {

using settings::Json;

inline Facts facts() {
  return {.machine_id = "0123456789abcdef0123456789abcdef",
          .hostname = "node-0123",
          .product = "Bulkhead",
          .version = "0.1.0",
          .variant = "kvm",
          .region = "",
          .node_address = "10.0.0.9",
          .base_certificates = "(the image's certificates)\n"};
}

// The declared defaults with `changes` laid over them, as the daemon does it.
inline settings::Settings node(const Json& changes = Json::object()) {
  const Json document = settings::merged(settings::defaults(settings::Settings::shape()), changes);
  return settings::Settings::from_json(document).value();
}

inline Result<std::vector<File>> rendered(const Json& changes) { return render(node(changes), facts()); }

inline const File* find(const std::vector<File>& files, const std::string& path) {
  const auto found = std::ranges::find(files, sys::Path(path), &File::path);
  return found == files.end() ? nullptr : &*found;
}

// The content of one file; empty when it is not rendered.
inline std::string content(const Json& changes, const std::string& path) {
  const auto files = rendered(changes).value();
  const File* file = find(files, path);
  return file == nullptr ? "" : file->content;
}

// Why nothing is rendered; empty when it is.
inline std::string refusal(const Json& changes) {
  const auto files = rendered(changes);
  return files ? "" : files.error().describe();
}

}  // namespace bulkhead::render::testing
