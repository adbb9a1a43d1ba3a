"""Operating cascades: what proof may cost, canaries, modes of single tasks, the log of decisions."""

import signal
import unittest
import urllib.parse

from harness import wait_for
from harness.gateway import PATIENCE, nanos
from harness.learned import ENOUGH, SURE, LearnedCase, wrong


class OperatedCase(LearnedCase):
    operated = {}

    @classmethod
    def config(cls):
        config = super().config()
        config["cascades"]["default"].update(cls.operated)
        return config

    def courses(self):
        return self.weir.admin("/api/cascades").json()["cascades"]

    def course(self):
        return self.courses()[0]

    def wait_decision(self, kind):
        wait_for(lambda: kind in [d["decision"] for d in self.decisions()], 5 * PATIENCE, kind + " to be told")

    def decisions(self, **query):
        return self.weir.admin("/api/cascades/log?" + urllib.parse.urlencode(query)).json()["decisions"]


class Capped(OperatedCase):
    """The cheap model's trial costs about 8,000 nano-dollars, so that some fifty fit under the cap."""

    mode = "shadow"
    CAP = 400_000
    operated = {"audits": {"cap_usd_per_day": "0.0004"}}

    def proved(self):
        """By the ledger: trials, and a few questions that the reference is asked twice."""
        spent = self.weir.report(by="task")["spent_on"]
        return sum(nanos(spent[part]) for part in ("audits_usd", "trials_usd", "judges_usd"))

    def test_proof_ends_at_the_cap_and_outlives_a_restart(self):
        for _ in range(300):
            number = next(self.numbers)
            self.assert_reference(self.ask(number), number)
        self.reported()
        proof = self.course()["proof"]
        spent = self.proved()
        self.assertEqual(nanos(proof["spent_usd_last_day"]), spent)
        self.assertEqual(nanos(proof["cap_usd"]), self.CAP)
        self.assertLessEqual(spent, self.CAP)
        self.assertGreater(spent, 0.5 * self.CAP)
        self.assertLess(proof["share"], 1)
        self.assertEqual(nanos(self.metric("cascade_proof_usd_last_day", cascade="default")), spent)
        self.assertEqual(nanos(self.metric("cascade_proof_cap_usd", cascade="default")), self.CAP)
        before = self.calls("cheap")
        self.weir.stop()
        self.weir.start()
        for _ in range(60):
            self.ask()
        wait_for(
            lambda: nanos(self.course()["proof"]["spent_usd_last_day"]) == self.proved(),
            5 * PATIENCE,
            "what was spent before the restart to count",
        )
        self.assertLessEqual(self.proved(), self.CAP)
        self.assertLess(self.calls("cheap") - before, 30)


class Blind(OperatedCase):
    def reload(self, **cascade):
        config = self.config()
        config["cascades"]["default"].update(cascade)
        self.weir.write(config)
        after = len(self.weir.lines)
        self.weir.signal(signal.SIGHUP)
        self.weir.wait_line("reloaded", after=after)

    def test_what_can_not_be_audited_any_more_is_not_served(self):
        self.teach()
        self.settle()
        self.reload(audits={"cap_usd_per_day": 0, "blind_after": "0s"})
        before = self.calls("cheap")
        for _ in range(30):
            number = self.next_number(hard=False)
            reply = self.ask(number)
            self.assert_reference(reply, number)
            self.assertIn("the cap on audits is spent", reply.header("x-weir-why"))
        self.settle()
        self.assertEqual(self.calls("cheap"), before, "nothing is tried either")
        self.assertTrue(self.course()["proof"]["blind"])
        self.assertEqual(self.metric("cascade_blind", cascade="default"), 1)
        self.wait_decision("blind")
        # For an hour it may go on with what was proved.
        self.reload(audits={"cap_usd_per_day": 1})
        self.asked_of_cheap()
        self.wait_decision("seeing")
        self.reload(audits={"cap_usd_per_day": 0})
        self.settle()
        before = self.calls("big")
        replies = [self.ask(self.next_number(hard=False)) for _ in range(40)]
        self.settle()
        self.assertEqual({r.header("x-weir-tier") for r in replies}, {"model"}, "no hold-out")
        self.assertEqual(self.calls("big"), before, "no audits")


class Canary(OperatedCase):
    operated = {"canary": "10%"}

    def test_a_tenth_then_three_tenths_then_all(self):
        self.teach()
        for _ in range(4 * ENOUGH):
            self.ask()
            if self.course()["tasks"][0]["share"] == 1:
                break
        log = self.decisions(course="default")
        steps = [round(d["share"], 2) for d in log if d["decision"] in ("promoted", "raised")]
        self.assertEqual(steps, [1.0, 0.3, 0.1], "newest first")
        replies = [self.ask(self.next_number(hard=False)) for _ in range(40)]
        self.assertGreater(sum(r.header("x-weir-tier") == "model" for r in replies), 30)
        # What was confirmed holds after a restart.
        self.settle()
        self.weir.stop()
        self.weir.start()
        self.ask()
        wait_for(
            lambda: [t["share"] for c in self.courses() for t in c["tasks"]] == [1], 5 * PATIENCE, "the share of before"
        )

    def test_what_is_not_in_the_share_is_told(self):
        for _ in range(3 * ENOUGH):
            why = self.ask(task="told").header("x-weir-why")
            if "not in the canary's share" in why:
                return
        self.fail("nobody was left out of the canary")


class TaskModes(OperatedCase):
    operated = {"tasks": {"careful": {"mode": "observe"}, "looked at": {"mode": "off"}}}

    def test_a_task_lowers_the_mode_by_name_and_by_number(self):
        before = self.calls("cheap")
        for name, mode in (("careful", "observe"), ("looked at", "off")):
            row = self.weir.row(self.ask(headers=[("x-weir-task", name)]))
            self.assertEqual(row["mode"], mode)
        row = self.weir.row(self.ask(headers=[("x-weir-task", "careful"), ("x-weir-mode", "off")]))
        self.assertEqual(row["mode"], "off", "a caller lowers it further")
        self.assertEqual(self.calls("cheap"), before)
        row = self.weir.row(self.ask(task="by number"))
        self.assertEqual(row["mode"], "serve")
        self.wait_calls(cheap=before + 1)
        config = self.config()
        config["cascades"]["default"]["tasks"] = {row["task"]: {"mode": "observe"}}
        self.weir.write(config)
        self.weir.signal(signal.SIGHUP)
        wait_for(
            lambda: self.weir.row(self.ask(task="by number"))["mode"] == "observe", 5 * PATIENCE, "the task's own mode"
        )


class DecisionLog(OperatedCase):
    def test_what_was_decided_is_told_with_its_numbers_and_survives_a_restart(self):
        self.assertEqual(self.decisions(), [])
        self.teach()
        self.settle()
        for kind in ("certified", "promoted"):
            self.wait_decision(kind)
        log = self.decisions(course="default")
        promoted = next(d for d in log if d["decision"] == "promoted")
        self.assertEqual((promoted["state"], promoted["ladder"]), ("serving", "fake/cheap"))
        self.assertEqual(promoted["course"], "default disagreement fake/cheap > fake/big")
        self.assertGreaterEqual(promoted["trials"], 150)
        self.assertAlmostEqual(promoted["promise"], 0.1)
        self.assertLessEqual(promoted["worse_at_most"], promoted["allowed_now"])
        self.assertEqual(self.decisions(course=promoted["course"], task=promoted["task"], most=1)[0]["task"], promoted["task"])
        self.assertEqual(self.decisions(course="another"), [])
        self.assertEqual(self.metric("cascade_decisions_total", decision="certified"), 1)
        self.assertEqual(self.metric("cascade_tasks", gate="serving"), 1)
        self.weir.wait_line(r"cascade default .*, task %s: promoted, serving by fake/cheap" % promoted["task"])

        # Worse all at once: it is taken out, and that is told too.
        self.players["cheap"].rule = lambda number: (wrong(number), SURE)
        for _ in range(ENOUGH):
            self.ask()
            kinds = [d["decision"] for d in self.decisions(course="default")]
            if "demoted" in kinds:
                break
        self.assertIn("demoted", kinds)
        self.settle()
        before = self.decisions(most=1000)
        self.weir.stop()
        self.weir.start()
        self.assertEqual(self.decisions(most=1000), before)
        reply = self.weir.admin("/api/cascades/log?task=x")
        self.assertEqual(reply.status, 400)


if __name__ == "__main__":
    unittest.main()
