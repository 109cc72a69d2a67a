// Small PE32+ files for tests of what reads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::testing {

struct PeSection {
  std::string_view name;
  std::string_view content;
};

// An EFI application for x86-64 that consists of headers and sections, 512-byte aligned.
inline std::string make_pe(const std::vector<PeSection>& sections) {
  static constexpr std::size_t kPeAt = 0x80;
  static constexpr std::size_t kOptionalSize = 112 + 16 * 8;
  static constexpr std::size_t kHeaderSize = 0x400;
  const auto put = [](std::string& file, std::size_t at, std::size_t bytes, std::uint64_t value) {
    for (std::size_t i = 0; i < bytes; ++i) file[at + i] = static_cast<char>(value >> (8 * i) & 0xffU);
  };
  std::string file(kHeaderSize, '\0');
  file.replace(0, 2, "MZ");
  put(file, 0x3c, 4, kPeAt);
  file.replace(kPeAt, 2, "PE");
  put(file, kPeAt + 4, 2, 0x8664);
  put(file, kPeAt + 6, 2, sections.size());
  put(file, kPeAt + 20, 2, kOptionalSize);
  const std::size_t optional = kPeAt + 24;
  put(file, optional, 2, 0x20b);
  put(file, optional + 68, 2, 10);
  put(file, optional + 108, 4, 16);
  std::size_t header = optional + kOptionalSize;
  std::size_t address = 0x1000;
  for (const PeSection& section : sections) {
    const std::size_t raw_size = (section.content.size() + 511) / 512 * 512;
    file.replace(header, section.name.size(), section.name);
    put(file, header + 8, 4, section.content.size());
    put(file, header + 12, 4, address);
    put(file, header + 16, 4, raw_size);
    put(file, header + 20, 4, file.size());
    file += section.content;
    file.resize((file.size() + 511) / 512 * 512, '\0');
    header += 40;
    address += (section.content.size() + 4095) / 4096 * 4096;
  }
  return file;
}

}  // namespace bulkhead::testing
