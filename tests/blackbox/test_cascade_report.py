"""`weir report` about cheaper models: its money is the providers', its quality what the players did."""

import itertools
import unittest
from decimal import Decimal

from harness.gateway import nanos
from harness.learned import LearnedCase, right

PARTS = ("answers_usd", "passed_over_usd", "audits_usd", "trials_usd", "judges_usd", "refreshes_usd")


def total_of(spent):
    return sum(nanos(spent[part]) for part in PARTS)


class CascadeReport(LearnedCase):
    tiers = ["fake/hopeless", "fake/cheap", "fake/mid"]

    def test_a_report_adds_up_and_says_what_was_risked(self):
        self.assertEqual(self.weir.report(by="task")["cascades"], [])
        self.teach()
        replies = {number: self.ask(number) for number in itertools.islice(self.numbers, 300)}
        self.ask(task="another task")
        total = self.reported()
        report = self.weir.report(by="task")
        spent = report["spent_on"]
        # Money: to the nano-dollar, wherever it is added up.
        self.assertEqual(total_of(spent), nanos(spent["total_usd"]))
        self.assertEqual(nanos(spent["total_usd"]), nanos(total["cost_usd"]))
        self.assertEqual(nanos(spent["total_usd"]), self.owed())
        (course,) = report["cascades"]
        self.assertEqual(course["course"], "default disagreement fake/hopeless fake/cheap fake/mid > fake/big")
        whole = course["total"]
        self.assertEqual(total_of(whole["spent_on"]), self.owed())
        self.assertEqual(sum(nanos(t["net_saved_usd"]) for t in course["tasks"]), nanos(total["saved_usd"]))
        self.assertEqual(nanos(whole["net_saved_usd"]), nanos(whole["counterfactual_usd"]) - self.owed())
        self.assertEqual(
            nanos(spent["trials_usd"]) + nanos(spent["audits_usd"]) + nanos(spent["answers_usd"])
            + nanos(spent["passed_over_usd"]), self.owed(), "there is no judge"
        )
        self.assertGreater(nanos(spent["audits_usd"]), 0)
        # Who answered.
        self.assertEqual(whole["requests"], total["requests"])
        self.assertEqual(sum(whole["by_tier"].values()), whole["requests"])
        served = sum(r.header("x-weir-tier") == "model" for r in replies.values())
        self.assertGreaterEqual(sum(n for tier, n in whole["by_tier"].items() if tier != "reference"), served)
        self.assertEqual(whole["trials"], whole["requests"])
        # Quality: what is served is right but for what the promise allows, what each tier alone would have done is known
        # from its rule.
        self.assertEqual(whole["certificate"]["decision"], "certified" if whole["trials"] < 160 else "renewed")
        self.assertLessEqual(whole["certificate"]["worse_at_most"], whole["certificate"]["allowed_now"])
        wrong = any(
            self.players[reply.header("x-weir-model")[len("fake/") :]].rule(number)[0] != right(number)
            for number, reply in replies.items()
            if reply.header("x-weir-tier") == "model"
        )
        if not wrong:
            self.assertEqual(whole["served_worse"]["value"], 0)
        self.assertLessEqual(whole["served_worse"]["low"], Decimal("0.1"))
        self.assertGreater(whole["served_worse"]["high"], 0)
        self.assertGreater(whole["served_worse"]["seen"], 0)
        always = {model["model"]: model for model in whole["always"]}
        self.assertEqual(always["fake/hopeless"]["worse"]["value"], 1)
        for model, share in (("fake/cheap", 1 / 5), ("fake/mid", 1 / 25)):
            worse = always[model]["worse"]
            self.assertLessEqual(worse["low"], share)
            self.assertGreaterEqual(worse["high"], share)
        self.assertGreater(always["fake/cheap"]["saved"], always["fake/mid"]["saved"])
        self.assertGreater(whole["shuffle_worse"], whole["all_worse"], "the gates are worth something")
        states = {task["certificate"]["state"] for task in course["tasks"] if task["certificate"]}
        self.assertEqual(states, {"serving"})
        # For people.
        text = self.weir.report_text(by="task")
        for words in ("SPENT ON", "WORSE OF SERVED", "ALWAYS THE SAME MODEL", "PASSED OVER", "fake/cheap", "Proved at"):
            self.assertIn(words, text)
        self.assertNotIn("spent_on", self.weir.report(by="tier"))

    def test_the_hold_out_measures(self):
        self.teach(task="held")
        held_out = 0
        for _ in range(5000):
            held_out += "held out" in self.ask(task="held").header("x-weir-why")
            if held_out > 30:
                break
        self.reported()
        course = self.weir.report(by="task")["cascades"][0]
        hold_out = course["total"]["hold_out"]
        self.assertGreater(hold_out["requests"], 30)
        # Four answers in five for a seventeenth of the price, about.
        self.assertGreater(hold_out["saved"]["value"], 0.5)
        self.assertLess(hold_out["saved"]["value"], 0.95)
        self.assertLessEqual(hold_out["saved"]["low"], hold_out["saved"]["value"])
        self.assertLess(hold_out["net_saved"], hold_out["saved"]["value"])
        # The promise allows a tenth.
        self.assertLessEqual(hold_out["worse"]["low"], Decimal("0.1"))


if __name__ == "__main__":
    unittest.main()
