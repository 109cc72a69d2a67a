"""The remote listener: TLS 1.3 with client certificates, roles, revocation; everything else is refused and written down."""

import base64
import datetime
import http.client
import json
import os
import resource
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from apiserver import TIMEOUT, Answer, Server, free_port


class Authority:
    """Makes certificates as an operator would, with the openssl command."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.certificate("ca", "Test CA", ["-x509", "-extensions", "v3_ca", "-days", "30"], signer=None)

    def path(self, name, kind="crt"):
        return os.path.join(self.directory.name, f"{name}.{kind}")

    def run(self, *command):
        subprocess.run(["openssl", *command], check=True, capture_output=True)

    def certificate(self, name, common_name, options=(), signer="ca", serial=None, dates=()):
        self.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path(name, "key"))
        subject = ["-subj", f"/CN={common_name}", "-key", self.path(name, "key")]
        if signer is None:
            self.run("req", "-new", *subject, *options, "-addext", "basicConstraints=critical,CA:TRUE", "-out", self.path(name))
            return
        self.run("req", "-new", *subject, "-out", self.path(name, "csr"))
        if dates:
            self.run("x509", "-req", "-in", self.path(name, "csr"), "-CA", self.path(signer), "-CAkey", self.path(signer, "key"),
                     "-set_serial", serial or str(int(time.time() * 1000)), "-not_before", dates[0], "-not_after", dates[1], "-out", self.path(name))
        else:
            self.run("x509", "-req", "-in", self.path(name, "csr"), "-CA", self.path(signer), "-CAkey", self.path(signer, "key"),
                     "-set_serial", serial or str(int(time.time() * 1000)), "-days", "30", "-out", self.path(name))

    def base64(self, name, kind="crt"):
        with open(self.path(name, kind), "rb") as file:
            return base64.b64encode(file.read()).decode()


class Remote(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.authority.certificate("admin", "ops-1")
        cls.authority.certificate("operator", "deploy")
        cls.authority.certificate("reader", "monitor")
        cls.authority.certificate("stranger", "somebody")
        cls.authority.certificate("revoked", "ops-2", serial="0x0a1b2c")
        cls.authority.certificate("expired", "ops-3", dates=("20200101000000Z", "20200201000000Z"))
        cls.authority.certificate("other-ca", "Other CA", ["-x509", "-days", "30"], signer=None)
        cls.authority.certificate("foreign", "ops-1", signer="other-ca")
        cls.server = Server()
        cls.server.start()
        cls.port = free_port()
        settings = {"api": {"client-ca": cls.authority.base64("ca"), "listen-address": "127.0.0.1", "listen-port": cls.port,
                            "roles": [{"subject": "ops-*", "role": "admin"}, {"subject": "deploy", "role": "operator"},
                                      {"subject": "monitor", "role": "reader"}],
                            "revoked": ["0A1B2C"]},
                    "container-registry": {"credentials": [{"registry": "a.example", "username": "u", "password": "hunter2"}]}}
        assert cls.server.ask("PATCH", "/settings", settings).status == 204
        answer = cls.server.ask("POST", "/tx/commit_and_apply")
        assert answer.status == 200, answer.body

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def ask(self, certificate, method, path, body=None, **query):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(self.authority.path(certificate), self.authority.path(certificate, "key"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=TIMEOUT)
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection.request(method, target, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"} if body is not None else {})
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def assert_refused(self, certificate, method, path, status, part, body=None):
        answer = self.ask(certificate, method, path, body)
        self.assertEqual(answer.status, status, answer.body)
        self.assertIn(part, answer.json["message"])
        record = self.server.ask("GET", "/v1/audit", limit=1).json[0]
        self.assertEqual((record["action"], record["result"]), (f"{method} {path}", "refused"))
        self.assertIn(part, record["message"])

    def test_without_a_certificate_there_is_only_the_version(self):
        self.assert_refused(None, "GET", "/settings", 401, "client certificate")
        self.assertEqual(self.ask(None, "GET", "/v1/version").status, 200)
        self.assertEqual(self.ask(None, "GET", "/nothing").status, 401)

    def test_an_expired_certificate(self):
        self.assert_refused("expired", "GET", "/settings", 401, "expired")

    def test_a_certificate_of_another_authority(self):
        self.assert_refused("foreign", "GET", "/settings", 401, "not valid")

    def test_a_revoked_certificate(self):
        self.assert_refused("revoked", "GET", "/settings", 403, "revoked")

    def test_a_certificate_without_a_role(self):
        self.assert_refused("stranger", "GET", "/settings", 403, "role")

    def test_a_reader_may_not_write(self):
        self.assertEqual(self.ask("reader", "GET", "/settings").status, 200)
        self.assert_refused("reader", "PATCH", "/settings", 403, "operator", {"motd": "x"})
        self.assert_refused("reader", "POST", "/tx/commit_and_apply", 403, "operator")

    def test_a_reader_may_not_read_the_journal(self):
        self.assert_refused("reader", "GET", "/v1/logs", 403, "operator")
        self.assertEqual(self.ask("reader", "GET", "/v1/logs", follow="true").status, 403)
        self.assertIn(b"only for operators", self.ask("reader", "GET", "/report").body)

    def test_an_operator_may_change_settings_but_not_who_may_what(self):
        self.assertEqual(self.ask("operator", "PATCH", "/settings", {"motd": "deployed"}, tx="o").status, 204)
        self.assertEqual(self.ask("operator", "POST", "/v1/commit", tx="o").status, 200)
        self.assertEqual(self.server.ask("GET", "/v1/history", limit=1).json[0]["author"].split(" (")[0], "certificate deploy")
        for forbidden in ({"api": {"roles": []}}, {"kernel": {"sysctl": {"kernel.core_pattern": "|/bin/sh"}}}, {"boot": {"reapply-user-data": True}},
                          {"pki": {"mine": {"trusted": True}}}, {"container-runtime": {"enable-unprivileged-ports": True}},
                          {"updates": {"metadata-base-url": "https://evil.example/"}},
                          {"container-registry": {"mirrors": [{"registry": "docker.io", "endpoint": ["https://evil.example"]}]}},
                          {"host-containers": {"x": {"superpowered": True}}}, {"bootstrap-commands": {"x": {"mode": "always"}}},
                          {"sandbox": {"allowed-runtimes": ["crun"]}}):
            with self.subTest(forbidden):
                answer = self.ask("operator", "PATCH", "/settings", forbidden, tx="o")
                self.assertEqual(answer.status, 403, answer.body)
                self.assertIn("role admin", answer.json["message"])
        self.assertEqual(self.ask("operator", "DELETE", "/v1/settings", tx="o", keys="api.roles").status, 403)
        self.assertEqual(self.ask("operator", "POST", "/v1/rollback", tx="o", to=0).status, 403)
        self.assertEqual(self.ask("operator", "GET", "/tx", tx="o").status, 404)
        # What only the handler could refuse is in the audit trail as well.
        record = self.server.ask("GET", "/v1/audit", limit=1).json[0]
        self.assertEqual((record["action"], record["result"], record["transaction"]), ("POST /v1/rollback", "refused", "o"))
        for keys in ("settings", "kernel", "ntp"):
            self.assertEqual(self.ask("operator", "POST", "/tx/apply", keys=keys).status, 403)
        self.assert_refused("operator", "POST", "/actions/reboot", 403, "admin")
        refused = self.ask("operator", "POST", "/v1/file-systems/data/reset").json
        self.assertIn("this needs the role admin, and certificate deploy", refused["message"])
        self.assertIn("api.roles", refused["hint"])

    def test_a_transaction_belongs_to_who_opened_it(self):
        """What an operator stages must not be committed with the rights of an admin."""
        self.assertEqual(self.server.ask("PATCH", "/settings", {"motd": "root's"}, tx="default").status, 204)
        for method, path, body, query in (("PATCH", "/settings", {"motd": "mine"}, {}), ("DELETE", "/v1/settings", None, {"keys": "motd"}),
                                          ("PATCH", "/settings/keypair", {"request_payload": ["motd=x"]}, {}),
                                          ("POST", "/v1/rollback", None, {"to": 0}), ("POST", "/v1/commit", None, {}),
                                          ("POST", "/tx/commit", None, {}), ("DELETE", "/tx", None, {})):
            with self.subTest(method + path):
                answer = self.ask("operator", method, path, body, tx="default", **query)
                self.assertEqual(answer.status, 403, answer.body)
                self.assertIn("belongs to uid", answer.json["message"])
        self.assertEqual(self.ask("reader", "GET", "/tx", tx="default").json, {"motd": "root's"})
        self.assertEqual(self.ask("admin", "DELETE", "/tx", tx="default").status, 200)
        self.assertEqual(self.ask("operator", "PATCH", "/settings", {"motd": "mine"}, tx="default").status, 204)
        self.assertEqual(self.server.ask("PATCH", "/settings", {"motd": "root's"}, tx="default").status, 403)
        self.assertEqual(self.ask("operator", "DELETE", "/tx", tx="default").status, 200)

    def test_names_of_the_node_s_own_transactions_are_nobody_else_s(self):
        for certificate in ("operator", "admin"):
            answer = self.ask(certificate, "PATCH", "/settings", {"motd": "x"}, tx="node.user-data")
            self.assertEqual(answer.status, 400)
            self.assertIn("the node's", answer.json["message"])

    def test_a_try_is_confirmed_by_who_began_it_or_an_admin(self):
        self.assertEqual(self.ask("admin", "PATCH", "/settings", {"motd": "tried"}, tx="a").status, 204)
        self.assertEqual(self.ask("admin", "POST", "/v1/commit", tx="a", **{"try": 600}).status, 200)
        answer = self.ask("operator", "POST", "/v1/try/confirm")
        self.assertEqual((answer.status, "only revert" in answer.json["message"]), (403, True))
        self.assertEqual(self.ask("operator", "POST", "/v1/try/revert").status, 200)

    def test_secrets_are_for_admins(self):
        self.assertNotIn(b"hunter2", self.ask("reader", "GET", "/settings").body)
        self.assertNotIn(b"hunter2", self.ask("operator", "GET", "/", prefix="settings").body)
        self.assertIn(b"hunter2", self.ask("admin", "GET", "/settings").body)

    def test_older_tls_is_refused(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(ssl.SSLError):
            http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=TIMEOUT).request("GET", "/v1/version")

    def test_too_many_requests_of_one_client(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(self.authority.path("reader"), self.authority.path("reader", "key"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=TIMEOUT)
        statuses = set()
        for _ in range(1000):
            connection.request("GET", "/v1/version")
            statuses.add(Answer(connection.getresponse()).status)
        self.assertEqual(statuses, {200, 429})
        self.assertEqual(self.ask("admin", "GET", "/v1/version").status, 200)
        # The bucket fills again.
        end = time.monotonic() + TIMEOUT
        while self.ask("reader", "GET", "/v1/version").status != 200:
            self.assertLess(time.monotonic(), end)


class Refused(unittest.TestCase):
    """Certificates and keys that no listener could start with are told from the start, and nothing of them is kept."""

    def test_what_does_not_parse_or_does_not_belong_together(self):
        def b64(text):
            return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()

        authority = Authority()
        authority.certificate("one", "node")
        authority.certificate("two", "node")
        ca, one, key = (authority.base64(*name) for name in (("ca",), ("one",), ("one", "key")))
        broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
        with open(authority.path("ca")) as file:
            half = file.read() + broken
        locked = subprocess.run(["openssl", "ec", "-in", authority.path("one", "key"), "-aes256", "-passout", "pass:x"],
                                check=True, capture_output=True).stdout
        cases = [
            ({"client-ca": b64(broken)}, "api.client-ca: must be certificates"),
            ({"client-ca": b64(half)}, "api.client-ca: must be certificates"),
            ({"client-ca": key}, "client-ca"),
            ({"certificate": b64(broken), "key": key}, "api.certificate: must be certificates"),
            ({"certificate": b64(half), "key": key}, "api.certificate: must be certificates"),
            ({"certificate": one, "key": b64("not a key")}, "api.key: must be a private key"),
            ({"certificate": one, "key": b64(locked)}, "api.key: must be a private key"),
            ({"certificate": one, "key": one}, "api.key: must be a private key"),
            ({"certificate": one, "key": authority.base64("two", "key")}, "api.key: must be the key of api.certificate"),
        ]
        with Server() as server:
            before = server.ask("GET", "/settings").json
            for values, rule in cases:
                with self.subTest(rule=rule, keys=list(values)):
                    staged = server.ask("PATCH", "/settings", {"motd": "x", "api": {"client-ca": ca, **values}})
                    if staged.status == 204:
                        planned = server.ask("GET", "/v1/plan")
                        self.assertEqual(planned.status, 400, planned.body)
                        answer = server.ask("POST", "/tx/commit_and_apply")
                    else:
                        answer = staged
                    self.assertEqual(answer.status, 400, answer.body)
                    self.assertIn(rule, answer.body.decode())
                    server.ask("DELETE", "/tx")
                    self.assertEqual(server.ask("GET", "/settings").json, before)
                    self.assertEqual(server.ask("GET", "/v1/status").json["problems"], [])
            good = {"client-ca": ca, "certificate": one, "key": key, "listen-address": "127.0.0.1",
                    "listen-port": free_port()}
            self.assertEqual(server.ask("PATCH", "/settings", {"api": good}).status, 204)
            self.assertEqual(server.ask("POST", "/tx/commit_and_apply").status, 200)


class Switching(unittest.TestCase):
    """Settings of the API count at once, also for connections that were let in before."""

    def setUp(self):
        self.authority = Authority()
        self.authority.certificate("admin", "ops-1", serial="0x77")
        self.authority.certificate("other-ca", "Other CA", ["-x509", "-days", "30"], signer=None)
        self.port = free_port()
        self.server = Server()
        self.server.start()
        self.addCleanup(self.server.stop)
        self.roles = [{"subject": "ops-1", "role": "admin"}, {"subject": "monitor", "role": "reader"}]
        self.set_api(**{"client-ca": self.authority.base64("ca"), "listen-address": "127.0.0.1", "listen-port": self.port,
                        "roles": self.roles})

    def set_api(self, **values):
        self.assertEqual(self.server.ask("PATCH", "/settings", {"api": values}).status, 204)
        self.assertEqual(self.server.ask("POST", "/tx/commit_and_apply").status, 200)

    def context(self, name="admin"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if name:
            context.load_cert_chain(self.authority.path(name), self.authority.path(name, "key"))
        return context

    def connect(self, name="admin"):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context(name), timeout=TIMEOUT)
        self.addCleanup(connection.close)
        connection.connect()
        return connection

    def ask(self, connection, target="/v1/status"):
        connection.request("GET", target)
        return Answer(connection.getresponse()).status

    def assert_ended(self, connection):
        """By the server, without anything being sent."""
        self.assertEqual(connection.sock.recv(1), b"")

    def read_to_end(self, stream):
        """The end of a stream that is cut off."""
        with self.assertRaises(http.client.IncompleteRead):
            stream.read()

    def stream(self, name="admin"):
        connection = self.connect(name)
        connection.request("GET", "/v1/events")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        return answer

    def test_who_is_no_longer_let_in_is_put_out(self):
        for change in ({"revoked": ["77"]}, {"roles": []}, {"roles": [{"subject": "ops-1", "role": "reader"}]},
                       {"client-ca": self.authority.base64("other-ca")}):
            with self.subTest(list(change)):
                idle, stream = self.connect(), self.stream()
                self.assertEqual(self.ask(idle), 200)
                self.set_api(**change)
                self.read_to_end(stream)
                self.assert_ended(idle)
                self.set_api(**{"revoked": [], "roles": self.roles, "client-ca": self.authority.base64("ca")})

    def test_what_is_only_tried_counts_during_the_try_and_not_after_it(self):
        """Who locks itself out finds out by it, and gets in again."""
        idle, stream = self.connect(), self.stream()
        self.assertEqual(self.server.ask("PATCH", "/settings", {"api": {"roles": []}}, tx="t").status, 204)
        self.assertEqual(self.server.ask("POST", "/v1/commit", tx="t", **{"try": 600}).status, 200)
        self.read_to_end(stream)
        self.assert_ended(idle)
        self.assertEqual(self.ask(self.connect()), 403)
        self.assertEqual(self.server.ask("POST", "/v1/try/revert").status, 200)
        self.assertEqual(self.ask(self.connect()), 200)
        # A listener of its own, which the try takes away again.
        self.assertEqual(self.server.ask("PATCH", "/settings", {"api": {"client-ca": self.authority.base64("other-ca")}}, tx="t").status, 204)
        self.assertEqual(self.server.ask("POST", "/v1/commit", tx="t", **{"try": 600}).status, 200)
        self.assertEqual(self.ask(self.connect()), 401)
        self.assertEqual(self.server.ask("POST", "/v1/try/revert").status, 200)
        self.assertEqual(self.ask(self.connect()), 200)

    def test_others_stay(self):
        self.authority.certificate("reader", "monitor")
        reader = self.connect("reader")
        self.assertEqual(self.ask(reader), 200)
        self.set_api(revoked=["77"])
        self.assertEqual(self.ask(reader), 200)

    def test_who_revokes_itself_still_gets_the_answer(self):
        connection = self.connect()
        body = json.dumps({"api": {"revoked": ["77"]}})
        connection.request("PATCH", "/settings?tx=mine", body, {"Content-Type": "application/json"})
        self.assertEqual(Answer(connection.getresponse()).status, 204)
        connection.request("POST", "/v1/commit?tx=mine")
        answer = Answer(connection.getresponse())
        self.assertEqual((answer.status, answer.json["keys"]), (200, ["settings.api.revoked"]))

    def test_a_certificate_that_runs_out_ends_its_stream_and_its_connection(self):
        now = datetime.datetime.now(datetime.UTC)
        dates = [each.strftime("%Y%m%d%H%M%SZ") for each in (now - datetime.timedelta(days=1), now + datetime.timedelta(seconds=8))]
        self.authority.certificate("short", "ops-1", dates=dates)
        idle, stream = self.connect("short"), self.stream("short")
        self.assertEqual(self.ask(idle), 200)
        self.read_to_end(stream)
        self.assertGreater(datetime.datetime.now(datetime.UTC), now + datetime.timedelta(seconds=7))  # certificates know whole seconds
        self.assertEqual(self.ask(idle), 401)

    def test_clients_without_a_certificate_cannot_keep_others_out(self):
        # As many as systemd gives to a service.
        for process in self.server.processes():
            resource.prlimit(process, resource.RLIMIT_NOFILE, (1024, 1024))
        known = self.stream()
        crowd = []
        for number in range(1500):
            client = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)
            crowd.append(client)
            if number % 300 == 0:
                self.assertEqual(self.ask(self.connect()), 200)
        self.assertEqual(self.ask(self.connect()), 200)
        self.assertEqual(self.ask(self.connect(None), "/v1/version"), 200)
        self.assertTrue(known.fp)  # not among those that had to go
        self.server.set(motd="still there")
        self.assertIn(b"event", known.readline() + known.readline())
        for number, client in enumerate(crowd):
            if number < 1400:
                self.assert_closed(client)
            client.close()

    def assert_closed(self, client):
        try:
            self.assertEqual(client.recv(1), b"")
        except ConnectionResetError:
            pass  # closed as well

    def test_one_peer_has_a_part_of_the_places(self):
        self.authority.certificate("reader", "monitor")
        crowd = [self.connect("reader") for _ in range(100)]
        self.assert_ended(crowd[0])
        self.assertEqual(self.ask(crowd[-1]), 200)
        self.assertEqual(self.ask(self.connect()), 200)

    def test_who_may_not_send_a_body_gets_the_answer_without_it(self):
        self.authority.certificate("reader", "monitor")
        stalled = []
        for _ in range(40):
            connection = self.connect("reader")
            connection.putrequest("PATCH", "/settings")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", "100000")
            connection.endheaders()
            stalled.append(connection)
        for connection in stalled:
            self.assertEqual(connection.getresponse().status, 403)
        self.assertIn(self.server.ask("PATCH", "/settings", {"motd": "x" * 90_000}).status, (204, 400))

    def test_without_settings_there_is_no_listener(self):
        self.assertEqual(self.server.ask("DELETE", "/v1/settings", keys="api").status, 204)
        self.assertEqual(self.server.ask("POST", "/tx/commit_and_apply").status, 200)
        with self.assertRaises(ConnectionRefusedError):
            self.connect()


if __name__ == "__main__":
    unittest.main()
