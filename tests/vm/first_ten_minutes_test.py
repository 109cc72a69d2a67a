"""Types the commands of docs/first-ten-minutes.md, in their order, as a user does: two shells, and a real node on the first one's terminal.

What differs from a user: `tools/sdk image` is not run, the test image is in its place, and the fingerprint that the document leaves out is
taken from the output of the command in front of it.
"""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

SOURCE = os.environ["BULKHEAD_SOURCE"]
DOCUMENT = os.path.join(SOURCE, "docs/first-ten-minutes.md")
BOOT_TIME = 600  # limits, not expectations
COMMAND_TIME = 180  # longer than apiclient waits for an answer that was lost with the network
TRY_TIME = 300

# What a command of the document must print, by how it begins; in the order of the document.
PRINTS = [
    ("apiclient profile add", ""),
    ("apiclient -n node-1 status", r"state +ready"),
    ("apiclient -n node-1 get settings.ntp", r"0\.debian\.pool\.ntp\.org"),
    ("apiclient -n node-1 explain ntp.time-servers", r"(?s)time.*timesyncd"),
    ("apiclient -n node-1 logs -u containerd -n 20", r"containerd"),
    ("apiclient -n node-1 plan network.hostname=node-2", r"(?s)node-1.*node-2.*hostname"),
    ("apiclient -n node-1 set network.hostname=node-2", ""),
    ("apiclient -n node-1 set --try 60s", ""),
    ("apiclient -n node-1 status", r"hostname +node-2"),
    ("apiclient -n node-1 history", r"network\.hostname"),
    ("apiclient -n node-1 rollback 2", ""),
]


def commands(document):
    """The lines of the indented blocks; a here-document belongs to its command."""
    result, end = [], None
    for line in document.splitlines():
        if not line.startswith("    "):
            continue
        line = line[4:]
        if end is not None:
            result[-1] += "\n" + line
            end = None if line == end else end
            continue
        result.append(line)
        if found := re.search(r"<<'?(\w+)'?$", line):
            end = found[1]
    return [command for command in result if not command.startswith("#")]


def free_port():
    """One that the kernel gives away now, and to nobody else for a while: 8443 may be somebody else's here."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Lines:
    """What a process prints, line by line, read as it comes."""

    def __init__(self, stream):
        self.queue, self.all = queue.Queue(), []
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            self.queue.put(line.rstrip("\r\n"))
        self.queue.put(None)

    def until(self, pattern, limit):
        end, seen = time.monotonic() + limit, []
        while True:
            try:
                line = self.queue.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"'{pattern}' did not come within {limit} s, but:\n" + "\n".join(seen[-40:]))
            seen.append(line)
            if found := re.search(pattern, line):
                return seen, found


class Shell:
    """One bash that lives from command to command."""

    def __init__(self, directory, environment):
        self.process = subprocess.Popen(["bash", "--norc", "--noprofile"], cwd=directory, env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = Lines(self.process.stdout)

    def run(self, command):
        """Exit status and output."""
        self.process.stdin.write(command + "\nprintf '\\n<<%d>>\\n' $?\n")
        self.process.stdin.flush()
        seen, found = self.lines.until(r"^<<(\d+)>>$", COMMAND_TIME)
        return int(found[1]), "\n".join(seen[:-2])

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class FirstTenMinutes(unittest.TestCase):
    def setUp(self):
        # Looks like a checkout with the image built, so that nothing is written into the real one.
        self.directory = tempfile.mkdtemp(prefix="bulkhead-first-")
        self.addCleanup(shutil.rmtree, self.directory)
        for name in ("variants", "os-builder"):
            os.symlink(os.path.join(SOURCE, name), os.path.join(self.directory, name))
        os.makedirs(os.path.join(self.directory, "build/image"))
        os.symlink(os.path.join(os.environ["BULKHEAD_IMAGES"], "kvm"), os.path.join(self.directory, "build/image/kvm"))
        environment = {**os.environ, "HOME": self.directory, "PATH": os.environ["BULKHEAD_PROGRAMS"] + ":" + os.environ["PATH"]}
        environment.pop("XDG_CONFIG_HOME", None)
        self.environment = environment
        self.node = None
        self.addCleanup(self.switch_off)

    def switch_off(self):
        if self.node is not None and self.node.poll() is None:
            self.node.send_signal(signal.SIGTERM)
            self.node.wait(60)
        if self.node is not None:
            self.node.stdout.close()

    def shell(self):
        shell = Shell(self.directory, self.environment)
        self.addCleanup(shell.close)
        return shell

    def boot(self, shell, command):
        """On the terminal of the first shell, which is not for anything else from then on."""
        _, where = shell.run("pwd")
        self.node = subprocess.Popen(["bash", "-c", "exec " + command], cwd=where, env=self.environment, text=True,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        Lines(self.node.stdout).until(r"bulkhead: state=ready .*problems=0", BOOT_TIME)

    def until_done(self, shell, command):
        """For a node that is on its way back."""
        end = time.monotonic() + TRY_TIME
        while True:
            status, output = shell.run(command)
            if status == 0 or time.monotonic() > end:
                return status, output

    def test_every_command_of_the_document(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            typed = commands(file.read())
        self.assertGreater(len(typed), 15)
        shell, port, fingerprint, tried = self.shell(), free_port(), None, False
        expected = list(PRINTS)
        for command in typed:
            words = command.split("#")[0].strip() if "\n" not in command else command
            words = words.replace("8443:8443", f"{port}:8443").replace("127.0.0.1:8443", f"127.0.0.1:{port}")
            if words == "tools/sdk image":
                continue
            if words == "tools/sdk shell":
                shell = self.shell()
                continue
            if words.startswith("os-builder boot"):
                self.boot(shell, words)
                continue
            if "AA:BB:…" in words:
                self.assertIsNotNone(fingerprint)
                words = words.replace("AA:BB:…", fingerprint)
            status, output = self.until_done(shell, words) if tried else shell.run(words)
            with self.subTest(command=words):
                if "--try" in words:
                    tried = True  # from now on answers may be lost; the connection need not be gone at once
                else:
                    self.assertEqual(status, 0, output)
                if words.startswith("apiclient"):
                    self.assertTrue(expected, "a command that this test does not know")
                    beginning, pattern = expected.pop(0)
                    self.assertTrue(words.startswith(beginning), beginning)
                    self.assertRegex(output, pattern or ".*")
            if found := re.search(r"Fingerprint=([0-9A-F:]+)", output):
                fingerprint = found[1]
        self.assertEqual(expected, [])
        self.assertIn("node-1", shell.run("apiclient -n node-1 get settings.network.hostname")[1])


if __name__ == "__main__":
    unittest.main()
