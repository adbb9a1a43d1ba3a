"""How a tier's answers are compared with the reference's: by a form that was set, by a grader of
the owner's own, by right answers in a file, by the reference's own repeatability.
Two models play: `cheap` is a tier, `big` the reference."""

import json
import tempfile
import unittest

from harness import upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, nanos, simple

NEW = 10  # requests of a new task for which all tiers are asked


class GraderCase(GatewayCase):
    promise = {"disagreement": "10%", "confidence": "90%"}
    agreement = {}
    mode = "shadow"

    @classmethod
    def config(cls):
        config = simple(cls.up, mode=cls.mode, tiers=["fake/cheap"])
        config["models"] = {
            "fake/cheap": {"price": {"input": "0.15", "output": "0.6"}},
            "fake/big": {"price": {"input": "2.5", "output": "10"}},
        }
        config["cascades"]["default"].update(
            {"match": {"model": ["big"]}, "promise": cls.promise, "agreement": cls.agreement}
        )
        return config

    def setUp(self):
        super().setUp()
        self.cheap = upstream.Model("cheap", price=(0.15, 0.15, 0.6))
        self.big = upstream.Model("big", price=(2.5, 2.5, 10))
        self.up.by_model = {"cheap": self.cheap, "big": self.big}

    def ask(self, text, task, headers=(), **members):
        messages = [{"role": "system", "content": task}, {"role": "user", "content": text}]
        body = dict({"model": "big", "messages": messages, "temperature": 0}, **members)
        reply = self.weir.chat(body, [("x-weir-debug", "1"), ("x-weir-task", task), *headers])
        self.assertEqual(reply.status, 200, reply)
        return reply

    def tasks(self):
        view = json.loads(self.weir.admin("/api/cascades").body)
        return [task for cascade in view["cascades"] for task in cascade["tasks"] if task["trials"] > 0]

    def compared(self, task, count=NEW):
        """Asks as often as a task is new; what /api/cascades says of how the answers were compared."""
        known = {each["task"] for each in self.tasks()}
        for number in range(count):
            self.ask("Question %d?" % number, task)

        def seen():
            for each in self.tasks():
                by = each.get("agreement", {}).get("by", {})
                if each["task"] not in known and sum(sum(c.values()) for c in by.values()) >= count:
                    return each["agreement"]
            return None

        return wait_for(seen, 10 * PATIENCE, "the task's answers to be compared")


class SetByHand(GraderCase):
    agreement = {"by": "set", "overlap": "60%", "tasks": {"price": {"by": "number", "tolerance": "1%"}}}

    def test_labels_in_any_order_agree(self):
        self.cheap.text, self.big.text = "red, green, blue", "Blue\n- green\n- red"
        agreement = self.compared("tags")
        self.assertEqual((agreement["set"], agreement["commonest"]), ("set", "set"))
        self.assertEqual(agreement["by"]["set"], {"agree": NEW, "differ": 0, "undecided": 0})

    def test_a_task_by_its_name_has_a_form_of_its_own(self):
        self.cheap.text, self.big.text = "It costs 100.5 dollars, I think", "100 dollars"
        agreement = self.compared("price")
        self.assertEqual((agreement["set"], agreement["commonest"]), ("number", "number"))
        self.assertEqual(agreement["by"]["number"], {"agree": NEW, "differ": 0, "undecided": 0})


class Automatic(GraderCase):
    def test_the_form_is_found(self):
        self.cheap.text, self.big.text = "B", "The answer is B."
        agreement = self.compared("choices")
        self.assertEqual((agreement["set"], agreement["commonest"]), ("auto", "choice"))
        self.assertEqual(agreement["by"]["choice"]["agree"], NEW)


class Webhook(GraderCase):
    promise = {"harm": "10%", "confidence": "90%"}
    env = {"GRADER_KEY": "grader-secret"}

    @classmethod
    def config(cls):
        cls.grader = upstream.Upstream(upstream.body({"verdict": "same"})).start()
        cls.addClassCleanup(cls.grader.stop)
        cls.agreement = {"webhook": cls.grader.base_url.replace("/v1", "/grade"), "webhook_key": "${GRADER_KEY}"}
        return super().config()

    def setUp(self):
        super().setUp()
        self.grader.forget()

    def test_its_word_counts_and_costs_nothing(self):
        self.cheap.text, self.big.text = "It is yellow, mostly.", "The colour is that of a lemon."
        agreement = self.compared("yellow")
        self.assertEqual(agreement["by"]["judge"], {"agree": NEW, "differ": 0, "undecided": 0})
        asked = self.grader.requests[0]
        self.assertEqual(asked.header("authorization"), "Bearer grader-secret")
        self.assertEqual(asked.target, "/grade")
        said = asked.json()
        self.assertEqual(
            (said["reference"], said["answer"], said["system"]), (self.big.text, self.cheap.text, "yellow")
        )
        self.assertRegex(said["question"], r"^Question \d\?$")
        self.assertNotIn("grader-secret", self.weir.log)

    def test_what_it_finds_worse_is(self):
        self.grader.answer = upstream.body({"verdict": "worse"})
        self.cheap.text, self.big.text = "It is green, mostly.", "The colour is that of grass."
        agreement = self.compared("green")
        self.assertEqual(agreement["by"]["judge"], {"agree": 0, "differ": NEW, "undecided": 0})


class WebhookFails(Webhook):
    test_its_word_counts_and_costs_nothing = test_what_it_finds_worse_is = None

    def test_errors_are_no_word(self):
        self.grader.answer = upstream.error(500, "no")
        self.cheap.text, self.big.text = "It is blue, mostly.", "The colour is that of the sky."
        agreement = self.compared("blue")
        self.assertNotIn("judge", agreement["by"])
        self.assertEqual(agreement["by"]["free text"]["undecided"], NEW)


class GoldFile(GraderCase):
    promise = {"harm": "10%", "confidence": "90%"}

    @classmethod
    def config(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        path = folder.name + "/gold.jsonl"
        with open(path, "w") as file:
            for number in range(NEW):
                print(json.dumps({"prompt": "Question %d?" % number, "answer": "yellow"}), file=file)
        cls.agreement = {"gold": path}
        return super().config()

    def test_the_reference_right_and_the_tier_wrong_is_worse(self):
        self.cheap.text, self.big.text = "It is green.", "It is yellow, as everybody knows."
        agreement = self.compared("wrong")
        self.assertEqual(agreement["by"]["gold"], {"agree": 0, "differ": NEW, "undecided": 0})
        self.cheap.text, self.big.text = "It is green.", "It is blue, as everybody knows."
        agreement = self.compared("both wrong")
        self.assertEqual(agreement["by"]["gold"], {"agree": NEW, "differ": 0, "undecided": 0})


class Repeats(GraderCase):
    agreement = {"repeat": 2}

    def test_the_reference_is_asked_twice_for_a_few_and_the_books_know(self):
        answers = iter(["B"] * 4000)
        self.cheap.text, self.big.text = "B", lambda request: next(answers)
        self.compared("yardstick")
        for number in range(1000):
            self.ask("Another %d?" % number, "yardstick")
            if number % 50 == 49 and self.big.calls == NEW + number + 1 + 2:
                break
        for number in range(200):  # no more
            self.ask("And another %d?" % number, "yardstick")

        def seen():
            view = json.loads(self.weir.admin("/api/cascades").body)["cascades"][0]
            return view if view.get("reference_repeats", {}).get("asked") == 2 else None

        view = wait_for(seen, 10 * PATIENCE, "both repeats")
        repeats = view["reference_repeats"]
        self.assertEqual((repeats["worse"], repeats["share_low"]), (0, 0))
        self.assertTrue(0.5 < repeats["share_high"] < 0.8, repeats)
        self.assertEqual(view["tasks"][0]["agreement"]["reference_repeats"], repeats)
        wait_for(
            lambda: nanos(self.weir.report()["total"]["cost_usd"]) == self.cheap.nanos + self.big.nanos,
            10 * PATIENCE,
            "the report to be the provider's count",
        )


if __name__ == "__main__":
    unittest.main()
