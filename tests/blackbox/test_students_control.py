"""The life cycle of students seen and steered: states with their reasons, demote, promote and rollback by hand through the
admin address and `weir students`, over a restart."""

import json
import os
import subprocess
import unittest

from blackbox.test_students import StudentCase
from harness import wait_for
from harness.gateway import PATIENCE


class Control(StudentCase):
    def one(self):
        students = self.students()
        self.assertEqual(len(students), 1, students)
        return students[0]

    def do(self, action, student=None):
        return self.weir.admin("/api/students/%s/%s" % (student or self.one()["student"], action), "POST", b"{}")

    def cli(self, *argv):
        """`weir students`, which reads the gateway's address in its configuration."""
        path = os.path.join(self.weir.folder, "cli.yaml")
        with open(path, "w") as f:
            f.write(self.weir.render(dict(self.config(), admin="127.0.0.1:%d" % self.weir.admin_port)))
        result = subprocess.run(
            [self.weir.binary, "students", "-c", path, *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.weir.env,
            cwd=self.weir.folder,
            timeout=60 * PATIENCE,
        )
        return result.returncode, result.stdout, result.stderr

    def restart(self):
        self.weir.stop()
        self.weir.start()
        self.teacher.nanos = 0  # as the gateway's counter
        self.wait_trained(1)

    def until_served(self, most=400):
        for _ in range(most):
            if self.served(self.ask()):
                return
        self.fail("no answer by the student; log:\n" + self.weir.log)

    def test_1_from_nothing_to_serving(self):
        self.assertEqual(self.students(), [])
        code, out, err = self.cli()
        self.assertEqual((code, err), (0, ""))
        self.assertIn("No students", out)
        for _ in range(12):
            self.ask()
        self.settle()
        # What the reference was asked twice about is kept twice.
        wait_for(lambda: self.students() and self.one()["examples_kept"] >= 12, 20 * PATIENCE, "twelve examples")
        one = self.one()
        self.assertEqual((one["state"], one["examples"]), ("observe", 0))
        self.assertRegex(one["why"], r"^1\d of 40 examples")
        self.teach()
        wait_for(lambda: self.one()["state"] == "serving", 20 * PATIENCE, "the state to follow")
        one = self.one()
        self.assertIn("its gate is open", one["why"])
        self.assertGreater(one["state_since_unix_us"], 0)
        self.assertGreater(one["features"], 0)
        self.assertGreater(one["trained_unix_us"], 0)
        self.assertTrue(one["gate"]["certified"])
        self.assertTrue(one["gate"]["in_plan"])
        self.assertEqual(one["gate"]["held_to"], 0.05)
        self.assertGreater(one["disagreement"]["answers"], 10)  # as of the last certificate
        self.assertLessEqual(one["disagreement"]["share_low"], one["disagreement"]["share"])
        self.assertLessEqual(one["disagreement"]["share"], one["disagreement"]["share_high"])
        repeats = one["reference_repeats"]
        self.assertTrue(repeats is None or repeats["differ"] == 0, repeats)
        curve = self.weir.admin("/api/students/%s/curve" % one["student"]).json()
        self.assertEqual((curve["course"], curve["promise"]), (one["gate"]["course"], 0.05))
        self.assertEqual(curve["versions"][-1]["examples"], one["examples"])
        trained = [version["trained_unix_us"] for version in curve["versions"]]
        self.assertEqual(trained, sorted(set(trained)))
        self.assertGreater(sum(version["compared"]["answers"] for version in curve["versions"]), 10)

    def test_2_metrics(self):
        text = self.weir.admin("/metrics").body.decode()
        for state in ("observe", "eligible", "shadow", "canary", "demoted"):
            self.assertIn('weir_students{state="%s"} 0\n' % state, text)
        self.assertIn('weir_students{state="serving"} 1\n', text)
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        self.assertGreaterEqual(int(values["weir_students_trained_total"]), 1)
        self.assertGreater(float(values["weir_students_training_cpu_seconds_total"]), 0)
        self.assertGreater(int(values["weir_student_offers_total"]), 0)
        self.assertGreater(int(values["weir_student_declined_total"]), 0)  # before there was one

    def test_3_demoted_it_answers_nothing_after_a_restart_neither(self):
        name = self.one()["student"]
        reply = self.do("demote", name.rsplit("-", 1)[1][:8])
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual(reply.json()["action"], "demote")
        self.assertEqual(self.ask_many(40)[0], 0)
        one = self.one()
        self.assertEqual((one["state"], one["demoted_by_hand"]), ("demoted", True))
        self.assertIn("taken from service by hand", one["why"])
        made_of = one["examples"]
        self.restart()
        one = self.one()
        self.assertEqual((one["student"], one["state"]), (name, "demoted"))
        self.assertEqual(self.ask_many(40)[0], 0)

        def trained_anew():
            self.assertEqual(self.ask_many(5)[0], 0)
            return self.one()["examples"] > made_of

        wait_for(trained_anew, 20 * PATIENCE, "another training, which does not bring it back")
        self.assertEqual(self.one()["state"], "demoted")
        self.assertEqual(self.ask_many(20)[0], 0)

    def test_4_promoted_it_answers_again(self):
        code, out, err = self.cli("promote", self.one()["student"])
        self.assertEqual((code, err), (0, ""))
        self.assertIn("the demotion is lifted", out)
        self.assertIn("the promise decides", out)
        self.until_served()
        self.assertFalse(self.one()["demoted_by_hand"])
        again = self.do("promote")
        self.assertEqual(again.status, 200)
        self.assertIn("was not demoted by hand", again.json()["said"])

    def test_5_rolled_back(self):
        newer = self.one()
        self.assertTrue(newer["can_roll_back"])
        code, out, err = self.cli("rollback", newer["student"], "--format", "json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(json.loads(out)["action"], "rollback")
        older = self.one()
        self.assertLess(older["examples"], newer["examples"])
        self.assertEqual((older["rolled_back"], older["can_roll_back"]), (True, False))
        self.assertIn("rolled back to an earlier one", older["why"])
        self.until_served()
        code, out, err = self.cli("rollback", newer["student"])
        self.assertEqual((code, out), (2, ""))
        self.assertIn("there is no earlier student", err)

    def test_6_the_list(self):
        one = self.one()
        code, out, err = self.cli("list", "--format", "json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(json.loads(out)["students"][0]["student"], one["student"])
        code, out, err = self.cli("--format", "table")
        self.assertEqual((code, err), (0, ""))
        short = one["student"].rsplit("-", 1)[1]
        self.assertRegex(out.splitlines()[0], r"^STUDENT +TASK +TENANT +STATE ")
        row = "^%s +%s +default +(shadow|serving|demoted) " % (short, one["task"])
        self.assertRegex(out.splitlines()[1], row)
        self.assertRegex(out, r"(?m)^%s  (shadow|serving|demoted): " % short)

    def test_7_errors(self):
        for action, student, status, word in (
            ("demote", "0" * 50, 404, "there is no student"),
            ("promote", "x" * 65, 404, "at most 64 bytes"),
            ("retire", None, 404, "/promote"),
        ):
            reply = self.do(action, student)
            self.assertEqual(reply.status, status, reply)
            self.assertIn(word, reply.error["message"])
        path = "/api/students/%s/demote" % self.one()["student"]
        self.assertEqual(self.weir.admin(path).status, 405)
        self.assertEqual(self.weir.admin("/api/students", "POST", b"{}").status, 405)
        reply = self.weir.ask("POST", path, b"{}")  # where callers ask there is nothing to change
        self.assertEqual(reply.status, 404)
        self.assertFalse(self.one()["demoted_by_hand"])
        self.assertEqual(self.cli("demote", "ffffffffffffffffffffffff")[0], 2)
        self.assertEqual(self.cli("demote")[0], 2)
        self.assertEqual(self.cli("retire", "ab")[0], 2)

    def test_8_where_no_gateway_runs(self):
        self.weir.stop()
        try:
            code, out, err = self.cli()
            self.assertEqual((code, out), (1, ""))
            self.assertIn("is it running?", err)
        finally:
            self.weir.start()


if __name__ == "__main__":
    unittest.main()
