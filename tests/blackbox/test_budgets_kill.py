"""Budgets over SIGKILL: with calls, cancellations and streams under way nothing is forgotten but what docs/budgets.md
says, nothing is refilled, and the limit holds all the same."""

import concurrent.futures
import json
import random
import threading
import unittest

from blackbox.test_budgets import BudgetCase
from harness import client, upstream, wait_for
from harness.gateway import PRICES

KILLS = 10
CALLERS = 50
LEAST, MOST = 50, 150  # tokens of an answer
LIMIT = 10.0


class Varied(upstream.Model):
    """Answers of LEAST to MOST tokens; `billed` is what a provider would bill, also for what nobody hears any more."""

    def __init__(self, seed):
        super().__init__(price=PRICES["gpt-4o"])
        self.random = random.Random(seed)

    def answer_for(self, request):
        with self.lock:
            output = self.random.randint(LEAST, MOST)
        return " ".join(["word"] * output), self.logprob, (20, 0, output)


class Kill(BudgetCase):
    budgets = [{"name": "all", "limit_usd": LIMIT, "window": "month"}]

    def call(self, weir, rng, seen):
        """One request: a body, a stream, or one whose caller leaves at once."""
        kind = rng.random()
        asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Go on."}]}
        if kind >= 0.1:
            reply = weir.chat(stream=kind > 0.6)
            if reply.status == 429 and "is spent" in reply.json()["error"]["message"]:
                seen["spent"] = True
            return
        line = weir.connect()
        body = json.dumps(asked).encode()
        head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        line.sock.sendall((head + "content-length: %d\r\n\r\n" % len(body)).encode() + body)
        with self.lock:
            seen["left"] += 1
        line.sock.close()

    def storm(self, weir, seed, seen, until):
        """CALLERS at once until `until()`; then a kill, or nothing where the budget is spent."""
        over = threading.Event()

        def caller(number):
            rng = random.Random(seed * 1000 + number)
            while not over.is_set() and not seen["spent"]:
                try:
                    self.call(weir, rng, seen)
                except (OSError, client.Closed, ValueError):
                    if over.is_set():
                        return
                    raise

        with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
            running = [pool.submit(caller, number) for number in range(CALLERS)]
            wait_for(until, 60.0)
            before = float(self.budget(weir)["spent_usd"])
            over.set()
            if not seen["spent"]:
                weir.kill()
            for one in running:
                one.result()
        return before

    def test_nothing_is_forgotten_or_refilled(self):
        self.lock = threading.Lock()
        model = self.up.answer = Varied(7)
        token = float(PRICES["gpt-4o"][2]) / 1e6
        # What docs/budgets.md says is forgotten: what those that nobody heard to the end cost beyond their reserve, the
        # 95th percentile of what came before.
        beyond = (MOST - LEAST) * 0.2 * token
        seen = {"left": 0, "spent": False}
        weir = self.gateway()
        rng = random.Random(3)
        for kill in range(KILLS):
            calls = model.calls + rng.randint(60, 200)
            before = self.storm(weir, kill, seen, lambda: model.calls >= calls)
            self.up.forget()
            weir.start()
            after = float(self.budget(weir)["spent_usd"])
            unheard = CALLERS * (kill + 1) + seen["left"]
            with self.subTest(kill=kill):
                self.assertGreaterEqual(after, before)
                self.assertGreaterEqual(after + beyond * unheard, model.nanos / 1e9)
                self.assertFalse(seen["spent"])
        self.storm(weir, KILLS, seen, lambda: seen["spent"])
        unheard = CALLERS * KILLS + seen["left"]
        self.assertLessEqual(model.nanos / 1e9, LIMIT + MOST * token * 1.2 + beyond * unheard)
        self.assertGreaterEqual(float(self.settled(weir)["spent_usd"]), 0.95 * LIMIT)


if __name__ == "__main__":
    unittest.main()
