// Debian's short names of licenses (DEP-5 1.0, section 7.1, and what packages write besides) and SPDX's.
#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/text.hpp"
#include "os-builder/licenses/expression.hpp"

namespace bulkhead::licenses {
namespace {

using Name = std::pair<std::string_view, std::string_view>;  // lower case -> SPDX

// "or any later version" is a '+' behind Debian's name. Only what is one license under every text: a BSD license with
// somebody's name behind it is not here, because its text says who may not be named.
constexpr std::array kLicenseNames = std::to_array<Name>({
    {"0bsd", "0BSD"},
    {"afl-2.0", "AFL-2.0"},
    {"afl-2.1", "AFL-2.1"},
    {"agpl-3", "AGPL-3.0-only"},
    {"agpl-3+", "AGPL-3.0-or-later"},
    {"apache-1.0", "Apache-1.0"},
    {"apache-1.1", "Apache-1.1"},
    {"apache-2", "Apache-2.0"},
    {"apache-2.0", "Apache-2.0"},
    {"artistic", "Artistic-1.0-Perl"},  // the text in Debian's common-licenses is Perl's
    {"artistic-2.0", "Artistic-2.0"},
    {"beerware", "Beerware"},
    {"bsd-2-clause", "BSD-2-Clause"},
    {"bsd-3-clause", "BSD-3-Clause"},
    {"bsd-4-clause", "BSD-4-Clause"},
    {"bsd-4-clause-uc", "BSD-4-Clause-UC"},
    {"bsd-3-clause-attribution", "BSD-3-Clause-Attribution"},
    {"bsl-1", "BSL-1.0"},
    {"bsl-1.0", "BSL-1.0"},
    {"bzip2-1.0.6", "bzip2-1.0.6"},
    {"cc-by-3.0", "CC-BY-3.0"},
    {"cc-by-4.0", "CC-BY-4.0"},
    {"cc-by-sa-3.0", "CC-BY-SA-3.0"},
    {"cc-by-sa-4.0", "CC-BY-SA-4.0"},
    {"cc0-1.0", "CC0-1.0"},
    {"curl", "curl"},
    {"expat", "MIT"},
    {"fsfap", "FSFAP"},
    {"fsful", "FSFUL"},
    {"fsfullr", "FSFULLR"},
    {"gfdl-1.1", "GFDL-1.1-only"},
    {"gfdl-1.1+", "GFDL-1.1-or-later"},
    {"gfdl-1.2", "GFDL-1.2-only"},
    {"gfdl-1.2+", "GFDL-1.2-or-later"},
    {"gfdl-1.3", "GFDL-1.3-only"},
    {"gfdl-1.3+", "GFDL-1.3-or-later"},
    {"gfdl-niv-1.2", "GFDL-1.2-no-invariants-only"},
    {"gfdl-niv-1.2+", "GFDL-1.2-no-invariants-or-later"},
    {"gfdl-niv-1.3", "GFDL-1.3-no-invariants-only"},
    {"gfdl-niv-1.3+", "GFDL-1.3-no-invariants-or-later"},
    {"gpl", "GPL-1.0-or-later"},  // without a version: any (GPL-2, section 9)
    {"gpl-1", "GPL-1.0-only"},
    {"gpl-1+", "GPL-1.0-or-later"},
    {"gpl-2", "GPL-2.0-only"},
    {"gpl-2+", "GPL-2.0-or-later"},
    {"gpl-2.0", "GPL-2.0-only"},
    {"gpl-2.0+", "GPL-2.0-or-later"},
    {"gpl-2.0-only", "GPL-2.0-only"},
    {"gpl-2.0-or-later", "GPL-2.0-or-later"},
    {"gpl-3", "GPL-3.0-only"},
    {"gpl-3+", "GPL-3.0-or-later"},
    {"gpl-3.0", "GPL-3.0-only"},
    {"gpl-3.0+", "GPL-3.0-or-later"},
    {"gpl-3.0-only", "GPL-3.0-only"},
    {"gpl-3.0-or-later", "GPL-3.0-or-later"},
    {"isc", "ISC"},
    {"lgpl", "LGPL-2.0-or-later"},
    {"lgpl-2", "LGPL-2.0-only"},
    {"lgpl-2+", "LGPL-2.0-or-later"},
    {"lgpl-2.0+", "LGPL-2.0-or-later"},
    {"lgpl-2.1", "LGPL-2.1-only"},
    {"lgpl-2.1+", "LGPL-2.1-or-later"},
    {"lgpl-2.1-only", "LGPL-2.1-only"},
    {"lgpl-2.1-or-later", "LGPL-2.1-or-later"},
    {"lgpl-3", "LGPL-3.0-only"},
    {"lgpl-3+", "LGPL-3.0-or-later"},
    {"mit", "MIT"},
    {"mpl-1.1", "MPL-1.1"},
    {"mpl-2.0", "MPL-2.0"},
    {"ms-pl", "MS-PL"},
    {"ofl-1.1", "OFL-1.1"},
    {"unicode-dfs-2016", "Unicode-DFS-2016"},
    {"unlicense", "Unlicense"},
    {"zlib", "Zlib"},
});

// "LICENSE with EXCEPTION exception": the exception's name in lower case -> SPDX.
constexpr std::array kExceptionNames = std::to_array<Name>({
    {"bison", "Bison-exception-2.2"},
    {"classpath", "Classpath-exception-2.0"},
    {"font", "Font-exception-2.0"},
    {"gcc runtime library", "GCC-exception-3.1"},
    {"libtool", "Libtool-exception"},
    {"linux-syscall-note", "Linux-syscall-note"},
    {"llvm", "LLVM-exception"},
});

constexpr std::string_view kWith = " with ";
constexpr std::string_view kExceptionWord = " exception";

std::string_view look_up(std::span<const Name> names, std::string_view name) {
  const auto found = std::ranges::find(names, name, &Name::first);
  return found == names.end() ? std::string_view() : found->second;
}

// Autoconf's exception has another text for each version of the GPL.
std::string_view exception_name(std::string_view license, std::string_view exception) {
  if (exception != "autoconf") return look_up(kExceptionNames, exception);
  if (license.starts_with("GPL-2.0")) return "Autoconf-exception-2.0";
  if (license.starts_with("GPL-3.0")) return "Autoconf-exception-3.0";
  return {};
}

}  // namespace

std::string spdx_name(std::string_view short_name) {
  std::string name(short_name);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const auto with = name.find(kWith);
  if (with == std::string::npos) return std::string(look_up(kLicenseNames, name));
  std::string_view exception = std::string_view(name).substr(with + kWith.size());
  if (!exception.ends_with(kExceptionWord)) return {};
  exception.remove_suffix(kExceptionWord.size());
  const std::string_view license = look_up(kLicenseNames, std::string_view(name).substr(0, with));
  const std::string_view spdx_exception = exception_name(license, exception);
  if (license.empty() || spdx_exception.empty()) return {};
  return std::string(license) + " WITH " + std::string(spdx_exception);
}

}  // namespace bulkhead::licenses
