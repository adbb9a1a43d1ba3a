"""What people say of a model tier's answers: it leaves the caches, brings audits sooner, and in the end takes the task
out of service; it is never a label."""

import json
import unittest

from harness import client, wait_for
from harness.gateway import PATIENCE
from harness.learned import LearnedCase, cheap_rule, wrong


class Feedback(LearnedCase):
    def say(self, reply, verdict="bad", **more):
        return self.post(dict({"request_id": reply.header("x-weir-request-id"), "verdict": verdict}, **more))

    def post(self, document):
        headers = [("Content-Type", "application/json")]
        return client.ask(self.weir.admin_port, "POST", "/v1/feedback", document, headers)

    def task(self):
        view = json.loads(self.weir.admin("/api/cascades").body)["cascades"][0]
        return view["tasks"][0], view

    def test_1_one_complaint_takes_nothing_out_of_service(self):
        self.teach()
        reply = self.asked_of_cheap()
        self.assertEqual(self.say(reply).status, 200)
        self.assertEqual(self.say(reply).status, 200)  # said twice, counted once
        for _ in range(10):
            self.asked_of_cheap()

    def test_2_a_correct_answer_that_says_the_same_is_no_complaint(self):
        for _ in range(20):
            number = self.next_number(hard=False)
            reply = self.ask(number)
            if reply.header("x-weir-tier") == "model":
                self.assertEqual(self.say(reply, correct=cheap_rule(number)[0].capitalize() + ".").status, 200)
        self.asked_of_cheap()

    def test_3_many_complaints_do(self):
        for count in range(200):
            number = self.next_number(hard=False)
            reply = self.ask(number)
            if reply.header("x-weir-tier") == "model":
                self.assertEqual(self.say(reply, "good", correct=wrong(number)).status, 200)
            task, view = self.task()
            if view["alarms"]["task"] > 0:
                break

        def closed():
            task, view = self.task()
            return task if view["alarms"]["task"] == 1 and task["state"] != "serving" else None

        task = wait_for(closed, 10 * PATIENCE, "the task to be out of service")
        self.assertEqual(view["alarms"]["cascade"], 0)
        self.assertEqual(task["served_known_worse"], 0, "complaints are no labels")
        self.assertGreater(task["complaints"], 10)
        number = self.next_number(hard=False)
        self.assert_reference(self.ask(number), number)

    def test_4_what_nobody_remembers(self):
        self.assertEqual(self.post({"request_id": "00000000000000ff", "verdict": "bad"}).status, 404)


if __name__ == "__main__":
    unittest.main()
