"""User data: what of it counts, when, and from which disk."""

import datetime
import json
import os
import unittest

from apiserver import TIMEOUT, Server


class UserData(unittest.TestCase):
    def with_document(self, text, name="30-fw-cfg", then=None):
        server = Server()
        server.write(f"run/bulkhead/user-data/{name}", text)
        return server

    def settled(self, server):
        """Whether the next boot may do without waiting for disks."""
        return os.path.exists(os.path.join(server.root, "state/user-data.settled"))

    def test_user_data_is_in_force_before_the_server_answers_and_applied_once(self):
        with self.with_document('[settings]\nmotd = "from outside"\n') as server:
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "from outside"})
            self.assertIn("from outside", server.read("etc/bulkhead/motd"))
            self.assertEqual(server.ask("GET", "/v1/history").json[-1]["author"], "user data")
            applied = server.ask("GET", "/v1/user-data").json["sources"][0]
            when = datetime.datetime.fromisoformat(applied["applied_at"])
            self.assertLess(abs((datetime.datetime.now(datetime.UTC) - when).total_seconds()), TIMEOUT)
            self.assertTrue(self.settled(server))
            server.set(motd="mine")
            server.stop()
            server.write("run/bulkhead/user-data/30-fw-cfg", '[settings]\nmotd = "again"\n')
            server.start()
            self.assertEqual(server.ask("GET", "/v1/user-data").json["sources"],
                             [{"source": "fw-cfg", "result": "unchanged", "applied_at": applied["applied_at"]}])
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "mine"})
            server.set(boot__reapply_user_data="true")
            self.assertFalse(self.settled(server))
            server.stop()
            server.start()
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "again"})

    def test_a_bad_document_is_told_and_the_node_comes_up_with_defaults(self):
        for text, part in (("[settings]\nmotd = \n", "fw-cfg:2"), ('[settings]\nmtd = "x"\n', "motd"), ("#cloud-config\n", "cloud-config"),
                           ('{"settings": {"updates": {"seed": -1}}}', "updates.seed"),
                           ('[settings.metrics]\nsend-metrics = "' + 300000 * "[" + 300000 * "]" + '"\n', "send-metrics"), (b"\x1f\x8b\x08garbage", ""),
                           ('[settings.network.interfaces.vlan1]\nkind = "vlan"\n', "vlan1")):
            with self.subTest(text[:64]), self.with_document(text) as server:
                status = server.ask("GET", "/v1/status").json
                self.assertEqual(status["state"], "degraded")
                self.assertIn("user data", status["problems"][0])
                self.assertIn(part, status["problems"][0])
                outcome = server.ask("GET", "/v1/user-data").json["sources"][0]
                self.assertEqual((outcome["source"], outcome["result"]), ("fw-cfg", "refused"))
                self.assertNotIn("applied_at", outcome)
                self.assertFalse(self.settled(server))
                self.assertEqual(server.ask("GET", "/v1/health").status, 503)
                self.assertEqual(server.ask("GET", "/settings", keys="motd").status, 404)
                server.set(motd="works")

    def test_documents_lie_over_one_another_and_a_bad_one_does_not_harm_the_others(self):
        with self.with_document('[settings]\nmotd = "a"\n[settings.updates]\nseed = 1\n', "10-cidata") as server:
            self.assertEqual(server.ask("GET", "/settings", keys="updates.seed").json["updates"]["seed"], 1)
            server.write("run/bulkhead-imds/50-imds", '{"settings": {"motd": "b"}}')
            answer = server.ask("PUT", "/v1/user-data")
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "b"})

    def test_what_somebody_staged_under_the_name_of_user_data_is_not_committed_with_it(self):
        with self.with_document('[settings]\nmotd = "a"\n') as server:
            roles = {"api": {"roles": [{"subject": "deploy", "role": "admin"}]}}
            self.assertEqual(server.ask("PATCH", "/settings", roles, tx="user-data").status, 204)
            server.write("run/bulkhead-imds/50-imds", '{"settings": {"motd": "b"}}')
            self.assertEqual(server.ask("PUT", "/v1/user-data").status, 200)
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "b"})
            self.assertEqual(server.ask("GET", "/settings", keys="api.roles").status, 404)

    def test_a_document_that_comes_while_a_try_is_open_counts_when_the_try_has_ended(self):
        with self.with_document('[settings]\nmotd = "a"\n') as server:
            self.assertEqual(server.ask("PATCH", "/settings", {"motd": "tried"}, tx="t").status, 204)
            self.assertEqual(server.ask("POST", "/v1/commit", tx="t", **{"try": 600}).status, 200)
            server.write("run/bulkhead-imds/50-imds", '{"settings": {"motd": "b"}}')
            self.assertEqual(server.ask("PUT", "/v1/user-data").status, 423)
            sources = {each["source"]: each["result"] for each in server.ask("GET", "/v1/user-data").json["sources"]}
            self.assertEqual(sources["imds"], "pending")
            self.assertEqual(server.ask("GET", "/v1/status").json["problems"], [])
            self.assertEqual(server.ask("POST", "/v1/try/revert").status, 200)
            server.wait_for(lambda: server.ask("GET", "/settings", keys="motd").json == {"motd": "b"})
            server.set(motd="later")
            server.stop()
            server.start()
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "later"})

    def test_without_the_record_of_what_was_applied_nothing_undoes_what_was_set_since(self):
        record = "state/user-data.applied"
        for damage in (None, "", "{", '{"format": 1, "documents": {"imds": {"sha256": "", "refused": false, "time": 9223372036854775807}}}'):
            with self.subTest(damage), self.with_document('[settings]\nmotd = "a"\n') as server:
                server.write("run/bulkhead-imds/50-imds", '{"settings": {"motd": "b"}}')
                self.assertEqual(server.ask("PUT", "/v1/user-data").status, 200)
                server.set(motd="mine")
                server.stop()
                os.unlink(os.path.join(server.root, record))
                if damage is not None:
                    server.write(record, damage)
                # As at a boot: the metadata service answers when the server already runs.
                late = os.path.join(server.root, "run/bulkhead-imds/50-imds")
                os.rename(late, late + ".later")
                server.start()
                os.rename(late + ".later", late)
                self.assertEqual(server.ask("PUT", "/v1/user-data").status, 200)
                self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "mine"})
                server.stop()
                server.start()
                self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "mine"})
                # It counts again from here on.
                self.assertTrue(self.settled(server))

    def test_a_disk_that_is_attached_later_does_not_take_the_node_over(self):
        with self.with_document('[settings]\nmotd = "a"\n[settings.boot]\nreapply-user-data = true\n') as server:
            server.set(motd="mine")
            server.stop()
            server.write("run/bulkhead/user-data/10-cidata", '[settings]\nmotd = "evil"\n[[settings.api.roles]]\nsubject = "*"\nrole = "admin"\n')
            server.start()
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "mine"})
            results = {each["source"]: each["result"] for each in server.ask("GET", "/v1/user-data").json["sources"]}
            self.assertEqual(results, {"fw-cfg": "unchanged", "cidata": "ignored"})
            server.stop()
            # Nor does it when what counts has changed.
            server.write("run/bulkhead/user-data/30-fw-cfg", '[settings]\nmotd = "b"\n')
            server.start()
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "b"})
            self.assertEqual(server.ask("GET", "/settings", keys="api.roles").status, 404)

    ADMIN_FOR_ALL = '[settings]\nmotd = "evil"\n[[settings.api.roles]]\nsubject = "*"\nrole = "admin"\n'

    def from_disk(self, server, disk, text):
        """As bulkhead-user-data leaves it."""
        server.write("run/bulkhead/user-data/10-cidata", text)
        server.write("run/bulkhead/user-data/10-cidata.disk", disk + "\n")

    def cidata(self, server):
        return next(each for each in server.ask("GET", "/v1/user-data").json["sources"] if each["source"] == "cidata")

    def test_another_disk_with_the_label_of_the_first_does_not_take_the_node_over(self):
        reapply = "[settings.boot]\nreapply-user-data = true\n"
        for first in ('[settings]\nmotd = "a"\n' + reapply, '[settings]\nmtd = "refused"\n'):
            with self.subTest(first):
                server = Server()
                self.from_disk(server, "vfat 1234-ABCD", first)
                with server:
                    before = server.ask("GET", "/settings").json
                    server.stop()
                    for disk in ("vfat 00C0-FFEE", "vfat 1234-ABCD stick", ""):
                        self.from_disk(server, disk, self.ADMIN_FOR_ALL)
                        server.start()
                        self.assertEqual(server.ask("GET", "/settings").json, before)
                        ignored = self.cidata(server)
                        self.assertEqual(ignored["result"], "ignored")
                        self.assertIn("apiclient user-data --accept cidata", ignored["error"])
                        self.assertIn("ignored", server.ask("GET", "/v1/status").json["problems"][0])
                        # Nobody but an admin, and nobody by chance.
                        self.assertEqual(server.ask("PUT", "/v1/user-data").status, 200)
                        self.assertEqual(server.ask("GET", "/settings").json, before)
                        server.stop()
                    # The disk of before, put right.
                    self.from_disk(server, "vfat 1234-ABCD", '[settings]\nmotd = "b"\n')
                    server.start()
                    self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "b"})
                    self.assertEqual(server.ask("GET", "/v1/status").json["problems"], [])

    def test_an_admin_takes_in_the_disk_that_has_replaced_the_first(self):
        text = '[settings]\nmotd = "{}"\n[settings.boot]\nreapply-user-data = true\n'
        server = Server()
        self.from_disk(server, "iso9660 2024", text.format("a"))
        with server:
            self.assertEqual(server.ask("POST", "/v1/user-data/cidata/accept").status, 404)
            server.stop()
            # The same content on a new disk is nothing new, and does not bind the source to that disk.
            self.from_disk(server, "iso9660 2025", text.format("a"))
            server.start()
            self.assertEqual(self.cidata(server)["result"], "unchanged")
            server.stop()
            self.from_disk(server, "iso9660 2025", text.format("b"))
            server.start()
            self.assertEqual(self.cidata(server)["result"], "ignored")
            self.assertEqual(server.ask("PATCH", "/settings", {"motd": "tried"}, tx="t").status, 204)
            self.assertEqual(server.ask("POST", "/v1/commit", tx="t", **{"try": 600}).status, 200)
            self.assertEqual(server.ask("POST", "/v1/user-data/cidata/accept").status, 423)
            self.assertEqual(server.ask("POST", "/v1/try/revert").status, 200)
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "a"})
            answer = server.ask("POST", "/v1/user-data/cidata/accept")
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(self.cidata(server)["result"], "applied")
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "b"})
            self.assertEqual(server.ask("GET", "/v1/status").json["problems"], [])
            server.stop()
            self.from_disk(server, "iso9660 2025", text.format("c"))
            server.start()
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "c"})

    def test_a_record_that_does_not_know_the_disk_binds_the_source_to_none(self):
        server = Server()
        self.from_disk(server, "vfat 1234-ABCD", '[settings]\nmotd = "a"\n[settings.boot]\nreapply-user-data = true\n')
        with server:
            server.stop()
            record = json.loads(server.read("state/user-data.applied"))
            del record["documents"]["cidata"]["disk"]
            server.write("state/user-data.applied", json.dumps(record))
            server.start()
            self.assertEqual(self.cidata(server)["result"], "unchanged")
            server.stop()
            self.from_disk(server, "vfat 1234-ABCD", self.ADMIN_FOR_ALL)
            server.start()
            self.assertEqual(self.cidata(server)["result"], "ignored")
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "a"})


if __name__ == "__main__":
    unittest.main()
