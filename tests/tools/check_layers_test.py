"""Holds tools/check-layers against small trees, one rule each: it reports the violation, and not what only looks like one."""

import os
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADERS = {name: "" for name in ("lib/base/a.hpp", "lib/sys/a.hpp", "lib/gpt/a.hpp", "lib/tuf/a.hpp",
                                 "os-builder/disk/a.hpp", "updater/a.hpp", "updater/main.cpp", "node/init/a.hpp", "node/console/a.hpp",
                                 "api-client/a.hpp", "api-server/http/a.hpp", "tests/support/a.hpp")}


def include(*targets):
    return "".join(f'#include "{target}"\n' for target in targets)


class CheckLayers(unittest.TestCase):
    def run_on(self, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**HEADERS, **files}.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            done = subprocess.run([sys.executable, f"{REPOSITORY}/tools/check-layers", root], capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()

    def assert_refused(self, path, text, *problems):
        """`problems` are LINE:part-of-message, all that may be reported."""
        status, lines = self.run_on({path: text})
        self.assertEqual((status, len(lines)), (1, len(problems)), lines)
        for line, problem in zip(lines, problems):
            number, part = problem.split(":", 1)
            self.assertTrue(line.startswith(f"{path}:{number}: "), line)
            self.assertIn(part, line)

    def assert_accepted(self, path, text):
        self.assertEqual(self.run_on({path: text}), (0, []))

    def test_each_layer_may_include_those_below_it(self):
        self.assert_accepted("lib/sys/b.cpp", include("lib/sys/a.hpp", "lib/base/a.hpp"))
        self.assert_accepted("lib/gpt/b.cpp", include("lib/tuf/a.hpp", "lib/sys/a.hpp", "lib/base/a.hpp"))
        self.assert_accepted("os-builder/b.cpp", include("os-builder/disk/a.hpp", "lib/gpt/a.hpp"))
        self.assert_accepted("tests/unit/b.cpp", include("os-builder/disk/a.hpp", "updater/a.hpp", "tests/support/a.hpp"))

    def test_lib_base_includes_nothing_of_ours(self):
        self.assert_refused("lib/base/b.cpp", include("lib/base/a.hpp", "lib/sys/a.hpp"), "2:lib/base includes nothing")

    def test_lib_sys_includes_only_lib_base(self):
        self.assert_refused("lib/sys/b.cpp", include("lib/gpt/a.hpp"), "1:lib/sys may include only lib/base")

    def test_lib_does_not_know_components(self):
        self.assert_refused("lib/gpt/b.cpp", include("updater/a.hpp"), "1:must not know the component updater")

    def test_components_do_not_know_each_other(self):
        self.assert_refused("os-builder/b.cpp", include("updater/a.hpp"), "1:must not include the component updater")

    def test_the_client_includes_nothing_of_the_server(self):
        self.assert_refused("api-client/b.cpp", include("api-server/http/a.hpp"), "1:must not include the component api-server")
        self.assert_refused("api-server/http/b.cpp", include("api-client/a.hpp"), "1:must not include the component api-client")

    def test_each_folder_of_node_is_a_component(self):
        self.assert_accepted("node/init/b.cpp", include("node/init/a.hpp", "lib/gpt/a.hpp"))
        self.assert_refused("node/init/b.cpp", include("node/console/a.hpp"), "1:must not include the component node/console")
        self.assert_refused("node/init/b.cpp", include("os-builder/disk/a.hpp"), "1:must not include the component os-builder")
        self.assert_refused("os-builder/b.cpp", include("node/init/a.hpp"), "1:must not include the component node/init")
        self.assert_refused("lib/gpt/b.cpp", include("node/init/a.hpp"), "1:must not know the component node/init")

    def test_nothing_includes_a_main(self):
        self.assert_refused("tests/unit/b.cpp", include("updater/main.cpp"), "1:nothing includes a main.cpp")

    def test_only_tests_include_tests(self):
        self.assert_refused("lib/gpt/b.cpp", include("tests/support/a.hpp"), "1:only tests include")

    def test_capabilities_of_lib_do_not_form_a_cycle(self):
        status, lines = self.run_on({"lib/gpt/b.cpp": include("lib/tuf/a.hpp"), "lib/tuf/b.cpp": "\n" + include("lib/net/a.hpp"),
                                     "lib/net/a.hpp": include("lib/gpt/a.hpp")})
        self.assertEqual((status, len(lines)), (1, 3), lines)
        self.assertIn("lib/gpt/b.cpp:1: includes lib/tuf and closes a cycle: lib/gpt -> lib/tuf -> lib/net -> lib/gpt", lines)
        self.assertTrue(any(line.startswith("lib/tuf/b.cpp:2: ") for line in lines), lines)

    def test_a_quoted_include_names_a_file_of_the_repository_or_a_generated_one(self):
        self.assert_refused("lib/gpt/b.cpp", include("a.hpp", "lib/gpt/../gpt/a.hpp"), '1:"a.hpp" is no file', "2:is no file")
        generated = {"lib/gpt/CMakeLists.txt": "bulkhead_generated(OUTPUT lib/gpt/types.hpp COMMAND true)",
                     "lib/gpt/b.cpp": include("lib/gpt/types.hpp")}
        self.assertEqual(self.run_on(generated), (0, []))

    def test_an_include_in_a_comment_does_not_count(self):
        self.assert_accepted("lib/base/b.cpp", '// #include "updater/a.hpp"\n/*\n#include "updater/a.hpp"\n*/\n')

    def test_shells_are_forbidden(self):
        self.assert_refused("lib/gpt/b.cpp", 'int a = std::system("ls");\nauto b = ::popen("ls", "r");', "1:system", "2:popen")
        self.assert_refused("updater/b.cpp", 'run({"/bin/sh", "-c", "ls"});\n\nrun("bash -ec ls");', "1:runs a shell", "3:runs a shell")

    def test_waiting_for_time_is_forbidden(self):
        self.assert_refused("lib/gpt/b.cpp", "std::this_thread::sleep_for(1s);\nusleep(1);\n::nanosleep(&a, nullptr);\nsleep(1);",
                            "1:sleep_for", "2:usleep", "3:nanosleep", "4:sleep")

    def test_polling_nothing_is_waiting_for_time(self):
        self.assert_refused("lib/gpt/b.cpp", "::poll(nullptr, 0, 5);\npoll(NULL, 0, ms(1));\n::ppoll(nullptr, 0, &time, nullptr);\npoll(&none,\n    0, 5);",
                            "1:poll of nothing", "2:poll of nothing", "3:ppoll of nothing", "4:poll of nothing")
        self.assert_refused("node/init/boot.cpp", "::poll(nullptr, 0, 5);", "1:poll of nothing")
        self.assert_accepted("lib/gpt/b.cpp", "::poll(&entry, 1, 0);\n::poll(entries.data(), entries.size(), -1);\n// poll(nullptr, 0, 5)\n")
        self.assert_accepted("node/init/main.cpp", "::poll(nullptr, 0, 5);")

    def test_words_in_comments_strings_and_longer_names_are_not_calls(self):
        self.assert_accepted("lib/gpt/b.cpp", '// system("x")\nauto a = "popen(x)";\nfile_system(); a.system(); auto c = \'"\'; /* usleep(1) */\n'
                                              'auto d = R"(\nsystem(1)\n)"; // "sh", "-c"\n')

    def test_local_functions_of_a_folder_have_different_names(self):
        local = "namespace {\n\nint f(int a) {\n  return a;\n}\n\n}  // namespace\n"
        status, lines = self.run_on({"lib/gpt/b.cpp": local, "lib/gpt/c.cpp": local})
        self.assertEqual((status, len(lines)), (1, 1), lines)
        self.assertTrue(lines[0].startswith("lib/gpt/c.cpp:3: f() stands in lib/gpt/b.cpp too"), lines)
        # Elsewhere, as a member, or in programs of their own they may be called the same.
        member = "namespace {\n\nstruct A {\n  int f(int a) {\n    return a;\n  }\n};\n\n}  // namespace\n"
        self.assertEqual(self.run_on({"lib/gpt/b.cpp": local, "lib/tuf/c.cpp": local, "lib/gpt/d.cpp": member,
                                      "tests/vm/b.cpp": local, "tests/vm/c.cpp": local}), (0, []))

    def test_calls_that_hide_errors_are_forbidden(self):
        self.assert_refused("lib/gpt/b.cpp", "int a = atoi(b);", "1:atoi")

    def test_json_is_read_in_one_place(self):
        text = "auto a = Json::parse(b);\nnlohmann::ordered_json::parse(\n  b);\nauto c = json :: accept(b);\nJson::sax_parse(b, &c);\njson::from_cbor(b);"
        self.assert_refused("lib/gpt/b.cpp", text, "1:codec::parse_json", "2:codec::parse_json", "4:accept of", "5:sax_parse of", "6:from_cbor of")
        self.assert_refused("os-builder/b.cpp", "using Value = nlohmann::json;\nauto a = Value::parse(b);", "2:codec::parse_json")
        self.assert_accepted("lib/codec/json.cpp", text)
        self.assert_accepted("tests/unit/b.cpp", text)
        self.assert_accepted("lib/gpt/b.cpp", "auto a = codec::parse_json(b);\nauto c = Settings::from_json(b);\n// Json::parse(b)\nKey::parse(b);\nJson::parse_error e;")

    def test_catch_all_may_translate_but_not_continue(self):
        self.assert_refused("lib/gpt/b.cpp", "void f() {\n  try { g(); } catch (...) {\n    log();\n  }\n}", "2:catch (...) that continues")
        self.assert_accepted("lib/gpt/b.cpp", "try { g(); } catch (...) {\n  return fail();\n}\ntry { g(); } catch (...) { throw; }")

    def test_try_stands_where_nothing_else_is_half_built(self):
        for line in ("TRY(f());", "TRY_CTX(f(), \"reading {}\", name);", "if (a) TRY(f());", "if (a && g(b)) return 1; else TRY(f());",
                     "for (int i : list) TRY(f(i));", "while (a) TRY(f());", "case 1: TRY(f()); break;", "case X::one: TRY(f()); break;",
                     "default: TRY(f());", "auto a = TRY(f());", "const std::map<A, std::vector<B>> a = TRY_CTX(f({1, 2}), \"x\");",
                     "const auto [a, b] = TRY(f());", "if (const auto a = TRY(f()); a > 1) g(a);", "a = TRY(f());", "*a.b->c[i + 1] = TRY(f());",
                     "if (a) b = TRY(f());", "return TRY(f());", "if (a) return TRY_CTX(f(), \"x\");", "auto* a =\n      TRY(\n          f());",
                     "TRY(f([&]() -> Result<> { TRY(g()); return {}; }));", "f([&]() -> Result<int> { return TRY(g()); });",
                     "A{.f = [&]() -> Result<> {\n  auto x = TRY(g());\n  return h(x);\n}};", "auto a = f(\"TRY(x) + 1\");  // f(TRY(x))",
                     "/* f(TRY(x)) */", "RETRY(f()) + 1;"):
            with self.subTest(line):
                self.assert_accepted("lib/gpt/b.cpp", f"Result<> f() {{\n  {line}\n}}\n")

    def test_try_inside_an_expression_is_refused(self):
        for line in ("A{.a = open(), .b = TRY(f())};", "auto a = A{TRY(f())};", "A a{.b = TRY(f())};", "A a(TRY(f()));", "g(1, TRY(f()));",
                     "auto a = g(TRY(f()));", "return g(TRY_CTX(f(), \"x\"));", "auto a = TRY(f()).b;", "return TRY(f()).b;", "TRY(f()).g();",
                     "auto a = b ? TRY(f()) : c;", "auto a = b ? c : TRY(f());", "auto a = b && TRY(f());", "auto a = !TRY(f());", "a += TRY(f());",
                     "a << TRY(f());", "auto a = *TRY(f());", "auto a = 1, b = TRY(f());", "if (TRY(f())) g();", "while (TRY(f())) g();",
                     "if (auto a = TRY(f())) g();", "for (auto a : TRY(f())) g(a);", "static const auto a = TRY(f());", "a[key()] = TRY(f());",
                     "g().a = TRY(f());", "auto a = g([b = TRY(f())] { return b; });", "a == b = TRY(f());"):
            with self.subTest(line):
                self.assert_refused("lib/gpt/b.cpp", f"Result<> f() {{\n  {line}\n}}\n", "2:inside an expression")

    def test_an_assignment_and_a_return_give_the_value_to_nothing_else(self):
        for line in ("a = b = TRY(f());", "a = TRY(f()) + 1;", "a = {TRY(f())};", "a = A(TRY(f()));", "(a ? b : c) = TRY(f());",
                     "return {TRY(f())};", "return A{.b = TRY(f())};", "return TRY(f()) + 1;", "return !TRY(f());", "return a, TRY(f());"):
            with self.subTest(line):
                self.assert_refused("lib/gpt/b.cpp", f"Result<> f() {{\n  {line}\n}}\n", "2:inside an expression")

    def test_try_in_a_macro_is_refused_but_for_its_own(self):
        self.assert_refused("lib/gpt/b.cpp", "#define MINE(x) TRY(x)", "1:TRY(...) in a macro")
        self.assert_refused("lib/gpt/b.hpp", "# define MINE(x) \\\n  g(TRY_CTX(x, \"y\"))\nint a;", "2:TRY_CTX(...) in a macro")
        self.assert_accepted("lib/base/result.hpp", "#define TRY(...) ({ __VA_ARGS__; })\n#define OTHER(x) TRY(x)")
        self.assert_accepted("lib/gpt/b.cpp", "#define RETRY(x) g(x)  // as TRY(x)\n#define B \"TRY(x)\"\n")

    def test_try_is_refused_where_it_stands(self):
        self.assert_refused("tests/unit/b.cpp", "auto a = A{\n    .a = open(),\n    .b = TRY_CTX(\n        f(), \"x\"),\n};", "3:TRY_CTX(...) inside")
        self.assert_refused("lib/gpt/b.cpp", "auto a = TRY(f(\n    TRY(g())));\nf([] {\n  return h(TRY(g()));\n});", "2:TRY(...)", "4:TRY(...)")

    def test_headers_do_not_use_namespaces(self):
        self.assert_refused("lib/gpt/b.hpp", "\nusing namespace std;", "2:using namespace in a header")
        self.assert_accepted("lib/gpt/b.cpp", "using namespace std::literals;")

    def test_no_file_names_a_mirror(self):
        self.assert_refused("variants/kvm.toml", 'url = "http://mirror.example' + '/debian"', "1:names a mirror")
        self.assert_refused("docs/use.md", "see https://" + "deb.debian" + ".org/debian", "1:names a mirror")
        self.assert_accepted("docs/use.md", "see https://example.org/debian, https://mirrors.example.org/")

    def test_long_files_are_refused(self):
        for path in ("lib/gpt/b.cpp", "tests/api/b.py", "api-server/b.yaml"):
            self.assert_accepted(path, "\n" * 500)
            self.assert_refused(path, "\n" * 501, "501:501 lines, at most 500")
        self.assert_accepted("docs/b.md", "\n" * 501)

    def test_wrong_usage_is_status_2(self):
        done = subprocess.run([sys.executable, f"{REPOSITORY}/tools/check-layers", "/nonexistent"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--help", done.stderr)


if __name__ == "__main__":
    unittest.main()
