"""Holds tools/test to what its help says, with a cmake and a ctest that only note how they were called."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/test"


class Test(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "tools").mkdir()
        (self.folder / "bin").mkdir()
        self.tool = shutil.copy(TOOL, self.folder / "tools")
        self.calls = self.folder / "calls"
        self.program("bin/cmake", "")
        self.program("tools/lint", f'echo "lint $*" >>{self.calls}')
        self.ctest('')

    def program(self, path, text):
        (self.folder / path).write_text(f"#!/bin/bash\n{text}\n")
        (self.folder / path).chmod(0o755)

    def ctest(self, text):
        self.program("bin/ctest", f'echo "ctest ${{*##*--no-tests=error}} list=${{BULKHEAD_TEST_UNCHANGED:+yes}}" >>{self.calls}\n{text}')

    def run_tool(self, *arguments):
        return subprocess.run([self.tool, *arguments], env={"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}, capture_output=True, text=True)

    def called(self):
        """The calls of ctest: the labels, and what was handed on."""
        return [line.split(" -L ")[1] for line in self.calls.read_text().splitlines() if line.startswith("ctest")]

    def test_stages_of_tests_that_follow_each_other_run_together(self):
        done = self.run_tool()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.called(), ["^(unit|fuzz)$ list=yes", "^(cli|image|vm)$ list=yes"])
        self.run_tool("vm", "tidy", "unit", "--", "-R", "x")
        self.assertEqual(self.called()[2:], ["^(vm)$ -R x list=yes", "^(unit)$ -R x list=yes"])

    def test_what_was_skipped_is_listed_before_the_verdicts(self):
        self.ctest('printf "b\\na\\n" >>"$BULKHEAD_TEST_UNCHANGED"')
        done = self.run_tool("unit")
        self.assertRegex(done.stdout, r"(?s)unchanged since they passed: 2 tests .*: a b\n\nunit +ok +\d+ s\n$")

    def test_nothing_is_skipped_when_all_is_asked_for_and_under_load(self):
        self.run_tool("--all", "unit")
        self.run_tool("load")
        self.assertEqual(self.called(), ["^(unit)$ list=", "^(unit|cli)$ list="])

    def test_load_leaves_no_busy_loop_behind_and_hands_its_verdict_on(self):
        self.ctest(f"pgrep -P $PPID -c >{self.folder}/children; exit 1")
        done = self.run_tool("load")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(int((self.folder / "children").read_text()), 2 * os.cpu_count() + 1)  # and ctest
        self.assertNotIn(self.tool, subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout)

    def test_all_stages_run_even_when_one_fails(self):
        self.ctest('[[ $* != *unit* ]]')
        done = self.run_tool("unit", "lint", "vm")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"unit +FAILED +\d+ s\nlint +ok +\d+ s\nvm +ok")

    def test_newer_packages_are_listed_after_images_and_are_no_part_of_the_verdict(self):
        (self.folder / "build/release/os-builder").mkdir(parents=True)
        (self.folder / "build/release/test/images/kvm").mkdir(parents=True)
        lock = self.folder / "build/release/test/images/kvm/packages.lock"
        self.program("build/release/os-builder/os-builder", f'echo "newer: $*"; exit 7')
        self.assertNotIn("newer", self.run_tool("vm").stdout)  # no image was built
        lock.write_text("")
        self.assertNotIn("newer", self.run_tool("unit").stdout)
        done = self.run_tool("unit", "image", "lint", "vm")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.count("newer: plan -q -v kvm --locked build/release/test/images/kvm/packages.lock --offline "
                                           "--outdated\nThe newer packages could not be listed"), 1)
        self.assertRegex(done.stdout, r"(?s)newer: .*\nunit image +ok")

    def test_an_unknown_stage_is_status_2(self):
        done = self.run_tool("unti")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("unknown stage 'unti'", done.stderr)


if __name__ == "__main__":
    unittest.main()
