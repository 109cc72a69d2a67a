"""The front, which reads what clients send: what it may do, what happens when it or the server ends, and what one that was taken over gets."""

import os
import select
import signal
import subprocess
import sys
import unittest

from apiserver import FRONT, PROGRAM, TIMEOUT, Server, connect


def real_front():
    return FRONT or os.path.join(os.path.dirname(PROGRAM), "apiserver-front")


# Started by the server in place of the front. Each start makes the next attack; when none is left it becomes the real one.
HOSTILE = """#!{python}
import os, socket, struct, sys
ATTACKS, COUNT, REAL, SOCKET = {attacks!r}, {count!r}, {real!r}, {socket!r}
with open(COUNT, "a+") as file:
    file.seek(0)
    number = len(file.read())
    file.write("x")
if number >= len(ATTACKS):
    os.execv(REAL, [REAL, *sys.argv[1:]])
channel = socket.socket(fileno=os.dup(0))
_, listening, _, _ = socket.recv_fds(channel, 65536, 4)
text = lambda value: struct.pack("<I", len(value)) + value
frame = lambda kind, fields: struct.pack("<IB", 1 + len(fields), kind) + fields
number_of = lambda value: struct.pack("<Q", value)
request = lambda id, method, path, body=b"": frame(4, number_of(id) + text(method) + text(path) + struct.pack("<I", 0) + text(b"application/json") + text(body))
evil = lambda id: request(id, b"PATCH", b"/settings", b'{{"motd": "evil"}}') + request(id, b"POST", b"/tx/commit_and_apply")
def end():
    # Until the server has closed its end.
    channel.settimeout({timeout})
    try:
        while channel.recv(65536):
            pass
    except ConnectionError:
        pass
    sys.exit(0)
exec(ATTACKS[number])
end()
"""

ATTACKS = {
    "random bytes": "channel.sendall(os.urandom(1 << 20))",
    "a huge length": "channel.sendall(struct.pack('<I', 0xffffffff))",
    "an unknown message": "channel.sendall(frame(77, b''))",
    "a request of nobody": "channel.sendall(evil(1))",
    "a listening socket as a client": "socket.send_fds(channel, [frame(0, number_of(1)) + evil(1)], listening)",
    "its own end of the channel as a client": "socket.send_fds(channel, [frame(0, number_of(1)) + evil(1)], [channel.fileno()])",
    "a pair of its own as a client": "socket.send_fds(channel, [frame(0, number_of(1)) + evil(1)], [socket.socketpair()[0].fileno()])",
    "a file as a client": "socket.send_fds(channel, [frame(0, number_of(1)) + evil(1)], [os.open('/dev/null', os.O_RDONLY)])",
    "no socket": "channel.sendall(frame(0, number_of(1)) + evil(1))",
    "many descriptors": "socket.send_fds(channel, [b'x'], listening * 100)",
    "a certificate that is none": "channel.sendall(frame(1, number_of(1) + struct.pack('<I', 1) + text(b'ops-1') + text(b'') + text(b'')) + request(1, b'PATCH', b'/settings', b'{}') + evil(1))",
    "a number that is taken": "channel.sendall(2 * frame(1, number_of(1) + struct.pack('<I', 0) + text(b'') + text(b'')))",
    "two requests at once": "channel.sendall(frame(1, number_of(1) + struct.pack('<I', 0) + text(b'') + text(b'')) + evil(1))",
    "thousands of connections": "channel.sendall(b''.join(frame(1, number_of(id) + struct.pack('<I', 0) + text(b'') + text(b'')) for id in range(20000)))",
    "half a frame": "channel.sendall(evil(1)[:20]); sys.exit(0)",
}


class Hostile(unittest.TestCase):
    def test_a_front_that_was_taken_over_gets_nothing_and_ends_nothing(self):
        server = Server()
        program = os.path.join(server.root, "front")
        server.write("front", HOSTILE.format(python=sys.executable, attacks=list(ATTACKS.values()), count=os.path.join(server.root, "count"),
                                             real=real_front(), socket=server.socket, timeout=TIMEOUT))
        os.chmod(program, 0o755)
        server.options = ["--front", program]
        with server:
            # The client waits in the queue of the socket until the real front is there.
            self.assertEqual(server.ask("GET", "/v1/version").status, 200)
            self.assertIsNone(server.process.poll())
            with open(os.path.join(server.root, "count")) as file:
                self.assertEqual(len(file.read()), len(ATTACKS) + 1)
            self.assertNotIn("motd", server.ask("GET", "/settings").json)
            self.assertEqual([each["author"] for each in server.ask("GET", "/v1/history").json], ["node"])
            self.assertEqual(server.messages().count("the front is lost"), len(ATTACKS))
            for part in ("larger than", "no message 77", "no connection 1", "not an accepted Unix stream socket", "with a path", "asking a socket",
                         "without its descriptor", "more descriptors", "is there already", "has a request already", "connections already"):
                self.assertIn(part, server.messages())


class Ending(unittest.TestCase):
    def test_a_front_that_is_killed_is_started_again_and_nothing_is_lost(self):
        with Server() as server:
            server.set(motd="before")
            before = server.front()
            idle = connect(server.socket)
            stream = server.connection()
            stream.request("GET", "/v1/events")
            self.assertEqual(stream.getresponse().status, 200)
            self.assertEqual(server.ask("PATCH", "/settings", {"motd": "staged"}, tx="t").status, 204)
            os.kill(before, signal.SIGKILL)
            self.assertEqual(idle.recv(1), b"")
            self.assertEqual(server.ask("GET", "/tx", tx="t").json, {"motd": "staged"})  # the server has kept it
            self.assertNotEqual(server.front(), before)
            self.assertEqual(server.ask("POST", "/tx/commit", tx="t").status, 200)
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "staged"})
            idle.close()

    def test_a_commit_whose_front_is_killed_is_whole_or_not_there(self):
        with Server() as server:
            for number in range(20):
                self.assertEqual(server.ask("PATCH", "/settings", {"motd": str(number)}, tx="t").status, 204)
                with connect(server.socket) as client:
                    client.sendall(b"POST /tx/commit_and_apply?tx=t HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                    os.kill(server.front(), signal.SIGKILL)
                    try:
                        answer = client.recv(4096)
                    except ConnectionError:
                        answer = b""
                stored = server.ask("GET", "/settings").json.get("motd")
                staged = server.ask("GET", "/tx", tx="t")
                if stored == str(number):
                    self.assertEqual(staged.status, 404, staged.body)
                else:
                    self.assertEqual((staged.json, answer), ({"motd": str(number)}, b""))
                    self.assertEqual(server.ask("POST", "/tx/commit_and_apply", tx="t").status, 200)
            server.stop(kill=True)
            server.start()
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "19"})

    def test_a_front_ends_with_its_server(self):
        with Server() as server:
            front = os.pidfd_open(server.front())
            idle = connect(server.socket)
            server.stop(kill=True)
            self.assertEqual(idle.recv(1), b"")
            # Readable when it has ended; it is not the test's own child.
            self.assertTrue(select.select([front], [], [], TIMEOUT)[0])
            os.close(front)
            idle.close()
            server.start()

    def test_a_front_that_cannot_be_started_is_said(self):
        server = Server()
        ended = subprocess.run([PROGRAM, "--root", server.root, "--socket", server.socket, "--front", "/nowhere/front"], capture_output=True, text=True,
                               timeout=TIMEOUT)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("starting the front", ended.stderr)


class Rights(unittest.TestCase):
    def test_the_front_has_no_rights_and_nothing_open_but_sockets(self):
        with Server() as server:
            server.set(motd="x")
            front = server.front()
            with open(f"/proc/{front}/status") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            self.assertEqual((status["CapEff"], status["CapPrm"], status["CapAmb"]), ("0" * 16,) * 3)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"], status["Threads"].strip()), ("1", "2", "1"))
            opened = {name: os.readlink(f"/proc/{front}/fd/{name}") for name in os.listdir(f"/proc/{front}/fd")}
            others = [target for name, target in opened.items() if not target.startswith(("socket:", "anon_inode:", "pipe:")) and name not in ("1", "2")]
            self.assertEqual(others, [])
            self.assertNotIn(server.root, " ".join(target for name, target in opened.items() if name != "2"))


if __name__ == "__main__":
    unittest.main()
