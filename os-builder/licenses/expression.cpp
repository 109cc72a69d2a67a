#include "os-builder/licenses/expression.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "lib/base/text.hpp"

namespace bulkhead::licenses {
namespace {

// Licenses of which all apply. Each is an identifier or a choice in parentheses: "(A OR B)".
using AllOf = std::set<std::string>;

std::string without_parentheses(const std::string& text) {
  return text.starts_with('(') ? text.substr(1, text.size() - 2) : text;
}

std::string joined(const AllOf& all) {
  if (all.size() == 1) return without_parentheses(*all.begin());
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : " AND ") + one;
  return text;
}

AllOf either(const AllOf& first, const AllOf& second) {
  if (first.empty() || first == second) return second;
  if (second.empty()) return first;
  return {"(" + joined(first) + " OR " + joined(second) + ")"};
}

AllOf both(AllOf first, const AllOf& second) {
  first.insert(second.begin(), second.end());
  return first;
}

enum class Operator { none, all_of, any_of };

Operator operator_of(std::string_view word) {
  if (word == "and" || word == "AND") return Operator::all_of;
  if (word == "or" || word == "OR") return Operator::any_of;
  return Operator::none;
}

// Letters, digits, '.' and '-' (SPDX 2.3, 10.1).
std::string idstring(std::string_view text) {
  std::string id;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (plain) {
      id += c;
    } else if (c == '+') {
      id += "-or-later";
    } else if (!id.ends_with('-')) {
      id += '-';
    }
  }
  const bool named = std::ranges::any_of(id, [](char c) { return c != '.' && c != '-'; });
  return named ? id : "unnamed";
}

class Translator {
 public:
  Translator(const CopyrightFile& file, std::string_view source, std::string_view whole_text)
      : file_(file), source_(source), whole_text_(whole_text) {}

  DeclaredLicense run() {
    AllOf all;
    for (const StatedLicense& license : file_.files) all = both(std::move(all), synopsis(license));
    DeclaredLicense declared{.expression = joined(all), .references = {}};
    for (auto& [id, reference] : references_) declared.references.push_back(std::move(reference));
    return declared;
  }

 private:
  // "A or B, and C": a comma binds less than the words (7.2). A comma alone lists licenses that all apply.
  AllOf synopsis(const StatedLicense& license) {
    AllOf result;
    for (std::string_view part : split(license.synopsis, ',')) {
      part = trim(part);
      const std::string_view word = part.substr(0, part.find(' '));
      const Operator join = operator_of(word);
      if (join != Operator::none) part = trim(part.substr(word.size()));
      if (part.empty()) continue;
      const AllOf these = without_commas(part, license);
      result = join == Operator::any_of ? either(result, these) : both(std::move(result), these);
    }
    if (result.empty()) result.insert(reference("unnamed", license));
    return result;
  }

  // "and" binds more than "or".
  AllOf without_commas(std::string_view part, const StatedLicense& license) {
    AllOf choices;
    AllOf all;
    std::string name;
    const auto take_name = [&] {
      if (!name.empty()) all.insert(one(name, license));
      name.clear();
    };
    for (const std::string_view word : split(part, ' ')) {
      if (word.empty()) continue;
      const Operator join = operator_of(word);
      if (join == Operator::none) {
        name += name.empty() ? "" : " ";
        name += word;
        continue;
      }
      take_name();
      if (join == Operator::any_of) choices = either(choices, std::exchange(all, {}));
    }
    take_name();
    return either(choices, all);
  }

  std::string one(const std::string& name, const StatedLicense& license) {
    std::string spdx = spdx_name(name);
    return spdx.empty() ? reference(name, license) : spdx;
  }

  std::string reference(const std::string& name, const StatedLicense& license) {
    std::string id = "LicenseRef-" + idstring(source_) + "-" + idstring(name);
    LicenseReference& entry = references_[id];
    entry.id = id;
    entry.name = name;
    add_texts(entry, license);
    return id;
  }

  // The text below the name, or that of the paragraph about the license, or the whole file where it has neither.
  void add_texts(LicenseReference& entry, const StatedLicense& license) {
    std::string lower = entry.name;
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    bool found = false;
    const auto add = [&](const std::string& text) {
      if (trim(text).empty()) return;
      found = true;
      if (texts_.insert(entry.id + '\n' + text).second) entry.text += (entry.text.empty() ? "" : "\n\n") + text;
    };
    add(license.text);
    if (!found) {
      for (const std::string_view key : {std::string_view(lower), std::string_view(license.synopsis)}) {
        const auto paragraph = file_.texts.find(key);
        if (paragraph != file_.texts.end()) std::ranges::for_each(paragraph->second, add);
      }
    }
    if (!found) add(whole_text_);
  }

  const CopyrightFile& file_;
  std::string_view source_;
  std::string whole_text_;
  std::map<std::string, LicenseReference> references_;
  std::set<std::string> texts_;  // id and text: what a reference has already
};

}  // namespace

DeclaredLicense declared_license(const CopyrightFile& file, std::string_view source, std::string_view whole_text) {
  return Translator(file, source, whole_text).run();
}

DeclaredLicense whole_file_license(std::string_view source, std::string_view text) {
  const std::string id = "LicenseRef-" + idstring(source) + "-copyright";
  return {.expression = id,
          .references = {{.id = id,
                          .name = "copyright file of Debian's source package " + std::string(source),
                          .text = std::string(text)}}};
}

}  // namespace bulkhead::licenses
