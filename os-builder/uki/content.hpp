// A unified kernel image read back from its bytes (UAPI.5).
#pragma once

#include <optional>
#include <span>
#include <string>

#include "lib/base/hex.hpp"
#include "lib/pe/image.hpp"

namespace bulkhead::uki {

// Refers to the bytes given to read_content().
struct UkiContent {
  pe::Image image;
  std::string command_line;  // without the NUL or line end at its end
  std::string os_release;
  std::string kernel_release;  // .uname
  std::span<const std::byte> kernel;
  std::span<const std::byte> initrd;

  // Whether there is a signature at all; verify_signature() checks it.
  bool is_signed() const { return image.certificates_size > 0; }
};

// Errors: data_loss for anything that is not a UKI with each of .linux, .initrd, .cmdline, .osrel and .uname exactly
// once.
Result<UkiContent> read_content(std::span<const std::byte> file);

// The value of "roothash=" on a command line. Errors: not_found; invalid_argument when it is there twice or is no
// SHA-256 digest.
Result<Sha256> root_hash_of(std::string_view command_line);

}  // namespace bulkhead::uki
