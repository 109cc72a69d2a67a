// /run/bulkhead/user-data: the documents of this boot, between the programs that read them and the API server.
//
// A file is "NN-<source>", where NN gives the order, or "NN-<source>.error" with one line of text when the source
// exists but could not be read. "NN-<source>.disk" beside a document says which disk it came from. The directory is
// 0700, files are 0600: documents have secrets.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sys/file.hpp"

namespace bulkhead::user_data {

inline constexpr std::string_view kUserDataDirectory = "/run/bulkhead/user-data";
// Of the source imds alone: its program talks to the network and is not root.
inline constexpr std::string_view kImdsDirectory = "/run/bulkhead-imds";

// In order: later sources override earlier ones.
inline constexpr std::array<std::string_view, 6> kSources = {"cidata", "config-drive", "fw-cfg",
                                                             "smbios", "imds",         "local"};
// 0 for the first; kSources.size() for an unknown one.
std::size_t order_of(std::string_view source);

// Whether it is read from a disk that somebody attached.
constexpr bool is_from_disk(std::string_view source) { return source == "cidata" || source == "config-drive"; }

inline constexpr std::size_t kLargestDocument = std::size_t{1} << 20U;  // bytes, as found

struct Document {
  std::string source;   // one of kSources
  std::string content;  // as found
  // The identity of the disk that it was read from, one line; empty for other sources, and for a disk that has none.
  std::string disk{};
};

// A source that exists but could not be read.
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
// Each replaces the result of an earlier call for the same source, atomically. `source` is one of kSources.
Result<> store(const sys::Path& directory, const Document& document);
Result<> store(const sys::Path& directory, const Unreadable& source);
// Removes the result of this source.
Result<> forget(const sys::Path& directory, std::string_view source);

// Everything of these sources in the directory, in the order of kSources; empty when it is missing. Other files are
// ignored, and links are not followed: whoever writes to the directory need not be trusted.
Result<Collected> load(const sys::Path& directory, std::span<const std::string_view> sources = kSources);

}  // namespace bulkhead::user_data
