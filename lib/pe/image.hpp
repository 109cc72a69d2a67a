// Sections of a PE32+ program (Microsoft PE format, "COFF File Header" ff.), as far as a unified kernel image needs
// them. Reads untrusted bytes: nothing is taken from outside the span, and every range is checked once, in parse().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::pe {

struct Section {
  std::string name;  // at most 8 characters
  std::uint32_t virtual_address = 0;
  std::uint32_t virtual_size = 0;  // of the content; the file pads it to raw_size
  std::uint32_t raw_offset = 0;
  std::uint32_t raw_size = 0;

  // Bytes of content that the file holds.
  std::uint32_t content_size() const { return virtual_size < raw_size ? virtual_size : raw_size; }

  bool operator==(const Section&) const = default;
};

struct Image {
  std::uint16_t machine = 0;              // 0x8664: x86-64
  std::uint16_t subsystem = 0;            // 10: EFI application
  std::vector<Section> sections;          // in file order; at most 96
  std::uint32_t certificates_offset = 0;  // attribute certificate table (Authenticode), 0 when not signed
  std::uint32_t certificates_size = 0;

  const Section* find(std::string_view name) const;

  bool operator==(const Image&) const = default;
};

inline constexpr std::uint16_t kMachineX8664 = 0x8664;
inline constexpr std::uint16_t kSubsystemEfiApplication = 10;

// Errors: data_loss for anything that is not a PE32+ file, and for sections or certificates that lie outside `file`.
Result<Image> parse(std::span<const std::byte> file);

// Content of the only section with that name. Errors: not_found; data_loss when there are several. `file` must be what
// parse() read.
Result<std::span<const std::byte>> section(std::span<const std::byte> file, const Image& image, std::string_view name);

}  // namespace bulkhead::pe
