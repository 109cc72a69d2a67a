"""Holds tools/sdk to what it promises: from outside its messages and exit statuses; by entering the SDK once more from inside it,
what a command sees there, what it leaves behind, and that nothing outlives it."""

import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SDK = str(REPOSITORY / "tools/sdk")


class Sdk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # As on a host: not inside, and with an archive that is never asked for anything.
        self.environment = {**os.environ, "BULKHEAD_MIRROR": "http://127.0.0.1:1/debian"}
        self.environment.pop("BULKHEAD_SDK", None)
        self.environment.pop("BULKHEAD_EXPIRED_SUITES", None)  # set by tools/sdk test

    def sdk(self, *arguments, cwd=REPOSITORY, **environment):
        return subprocess.run([SDK, *arguments], cwd=cwd, env={**self.environment, **environment}, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)

    def assert_fails(self, done, status, *parts):
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)


class Messages(Sdk):
    def setUp(self):
        super().setUp()
        self.environment["BULKHEAD_CACHE"] = str(self.folder / "cache")

    def test_help_is_data(self):
        done = self.sdk("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Usage: tools/sdk VERB", done.stdout)

    def test_misuse_is_status_2_and_names_the_help(self):
        self.assert_fails(self.sdk("imagine"), 2, "unknown verb 'imagine'", "tools/sdk --help")
        self.assert_fails(self.sdk("run"), 2, "command is missing")
        self.assert_fails(self.sdk("clean", "--most"), 2, "'--most'")
        self.assert_fails(self.sdk("clean", "--all", "more"), 2, "unexpected argument 'more'")
        self.assert_fails(self.sdk("root", "more"), 2, "unexpected argument 'more'")
        self.assert_fails(self.sdk("image", "kvm", "more"), 2, "unexpected argument 'more'")
        self.assert_fails(self.sdk("image", "--fast"), 2, "unknown option '--fast'")
        self.assert_nothing_was_made()

    def assert_nothing_was_made(self):
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_every_verb_has_help_and_then_does_nothing(self):
        for verb in ("image", "test", "shell", "run", "root", "clean"):
            for words in ([verb, "--help"], [verb, "-h"]):
                done = self.sdk(*words)
                self.assertEqual((done.returncode, done.stderr), (0, ""), words)
                self.assertIn("Usage: tools/sdk", done.stdout)
        self.assertIn("Usage: tools/sdk test", self.sdk("test", "unit", "--help").stdout)
        self.assertIn("Usage: tools/sdk VERB", self.sdk("image", "kvm", "--help").stdout)
        self.assert_nothing_was_made()

    def test_an_unknown_variant_is_refused_before_anything_is_made(self):
        self.assert_fails(self.sdk("image", "nosuch"), 2, "no variant 'nosuch'", "ec2 kvm kvm-dev")
        self.assert_fails(self.sdk("image", "shared"), 2, "no variant 'shared'")  # what variants include
        self.assert_nothing_was_made()

    def test_a_mirror_that_is_no_url_is_refused_with_its_name(self):
        self.assert_fails(self.sdk("root", BULKHEAD_MIRROR="ftp://archive"), 1, "'ftp://archive'", "Set BULKHEAD_MIRROR")

    def test_a_suite_that_may_be_expired_has_a_name_that_we_know(self):
        self.assert_fails(self.sdk("root", BULKHEAD_EXPIRED_SUITES="sid sidd"), 1, "BULKHEAD_EXPIRED_SUITES", "'sidd'", "trixie-security")

    def test_a_missing_keyring_is_refused_with_its_name(self):
        self.assert_fails(self.sdk("root", BULKHEAD_KEYRING="/nonexistent.gpg"), 1, "/nonexistent.gpg", "BULKHEAD_KEYRING")

    def test_a_cache_that_others_may_replace_is_refused(self):
        above = self.folder / "above"
        above.mkdir()
        for mode, refused in ((0o757, True), (0o1777, False), (0o755, False)):
            above.chmod(mode)
            done = self.sdk("root", BULKHEAD_CACHE=str(above / "below/cache"), BULKHEAD_MIRROR="ftp://archive")
            self.assertIn(f"chmod go-w {above}" if refused else "ftp://archive", done.stderr)
            self.assertEqual(done.returncode, 1)

    def root_with(self, cache, **environment):
        """What 'tools/sdk root' says: 'ftp://archive' if it liked the cache."""
        done = self.sdk("root", BULKHEAD_CACHE=str(cache), BULKHEAD_MIRROR="ftp://archive", **environment)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        return done.stderr

    def test_a_cache_that_others_may_change_is_refused(self):
        cache = self.folder / "cache"
        for name in ("", "sdk", "debs", "ccache"):
            place = cache / name
            place.mkdir(exist_ok=True)
            for mode, refused in ((0o777, True), (0o1777, True), (0o755, False)):
                place.chmod(mode)
                self.assertIn(f"chmod go-w {place}" if refused else "ftp://archive", self.root_with(cache))

    def test_a_root_that_others_may_change_is_refused_whatever_is_below_it(self):
        # Their names are digests that anybody can compute. A trace tells them.
        trace = subprocess.run(["bash", "-x", SDK, "clean"], env=self.environment, capture_output=True, text=True).stderr
        root, apt = (pathlib.Path(re.search(rf"^\+ {name}=(/.*)", trace, re.MULTILINE)[1]) for name in ("root", "apt"))
        for place in (root, apt):
            (place / "tmp").mkdir(parents=True)
            (place / "tmp").chmod(0o1777)
            place.chmod(0o777)
            self.assert_fails(self.sdk("root"), 1, f"chmod go-w {place}\n")
            place.chmod(0o755)
            if os.geteuid() == 0:
                os.chown(place, 4242, -1)
                self.assert_fails(self.sdk("root"), 1, f"{place} belongs to another user")
                os.chown(place, 0, -1)
        done = self.sdk("root")
        self.assertEqual((done.returncode, done.stdout), (0, f"{root}\n"), done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to make a directory of another user")
    def test_a_cache_of_another_user_is_refused(self):
        cache = self.folder / "cache"
        for name in ("", "sdk", "debs", "ccache"):
            place = cache / name
            place.mkdir(exist_ok=True)
            os.chown(place, 4242, -1)
            self.assertIn(f"{place} belongs to another user", self.root_with(cache))
            self.assertIn("ftp://archive", self.root_with(cache, SUDO_UID="4242"))
            os.chown(place, 0, -1)

    def test_a_cache_behind_a_link_is_looked_at_where_it_is(self):
        (self.folder / "open").mkdir()
        (self.folder / "open").chmod(0o777)
        (self.folder / "link").symlink_to("open")
        for cache in ("link", "link/cache"):
            self.assertIn(f"chmod go-w {self.folder}/open", self.root_with(self.folder / cache))
        self.assertEqual(list((self.folder / "open").iterdir()), [])
        (self.folder / "open").chmod(0o755)
        self.assertIn("ftp://archive", self.root_with(self.folder / "link/cache"))
        (self.folder / "open/cache/sdk").rmdir()
        (self.folder / "open/cache/sdk").symlink_to("/tmp")
        self.assertIn("cache/sdk is a symbolic link", self.root_with(self.folder / "link/cache"))

    def test_what_another_user_makes_while_the_cache_is_made_is_refused(self):
        # Between the first look and mkdir, the place is taken.
        self.stub("mkdir", 'PATH=${PATH#*:}; mkdir -m 777 "$RACED"; exec mkdir "$@"')
        for raced in ("cache", "cache/sdk"):
            said = self.root_with(self.folder / "cache", PATH=self.path, RACED=str(self.folder / raced))
            self.assertIn(f"chmod go-w {self.folder / raced}", said)
            (self.folder / "cache").chmod(0o755)
            subprocess.run(["rm", "-rf", self.folder / "cache/sdk"], check=True)

    def test_a_group_may_write_if_nobody_else_is_in_it(self):
        user = pwd.getpwuid(os.geteuid()).pw_name
        cache = self.folder / "cache"
        cache.mkdir()
        cache.chmod(0o775)
        group = cache.stat().st_gid
        for line, refused in ((f"{user}:x:{group}:", False), (f"{user}:x:{group}:{user}", False), (f"{user}:x:{group}:mallory", True),
                              (f"{user}:x:{group}:{user},mallory", True), (f"staff:x:{group}:", True), ("", True)):
            self.stub("getent", f"echo '{line}'")
            said = self.root_with(cache, PATH=self.path)
            self.assertIn(f"chmod go-w {cache}" if refused else "ftp://archive", said, line)

    def stub(self, name, script):
        """Puts a program before the host's, with self.path as PATH."""
        folder = self.folder / "stubs"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)
        self.path = f"{folder}:{os.environ['PATH']}"

    def test_clean_removes_what_a_killed_setup_left(self):
        for name in ("root-old/usr", ".new-root-abc/usr", "apt-old"):
            (self.folder / "cache/sdk" / name).mkdir(parents=True)
        done = self.sdk("clean")
        self.assertEqual(done.returncode, 0, done.stderr)
        left = {path.name for path in (self.folder / "cache/sdk").iterdir()}
        self.assertEqual(left, {".lock"})


@unittest.skipUnless(os.environ.get("BULKHEAD_SDK"), "needs to run inside the SDK, whose root it enters")
class Inside(Sdk):
    def setUp(self):
        super().setUp()
        # A cache of its own, that borrows the root which this very test runs in.
        self.environment["BULKHEAD_CACHE"] = str(self.folder / "cache")
        root = subprocess.run(["bash", "-c", f"source <(sed -n '/^readonly format/p;/^readonly suite/p;/^packages()/p;/^digest()/p' {SDK}); "
                               "here=$1; { echo \"$format $suite 0\"; packages; } | digest", "_", str(REPOSITORY / "tools")],
                              check=True, capture_output=True, text=True).stdout.strip()
        real = pathlib.Path(os.environ["BULKHEAD_CACHE"]) / "sdk" / os.environ["BULKHEAD_SDK"]
        self.assertTrue(real.is_dir(), f"{real} is gone while we run in it")
        (self.folder / "cache/sdk").mkdir(parents=True)
        (self.folder / f"cache/sdk/root-{root}").symlink_to(real)

    def test_status_directory_mask_and_input_are_kept(self):
        self.assertEqual(self.sdk("run", "bash", "-c", "exit 7").returncode, 7)
        self.assertEqual(self.sdk("run", "pwd", cwd=self.folder).stdout, f"{self.folder}\n")
        masked = subprocess.run(["bash", "-c", f"umask 027; echo in | {SDK} run bash -c 'umask; cat'"], env=self.environment,
                                capture_output=True, text=True)
        self.assertEqual(masked.stdout, "0027\nin\n", masked.stderr)

    def test_the_environment_is_clean(self):
        done = self.sdk("run", "env", LD_LIBRARY_PATH="/x", CXXFLAGS="-O0", SOURCE_DATE_EPOCH="7", BULKHEAD_X="with space", LANG="de_DE")
        variables = done.stdout.splitlines()
        self.assertFalse([v for v in variables if v.startswith(("LD_LIBRARY_PATH", "CXXFLAGS"))])
        for expected in ("SOURCE_DATE_EPOCH=7", "BULKHEAD_X=with space", "LANG=C.UTF-8", "HOME=/root"):
            self.assertIn(expected, variables)

    def test_what_a_run_changes_is_gone_with_it(self):
        self.assertEqual(self.sdk("run", "bash", "-c", "echo x > /etc/changed; echo x > /var/lib/changed; ! touch /usr/changed").returncode, 0)
        self.assertEqual(self.sdk("run", "ls", "/etc/changed").returncode, 2)
        self.assertEqual(self.sdk("run", "bash", "-c", f"echo kept > {self.folder}/file").returncode, 0)
        self.assertEqual((self.folder / "file").read_text(), "kept\n")

    def test_the_archive_is_the_one_asked_for_and_its_keyring_is_there(self):
        done = self.sdk("run", "bash", "-c", "cat /etc/apt/sources.list; ls $(sed -n 's/.*signed-by=\\([^]]*\\).*/\\1/p;q' /etc/apt/sources.list)")
        lines = done.stdout.splitlines()
        self.assertEqual([line.split("] ")[1] for line in lines[:3]],
                         ["http://127.0.0.1:1/debian trixie main", "http://127.0.0.1:1/debian trixie-updates main",
                          "http://127.0.0.1:1/debian-security trixie-security main"])
        self.assertTrue(lines[3].startswith("/etc/apt/keyrings/"), done.stdout + done.stderr)

    def test_os_builder_sees_a_second_suite_and_apt_takes_nothing_from_it(self):
        done = self.sdk("run", "bash", "-c", "cat /etc/apt/sources.list.d/* /etc/apt/preferences.d/*")
        self.assertRegex(done.stdout, r"^deb \[signed-by=/etc/apt/keyrings/[^ ]*\] http://127.0.0.1:1/debian sid main\n")
        self.assertIn("Pin: release n=sid\nPin-Priority: -1\n", done.stdout)
        done = self.sdk("run", "bash", "-c", "cat /etc/apt/sources.list /etc/apt/sources.list.d/*", BULKHEAD_EXPIRED_SUITES="sid")
        self.assertEqual([line.split("] ")[1] for line in done.stdout.splitlines() if "check-valid-until=no]" in line],
                         ["http://127.0.0.1:1/debian sid main"], done.stdout + done.stderr)

    def test_only_what_is_tried_and_thrown_away_accepts_an_old_sid(self):
        def unlimited(verb, *arguments, **environment):
            for place in (self.folder / "cache/sdk").glob("apt-*"):
                shutil.rmtree(place)
            self.assertNotIn("unknown verb", self.sdk(verb, *arguments, **environment).stderr)
            return [line.split("] ")[1] for path in (self.folder / "cache/sdk").glob("apt-*/**/*") if path.is_file()
                    for line in path.read_text(errors="replace").splitlines() if "check-valid-until=no]" in line]

        sid = ["http://127.0.0.1:1/debian sid main"]
        self.assertEqual(unlimited("test", "no-such-stage"), sid)
        self.assertEqual(unlimited("run", "true"), [])
        self.assertEqual(unlimited("test", "no-such-stage", BULKHEAD_EXPIRED_SUITES=""), [])

    def test_help_of_the_command_is_its_own(self):
        self.assertIn("Usage: true", self.sdk("run", "env", "true", "--help").stdout)

    def test_the_cache_may_lie_below_a_directory_that_is_visible_anyway(self):
        for parent in ("/tmp", "/var/tmp"):
            with tempfile.TemporaryDirectory(dir=parent) as folder:
                (link,) = (self.folder / "cache/sdk").glob("root-*")
                root = pathlib.Path(folder) / "cache/sdk" / link.name
                root.mkdir(parents=True)
                done = subprocess.run(["unshare", "--mount", "bash", "-euc", 'mount --bind "$1" "$2"; exec "$3" run bash -c "$4"', "_",
                                       link.resolve(), root, SDK, 'touch "$BULKHEAD_CACHE/kept"; findmnt -rn -o TARGET -S bulkhead-sdk'],
                                      env={**self.environment, "BULKHEAD_CACHE": f"{folder}/cache"}, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout), (0, "/\n"), done.stderr)
                self.assertTrue(pathlib.Path(folder, "cache/kept").exists())

    def test_namespaces_nest(self):
        done = self.sdk("run", "unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "x", "/mnt")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_nothing_outlives_a_killed_run(self):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGHUP):
            # The command and a daemon of its hold the write end: end of file means that both are gone.
            reader, writer = os.pipe()
            process = subprocess.Popen([SDK, "run", "bash", "-c", f"setsid sleep 1000 & echo up >&{writer}; exec sleep 1000"],
                                       env=self.environment, pass_fds=[writer])
            os.close(writer)
            with open(reader, encoding="utf-8") as output:
                self.assertEqual(output.readline(), "up\n")
                process.send_signal(number)
                self.assertEqual(output.read(), "")
            self.assertEqual(process.wait(), -number)

    def test_clean_keeps_a_root_in_use(self):
        kept = self.folder / "cache/sdk/root-other"
        kept.mkdir()
        with subprocess.Popen(["flock", "-s", str(kept), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            holder.stdin.write(b"x\n")
            holder.stdin.flush()
            holder.stdout.readline()
            self.assertIn("in use", self.sdk("clean").stderr)
            self.assertTrue(kept.is_dir())
            holder.stdin.close()
        self.sdk("clean")
        self.assertFalse(kept.exists())

    def processor_time(self, action, times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(times):
            action()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    def test_a_second_start_costs_little(self):
        start = lambda: self.assertEqual(self.sdk("run", "true").returncode, 0)
        start()
        # As many starts of Python take half a second of an idle machine. Neighbours make both slower.
        unit = self.processor_time(lambda: subprocess.run([sys.executable, "-c", "import unittest"], check=True), 10)
        self.assertLess(self.processor_time(start, 3) / 3, 5 * unit)


if __name__ == "__main__":
    unittest.main()
