"""Holds api-server/openapi.yaml and the server against each other: every route and status of the contract is answered by the
server as the contract says, and the server has no route that the contract has not."""

import os
import re
import subprocess
import unittest

import jsonschema
import yaml

from apiserver import PROGRAM, Server

SOURCE = os.environ["BULKHEAD_SOURCE"]
PLACE = re.compile(r"\{\w+\}")


def load(name):
    with open(os.path.join(SOURCE, "api-server", name), encoding="utf-8") as file:
        return yaml.safe_load(file)


CONTRACT = load("openapi.yaml")
COMPONENTS = load("openapi-components.yaml")
# Statuses that need a role, a failing unit or systemd: shown by remote_test.py, unit tests and the VM.
ELSEWHERE = {"403", "503"}


def resolve(value):
    while isinstance(value, dict) and "$ref" in value:
        target = value["$ref"]
        if target == "settings.schema.json":
            return {"type": "object"}
        value = COMPONENTS  # which refer to each other, and the contract to them
        for part in target.removeprefix("openapi-components.yaml").removeprefix("#/").split("/"):
            value = value[part]
    if isinstance(value, dict):
        return {key: resolve(each) for key, each in value.items()}
    if isinstance(value, list):
        return [resolve(each) for each in value]
    return value


class Case:
    """How to get a status out of a route: what is done before, and the request."""

    def __init__(self, before=None, body=None, content_type="application/json", path=None, **query):
        self.before, self.body, self.content_type, self.path, self.query = before, body, content_type, path, query


def staged(server, tx="t"):
    assert server.ask("PATCH", "/settings", {"motd": "x"}, tx=tx).status == 204


def conflict(server):
    staged(server, "a")
    staged(server, "t")
    server.ask("PATCH", "/settings", {"motd": "other"}, tx="a")
    assert server.ask("POST", "/tx/commit", tx="a").status == 200
    return server


def too_many(server):
    tx = 0
    connection = server.connection()
    server.ask("GET", "/v1/version", connection=connection)
    while server.ask("PATCH", "/settings", {"motd": "x"}, tx=f"many{tx}", connection=connection).status == 204:
        tx += 1
    connection.close()


def lockdown(server):
    staged(server)
    assert server.ask("POST", "/actions/lockdown").status == 204


def trying(server):
    staged(server, "tried")
    assert server.ask("POST", "/v1/commit", tx="tried", **{"try": 600}).status == 200
    staged(server)


def lost_data(server):
    server.stop()
    server.write("run/bulkhead/file-systems/data.lost", "no superblock\n")
    server.start()


def late_disk(server):
    server.write("run/bulkhead/user-data/10-cidata", '[settings]\nmotd = "x"\n')


def set_motd(server):
    server.set(motd="x")


LARGE = b" " * (1 << 20) + b"{}"
BAD_BODY = {"body": "{"}
CASES = {
    ("get", "/"): {"200": Case(), "400": Case(prefix='settings."x'), "404": Case(prefix="settings.nothing")},
    ("get", "/settings"): {"200": Case(), "400": Case(keys=""), "404": Case(keys="motd")},
    ("patch", "/settings"): {"204": Case(body={"motd": "x"}), "400": Case(body={"mot": 1}), "409": Case(too_many, {"motd": "x"}, tx="z"),
                             "413": Case(body=LARGE), "415": Case(body="motd = 1", content_type="application/toml"),
                             "423": Case(lockdown, {"motd": "x"})},
    ("patch", "/settings/keypair"): {
        "204": Case(body={"request_payload": ["motd=x"]}), "400": Case(body={"request_payload": ["motd"]}),
        "409": Case(too_many, {"request_payload": ["motd=x"]}, tx="z"), "413": Case(body=LARGE),
        "415": Case(body="{}", content_type="text/plain"), "423": Case(lockdown, {"request_payload": ["motd=x"]})},
    ("get", "/tx"): {"200": Case(staged, tx="t"), "404": Case(tx="none")},
    ("delete", "/tx"): {"200": Case(staged, tx="t"), "404": Case(tx="none")},
    ("get", "/tx/list"): {"200": Case()},
    ("post", "/tx/commit"): {
        "200": Case(staged, tx="t"), "400": Case(lambda s: s.ask("PATCH", "/settings", {"health": {"checks": {"a": {"timeout": "1s"}}}}, tx="t"), tx="t"),
        "409": Case(conflict, tx="t"), "422": Case(tx="none"), "423": Case(trying, tx="t")},
    ("post", "/tx/apply"): {"204": Case(keys="ntp"), "400": Case(keys='"'), "404": Case(keys="nothing"), "423": Case(trying)},
    ("post", "/tx/commit_and_apply"): {
        "200": Case(staged, tx="t"), "400": Case(lambda s: s.ask("PATCH", "/settings", {"health": {"checks": {"a": {"timeout": "1s"}}}}, tx="t"), tx="t"),
        "409": Case(conflict, tx="t"), "422": Case(tx="none"), "423": Case(trying, tx="t")},
    ("get", "/os"): {"200": Case()},
    ("get", "/metadata/affected-services"): {"200": Case(keys="settings.motd,ntp.time-servers"), "400": Case(), "404": Case(keys="nothing")},
    ("get", "/metadata/setting-generators"): {"200": Case(keys="updates.seed"), "400": Case(), "404": Case(keys="nothing")},
    ("get", "/metadata/templates"): {"200": Case(keys="motd"), "400": Case(), "404": Case(keys="nothing")},
    ("get", "/services"): {"200": Case(names="motd,timesyncd"), "404": Case(names="nothing")},
    ("get", "/configuration-files"): {"200": Case(), "404": Case(names="/etc/nothing")},
    ("post", "/actions/reboot"): {"503": Case()},
    ("post", "/actions/lockdown"): {"204": Case()},
    **{("post", f"/actions/{name}-update"): {"404": Case()} for name in ("prepare", "activate", "deactivate")},
    ("post", "/actions/refresh-updates"): {"404": Case()},
    ("get", "/updates/status"): {"404": Case()},
    ("get", "/report"): {"200": Case()},
    ("get", "/v1/version"): {"200": Case()},
    ("get", "/v1/status"): {"200": Case()},
    ("get", "/v1/health"): {"200": Case()},
    ("get", "/v1/boot"): {"503": Case()},
    ("get", "/v1/file-systems"): {"200": Case(lost_data)},
    ("post", "/v1/file-systems/{name}/reset"): {
        "404": Case(path="/v1/file-systems/root/reset"), "422": Case(path="/v1/file-systems/data/reset"),
        "423": Case(lambda s: (lost_data(s), lockdown(s)), path="/v1/file-systems/data/reset"),
        "503": Case(lost_data, path="/v1/file-systems/data/reset")},
    ("get", "/v1/schema"): {"200": Case()},
    ("get", "/v1/keys"): {"200": Case()},
    ("get", "/v1/explain"): {"200": Case(key="motd"), "400": Case(), "404": Case(key="nothing")},
    ("delete", "/v1/settings"): {"204": Case(set_motd, keys="motd", tx="t"), "400": Case(), "404": Case(keys="motd"),
                                 "409": Case(lambda s: (set_motd(s), too_many(s)), keys="motd", tx="z"),
                                 "423": Case(lambda s: (set_motd(s), lockdown(s)), keys="motd")},
    ("get", "/v1/plan"): {"200": Case(staged, tx="t"), "404": Case(tx="none"), "409": Case(conflict, tx="t"),
                          "400": Case(lambda s: s.ask("PATCH", "/settings", {"health": {"checks": {"a": {"timeout": "1s"}}}}, tx="t"), tx="t")},
    ("post", "/v1/commit"): {"200": Case(staged, tx="t"), "400": Case(staged, tx="t", **{"try": "soon"}), "409": Case(conflict, tx="t"),
                             "422": Case(tx="none"), "423": Case(trying, tx="t")},
    ("get", "/v1/try"): {"200": Case(trying), "404": Case()},
    ("post", "/v1/try/confirm"): {"200": Case(trying), "404": Case()},
    ("post", "/v1/try/revert"): {"200": Case(trying), "404": Case()},
    ("get", "/v1/history"): {"200": Case(set_motd), "400": Case(limit="0")},
    ("get", "/v1/history/{commit}"): {"200": Case(set_motd, path="/v1/history/1"), "400": Case(path="/v1/history/x"), "404": Case(path="/v1/history/99")},
    ("get", "/v1/diff"): {"200": Case(**{"from": 0}), "400": Case(), "404": Case(**{"from": 99})},
    ("post", "/v1/rollback"): {"204": Case(to=0), "400": Case(), "404": Case(to=99), "409": Case(too_many, to=0, tx="z"), "423": Case(lockdown, to=0)},
    ("get", "/v1/events"): {"200": Case()},
    ("get", "/v1/audit"): {"200": Case(set_motd), "400": Case(limit="many")},
    ("get", "/v1/logs"): {"200": Case(), "400": Case(since="yesterday")},
    ("get", "/v1/user-data"): {"200": Case()},
    ("put", "/v1/user-data"): {"200": Case(), "423": Case(trying)},
    ("post", "/v1/user-data/{source}/accept"): {"200": Case(late_disk, path="/v1/user-data/cidata/accept"), "404": Case(path="/v1/user-data/cidata/accept"),
                                                "423": Case(lambda s: (late_disk(s), trying(s)), path="/v1/user-data/cidata/accept")},
}


def operations():
    for path, methods in CONTRACT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


class Contract(unittest.TestCase):
    def test_every_status_of_every_route_is_answered_as_the_contract_says(self):
        for method, path, operation in operations():
            cases = CASES[method, path]
            if path == "/actions/reboot":
                cases = {**cases, "204": None}  # tests/vm
            if path in ("/v1/boot", "/v1/file-systems/{name}/reset"):
                cases = {**cases, "200": None}  # tests/vm
            self.assertEqual(set(operation["responses"]) - ELSEWHERE, set(cases) - ELSEWHERE, f"{method} {path}: statuses without a case")
            for status, case in cases.items():
                if case is None:
                    continue
                with self.subTest(f"{method} {path} {status}"), Server() as server:
                    if case.before:
                        case.before(server)
                    if operation["responses"][status].get("content", {}).keys() == {"text/event-stream"}:
                        connection = server.connection()
                        connection.request(method.upper(), path)
                        response = connection.getresponse()
                        self.assertEqual((response.status, response.headers["Content-Type"]), (200, "text/event-stream"))
                        self.assertEqual(response.readline(), b"event: health\n")
                        response.close()
                        connection.close()
                        continue
                    answer = server.ask(method.upper(), case.path or path, case.body, case.content_type, **case.query)
                    self.assertEqual(str(answer.status), status, answer.body)
                    self.check_body(answer, resolve(operation["responses"][status]))

    def check_body(self, answer, response):
        content = response.get("content")
        if not content:
            self.assertEqual(answer.body, b"")
            return
        media_type = answer.headers["Content-Type"].split(";")[0]
        self.assertIn(media_type, content)
        if "json" in media_type and media_type != "application/jsonl":
            jsonschema.validate(answer.json, content[media_type]["schema"])
        if answer.status >= 400:
            self.assertEqual(answer.json["status"], answer.status)
            self.assertEqual(answer.json["code"] == "locked", answer.status == 423)

    def test_the_contract_lists_every_code(self):
        with open(os.path.join(SOURCE, "lib/base/error.cpp"), encoding="utf-8") as file:
            codes = re.findall(r'case ErrorCode::\w+: return "(\w+)";', file.read())
        self.assertEqual(COMPONENTS["components"]["schemas"]["ErrorCode"]["enum"], codes)

    def test_the_server_has_the_version_of_the_build(self):
        said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
        with open(os.path.join(SOURCE, "CMakeLists.txt"), encoding="utf-8") as file:
            version = re.search(r"project\([^)]*VERSION\s+([\w.]+)", file.read()).group(1)
        self.assertEqual(said, f"apiserver {version}\n")

    def test_the_server_has_no_route_that_the_contract_has_not(self):
        routes = subprocess.run([PROGRAM, "--list-routes"], capture_output=True, text=True, check=True).stdout.splitlines()
        roles = {f"{method.upper()} {path} {operation['x-role']}" for method, path, operation in operations()}
        self.assertEqual(set(routes), roles)

    def test_other_methods_and_paths_are_told_what_there_is(self):
        with Server() as server:
            self.assertEqual(server.ask("PUT", "/settings").status, 405)
            self.assertIn("use GET, PATCH", server.ask("PUT", "/settings").json["message"])
            answer = server.ask("GET", "/v1/statu")
            self.assertEqual(answer.status, 404)
            self.assertIn("/v1/status", answer.json["message"])


if __name__ == "__main__":
    unittest.main()
