#include <nlohmann/json.hpp>

#include <charconv>

#include "lib/base/text.hpp"
#include "lib/cli/terminal.hpp"
#include "os-builder/inspect/diff.hpp"

namespace bulkhead::inspect {
namespace {

using nlohmann::ordered_json;

std::string line(const DiffLine& change, bool color) {
  if (change.before.empty())
    return cli::styled(std::format("+ {}  {}", change.name, change.after), cli::Style::green, color) + "\n";
  if (change.after.empty())
    return cli::styled(std::format("- {}  {}", change.name, change.before), cli::Style::red, color) + "\n";
  return std::format("  {}  {} -> {}\n", change.name, change.before, change.after);
}

std::string section(std::string_view title, const std::vector<DiffLine>& changes, bool color) {
  if (changes.empty()) return {};
  std::string text = cli::styled(title, cli::Style::bold, color) + "\n";
  for (const DiffLine& change : changes) text += line(change, color);
  return text;
}

// Bytes are for JSON; for people, the difference.
DiffLine readable_size(const DiffLine& change) {
  const auto before = parse_integer<std::int64_t>(change.before);
  const auto after = parse_integer<std::int64_t>(change.after);
  DiffLine result{.name = change.name,
                  .before = before ? format_bytes(static_cast<std::uint64_t>(*before)) : "",
                  .after = after ? format_bytes(static_cast<std::uint64_t>(*after)) : ""};
  if (before && after) result.after += std::format(" ({:+} bytes)", *after - *before);
  return result;
}

ordered_json changes_json(const std::vector<DiffLine>& changes) {
  ordered_json list = ordered_json::array();
  for (const DiffLine& change : changes) {
    const auto side = [](const std::string& value) {
      return value.empty() ? ordered_json(nullptr) : ordered_json(value);
    };
    list.push_back({{"name", change.name}, {"before", side(change.before)}, {"after", side(change.after)}});
  }
  return list;
}

}  // namespace

std::string to_text(const Difference& difference, bool color) {
  if (difference.empty()) return std::format("{} and {} are identical\n", difference.before, difference.after);
  std::vector<DiffLine> sizes;
  for (const DiffLine& change : difference.sizes) sizes.push_back(readable_size(change));
  return section("Packages", difference.packages, color) + section("Files", difference.files, color) +
         section("Sizes", sizes, color) + section("Command line", difference.command_line, color) +
         section("Partitions", difference.partitions, color);
}

std::string to_json(const Difference& difference) {
  const ordered_json json = {{"schema", "bulkhead.diff/1"},
                             {"before", difference.before},
                             {"after", difference.after},
                             {"packages", changes_json(difference.packages)},
                             {"files", changes_json(difference.files)},
                             {"sizes", changes_json(difference.sizes)},
                             {"command_line", changes_json(difference.command_line)},
                             {"partitions", changes_json(difference.partitions)}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace bulkhead::inspect
