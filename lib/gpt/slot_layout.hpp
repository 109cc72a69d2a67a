// Where things are on a Bulkhead disk: partition numbers and labels (docs/formats/disk.md). A slot is identified by its
// numbers, never by a label, because labels are outside every signature.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/version.hpp"

namespace bulkhead::gpt {

enum class Slot { a, b };

inline constexpr std::array kSlots = {Slot::a, Slot::b};

// Partition numbers as the kernel counts them, from 1.
struct SlotLayout {
  unsigned root = 0;
  unsigned verity = 0;
  unsigned verity_signature = 0;

  bool operator==(const SlotLayout&) const = default;
};

inline constexpr unsigned kEspNumber = 1;
inline constexpr unsigned kStateNumber = 8;
inline constexpr unsigned kDataNumber = 9;

constexpr SlotLayout slot_layout(Slot slot) {
  return slot == Slot::a ? SlotLayout{.root = 2, .verity = 3, .verity_signature = 4}
                         : SlotLayout{.root = 5, .verity = 6, .verity_signature = 7};
}

// The slot that a partition number belongs to, if any.
std::optional<Slot> slot_of(unsigned number);
constexpr Slot other(Slot slot) { return slot == Slot::a ? Slot::b : Slot::a; }
// "A" or "B"
std::string_view to_string(Slot slot);

inline constexpr std::string_view kEspLabel = "BULKHEAD-ESP";
inline constexpr std::string_view kStateLabel = "BULKHEAD-STATE";
inline constexpr std::string_view kDataLabel = "BULKHEAD-DATA";
// systemd's mark of a slot that holds nothing (systemd-sysupdate, systemd-dissect).
inline constexpr std::string_view kEmptyLabel = "_empty";
// GPT keeps 36 UTF-16 units.
inline constexpr std::size_t kLabelLimit = 36;

// What every label and file name that carries a version starts with.
inline constexpr std::string_view kVersionPrefix = "bulkhead_";

// "bulkhead_0.1.0", "bulkhead_0.1.0_verity", "bulkhead_0.1.0_sig". Errors: a version too long for the longest of them.
struct SlotLabels {
  std::string root;
  std::string verity;
  std::string verity_signature;
};
Result<SlotLabels> slot_labels(const Version& version);

// The version in the label of a root partition; an error for "_empty" and for labels of others.
Result<Version> version_of_label(std::string_view root_label);

}  // namespace bulkhead::gpt
