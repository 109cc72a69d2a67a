#include "lib/cli/program.hpp"

#include <CLI/CLI.hpp>
#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <new>
#include <print>

#include "lib/cli/values.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/lib/cli/example.hpp"

namespace bulkhead::cli {

Example::Example() {
  const auto note = [this](const char* verb) {
    return [this, verb](const Invocation& given) {
      ran = verb;
      invocation = given;
      return outcome;
    };
  };
  program.describe("A second paragraph.\nWith -dashes and a \\ in it.");
  program.environment("EXAMPLE_HOME", "Where examples live.");
  CLI::App& build = program.verb("build", "Build a thing", note("build"));
  build.add_option("-v,--variant", variant, "Variant to build")->type_name("NAME")->capture_default_str();
  build.add_option("--memory", memory, "Memory, in MiB")->type_name("MIB");
  build.add_option("--accel", accelerator, "Accelerator")->check(one_of({"auto", "kvm", "tcg"}))->type_name("HOW");
  build.add_option("-o,--output", directory, "Where to write")->type_name("DIR");
  build.add_option("--secret", directory, "Hidden")->group("");
  CLI::App& inspect = program.verb("inspect", "Read an image", note("inspect"));
  inspect.add_option("image", image, "Image to read")->required();
  CLI::App& diff = program.verb("diff", "Compare files", note("diff"));
  diff.add_option("--since", when, "Only what is newer")->required()->type_name("DATE");
  diff.add_option("--depth", depth, "How deep")->type_name("N")->check(whole_number(1, 9));
  diff.add_option("files", files, "Files to compare")->required();
  program.group("keys", "Make and show keys");
  program.verb("keys generate", "Make keys", note("keys generate"));
  CLI::App& keys_show = program.verb("keys show", "Show keys", note("keys show"));
  keys_show.add_option("number", depth, "Key to show")->check(whole_number(0));
}

Example::Outcome Example::run(std::initializer_list<const char*> arguments) {
  std::vector<std::string> words = {"example"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int code = -1;
  const auto captured = testing::capture([&] { code = program.main(static_cast<int>(words.size()), argv.data()); });
  return {.code = code, .out = captured.out, .err = captured.err};
}

}  // namespace bulkhead::cli

using namespace bulkhead;
using namespace bulkhead::cli;

TEST_CASE("a verb runs with its options") {
  Example example;
  const auto [code, out, err] = example.run({"build", "-v", "ec2", "--memory=512", "--accel", "tcg"});
  CHECK(code == 0);
  CHECK(out.empty());
  CHECK(err.empty());
  CHECK(example.ran == "build");
  CHECK(example.variant == "ec2");
  CHECK(example.memory == 512);
  CHECK(example.accelerator == "tcg");
}

TEST_CASE("verbs have two levels") {
  Example example;
  CHECK(example.run({"keys", "generate"}).code == 0);
  CHECK(example.ran == "keys generate");
  const auto incomplete = Example().run({"keys"});
  CHECK(incomplete.code == 2);
  CHECK(incomplete.err == "example: no verb given\n  hint: see 'example keys --help'\n");
}

TEST_CASE("an argument may be called like a verb") {
  Example example;
  CHECK(example.run({"inspect", "build"}).code == 0);
  CHECK(example.ran == "inspect");
  CHECK(example.image == "build");
  Example two;
  CHECK(two.run({"diff", "--since", "keys", "build", "keys"}).code == 0);
  CHECK(two.files == std::vector<std::string>{"build", "keys"});
}

TEST_CASE("after two dashes everything is an argument") {
  Example example;
  CHECK(example.run({"inspect", "--", "--json"}).code == 0);
  CHECK(example.image == "--json");
  CHECK_FALSE(example.invocation.json);
}

TEST_CASE("the shared options are understood before and after the verb, and add up") {
  Example example;
  CHECK(example.run({"--verbose", "build", "--json", "--verbose", "--color=always"}).code == 0);
  CHECK(example.invocation.json);
  CHECK(example.invocation.verbosity == 2);
  CHECK(example.invocation.color == ColorMode::always);

  Example quiet;
  CHECK(quiet.run({"keys", "show", "-q", "--color", "never"}).code == 0);
  CHECK(quiet.invocation.verbosity == -1);
  CHECK(quiet.invocation.color == ColorMode::never);
  CHECK_FALSE(quiet.invocation.json);
}

TEST_CASE("one program can run twice and remembers nothing") {
  Example example;
  CHECK(example.run({"build", "--json"}).code == 0);
  CHECK(example.run({"build"}).code == 0);
  CHECK_FALSE(example.invocation.json);
}

TEST_CASE("a wrong use is exit code 2, one line and one hint, and nothing runs") {
  struct Case {
    std::vector<const char*> arguments;
    std::string message;
    std::string hint;
  };
  const std::vector<Case> cases = {
      {{}, "no verb given", "for the list of verbs, see 'example --help'"},
      {{"biuld"}, "unknown verb 'biuld'", "did you mean 'build'?"},
      {{"frobnicate"}, "unknown verb 'frobnicate'", "for the list of verbs, see 'example --help'"},
      {{"keys", "generat"}, "unknown verb 'generat'", "did you mean 'generate'?"},
      {{"build", "--varaint", "x"}, "unknown option '--varaint'", "did you mean '--variant'?"},
      {{"build", "--varaint=x"}, "unknown option '--varaint'", "did you mean '--variant'?"},
      {{"build", "--colour=never"}, "unknown option '--colour'", "did you mean '--color'?"},
      {{"--jsn", "build"}, "unknown option '--jsn'", "did you mean '--json'?"},
      {{"inspect", "--jsn"}, "unknown option '--jsn'", "did you mean '--json'?"},
      {{"build", "extra"}, "unexpected argument 'extra'", "see 'example build --help'"},
      {{"inspect"}, "IMAGE is missing", "see 'example inspect --help'"},
      {{"diff", "a"}, "--since is missing", "see 'example diff --help'"},
      {{"build", "--variant"}, "--variant needs a value", "see 'example build --help'"},
      {{"build", "--memory", "much"}, "--memory: 'much' is not a valid value", "see 'example build --help'"},
      {{"build", "--accel", "hvf"},
       "--accel: 'hvf' is not a valid value: use auto, kvm or tcg",
       "see 'example build --help'"},
      {{"diff", "--depth", "x"},
       "--depth: 'x' is not a valid value: use a whole number from 1 to 9",
       "see 'example diff --help'"},
      {{"diff", "--depth=10"},
       "--depth: '10' is not a valid value: use a whole number from 1 to 9",
       "see 'example diff --help'"},
      {{"keys", "show", "99999999999"},
       "NUMBER: '99999999999' is not a valid value: use a number up to 4294967295",
       "see 'example keys show --help'"},
      {{"keys", "show", "x"},
       "NUMBER: 'x' is not a valid value: use a whole number, 0 or more",
       "see 'example keys show --help'"},
      {{"--generate=fish"}, "--generate: 'fish' is not a valid value: use man, bash or zsh", "see 'example --help'"},
      {{"frobnicate", "--help"}, "unknown verb 'frobnicate'", "for the list of verbs, see 'example --help'"},
      {{"--help", "biuld"}, "unknown verb 'biuld'", "did you mean 'build'?"},
      {{"keys", "generat", "--help"}, "unknown verb 'generat'", "did you mean 'generate'?"},
  };
  for (const Case& wrong : cases) {
    Example example;
    std::vector<std::string> words = {"example"};
    words.insert(words.end(), wrong.arguments.begin(), wrong.arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    int code = -1;
    const auto captured =
        testing::capture([&] { code = example.program.main(static_cast<int>(argv.size()), argv.data()); });
    INFO(wrong.message);
    CHECK(code == 2);
    CHECK(captured.out.empty());
    CHECK(captured.err == "example: " + wrong.message + "\n  hint: " + wrong.hint + "\n");
    CHECK(example.ran.empty());
  }
}

TEST_CASE("an error of a verb is one line with its context, a hint, and the exit code of its kind") {
  const std::vector<std::pair<ErrorCode, int>> codes = {
      {ErrorCode::invalid_argument, 2},    {ErrorCode::not_found, 1}, {ErrorCode::already_exists, 1},
      {ErrorCode::permission_denied, 5},   {ErrorCode::aborted, 6},   {ErrorCode::unavailable, 1},
      {ErrorCode::failed_precondition, 1}, {ErrorCode::data_loss, 1}, {ErrorCode::internal, 1},
      {ErrorCode::verification_failed, 4}, {ErrorCode::locked, 6}};
  REQUIRE(codes.size() == kErrorCodes.size());
  for (const auto& [code, exit] : codes) {
    Example example;
    example.outcome = fail(error(code, "it is broken").with_context("reading x").with_hint("mend it"));
    const auto run = example.run({"build"});
    CHECK(run.code == exit);
    CHECK(run.err == "example: reading x: it is broken\n  hint: mend it\n");
  }
}

TEST_CASE("a verb can say that there was nothing to do") {
  Example example;
  example.outcome = ExitCode::nothing_to_do;
  CHECK(example.run({"build"}).code == 3);
}

TEST_CASE("an exception of a library ends as an internal error, not as a crash") {
  Program program("example", "throw", "1");
  program.on_run([](const Invocation&) -> Result<ExitCode> { throw std::bad_alloc(); });
  std::string name = "example";
  char* argv[] = {name.data(), nullptr};
  int code = -1;
  const auto captured = testing::capture([&] { code = program.main(1, argv); });
  CHECK(code == 1);
  CHECK(captured.err.starts_with("example: unexpected exception: "));
}

TEST_CASE("help goes to standard output, for the program and for each verb") {
  Example example;
  const auto program = example.run({"--help"});
  CHECK(program.code == 0);
  CHECK(program.err.empty());
  CHECK(testing::matches_golden("cli/help.txt", program.out) == "");
  const auto verb = example.run({"build", "-h"});
  CHECK(verb.code == 0);
  CHECK(testing::matches_golden("cli/help-build.txt", verb.out) == "");
  CHECK(example.run({"diff", "--help"}).out.contains("Usage: example diff [OPTION…] --since DATE FILES…\n"));
  CHECK(example.run({"keys", "--help"}).out.starts_with("Make and show keys\n"));
  CHECK(example.run({"keys", "generate", "--help"}).out.contains("Usage: example keys generate [OPTION…]\n"));
  CHECK(example.ran.empty());
}

TEST_CASE("the version is shown wherever it is asked for") {
  CHECK(Example().run({"--version"}).out == "example 1.2.3\n");
  CHECK(Example().run({"build", "--version"}).out == "example 1.2.3\n");
}

TEST_CASE("the manual page is complete and roff has nothing to say about it") {
  Example example;
  const std::string page = example.program.man_page();
  CHECK(testing::matches_golden("cli/example.1", page) == "");
  CHECK_FALSE(page.contains("secret"));

  const auto dir = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(dir);
  REQUIRE(sys::write_file_atomically(dir->path() / "example.1", page));
  const auto rendered = sys::run({.arguments = {"man", "--warnings=all", "-l", (dir->path() / "example.1").native()},
                                  .extra_environment = {"MANWIDTH=100", "LC_ALL=C.UTF-8"}});
  if (!rendered || rendered->exit_status != 0) SKIP("no man(1) here");
  CHECK(rendered->err.empty());
  CHECK(rendered->out.contains("example - show what a program can do"));
  CHECK(rendered->out.contains("With -dashes and a \\ in it."));
}

TEST_CASE("--generate prints the same documents, and only the help of the program names it") {
  Example example;
  CHECK(example.run({"--generate=man"}).out == example.program.man_page());
  CHECK(example.run({"--generate=bash"}).out == example.program.bash_completion());
  CHECK(example.run({"--generate=zsh"}).out == example.program.zsh_completion());
  CHECK(example.run({"--help"}).out.contains("example --generate=man|bash|zsh\n"));
  CHECK_FALSE(example.run({"build", "--help"}).out.contains("generate="));
}

TEST_CASE("data that could not be written is a failure") {
  Program program("example", "print", "1");
  program.on_run([](const Invocation&) -> Result<ExitCode> {
    std::println("data");
    return ExitCode::ok;
  });
  std::string name = "example";
  char* argv[] = {name.data(), nullptr};
  const auto run_with_output_on = [&](int fd) {
    int code = -1;
    const auto captured = testing::capture([&] {
      ::dup2(fd, STDOUT_FILENO);
      code = program.main(1, argv);
      std::clearerr(stdout);
    });
    return std::pair(code, captured.err);
  };

  const sys::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full);
  const auto [full_code, full_message] = run_with_output_on(full.get());
  CHECK(full_code == 1);
  CHECK(full_message.starts_with("example: writing to standard output: No space left on device"));

  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ::close(ends[0]);
  const sys::UniqueFd closed(ends[1]);
  CHECK(run_with_output_on(closed.get()) == std::pair(1, std::string()));
}

TEST_CASE("a program without verbs takes its own arguments") {
  Program program("single", "do one thing", "1");
  std::string file;
  program.root().add_option("file", file, "File to read")->required();
  bool ran = false;
  program.on_run([&](const Invocation& given) -> Result<ExitCode> {
    ran = given.json;
    return ExitCode::ok;
  });
  std::vector<std::string> words = {"single", "--json", "x"};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  CHECK(program.main(3, argv) == 0);
  CHECK(ran);
  CHECK(file == "x");
  CHECK(program.man_page().contains("\\fBsingle\\fR [OPTION\\|.\\|.\\|.] FILE\n"));
  const auto captured = testing::capture([&] { CHECK(program.main(1, argv) == 2); });
  CHECK(captured.err == "single: FILE is missing\n  hint: see 'single --help'\n");
}

TEST_CASE("a lazy verb is declared when it is named, and always for help and mistakes") {
  const auto outcome = [](std::initializer_list<const char*> arguments) {
    struct Seen {
      int declared = 0;
      std::string document;
      Invocation invocation;
      std::string out;
      std::string err;
      int code = -1;
    } seen;
    Program program("lazy", "declare late", "1");
    program.root().fallthrough();
    std::string node;
    program.root().add_option("-n,--node", node, "Where")->type_name("NAME");
    program.verb("get", "Get", [&seen](CLI::App&) -> Verb {
      ++seen.declared;
      return [&seen](const Invocation& given) {
        seen.invocation = given;
        return ExitCode::ok;
      };
    });
    program.verb("set", "Set", [&seen](CLI::App& app) -> Verb {
      ++seen.declared;
      app.add_option("-j,--json", seen.document, "Settings")->type_name("JSON");
      return [&seen](const Invocation& given) {
        seen.invocation = given;
        return ExitCode::ok;
      };
    });
    std::vector<std::string> words = {"lazy"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    const auto captured =
        testing::capture([&] { seen.code = program.main(static_cast<int>(argv.size()), argv.data()); });
    seen.out = captured.out;
    seen.err = captured.err;
    return seen;
  };
  CHECK(outcome({"get"}).declared == 1);
  CHECK(outcome({"get", "--json"}).invocation.json);
  CHECK(outcome({"get", "-n", "set"}).code == 0);
  const auto set = outcome({"--json", "set", "--json", "{}"});
  CHECK(set.document == "{}");
  CHECK(set.invocation.json);
  const auto help = outcome({"--help"});
  CHECK(help.declared == 2);
  CHECK(help.out.contains("-n, --node NAME"));
  const auto typo = outcome({"gett"});
  CHECK(typo.code == 2);
  CHECK(typo.err.contains("did you mean 'get'?"));
  const auto man = outcome({"--generate=man"});
  CHECK(man.out.contains("These options go before the verb"));
  CHECK(man.out.contains("\\-\\-node NAME"));
}
