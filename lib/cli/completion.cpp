// Completion scripts for bash and zsh.
#include <algorithm>
#include <format>

#include "lib/cli/reference.hpp"

namespace bulkhead::cli {
namespace {

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? std::string() : std::string(separator)) + word;
  return text;
}

std::string function_name(const std::string& program) {
  std::string name = "_" + program;
  std::ranges::replace(name, '-', '_');
  return name;
}

std::string leaf(const VerbReference& verb) {
  const auto space = verb.path.rfind(' ');
  return space == std::string::npos ? verb.path : verb.path.substr(space + 1);
}

// An option whose value is called FILE, DIR or IMAGE, or an argument named so, is a path.
bool takes_path(const OptionReference& option) {
  const std::string& noun = option.positional ? option.names[0] : option.argument;
  return option.argument == "FILE" || option.argument == "DIR" || noun.starts_with("IMAGE");
}

// 'text' for a shell: our own texts, but a quote in one must not end the string.
std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// The verbs on the way: "<verb so far> <word>" -> verb.
void bash_verbs(const VerbReference& verb, std::string& text) {
  for (const VerbReference& child : verb.verbs) {
    text +=
        std::format("      {}) verb={} ;;\n", shell_quoted(verb.path + " " + leaf(child)), shell_quoted(child.path));
    bash_verbs(child, text);
  }
}

void bash_values(const VerbReference& verb, std::string& text) {
  for (const OptionReference& option : verb.options) {
    if (option.argument.empty() && option.choices.empty()) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : option.names) patterns.push_back(shell_quoted(verb.path + " " + name));
    std::string reply;
    if (!option.choices.empty()) {
      reply =
          std::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$cur\")", shell_quoted(joined(option.choices, " ")));
    } else if (takes_path(option)) {
      reply = std::format("compopt -o filenames; mapfile -t COMPREPLY < <(compgen {} -- \"$cur\")",
                          option.argument == "DIR" ? "-d" : "-f");
    } else {
      reply = "COMPREPLY=()";
    }
    text += std::format("    {}) {}; return ;;\n", joined(patterns, "|"), reply);
  }
  for (const VerbReference& child : verb.verbs) bash_values(child, text);
}

void bash_words(const VerbReference& verb, std::string& text) {
  std::vector<std::string> words;
  for (const VerbReference& child : verb.verbs) words.push_back(leaf(child));
  for (const OptionReference& option : verb.options)
    words.insert(words.end(), option.names.begin(), option.names.end());
  const bool files = std::ranges::any_of(verb.positionals, takes_path);
  text += std::format("    {}) words={}; files={} ;;\n", shell_quoted(verb.path), shell_quoted(joined(words, " ")),
                      files ? 1 : 0);
  for (const VerbReference& child : verb.verbs) bash_words(child, text);
}

// _arguments wants '[' and ':' escaped in texts.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_action(const OptionReference& option) {
  if (!option.choices.empty()) return "(" + joined(option.choices, " ") + ")";
  if (option.argument == "DIR") return "_files -/";
  return takes_path(option) ? "_files" : " ";
}

std::vector<std::string> zsh_specifications(const VerbReference& verb) {
  std::vector<std::string> lines;
  for (const OptionReference& option : verb.options) {
    const bool has_value = !option.argument.empty() || !option.choices.empty();
    for (const std::string& name : option.names) {
      const std::string equals = has_value && name.starts_with("--") ? "=" : "";
      const std::string value = has_value ? std::format(":{}:{}", zsh_text(option.argument), zsh_action(option)) : "";
      lines.push_back(shell_quoted(std::format("{}{}[{}]{}", name, equals, zsh_text(option.text), value)));
    }
  }
  for (const OptionReference& option : verb.positionals) {
    lines.push_back(shell_quoted(
        std::format("{}:{}:{}", option.repeatable ? "*" : "", zsh_text(option.names[0]), zsh_action(option))));
  }
  return lines;
}

void zsh_function(const std::string& name, const VerbReference& verb, std::string& text) {
  std::vector<std::string> lines = zsh_specifications(verb);
  text += std::format("{}() {{\n", name);
  if (verb.verbs.empty()) {
    text += std::format("  _arguments -s {}\n}}\n", joined(lines, " \\\n    "));
    return;
  }
  lines.emplace_back("'1: :->verb'");
  lines.emplace_back("'*:: :->rest'");
  text += "  local context state state_descr line\n  typeset -A opt_args\n";
  text += std::format("  _arguments -C {}\n  case $state in\n    verb)\n      local -a verbs=(\n",
                      joined(lines, " \\\n    "));
  for (const VerbReference& child : verb.verbs)
    text += std::format("        {}\n", shell_quoted(zsh_text(leaf(child)) + ":" + zsh_text(child.summary)));
  text += "      )\n      _describe verb verbs ;;\n    rest)\n      case $line[1] in\n";
  for (const VerbReference& child : verb.verbs)
    text += std::format("        {}) {}_{} ;;\n", leaf(child), name, leaf(child));
  text += "      esac ;;\n  esac\n}\n";
  for (const VerbReference& child : verb.verbs) zsh_function(name + "_" + leaf(child), child, text);
}

}  // namespace

std::string bash_completion_script(const std::string& program, const VerbReference& root) {
  std::string verbs;
  std::string values;
  std::string words;
  bash_verbs(root, verbs);
  bash_values(root, values);
  bash_words(root, words);
  const std::string name = function_name(program);
  // readline splits words at '=' too, so that "--color=al" arrives as three.
  return std::format(R"(# bash completion for {0}
{1}() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} verb='' words='' files=0 i
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $prev == = ]]; then
    prev=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$verb ${{COMP_WORDS[i]}}" in
{2}    esac
  done
  case "$verb $prev" in
{3}  esac
  case "$verb" in
{4}  esac
  if [[ $files == 1 && $cur != -* ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  fi
}}
complete -F {1} {0}
)",
                     program, name, verbs, values, words);
}

std::string zsh_completion_script(const std::string& program, const VerbReference& root) {
  std::string text = std::format("#compdef {}\n", program);
  zsh_function(function_name(program), root, text);
  return text + std::format("{} \"$@\"\n", function_name(program));
}

}  // namespace bulkhead::cli
