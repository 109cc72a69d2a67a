// An ELF file with Go's build information, made in memory.
#pragma once

#include <elf.h>

#include <string>

#include "lib/base/hex.hpp"

namespace bulkhead::testing {

struct GoProgram {
  std::string section = ".go.buildinfo";
  std::string magic = "\xff Go buildinf:";
  char flags = 2;
  std::string version = "go1.24.4";
  std::string modules{};
  std::string raw_texts{};  // instead of both
  bool no_texts = false;
};

inline std::string go_text(const std::string& text) {
  std::string bytes;
  std::size_t length = text.size();
  for (; length >= 0x80; length >>= 7U) bytes += static_cast<char>((length & 0x7fU) | 0x80U);
  return bytes + static_cast<char>(length) + text;
}

// Header, the section, the names of sections, and the section headers at the end.
inline std::string go_program(const GoProgram& program) {
  std::string content = program.magic + '\x08' + program.flags + std::string(16, '\0');
  if (!program.no_texts) {
    content += program.raw_texts.empty() ? go_text(program.version) + go_text(program.modules) : program.raw_texts;
  }
  const std::string names = '\0' + program.section + '\0';
  Elf64_Ehdr header{};
  header.e_ident[EI_MAG0] = ELFMAG0;
  header.e_ident[EI_MAG1] = ELFMAG1;
  header.e_ident[EI_MAG2] = ELFMAG2;
  header.e_ident[EI_MAG3] = ELFMAG3;
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_shoff = sizeof(header) + content.size() + names.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  Elf64_Shdr sections[3]{};
  sections[1].sh_name = 1;
  sections[1].sh_type = SHT_PROGBITS;
  sections[1].sh_offset = sizeof(header);
  sections[1].sh_size = content.size();
  sections[2].sh_type = SHT_STRTAB;
  sections[2].sh_offset = sizeof(header) + content.size();
  sections[2].sh_size = names.size();
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) + content + names +
         std::string(reinterpret_cast<const char*>(sections), sizeof(sections));
}

}  // namespace bulkhead::testing
