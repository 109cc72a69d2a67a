"""What hostile and broken clients do: nothing that others notice, and memory stays bounded."""

import os
import random
import resource
import socket
import threading
import unittest

from apiserver import TIMEOUT, Server, UnixConnection, connect


def raw(server, data, half_close=False):
    """Sends bytes; everything that comes back."""
    with connect(server.socket) as client:
        client.sendall(data)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                piece = client.recv(65536)
            except (ConnectionError, TimeoutError):
                return answer
            if not piece:
                return answer
            answer += piece


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


class Limits(unittest.TestCase):
    def test_ten_thousand_idle_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 24_000), hard))
        with Server() as server:
            server.ask("GET", "/settings")
            before = server.resident_kib()
            idle = []
            for _ in range(10_000):
                idle.append(connect(server.socket))
            self.assertEqual(server.ask("GET", "/v1/version").status, 200)
            grown = server.resident_kib() - before
            print(f"10,000 idle connections: {grown} KiB more, {grown * 1024 // 10_000} bytes each")
            self.assertLess(grown, 40 * 1024)
            # Each of them is still served.
            for client in random.sample(idle, 50):
                client.sendall(b"GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b"200", client.recv(4096))
            for client in idle:
                client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_bodies_of_a_hundred_megabytes(self):
        with Server() as server:
            before = server.resident_kib()
            body = b"x" * 100_000_000
            for _ in range(3):
                answer = server.ask("PATCH", "/settings", body)
                self.assertEqual(answer.status, 413)
            chunked = b"PATCH /settings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            self.assertEqual(status(raw(server, chunked + b"200000\r\n" + b"x" * 0x200000 + b"\r\n0\r\n\r\n")), 413)
            self.assertLess(server.resident_kib() - before, 16 * 1024)

    def test_many_large_bodies_at_once_are_read_a_few_at_a_time(self):
        with Server() as server:
            before = server.resident_kib()
            clients = []
            for _ in range(300):
                client = connect(server.socket)
                client.sendall(b"PATCH /settings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n" + b" " * 60_000)
                clients.append(client)
            self.assertEqual(server.ask("GET", "/v1/version").status, 200)
            self.assertLess(server.resident_kib() - before, 64 * 1024)
            # All of them get their answer, each when its turn has come.
            threads = [threading.Thread(target=client.sendall, args=(b" " * 940_000,)) for client in clients[:100]]
            for client in clients[100:]:
                client.close()
            for thread in threads:
                thread.start()
            for thread, client in zip(threads, clients):
                thread.join()
                self.assertIn(b" 400 ", client.recv(4096))
                client.close()
            self.assertEqual(server.ask("PATCH", "/settings", b'{"motd": "' + b"x" * 100_000 + b'"}').status, 400)

    def test_a_slow_client_is_told_and_others_do_not_wait(self):
        with Server() as server, connect(server.socket) as slow:
            slow.sendall(b"GET /settings HTT")
            self.assertEqual(server.ask("GET", "/v1/version").status, 200)
            self.assertIn(b" 408 ", slow.recv(4096))

    def test_a_client_that_does_not_read_is_cut_off(self):
        with Server() as server, connect(server.socket) as deaf:
            deaf.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            before = server.resident_kib()
            connection = server.connection()
            for number in range(3000):
                server.ask("PATCH", "/settings", {"motd": f"{number}" + "x" * 300}, tx="t", connection=connection)
                server.ask("POST", "/tx/commit", tx="t", connection=connection)
            # The history and the audit trail of 3000 commits are in it.
            self.assertLess(server.resident_kib() - before, 12 * 1024)
            # What was under way comes, and then the end: the server did not wait.
            try:
                while deaf.recv(65536):
                    pass
            except ConnectionError:
                pass

    def test_a_thousand_transactions_at_once(self):
        with Server() as server:
            failures = []

            def work(first):
                connection = server.connection()
                for number in range(first, first + 100):
                    tx = f"t{number}"
                    body = {"kernel": {"sysctl": {f"a.k{number}": "1"}}}
                    if server.ask("PATCH", "/settings", body, tx=tx, connection=connection).status != 204:
                        failures.append(tx)

            threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 1000, 100)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])
            self.assertEqual(len(server.ask("GET", "/tx/list").json), 1000)
            connection = server.connection()
            for number in range(1000):
                self.assertEqual(server.ask("POST", "/tx/commit", tx=f"t{number}", connection=connection).status, 200)
            self.assertEqual(len(server.ask("GET", "/settings", keys="kernel.sysctl").json["kernel"]["sysctl"]), 1000)
            print(f"after 1,000 transactions: {server.resident_kib()} KiB resident")

    def test_containers_are_readers_and_cannot_take_the_node_s_places(self):
        server = Server()
        containers = os.path.join(server.root, "containers.sock")
        server.options += ["--container-socket", containers]
        with server:
            server.set(motd="x")
            own = lambda: UnixConnection(containers)
            self.assertEqual(server.ask("GET", "/settings", keys="motd", connection=own()).json, {"motd": "x"})
            for method, path in (("PATCH", "/settings"), ("POST", "/v1/commit"), ("PUT", "/v1/user-data"), ("POST", "/actions/reboot")):
                answer = server.ask(method, path, {"motd": "evil"} if method == "PATCH" else None, connection=own())
                self.assertEqual(answer.status, 403, path)
            refused = server.ask("GET", "/v1/audit").json
            self.assertTrue(any(each["author"].startswith("container, uid 0 ") and each["result"] == "refused" for each in refused), refused)
            held = [connect(containers) for _ in range(400)]
            self.assertEqual(server.ask("GET", "/v1/version").status, 200)
            closed = 0
            for connection in held:
                connection.settimeout(TIMEOUT)
                try:
                    connection.sendall(b"GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n")
                    if not connection.recv(100):
                        closed += 1
                except (ConnectionError, BrokenPipeError):
                    closed += 1
            self.assertEqual(closed, 400 - 256)
            for connection in held:
                connection.close()
            self.assertEqual(server.ask("GET", "/v1/version", connection=own()).status, 200)

    def test_what_is_not_http_is_refused(self):
        head = b"GET / HTTP/1.1\r\nHost: x\r\n"
        with Server() as server:
            for data, wanted in ((b"hello\r\n\r\n", 400), (b"GET / HTTP/9.9\r\n\r\n", 400), (head + b"A: " + b"b" * 20_000 + b"\r\n\r\n", 431),
                                 (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 431), (head + b"Content-Length: -1\r\n\r\n", 400),
                                 (head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400), (b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
                                 (b"GET /settings?prefix=%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400), (b"GET http://a/b HTTP/1.1\r\nHost: x\r\n\r\n", 400)):
                with self.subTest(data[:40]):
                    self.assertEqual(status(raw(server, data, half_close=True)), wanted)
            self.assertEqual(server.ask("PATCH", "/settings", b"[" * 100_000).status, 400)
            self.assertEqual(server.ask("PATCH", "/settings", b'{"a":' * 10_000).status, 400)

    def test_pipelined_requests_are_answered_in_order(self):
        one = b"GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /os HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        with Server() as server:
            answer = raw(server, one * 20 + last)
            self.assertEqual(answer.count(b"HTTP/1.1 200"), 21)
            self.assertIn(b"pretty_name", answer.rsplit(b"HTTP/1.1", 1)[1])

    def test_random_bytes_do_no_harm(self):
        """A search as long as a test may take; the parsers have fuzz targets of their own."""
        chance = random.Random(3)
        valid = b"PATCH /settings?tx=t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"motd\": \"x\"}"
        with Server() as server:
            for _ in range(1500):
                data = bytearray(valid)
                for _ in range(chance.randrange(1, 6)):
                    position = chance.randrange(len(data))
                    kind = chance.randrange(3)
                    if kind == 0:
                        data[position] = chance.randrange(256)
                    elif kind == 1:
                        del data[position]
                    else:
                        data[position:position] = chance.randbytes(chance.randrange(1, 9))
                raw(server, bytes(data), half_close=True)
            self.assertEqual(server.ask("GET", "/v1/version").status, 200)
            self.assertIsNone(server.process.poll())


if __name__ == "__main__":
    unittest.main()
