#include "lib/module_list/module_list.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace bulkhead::module_list {
namespace {

bool is_module_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= 56 && std::ranges::all_of(name, allowed);
}

}  // namespace

std::string to_text(std::span<const LoadStep> steps) {
  std::string text;
  for (const LoadStep& step : steps) {
    for (const std::string& module : step.modules) text += (&module == &step.modules.front() ? "" : " ") + module;
    if (!step.patterns.empty()) text += " :";
    for (const std::string& pattern : step.patterns) text += " " + pattern;
    text += '\n';
  }
  return text;
}

Result<std::vector<LoadStep>> parse(std::string_view text) {
  std::vector<LoadStep> steps;
  for (const std::string_view line : split(text, '\n')) {
    LoadStep step;
    bool behind_colon = false;
    for (const std::string_view word : split(line, ' ')) {
      if (word == ":") {
        behind_colon = true;
      } else if (behind_colon) {
        step.patterns.emplace_back(word);
      } else if (is_module_name(word)) {
        step.modules.emplace_back(word);
      } else {
        return fail(ErrorCode::invalid_argument, "'{}' is not the name of a kernel module", word);
      }
    }
    if (!step.modules.empty()) steps.push_back(std::move(step));
  }
  return steps;
}

bool drives(const LoadStep& step, std::string_view modalias) {
  return std::ranges::any_of(step.patterns, [&](const std::string& pattern) { return glob_match(pattern, modalias); });
}

}  // namespace bulkhead::module_list
