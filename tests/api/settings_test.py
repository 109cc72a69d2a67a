"""Settings through the API: what clients and Bottlerocket's tools rely on, history, tries, and that nothing is lost or shown."""

import hashlib
import json
import os
import shutil
import subprocess
import threading
import time
import unittest

from apiserver import PROGRAM, TIMEOUT, Server

SECRET = "hunter2-very-secret"


class Settings(unittest.TestCase):
    def test_bottlerocket_s_forms(self):
        with Server() as server:
            self.assertEqual(server.ask("PATCH", "/settings", {"motd": "x"}, tx="FOO").status, 204)
            self.assertEqual(server.ask("GET", "/tx", tx="FOO").json, {"motd": "x"})
            self.assertEqual(server.ask("GET", "/tx/list").json, ["FOO"])
            self.assertEqual(server.ask("POST", "/tx/commit_and_apply", tx="FOO").json, ["settings.motd"])
            self.assertEqual(server.ask("GET", "/", prefix="settings.motd").json, {"settings": {"motd": "x"}})
            self.assertEqual(server.ask("GET", "/settings", keys="settings.motd").json, {"motd": "x"})
            self.assertEqual(server.ask("GET", "/metadata/affected-services", keys="settings.motd").json,
                             {"settings.motd": ["motd"]})
            self.assertEqual(set(server.ask("GET", "/services", names="motd").json["motd"]),
                             {"configuration-files", "restart-commands", "doc"})
            os_facts = server.ask("GET", "/", prefix="os").json["os"]
            self.assertEqual(os_facts, {"arch": "x86_64", "build_id": "abc", "pretty_name": "Bulkhead 0.1.0",
                                        "variant_id": "kvm", "version_id": "0.1.0"})
            self.assertEqual(server.read("etc/bulkhead/motd").strip(), "x")

    def test_an_unknown_key_is_refused_with_the_nearest_and_nothing_is_staged(self):
        with Server() as server:
            answer = server.ask("PATCH", "/settings", {"motd": "x", "ntp": {"time-server": ["a"]}}, tx="t")
            self.assertEqual(answer.status, 400)
            self.assertIn("ntp.time-servers", answer.json["message"])
            self.assertEqual(server.ask("GET", "/tx", tx="t").status, 404)

    def test_json_in_a_text_is_not_read_deeper_than_a_body(self):
        deep = "[" * 300000 + "]" * 300000
        with Server() as server:
            pairs = [[f"{key}={deep}"] for key in ("metrics.service-checks", "metrics.send-metrics", "ntp.time-servers")]
            for path, body in [("/settings/keypair", {"request_payload": each}) for each in pairs] + [("/settings", {"metrics": {"send-metrics": deep}})]:
                answer = server.ask("PATCH", path, body)
                self.assertEqual(answer.status, 400)
                self.assertLess(len(answer.body), 2048)
            self.assertEqual(server.ask("GET", "/v1/version").status, 200)

    def test_errors_name_key_value_and_rule(self):
        with Server() as server:
            answer = server.ask("PATCH", "/settings/keypair", {"request_payload": ["updates.seed=5000"]})
            self.assertEqual(answer.status, 400)
            for part in ("updates.seed", "5000", "2047"):
                self.assertIn(part, answer.json["message"])

    def test_of_two_transactions_the_second_is_told_who_was_first(self):
        with Server() as server:
            server.ask("PATCH", "/settings", {"motd": "1"}, tx="first")
            server.ask("PATCH", "/settings", {"motd": "2"}, tx="second")
            self.assertEqual(server.ask("POST", "/tx/commit_and_apply", tx="first").status, 200)
            answer = server.ask("POST", "/tx/commit_and_apply", tx="second")
            self.assertEqual(answer.status, 409)
            self.assertIn("'first'", answer.json["message"])
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "1"})

    def test_a_plan_says_what_a_commit_then_does(self):
        with Server() as server:
            server.ask("PATCH", "/settings", {"network": {"hostname": "node-7"}}, tx="t")
            plan = server.ask("GET", "/v1/plan", tx="t").json
            self.assertEqual([change["key"] for change in plan["changes"]], ["settings.network.hostname"])
            self.assertIn("/etc/hostname", [file["path"] for file in plan["files"]])
            before = server.read("etc/bulkhead/hostname")
            self.assertNotIn("node-7", before)
            outcome = server.ask("POST", "/v1/commit", tx="t").json
            self.assertEqual(outcome["files"], plan["files"])
            self.assertEqual([each["service"] for each in outcome["services"]],
                             [each["service"] for each in plan["services"]])
            self.assertIn("node-7", server.read("etc/bulkhead/hostname"))

    def test_history_diff_and_rollback(self):
        with Server() as server:
            server.set(motd="one")
            server.set(motd="two", ntp__time_servers='["a.example"]')
            history = server.ask("GET", "/v1/history").json
            newest = history[0]
            self.assertEqual(newest["keys"], ["settings.motd", "settings.ntp.time-servers"])
            self.assertRegex(newest["author"], r"^uid 0 \(pid \d+\)$")
            commit = server.ask("GET", f"/v1/history/{newest['commit']}").json
            self.assertIn({"key": "settings.motd", "from": "one", "to": "two"}, commit["changes"])
            diff = server.ask("GET", "/v1/diff", **{"from": history[1]["commit"]}).json
            self.assertEqual(diff, commit["changes"])
            self.assertEqual(server.ask("POST", "/v1/rollback", to=history[1]["commit"], tx="back").status, 204)
            self.assertEqual(server.ask("POST", "/v1/commit", tx="back").status, 200)
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "one"})
            self.assertNotEqual(server.ask("GET", "/settings", keys="ntp.time-servers").json["ntp"]["time-servers"], ["a.example"])

    def test_unset_brings_the_default_back(self):
        with Server() as server:
            default = server.ask("GET", "/settings", keys="ntp.time-servers").json
            server.set(ntp__time_servers='["a.example"]')
            self.assertEqual(server.ask("DELETE", "/v1/settings", keys="ntp", tx="t").status, 204)
            self.assertEqual(server.ask("POST", "/tx/commit_and_apply", tx="t").json, ["settings.ntp.time-servers"])
            self.assertEqual(server.ask("GET", "/settings", keys="ntp.time-servers").json, default)

    def test_a_try_comes_back_by_itself(self):
        with Server() as server:
            server.ask("PATCH", "/settings", {"motd": "tried"}, tx="t")
            answer = server.ask("POST", "/v1/commit", tx="t", **{"try": 1})
            self.assertEqual(answer.json["try"]["transaction"], "t")
            self.assertEqual(server.read("etc/bulkhead/motd").strip(), "tried")
            server.wait_for(lambda: server.ask("GET", "/v1/try").status == 404)
            self.assertEqual(server.ask("GET", "/settings", keys="motd").status, 404)
            self.assertNotIn("tried", server.read("etc/bulkhead/motd"))

    def test_a_held_try_ends_with_its_client(self):
        with Server() as server:
            server.ask("PATCH", "/settings", {"motd": "tried"}, tx="t")
            connection = server.connection()
            connection.request("POST", "/v1/commit?tx=t&try=600&hold=true")
            response = connection.getresponse()
            self.assertEqual(response.readline(), b"event: try\n")
            self.assertEqual(server.ask("GET", "/v1/try").status, 200)
            response.close()
            connection.close()
            server.wait_for(lambda: server.ask("GET", "/v1/try").status == 404)
            self.assertEqual(server.ask("GET", "/settings", keys="motd").status, 404)

    def test_a_try_ends_with_a_restart(self):
        with Server() as server:
            server.ask("PATCH", "/settings", {"motd": "tried"}, tx="t")
            self.assertEqual(server.ask("POST", "/v1/commit", tx="t", **{"try": 600}).status, 200)
            server.stop(kill=True)
            server.start()
            self.assertEqual(server.ask("GET", "/settings", keys="motd").status, 404)
            self.assertNotIn("tried", server.read("etc/bulkhead/motd"))

    def test_a_confirmed_try_stays(self):
        with Server() as server:
            server.ask("PATCH", "/settings", {"motd": "tried"}, tx="t")
            server.ask("POST", "/v1/commit", tx="t", **{"try": 600})
            self.assertNotEqual(server.ask("POST", "/v1/try/confirm").json["commit"], 0)
            server.stop(kill=True)
            server.start()
            self.assertEqual(server.ask("GET", "/settings", keys="motd").json, {"motd": "tried"})

    def test_what_was_answered_for_survives_any_kill(self):
        with Server() as server:
            for round_number in range(8):
                answered, enough = [], threading.Event()

                def write(server=server, answered=answered, enough=enough, round_number=round_number):
                    for number in range(1000):
                        try:
                            server.set(tx="w", **{"kernel__sysctl__a": f"{round_number}-{number}"})
                        except (OSError, AssertionError):
                            return
                        answered.append(f"{round_number}-{number}")
                        if number == 5 + 2 * round_number:
                            enough.set()

                writer = threading.Thread(target=write)
                writer.start()
                self.assertTrue(enough.wait(TIMEOUT))
                server.stop(kill=True)
                writer.join()
                server.start()
                found = server.ask("GET", "/settings", keys="kernel.sysctl.a").json["kernel"]["sysctl"]["a"]
                last = int(answered[-1].split("-")[1])
                # The one in work when the server died may be there or not.
                self.assertIn(found, (f"{round_number}-{last}", f"{round_number}-{last + 1}"))

    def test_events_tell_of_changes(self):
        with Server() as server:
            connection = server.connection()
            connection.request("GET", "/v1/events")
            stream = connection.getresponse()
            self.assertEqual([stream.readline() for _ in range(3)][0], b"event: health\n")
            server.set(motd="x")
            names = []
            while "commit" not in names:
                line = stream.readline()
                if line.startswith(b"event: "):
                    names.append(line[7:-1].decode())
            connection.close()

    def test_the_audit_trail_has_changes_and_refusals(self):
        with Server() as server:
            server.set(motd="x")
            server.ask("POST", "/tx/commit", tx="none")
            records = server.ask("GET", "/v1/audit").json
            self.assertEqual([(each["action"], each["result"]) for each in records[:2]],
                             [("commit", "refused"), ("commit and apply", "done")])
            self.assertEqual(records[1]["keys"], "motd")

    def test_secrets_are_shown_nowhere_but_to_admins(self):
        with Server() as server:
            secret = {"container-registry": {"credentials": [{"registry": "a.example", "username": "u", "password": SECRET}]},
                      "aws": {"credentials": "aHVudGVyMi12ZXJ5LXNlY3JldA=="},
                      "workloads": {"web": {"source": "a.example/web:1", "environment": {"TOKEN": SECRET}}}}
            self.assertEqual(server.ask("PATCH", "/settings", secret, tx="t").status, 204)
            places = [server.ask("GET", "/v1/plan", tx="t")]
            self.assertEqual(server.ask("POST", "/v1/commit", tx="t").status, 200)
            bad = {"container-registry": {"credentials": [{"registry": "b.example", "password": SECRET + "\n\x01"}]}}
            places += [server.ask("PATCH", "/settings", bad), server.ask("GET", "/report"), server.ask("GET", "/v1/audit"),
                       server.ask("GET", "/v1/history"), server.ask("GET", "/v1/diff", **{"from": 0}), server.ask("GET", "/v1/status"),
                       server.ask("GET", f"/v1/history/{server.ask('GET', '/v1/status').json['commit']}")]
            for place in places:
                self.assertNotIn(SECRET.encode(), place.body)
                self.assertNotIn(b"aHVudGVyMi12", place.body)
            self.assertNotIn(SECRET, server.messages())
            self.assertIn(SECRET.encode(), server.ask("GET", "/settings").body)


class Kernel(unittest.TestCase):
    def test_a_parameter_that_names_a_program_of_root_is_refused(self):
        with Server() as server:
            for key in ("kernel.core_pattern", "kernel/core_pattern", "kernel.modprobe", "kernel.poweroff_cmd", "kernel.usermodehelper.bset",
                        "kernel//core_pattern", "kernel/./core_pattern", "-kernel.core_pattern", "./kernel.core_pattern"):
                with self.subTest(key):
                    document = {"kernel": {"sysctl": {key: "|/var/x %p"}, "relax": ["kernel.sysrq"]}}
                    answer = server.ask("PATCH", "/settings", document)
                    if answer.status == 204:
                        answer = server.ask("POST", "/v1/commit")
                    self.assertEqual(answer.status, 400, answer.body)
                    self.assertFalse(os.path.exists(os.path.join(server.root, "etc/bulkhead/sysctl.d/60-settings.conf")))
                    server.ask("DELETE", "/tx")

    def test_what_the_image_hardens_is_weakened_only_by_name_and_the_status_says_so(self):
        with Server() as server:
            weaker = {"kernel": {"sysctl": {"kernel.yama.ptrace_scope": "0"}}}
            self.assertEqual(server.ask("PATCH", "/settings", weaker).status, 204)
            answer = server.ask("POST", "/v1/commit")
            self.assertEqual(answer.status, 400, answer.body)
            self.assertIn("kernel.relax", answer.json["hint"])
            self.assertEqual(server.ask("PATCH", "/settings", {"kernel": {"relax": ["kernel/yama/ptrace_scope"]}}).status, 204)
            self.assertEqual(server.ask("POST", "/v1/commit").status, 200)
            self.assertEqual(server.ask("GET", "/v1/status").json["relaxed"], ["kernel.yama.ptrace_scope = 0"])
            self.assertEqual(server.ask("PATCH", "/settings", {"kernel": {"relax": ["vm.swappiness"]}}).status, 204)
            self.assertEqual(server.ask("POST", "/v1/commit").status, 400)


class Stored(unittest.TestCase):
    def test_a_pipe_in_the_place_of_a_file_of_the_node_is_not_waited_for(self):
        for name in ("user-data.applied", "settings-lineage", "settings-1", "api/key.pem"):
            with self.subTest(name), Server() as server:
                server.set(motd="x")
                server.stop()
                path = os.path.join(server.root, "state", name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                if os.path.exists(path):
                    os.unlink(path)
                os.mkfifo(path)
                server.start()
                self.assertEqual(server.ask("GET", "/v1/version").status, 200)

    def test_a_damaged_datastore_leaves_a_node_that_answers(self):
        with Server() as server:
            server.set(motd="x")
            server.stop()
            directory = os.path.join(server.root, "state")
            name = next(each for each in os.listdir(directory) if each.startswith("settings-") and "lineage" not in each)
            text = server.read(f"state/{name}")
            server.write(f"state/{name}", text.replace('"id"', '"ID"', 1))
            server.start()
            self.assertEqual(server.ask("GET", "/v1/status").json["state"], "degraded")
            self.assertEqual(server.ask("PATCH", "/settings", {"motd": "y"}).status, 423)
            self.assertEqual(server.read(f"state/{name}"), text.replace('"id"', '"ID"', 1))

    def test_stored_settings_that_this_version_refuses_keep_nothing_else_from_taking_effect(self):
        with Server() as server:
            server.set(network__hostname="kept", network__firewall__open_ports='["22/tcp"]')
            last = server.ask("GET", "/v1/status").json["commit"]
            server.stop()
            # What an older version accepted (docs/formats/datastore.md).
            refused = {'kernel.sysctl."kernel.core_pattern"': "|/var/x %p", "updates.seed": "many", "no-longer.known": SECRET}
            record = json.dumps({"id": last + 1, "time": 0, "author": "test", "transaction": "t", "set": refused, "unset": []})
            server.write("state/settings-1", server.read("state/settings-1")
                         + hashlib.sha256(record.encode()).hexdigest()[:16] + " " + record + "\n")
            shutil.rmtree(os.path.join(server.root, "etc"))  # as at a boot
            server.start()
            self.assertEqual(server.read("etc/bulkhead/hostname"), "kept\n")
            self.assertIn("22", server.read("etc/bulkhead/nftables.conf"))
            status = server.ask("GET", "/v1/status").json
            self.assertEqual(status["state"], "degraded")
            self.assertEqual(len(status["problems"]), 3, status["problems"])
            for problem, key in zip(status["problems"], sorted(refused)):
                self.assertTrue(problem.startswith(f"setting {key}: is stored, but not in effect: "), problem)
                self.assertIn(f"apiclient unset '{key}'" if '"' in key else f"apiclient unset {key}", problem)
            self.assertNotIn(SECRET, server.messages())
            self.assertNotIn("core_pattern", str(server.ask("GET", "/settings").json))
            # Other changes count meanwhile, and nothing that is stored is lost.
            server.set(motd="changed")
            self.assertEqual(server.read("etc/bulkhead/motd"), "changed\n")
            server.stop()
            server.start()
            self.assertEqual(server.ask("GET", "/v1/status").json["problems"], status["problems"])
            # Each problem ends as it says.
            server.set(updates__seed="7")
            self.assertEqual(len(server.ask("GET", "/v1/status").json["problems"]), 2)
            for left, key in ((1, 'kernel.sysctl."kernel.core_pattern"'), (0, "no-longer.known")):
                self.assertEqual(server.ask("DELETE", "/v1/settings", keys=key).status, 204)
                self.assertEqual(server.ask("POST", "/v1/commit").status, 200)
                self.assertEqual(len(server.ask("GET", "/v1/status").json["problems"]), left)
            self.assertEqual(server.ask("GET", "/v1/status").json["state"], "ready")

    def test_a_lost_file_system_is_a_problem_with_a_way_out(self):
        with Server() as server:
            server.stop()
            server.write("run/bulkhead/file-systems/state.repaired", "e2fsck corrected errors\n")
            server.write("run/bulkhead/file-systems/data.lost", "no superblock\n")
            server.start()
            status = server.ask("GET", "/v1/status").json
            self.assertEqual(status["state"], "degraded")
            self.assertEqual(len(status["problems"]), 1)
            for part in ("DATA", "no superblock", "apiclient reset data", "next restart"):
                self.assertIn(part, status["problems"][0])
            for outcome, part in (("reset", "changes are lost at the next restart"), ("lost", "no superblock")):
                server.stop()
                os.rename(os.path.join(server.root, "run/bulkhead/file-systems/data." + ("lost" if outcome == "reset" else "reset")),
                          os.path.join(server.root, "run/bulkhead/file-systems/data." + outcome))
                server.start()
                self.assertIn(part, server.ask("GET", "/v1/status").json["problems"][0])
            self.assertEqual(server.ask("GET", "/v1/file-systems").json, {
                "state": {"outcome": "repaired", "reason": "e2fsck corrected errors", "lasts": True},
                "data": {"outcome": "lost", "reason": "no superblock", "lasts": False}})
            self.assertEqual(server.ask("PATCH", "/settings", {"motd": "x"}).status, 204)
            self.assertEqual(server.ask("POST", "/v1/file-systems/state/reset").status, 422)
            actions = {(each["action"], each["result"]) for each in server.ask("GET", "/v1/audit").json}
            self.assertNotIn(("reset state", "started"), actions)

    def test_what_bottlerocket_has_stored_can_be_applied(self):
        with Server() as server:
            for path, value in (("motd", '"from Bottlerocket"'), ("kernel/sysctl/vm%2Emax_map_count", '"262144"'), ("updates/seed", "7"),
                                ("ecs/cluster", '"x"'), ("updates/seed.setting-generator", '"bork seed"')):
                server.write(f"old/live/settings/{path}", value)
            done = subprocess.run([PROGRAM, "--import-bottlerocket", os.path.join(server.root, "old")], capture_output=True, text=True, check=True)
            document = json.loads(done.stdout)["settings"]
            self.assertEqual(document, {"motd": "from Bottlerocket", "kernel": {"sysctl": {"vm.max_map_count": "262144"}}, "updates": {"seed": 7}})
            self.assertIn("ecs", done.stderr)
            self.assertEqual(server.ask("PATCH", "/settings", document).status, 204)
            self.assertEqual(server.ask("POST", "/tx/commit_and_apply").status, 200)

if __name__ == "__main__":
    unittest.main()
