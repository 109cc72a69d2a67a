// The control file of a package (deb-control(5)).
#include <algorithm>

#include "lib/base/text.hpp"
#include "os-builder/rootfs/steps.hpp"

namespace bulkhead::rootfs {
namespace {

constexpr std::size_t kMostSources = 10'000;

char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The value, continuation lines joined by spaces; empty when it is not there.
std::string control_field(std::string_view control, std::string_view field) {
  std::string value;
  bool wanted = false;
  for (const std::string_view line : split(control, '\n')) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
      if (wanted) value += " " + std::string(trim(line));
      continue;
    }
    if (wanted) break;
    const auto colon = line.find(':');
    wanted = colon == field.size() && std::ranges::equal(line.substr(0, colon), field,
                                                         [](char a, char b) { return lower_case(a) == lower_case(b); });
    if (wanted) value = trim(line.substr(colon + 1));
  }
  return value;
}

Result<std::vector<BuiltUsing>> parse_built_using(std::string_view field) {
  std::vector<BuiltUsing> list;
  for (std::string_view item : split(field, ',')) {
    item = trim(item);
    if (item.empty()) continue;
    const auto open = item.find('(');
    if (open == std::string_view::npos || !item.ends_with(')'))
      return fail(ErrorCode::data_loss, "'{}' is not 'SOURCE (= VERSION)'", item);
    const std::string_view source = trim(item.substr(0, open));
    std::string_view version = trim(item.substr(open + 1, item.size() - open - 2));
    if (source.empty() || !version.starts_with('=') || trim(version.substr(1)).empty())
      return fail(ErrorCode::data_loss, "'{}' is not 'SOURCE (= VERSION)'", item);
    version = trim(version.substr(1));
    for (const char c : std::string(source) + std::string(version)) {
      if (c <= ' ' || c > '~') return fail(ErrorCode::data_loss, "'{}' is not 'SOURCE (= VERSION)'", printable(item));
    }
    if (list.size() == kMostSources) return fail(ErrorCode::data_loss, "it names more than {} packages", kMostSources);
    list.push_back({.source = std::string(source), .version = std::string(version)});
  }
  std::ranges::sort(list);
  const auto [first, last] = std::ranges::unique(list);
  list.erase(first, last);
  return list;
}

}  // namespace

Result<std::vector<BuiltUsing>> built_using(std::string_view control) {
  std::string both = control_field(control, "Built-Using");
  both += "," + control_field(control, "Static-Built-Using");
  return parse_built_using(both);
}

}  // namespace bulkhead::rootfs
