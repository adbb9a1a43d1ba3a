"""The reference's own repeats as the yardstick of a promise: told, and with `yardstick: repeats` what gates are held to."""

import itertools
import json
import random
import unittest

from blackbox.test_students import LABELS, StudentCase, Teacher
from harness import wait_for
from harness.gateway import PATIENCE

MOST = 30_000  # requests until 30 of the hold-out (0.7 %) have been asked twice: some 4,300


class Wavering(Teacher):
    """Half of its answers have nothing to do with the ticket."""

    random = random.Random(7)

    def says(self, number):
        return self.random.choice(LABELS) if self.random.random() < 0.5 else super().says(number)


class Yardstick(StudentCase):
    teacher_of = Wavering
    mode = "shadow"

    @classmethod
    def config(cls):
        config = super().config()
        config["cascades"]["default"]["promise"]["yardstick"] = "repeats"
        return config

    def course(self):
        return json.loads(self.weir.admin("/api/cascades").body)["cascades"][0]

    def test_gates_are_held_to_what_the_reference_keeps_with_itself(self):
        asked = itertools.count(1)

        def is_held():
            for _ in range(100):
                self.assertEqual(self.ask().status, 200)
            # Repeats are counted by a thread that may lag behind on a busy machine.
            return self.course()["held_to"] > 0.05 or self.assertLess(next(asked), MOST // 100, self.students())

        wait_for(is_held, 60 * PATIENCE, "gates to be held to the repeats")
        course = self.course()
        self.assertEqual(course["promise"], 0.05)
        self.assertGreater(course["held_to"], 0.1, self.students())  # more than half of 30 differ
        one = self.students()[0]
        repeats = one["reference_repeats"]
        self.assertGreaterEqual(repeats["drawn"], 30)
        self.assertLessEqual(one["gate"]["held_to"], repeats["drawn_differ"] / repeats["drawn"])
        self.assertEqual(one["gate"]["held_to"], course["held_to"])
        self.assertIn("the reference agrees with itself on", repeats["says"])
        self.assertIn("gates are held to", one["why"])


if __name__ == "__main__":
    unittest.main()
