// Names of UKIs: "bulkhead_<version>[+LEFT[-DONE]].efi" (UAPI.1 Boot Loader Specification, "Boot counting"). The
// builder writes them and the node reads them, both here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/version.hpp"

namespace bulkhead::slots {

// Where the boot loader looks for UKIs on the ESP.
inline constexpr std::string_view kEntryDirectory = "EFI/Linux";

// A new version has so many tries before the loader prefers another one.
inline constexpr unsigned kBootTries = 3;

// The boot loader subtracts one from `left` and adds one to `done` at each try. An entry without counters is known to
// be good.
struct Tries {
  unsigned left = 0;
  unsigned done = 0;

  bool operator==(const Tries&) const = default;
};

struct EntryName {
  Version version;
  std::optional<Tries> tries{};

  // As a file name, or as the boot loader's lower-case id, or as a path with '\' or '/' (only the last part counts).
  // Errors: invalid_argument for a name that is not ours.
  static Result<EntryName> parse(std::string_view text);
  std::string file_name() const;
  // "EFI/Linux/bulkhead_0.1.0+3.efi"
  std::string esp_path() const;

  bool operator==(const EntryName&) const = default;
};

}  // namespace bulkhead::slots
