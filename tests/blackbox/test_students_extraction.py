"""Students for extraction: a text inside an instruction is learned to be taken apart, answered as JSON through several
APIs, prompts of another instruction are not, and a restart has the student at once."""

import json
import re
import unittest

from blackbox.test_messages import message_of
from blackbox.test_responses import response_of
from blackbox.test_students import StudentCase, Teacher

PARTS = ("an", "bo", "cle", "dor", "el", "fi", "gra", "hu", "in", "jo", "ka", "lu")
VERBS = ("called", "slept", "arrived", "waited")


def name(number):
    """Hardly ever the same one."""
    return "".join(PARTS[number * k // 7 % 12] for k in (3, 5, 11)).capitalize()


def text_of_note(number):
    who, where = name(number), name(number + 91)
    place = " in " + where if number % 3 else ""
    return "%s %s %s%s, as note %d says" % (("Yesterday", "Then")[number % 2], who, VERBS[number % 4], place, number)


def prompt_of(text):
    return "Extract who acts and where it is. Answer with JSON only.\n\nText: %s\n\nKeys: person, place." % text


class Clerk(Teacher):
    key = "person"

    def answer_for(self, request):
        number = int(re.search(r"note (\d+)", request["messages"][-1]["content"])[1])
        return self.says(number), None, (60, 0, 12)

    def says(self, number):
        return json.dumps({self.key: [name(number)], "place": name(number + 91) if number % 3 else None})


class NotesCase(StudentCase):
    teacher_of = Clerk
    system = "You read notes."

    def ticket(self, number):
        return prompt_of(text_of_note(number))


class Extraction(NotesCase):
    def first_served(self, path, body):
        for _ in range(100):
            number = next(self.numbers)
            reply = self.weir.ask("POST", path, body(number))
            self.assertEqual(reply.status, 200, reply)
            if self.served(reply):
                return reply, json.loads(self.teacher.says(number))
        self.fail("nothing served; log:\n" + self.weir.log)

    def test_1_it_learns_and_serves(self):
        self.assertGreater(self.teach(), 60)
        served, wrong = self.ask_many(400)
        self.assertGreater(served, 200)
        self.assertLessEqual(wrong, 0.05 * served)  # byte by byte: in the teacher's own form
        (student,) = self.students()
        self.assertEqual(student["kind"], "extraction")

    def test_2_in_other_grammars(self):
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                reply, right = self.first_served(
                    "/v1/messages",
                    lambda number, s=streamed: {
                        "model": "big",
                        "max_tokens": 100,
                        "system": self.system,
                        "messages": [{"role": "user", "content": self.ticket(number)}],
                        "stream": s,
                    },
                )
                said = message_of(reply) if streamed else reply.json()
                self.assertEqual(json.loads(said["content"][0]["text"]), right)
                reply, right = self.first_served(
                    "/v1/responses",
                    lambda number, s=streamed: {
                        "model": "big",
                        "instructions": self.system,
                        "input": self.ticket(number),
                        "stream": s,
                    },
                )
                said = response_of(reply) if streamed else reply.json()
                self.assertEqual(json.loads(said["output"][-1]["content"][0]["text"]), right)

    def test_3_prompts_of_another_instruction_are_not_its_business(self):
        self.teach()
        for ask in ("Translate the text.\n\nText: %s", "%s", "Extract whoever acts.\n\nText: %s\n\nKeys: person, place."):
            for _ in range(10):
                self.asked_otherwise(ask)
                self.ask_many(2)
        self.teach()

    def asked_otherwise(self, ask):
        messages = [
            {"role": "system", "content": self.system},
            {"role": "user", "content": ask % text_of_note(next(self.numbers))},
        ]
        reply = self.weir.chat({"model": "big", "messages": messages, "temperature": 0}, [("x-weir-debug", "1")])
        self.assertEqual(reply.header("x-weir-tier"), "reference")

    def test_4_taken_back_when_the_form_changes(self):
        self.teacher.key = "who"
        self.until_taken_back(self.ask)


class Restarts(NotesCase):
    def test_a_restart_has_it_at_once(self):
        self.teach()
        self.assertEqual(self.restart()["kind"], "extraction")
        self.teach()  # at once or, where the last trials were not written yet, as soon as they are enough again


if __name__ == "__main__":
    unittest.main()
