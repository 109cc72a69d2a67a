"""Holds tools/run-test to its promise: a test is skipped only when nothing it reads has changed since it passed."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import types
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/run-test"


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        # A checkout of its own, with a test that notes that it ran and ends as `status` says.
        self.checkout = self.folder / "checkout"
        for name in ("tools", "docs", "tests", "build"):
            (self.checkout / name).mkdir(parents=True)
        self.tool = shutil.copy(TOOL, self.checkout / "tools")
        self.ran, self.status, self.unchanged = self.folder / "ran", self.folder / "status", self.folder / "unchanged"
        self.status.write_text("0")
        self.script = self.checkout / "tests/a_test"
        self.script.write_text(f"#!/bin/bash\necho x >>{self.ran}\nexit $(<{self.status})\n")
        self.script.chmod(0o755)
        # The same outside, which therefore does not have everything beside it as input.
        self.program = pathlib.Path(shutil.copy(self.script, self.folder / "program"))
        self.environment = {"PATH": os.environ["PATH"], "BULKHEAD_CACHE": str(self.folder / "cache"),
                            "BULKHEAD_TEST_UNCHANGED": str(self.unchanged)}

    def run_tool(self, *words, **environment):
        return subprocess.run([self.tool, *map(str, words)], env={**self.environment, **environment}, capture_output=True, text=True)

    def runs(self, *command, reads=(), status=0, **environment):
        """Whether the test was really run."""
        before = len(self.ran.read_text()) if self.ran.exists() else 0
        words = [word for path in reads for word in ("--reads", path)]
        done = self.run_tool("a", *words, "--", *(command or [self.program]), **environment)
        self.assertEqual(done.returncode, status, done.stderr)
        ran = (len(self.ran.read_text()) if self.ran.exists() else 0) > before
        self.assertEqual(ran, "unchanged since it passed" not in done.stdout)
        return ran

    def test_help_says_what_it_does(self):
        done = self.run_tool("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for part in ("Usage: tools/run-test NAME", "Runs one test of CTest's", "NAME ", "What a test reads is found"):
            self.assertIn(part.lower(), done.stdout.lower())

    def test_unchanged_is_skipped_and_listed(self):
        self.assertTrue(self.runs())
        self.assertFalse(self.unchanged.exists())
        self.assertFalse(self.runs())
        self.assertEqual(self.unchanged.read_text(), "a\n")

    def test_a_fresh_cache_runs_everything(self):
        self.runs()
        shutil.rmtree(self.folder / "cache")
        self.assertTrue(self.runs())

    def test_without_the_list_it_runs(self):
        self.runs()
        self.assertTrue(self.runs(BULKHEAD_TEST_UNCHANGED=""))
        self.assertTrue(self.runs(BULKHEAD_CACHE=""))

    def test_what_is_changed_runs_and_what_is_changed_back_does_not(self):
        self.runs()
        before = self.program.read_text()
        self.program.write_text(before + "# more\n")
        self.assertTrue(self.runs())
        self.program.write_text(before)
        self.assertFalse(self.runs())

    def test_a_change_that_keeps_size_and_time_is_seen(self):
        data = self.folder / "data"
        data.write_text("one")
        os.utime(data, (1, 1))
        self.runs(self.program, data)
        data.write_text("two")
        os.utime(data, (1, 1))
        self.assertTrue(self.runs(self.program, data))

    def test_remembered_digests_are_of_files_that_are_still_the_same(self):
        tool = types.ModuleType("run_test")
        tool.__file__ = str(TOOL)
        exec(compile(TOOL.read_text(), TOOL, "exec"), tool.__dict__)
        tool.FRESH = -1  # as if every file were old
        data, store = self.folder / "data", self.folder / "files.json"
        data.write_text("one")
        os.utime(data, (1, 1))
        digests = tool.Digests(store)
        one = digests.of_file(data)
        self.assertEqual(digests.of_file(data), one)
        self.assertTrue(digests.new)
        data.write_text("two")
        os.utime(data, (1, 1))
        self.assertNotEqual(digests.of_file(data), one)

    def test_directories_count_with_everything_in_them(self):
        data = self.folder / "data"
        (data / "deep").mkdir(parents=True)
        (data / "deep/file").write_text("one")
        run = lambda: self.runs(self.program, data)
        run()
        self.assertFalse(run())
        for change in (lambda: (data / "deep/file").write_text("two"), lambda: (data / "new").touch(), lambda: (data / "new").chmod(0o755),
                       lambda: (data / "link").symlink_to("new"), lambda: (data / "new").unlink()):
            change()
            self.assertTrue(run())
            self.assertFalse(run())

    def test_a_link_counts_with_what_it_leads_to(self):
        (self.folder / "target").write_text("one")
        (self.folder / "data").mkdir()
        (self.folder / "data/link").symlink_to("../target")
        (self.folder / "data/up").symlink_to("..")
        (self.folder / "data/nowhere").symlink_to("nothing")
        self.runs(self.program, self.folder / "data")
        (self.folder / "target").write_text("two")
        self.assertTrue(self.runs(self.program, self.folder / "data"))
        self.assertFalse(self.runs(self.program, self.folder / "data"))

    def test_a_path_behind_an_equals_sign_counts(self):
        data = self.folder / "data"
        data.write_text("one")
        self.runs(self.program, f"--data={data}")
        data.write_text("two")
        self.assertTrue(self.runs(self.program, f"--data={data}"))

    def test_another_argument_or_environment_is_another_test(self):
        self.runs()
        self.assertTrue(self.runs(self.program, "--more"))
        self.assertTrue(self.runs(LANG="tr_TR.UTF-8"))
        self.assertFalse(self.runs())
        self.assertFalse(self.runs(TERM="vt100"))

    def test_what_the_environment_names_counts(self):
        data = self.folder / "image"
        data.write_text("one")
        run = lambda: self.runs(BULKHEAD_IMAGES=f"/nowhere:{data}")
        run()
        self.assertFalse(run())
        data.write_text("two")
        self.assertTrue(run())

    def test_a_script_has_the_whole_checkout_as_input_but_what_is_generated(self):
        self.runs(self.script)
        (self.checkout / "build/object").touch()
        self.assertFalse(self.runs(self.script))
        (self.checkout / "docs/text.md").touch()
        self.assertTrue(self.runs(self.script))

    def test_reads_names_the_parts_that_count(self):
        run = lambda: self.runs(self.script, reads=["tests"])
        run()
        (self.checkout / "docs/text.md").touch()
        self.assertFalse(run())
        (self.checkout / "tests/data").touch()
        self.assertTrue(run())
        self.assertEqual(self.run_tool("a", "--reads", "none", "--", "true").returncode, 2)

    def test_paths_that_are_compiled_in_count(self):
        golden = self.checkout / "tests/golden"
        golden.mkdir()
        for compiled_in, changed, runs in ((golden, "tests/golden/new", True), (golden, "docs/new", False),
                                           (self.checkout, "docs/newer", True), (self.checkout / "gone", "docs/newest", True)):
            program = self.folder / "elf"
            program.write_bytes(b"\x7fELF...." + str(compiled_in).encode() + b"\0")
            run = lambda: self.runs(self.program, program)
            run()
            self.assertFalse(run())
            (self.checkout / changed).touch()
            self.assertEqual(run(), runs, (compiled_in, changed))

    def test_a_failure_is_never_recorded_and_takes_the_record_away(self):
        self.status.write_text("7")
        self.assertTrue(self.runs(status=7))
        self.assertTrue(self.runs(status=7))
        self.status.write_text("0")
        self.assertTrue(self.runs())
        self.status.write_text("7")
        self.assertTrue(self.runs(status=7, BULKHEAD_TEST_UNCHANGED=""))
        self.status.write_text("0")
        self.assertTrue(self.runs())

    def test_a_skipped_test_is_not_recorded(self):
        self.status.write_text("4")
        self.assertTrue(self.runs(status=4))
        self.assertTrue(self.runs(status=4))

    def test_a_test_that_a_signal_ended_has_failed(self):
        self.program.write_text("#!/bin/bash\nkill -SEGV $$\n")
        self.assertEqual(self.run_tool("a", "--", self.program).returncode, 139)

    def test_what_changes_while_the_test_runs_is_not_recorded(self):
        data = self.folder / "data"
        data.write_text("one")
        self.program.write_text(self.program.read_text().replace("exit", f"echo two >>{data}; exit"))
        self.assertTrue(self.runs(self.program, data))
        data.write_text("one")
        self.assertTrue(self.runs(self.program, data))

    def test_a_damaged_record_or_store_runs(self):
        self.runs()
        for path in (self.folder / "cache/tests/passed/a").iterdir():
            path.write_text("")
        self.assertTrue(self.runs())
        (self.folder / "cache/tests/files.json").write_text("{")
        self.assertFalse(self.runs())  # it only remembers digests, which are made again

    def test_few_records_are_kept(self):
        for number in range(12):
            self.runs(self.program, str(number))
        self.assertEqual(len(list((self.folder / "cache/tests/passed/a").iterdir())), 8)
        self.assertFalse(self.runs(self.program, "11"))


if __name__ == "__main__":
    unittest.main()
