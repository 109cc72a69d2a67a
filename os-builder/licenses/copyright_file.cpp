#include "os-builder/licenses/copyright_file.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace bulkhead::licenses {
namespace {

std::string in_lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

// The first line of a field, and the others without the space in front; a line with only "." is empty (5.1).
struct FieldValue {
  std::string first;
  std::string rest;
};
using Paragraph = std::map<std::string, FieldValue, std::less<>>;

void add_line(FieldValue& value, std::string_view line) {
  line.remove_prefix(1);
  while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
  if (!value.rest.empty()) value.rest += '\n';
  if (line != ".") value.rest += line;
}

std::vector<Paragraph> paragraphs_of(std::string_view text) {
  std::vector<Paragraph> paragraphs;
  bool open = false;
  FieldValue* value = nullptr;
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) {
      open = false;
      value = nullptr;
    } else if (line.starts_with(' ') || line.starts_with('\t')) {
      if (value != nullptr) add_line(*value, line);
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos && !line.starts_with('#')) {
      if (!open) paragraphs.emplace_back();
      open = true;
      value = &paragraphs.back()[in_lower_case(trim(line.substr(0, colon)))];
      *value = {.first = std::string(trim(line.substr(colon + 1))), .rest = {}};
    }
  }
  return paragraphs;
}

void add_once(std::vector<StatedLicense>& list, StatedLicense license) {
  if (!std::ranges::contains(list, license)) list.push_back(std::move(license));
}

}  // namespace

std::optional<CopyrightFile> parse_copyright(std::string_view text) {
  const std::vector<Paragraph> paragraphs = paragraphs_of(text);
  if (paragraphs.empty() ||
      !(paragraphs.front().contains("format") || paragraphs.front().contains("format-specification")))
    return std::nullopt;
  CopyrightFile file;
  for (const Paragraph& paragraph : paragraphs) {
    const auto license = paragraph.find("license");
    if (license == paragraph.end()) continue;
    const FieldValue& value = license->second;
    if (&paragraph == &paragraphs.front() || paragraph.contains("files")) {
      add_once(file.files, {.synopsis = value.first, .text = value.rest});
    } else {
      file.texts[in_lower_case(value.first)].push_back(value.rest);
    }
  }
  if (file.files.empty()) return std::nullopt;
  return file;
}

}  // namespace bulkhead::licenses
