// The copyright file of a Debian package, where it has the machine-readable format (Debian's "Machine-readable
// debian/copyright file", version 1.0, also called DEP-5). Any bytes; nothing is refused, because many packages have a
// file in free form.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::licenses {

// A License field.
struct StatedLicense {
  std::string synopsis;  // "GPL-2+ or Expat", as it stands there; may be empty
  std::string text;      // the lines below it; empty when a paragraph of its own has them

  bool operator==(const StatedLicense&) const = default;
};

struct CopyrightFile {
  std::vector<StatedLicense> files;  // of the header and of the paragraphs about files, in order, each once
  // Paragraphs that only have a license: synopsis in lower case -> its texts, in order.
  std::map<std::string, std::vector<std::string>, std::less<>> texts;
};

// Nothing when the file is in free form: no Format field in the first paragraph, or no license of any file.
std::optional<CopyrightFile> parse_copyright(std::string_view text);

}  // namespace bulkhead::licenses
