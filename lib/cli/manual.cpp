// The manual page, in the man(7) macros.
#include <algorithm>
#include <array>
#include <cctype>
#include <format>

#include "lib/base/text.hpp"
#include "lib/cli/program.hpp"
#include "lib/cli/reference.hpp"

namespace bulkhead::cli {
namespace {

// In roff a backslash, a leading dot and a leading apostrophe are commands, and a plain '-' is a hyphen.
std::string roff(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      result += "\\e";
    } else if (text[i] == '-') {
      result += "\\-";
    } else if (i == 0 && (text[i] == '.' || text[i] == '\'')) {
      result += std::string("\\&") + text[i];
    } else if (text.substr(i).starts_with("…")) {
      result += "\\|.\\|.\\|.";
      i += std::string_view("…").size() - 1;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string capitals(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// "build a thing" -> "Build a thing."
std::string sentence(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".";
}

std::string entry(std::string_view heading, std::string_view text) {
  return std::format(".TP\n\\fB{}\\fR\n{}\n", roff(heading), roff(text));
}

std::string options(const std::vector<OptionReference>& table, bool shared) {
  std::string text;
  for (const OptionReference& option : table) {
    if (option.shared != shared) continue;
    std::string sentence = option.text;
    if (!option.default_value.empty() && option.default_value != "[]")
      sentence += std::format(" (default: {})", option.default_value);
    text += entry(option_heading(option), sentence);
  }
  return text;
}

// Every value of ExitCode; `busy` is the last one.
std::string_view meaning(ExitCode code) {
  switch (code) {
    case ExitCode::ok: return "Done.";
    case ExitCode::failed: return "Failed; the message says why.";
    case ExitCode::usage: return "Usage error: an unknown option or verb, or a bad value.";
    case ExitCode::nothing_to_do: return "There was nothing to do.";
    case ExitCode::verification_refused: return "Refused: a signature, a digest or a policy does not allow it.";
    case ExitCode::not_permitted: return "Not permitted.";
    case ExitCode::busy: return "Busy: another process holds a lock. Trying again may work.";
  }
  std::unreachable();
}

}  // namespace

std::string manual_page(const ManualText& text, const VerbReference& root) {
  const auto verbs = runnable_verbs(root);
  const bool has_verbs = !root.verbs.empty();
  std::string page = std::format(".TH {} 1 \"\" \"{} {}\"\n", roff(capitals(text.program)), text.program, text.version);
  page += std::format(".SH NAME\n{} \\- {}\n", roff(text.program), roff(root.summary));
  page += ".SH SYNOPSIS\n";
  for (const VerbReference* verb : verbs) {
    const std::string line = synopsis(text.program, *verb);
    const std::string command = verb->path.empty() ? text.program : text.program + " " + verb->path;
    page += std::format("\\fB{}\\fR{}\n", roff(command), roff(std::string_view(line).substr(command.size())));
    if (verb != verbs.back()) page += ".br\n";
  }
  page += ".SH DESCRIPTION\n" + roff(sentence(root.summary)) + "\n";
  for (const std::string& paragraph : text.paragraphs) page += ".PP\n" + roff(paragraph) + "\n";
  if (has_verbs) {
    page += ".SH VERBS\n";
    for (const VerbReference* verb : verbs) {
      page += std::format(".SS {}\n{}\n", roff(verb->path), roff(sentence(verb->summary)));
      page += options(verb->positionals, false) + options(verb->options, false);
    }
  }
  page += has_verbs ? ".SH OPTIONS\nEvery verb accepts these options.\n" : ".SH OPTIONS\n";
  if (!has_verbs) page += options(root.positionals, false) + options(root.options, false);
  page += options(root.options, true);
  // Options of the program itself: valid before the verb, and after it if no option of the verb has the name.
  const std::string own = has_verbs ? options(root.options, false) : std::string();
  if (!own.empty())
    page += ".PP\nThese options go before the verb; or after it, if the verb has no option of that name.\n" + own;
  page += ".SH EXIT STATUS\n";
  for (int code = 0; code <= static_cast<int>(ExitCode::busy); ++code)
    page += entry(std::to_string(code), meaning(static_cast<ExitCode>(code)));
  page += ".SH ENVIRONMENT\n";
  for (const auto& [variable, explanation] : text.environment) page += entry(variable, explanation);
  return page;
}

}  // namespace bulkhead::cli
