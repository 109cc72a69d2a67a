// The paths of the server's inputs and state. Tests and --root put all of them below another directory.
#pragma once

#include <chrono>

#include "api-server/daemon/model.hpp"
#include "lib/file_systems/outcome.hpp"
#include "lib/user_data/documents.hpp"
#include "lib/user_data/facts.hpp"

namespace bulkhead::daemon {

struct Places {
  sys::Path root = "/";                                 // of rendered files, and of the files that facts are read from
  sys::Path state = "/state";                           // STATE
  sys::Path user_data = user_data::kUserDataDirectory;  // documents of this boot
  sys::Path imds = user_data::kImdsDirectory;           // the same, of the metadata service
  sys::Path facts = user_data::kFactsFile;              // of the cloud
  sys::Path file_systems = file_systems::kDirectory;    // what became of STATE and DATA
  sys::Path lock = "/run/bulkhead/apiserver.lock";      // not on STATE, where anything may be in its place
  Model model = settings_model();
};

// Milliseconds, as the datastore and the record of user data keep them.
inline auto wall_clock() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

}  // namespace bulkhead::daemon
