"""Whatever stands on STATE, the server starts, answers, and writes to nothing outside of STATE."""

import hashlib
import json
import os
import shutil
import subprocess
import unittest

from apiserver import PROGRAM, TIMEOUT, Server
from remote_test import Authority

# Every name that the server reads or writes on STATE, and what a version of this system once had there.
NAMES = ("settings-1", "settings-2", "settings-lineage", "user-data.applied", "user-data.settled", "api", "api/key.pem", "api/certificate.pem",
         "apiserver.lock", "")


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def directory(path, _):
    os.mkdir(path)
    os.mkdir(os.path.join(path, "inner"))


def dangling_link(path, outside):
    os.symlink(os.path.join(outside, "missing"), path)


def link(path, outside):
    os.symlink(os.path.join(outside, "passwd"), path)


def link_to_itself(path, _):
    os.symlink(path, path)


def pipe(path, _):
    os.mkfifo(path)


def empty_file(path, _):
    open(path, "w").close()


def forbidden_file(path, _):
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0))


def large_file(path, _):
    with open(path, "w") as file:
        file.truncate(1 << 40)


class State(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()

    def node(self):
        """One that has stored everything that it ever stores."""
        server = Server()
        server.write("run/bulkhead/user-data/30-fw-cfg", '[settings]\nmotd = "a"\n')
        server.start()
        settings = {"api": {"client-ca": self.authority.base64("ca"), "listen-address": "127.0.0.1", "listen-port": 1}}
        self.assertEqual(server.ask("PATCH", "/settings", settings).status, 204)
        self.assertEqual(server.ask("POST", "/tx/commit").status, 200)
        server.stop()
        # Certificate and key are made when the listener starts.
        server.start()
        server.stop()
        return server

    def test_whatever_is_in_the_place_of_a_file_on_state_the_server_answers(self):
        server = self.node()
        self.addCleanup(shutil.rmtree, server.root)
        self.addCleanup(server.stop)
        state, kept, outside = (os.path.join(server.root, name) for name in ("state", "kept", "outside"))
        shutil.copytree(state, kept)
        stored = {os.path.relpath(os.path.join(folder, each), state) for folder, _, files in os.walk(state) for each in files}
        self.assertTrue(stored <= set(NAMES), f"a name that is not tried below: {stored - set(NAMES)}")
        for name in NAMES:
            for make in (directory, dangling_link, link, link_to_itself, pipe, empty_file, forbidden_file, large_file):
                with self.subTest(name=name, instead=make.__name__):
                    remove(state)
                    remove(outside)
                    shutil.copytree(kept, state)
                    server.write("outside/passwd", "root:x:0:0\n")
                    path = os.path.join(state, name).rstrip("/")
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    remove(path)
                    make(path, outside)
                    server.start()
                    self.assertIn(server.ask("GET", "/v1/status").json["state"], ("starting", "ready", "degraded"))
                    self.assertIn(server.ask("PATCH", "/settings", {"motd": "b"}).status, (204, 423))
                    self.assertIn(server.ask("POST", "/tx/commit").status, (200, 422, 423, 503))
                    server.stop()
                    if name:  # a link in the place of STATE itself is STATE
                        self.assertEqual(os.listdir(outside), ["passwd"])
                    self.assertEqual(server.read("outside/passwd"), "root:x:0:0\n")

    def test_any_number_of_refused_settings_keeps_the_server_neither_from_answering_nor_from_changes(self):
        unknown = 20000
        values = {"motd": "kept", **{f"u{i}": 0 for i in range(unknown)}}
        record = json.dumps({"format": 1, "id": 1, "values": values}, separators=(",", ":"))
        with Server() as server:
            server.stop()
            # docs/formats/datastore.md
            server.write("state/settings-1", f"{hashlib.sha256(record.encode()).hexdigest()[:16]} {record}\n")
            server.start()
            problems = server.ask("GET", "/v1/status").json["problems"]
            self.assertEqual(len([problem for problem in problems if problem.startswith("setting u")]), 20)
            self.assertEqual([f"{unknown - 20} more settings are stored, but not in effect" in problem for problem in problems].count(True), 1)
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "kept"})
            server.set(motd="changed")
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "changed"})
            # As some are unset, others are named.
            self.assertEqual(server.ask("DELETE", "/v1/settings", keys=",".join(f"u{i}" for i in range(20))).status, 204)
            self.assertEqual(server.ask("POST", "/v1/commit").status, 200)
            problems = server.ask("GET", "/v1/status").json["problems"]
            self.assertEqual([f"{unknown - 40} more settings" in problem for problem in problems].count(True), 1)

    def test_a_second_server_is_refused(self):
        with Server() as server:
            second = subprocess.run([PROGRAM, "--root", server.root, "--socket", server.socket + "2"], capture_output=True, text=True, timeout=TIMEOUT)
            self.assertNotEqual(second.returncode, 0)
            self.assertIn("another apiserver is using", second.stderr)
            self.assertEqual(server.ask("GET", "/v1/version").status, 200)


if __name__ == "__main__":
    unittest.main()
