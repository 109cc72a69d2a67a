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

// An option or argument whose value is called FILE, DIR or IMAGE is a path.
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

const ValueSource* source_of(const OptionReference& option, const ValueSources& sources) {
  const auto found = sources.find(option.argument);
  return found == sources.end() ? nullptr : &found->second;
}

const ValueSource* positional_source(const VerbReference& verb, const ValueSources& sources) {
  for (const OptionReference& option : verb.positionals) {
    if (const ValueSource* source = source_of(option, sources)) return source;
  }
  return nullptr;
}

bool has_value(const OptionReference& option) { return !option.argument.empty() || !option.choices.empty(); }

// All options that are valid after `verb`: its own, and those of the program with other names.
std::vector<OptionReference> accepted(const VerbReference& verb, const VerbReference& root) {
  std::vector<OptionReference> options = verb.options;
  if (&verb == &root || !verb.fallthrough) return options;
  for (OptionReference option : root.options) {
    std::erase_if(option.names, [&](const std::string& name) {
      return std::ranges::any_of(verb.options,
                                 [&](const OptionReference& own) { return std::ranges::contains(own.names, name); });
    });
    if (!option.names.empty()) options.push_back(std::move(option));
  }
  return options;
}

// The pattern for `name` in `case "$verb $word"`: an option of the program, after any verb.
std::string case_pattern(const VerbReference& verb, const VerbReference& root, const OptionReference& option,
                         const std::string& name) {
  const bool anywhere = &verb == &root && root.fallthrough && !option.shared;
  return (anywhere ? "*" : "") + shell_quoted((anywhere ? "" : verb.path) + " " + name);
}

// Options of verbs with a value, which must not be mistaken for another word.
void collect_own(const VerbReference& verb, const VerbReference& root, std::vector<std::string>& patterns) {
  for (const OptionReference& option : verb.options) {
    if (!has_value(option) || (&verb == &root && !option.shared)) continue;
    for (const std::string& name : option.names) patterns.push_back(case_pattern(verb, root, option, name));
  }
  for (const VerbReference& child : verb.verbs) collect_own(child, root, patterns);
}

// The body of a loop that finds the program's own options on the line; the same text for both shells: `line` has all
// words before the one being typed, up to `end`.
std::string ask_cases(const VerbReference& root, const std::string& verbs) {
  std::vector<std::string> own;
  collect_own(root, root, own);
  std::string text = verbs;
  if (!own.empty()) text += std::format("      {}) ((++i)) ;;\n", joined(own, "|"));
  for (const OptionReference& option : root.options) {
    if (option.shared || !has_value(option)) continue;
    for (const std::string& name : option.names) {
      const std::string pattern = case_pattern(root, root, option, name);
      text += std::format("      {}) ((i + 1 < end)) && passed+=(\"${{line[i]}}\" \"${{line[++i]}}\") ;;\n", pattern);
      if (name.starts_with("--")) text += std::format("      {}=*) passed+=(\"${{line[i]}}\") ;;\n", pattern);
    }
  }
  return text;
}

// The verbs on the way: "<verb so far> <word>" -> verb.
void verb_cases(const VerbReference& verb, std::string& text) {
  for (const VerbReference& child : verb.verbs) {
    text +=
        std::format("      {}) verb={} ;;\n", shell_quoted(verb.path + " " + leaf(child)), shell_quoted(child.path));
    verb_cases(child, text);
  }
}

std::string bash_ask(const std::string& program, const ValueSource& source) {
  return std::format("{}_ask \"$1\" {} {}", function_name(program), shell_quoted(source.suffix), source.arguments);
}

struct Tables {
  const std::string& program;
  const VerbReference& root;
  const ValueSources& sources;
};

// Those of the program itself last: a verb may have an option of the same name.
void bash_values(const Tables& tables, const VerbReference& verb, std::string& text) {
  for (const VerbReference& child : verb.verbs) bash_values(tables, child, text);
  for (const OptionReference& option : verb.options) {
    if (!has_value(option)) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : option.names) patterns.push_back(case_pattern(verb, tables.root, option, name));
    std::string reply;
    if (!option.choices.empty()) {
      reply =
          std::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$cur\")", shell_quoted(joined(option.choices, " ")));
    } else if (const ValueSource* source = source_of(option, tables.sources)) {
      reply = bash_ask(tables.program, *source);
    } else if (takes_path(option)) {
      reply = std::format("compopt -o filenames; mapfile -t COMPREPLY < <(compgen {} -- \"$cur\")",
                          option.argument == "DIR" ? "-d" : "-f");
    } else {
      reply = "COMPREPLY=()";
    }
    text += std::format("    {}) {}; return ;;\n", joined(patterns, "|"), reply);
  }
}

// The words that are not options, for verbs whose values the program lists.
void bash_asked(const Tables& tables, const VerbReference& verb, std::string& text) {
  if (const ValueSource* source = positional_source(verb, tables.sources))
    text += std::format("      {}) {}; return ;;\n", shell_quoted(verb.path), bash_ask(tables.program, *source));
  for (const VerbReference& child : verb.verbs) bash_asked(tables, child, text);
}

void bash_words(const VerbReference& verb, const VerbReference& root, std::string& text) {
  std::vector<std::string> words;
  for (const VerbReference& child : verb.verbs) words.push_back(leaf(child));
  for (const OptionReference& option : accepted(verb, root))
    words.insert(words.end(), option.names.begin(), option.names.end());
  const bool files = std::ranges::any_of(verb.positionals, takes_path);
  text += std::format("    {}) words={}; files={} ;;\n", shell_quoted(verb.path), shell_quoted(joined(words, " ")),
                      files ? 1 : 0);
  for (const VerbReference& child : verb.verbs) bash_words(child, root, text);
}

// Asks the program. The shell expands nothing of its output, which may come from another machine.
std::string bash_ask_function(const Tables& tables, const std::string& verbs) {
  if (tables.sources.empty()) return {};
  return std::format(R"({0}_ask() {{
  local command=${{1/#\~\//$HOME/}} suffix=$2 cur=${{COMP_WORDS[COMP_CWORD]}} typed=${{COMP_LINE:0:COMP_POINT}}
  local verb='' value whole cut='' i end
  local -a line=() passed=()
  shift 2
  COMPREPLY=()
  if [[ $cur == = ]]; then cur=''; fi
  read -ra line <<<"$typed"
  end=${{#line[@]}}
  [[ $typed == *[[:blank:]] ]] || ((end = end - 1))
  for ((i = 1; i < end; i++)); do
    case "$verb ${{line[i]}}" in
{1}    esac
  done
  passed=("${{passed[@]//[\"\'\\]/}}")
  passed=("${{passed[@]/#\~\//$HOME/}}")
  while IFS= read -r value; do
    whole=$value
    value=${{value%%<*}}
    if [[ $value != "$cur"* || -z $value || $value == *[!A-Za-z0-9_.,/@%+-]* ]]; then
      continue
    elif [[ $value == "$whole" ]]; then
      COMPREPLY+=("$value$suffix")
    elif [[ $value != "$cut" ]]; then
      cut=$value
      COMPREPLY+=("$value")
    fi
  done < <(timeout 5 "$command" "${{passed[@]}}" "$@" </dev/null 2>/dev/null)
  if [[ ${{#COMPREPLY[@]}} == 1 && ( -n $suffix || ${{COMPREPLY[0]}} == "$cut" ) ]]; then compopt -o nospace; fi
}}
)",
                     function_name(tables.program), ask_cases(tables.root, verbs));
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

// A leading space: _arguments runs the rest as it is.
std::string zsh_action(const OptionReference& option, const Tables& tables) {
  if (const ValueSource* source = source_of(option, tables.sources))
    return std::format(" {}_ask {} {}", function_name(tables.program), shell_quoted(source->suffix), source->arguments);
  if (!option.choices.empty()) return "(" + joined(option.choices, " ") + ")";
  if (option.argument == "DIR") return "_files -/";
  return takes_path(option) ? "_files" : " ";
}

std::vector<std::string> zsh_specifications(const Tables& tables, const VerbReference& verb) {
  std::vector<std::string> lines;
  for (const OptionReference& option : accepted(verb, tables.root)) {
    const bool with_value = has_value(option);
    for (const std::string& name : option.names) {
      const std::string equals = with_value && name.starts_with("--") ? "=" : "";
      const std::string value =
          with_value ? std::format(":{}:{}", zsh_text(option.argument), zsh_action(option, tables)) : "";
      lines.push_back(shell_quoted(std::format("{}{}[{}]{}", name, equals, zsh_text(option.text), value)));
    }
  }
  for (const OptionReference& option : verb.positionals) {
    lines.push_back(shell_quoted(
        std::format("{}:{}:{}", option.repeatable ? "*" : "", zsh_text(option.names[0]), zsh_action(option, tables))));
  }
  return lines;
}

void zsh_function(const Tables& tables, const std::string& name, const VerbReference& verb, std::string& text) {
  std::vector<std::string> lines = zsh_specifications(tables, verb);
  text += std::format("{}() {{\n", name);
  // The functions below see only their own part of the line.
  if (&verb == &tables.root) text += "  local -a line_words=(\"${words[@]}\")\n  local -i line_current=CURRENT\n";
  if (verb.verbs.empty()) {
    text += std::format("  _arguments -s {}\n}}\n", joined(lines, " \\\n    "));
    return;
  }
  lines.emplace_back("'1: :->verb'");
  lines.emplace_back("'*:: :->rest'");
  text += "  local context state state_descr line\n  typeset -A opt_args\n";
  text += std::format("  _arguments -C -A '-*' {}\n  case $state in\n    verb)\n      local -a verbs=(\n",
                      joined(lines, " \\\n    "));
  for (const VerbReference& child : verb.verbs)
    text += std::format("        {}\n", shell_quoted(zsh_text(leaf(child)) + ":" + zsh_text(child.summary)));
  text += "      )\n      _describe verb verbs ;;\n    rest)\n      case $line[1] in\n";
  for (const VerbReference& child : verb.verbs)
    text += std::format("        {}) {}_{} ;;\n", leaf(child), name, leaf(child));
  text += "      esac ;;\n  esac\n}\n";
  for (const VerbReference& child : verb.verbs) zsh_function(tables, name + "_" + leaf(child), child, text);
}

std::string zsh_ask_function(const Tables& tables, const std::string& verbs) {
  if (tables.sources.empty()) return {};
  return std::format(R"({0}_ask() {{
  local suffix=$1 verb='' value whole
  local -a line=("${{(@Q)line_words[1,line_current-1]}}") passed=() values=() cuts=()
  local -i i end=line_current
  shift
  for ((i = 2; i < end; i++)); do
    case "$verb ${{line[i]}}" in
{1}    esac
  done
  passed=("${{(@)passed/#\~\//$HOME/}}")
  for whole in "${{(@f)$(timeout 5 "${{line[1]/#\~\//$HOME/}}" "${{passed[@]}}" "$@" </dev/null 2>/dev/null)}}"; do
    value=${{whole%%<*}}
    if [[ -z $value || $value == *[^A-Za-z0-9_.,/@%+-]* ]]; then
      continue
    elif [[ $value == "$whole" ]]; then
      values+=("$value")
    else
      cuts+=("$value")
    fi
  done
  (( $#cuts )) && compadd -S '' -a cuts
  if [[ -n $suffix ]]; then compadd -S "$suffix" -a values; else compadd -a values; fi
}}
)",
                     function_name(tables.program), ask_cases(tables.root, verbs));
}

}  // namespace

std::string bash_completion_script(const std::string& program, const VerbReference& root, const ValueSources& sources) {
  const Tables tables{.program = program, .root = root, .sources = sources};
  std::string verbs;
  std::string values;
  std::string words;
  std::string asked;
  verb_cases(root, verbs);
  bash_values(tables, root, values);
  bash_words(root, root, words);
  bash_asked(tables, root, asked);
  const std::string name = function_name(program);
  // The program does not list values after a '='.
  if (!asked.empty())
    asked =
        std::format("  if [[ $cur != -* && $equals == 0 ]]; then\n    case \"$verb\" in\n{}    esac\n  fi\n", asked);
  // readline splits words at '=' too, so that "--color=al" arrives as three.
  return std::format(R"(# bash completion for {0}
{5}{1}() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} verb='' words='' files=0 equals=0 i
  if [[ $cur == = ]]; then
    cur=''
    equals=1
  elif [[ $prev == = ]]; then
    prev=${{COMP_WORDS[COMP_CWORD-2]}}
    equals=1
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$verb ${{COMP_WORDS[i]}}" in
{2}    esac
  done
  case "$verb $prev" in
{3}  esac
{6}  case "$verb" in
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
                     program, name, verbs, values, words, bash_ask_function(tables, verbs), asked);
}

std::string zsh_completion_script(const std::string& program, const VerbReference& root, const ValueSources& sources) {
  const Tables tables{.program = program, .root = root, .sources = sources};
  std::string verbs;
  verb_cases(root, verbs);
  std::string text = std::format("#compdef {}\n{}", program, zsh_ask_function(tables, verbs));
  zsh_function(tables, function_name(program), root, text);
  return text + std::format("{} \"$@\"\n", function_name(program));
}

}  // namespace bulkhead::cli
