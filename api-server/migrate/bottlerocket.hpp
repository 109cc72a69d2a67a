// Reads a datastore of Bottlerocket: directories are segments of keys, percent-encoded; files are JSON scalars and
// lists. Only the live tree is read; metadata (files whose name has a dot) and pending transactions are not.
//
// The tree is not trusted: symbolic links are not followed (except in the caller's path, which may be "current"), and
// anything but directories and files is refused. Limits: 16 levels, 65,536 files, 1 MiB each, 16 MiB together.
#pragma once

#include "lib/settings/model.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::migrate {

struct Imported {
  settings::Json settings = settings::Json::object();  // has passed check()
  std::vector<std::string> left_out{};                 // "key: why", for settings that our model refuses
};

// `directory` contains "live", as "current" does. Errors: not_found when there is no "live/settings"; those of the file
// system; invalid_argument for a tree that is not such a datastore.
Result<Imported> import_bottlerocket(const sys::Path& directory);

// One path segment. Errors: invalid_argument for a bad escape.
Result<std::string> percent_decoded(std::string_view segment);

}  // namespace bulkhead::migrate
