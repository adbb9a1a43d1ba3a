"""Limits of keys and tenants: requests and tokens a minute, requests at the same time; what a caller is told in its own
API. How buckets refill is told by limits/bucket_test.cpp, with a clock of its own: here limits are so low or so high that
time does not matter."""

import json
import threading
import time
import unittest

from blackbox.test_keys import KeyCase, bearer
from harness import upstream, wait_for
from harness.gateway import PATIENCE, Gateway, simple

MESSAGE = {"model": "gpt-4o", "max_tokens": 9, "messages": [{"role": "user", "content": "Two and two?"}]}
RESPONSE = {"model": "gpt-4o", "input": "Two and two?"}
DURATION = r"^(\d+h)?(\d+m)?\d+(\.\d+)?s$|^\d+ms$"


class RateCase(KeyCase):
    def key(self, **limits):
        return self.create(**limits)["key"]

    def limits_of(self, reply, of):
        return tuple(reply.header("x-ratelimit-%s-%s" % (what, of)) for what in ("limit", "remaining", "reset"))

    def metric(self, name):
        for line in self.weir.admin("/metrics").body.decode().splitlines():
            if line.startswith("weir_" + name + " "):
                return int(line.split()[-1])
        self.fail("no metric " + name)

    def assert_limited(self, reply, says, kind="requests"):
        self.assert_error(reply, 429, says, kind=kind, code="rate_limit_exceeded")
        self.assertGreaterEqual(int(reply.header("retry-after")), 1)
        self.assertGreaterEqual(int(reply.header("retry-after")) * 1000, int(reply.header("retry-after-ms")))


class Requests(RateCase):
    def test_as_many_as_may_then_429(self):
        key = self.key(requests_per_minute=3)
        limited = self.metric('rate_limited_total{limit="requests",of="key"}')
        for left in (2, 1, 0):
            reply = self.weir.chat(headers=bearer(key), stream=left == 1)
            self.assert_answers(reply)
            limit, remaining, reset = self.limits_of(reply, "requests")
            self.assertEqual((limit, remaining), ("3", str(left)))
            self.assertRegex(reset, DURATION)
            self.assertIsNone(reply.header("x-ratelimit-limit-tokens"))
            self.assertIsNone(reply.header("retry-after"))
        asked = len(self.up.requests)
        reply = self.weir.chat(headers=bearer(key))
        self.assert_limited(reply, ["requests per minute", "limit 3", "try again in"])
        self.assertEqual(self.limits_of(reply, "requests")[:2], ("3", "0"))
        self.assertLessEqual(int(reply.header("retry-after")), 20)
        self.assertEqual(len(self.up.requests), asked)
        self.assertEqual(self.weir.row(reply)["tenant"], "acme")
        self.assertEqual(self.metric('rate_limited_total{limit="requests",of="key"}'), limited + 1)
        self.assertEqual(self.weir.ask("GET", "/v1/models", None, bearer(key)).status, 200)  # lists are free

    def test_all_apis_count_and_each_is_told_in_its_own_form(self):
        for target, body, headers in (
            ("/v1/messages", MESSAGE, lambda key: [("x-api-key", key)]),
            ("/v1/responses", RESPONSE, bearer),
            ("/v1/completions", {"model": "gpt-4o", "prompt": "Two and two?"}, bearer),
        ):
            key = self.key(requests_per_minute=1)
            reply = self.weir.ask("POST", target, body, headers(key))
            self.assertEqual(reply.status, 200, reply)
            self.assertEqual(self.limits_of(reply, "requests")[:2], ("1", "0"))
            reply = self.weir.ask("POST", target, dict(body, stream=True), headers(key))
            self.assertEqual(reply.status, 429, reply)
            self.assertIn("requests per minute", reply.error["message"])
            self.assertGreaterEqual(int(reply.header("retry-after")), 1)
            if target == "/v1/messages":
                self.assertEqual((reply.json()["type"], reply.error["type"]), ("error", "rate_limit_error"))
            else:
                self.assertEqual(reply.error["code"], "rate_limit_exceeded")
        key = self.key(requests_per_minute=1)
        self.up.script(upstream.Embedder())
        self.assertEqual(
            self.weir.ask("POST", "/v1/embeddings", {"model": "gpt-4o", "input": "x"}, bearer(key)).status, 200
        )
        self.assert_limited(
            self.weir.ask("POST", "/v1/embeddings", {"model": "gpt-4o", "input": "x"}, bearer(key)), "requests"
        )

    def test_what_is_passed_through_counts_too(self):
        self.up.answer = upstream.body({"id": "modr-1", "results": []})
        made = self.create(requests_per_minute=1, parallel=1)
        reply = self.weir.ask("POST", "/v1/moderations", {"input": "x"}, bearer(made["key"]))
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual(self.limits_of(reply, "requests")[:2], ("1", "0"))
        self.assert_limited(self.weir.ask("POST", "/v1/moderations", {"input": "x"}, bearer(made["key"])), "requests")

    def test_other_keys_and_tenants_are_not_held_up(self):
        spent, other = self.key(requests_per_minute=1), self.key(requests_per_minute=1)
        elsewhere = self.create("birch", requests_per_minute=1)["key"]
        self.assert_answers(self.weir.chat(headers=bearer(spent)))
        self.assert_limited(self.weir.chat(headers=bearer(spent)), "this key")
        self.assert_answers(self.weir.chat(headers=bearer(other)))
        self.assert_answers(self.weir.chat(headers=bearer(elsewhere)))

    def test_limits_change_at_once(self):
        made = self.create(requests_per_minute=1)
        self.assert_answers(self.weir.chat(headers=bearer(made["key"])))
        self.assert_limited(self.weir.chat(headers=bearer(made["key"])), "limit 1")
        self.post("/api/keys/" + made["id"], requests_per_minute=0)
        reply = self.weir.chat(headers=bearer(made["key"]))
        self.assert_answers(reply)
        self.assertIsNone(reply.header("x-ratelimit-limit-requests"))

    def test_threads_on_all_reactors_get_what_may(self):
        begun = time.monotonic()
        key = self.key(requests_per_minute=20)
        statuses = []

        def ask():
            for _ in range(15):
                statuses.append(self.weir.chat(headers=bearer(key)).status)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refilled = (time.monotonic() - begun) / 3
        self.assertIn(statuses.count(200), range(20, 22 + int(refilled)))
        self.assertEqual(statuses.count(200) + statuses.count(429), 60)


class Tokens(RateCase):
    def when_free(self, key):
        """The answer to a request of a key for one at a time, once the one before it is out of the way."""
        replies = []

        def answered():
            replies.append(self.weir.chat(headers=bearer(key)))
            return replies[-1].status == 200

        wait_for(answered, 10 * PATIENCE, "the slot to be free")
        return replies[-1]

    def test_charged_as_a_guess_settled_as_it_was(self):
        self.up.answer = upstream.Model(tokens=(1000, 0, 500))
        begun = time.monotonic()
        key = self.key(tokens_per_minute=6000)

        def assert_left(remaining, least):
            self.assertGreaterEqual(remaining, least - 2)
            self.assertLessEqual(remaining, least + 2 + 100 * (time.monotonic() - begun))

        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x" * 400}]}
        size = len(json.dumps(body))
        reply = self.weir.chat(body, headers=bearer(key))
        limit, remaining, reset = self.limits_of(reply, "tokens")
        self.assertEqual(limit, "6000")
        assert_left(int(remaining), 6000 - size // 4 - 256)
        self.assertRegex(reset, DURATION)
        self.assertIsNone(reply.header("x-ratelimit-limit-requests"))
        # 1,500 were used; a request that fails uses none; the guess of the next one is told before it is settled.
        self.weir.row(reply)  # once it is there the request is settled
        self.up.script(upstream.error(500, "no"))
        reply = self.weir.chat(body, headers=bearer(key))
        self.assertEqual(reply.status, 500)
        self.weir.row(reply)
        reply = self.weir.chat(body, headers=bearer(key))
        assert_left(int(reply.header("x-ratelimit-remaining-tokens")), 6000 - 1500 - size // 4 - 256 - 500 // 16 + 16)
        self.up.answer = upstream.Model(tokens=(20000, 0, 500))
        reply = self.weir.chat(body, headers=bearer(key), stream=True)
        self.assert_answers(reply)
        self.weir.row(reply)
        reply = self.weir.chat(body, headers=bearer(key))
        self.assert_limited(reply, ["tokens per minute", "limit 6000"], kind="tokens")
        self.assertGreater(int(reply.header("retry-after")), 60)

    def test_answers_of_caches_use_none(self):
        config = simple(self.up, mode="serve", tiers=["exact"], require_key=True)
        self.up.answer = upstream.Model(tokens=(1000, 0, 900))
        with Gateway(config) as weir:
            key = weir.admin("/api/keys", "POST", {"tenant": "acme", "tokens_per_minute": 6000}).json()["key"]
            for number in range(20):
                reply = weir.chat(headers=bearer(key), temperature=0)
                self.assertEqual(reply.status, 200, reply)
                self.assertEqual(reply.header("x-weir-cache"), "miss" if number == 0 else "hit")

    def test_one_that_is_too_large_for_a_minute_waits_for_a_full_bucket(self):
        self.up.answer = upstream.Model(tokens=(9000, 0, 10))
        key = self.key(tokens_per_minute=1000)
        reply = self.weir.chat(headers=bearer(key), messages=[{"role": "user", "content": "x" * 40000}])
        self.assert_answers(reply)
        self.weir.row(reply)
        reply = self.weir.chat(headers=bearer(key))
        self.assert_limited(reply, "tokens per minute", kind="tokens")
        self.assertGreater(int(reply.header("retry-after")), 7 * 60)  # it owes 8,010

    def test_who_leaves_before_the_answer_has_used_the_guess(self):
        key = self.key(tokens_per_minute=100000, parallel=1)
        self.up.script(upstream.hang())
        with self.weir.connect() as connection:
            messages = [{"role": "user", "content": "x" * 160000}]  # 40,000 tokens
            connection.request("POST", "/v1/chat/completions", {"model": "gpt-4o", "messages": messages}, bearer(key))
            self.up.wait_requests(1)
        reply = self.when_free(key)
        self.assertLess(int(reply.header("x-ratelimit-remaining-tokens")), 100000 - 20000)

    def test_a_stream_that_is_left_is_settled_with_what_came(self):
        key = self.key(tokens_per_minute=100000, parallel=1)
        self.up.script(upstream.stepped(upstream.chat_events("a b c d e f", done=False), {}, hang=True))
        with self.weir.connect() as connection:
            connection.request("POST", "/v1/chat/completions", {**MESSAGE, "stream": True}, bearer(key))
            self.up.wait_requests(1)
        # Its slot and its tokens come back once the gateway has seen that the caller has left.
        reply = self.when_free(key)
        self.assertGreater(int(reply.header("x-ratelimit-remaining-tokens")), 100000 - 1000)


class Parallel(RateCase):
    def held(self, key, release, stream=False):
        self.up.script(upstream.held(release, upstream.Model()))
        connection = self.weir.connect()
        self.addCleanup(connection.close)
        connection.request(
            "POST", "/v1/chat/completions", {"model": "gpt-4o", "stream": stream, "messages": MESSAGE["messages"]},
            bearer(key),
        )  # fmt: skip
        return connection

    def test_no_more_at_the_same_time(self):
        key = self.key(parallel=2)
        release = threading.Event()
        self.addCleanup(release.set)
        running = [self.held(key, release), self.held(key, release, stream=True)]
        self.up.wait_requests(2)
        reply = self.weir.chat(headers=bearer(key))
        self.assert_limited(reply, ["at the same time", "limit 2"])
        self.assertIsNone(reply.header("x-ratelimit-limit-requests"))
        release.set()
        for connection in running:
            self.assertEqual(connection.read_reply().status, 200)
        self.assert_answers(self.weir.chat(headers=bearer(key)))

    def test_one_after_the_other_is_never_refused(self):
        key = self.key(parallel=1)
        for number in range(60):  # each on a connection of its own, on either reactor
            self.assert_answers(self.weir.chat(headers=bearer(key), stream=number % 2 == 0))
        self.assertEqual(self.weir.chat(headers=bearer(key), model="").status, 400)
        self.up.script(upstream.error(500, "no"))
        self.assertEqual(self.weir.chat(headers=bearer(key)).status, 500)
        self.assert_answers(self.weir.chat(headers=bearer(key)))


class Tenants(RateCase):
    env = {"KEY_ACME": "sk-acme-0001", "KEY_BIRCH": "sk-birch-0001"}

    @classmethod
    def config(cls):
        return simple(
            cls.up,
            reactors=2,
            keys=[
                {"key": "${KEY_ACME}", "tenant": "acme", "requests_per_minute": 1000},
                {"key": "${KEY_BIRCH}", "tenant": "birch"},
            ],
            tenants={"acme": {"requests_per_minute": 4}, "cedar": {"parallel": 1}},
        )

    def test_over_all_keys_of_a_tenant(self):
        made = self.create("acme")["key"]
        for number in range(4):
            reply = self.weir.chat(headers=bearer(made if number % 2 else "sk-acme-0001"))
            self.assertEqual(self.limits_of(reply, "requests")[:2], ("4", str(3 - number)))  # whichever has less left
        for key in (made, "sk-acme-0001"):
            self.assert_limited(self.weir.chat(headers=bearer(key)), ["tenant acme", "limit 4"])
        self.assert_answers(self.weir.chat(headers=bearer("sk-birch-0001")))
        self.assertGreaterEqual(self.metric('rate_limited_total{limit="requests",of="tenant"}'), 2)


class Upstreams(RateCase):
    HEADERS = [
        ("x-ratelimit-limit-requests", "777"),
        ("x-ratelimit-remaining-tokens", "778"),
        ("anthropic-ratelimit-requests-remaining", "779"),
        ("openai-processing-ms", "7"),
    ]

    def test_the_providers_own_limits_are_told_where_the_key_has_none(self):
        plain, limited = self.key(), self.key(tokens_per_minute=100000)
        only_parallel = self.key(parallel=3)
        for stream in (False, True):
            if stream:
                answer = upstream.stream(upstream.chat_events("Four."), headers=self.HEADERS)
            else:
                answer = upstream.body(upstream.chat_body("Four."), headers=self.HEADERS)
            self.up.answer = answer
            for key in (plain, only_parallel):
                reply = self.weir.chat(headers=bearer(key), stream=stream)
                self.assertEqual([reply.header(name) for name, _ in self.HEADERS], ["777", "778", "779", "7"])
            reply = self.weir.chat(headers=bearer(limited), stream=stream)
            self.assertIsNone(reply.header("x-ratelimit-limit-requests"))
            self.assertIsNone(reply.header("anthropic-ratelimit-requests-remaining"))
            self.assertGreater(int(reply.header("x-ratelimit-remaining-tokens")), 90000)
            self.assertEqual(reply.header("openai-processing-ms"), "7")
            names = [name.lower() for name, _ in reply.headers]
            self.assertEqual(names.count("x-ratelimit-remaining-tokens"), 1)


if __name__ == "__main__":
    unittest.main()
