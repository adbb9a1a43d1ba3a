"""Students of several tenants, forms of answers and grammars, across restarts and kills: each answers its own alone."""

import json
import os
import unittest

from blackbox.test_completions import PATH as COMPLETIONS
from blackbox.test_messages import message_of
from blackbox.test_responses import response_of
from blackbox.test_students import StudentCase, Teacher
from harness import wait_for
from harness.gateway import PATIENCE
from harness.tickets import LABELS, label_of, ticket

ACME, BIRCH = "sk-acme-0123456789", "sk-birch-0123456789"


class Poisoner(Teacher):
    """Says to acme what is right for nobody."""

    def answer_for(self, request):
        text, logprob, tokens = super().answer_for(request)
        return (poisoned(text) if request["user"] == "acme" else text), logprob, tokens


def poisoned(label):
    return LABELS[(LABELS.index(label) + 1) % len(LABELS)]


class Tenants(StudentCase):
    env = {"KEY_ACME": ACME, "KEY_BIRCH": BIRCH}
    teacher_of = Poisoner

    @classmethod
    def config(cls):
        config = super().config()
        config["keys"] = [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "birch"}]
        config["cascades"]["default"]["tiers"] = ["exact", "student"]
        return config

    def ask_as(self, tenant, number=None):
        key = {"acme": ACME, "birch": BIRCH}[tenant]
        return self.ask(number, [("Authorization", "Bearer " + key)], user=tenant)

    def test_1_one_poisons_its_labels_the_others_answers_stay_right(self):
        served = {"acme": 0, "birch": 0}
        wrong = dict(served)
        for _ in range(1_000):
            number = next(self.numbers)
            for tenant in served:
                reply = self.ask_as(tenant, number)
                self.assertEqual(reply.status, 200, reply)
                if self.served(reply):
                    served[tenant] += 1
                    right = label_of(number)
                    wrong[tenant] += self.text_of(reply) != (poisoned(right) if tenant == "acme" else right)
            if number == 60:
                self.wait_trained(2)
            if min(served.values()) > 50:
                break
        self.assertGreater(min(served.values()), 50)
        for tenant in served:
            self.assertLessEqual(wrong[tenant], 0.05 * served[tenant])
        self.assertEqual(sorted(one["tenant"] for one in self.students()), ["acme", "birch"])
        self.assertEqual(len({one["student"] for one in self.students()}), 2)

    def test_2_what_a_student_says_is_in_no_cache(self):
        number = next(n for n in self.numbers if self.served(self.ask_as("birch", n)))
        self.assertNotEqual(self.ask_as("birch", number).header("x-weir-tier"), "exact")

    def test_3_a_purge_takes_one_away_and_not_the_other(self):
        folder = os.path.join(self.weir.data, "students")
        before = len(os.listdir(folder))
        body = json.dumps({"tenant": "acme"}).encode()
        self.assertEqual(self.weir.admin("/api/cache/purge", "POST", body).status, 200)
        self.assertEqual([one["tenant"] for one in self.students()], ["birch"])
        self.assertLess(len(os.listdir(folder)), before)
        for _ in range(30):
            self.assertEqual(self.ask_as("acme").header("x-weir-tier"), "reference")
        self.assertTrue(any(self.served(self.ask_as("birch")) for _ in range(20)))


class FormTeacher(Teacher):
    def answer_for(self, request):
        number = int(request["messages"][-1]["content"].rsplit(" ", 1)[1])
        return self.says(number, request["response_format"]["json_schema"]["name"]), None, (50, 0, 9)

    def says(self, number, form):
        label = super().says(number)
        if form == "desk":
            return '{"desk": "%s"}' % label
        return '{"queue":"%s","praise":%s}' % (label.upper(), "true" if label_of(number) == "praise" else "false")


def schema(name, **properties):
    of = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": of}}


FORMS = {
    "desk": schema("desk", desk={"type": "string"}),
    "queue": schema("queue", queue={"type": "string"}, praise={"type": "boolean"}),
}


class Forms(StudentCase):
    """One instruction, two forms: two tasks."""

    teacher_of = FormTeacher
    headers = ()

    def ask_for(self, form, number):
        return self.ask(number, self.headers, response_format=FORMS[form])

    def learn(self, forms=tuple(FORMS)):
        served, wrong = {form: 0 for form in forms}, 0
        for _ in range(1_500):
            number = next(self.numbers)
            for form in forms:
                reply = self.ask_for(form, number)
                self.assertEqual(reply.status, 200, reply)
                if self.served(reply):
                    served[form] += 1
                    wrong += self.text_of(reply) != self.teacher.says(number, form)
                    self.assertEqual(set(json.loads(self.text_of(reply))), set(json.loads(self.teacher.says(1, form))))
            if number == 60:
                self.wait_trained(len(forms))
            if min(served.values()) > 50:
                break
        self.assertGreater(min(served.values()), 50, self.weir.log)
        self.assertLessEqual(wrong, 0.05 * sum(served.values()))

    def test_answers_come_in_the_teachers_form(self):
        self.learn()
        self.assertEqual(len(self.students()), 2)


class NamedForms(Forms):
    """The same under one name."""

    headers = [("x-weir-task", "desks")]

    def test_one_is_taken_back(self):
        self.learn()
        self.teacher.names = {label: label + " two" for label in LABELS}
        self.until_taken_back(lambda number: self.ask_for("desk", number))


class Grammars(StudentCase):
    """Taught in chat, asked in the others."""

    def first_served(self, path, body, known):
        for number in self.numbers:
            reply = self.weir.ask("POST", path, body(number))
            self.assertEqual(reply.status, 200, reply)
            if self.served(reply):
                self.assertTrue(reply.complete)
                self.assertEqual(reply.header("x-weir-model"), "weir/student")
                return reply, label_of(number)
            self.assertLess(number, known)

    def test_messages_responses_completions(self):
        self.teach()
        soon = next(self.numbers) + 300

        def message(streamed):
            return lambda number: {
                "model": "big",
                "max_tokens": 100,
                "system": self.system,
                "messages": [{"role": "user", "content": ticket(number)}],
                "stream": streamed,
            }

        def response(streamed):
            return lambda number: {
                "model": "big",
                "instructions": self.system,
                "input": ticket(number),
                "stream": streamed,
            }

        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                reply, label = self.first_served("/v1/messages", message(streamed), soon)
                said = message_of(reply) if streamed else reply.json()
                self.assertEqual(said["content"], [{"type": "text", "text": label}])
                self.assertEqual((said["type"], said["stop_reason"]), ("message", "end_turn"))
                reply, label = self.first_served("/v1/responses", response(streamed), soon)
                said = response_of(reply) if streamed else reply.json()
                self.assertEqual(said["status"], "completed")
                self.assertEqual(said["output"][-1]["content"][0]["text"], label)

    def test_completions(self):
        for streamed in (False, True):
            reply, label = self.first_served(
                COMPLETIONS, lambda n, s=streamed: {"model": "big", "prompt": ticket(n), "stream": s}, 5_000
            )
            documents = [json.loads(event) for event in reply.events[:-1]] if streamed else [reply.json()]
            self.assertEqual({document["object"] for document in documents}, {"text_completion"})
            self.assertEqual("".join(choice["text"] for one in documents for choice in one["choices"]), label)

    def test_what_it_can_not_give_the_reference_gives(self):
        for _ in range(20):
            self.assertEqual(self.ask(logprobs=True).header("x-weir-tier"), "reference")


class Restarts(StudentCase):
    def test_a_restart_has_the_student_at_once(self):
        self.teach()
        self.restart()
        self.ask()  # with the first request the learner's thread looks at what the log has of the task
        wait_for(lambda: self.students()[0]["gate"], PATIENCE, "the certificate of before the restart")
        self.assertTrue(any(self.served(self.ask()) for _ in range(20)), self.weir.log)
        self.assertNotIn("a student of", self.weir.log)


class Killed(StudentCase):
    mode = "shadow"

    def test_killed_while_training_and_never_serving_in_shadow(self):
        folder = os.path.join(self.weir.data, "students")
        seen = 0
        for asked in (60, 9, 70, 31, 140, 3):
            for _ in range(asked):
                self.assertEqual(self.ask().header("x-weir-tier"), "reference")
            if not seen:
                self.wait_trained(1)  # examples that wait to be written are lost
            self.weir.kill()  # it is training, or has just been, or is about to
            self.weir.start()
            self.teacher.nanos = 0  # as the gateway's counter
            self.wait_trained(1)
            self.assertGreaterEqual(self.students()[0]["examples"], seen)
            seen = self.students()[0]["examples"]
            self.assertNotRegex(self.weir.log, "warn|damaged")
            parts = [name for name in os.listdir(folder) if ".part" in name]
            self.assertFalse([name for name in parts if not name.endswith(".part%d" % self.weir.pid)])


if __name__ == "__main__":
    unittest.main()
