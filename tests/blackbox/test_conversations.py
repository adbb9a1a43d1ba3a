"""What a conversation's provider has of it in its prompt cache is known when the next turn comes: what leaving that
model would give up."""

import re
import unittest

from harness.learned import LearnedCase, Player, right

SYSTEM = {"role": "system", "content": "Is the review positive or negative? " + "It is long. " * 200}
TOKENS = 2000


class Reader(Player):
    """Reads 2,000 tokens a prompt, `cached` of them from its cache."""

    cached = 0

    def answer_for(self, request):
        text, logprob, (_, _, output) = super().answer_for(request)
        return text, logprob, (TOKENS, self.cached, output)


class Conversations(LearnedCase):
    mode = "shadow"

    def setUp(self):
        super().setUp()
        self.players["big"] = Reader("big", lambda number: (right(number), -0.1))
        self.up.by_model = dict(self.players)

    def converse(self, turns, **members):
        number = next(self.numbers)
        turns = [*turns, {"role": "user", "content": "Review %d" % number}]
        reply = self.ask(number, messages=[SYSTEM, *turns], **members)
        self.assertEqual(reply.status, 200, reply)
        return reply, [*turns, {"role": "assistant", "content": right(number)}]

    def loss(self, reply):
        found = re.search(r"leaving the reference gives up (\S+) USD", reply.header("x-weir-why"))
        return found and found[1]

    def test_the_next_turn_knows_what_the_first_has_left(self):
        for stream in (False, True):
            first, turns = self.converse([], stream=stream)
            self.assertIsNone(self.loss(first))
            second, turns = self.converse(turns)
            self.assertEqual(self.loss(second), "0.0025")  # 2,000 tokens at 2.5 instead of 1.25 USD a million
            # It has read everything anew: nothing is kept, whatever it says it sells.
            third, turns = self.converse(turns)
            self.assertIsNone(self.loss(third))

    def test_a_cache_that_is_used_goes_on(self):
        self.players["big"].cached = 1024
        turns = []
        for turn in range(4):
            reply, turns = self.converse(turns)
            self.assertEqual(self.loss(reply), "0.0025" if turn else None)

    def test_other_beginnings_are_other_conversations(self):
        _, turns = self.converse([])
        turns[0] = dict(turns[0], content="Another")
        self.assertIsNone(self.loss(self.converse(turns)[0]))
        _, turns = self.converse([])
        reply = self.ask(messages=[dict(SYSTEM, content="Other"), *turns, {"role": "user", "content": "Review 7"}])
        self.assertIsNone(self.loss(reply))

    def test_in_another_api(self):
        self.players["big"].cached = 1024
        turns = []
        for turn in range(2):
            number = next(self.numbers)
            turns.append({"role": "user", "content": "Review %d" % number})
            body = {"model": "big", "max_tokens": 9, "system": SYSTEM["content"], "messages": turns}
            reply = self.weir.ask("POST", "/v1/messages", body, [("x-weir-debug", "1")])
            self.assertEqual(reply.status, 200, reply)
            self.assertEqual(self.loss(reply), "0.0025" if turn else None)
            turns.append({"role": "assistant", "content": reply.json()["content"]})


if __name__ == "__main__":
    unittest.main()
