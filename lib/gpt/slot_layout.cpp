#include "lib/gpt/slot_layout.hpp"

namespace bulkhead::gpt {

std::optional<Slot> slot_of(unsigned number) {
  for (const Slot slot : kSlots) {
    const SlotLayout layout = slot_layout(slot);
    if (number >= layout.root && number <= layout.verity_signature) return slot;
  }
  return std::nullopt;
}

std::string_view to_string(Slot slot) { return slot == Slot::a ? "A" : "B"; }

Result<SlotLabels> slot_labels(const Version& version) {
  const std::string root = std::string(kVersionPrefix) + version.to_string();
  SlotLabels labels{.root = root, .verity = root + "_verity", .verity_signature = root + "_sig"};
  if (labels.verity.size() > kLabelLimit) {
    return fail(ErrorCode::invalid_argument, "version {} is too long: partition label '{}' has more than {} characters",
                version.to_string(), labels.verity, kLabelLimit);
  }
  return labels;
}

Result<Version> version_of_label(std::string_view root_label) {
  if (!root_label.starts_with(kVersionPrefix))
    return fail(ErrorCode::not_found, "label '{}' does not name a version", root_label);
  return Version::parse(root_label.substr(kVersionPrefix.size()));
}

}  // namespace bulkhead::gpt
