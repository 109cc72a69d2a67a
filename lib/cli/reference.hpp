// What a program's option table says, as plain data: the one source of --help, the man page and the completions.
#pragma once

#include <CLI/App.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::cli {

// The CLI11 group of the options that every verb has.
inline constexpr const char* kSharedGroup = "Shared options";
// Of an option that no table lists. Unlike one without a group, it has its name in CLI11's errors.
inline constexpr const char* kUnlistedGroup = "Unlisted";

struct OptionReference {
  std::vector<std::string> names;    // "-v", "--variant"; of a positional its name in capitals
  std::string argument;              // "NAME"; empty for a flag
  std::vector<std::string> choices;  // the only values allowed; empty when free
  std::string text;
  std::string default_value;
  bool positional = false;
  bool required = false;
  bool repeatable = false;
  bool shared = false;
};

struct VerbReference {
  std::string path;  // "keys generate"; empty for the program itself
  std::string summary;
  std::vector<OptionReference> options;  // without hidden ones
  std::vector<OptionReference> positionals;
  std::vector<VerbReference> verbs;
  bool fallthrough = false;  // takes the program's own options too

  bool runnable() const { return verbs.empty(); }
};

VerbReference reference_of(const CLI::App& app);

// Where a completion script gets the values of an argument from, while somebody types.
struct ValueSource {
  std::string arguments;  // of the program itself, "schema --keys": prints values, one a line, and is quick
  std::string suffix{};   // put behind a value, and then no space: "="
};
// By the noun of the argument: "KEY".
using ValueSources = std::map<std::string, ValueSource>;

// All verbs that can be run, depth first, in the order of declaration.
std::vector<const VerbReference*> runnable_verbs(const VerbReference& root);

// "-v, --variant NAME", "--color auto|always|never"
std::string option_heading(const OptionReference& option);
// "os-builder build [OPTION…] IMAGE"
std::string synopsis(const std::string& program, const VerbReference& verb);

// Text of --help for one verb or, with its verbs listed, for the program.
std::string help_text(const std::string& program, const VerbReference& verb);

struct ManualText {
  std::string program;
  std::string version;
  std::vector<std::string> paragraphs;
  std::vector<std::pair<std::string, std::string>> environment;
};

std::string manual_page(const ManualText& text, const VerbReference& root);

// `sources`: Program::complete().
std::string bash_completion_script(const std::string& program, const VerbReference& root, const ValueSources& sources);
std::string zsh_completion_script(const std::string& program, const VerbReference& root, const ValueSources& sources);

}  // namespace bulkhead::cli
