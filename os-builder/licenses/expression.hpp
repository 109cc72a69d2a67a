// What Debian's copyright files call licenses, as SPDX license expressions (SPDX 2.3, annex D).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "os-builder/licenses/copyright_file.hpp"

namespace bulkhead::licenses {

// A license that is not on SPDX's list, with its own text.
struct LicenseReference {
  std::string id;    // "LicenseRef-<source package>-<name>"
  std::string name;  // as the copyright file has it
  std::string text;

  bool operator==(const LicenseReference&) const = default;
};

struct DeclaredLicense {
  std::string expression;
  std::vector<LicenseReference> references;  // those of the expression, sorted by id

  bool operator==(const DeclaredLicense&) const = default;
};

// Every license that the copyright file of a source package states for some of its files, joined by AND. What SPDX's
// list has under a name that surely means the same becomes that identifier; everything else becomes a reference with
// the text that the file gives: nobody guesses.
DeclaredLicense declared_license(const CopyrightFile& file, std::string_view source, std::string_view whole_text);

// A reference to a copyright file in free form as a whole.
DeclaredLicense whole_file_license(std::string_view source, std::string_view text);

// SPDX's identifier or expression for one of Debian's short names ("GPL-2+", "Expat", "GPL-3+ with Bison exception");
// empty when there is none that surely means the same.
std::string spdx_name(std::string_view short_name);

}  // namespace bulkhead::licenses
