#include "lib/cli/reference.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <format>

#include "lib/base/text.hpp"

namespace bulkhead::cli {
namespace {

std::string value_name(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::toupper(c)); });
  return text;
}

// CLI11 describes a type as "TEXT", "NAME:{a,b}" or "TEXT:FILE": the name first, what the validators say after colons.
void read_type(const std::string& type, OptionReference& option) {
  for (const std::string_view piece : split(type, ':')) {
    if (piece.starts_with('{') && piece.ends_with('}')) {
      for (const std::string_view choice : split(piece.substr(1, piece.size() - 2), ','))
        option.choices.emplace_back(choice);
    } else if (option.argument.empty() || piece == "FILE" || piece == "DIR") {
      option.argument = piece.substr(0, piece.find('('));
    }
  }
}

OptionReference reference_of(const CLI::Option& source) {
  OptionReference option;
  option.text = source.get_description();
  option.positional = source.nonpositional() ? false : source.get_positional();
  option.required = source.get_required();
  option.repeatable = source.get_items_expected_max() > 1;
  option.shared = source.get_group() == kSharedGroup;
  if (source.get_items_expected_max() > 0) {
    option.default_value = source.get_default_str();
    read_type(source.get_type_name(), option);
  }
  if (option.positional) {
    option.names = {value_name(source.get_single_name())};
    return option;
  }
  for (const std::string& name : source.get_snames()) option.names.push_back("-" + name);
  for (const std::string& name : source.get_lnames()) option.names.push_back("--" + name);
  return option;
}

VerbReference reference_below(const CLI::App& app, const std::string& path) {
  VerbReference verb{.path = path,
                     .summary = app.get_description(),
                     .options = {},
                     .positionals = {},
                     .verbs = {},
                     .fallthrough = app.get_fallthrough()};
  for (const CLI::Option* source : app.get_options([](const CLI::Option* option) {
         return !option->get_group().empty() && option->get_group() != kUnlistedGroup;
       })) {
    OptionReference option = reference_of(*source);
    (option.positional ? verb.positionals : verb.options).push_back(std::move(option));
  }
  std::ranges::stable_partition(verb.options, [](const OptionReference& option) { return !option.shared; });
  for (const CLI::App* child : app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); })) {
    verb.verbs.push_back(reference_below(*child, path.empty() ? child->get_name() : path + " " + child->get_name()));
  }
  return verb;
}

void collect_runnable(const VerbReference& verb, std::vector<const VerbReference*>& into) {
  if (verb.runnable()) into.push_back(&verb);
  for (const VerbReference& child : verb.verbs) collect_runnable(child, into);
}

std::string positional_text(const OptionReference& option) {
  std::string text = option.names[0];
  if (option.repeatable) text += "…";
  return option.required ? text : "[" + text + "]";
}

struct Row {
  std::string heading;
  std::string text;
};

std::string section(const std::string& title, const std::vector<Row>& rows, std::size_t width) {
  if (rows.empty()) return {};
  std::string text = "\n" + title + ":\n";
  for (const Row& row : rows) text += std::format("  {:{}}  {}\n", row.heading, width, row.text);
  return text;
}

Row option_row(const OptionReference& option) {
  std::string heading = option_heading(option);
  if (!option.positional && option.names[0].starts_with("--")) heading.insert(0, "    ");
  const bool shows_default = !option.default_value.empty() && option.default_value != "[]";
  return {std::move(heading), shows_default ? std::format("{} [{}]", option.text, option.default_value) : option.text};
}

}  // namespace

VerbReference reference_of(const CLI::App& app) { return reference_below(app, ""); }

std::vector<const VerbReference*> runnable_verbs(const VerbReference& root) {
  std::vector<const VerbReference*> verbs;
  collect_runnable(root, verbs);
  return verbs;
}

std::string option_heading(const OptionReference& option) {
  std::string text;
  for (const std::string& name : option.names) text += (text.empty() ? "" : ", ") + name;
  if (option.positional) return option.repeatable ? text + "…" : text;
  std::string value = option.argument;
  for (std::size_t i = 0; i < option.choices.size(); ++i)
    value = i == 0 ? option.choices[0] : value + "|" + option.choices[i];
  return value.empty() ? text : text + " " + value;
}

std::string synopsis(const std::string& program, const VerbReference& verb) {
  std::string text = verb.path.empty() ? program : program + " " + verb.path;
  if (!verb.verbs.empty()) return text + " VERB [OPTION…]";
  text += " [OPTION…]";
  for (const OptionReference& option : verb.options) {
    if (option.required)
      text += " " + option_heading({.names = {option.names.back()},
                                    .argument = option.argument,
                                    .choices = {},
                                    .text = {},
                                    .default_value = {}});
  }
  for (const OptionReference& option : verb.positionals) text += " " + positional_text(option);
  return text;
}

std::string help_text(const std::string& program, const VerbReference& verb) {
  std::vector<Row> verbs;
  for (const VerbReference* child : runnable_verbs(verb)) {
    if (child == &verb) break;
    verbs.push_back({verb.path.empty() ? child->path : child->path.substr(verb.path.size() + 1), child->summary});
  }
  std::vector<Row> arguments;
  std::vector<Row> own;
  std::vector<Row> shared;
  for (const OptionReference& option : verb.positionals) arguments.push_back(option_row(option));
  for (const OptionReference& option : verb.options) (option.shared ? shared : own).push_back(option_row(option));

  std::size_t width = 0;
  for (const auto* rows : {&verbs, &arguments, &own, &shared}) {
    for (const Row& row : *rows) width = std::max(width, row.heading.size());
  }
  std::string summary = verb.summary;
  if (!summary.empty()) summary[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(summary[0])));
  std::string text = std::format("{}\n\nUsage: {}\n", summary, synopsis(program, verb));
  text += section("Verbs", verbs, width);
  text += section("Arguments", arguments, width);
  text += section("Options", own, width);
  text += section(kSharedGroup, shared, width);
  return text;
}

}  // namespace bulkhead::cli
