// Reads a datastore of Bottlerocket: directories are segments of keys, percent-encoded; files are JSON scalars and
// lists. Only the live tree is read; metadata (files whose name has a dot) and pending transactions are not.
//
// The tree is foreign: symbolic links are not followed (except by the path that the caller gives, so that "current" may
// be given), and what is neither a directory nor a file is refused. Limits: 16 levels, 65,536 files, 1 MiB each, 16 MiB
// together.
#pragma once

#include "lib/settings/model.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::migrate {

struct Imported {
  settings::Json settings = settings::Json::object();  // has passed check()
  std::vector<std::string> left_out{};                 // "key: why", for what our model does not take
};

// `directory` has "live" in it, as "current" has. Errors: not_found when there is no "live/settings"; those of the file
// system; invalid_argument for a tree that is no such datastore.
Result<Imported> import_bottlerocket(const sys::Path& directory);

// One path segment. Errors: invalid_argument for a bad escape.
Result<std::string> percent_decoded(std::string_view segment);

}  // namespace bulkhead::migrate
