#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/unit/lib/cli/example.hpp"

using namespace bulkhead;
using namespace bulkhead::cli;

namespace {

// What bash offers for these words, the last one being typed. Words are split at '=', as readline does.
std::vector<std::string> bash_offers(const std::vector<std::string>& words, const sys::Path& directory) {
  Example example;
  std::string script = example.program.bash_completion();
  script += "compopt() { :; }\nCOMP_WORDS=(";  // compopt works inside a real completion only
  for (const std::string& word : words) script += "'" + word + "' ";
  script += ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) + "\n_example\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  const auto output = sys::run({.arguments = {"bash", "--norc", "-eu"}, .directory = directory, .input = script});
  REQUIRE(output);
  INFO(output->err);
  CHECK(output->err.empty());
  std::vector<std::string> offers;
  for (const std::string_view line : split(trim(output->out), '\n')) offers.emplace_back(line);
  std::ranges::sort(offers);
  return offers;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("bash completes verbs, options, values and files") {
  const auto dir = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(dir);
  REQUIRE(sys::write_file_atomically(dir->path() / "disk.img", ""));
  REQUIRE(sys::create_directories(dir->path() / "folder"));
  const auto offers = [&](const Words& words) { return bash_offers(words, dir->path()); };

  CHECK(offers({"example", "b"}) == Words{"build"});
  CHECK(offers({"example", "keys", ""}) ==
        Words{"--color", "--help", "--json", "--quiet", "--verbose", "--version", "-h", "-q", "generate", "show"});
  CHECK(offers({"example", "build", "--va"}) == Words{"--variant"});
  CHECK(offers({"example", "build", "--accel", ""}) == Words{"auto", "kvm", "tcg"});
  CHECK(offers({"example", "build", "--accel", "=", "t"}) == Words{"tcg"});
  CHECK(offers({"example", "build", "--color", "="}) == Words{"always", "auto", "never"});
  CHECK(offers({"example", "build", "-o", ""}) == Words{"folder"});
  CHECK(offers({"example", "inspect", ""}) == Words{"disk.img", "folder"});
  CHECK(offers({"example", "inspect", "d"}) == Words{"disk.img"});
  CHECK(offers({"example", "build", "--sec"}).empty());
}

TEST_CASE("bash completes an argument with what the program itself prints") {
  const auto dir = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(dir);
  const auto values = dir->path() / "values";
  // Instead of the program: what it is asked with, then what it knows.
  REQUIRE(sys::write_file_atomically(values,
                                     "#!/bin/sh\nfor word; do echo \"asked:$word\" >>asked; done\nprintf "
                                     "'red\\ngreen.<name>.x\\ngrey\\n$(touch ran)\\n'\n",
                                     0755));
  Program program("example", "show what a program can do", "1");
  program.root().fallthrough();
  std::string node;
  program.root().add_option("--node", node, "Node")->type_name("NODE");
  std::string pigment;
  program.verb("paint", "Paint", [](const Invocation&) -> Result<ExitCode> { return ExitCode::ok; })
      .add_option("pigment", pigment, "Pigment")
      ->type_name("PIGMENT");
  program.complete("PIGMENT", {.arguments = "list --plain", .suffix = "="});
  const auto offers = [&](const std::string& line, const std::string& words) {
    const std::string script = program.bash_completion() + "compopt() { :; }\nCOMP_LINE='" + line +
                               "'\nCOMP_POINT=${#COMP_LINE}\nCOMP_WORDS=(" + words +
                               ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_example ./values\nprintf '%s\\n' "
                               "\"${COMPREPLY[@]}\"\n";
    const auto output = sys::run({.arguments = {"bash", "--norc", "-eu"}, .directory = dir->path(), .input = script});
    REQUIRE(output);
    CHECK(output->err.empty());
    return std::string(trim(output->out));
  };
  CHECK(offers("example --node=x paint g", "example --node = x paint g") == "green.\ngrey=");
  CHECK(sys::read_file(dir->path() / "asked").value() == "asked:--node=x\nasked:list\nasked:--plain\n");
  CHECK(offers("example paint ", "example paint ''") == "red=\ngreen.\ngrey=");
  CHECK_FALSE(sys::exists(dir->path() / "ran"));
}

TEST_CASE("the zsh completion names every verb and value, and zsh can read it") {
  Example example;
  const std::string script = example.program.zsh_completion();
  CHECK(script.starts_with("#compdef example\n"));
  for (const char* part : {"'build:Build a thing'", "_example_keys_generate()", "(auto kvm tcg)", "':IMAGE:_files'"}) {
    INFO(part);
    CHECK(script.contains(part));
  }
  CHECK_FALSE(script.contains("secret"));
  const auto checked = sys::run({.arguments = {"zsh", "-n"}, .input = script});
  if (!checked) SKIP("no zsh here to check the syntax");
  CHECK(checked->exit_status == 0);
  CHECK(checked->err.empty());
}
