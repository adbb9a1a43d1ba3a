"""1,000 requests at once on a budget for about half of them, when nobody knows yet what they cost: bodies and streams,
some of whose callers leave. Each is asked once; no more than a reserve is spent too much, and 95 % of it is used."""

import asyncio
import json
import random
import time
import unittest

from blackbox.test_budgets import BudgetCase
from harness import upstream
from harness.gateway import PRICES

CROWD = 1000
LIMIT = 5.0
USUAL = 1000  # tokens of an answer: a cent
MOST = 16_384  # what the model can say at most, for all that anybody knows
SPREAD = 0.6  # of the logarithm
TOKEN = float(PRICES["gpt-4o"][2]) / 1e6
REFUSED = "budget_exceeded"


class Unequal(upstream.Model):
    """Answers of any length; the longer, the later."""

    def __init__(self, seed):
        super().__init__(price=PRICES["gpt-4o"])
        self.random = random.Random(seed)

    def answer_for(self, request):
        with self.lock:
            output = min(MOST, max(1, round(self.random.lognormvariate(0, SPREAD) * USUAL)))
        time.sleep(0.01 + output / USUAL * 0.2)  # how long it takes to say
        return self.text, self.logprob, (20, 0, output)


class Crowd(BudgetCase):
    async def call(self, port, number, at_once):
        """The status and the error's code, or nothing where the caller left."""
        body = json.dumps(
            {
                "model": "gpt-4o",
                "messages": [{"role": "user", "content": "Go on with number %d." % number}],
                "stream": number % 3 == 0,
            }
        ).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await at_once.wait()
            head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-weir-task: crowd\r\n"
            writer.write((head + "content-length: %d\r\n\r\n" % len(body)).encode() + body)
            if number % 20 == 0:
                await writer.drain()
                return None
            answer = await asyncio.wait_for(reader.read(), 60)
        finally:
            writer.close()
        status = int(answer.split(b" ", 2)[1])
        if status == 200:
            return status, None
        return status, json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["code"]

    async def crowd(self, port):
        at_once = asyncio.Barrier(CROWD)
        return await asyncio.gather(*(self.call(port, number, at_once) for number in range(CROWD)))

    def check(self, budget, seed):
        model = self.up.answer = Unequal(seed)
        weir = self.gateway([dict({"name": "all", "limit_usd": LIMIT, "window": "month"}, **budget)])
        outcomes = [one for one in asyncio.run(self.crowd(weir.port)) if one]
        spent = float(self.settled(weir)["spent_usd"])
        answered = sum(1 for status, _ in outcomes if status == 200)
        print("crowd %s: %d answered of %d at once, %.1f %% of the budget used" % (budget, answered, CROWD, spent / LIMIT * 100))
        self.assertEqual({one for one in outcomes if one[0] != 200}, {(429, REFUSED)})
        reserve = 2.683 * 1.19 * USUAL * TOKEN  # exp(1.645 * SPREAD), as counted in quarter octaves
        self.assertLessEqual(spent, LIMIT + reserve)
        self.assertGreaterEqual(spent, 0.95 * LIMIT)
        # What the provider bills besides is of those who left before their answer.
        self.assertLessEqual(model.nanos / 1e9, LIMIT + reserve + CROWD / 20 * USUAL * TOKEN)

    def test_refused(self):
        self.check({}, 1)

    def test_queued(self):
        self.check({"at_100": "queue"}, 2)

    def test_cut(self):
        self.check({"outgrow": "cut"}, 3)


if __name__ == "__main__":
    unittest.main()
