#include "os-builder/sbom/go_build.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "lib/base/hex.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::sbom {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::string_view kSection = ".go.buildinfo";
constexpr std::string_view kMagic = "\xff Go buildinf:";  // 14 bytes
constexpr std::size_t kHeader = 32;                       // magic, size of pointers, flags, unused in this format
constexpr std::size_t kFlags = 15;
constexpr unsigned kTextsFollow = 2;
constexpr std::size_t kSentinel = 16;  // random bytes before and behind the list of modules
constexpr std::size_t kMaxSections = 1000;
constexpr std::size_t kMaxBuildText = std::size_t{1} << 20U;
constexpr std::size_t kMaxModules = 10'000;

std::unexpected<Error> damaged_build(std::string_view what) {
  return fail(ErrorCode::data_loss, "the build information of a Go program is damaged: {}", what);
}

// A part of the bytes, or nothing when it does not lie inside of them.
std::optional<Bytes> part_of(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

template <class T>
std::optional<T> record_at(Bytes bytes, std::uint64_t offset) {
  const auto found = part_of(bytes, offset, sizeof(T));
  if (!found) return std::nullopt;
  T record;
  std::memcpy(&record, found->data(), sizeof(T));
  return record;
}

// The content of the first section with this name. A damaged file has none: the check of the root tree refuses it.
std::optional<Bytes> find_section(Bytes program, std::string_view name) {
  const auto header = record_at<Elf64_Ehdr>(program, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
      header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_shentsize != sizeof(Elf64_Shdr) ||
      header->e_shnum > kMaxSections)
    return std::nullopt;
  const auto table = part_of(program, header->e_shoff, std::uint64_t{header->e_shnum} * sizeof(Elf64_Shdr));
  if (!table) return std::nullopt;
  const auto names_header = record_at<Elf64_Shdr>(*table, std::uint64_t{header->e_shstrndx} * sizeof(Elf64_Shdr));
  if (!names_header) return std::nullopt;
  const auto names = part_of(program, names_header->sh_offset, names_header->sh_size);
  if (!names) return std::nullopt;
  for (std::uint64_t at = 0; at < table->size(); at += sizeof(Elf64_Shdr)) {
    const auto section = record_at<Elf64_Shdr>(*table, at);
    if (!section || section->sh_type == SHT_NOBITS || section->sh_name >= names->size()) continue;
    const std::string_view text = as_text(names->subspan(section->sh_name));
    if (text.substr(0, text.find('\0')) == name) return part_of(program, section->sh_offset, section->sh_size);
  }
  return std::nullopt;
}

// A text with its length in front, as an unsigned LEB128 number (Go's binary.Uvarint).
std::optional<std::string_view> take_text(Bytes& bytes) {
  std::uint64_t length = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    if (bytes.empty()) return std::nullopt;
    const auto byte = std::to_integer<std::uint64_t>(bytes.front());
    bytes = bytes.subspan(1);
    length |= (byte & 0x7fU) << shift;
    if ((byte & 0x80U) != 0) continue;
    if (length > kMaxBuildText || length > bytes.size()) return std::nullopt;
    const std::string_view text = as_text(bytes.first(static_cast<std::size_t>(length)));
    bytes = bytes.subspan(static_cast<std::size_t>(length));
    return text;
  }
  return std::nullopt;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// Lines of words between tabs: "mod PATH VERSION SUM", "dep PATH VERSION SUM", "=> PATH VERSION SUM" for what stands
// in the place of the line before; others say how it was built.
Result<std::vector<GoModule>> parse_modules(std::string_view text) {
  std::vector<GoModule> modules;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> words = split(line, '\t');
    if (words.size() < 2 || (words[0] != "mod" && words[0] != "dep" && words[0] != "=>")) continue;
    GoModule module{.path = std::string(words[1]), .version = words.size() > 2 ? std::string(words[2]) : ""};
    if (module.path.empty() || !is_plain(module.path) || !is_plain(module.version))
      return damaged_build("a module's name");
    if (words[0] == "=>" && modules.empty()) return damaged_build("a replacement of nothing");
    if (words[0] == "=>") modules.pop_back();
    if (modules.size() == kMaxModules) return damaged_build("too many modules");
    modules.push_back(std::move(module));
  }
  std::ranges::sort(modules);
  const auto [first, last] = std::ranges::unique(modules);
  modules.erase(first, last);
  return modules;
}

}  // namespace

Result<std::optional<GoBuild>> read_go_build(std::span<const std::byte> program) {
  const auto section = find_section(program, kSection);
  if (!section) return std::nullopt;
  if (section->size() < kHeader || !as_text(*section).starts_with(kMagic)) return damaged_build("its start");
  if ((std::to_integer<unsigned>((*section)[kFlags]) & kTextsFollow) == 0)
    return fail(ErrorCode::invalid_argument, "the Go program was built by a Go before 1.18");
  Bytes rest = section->subspan(kHeader);
  const auto version = take_text(rest);
  const auto modules = take_text(rest);
  if (!version || !modules) return damaged_build("its texts");
  // "go1.24.4 X:boringcrypto": an experiment behind a space.
  const std::string_view release = version->substr(0, version->find(' '));
  if (!release.starts_with("go") || release.size() == 2 || !is_plain(release))
    return damaged_build("the release of Go");
  std::string_view list = *modules;
  if (list.size() > 2 * kSentinel && list[list.size() - kSentinel - 1] == '\n') {
    list = list.substr(kSentinel, list.size() - 2 * kSentinel);
  } else {
    list = {};  // as Go's own reader does
  }
  GoBuild build{.go_version = std::string(release), .modules = {}};
  build.modules = TRY(parse_modules(list));
  return build;
}

}  // namespace bulkhead::sbom
