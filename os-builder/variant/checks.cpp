#include "os-builder/variant/checks.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "lib/base/text.hpp"

namespace bulkhead::variant::check {

namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";
constexpr std::size_t kMaxLine = 512;

bool one_of(char c, std::initializer_list<std::string_view> sets) {
  return std::ranges::any_of(sets, [c](std::string_view set) { return set.contains(c); });
}

bool only(std::string_view text, std::initializer_list<std::string_view> sets) {
  return std::ranges::all_of(text, [&](char c) { return one_of(c, sets); });
}

// Bytes above 0x7f belong to UTF-8 sequences, which the TOML parser has checked.
bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

bool graphic_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::unexpected<Error> no(std::string_view what) { return fail(ErrorCode::invalid_argument, "{}", what); }

}  // namespace

Result<> line(std::string_view text) {
  if (trim(text).empty()) return no("is empty; write one line of text");
  if (text.size() > kMaxLine || !printable(text)) return no("is not one line of at most 512 printable bytes");
  return {};
}

Result<> account_comment(std::string_view text) {
  if (text.size() > kMaxLine || !printable(text) || text.contains(':'))
    return no("is not one printable line without ':'");
  return {};
}

Result<> package(std::string_view text) {
  if (text.size() < 2 || text.size() > 128 || !one_of(text[0], {kLower, kDigits}) ||
      !only(text, {kLower, kDigits, "+-."})) {
    return no("is not a Debian package name (lower-case letters, digits, '+', '-', '.')");
  }
  return {};
}

Result<> package_version(std::string_view text) {
  if (text.empty() || text.size() > 128 || !one_of(text[0], {kDigits}) ||
      !only(text, {kLower, kUpper, kDigits, ".+-~:"})) {
    return no("is not the version of a Debian package, for example '2.1.9-1' or '1:252.4'");
  }
  return {};
}

Result<> account(std::string_view text) {
  if (text.empty() || text.size() > 31 || !one_of(text[0], {kLower, "_"}) || !only(text, {kLower, kDigits, "_-"})) {
    return no("is not a user or group name (lower-case letters, digits, '_', '-'; at most 31)");
  }
  return {};
}

Result<> unit(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kSuffixes = {".service", ".socket", ".target",    ".timer", ".mount",
                                                                ".path",    ".slice",  ".automount", ".swap"};
  const auto suffix = std::ranges::find_if(kSuffixes, [&](std::string_view end) { return text.ends_with(end); });
  if (suffix == kSuffixes.end() || text.size() == suffix->size() || text.size() > 255 ||
      !only(text, {kLower, kUpper, kDigits, ":_.-\\@"})) {
    return no("is not a unit name with its suffix, for example 'containerd.service'");
  }
  return {};
}

Result<> target(std::string_view text) {
  if (!unit(text) || !text.ends_with(".target")) return no("is not a target, for example 'multi-user.target'");
  return {};
}

Result<> module(std::string_view text) {
  if (text.empty() || text.size() > 55 || !only(text, {kLower, kUpper, kDigits, "_-"})) {
    return no("is not a kernel module name (without path and '.ko')");
  }
  return {};
}

Result<> simple_name(std::string_view text) {
  if (text.empty() || text.size() > 64 || !one_of(text[0], {kLower, kDigits}) || !only(text, {kLower, kDigits, "-_"})) {
    return no("is not a name of lower-case letters, digits, '-' and '_'");
  }
  return {};
}

Result<> file_name(std::string_view text) {
  if (text.empty() || text.size() > 255 || text == "." || text == ".." || text.contains('/') || !printable(text)) {
    return no("is not a file name (one component, without '/')");
  }
  return {};
}

Result<> soname(std::string_view text) {
  if (!file_name(text) || !text.contains(".so") || !graphic_ascii(text)) {
    return no("is not the name of a shared library, for example 'libpcre2-8.so.0'");
  }
  return {};
}

Result<> path(std::string_view text) {
  const auto bad = [] { return no("is not an absolute, normalized path (no '//', '.', '..' or final '/')"); };
  if (text.size() < 2 || text.size() > 4095 || text[0] != '/' || !printable(text)) return bad();
  for (const std::string_view part : split(text.substr(1), '/')) {
    if (!file_name(part)) return bad();
  }
  return {};
}

Result<> path_glob(std::string_view text) {
  if (text.empty()) return no("is empty; an empty pattern matches nothing");
  if (text[0] != '/' && !text.starts_with("**")) {
    return no("can match no path: a pattern starts with '/' or '**'");
  }
  if (text.size() > 1024 || !printable(text) || text.contains("//") || text.ends_with('/') || text.ends_with('\\')) {
    return no("can match no path: it contains '//', a final '/' or a final '\\'");
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '[') {
      // The first character of a class may be ']' itself.
      const auto end = text.find(']', at + 2);
      if (end == std::string_view::npos) return no("can match no path: '[' is not closed");
      at = end;
    }
  }
  return {};
}

Result<> link_target(std::string_view text) {
  if (text.empty() || text.size() > 4095 || !printable(text)) return no("is not the target of a symbolic link");
  return {};
}

Result<> command_line_word(std::string_view text) {
  if (text.empty() || text.size() > 512 || !graphic_ascii(text) || text.contains('"')) {
    return no("is not one word of the kernel command line (printable ASCII without spaces and quotes)");
  }
  static constexpr std::array<std::string_view, 3> kOurs = {"roothash=", "usrhash=", "initrd="};
  if (std::ranges::any_of(kOurs, [&](std::string_view start) { return text.starts_with(start); })) {
    return no("is set by the build and cannot be given here");
  }
  return {};
}

// The grammar of SPDX 2.3, annex D.1, over words; whether an identifier is on SPDX's list is not looked at.
Result<> license_expression(std::string_view text) {
  const auto bad = [] {
    return no("is not an SPDX license expression, such as 'MIT AND (GPL-2.0-or-later OR BSD-3-Clause)'");
  };
  std::string spaced;
  for (const char c : text) spaced += c == '(' || c == ')' ? std::format(" {} ", c) : std::string(1, c);
  int depth = 0;
  bool operand = true;  // is what has to come next
  for (const std::string_view word : split(spaced, ' ')) {
    if (word.empty()) continue;
    if (word == "(") {
      if (!operand) return bad();
      ++depth;
    } else if (word == ")") {
      if (operand || --depth < 0) return bad();
    } else if (word == "AND" || word == "OR" || word == "WITH") {
      if (operand) return bad();
      operand = true;
    } else {
      if (!operand || !only(word, {kLower, kUpper, kDigits, "-."}) || word.starts_with("LicenseRef-")) return bad();
      operand = false;
    }
  }
  return operand || depth != 0 ? bad() : Result<>();
}

// The parts of a CPE 2.3 name (NISTIR 7695) without characters that would have to be escaped there.
Result<> cpe_product(std::string_view text) {
  if (text.starts_with("o:")) text.remove_prefix(2);
  const auto colon = text.find(':');
  const auto plain = [](std::string_view part) {
    return !part.empty() && part.size() <= 64 && only(part, {kLower, kDigits, "_-."});
  };
  if (colon == std::string_view::npos || !plain(text.substr(0, colon)) || !plain(text.substr(colon + 1)))
    return no("is not VENDOR:PRODUCT or o:VENDOR:PRODUCT, each of lower-case letters, digits, '_', '-' and '.'");
  return {};
}

Result<> compression(std::string_view text) {
  if (text.empty()) return {};
  static constexpr std::array<std::string_view, 5> kAlgorithms = {"lz4", "lz4hc", "lzma", "deflate", "zstd"};
  const auto parts = split(text, ',');
  if (parts.size() > 2 || std::ranges::find(kAlgorithms, parts[0]) == kAlgorithms.end() ||
      (parts.size() == 2 && !parse_integer<std::uint8_t>(parts[1]))) {
    return no("is not a compression (lz4, lz4hc, lzma, deflate or zstd, then ',LEVEL'; \"\" for none)");
  }
  return {};
}

Result<> partition_size(std::uint64_t bytes) {
  static constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
  static constexpr std::uint64_t kMax = std::uint64_t{16} << 40U;
  if (bytes == 0 || bytes % kMiB != 0 || bytes > kMax) return no("is not a multiple of 1 MiB between 1M and 16T");
  return {};
}

Result<> cluster_size(std::uint64_t bytes) {
  if (!std::has_single_bit(bytes) || bytes < 4096 || bytes > (std::uint64_t{1} << 20U)) {
    return no("is not a power of two from 4K to 1M");
  }
  return {};
}

Result<> account_id(std::string_view name, std::int64_t id) {
  // https://systemd.io/UIDS-GIDS: 60001 and up belong to systemd (homed, DynamicUser, containers), but for nobody.
  static constexpr std::int64_t kNobody = 65534;
  if (id == 0 && name == "root") return {};
  if ((id < 1 || id > 60000) && id != kNobody)
    return no("is not between 1 and 60000 (65534 for nobody; 0 only for root)");
  return {};
}

}  // namespace bulkhead::variant::check
