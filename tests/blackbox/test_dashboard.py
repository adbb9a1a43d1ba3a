"""What the dashboard's pages are filled with: tasks and their modes, what the caches hold, and who may look into them."""

import json
import unittest

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import SMALL_TIER, Deadline, nanos, simple

OPERATE, VIEW = "operate-0123456789", "view-0123456789abc"
OTHER_PROMPT = [{"role": "system", "content": "Label the ticket."}, {"role": "user", "content": "The printer is on fire."}]


class Pages(GatewayCase):
    @classmethod
    def config(cls):
        access = {
            "tokens": [
                {"token": "${TEST_VIEW}", "who": "board", "role": "view"},
                {"token": "${TEST_OPERATE}", "who": "ops", "role": "operate"},
            ]
        }
        return simple(cls.up, mode="serve", tiers=["exact", SMALL_TIER], admin_access=access)

    env = {"TEST_VIEW": VIEW, "TEST_OPERATE": OPERATE}

    def setUp(self):
        super().setUp()
        self.up.by_model = {
            "small": upstream.Model("Small.", logprob=-0.5, tokens=(333, 11, 7), price=(0.15, 0.075, 0.6)),
            "gpt-4o": upstream.Model("Large.", tokens=(777, 123, 9), price=(2.5, 1.25, 10)),
        }

    def get(self, path, status=200, token=OPERATE):
        reply = self.weir.admin(path, headers=[("authorization", "Bearer " + token)])
        self.assertEqual(reply.status, status, reply.body)
        return reply.json()

    def post(self, path, document, status=200, token=OPERATE):
        headers = [("authorization", "Bearer " + token), ("content-type", "application/json")]
        reply = self.weir.admin(path, "POST", json.dumps(document).encode(), headers)
        self.assertEqual(reply.status, status, reply.body)
        return reply.json()

    def settled(self, **more):
        reply = self.weir.chat(**more)
        self.assertEqual(reply.status, 200, reply)
        for _ in Deadline(5, "the row", every=0.02):
            row = self.weir.admin(
                "/api/requests/" + reply.header("x-weir-request-id"), headers=[("authorization", "Bearer " + VIEW)]
            )
            if row.status == 200:
                return row.json()

    def moment(self):
        """A range that no other question was about: sums are kept for some seconds."""
        Pages.asked = getattr(Pages, "asked", 0) + 1
        return "since=%dh" % (24 + Pages.asked)

    def test_1_tasks_are_the_ledgers(self):
        rows = [self.settled(), self.settled(), self.settled(messages=OTHER_PROMPT)]
        total = self.weir.report()["total"]
        told = self.get("/api/tasks?" + self.moment(), token=VIEW)
        self.assertTrue(told["complete"])
        self.assertEqual(told["total"], len({row["task"] for row in rows}))
        self.assertEqual(sum(task["requests"] for task in told["tasks"]), total["requests"])
        for name in ("cost_usd", "counterfactual_usd", "saved_usd"):
            self.assertEqual(sum(nanos(task[name]) for task in told["tasks"]), nanos(total[name]), name)
        first = next(task for task in told["tasks"] if task["task"] == rows[0]["task"])
        self.assertEqual(
            (first["cascade"], first["reference"], first["mode"], first["mode_of_task"], first["state"]),
            ("default", "fake/gpt-4o", "serve", None, "none"),
        )
        self.assertGreaterEqual(first["by_tier"]["exact"], 1)
        self.assertEqual(self.get("/api/tasks?sort=requests&" + self.moment())["tasks"][0]["task"], rows[0]["task"])
        found = self.get("/api/tasks?search=%s&%s" % (rows[2]["task"][2:9].upper(), self.moment()))
        self.assertEqual([task["task"] for task in found["tasks"]], [rows[2]["task"]])
        alone = self.get("/api/tasks?task=%s&%s" % (rows[2]["task"], self.moment()))
        self.assertEqual((alone["total"], alone["tasks"][0]["tiers"]), (1, []))
        self.assertIn("sort", self.get("/api/tasks?sort=moon", 400)["error"]["message"])

    def test_2_a_tasks_mode_stands_in_the_configuration(self):
        row = self.settled(messages=OTHER_PROMPT, user="mode")
        self.assertEqual(row["mode"], "serve")
        path = "/api/tasks/%s/mode" % row["task"]
        self.post(path, {"cascade": "default", "mode": "observe"}, 403, VIEW)
        with open(self.weir.config_file) as f:
            before = f.read()
        done = self.post(path, {"cascade": "default", "mode": "observe"})
        self.assertEqual(done, {"task": row["task"], "cascade": "default", "mode": "observe"})
        self.assertEqual(self.settled(messages=OTHER_PROMPT, user="mode")["mode"], "observe")
        self.assertEqual(self.settled(user="mode")["mode"], "serve")  # another task's
        told = self.get("/api/tasks?task=%s&%s" % (row["task"], self.moment()))["tasks"][0]
        self.assertEqual((told["mode"], told["mode_of_cascade"], told["mode_of_task"]), ("observe", "serve", "observe"))
        change = self.get("/api/audit")["changes"][0]
        self.assertEqual((change["path"], change["who"], change["status"]), (path, "ops", 200))
        self.assertEqual((change["before"]["mode"], change["after"]["mode"]), (None, "observe"))
        with open(self.weir.config_file) as f:
            self.assertIn('"%s": { mode: observe }' % row["task"], f.read())
        self.weir.stop()
        self.weir.start()  # and it is still so
        self.assertEqual(self.settled(messages=OTHER_PROMPT, user="mode")["mode"], "observe")
        self.post(path, {"cascade": "default", "mode": None})
        self.assertEqual(self.settled(messages=OTHER_PROMPT, user="mode")["mode"], "serve")
        with open(self.weir.config_file) as f:
            self.assertEqual(f.read(), before)
        self.assertIn("no cascade", self.post(path, {"cascade": "nobody", "mode": "off"}, 404)["error"]["message"])
        self.post("/api/tasks/1/mode", {"cascade": "default", "mode": "off"}, 400)
        with open(self.weir.config_file, "a") as f:
            f.write("# edited, and not applied\n")
        refused = self.post(path, {"cascade": "default", "mode": "off"}, 400)
        self.assertIn("not in force", refused["error"]["message"])
        with open(self.weir.config_file, "w") as f:
            f.write(before)

    def test_3_what_the_caches_hold(self):
        question = "What does a capital letter look like in Fraktur?"
        row = self.settled(messages=[{"role": "user", "content": question}])
        self.settled(messages=[{"role": "user", "content": question}])
        counts = self.get("/api/cache", token=VIEW)
        self.assertGreaterEqual(counts["exact"]["entries"], 1)
        self.assertGreaterEqual(counts["exact"]["served"], 1)
        self.assertIsNone(counts["semantic"])
        self.get("/api/cache/entries?search=fraktur", 403, VIEW)
        (entry,) = self.get("/api/cache/entries?search=FRAKTUR%20letter")["entries"]
        self.assertEqual((entry["question"], entry["task"], entry["model"]), (question, row["task"], "fake/gpt-4o"))
        self.assertEqual((entry["state"], entry["hits"], entry["semantic"]), ("fresh", 1, False))
        self.assertIn("cascade default", entry["why"])
        self.assertEqual(self.get("/api/cache/entries?search=fraktur%20zebra")["entries"], [])
        self.assertEqual(self.get("/api/cache/entries?search=fraktur&tenant=nobody")["entries"], [])
        self.post("/api/cache/purge", {"key": entry["key"]})
        (entry,) = self.get("/api/cache/entries?search=fraktur")["entries"]
        self.assertEqual(entry["state"], "purged")
        self.assertEqual(self.get("/api/cache/entries?most=0", 400)["error"]["message"][:4], "most")

    def test_4_no_student_no_curve(self):
        self.assertIn("no student", self.get("/api/students/none/curve", 404, VIEW)["error"]["message"])


if __name__ == "__main__":
    unittest.main()
