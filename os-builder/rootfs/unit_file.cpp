#include "os-builder/rootfs/unit_file.hpp"

#include "lib/base/text.hpp"

namespace bulkhead::rootfs {

std::vector<UnitSetting> parse_unit_file(std::string_view text) {
  std::vector<UnitSetting> settings;
  std::string section;
  std::string logical;
  bool continued = false;
  for (const std::string_view raw : split(text, '\n')) {
    const std::string_view line = trim(raw);
    // Comments may stand between continued lines.
    if (line.starts_with('#') || line.starts_with(';')) continue;
    const bool more = line.ends_with('\\');
    const std::string_view part = more ? trim(line.substr(0, line.size() - 1)) : line;
    logical = continued ? logical + " " + std::string(part) : std::string(part);
    continued = more;
    if (more || logical.empty()) continue;
    if (logical.starts_with('[') && logical.ends_with(']')) {
      section = logical.substr(1, logical.size() - 2);
      continue;
    }
    const auto equals = logical.find('=');
    if (equals == std::string::npos) continue;
    settings.push_back({.section = section,
                        .key = std::string(trim(std::string_view(logical).substr(0, equals))),
                        .value = std::string(trim(std::string_view(logical).substr(equals + 1)))});
  }
  return settings;
}

std::vector<std::string> unit_words(const std::vector<UnitSetting>& settings, std::string_view section,
                                    std::string_view key) {
  std::vector<std::string> words;
  for (const UnitSetting& setting : settings) {
    if (setting.section != section || setting.key != key) continue;
    if (setting.value.empty()) words.clear();
    for (const std::string_view word : split(setting.value, ' ')) {
      if (!word.empty()) words.emplace_back(word);
    }
  }
  return words;
}

bool takes_credential(std::string_view key) {
  return key == "ImportCredential" || key.starts_with("LoadCredential") || key.starts_with("SetCredential");
}

std::string exec_program(std::string_view value) {
  while (!value.empty() && std::string_view("@-:+!|").contains(value.front())) value.remove_prefix(1);
  if (value.starts_with('"')) return std::string(value.substr(1, value.find('"', 1) - 1));
  return std::string(value.substr(0, value.find_first_of(" \t")));
}

}  // namespace bulkhead::rootfs
