#include "lib/cli/program.hpp"

#include <CLI/CLI.hpp>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <span>
#include <utility>

#include "lib/base/text.hpp"
#include "lib/cli/reference.hpp"
#include "lib/cli/terminal.hpp"
#include "lib/cli/values.hpp"

namespace bulkhead::cli {
namespace {

// Thrown through CLI11 by --generate, so that it works without the arguments that a run would need; caught in
// execute().
struct GenerateRequest {
  std::string what;
};

bool print_data(std::string_view text) { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size(); }

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

// Arguments in capitals, as help shows them.
std::string shown_name(std::string_view name) {
  std::string shown(name);
  if (!shown.starts_with('-'))
    std::ranges::transform(shown, shown.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return shown;
}

// CLI11's error messages; the common ones in our words.
std::string usage_message(const CLI::ParseError& error) {
  const std::string_view said = error.what();
  const std::string kind = error.get_name();
  if (kind == "RequiredError" && said.ends_with(" is required"))
    return shown_name(without_suffix(said, " is required")) + " is missing";
  if (kind == "ValidationError") {  // "name: " and what our check says
    const auto colon = std::min(said.find(':'), said.size());
    return shown_name(said.substr(0, colon)) + std::string(said.substr(colon));
  }
  if (kind == "ArgumentMismatch" && said.ends_with(" missing"))
    return std::format("{} needs a value", said.substr(0, said.find(':')));
  static constexpr std::string_view kConvert = "Could not convert: ";
  if (kind == "ConversionError" && said.starts_with(kConvert)) {
    const std::string_view pair = said.substr(kConvert.size());
    const auto equals = pair.find(" = ");
    if (equals != std::string_view::npos) {
      return std::format("{}: '{}' is not a valid value", shown_name(pair.substr(0, equals)), pair.substr(equals + 3));
    }
  }
  return std::string(said);
}

// The unknown word, of the words that CLI11 could not place.
std::string_view first_unknown(const std::vector<std::string>& words) {
  const auto is_option = [](const std::string& word) {
    return word.size() > 1 && word.starts_with('-') && word != "--";
  };
  if (const auto option = std::ranges::find_if(words, is_option); option != words.end()) {
    return std::string_view(*option).substr(0, option->find('='));
  }
  const auto word = std::ranges::find_if(words, [](const std::string& text) { return text != "--"; });
  return word == words.end() ? std::string_view{} : *word;
}

std::vector<std::string> option_names(const VerbReference& verb) {
  std::vector<std::string> names;
  for (const OptionReference& option : verb.options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> verb_names(const VerbReference& verb) {
  std::vector<std::string> names;
  for (const VerbReference& child : verb.verbs)
    names.push_back(child.path.substr(verb.path.empty() ? 0 : verb.path.size() + 1));
  return names;
}

Error unknown_word(std::string_view word, const VerbReference& verb) {
  const bool option = word.starts_with('-');
  const bool is_verb = !option && !verb.verbs.empty();
  const std::string suggestion = option    ? nearest(word, option_names(verb))
                                 : is_verb ? nearest(word, verb_names(verb))
                                           : "";
  Error unknown = error(ErrorCode::invalid_argument, "{} '{}'",
                        option    ? "unknown option"
                        : is_verb ? "unknown verb"
                                  : "unexpected argument",
                        word);
  if (!suggestion.empty()) unknown.hint = std::format("did you mean '{}'?", suggestion);
  return unknown;
}

}  // namespace

ExitCode exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return ExitCode::usage;
    case ErrorCode::permission_denied: return ExitCode::not_permitted;
    case ErrorCode::aborted:
    case ErrorCode::locked: return ExitCode::busy;
    case ErrorCode::verification_failed: return ExitCode::verification_refused;
    case ErrorCode::not_found:
    case ErrorCode::already_exists:
    case ErrorCode::failed_precondition:
    case ErrorCode::unavailable:
    case ErrorCode::data_loss:
    case ErrorCode::internal: return ExitCode::failed;
  }
  std::unreachable();
}

Program::Program(std::string name, std::string summary, std::string version)
    : app_(std::move(summary), name), name_(std::move(name)), version_(std::move(version)) {
  app_.require_subcommand(0, 1);
  add_shared_options(app_);
  app_.add_option_function<std::string>(
          "--generate", [](const std::string& what) { throw GenerateRequest{what}; },
          "Print the manual page or a completion script")
      ->check(one_of({"man", "bash", "zsh"}))
      ->trigger_on_parse()
      ->group(kUnlistedGroup);
  environment("NO_COLOR", "If set and not empty, turns colours off, unless --color=always is given.");
}

void Program::add_shared_options(CLI::App& app) {
  app.set_help_flag("-h,--help", "Show this help")->group(kSharedGroup);
  app.set_version_flag("--version", version_, "Show the version")->group(kSharedGroup);
  if (app.get_option_no_throw("--json") == nullptr)
    app.add_flag_callback("--json", [this] { invocation_.json = true; }, "Print data as JSON")->group(kSharedGroup);
  // Functions, not variables: the root and the verb both have these options, and both count.
  app.add_flag_function(
         "--verbose", [this](std::int64_t times) { invocation_.verbosity += static_cast<int>(times); },
         "Print more; may be repeated")
      ->group(kSharedGroup);
  app.add_flag_callback("-q,--quiet", [this] { invocation_.verbosity = -1; }, "Print only errors")->group(kSharedGroup);
  app.add_option_function<std::string>(
         "--color",
         [this](const std::string& when) {
           invocation_.color = when == "always"  ? ColorMode::always
                               : when == "never" ? ColorMode::never
                                                 : ColorMode::automatic;
         },
         "When to use colours")
      ->check(one_of({"auto", "always", "never"}))
      ->type_name("WHEN")
      ->group(kSharedGroup);
}

CLI::App& Program::verb(const std::string& name, const std::string& summary, Verb run) {
  CLI::App& app = add_verb(name, summary);
  add_shared_options(app);
  app.final_callback([this, run = std::move(run)] { chosen_ = run; });
  return app;
}

void Program::verb(std::string name, std::string summary, Declare declare) {
  lazy_verbs_.push_back({.name = std::move(name), .summary = std::move(summary), .declare = std::move(declare)});
}

void Program::declare(LazyVerb& lazy) {
  if (std::exchange(lazy.declared, true)) return;
  CLI::App& app = add_verb(lazy.name, lazy.summary);
  Verb run = lazy.declare(app);
  add_shared_options(app);  // after the verb's own options, which replace shared ones
  app.final_callback([this, run = std::move(run)] { chosen_ = run; });
}

void Program::declare_all() {
  for (LazyVerb& lazy : lazy_verbs_) declare(lazy);
}

// Every verb that one of the words could mean: which word is the verb is known only after parsing.
void Program::declare_named(int argc, char** argv) {
  const auto words = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
  for (LazyVerb& lazy : lazy_verbs_) {
    const std::string_view first = std::string_view(lazy.name).substr(0, lazy.name.find(' '));
    if (std::ranges::contains(words, first, [](const char* word) { return std::string_view(word); })) declare(lazy);
  }
}

CLI::App& Program::add_verb(const std::string& name, const std::string& summary) {
  CLI::App* parent = &app_;
  std::string_view leaf = name;
  if (const auto space = name.find(' '); space != std::string::npos) {
    const std::string group = name.substr(0, space);
    const auto known = app_.get_subcommands([&](const CLI::App* app) { return app->get_name() == group; });
    if (!known.empty()) {
      parent = known.front();
    } else {
      const auto summary_of = std::ranges::find(groups_, group, &std::pair<std::string, std::string>::first);
      parent = app_.add_subcommand(group, summary_of == groups_.end() ? group : summary_of->second)
                   ->require_subcommand(0, 1);
      add_shared_options(*parent);
    }
    leaf.remove_prefix(space + 1);
  }
  return *parent->add_subcommand(std::string(leaf), summary);
}

void Program::group(std::string name, std::string summary) {
  groups_.emplace_back(std::move(name), std::move(summary));
}

void Program::on_run(Verb run) {
  app_.final_callback([this, run = std::move(run)] { chosen_ = run; });
}

void Program::describe(std::string paragraph) { paragraphs_.push_back(std::move(paragraph)); }

void Program::environment(std::string variable, std::string text) {
  environment_.emplace_back(std::move(variable), std::move(text));
}

void Program::complete(std::string noun, ValueSource source) {
  value_sources_.insert_or_assign(std::move(noun), std::move(source));
}

const CLI::App& Program::selected() const {
  const CLI::App* app = &app_;
  for (;;) {
    const auto below = app->get_subcommands([](const CLI::App* child) { return child->parsed(); });
    if (below.empty()) return *app;
    app = below.front();
  }
}

std::string Program::selected_command() const {
  std::string path;
  for (const CLI::App* app = &selected(); app != &app_; app = app->get_parent()) path = " " + app->get_name() + path;
  return name_ + path;
}

ExitCode Program::usage_error(Error error) {
  if (error.hint.empty()) {
    const bool names_no_verb = &selected() == &app_ && !reference_of(app_).verbs.empty();
    error.hint = std::format("{}see '{} --help'", names_no_verb ? "for the list of verbs, " : "", selected_command());
  }
  print_error(name_, error, invocation_.color);
  return ExitCode::usage;
}

ExitCode Program::execute(int argc, char** argv) {
  if (argc > 0) declare_named(argc, argv);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    declare_all();
    const VerbReference verb = reference_of(selected());
    // The help of the program does not answer a question about a verb that it does not have.
    const std::vector<std::string> unplaced = app_.remaining(true);
    const std::string_view unknown = first_unknown(unplaced);
    if (!verb.verbs.empty() && !unknown.empty()) return usage_error(unknown_word(unknown, verb));
    print_data(help_text(selected_command(), verb));
    if (&selected() == &app_)
      print_data(std::format("\nManual page and shell completion: {} --generate=man|bash|zsh\n", name_));
    return ExitCode::ok;
  } catch (const CLI::CallForVersion&) {
    print_data(std::format("{} {}\n", name_, version_));
    return ExitCode::ok;
  } catch (const GenerateRequest& request) {
    print_data(request.what == "man" ? man_page() : request.what == "bash" ? bash_completion() : zsh_completion());
    return ExitCode::ok;
  } catch (const CLI::ParseError& thrown) {
    declare_all();  // the nearest verb may be any of them
    // An unknown word is reported first, even when something else is missing because of it.
    const std::vector<std::string> unplaced = app_.remaining(true);
    const std::string_view unknown = first_unknown(unplaced);
    if (!unknown.empty()) return usage_error(unknown_word(unknown, reference_of(selected())));
    return usage_error(error(ErrorCode::invalid_argument, "{}", usage_message(thrown))
                           .with_hint(std::format("see '{} --help'", selected_command())));
  }
  if (!chosen_) return usage_error(error(ErrorCode::invalid_argument, "no verb given"));
  return run_chosen();
}

ExitCode Program::run_chosen() {
  const auto report = [this](const Error& error) {
    print_error(name_, error, invocation_.color);
    return exit_code(error.code);
  };
  try {
    const Result<ExitCode> outcome = chosen_(invocation_);
    return outcome ? *outcome : report(outcome.error());
  } catch (const std::exception& thrown) {
    // Our code does not throw; an exception of a library or the allocator still unwinds every handle before the process
    // ends.
    return report(error(ErrorCode::internal, "unexpected exception: {}", thrown.what()));
  }
}

int Program::main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  invocation_ = {};
  chosen_ = {};
  ExitCode code = execute(argc, argv);
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    const int reason = errno;
    // If the reader closed the pipe, it knows; otherwise the user must learn that the data is incomplete.
    if (reason != EPIPE)
      print_error(name_, errno_error(reason == 0 ? EIO : reason, "writing to standard output"), invocation_.color);
    if (code == ExitCode::ok) code = ExitCode::failed;
  }
  return static_cast<int>(code);
}

std::string Program::man_page() {
  declare_all();
  return manual_page({.program = name_, .version = version_, .paragraphs = paragraphs_, .environment = environment_},
                     reference_of(app_));
}

std::string Program::bash_completion() {
  declare_all();
  return bash_completion_script(name_, reference_of(app_), value_sources_);
}

std::string Program::zsh_completion() {
  declare_all();
  return zsh_completion_script(name_, reference_of(app_), value_sources_);
}

void print_error(const std::string& program, const Error& error, ColorMode color) {
  const bool colored = use_color(color, STDERR_FILENO);
  // Names of files, documents and other machines have a say in it.
  std::string text = std::format("{}: {}\n", styled(program, Style::bold, colored),
                                 styled(printable(error.describe(), Keep::lines), Style::red, colored));
  if (!error.hint.empty())
    text += std::format("  {} {}\n", styled("hint:", Style::dim, colored), printable(error.hint, Keep::lines));
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace bulkhead::cli
