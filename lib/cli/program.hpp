// A command-line program with verbs: one option table, from which come parsing, --help, the man page and shell
// completion.
//
// Every verb shares --json, --verbose, -q/--quiet, --color, --help and --version, except those whose names it declares
// itself. There is no short form of --verbose: -v names a variant in os-builder. CLI11 throws; nothing it throws leaves
// main().
//
// Conventions of every program: data on stdout, messages on stderr, one error of the form "name: what: why" with a hint
// line, and the exit codes below.
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/cli/reference.hpp"

namespace bulkhead::cli {

enum class ExitCode : int {
  ok = 0,
  failed = 1,
  usage = 2,
  nothing_to_do = 3,
  verification_refused = 4,
  not_permitted = 5,
  busy = 6,
};

// The one mapping from errors to exit codes.
ExitCode exit_code(ErrorCode code);

enum class ColorMode { automatic, always, never };

// The values of the options that all verbs share.
struct Invocation {
  bool json = false;
  int verbosity = 0;  // --verbose: +1 each time, -q: -1
  ColorMode color = ColorMode::automatic;
};

using Verb = std::function<Result<ExitCode>(const Invocation&)>;
// Adds the options of a verb and returns the function that runs it.
using Declare = std::function<Verb(CLI::App&)>;

class Program {
 public:
  Program(std::string name, std::string summary, std::string version);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Declares "name" or "group name" (two levels). The caller adds options to the returned App; `run` is called when the
  // verb was chosen and its options were parsed. The App lives as long as the Program.
  CLI::App& verb(const std::string& name, const std::string& summary, Verb run);
  // The same, declared only when its first word is on the command line, or when all verbs are needed (help, man page, a
  // usage error). Declaring the whole table takes longer than a short verb runs.
  void verb(std::string name, std::string summary, Declare declare);
  // What the verbs "name …" are about, for the help of the group. Before the first of them.
  void group(std::string name, std::string summary);
  // For programs without verbs: options are added to root(), `run` is called when parsing succeeded.
  void on_run(Verb run);
  CLI::App& root() { return app_; }

  // More for the man page: a paragraph of DESCRIPTION, an entry of ENVIRONMENT.
  void describe(std::string paragraph);
  void environment(std::string variable, std::string text);

  // Completes each argument whose type_name() is `noun` with the lines that the program prints when it is run with
  // `source.arguments` and the program's own options from the line being typed. On failure, nothing is completed and
  // nothing is printed. A '<' in a value begins a placeholder: completion stops before it. Values with characters that
  // are special to a shell are left out.
  void complete(std::string noun, ValueSource source);

  // Parses, runs, prints an error, returns the exit code. Ignores SIGPIPE for the process. A usage error is exit code 2
  // with the nearest known word as a hint; output that could not be written is a failure.
  int main(int argc, char** argv);

  // From the same table: `--generate=man|bash|zsh` prints one of them.
  std::string man_page();
  std::string bash_completion();
  std::string zsh_completion();

 private:
  struct LazyVerb {
    std::string name;
    std::string summary;
    Declare declare;
    bool declared = false;
  };

  void add_shared_options(CLI::App& app);
  CLI::App& add_verb(const std::string& name, const std::string& summary);
  void declare(LazyVerb& lazy);
  void declare_named(int argc, char** argv);
  void declare_all();
  ExitCode execute(int argc, char** argv);
  ExitCode run_chosen();
  ExitCode usage_error(Error error);
  const CLI::App& selected() const;
  std::string selected_command() const;  // "os-builder keys generate"

  CLI::App app_;
  std::string name_;
  std::string version_;
  std::vector<std::string> paragraphs_;
  std::vector<std::pair<std::string, std::string>> environment_;
  std::vector<std::pair<std::string, std::string>> groups_;
  ValueSources value_sources_;
  std::vector<LazyVerb> lazy_verbs_;
  Invocation invocation_;
  Verb chosen_;
};

// The error on stderr: "name: what failed: why" and, if there is one, "  hint: …".
void print_error(const std::string& program, const Error& error, ColorMode color);

}  // namespace bulkhead::cli
