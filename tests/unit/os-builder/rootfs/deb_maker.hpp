// Debian packages made in memory, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "os-builder/rootfs/layer_store.hpp"

namespace bulkhead::test {

struct Member {
  enum class Kind { file, directory, symlink, hard_link, device };

  std::string name;  // as it stands in data.tar: "./usr/bin/true"
  Kind kind = Kind::file;
  std::string content{};  // of a file; target of a link
  unsigned mode = 0644;
  std::string capability{};  // value of security.capability
};

// compression: "xz", "zstd", "gzip" or empty.
std::string make_data_tar(const std::vector<Member>& members, std::string_view compression);
std::string make_deb(const std::vector<Member>& members, std::string_view compression = "xz",
                     const std::string& control = "Package: example\n");
// An ar archive of these members.
std::string make_ar(const std::vector<std::pair<std::string, std::string>>& members);

// Keeps contents in memory.
rootfs::ContentSink memory_sink();
// The text of a file of a tree; "absent" when there is none.
std::string text_of(const rootfs::Tree& tree, std::string_view path);

}  // namespace bulkhead::test
