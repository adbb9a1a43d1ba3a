"""Budgets beside a cascade's tiers: who is asked still when one is near its end or spent, who waits, and what a request's
own word on its length is worth."""

import json
import signal
import threading
import unittest

from blackbox.test_budgets_whose import TINY, WhoseCase
from blackbox.test_students import StudentCase
from harness import upstream, wait_for
from harness.gateway import PRICES, SMALL_TIER
from harness.learned import LearnedCase


def with_budget(weir, config, **budget):
    """Reloads with one budget, named b, and returns what it tells of itself."""
    config["budgets"] = [dict({"name": "b", "window": "day"}, **budget)]
    lines = len(weir.lines)
    weir.write(config)
    weir.signal(signal.SIGHUP)
    wait_for(lambda: any("reloaded" in line for line in weir.lines[lines:]))
    return lambda: weir.admin("/api/budgets").json()["budgets"][0]


class TiersWithGates(WhoseCase):
    def setUp(self):
        super().setUp()
        self.small = upstream.Model("Small.", logprob=-0.02, tokens=(100, 0, 4), price=PRICES["small"])
        self.large = upstream.Model("Large.", tokens=(1000, 0, 600), price=PRICES["gpt-4o"])
        self.up.by_model = {"small": self.small, "gpt-4o": self.large}

    def test_a_spent_budget_asks_none(self):
        weir = self.start([dict(TINY, name="b")], mode="serve", tiers=[SMALL_TIER])
        self.small.logprob = -3
        self.spend(weir, "b")
        before = self.small.calls
        self.assert_spent(weir.chat(messages=[{"role": "user", "content": "another"}]))
        self.assertEqual(self.small.calls, before)

    def test_a_stream_is_cut_by_all_that_it_cost(self):
        self.small.logprob, self.small.tokens = -3, (10, 0, 80_000)  # 0.048 USD, in vain
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        said = dict(chunk, choices=[{"index": 0, "delta": {"content": "w "}, "finish_reason": None}])
        self.up.by_model["gpt-4o"] = upstream.stream([b"data: " + json.dumps(said).encode() + b"\n\n"] * 20_000)
        budget = {"name": "c", "limit_usd": "0.06", "window": "day", "outgrow": "cut"}
        weir = self.start([budget], mode="serve", tiers=[SMALL_TIER])
        self.assertIn(b'"finish_reason":"length"', weir.chat(stream=True).body)
        self.assertLess(self.settled(weir, "c")["spent_usd"], 0.06 + 0.006)

    def test_a_stream_goes_on_where_the_budget_without_room_lets_it(self):
        self.up.by_model = {}
        self.up.answer = upstream.Model("word " * 400, tokens=(10, 0, 600), price=PRICES["gpt-4o"])
        small = {"name": "small", "limit_usd": "0.004", "window": "day"}
        large = {"name": "large", "limit_usd": 100, "window": "day", "outgrow": "cut"}
        weir = self.start([small, large])
        self.assertIn(b'"finish_reason": "stop"', weir.chat(stream=True).body)


class Caches(WhoseCase):
    def test_they_answer_without_waiting_for_room(self):
        budget = dict(TINY, name="q", at_100="queue", queue_for="10m")
        weir = self.start([budget], mode="serve", tiers=["exact"])
        self.spend(weir, "q", temperature=0)
        weir.stop()
        weir.start()  # so that the entry is on the disk alone
        reply = weir.chat(temperature=0)
        self.assertEqual((reply.status, reply.header("x-weir-cache")), (200, "hit"))

    def test_who_waits_for_room_keeps_nobody_waiting(self):
        """Two callers ask the same; the first one's own budget has no room, and it waits."""
        keys = [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "acme"}]
        acme, birch = ([("authorization", "Bearer " + self.env[name])] for name in ("KEY_ACME", "KEY_BIRCH"))
        own = dict(TINY, name="own", of={"each": "key"}, at_100="queue", queue_for="10m")
        weir = self.start([own], mode="serve", tiers=["exact"], keys=keys)
        self.spend(weir, "own", headers=acme)
        first = weir.connect()
        body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "same"}], "temperature": 0}).encode()
        head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: %s\r\n" % acme[0][1]
        first.sock.sendall((head + "content-length: %d\r\n\r\n" % len(body)).encode() + body)
        wait_for(lambda: weir.metric("requests_active") == 1)
        reply = weir.chat(messages=[{"role": "user", "content": "same"}], temperature=0, headers=birch)
        self.assertEqual(reply.status, 200)
        first.close()


class Students(StudentCase):
    def test_they_answer_when_it_is_spent(self):
        self.teach()
        budget = with_budget(self.weir, self.config(), limit_usd="0.00002")
        wait_for(lambda: self.ask().status == 429 or budget()["spent_usd"] >= 0.00002, 30)
        replies = [self.ask() for _ in range(30)]
        students = sum(1 for reply in replies if reply.header("x-weir-tier") == "student")
        self.assertGreaterEqual(students, 20)
        self.assertEqual({reply.status for reply in replies} - {200, 429}, set())


class NoStudentYet(StudentCase):
    def test_students_are_no_cheaper_model_to_downgrade_to(self):
        budget = with_budget(self.weir, self.config(), limit_usd="0.00002", at_80="downgrade", at_100="downgrade")
        self.assertEqual(self.ask().status, 200)
        wait_for(lambda: budget()["under_way"] == 0)
        self.assertEqual({self.ask().status for _ in range(3)}, {429})


class OnlyFree(LearnedCase):
    def test_downgraded_to_free_ones_it_pays_nobody(self):
        self.teach()
        config = self.config()
        config["models"]["fake/free"] = {"price": {"input": 0, "output": 0}}
        config["models"]["fake/big"]["fallbacks"] = ["fake/free"]
        self.up.by_model["free"] = upstream.Model("free")
        budget = with_budget(self.weir, config, limit_usd="0.0002", at_100="downgrade")
        wait_for(lambda: self.ask().header("x-weir-model") == "fake/free", 30)
        wait_for(lambda: budget()["under_way"] == 0)
        spent, calls = budget()["spent_usd"], self.calls("cheap")
        for _ in range(10):
            reply = self.ask()
            self.assertEqual((reply.status, reply.header("x-weir-model")), (200, "fake/free"))
        self.assertEqual((budget()["spent_usd"], self.calls("cheap")), (spent, calls))


class NearItsEnd(LearnedCase):
    def test_downgraded_it_asks_a_cheaper_model_once(self):
        self.teach()
        budget = with_budget(self.weir, self.config(), limit_usd="0.001", at_80="downgrade")
        downgraded = 0
        for _ in range(200):
            reply = self.ask()
            if reply.status == 429 or downgraded == 10:
                break
            if reply.header("x-weir-budget"):
                downgraded += 1
                attempts = self.weir.row(reply)["attempts"]
                self.assertEqual([one["model"] for one in attempts if one["outcome"] != "skipped"], ["fake/cheap"])
        self.assertGreater(downgraded, 0, budget())


class Claims(WhoseCase):
    """A request's own word on the length of its answer, against a hard budget for ten such answers: 60 at once, each of a
    task that nobody knows."""

    def check(self, *bodies, path="/v1/chat/completions", change=None):
        answer = upstream.Model(tokens=(100, 0, 5000), price=PRICES["gpt-4o"])
        if path == "/v1/completions":
            usage = {"prompt_tokens": 100, "completion_tokens": 5000, "total_tokens": 5100}
            choice = {"text": "x", "index": 0, "finish_reason": "length", "logprobs": None}
            answer = upstream.body({"id": "c", "object": "text_completion", "choices": [choice], "usage": usage})
        for body in bodies:
            release = threading.Event()
            self.up.answer = upstream.held(release, answer)
            weir = self.start([{"name": "b", "limit_usd": "0.5", "window": "day"}], change)
            lines = [weir.connect() for _ in range(60)]
            for number, line in enumerate(lines):
                head = "POST %s HTTP/1.1\r\nhost: a\r\nx-weir-task: t%d\r\n" % (path, number)
                line.sock.sendall((head + "content-length: %d\r\n\r\n" % len(body)).encode() + body)
            wait_for(lambda: weir.metric("requests_active") == 60)
            release.set()
            wait_for(lambda: self.budget(weir, "b")["spent_usd"] >= 0.475, 20)
            now = self.settled(weir, "b")
            for line in lines:
                line.close()
            weir.stop()
            self.assertLessEqual(now["spent_usd"], 0.5 + 0.051, body)

    def chat(self, limits):
        return b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],' + limits + b"}"

    def test_the_largest_of_several_limits(self):
        honest = self.chat(b'"max_completion_tokens":5000')
        self.check(honest, self.chat(b'"max_completion_tokens":5000,"max_tokens":1'))

    def test_no_limit_that_is_said_twice_or_in_another_api(self):
        self.check(self.chat(b'"max_tokens":5000,"max_tokens":1'), self.chat(b'"max_output_tokens":1'))

    def test_the_best_of_many(self):
        def offers(config):
            config["providers"]["fake"]["offers"] = ["completions"]

        body = b'{"model":"gpt-4o","prompt":"hi","max_tokens":50,"best_of":100}'
        self.check(body, path="/v1/completions", change=offers)


if __name__ == "__main__":
    unittest.main()
