"""The configuration at the admin address: read, checked, applied without a restart, and replayed on the own log."""

import json

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import SMALL_TIER, Deadline, simple


class Config(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact", SMALL_TIER])

    def post(self, path, document):
        return self.weir.admin(path, "POST", json.dumps(document).encode())

    def text(self):
        reply = self.weir.admin("/api/config")
        self.assertEqual(reply.status, 200)
        return reply.json()

    def test_1_read_and_checked(self):
        now = self.text()
        with open(self.weir.config_file) as f:
            self.assertEqual(now["text"], f.read())
        right = self.post("/api/config/check", {"text": now["text"]}).json()
        self.assertEqual((right["ok"], right["errors"]), (True, []))
        lines = now["text"].count("\n")
        wrong = self.post("/api/config/check", {"text": now["text"] + "bogus: 1\n"})
        self.assertEqual(wrong.status, 200)
        self.assertEqual([p["line"] for p in wrong.json()["errors"]], [lines + 1])
        for body in ({}, {"text": 1}, {"text": "", "more": 1}):
            self.assertEqual(self.post("/api/config/check", body).status, 400)

    def test_2_applied_without_a_restart(self):
        now = self.text()
        self.assertNotIn("aliased", self.weir.ask("GET", "/v1/models").body.decode())
        changed = now["text"].replace("fake/small:", "fake/aliased: {}\n  fake/small:", 1)
        if "aliased" not in changed:
            changed = now["text"].replace('"fake/small":', '"fake/aliased": {}\n  "fake/small":', 1)
        self.assertIn("aliased", changed)
        self.assertEqual(self.post("/api/config/apply", {"text": changed}).status, 400)  # no digest
        stale = self.post("/api/config/apply", {"text": changed, "digest": "0" * 64})
        self.assertEqual(stale.status, 400)
        broken = self.post("/api/config/apply", {"text": changed + "bogus: 1\n", "digest": now["digest"]})
        self.assertEqual((broken.status, broken.json()["ok"]), (400, False))
        self.assertEqual(self.text(), now)
        done = self.post("/api/config/apply", {"text": changed, "digest": now["digest"]})
        self.assertEqual((done.status, done.json()["ok"]), (200, True), done)
        self.assertIn("aliased", self.weir.ask("GET", "/v1/models").body.decode())
        self.assertEqual(self.text()["text"], changed)
        change = self.weir.admin("/api/audit").json()["changes"][0]
        self.assertEqual((change["path"], change["status"]), ("/api/config/apply", 200))
        self.assertEqual(change["before"]["sha256"], now["digest"])

    def test_3_what_if(self):
        self.up.answer = upstream.Model(tokens=(100, 0, 10), price=(2.5, 1.25, 10))
        for i in range(5):
            self.weir.chat(messages=[{"role": "user", "content": "Question %d?" % i}])
        self.weir.report_total(5)
        begun = self.post("/api/what-if", {"price": {"model": "fake/gpt-4o", "input": 5, "output": 20}})
        self.assertEqual(begun.status, 200, begun)
        path = "/api/what-if/%d" % begun.json()["job"]
        for _ in Deadline(20, "an answer to what-if", every=0.02):
            told = self.weir.admin(path).json()
            if told["state"] != "running":
                break
        self.assertEqual(told["state"], "done", told)
        (line,) = told["result"]["lines"]
        self.assertEqual((line["reference"], line["requests"]), ("fake/gpt-4o", 5))
        self.assertGreater(line["baseline_usd"], 1.9 * line["was"]["usd"])  # all of them at twice the price
        self.assertEqual(self.weir.admin("/api/what-if/99").status, 404)
        self.assertEqual(self.weir.admin("/api/what-if/x").status, 404)
        self.assertEqual(self.post("/api/what-if", {"price": {"model": "a"}}).status, 400)
