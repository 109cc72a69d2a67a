// /run/bulkhead/user-data: the documents of this boot on their way from those who read them to the API server.
//
// A file is "NN-<source>", where NN gives the order, or "NN-<source>.error" with one line of text when the source is
// there and could not be read. The directory is 0700, files are 0600: documents have secrets.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sys/file.hpp"

namespace bulkhead::user_data {

inline constexpr std::string_view kUserDataDirectory = "/run/bulkhead/user-data";

// In their order: what stands later lies over what stands before.
inline constexpr std::array<std::string_view, 6> kSources = {"cidata", "config-drive", "fw-cfg",
                                                             "smbios", "imds",         "local"};
// 0 for the first; kSources.size() for an unknown one.
std::size_t order_of(std::string_view source);

inline constexpr std::size_t kLargestDocument = std::size_t{1} << 20U;  // bytes, as it is found

struct Document {
  std::string source;   // one of kSources
  std::string content;  // as it was found
};

// A source that is there and could not be read.
struct Unreadable {
  std::string source;
  std::string reason;
};

struct Collected {
  std::vector<Document> documents;  // in order
  std::vector<Unreadable> unreadable;
};

// Makes the directory with its mode.
Result<> make_directory(const sys::Path& directory);
// Each replaces what an earlier call said about the same source, atomically. `source` is one of kSources.
Result<> store(const sys::Path& directory, const Document& document);
Result<> store(const sys::Path& directory, const Unreadable& source);
// Nothing is known about the source any more.
Result<> forget(const sys::Path& directory, std::string_view source);

// Everything that is there; nothing when the directory is missing. Other files are left alone.
Result<Collected> load(const sys::Path& directory);

}  // namespace bulkhead::user_data
