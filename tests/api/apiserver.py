"""Runs the real apiserver on a tree of files and talks to it as clients do: over its socket, and over TLS."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

PROGRAM = os.environ["BULKHEAD_APISERVER"]
FRONT = os.environ.get("BULKHEAD_APISERVER_FRONT")  # without it: the one beside the server


TIMEOUT = 300  # seconds; a limit, not an expectation: the machine may be busy with something else


def connect(path, timeout=TIMEOUT):
    """A connected socket. With a time limit from the start, connecting would fail with EAGAIN instead of waiting when the server's queue of
    connections is full (unix(7)), so the limit is set afterwards."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    connection.settimeout(timeout)
    return connection


def free_port():
    """One that the kernel gives away now, and to nobody else for a while."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=TIMEOUT):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = connect(self.path, self.timeout)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """One apiserver; a context manager. The tree outlives stop() and start(), as a disk does."""

    def __init__(self, *options):
        self.root = tempfile.mkdtemp(prefix="bulkhead-api-")
        self.socket = os.path.join(self.root, "api.sock")
        self.options = [*(["--front", FRONT] if FRONT else []), *options]
        self.process = None
        self.write("usr/lib/os-release",
                   'NAME="Bulkhead"\nPRETTY_NAME="Bulkhead 0.1.0"\nVERSION_ID=0.1.0\nVARIANT_ID=kvm\nBUILD_ID=abc\n')
        self.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n")

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w" if isinstance(text, str) else "wb") as file:
            file.write(text)

    def read(self, path):
        with open(os.path.join(self.root, path)) as file:
            return file.read()

    def start(self):
        self.log = open(os.path.join(self.root, "log"), "ab")
        ready, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        # sd_notify(3) wants a path or an abstract name.
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(os.path.join(self.root, "notify"))
        notify.settimeout(0.2)
        self.process = subprocess.Popen(
            [PROGRAM, "--root", self.root, "--socket", self.socket, *self.options], stdout=self.log, stderr=self.log,
            env={**os.environ, "NOTIFY_SOCKET": os.path.join(self.root, "notify")})
        end, message = time.monotonic() + TIMEOUT, b""
        while b"READY=1" not in message:
            assert self.process.poll() is None, f"it ended with status {self.process.returncode}: {self.messages()}"
            assert time.monotonic() < end, self.messages()
            try:
                message = notify.recv(4096)
            except TimeoutError:
                pass
        notify.close()
        ready.close()
        child.close()
        os.unlink(os.path.join(self.root, "notify"))
        return self

    def stop(self, kill=False):
        if self.process is None:
            return 0
        self.process.kill() if kill else self.process.terminate()
        status = self.process.wait(TIMEOUT)
        self.process = None
        self.log.close()
        return status

    def messages(self):
        return self.read("log")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.root)

    def connection(self, timeout=TIMEOUT):
        return UnixConnection(self.socket, timeout)

    def ask(self, method, path, body=None, content_type="application/json", connection=None, headers=None, **query):
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        own = connection or self.connection()
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        fields = dict(headers or {})
        if body is not None and content_type:
            fields["Content-Type"] = content_type
        own.request(method, target, body, fields)
        answer = Answer(own.getresponse())
        if connection is None:
            own.close()
        return answer

    def set(self, tx="default", **settings):
        """Stages and commits; keys with '_' for '.'."""
        pairs = [f"{key.replace('__', '.').replace('_', '-')}={value}" for key, value in settings.items()]
        staged = self.ask("PATCH", "/settings/keypair", {"request_payload": pairs}, tx=tx)
        assert staged.status == 204, staged.body
        done = self.ask("POST", "/tx/commit_and_apply", tx=tx)
        assert done.status == 200, done.body
        return done.json

    def wait_for(self, condition):
        end = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < end, self.messages()
            time.sleep(0.05)

    def front(self):
        """The process id of the front, which the server starts and starts again."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            children = file.read().split()
        return int(children[0]) if children else None

    def processes(self):
        return [self.process.pid, self.front()]

    def resident_kib(self):
        """Of server and front together. Pages that both have, such as those of libraries, count twice."""
        return sum(status_number(pid, "VmRSS") for pid in self.processes())


def status_number(pid, name):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))
