"""The remote listener: TLS 1.3 with client certificates, roles, revocation; everything else is refused and written down."""

import base64
import http.client
import json
import os
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
                    "container-registry": {"credentials": [{"registry": "a.example", "password": "hunter2"}]}}
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

    def test_an_operator_may_change_settings_but_not_who_may_what(self):
        self.assertEqual(self.ask("operator", "PATCH", "/settings", {"motd": "deployed"}, tx="o").status, 204)
        self.assertEqual(self.ask("operator", "POST", "/v1/commit", tx="o").status, 200)
        self.assertEqual(self.server.ask("GET", "/v1/history", limit=1).json[0]["author"].split(" (")[0], "certificate deploy")
        self.assertEqual(self.ask("operator", "PATCH", "/settings", {"api": {"roles": []}}, tx="o").status, 204)
        self.assertEqual(self.ask("operator", "POST", "/v1/commit", tx="o").status, 403)
        self.server.ask("DELETE", "/tx", tx="o")
        self.assert_refused("operator", "POST", "/actions/reboot", 403, "admin")

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
    def test_the_listener_follows_the_settings_and_a_revocation_counts_at_once(self):
        authority = Authority()
        authority.certificate("admin", "ops-1", serial="0x77")
        port = free_port()
        with Server() as server:
            def set_api(**values):
                assert server.ask("PATCH", "/settings", {"api": values}).status == 204
                assert server.ask("POST", "/tx/commit_and_apply").status == 200

            set_api(**{"client-ca": authority.base64("ca"), "listen-address": "127.0.0.1", "listen-port": port,
                       "roles": [{"subject": "ops-1", "role": "admin"}]})
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.load_cert_chain(authority.path("admin"), authority.path("admin", "key"))
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=TIMEOUT)
            connection.request("GET", "/v1/status")
            self.assertEqual(Answer(connection.getresponse()).status, 200)
            set_api(revoked=["77"])
            connection.request("GET", "/v1/status")  # the same connection, which was let in before
            self.assertEqual(Answer(connection.getresponse()).status, 403)
            connection.close()
            self.assertEqual(server.ask("DELETE", "/v1/settings", keys="api").status, 204)
            self.assertEqual(server.ask("POST", "/tx/commit_and_apply").status, 200)
            with self.assertRaises(ConnectionRefusedError):
                http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=TIMEOUT).connect()


if __name__ == "__main__":
    unittest.main()
