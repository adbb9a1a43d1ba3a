"""Students: a task's answers are learned inside the gateway, tried in shadow, served under the promise, and taken back
when the reference says something else."""

import itertools
import json
import os
import unittest

from harness import upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, nanos, simple
from harness.tickets import LABELS, label_of, ticket

ENOUGH = 1_200
SOON, QUIET = 200, 40  # requests until a student is taken back; without one, to say that it is
PRICE = (2.5, 2.5, 10)


class Teacher(upstream.Model):
    names = {label: label for label in LABELS}

    def answer_for(self, request):
        number = int(request["messages"][-1]["content"].rsplit(" ", 1)[1])
        return self.says(number), None, (50, 0, 2)

    def says(self, number):
        return self.names[label_of(number)]


class StudentCase(GatewayCase):
    distil = True
    store = "content"
    mode = "serve"
    asked = 0
    system = "Which desk is the ticket for? " + ", ".join(LABELS)
    teacher_of = Teacher

    @classmethod
    def config(cls):
        config = simple(cls.up, mode=cls.mode, tiers=["student"])
        config["providers"]["fake"]["may_distil"] = cls.distil
        config["models"] = {"fake/big": {"price": {"input": PRICE[0], "output": PRICE[2]}}}
        config["cascades"]["default"].update(
            {"match": {"model": ["big"]}, "promise": {"disagreement": "5%", "confidence": "90%"}, "store": cls.store}
        )
        return config

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.teacher = cls.teacher_of(price=PRICE)
        cls.numbers = itertools.count(1)

    def setUp(self):
        super().setUp()
        self.up.by_model = {"big": self.teacher}

    def ask(self, number=None, headers=(), **members):
        number = next(self.numbers) if number is None else number
        messages = [
            {"role": "system", "content": self.system},
            {"role": "user", "content": self.ticket(number)},
        ]
        body = dict({"model": "big", "messages": messages, "temperature": 0}, **members)
        self.asked += 1
        if self.asked % 10 == 0:
            self.settle()
        return self.weir.chat(body, [("x-weir-debug", "1"), *headers])

    def ticket(self, number):
        return ticket(number)

    def settle(self):
        """Until nothing is under way any more: what is learned must not depend on how busy the machine is."""

        def settled():
            return nanos(self.weir.metric("cost_usd_total")) == self.teacher.nanos

        wait_for(settled, 10 * PATIENCE, "the gateway's costs to be the provider's")

    def students(self):
        return json.loads(self.weir.admin("/api/students").body)["students"]

    def restart(self):
        """Of the gateway, that has one student: it has the same one at once, as it lies. What it says of it."""
        (before,) = self.students()
        file = os.path.join(self.weir.data, "students", before["student"] + ".student")
        written = os.stat(file).st_mtime_ns
        self.weir.stop()
        self.weir.start()
        self.teacher.nanos = 0  # as the gateway's counter
        self.wait_trained(1)
        (after,) = self.students()
        for what in ("student", "kind", "examples"):
            self.assertEqual(after[what], before[what])
        self.assertEqual(os.stat(file).st_mtime_ns, written)
        return after

    def wait_trained(self, count):
        def trained():
            return sum(one["examples"] > 0 for one in self.students()) >= count

        wait_for(trained, 20 * PATIENCE, "%d students" % count)

    def teach(self, most=ENOUGH):
        for count in range(most):
            reply = self.ask()
            self.assertEqual(reply.status, 200, reply)
            if reply.header("x-weir-tier") == "student":
                return count
            if count == 60:
                self.wait_trained(1)
        self.fail("no student in service after %d requests; log:\n%s" % (most, self.weir.log))

    def text_of(self, reply):
        return reply.json()["choices"][0]["message"]["content"]

    def served(self, reply):
        return reply.header("x-weir-tier") == "student"

    def ask_many(self, count):
        """How many a student answered, and how many of these otherwise than the teacher."""
        served = wrong = 0
        for _ in range(count):
            number = next(self.numbers)
            reply = self.ask(number)
            self.assertEqual(reply.status, 200, reply)
            if self.served(reply):
                served += 1
                wrong += self.text_of(reply) != self.teacher.says(number)
        return served, wrong

    def until_taken_back(self, ask=None):
        """Nothing is served any more within SOON requests."""
        row = 0
        for count in range(SOON + QUIET):
            served = self.served(ask(next(self.numbers))) if ask else self.ask_many(1)[0]
            row = 0 if served else row + 1
            if row == QUIET:
                return count + 1 - QUIET
        self.fail("it still serves; log:\n" + self.weir.log)


class Students(StudentCase):
    def test_1_it_learns_and_serves(self):
        self.assertGreater(self.teach(), 60)
        served = right = 0
        for _ in range(200):
            number = next(self.numbers)
            reply = self.ask(number)
            if reply.header("x-weir-tier") == "student":
                served += 1
                right += self.text_of(reply) == label_of(number)
                self.assertEqual(reply.header("x-weir-model"), "weir/student")
                self.assertEqual(reply.header("x-weir-cost-usd"), "0")
                self.assertGreater(float(reply.header("x-weir-saved-usd")), 0)
                self.assertIn("sure by", reply.header("x-weir-why"))
        self.assertGreater(served, 120)
        self.assertGreaterEqual(right, 0.95 * served)

    def test_2_streamed_and_in_other_grammars(self):
        for _ in range(30):
            reply = self.ask(stream=True)
            if reply.header("x-weir-tier") == "student":
                break
        self.assertEqual(reply.header("x-weir-tier"), "student")
        self.assertIn(b"data: [DONE]", reply.body)


class NotAllowed(StudentCase):
    distil = False

    def test_nothing_is_learned(self):
        for _ in range(300):
            self.assertEqual(self.ask().header("x-weir-tier"), "reference")


if __name__ == "__main__":
    unittest.main()
