"""What is seen of a prompt before anybody is asked: how hard it is; and inputs that are no longer like those that the
certificate rests on take the task out of service, until fresh trials have proved it anew."""

import json
import re
import unittest

from harness import wait_for
from harness.gateway import PATIENCE
from harness.learned import ENOUGH, LearnedCase, cheap_rule, is_hard

USUAL = "Review %d: the parcel came late and the box was dented"
OTHER = "Bewertung %d: leider kam die Ware viel zu spät, und niemand wusste warum"


class OtherInputs(LearnedCase):
    text = USUAL

    def ask(self, number=None, headers=(), earlier=(), **members):
        number = next(self.numbers) if number is None else number
        messages = [
            {"role": "system", "content": "Is the review positive or negative?"},
            *earlier,
            {"role": "user", "content": self.text % number},
        ]
        return super().ask(number, headers, messages=messages, **members)

    def view(self):
        return json.loads(self.weir.admin("/api/cascades").body)["cascades"][0]

    def gate(self):
        return self.view()["tasks"][0]["state"]

    def test_1_like_inputs_leave_it_in_service(self):
        asked = self.teach()
        for _ in range(max(0, 260 - asked)):
            self.assertEqual(self.ask().status, 200)
        wait_for(lambda: self.gate() == "serving", 5 * PATIENCE, "the task to be in service")
        self.assertEqual(self.view()["alarms"], {"cascade": 0, "task": 0, "inputs": 0})

    def test_2_later_turns_of_conversations_are_not_watched(self):
        type(self).text = OTHER
        turns = [{"role": "user", "content": "Hallo"}, {"role": "assistant", "content": "Hallo"}]
        for _ in range(40):
            self.assertEqual(self.ask(earlier=turns).status, 200)
        self.assertEqual(self.view()["alarms"]["inputs"], 0)

    def test_3_others_close_the_gate(self):
        for _ in range(60):
            self.assertEqual(self.ask().status, 200)
            if self.view()["alarms"]["inputs"] > 0:
                break
        wait_for(lambda: self.gate() != "serving", 5 * PATIENCE, "the task to be out of service")
        view = self.view()
        self.assertEqual(view["alarms"], {"cascade": 0, "task": 0, "inputs": 1})
        log = json.loads(self.weir.admin("/api/cascades/log").body)
        self.assertIn("novel", [decision["decision"] for decision in log["decisions"]])
        number = self.next_number(hard=False)
        self.assert_reference(self.ask(number), number)

    def test_4_fresh_trials_open_it_again(self):
        self.assertGreater(self.teach(), 50)
        self.assertEqual(self.view()["alarms"]["inputs"], 1)
        self.reported()


class Classes(LearnedCase):
    def ask(self, number=None, headers=(), **members):
        number = next(self.numbers) if number is None else number
        text = "Review %d: not exactly what one would call bad, however" if is_hard(number) else "Review %d: fine"
        messages = [
            {"role": "system", "content": "Is the review positive or negative?"},
            {"role": "user", "content": text % number},
        ]
        return super().ask(number, headers, messages=messages, **members)

    def class_of(self, reply):
        found = re.search(r"triage: (\w+) 0\.\d\d", reply.header("x-weir-why"))
        return found and found[1]

    def test_prompts_are_sorted_by_what_the_tiers_did(self):
        replies = [self.ask()]
        self.assertIsNone(self.class_of(replies[0]))
        while self.class_of(replies[-1]) is None and len(replies) < ENOUGH:
            replies.append(self.ask())
        self.assertGreater(len(replies), 100)
        for hard, expected in ((False, "simple"), (True, "complex")):
            replies.append(self.ask(self.next_number(hard)))
            self.assertEqual(self.class_of(replies[-1]), expected)
        counts = {kind: self.metric("triage_total", **{"class": kind}) for kind in ("unknown", "simple", "complex")}
        self.assertGreaterEqual(counts["unknown"], 100)
        self.assertGreaterEqual(min(counts.values()), 1)
        self.assertEqual(sum(counts.values()) + self.metric("triage_total", **{"class": "moderate"}), len(replies))


class Bypass(Classes):
    """A tier that costs a third of the reference is not asked where its answer would hardly ever be served."""

    tiers = ["fake/mid"]

    def setUp(self):
        super().setUp()
        self.players["mid"].rule = cheap_rule

    def test_prompts_are_sorted_by_what_the_tiers_did(self):
        replies = []
        while not replies or "skipped by triage" not in replies[-1].header("x-weir-why"):
            self.assertLess(len(replies), 3 * ENOUGH, "nothing was ever skipped")
            replies.append(self.ask())
        self.assertEqual(replies[-1].header("x-weir-tier"), "reference")
        row = self.weir.row(replies[-1])
        self.assertEqual(row["class"], "complex")
        self.assertEqual([attempt["tier"] for attempt in row["attempts"]], ["reference"])
        served = [self.ask(self.next_number(hard=False)) for _ in range(20)]
        self.assertGreaterEqual([reply.header("x-weir-tier") for reply in served].count("model"), 18)
        self.assertEqual(self.weir.row(served[-1])["class"], "simple")
        self.reported()


if __name__ == "__main__":
    unittest.main()
