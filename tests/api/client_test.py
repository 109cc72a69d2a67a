"""apiclient as its users call it: against the real apiserver, and where there is none."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from apiserver import TIMEOUT, Server

CLIENT = os.environ["BULKHEAD_APICLIENT"]


class Done:
    def __init__(self, process, out, err):
        self.status, self.out, self.err = process.returncode, out, err

    @property
    def json(self):
        return json.loads(self.out)


def run(*words, config="/nonexistent", stdin=""):
    process = subprocess.Popen([CLIENT, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env={"XDG_CONFIG_HOME": config, "PATH": os.environ["PATH"]})
    return Done(process, *process.communicate(stdin, timeout=TIMEOUT))


class Alone(unittest.TestCase):
    def test_no_server_is_one_clear_error(self):
        done = run("-s", "/nonexistent/api.sock", "get", "motd")
        self.assertEqual(done.status, 1)
        self.assertEqual(done.out, "")
        self.assertEqual(done.err, "apiclient: cannot connect to /nonexistent/api.sock: nothing is listening there\n  hint: on a node, check that apiserver is running; "
                                   "from elsewhere, name the node: apiclient -n NODE\n")

    def test_wrong_use_is_a_usage_error_that_asks_nobody(self):
        for words in (["gett"], ["get", "--excldue", "x"], ["set"], ["set", "motd"], ["set", "=x"], ["set", "--json", "["],
                      ["set", "a=b", "--json", "{}"], ["set", "a=b", "--hold"], ["set", "a=b", "--try", "1w"],
                      ["set", "a=b", "--try", "5", "--dry-run"], ["unset"], ["explain"], ["raw"], ["diff"], ["diff", "x"],
                      ["rollback"], ["logs", "-n", "0"], ["logs", "-p", "8"], ["history", "0"],
                      ["history", "x"], ["report", "foo"], ["reset", "foo"], ["profile"], ["update"], ["set", "a=1", "a=2"],
                      ["plan", "a=1", "settings.a=2"], ["gett", "--help"], ["--generate=fish"], []):
            done = run("-s", "/nonexistent/api.sock", *words)
            with self.subTest(words=words):
                self.assertEqual(done.status, 2, done.err)
                self.assertNotIn("cannot connect", done.err)
                self.assertEqual(done.err.count("apiclient: "), 1)
                self.assertIn("\n  hint: ", done.err)
        self.assertIn("did you mean 'get'?", run("gett").err)
        self.assertIn("SUBJECT: 'foo' is not a valid value: use boot\n", run("report", "foo").err)
        self.assertIn("FILE-SYSTEM: 'foo' is not a valid value: use state or data\n", run("reset", "foo").err)
        self.assertIn("COMMIT: 'x' is not a valid value: use a whole number, 1 or more\n", run("history", "x").err)

    def test_keys_with_an_equals_sign_between_quotes_are_told_apart(self):
        done = run("-s", "/nonexistent/api.sock", "set", 'kernel.sysctl."a=b"=1', 'kernel.sysctl."a=c"=2')
        self.assertIn("cannot connect", done.err)

    def test_a_name_that_is_no_profile_and_no_host_is_told_both(self):
        done = run("-n", "nonode", "status")
        self.assertEqual(done.status, 1)
        self.assertIn("cannot find the address of 'nonode'", done.err)
        self.assertIn("no profile is called 'nonode'", done.err)

    def test_a_terminal_is_told_what_is_read_from_it(self):
        leader, terminal = os.openpty()
        with open(terminal, "rb") as standard_input:
            process = subprocess.Popen([CLIENT, "-s", "/nonexistent/api.sock", "apply"], stdin=standard_input, stderr=subprocess.PIPE, text=True)
        self.assertIn("Ctrl-D", process.stderr.readline())
        os.write(leader, b"motd = 'x'\n\x04")
        self.assertIn("[settings]", process.communicate(timeout=TIMEOUT)[1])
        os.close(leader)

    def test_documents_that_cannot_be_read_are_told_before_anybody_is_asked(self):
        for source, status in (("/nonexistent/x.toml", 1), ("s3://b/x", 2), ("base64:***", 2), ("base64:eA==", 2),
                               ("http://u:p@h/", 2), ("arn:aws:x", 2), ("http://127.0.0.1:1/x", 1), ("file://host/x", 2)):
            done = run("-s", "/nonexistent/api.sock", "apply", source)
            with self.subTest(source=source):
                self.assertEqual(done.status, status, done.err)
                self.assertNotIn("cannot connect", done.err)

    def test_exec_says_what_is_missing(self):
        done = run("exec", "-t", "admin", "--", "ls", "-l")
        self.assertEqual(done.status, 1)
        self.assertIn("host containers", done.err)

    def test_profiles(self):
        config = tempfile.mkdtemp(prefix="bulkhead-profiles-")
        self.addCleanup(shutil.rmtree, config)
        self.assertEqual(run("profile", "list", config=config).status, 0)
        self.assertEqual(run("profile", "add", "web1", "--host", "127.0.0.1:1", "--fingerprint", "AA:" * 31 + "AA",
                             config=config).status, 0)
        self.assertEqual(run("profile", "list", "--json", config=config).json,
                         {"schema": 1, "profiles": [
                             {"name": "web1", "host": "127.0.0.1", "port": 1, "fingerprint": "aa" * 32}]})
        self.assertIn('host = "127.0.0.1"', run("profile", "show", "web1", config=config).out)
        self.assertEqual(os.stat(config + "/bulkhead/profiles.toml").st_mode & 0o777, 0o600)
        asked = run("-n", "web1", "status", config=config)
        self.assertEqual(asked.status, 1)
        self.assertIn("127.0.0.1:1", asked.err)
        self.assertIn("check the address", asked.err)
        self.assertIn("did you mean 'web1'?", run("profile", "show", "web", config=config).err)
        self.assertIn("did you mean 'web1'?", run("-n", "web", "status", config=config).err)
        self.assertEqual(run("profile", "add", "x", "--host", "h", "--cert", "/nonexistent", config=config).status, 2)
        self.assertEqual(run("profile", "add", "x", "--host", "h", "--ca", "/nonexistent", config=config).status, 2)
        self.assertEqual(run("profile", "add", "a b", "--host", "h", config=config).status, 2)
        bare = run("profile", "add", "bare", "--host", "h", config=config)
        self.assertEqual(bare.status, 0)
        self.assertIn("Without --cert and --key", bare.err)
        self.assertIn("Without --ca or --fingerprint", bare.err)
        both = run("profile", "add", "both", "--host", "127.0.0.1:1", "--ca", "/dev/null", "--fingerprint", "AA:" * 31 + "AA", config=config)
        self.assertEqual((both.status, "exclude each other" in both.err), (2, True), both.err)
        self.assertEqual(run("profile", "remove", "web1", config=config).status, 0)
        self.assertEqual(run("profile", "remove", "web1", config=config).status, 1)


class OnTheNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.root)

    def ask(self, *words, status=0, stdin=""):
        done = run("-s", self.server.socket, *words, stdin=stdin)
        self.assertEqual(done.status, status, done.err)
        return done

    def motd(self):
        return self.ask("get", "motd").json["settings"].get("motd")

    def no_transactions(self):
        self.assertEqual(self.ask("raw", "-u", "/tx/list").json, [])

    def test_set_get_unset(self):
        done = self.ask("set", "motd=hello")
        self.assertEqual((done.out, done.err), ("", ""))
        self.assertEqual(self.ask("get", "settings.motd").out, '{\n  "settings": {\n    "motd": "hello"\n  }\n}\n')
        self.assertEqual(self.ask("-u", "/settings?keys=settings.motd").json, {"motd": "hello"})
        self.assertIn("os", self.ask("get").json)
        both = self.ask("get", "motd", "os", "--exclude", "os.arch").json
        self.assertEqual(set(both), {"settings", "os"})
        self.assertNotIn("arch", both["os"])
        self.assertEqual(self.ask("get", "/settings?keys=settings.motd").json, {"motd": "hello"})
        self.assertEqual(self.ask("--json", "set", "--json", '{"motd": "two"}').json["keys"], ["settings.motd"])
        self.assertEqual(self.motd(), "two")
        self.ask("unset", "motd")
        self.assertNotEqual(self.ask("get", "settings").json["settings"].get("motd"), "two")

    def test_apply_takes_documents_in_one_transaction(self):
        path = os.path.join(self.server.root, "a.toml")
        self.server.write("a.toml", '[settings]\nmotd = "from a file"\n')
        self.ask("apply", path, "-", "base64:W3NldHRpbmdzLm50cF0KdGltZS1zZXJ2ZXJzID0gWyJhLmV4YW1wbGUiXQo=",
                 stdin='{"settings": {"network": {"hostname": "web1"}}}')
        settings = self.ask("get", "settings").json["settings"]
        self.assertEqual(settings["motd"], "from a file")
        self.assertEqual(settings["network"]["hostname"], "web1")
        self.ask("apply", "file://" + path)
        self.no_transactions()

    def test_a_mistake_is_told_once_and_leaves_nothing(self):
        done = self.ask("set", "motdd=x", status=2)
        self.ask("set", "kubernetes.max-pods=many", status=2)
        self.assertEqual(done.err.count("apiclient: "), 1)
        self.assertIn("motd", done.err)
        self.assertNotIn("Status 400", done.err)
        self.assertNotIn("{", done.err)
        self.ask("get", "nonsense", status=1)
        self.no_transactions()

    def test_a_name_with_dots_without_quotes_is_told_how_to_be_typed(self):
        done = self.ask("set", "kernel.sysctl.vm.swappiness=21", status=2)
        self.assertIn('hint: put a name with dots in double quotes: kernel.sysctl."vm.swappiness"', done.err)
        self.ask("set", 'kernel.sysctl."vm.swappiness"=21')
        self.ask("unset", "kernel.sysctl")
        self.assertIn('{"vm.max_map_count": "262144"}', self.ask("explain", "kernel.sysctl").out)

    def test_what_has_no_effect_says_so_and_promises_no_reboot(self):
        self.assertIn("Without effect in this version.", self.ask("explain", "boot.kernel-parameters").out)
        self.assertEqual(self.ask("--json", "plan", 'boot.kernel-parameters.console=["tty1"]').json["reboot_required"], False)

    def test_a_plan_changes_nothing(self):
        self.ask("set", "motd=before")
        for words in (["plan", "motd=after"], ["set", "motd=after", "--dry-run"]):
            self.assertIn("motd", self.ask(*words).out)
            self.assertEqual(self.ask("--json", *words).json["changes"][0]["to"], "after")
        self.assertEqual(self.motd(), "before")
        self.no_transactions()

    def test_history_diff_and_rollback(self):
        self.ask("set", "motd=one")
        first = self.ask("history", "--json", "-n", "1").json[0]["commit"]
        self.ask("set", "motd=two")
        self.assertIn("COMMIT", self.ask("history").out)
        self.assertIn('"one" -> "two"', self.ask("diff", str(first)).out)
        self.assertIn('"two"', self.ask("history", str(first + 1)).out)
        self.assertIn('"two" -> "one"', self.ask("rollback", str(first), "--dry-run").out)
        self.assertEqual(self.motd(), "two")
        self.ask("rollback", str(first))
        self.assertEqual(self.motd(), "one")
        self.ask("rollback", "999999", status=1)

    def test_a_try_is_confirmed_or_reverted(self):
        self.ask("set", "motd=kept")
        self.assertRegex(self.ask("set", "motd=tried", "--try", "10m").err, r"keep it: apiclient -s \S+ confirm; end it now: apiclient -s \S+ revert")
        self.assertEqual(self.motd(), "tried")
        self.ask("set", "motd=other", status=6)
        self.assertIn("try", self.ask("status").out)
        self.ask("revert")
        self.assertEqual(self.motd(), "kept")
        self.ask("set", "motd=tried", "--try", "10m")
        self.ask("confirm")
        self.assertEqual(self.motd(), "tried")
        self.ask("confirm", status=1)
        self.no_transactions()

    def hold(self):
        process = subprocess.Popen([CLIENT, "-s", self.server.socket, "set", "motd=held", "--try", "10m", "--hold"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn("begun", process.stdout.readline())
        return process

    def test_a_held_try_ends_with_the_client(self):
        self.ask("set", "motd=kept")
        watching = subprocess.Popen([CLIENT, "-s", self.server.socket, "watch"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(watching.stdout.close)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        watching.stdout.readline()  # the state when it began
        process = self.hold()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        while "reverted" not in (line := watching.stdout.readline()):
            self.assertTrue(line)
        self.assertEqual(self.motd(), "kept")

    def test_a_held_try_is_confirmed_from_elsewhere(self):
        process = self.hold()
        timer = threading.Timer(30, process.kill)
        timer.start()
        self.ask("confirm")
        process.communicate()
        timer.cancel()
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.motd(), "held")

    def test_what_the_node_tells_about_itself(self):
        self.assertIn("state", self.ask("status").out)
        self.assertIn("state", self.ask("status", "--json").json)
        health = run("-s", self.server.socket, "health", "--json")
        self.assertEqual(health.status, 0 if health.json["state"] == "ready" else 1)
        self.assertIn("motd", self.ask("explain", "motd").out)
        self.assertIn("properties", self.ask("schema").json)
        self.assertIn("motd", self.ask("schema", "--keys").out)
        done = self.ask("logs", "-u", "nosuchunit")
        self.assertEqual(done.out, "")
        self.assertIn("there are no messages of the unit nosuchunit\n", done.err)
        self.ask("user-data")
        self.assertIn("source 'cidata' has no ignored document", self.ask("user-data", "--accept", "cidata", status=1).err)
        self.ask("user-data", "--accept", "../lockdown", status=2)
        for motd, status in (("[]", 1), ('"accepted"', 0)):  # refused; taken in
            self.server.write("run/bulkhead/user-data/20-config-drive", f"[settings]\nmotd = {motd}\n")
            self.ask("user-data", "--accept", "config-drive", status=status)
        self.assertEqual(self.motd(), "accepted")
        self.ask("report")
        # A boot needs systemd, which tests/vm has.
        self.assertIn("--root", self.ask("report", "boot", status=1).err)
        self.assertIn("report boot", self.ask("report", "--svg", status=2).err)
        self.assertIn("boot", self.ask("report", "bot", status=2).err)
        for words in (["update", "check"], ["update", "apply"], ["update", "cancel"]):
            self.assertIn("update", self.ask(*words, status=1).err)


if __name__ == "__main__":
    unittest.main()
