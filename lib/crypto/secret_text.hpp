// Text that must not stay in memory: a private key in PEM. It is overwritten when it is destroyed, moved from or
// assigned to, also on error paths. Copies are made only explicitly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::crypto {

// Overwrites a buffer through which a secret passed on its way to a SecretText.
void wipe(std::span<std::byte> bytes);

class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string_view text) : text_(text) {}
  SecretText(SecretText&& other) noexcept;
  SecretText& operator=(SecretText&& other) noexcept;
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  ~SecretText() { wipe(); }

  // No other copy of the content is made. Errors: those of files; failed_precondition for more, and for a pipe.
  static Result<SecretText> read(const sys::Path& path, std::uint64_t limit);

  std::string_view view() const { return text_; }
  SecretText copy() const { return SecretText(text_); }

 private:
  void wipe();

  std::string text_;  // never grows, because growing would leave a copy behind
};

}  // namespace bulkhead::crypto
