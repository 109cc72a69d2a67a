#include "os-builder/rootfs/elf.hpp"

#include <gelf.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "lib/base/hex.hpp"
#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"

namespace bulkhead::rootfs {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxItems = 1000;
constexpr std::size_t kMaxText = 4096;
constexpr std::uint32_t kDlopenNoteType = 0x407c0c0a;

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::data_loss, "damaged ELF file: {}", what);
}

class ElfReader {
 public:
  ElfReader(Elf* elf, std::span<const std::byte> bytes) : elf_(elf), bytes_(bytes) {}

  Result<ElfInfo> read() {
    GElf_Ehdr header;
    if (gelf_getehdr(elf_, &header) == nullptr) return damaged("header");
    if (gelf_getclass(elf_) != ELFCLASS64 || header.e_machine != EM_X86_64) {
      return fail(ErrorCode::invalid_argument, "an ELF file for a machine other than x86-64");
    }
    info_.loadable = header.e_type == ET_EXEC || header.e_type == ET_DYN;
    if (!info_.loadable) return std::move(info_);
    std::size_t count = 0;
    if (elf_getphdrnum(elf_, &count) != 0 || count > kMaxItems) return damaged("program headers");
    for (std::size_t index = 0; index < count; ++index) {
      GElf_Phdr segment;
      if (gelf_getphdr(elf_, static_cast<int>(index), &segment) == nullptr) return damaged("program headers");
      segments_.push_back(segment);
    }
    for (const GElf_Phdr& segment : segments_) {
      if (segment.p_type == PT_INTERP) info_.interpreter = TRY(text_at(segment.p_offset));
      if (segment.p_type == PT_DYNAMIC) TRY(read_dynamic(segment));
      if (segment.p_type == PT_NOTE) TRY(read_notes(segment));
    }
    return std::move(info_);
  }

 private:
  // The bytes of a segment in the file.
  Result<std::span<const std::byte>> content(const GElf_Phdr& segment) const {
    if (segment.p_offset > bytes_.size() || segment.p_filesz > bytes_.size() - segment.p_offset)
      return damaged("segment");
    return bytes_.subspan(segment.p_offset, segment.p_filesz);
  }

  Result<std::string> text_at(std::uint64_t offset) const {
    if (offset >= bytes_.size()) return damaged("a string lies outside of the file");
    const std::string_view rest = as_text(bytes_.subspan(offset, std::min(bytes_.size() - offset, kMaxText)));
    const auto end = rest.find('\0');
    if (end == std::string_view::npos) return damaged("a string is not terminated");
    return std::string(rest.substr(0, end));
  }

  std::optional<std::uint64_t> offset_of_address(std::uint64_t address) const {
    for (const GElf_Phdr& segment : segments_) {
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz) {
        return address - segment.p_vaddr + segment.p_offset;
      }
    }
    return std::nullopt;
  }

  Result<> read_dynamic(const GElf_Phdr& segment) {
    const auto bytes = TRY(content(segment));
    std::vector<Elf64_Dyn> items;
    for (std::size_t at = 0; at + sizeof(Elf64_Dyn) <= bytes.size(); at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn item;
      std::memcpy(&item, bytes.data() + at, sizeof(item));
      if (item.d_tag == DT_NULL) break;
      if (items.size() == kMaxItems) return damaged("too many dynamic entries");
      items.push_back(item);
    }
    const auto table = std::ranges::find(items, Elf64_Sxword{DT_STRTAB}, &Elf64_Dyn::d_tag);
    if (table == items.end()) return {};  // a static position-independent program
    const auto start = offset_of_address(table->d_un.d_ptr);
    if (!start) return damaged("the string table lies outside of the file");
    std::string run_path;
    for (const Elf64_Dyn& item : items) {
      if (item.d_tag != DT_NEEDED && item.d_tag != DT_SONAME && item.d_tag != DT_RUNPATH && item.d_tag != DT_RPATH)
        continue;
      if (item.d_un.d_val > bytes_.size()) return damaged("a string lies outside of the file");
      std::string text = TRY(text_at(*start + item.d_un.d_val));
      if (item.d_tag == DT_NEEDED) {
        info_.needed.push_back(std::move(text));
      } else if (item.d_tag == DT_SONAME) {
        info_.soname = std::move(text);
      } else if (item.d_tag == DT_RUNPATH || run_path.empty()) {
        // DT_RPATH does not count when there is a DT_RUNPATH (ld.so(8)).
        run_path = std::move(text);
      }
    }
    for (const std::string_view directory : split(run_path, ':')) {
      if (!directory.empty()) info_.run_path.emplace_back(directory);
    }
    return {};
  }

  Result<> read_notes(const GElf_Phdr& segment) {
    const auto bytes = TRY(content(segment));
    Elf_Data* const data = elf_getdata_rawchunk(elf_, static_cast<std::int64_t>(segment.p_offset), bytes.size(),
                                                segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
    if (data == nullptr || data->d_buf == nullptr) return bytes.empty() ? Result<>{} : damaged("notes");
    std::size_t offset = 0;
    GElf_Nhdr note;
    std::size_t name = 0;
    std::size_t value = 0;
    const std::string_view content(static_cast<const char*>(data->d_buf), data->d_size);
    while ((offset = gelf_getnote(data, offset, &note, &name, &value)) > 0) {
      if (note.n_type != kDlopenNoteType || content.substr(name, note.n_namesz) != std::string_view("FDO\0", 4))
        continue;
      TRY(read_dlopen(content.substr(value, note.n_descsz)));
    }
    return {};
  }

  Result<> read_dlopen(std::string_view text) {
    text = text.substr(0, text.find('\0'));
    const json notes = codec::parse_json(text).value_or(json());
    if (!notes.is_array()) return damaged(".note.dlopen");
    for (const json& item : notes) {
      if (!item.is_object() || !item.contains("soname") || !item["soname"].is_array()) return damaged(".note.dlopen");
      if (info_.dlopen.size() == kMaxItems) return damaged("too many notes");
      DlopenNote note;
      for (const json& soname : item["soname"]) {
        if (!soname.is_string()) return damaged(".note.dlopen");
        note.sonames.push_back(soname.get<std::string>());
      }
      const auto field = [&item](const char* key) {
        const auto found = item.find(key);
        return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
      };
      note.feature = field("feature");
      note.priority = field("priority");
      info_.dlopen.push_back(std::move(note));
    }
    return {};
  }

  Elf* elf_;
  std::span<const std::byte> bytes_;
  std::vector<GElf_Phdr> segments_;
  ElfInfo info_;
};

}  // namespace

bool is_elf(std::span<const std::byte> bytes) {
  return as_text(bytes).starts_with(
      "\x7f"
      "ELF");
}

Result<ElfInfo> read_elf(std::span<const std::byte> bytes) {
  if (elf_version(EV_CURRENT) == EV_NONE) return fail(ErrorCode::internal, "libelf is older than os-builder needs");
  // elf_memory() takes a pointer to changeable bytes but only reads through it.
  const std::unique_ptr<Elf, EndElf> elf(
      elf_memory(reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data())), bytes.size()));
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF) return damaged("header");
  return ElfReader(elf.get(), bytes).read();
}

}  // namespace bulkhead::rootfs
