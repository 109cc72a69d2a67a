#include "os-builder/build/size_report.hpp"

#include <algorithm>
#include <map>

#include "lib/base/text.hpp"

namespace bulkhead::build {

std::vector<SizeShare> size_shares(const rootfs::Tree& tree) {
  struct Sum {
    std::uint64_t bytes = 0;
    std::uint64_t biggest = 0;
    std::string biggest_file;
  };
  std::map<std::string, Sum> sums;
  for (const auto& [path, entry] : tree.entries()) {
    const rootfs::Content* content = entry.content();
    if (content == nullptr) continue;
    Sum& sum = sums[entry.origin];
    sum.bytes += content->size;
    if (content->size > sum.biggest) {
      sum.biggest = content->size;
      sum.biggest_file = path;
    }
  }
  std::vector<SizeShare> shares;
  shares.reserve(sums.size());
  for (auto& [origin, sum] : sums)
    shares.push_back({.origin = origin, .bytes = sum.bytes, .biggest_file = sum.biggest_file});
  std::ranges::stable_sort(shares, std::ranges::greater{}, &SizeShare::bytes);
  return shares;
}

Result<> check_slot_size(const rootfs::Tree& tree, std::uint64_t image_size, std::uint64_t slot_size) {
  if (image_size <= slot_size) return {};
  std::string biggest;
  for (const SizeShare& share : size_shares(tree)) {
    if (!biggest.empty()) biggest += ", ";
    biggest += std::format("{} {}", share.origin, format_bytes(share.bytes));
    if (std::ranges::count(biggest, ',') == 4) break;
  }
  return fail(error(ErrorCode::failed_precondition, "the root image is {}, {} more than its slot of {}",
                    format_bytes(image_size), format_bytes(image_size - slot_size), format_bytes(slot_size))
                  .with_hint(std::format(
                      "raise root in [partitions] of the variant, or drop files; the largest before compression: {}",
                      biggest)));
}

}  // namespace bulkhead::build
