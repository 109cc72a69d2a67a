"""Holds tools/check-references against small trees: each rule refuses a dead reference and accepts a live one and what is none."""

import os
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TREE = {
    "docs/guide.md": "# Guide\n\n## A boot\n\n### With `code` and more\n\n**Closed.** Text.\n",
    "docs/decisions/0004-datastore.md": "# Datastore\n",
    "lib/sys/unique_fd.hpp": "namespace bulkhead::sys {\nclass UniqueFd { int close(); };  // not Gone\n}\n",
    "lib/sys/unique_fd.cpp": "namespace bulkhead::sys {\nint hidden;\n}\n",
    "lib/sys/deep/inner.hpp": "namespace bulkhead::sys::deep {\nint inner();\n}\n",
    "lib/sys/CMakeLists.txt": "bulkhead_generated(OUTPUT lib/sys/made_types.hpp COMMAND true)\n",
}


class CheckReferences(unittest.TestCase):
    def run_on(self, path, text):
        with tempfile.TemporaryDirectory() as root:
            for name, content in {**TREE, path: text}.items():
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                    file.write(content)
            done = subprocess.run([sys.executable, f"{REPOSITORY}/tools/check-references", root], capture_output=True, text=True)
        self.assertNotIn("Traceback", done.stderr)
        return done.returncode, done.stdout.splitlines()

    def assert_refused(self, path, text, *problems):
        """`problems` are LINE:part-of-message, all that may be reported."""
        status, lines = self.run_on(path, text)
        self.assertEqual((status, len(lines)), (1, len(problems)), lines)
        for line, problem in zip(lines, problems):
            number, part = problem.split(":", 1)
            self.assertTrue(line.startswith(f"{path}:{number}: "), line)
            self.assertIn(part, line)

    def assert_accepted(self, path, *texts):
        for text in texts:
            with self.subTest(text=text):
                self.assertEqual(self.run_on(path, text), (0, []))

    def test_a_path_of_the_repository_exists(self):
        self.assert_accepted("docs/a.md", "see `lib/sys/unique_fd.hpp`, lib/sys/, lib/sys/unique_fd and lib/sys.", "sys/unique_fd.hpp", "decisions/0004-datastore.md")
        self.assert_refused("docs/a.md", "see\n`lib/sys/gone.hpp` and lib/gone/.", "2:lib/gone does not", "2:lib/sys/gone.hpp does not")
        self.assert_refused("docs/a.md", "sys/gone.hpp, ../lib/gone", "1:../lib/gone does", "1:sys/gone.hpp does")

    def test_a_bare_name_is_a_file_somewhere_or_is_generated(self):
        self.assert_accepted("lib/sys/b.hpp", "// unique_fd.hpp, guide.md, made_types.hpp")
        self.assert_refused("lib/sys/b.hpp", "\n// gone.hpp says more\n/* and\n gone.md */", "2:no file gone.hpp", "4:no file gone.md")

    def test_what_has_a_placeholder_or_lies_elsewhere_is_no_reference(self):
        self.assert_accepted("docs/a.md", "lib/NAME, lib/<capability>, lib/sys/*.hpp, lib/{a,b}, docs/decisions/NNNN-*.md, NAME.hpp, lib/…",
                             "/lib/systemd/system, /run/bulkhead/docs/x.md, https://example.org/docs/x.md, ~/lib/gone, $HOME/lib/gone",
                             "build/release/gone.cpp, usr/lib/gone, and/or, <linux/gone.hpp>, ./lib/gone")

    def test_every_kind_of_comment_is_read_and_code_is_not(self):
        for path in ("lib/a.cmake", "lib/a.toml", "lib/a.service", "lib/a.sh", "lib/a.yaml"):
            self.assert_refused(path, "a = 1\n# see lib/gone/a.hpp", "2:lib/gone/a.hpp does not exist")
            self.assert_accepted(path, 'a = "lib/gone/a.hpp"')
        self.assert_refused("lib/a.py", '"""See gone.md."""\na = "gone.md"  # gone.hpp\ndef f():\n    """gone.cpp"""\n',
                            "1:gone.md", "2:gone.hpp", "4:gone.cpp")
        self.assert_refused("lib/tool", "#!/bin/bash\n# gone.md", "2:gone.md")
        self.assert_refused("lib/tool", "#!/usr/bin/env python3\n# gone.md", "2:gone.md")
        self.assert_accepted("lib/sys/b.cpp", 'auto a = "gone.md"; auto b = R"(// gone.md)";')
        self.assert_accepted("tests/golden/a.md", "lib/gone")

    def test_a_page_named_in_a_text_for_users_exists(self):
        self.assert_accepted("lib/sys/b.cpp", 'auto a = "see docs/guide.md";')
        self.assert_refused("lib/sys/b.cpp", 'auto a = "see docs/gone.md";', "1:docs/gone.md does not exist")
        self.assert_accepted("tests/sys/b.cpp", 'auto a = "see docs/gone.md";')

    def test_links_of_markdown_lead_to_files_and_headings(self):
        self.assert_accepted("docs/a.md", "# Top\n[a](guide.md) [b](guide.md#a-boot) [c](guide.md#with-code-and-more) [d](#top) [e](../lib/sys) [f](https://example.org/x)",
                             "```\n[a](gone.md)\n```")
        self.assert_refused("docs/a.md", "[a](gone-page.md)\n[b](guide.md#gone) [c](#gone)", "1:target gone-page.md", "2:docs/a.md has no heading #gone",
                            "2:docs/guide.md has no heading #gone")
        self.assert_refused("lib/sys/b.hpp", "// docs/guide.md#gone", "1:docs/guide.md has no heading #gone")

    def test_a_heading_that_is_named_exists(self):
        self.assert_accepted("lib/sys/b.hpp", '// see "A boot" in\n// docs/guide.md', '// docs/guide.md, "a boot"', '// guide.md "Closed"')
        self.assert_refused("lib/sys/b.hpp", '// see "A fall" in\n// docs/guide.md', '1:docs/guide.md has no heading "a fall"')
        self.assert_refused("lib/sys/b.hpp", '// docs/guide.md, "gone"', '1:docs/guide.md has no heading "gone"')

    def test_a_decision_has_a_page(self):
        self.assert_accepted("lib/sys/b.hpp", "// decision 0004, DPS2, 0xD1, 2D3")
        self.assert_refused("lib/sys/b.hpp", "// decision 0005\n// decisions 0004 and\n// 0009", "1:decision 0005", "2:decision 0009")
        self.assert_refused("docs/a.md", "as D9 says (D10)", "1:D10 is no decision", "1:D9 is no decision")

    def test_a_name_in_one_of_our_namespaces_is_declared_by_a_header(self):
        self.assert_accepted("lib/sys/b.hpp", "// sys::UniqueFd, bulkhead::sys::UniqueFd::close(), sys::deep::inner, bulkhead::sys, std::gone, other::sys::Gone")
        self.assert_refused("lib/sys/b.hpp", "// sys::Gone", "1:sys::Gone: no header of namespace sys declares Gone")
        self.assert_refused("lib/sys/b.hpp", "// sys::hidden\n// sys::UniqueFd::gone", "1:declares hidden", "2:declares gone")

    def test_wrong_usage_is_status_2(self):
        done = subprocess.run([sys.executable, f"{REPOSITORY}/tools/check-references", "/nonexistent"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--help", done.stderr)


if __name__ == "__main__":
    unittest.main()
