"""A provider that fails: what is tried again, what is not, who answers instead, and what the ledger has of it."""

import threading
import unittest

from harness import upstream, wait_for
from harness.case import GatewayCase
from harness.client import stream_text
from harness.gateway import simple

KEY_ONE, KEY_TWO = "sk-one-0123456789", "sk-two-0123456789"
QUICK = {"most": 2, "backoff": "1ms", "longest": "2s", "budget": 1}
GOOD = upstream.Model()
BUSY = upstream.error(429, "slow down", kind="tokens", code="rate_limit_exceeded")


def chat(text="2+2?", model="gpt-4o", **more):
    return dict({"model": model, "messages": [{"role": "user", "content": text}]}, **more)


class ResilienceCase(GatewayCase):
    retries = QUICK

    @classmethod
    def config(cls):
        config = simple(cls.up)
        config["providers"]["fake"]["retries"] = cls.retries
        cls.adapt(config)
        return config

    @classmethod
    def adapt(cls, config):
        pass

    def outcomes(self, reply):
        return [(one["outcome"], one["status"]) for one in self.weir.row(reply)["attempts"]]


class Retries(ResilienceCase):
    def test_what_was_not_executed_is_asked_again(self):
        for first in (BUSY, upstream.error(503, "overloaded"), upstream.error(529, "overloaded")):
            self.up.forget()
            self.up.script(first)
            reply = self.weir.chat(chat(), [("x-weir-debug", "1")])
            self.assert_answers(reply)
            self.assertEqual(len(self.up.requests), 2)
            self.assertEqual(self.up.requests[0].body, self.up.requests[1].body)
            self.assertIn("asked again", reply.header("x-weir-why"))
            self.assertEqual([outcome for outcome, _ in self.outcomes(reply)], ["failed", "served"])

    def test_streams_before_their_first_byte(self):
        self.up.script(BUSY, BUSY)
        reply = self.weir.chat(chat(stream=True))
        self.assert_answers(reply)
        self.assertEqual(len(self.up.requests), 3)

    def test_not_for_ever(self):
        self.up.answer = BUSY
        reply = self.weir.chat(chat())
        self.assert_error(reply, 429, "slow down", kind="tokens", code="rate_limit_exceeded")
        self.assertEqual(len(self.up.requests), 3)
        self.assertEqual([status for _, status in self.outcomes(reply)], [429] * 3)

    def test_what_may_have_been_executed_is_not(self):
        events = upstream.stream([b"data: {}\n\n"], cut=0)
        cut = upstream.body({"choices": []}, cut=5)
        for bad in (upstream.error(500, "oh"), upstream.error(502, "oh"), cut, events):
            self.up.forget()
            self.up.script(bad)
            self.assertGreaterEqual(self.weir.chat(chat()).status, 500)
            self.assertEqual(len(self.up.requests), 1)

    def test_nor_what_is_wrong(self):
        for status in (400, 404, 413, 422, 401):
            self.up.forget()
            self.up.script(upstream.error(status, "no"))
            self.assertGreaterEqual(self.weir.chat(chat()).status, 400)
            self.assertEqual(len(self.up.requests), 1)

    def test_retry_after(self):
        self.up.script(upstream.error(429, "x", headers=[("retry-after", "0.2")]))
        reply = self.weir.chat(chat())
        self.assert_answers(reply)
        first, second = self.up.requests
        self.assertGreaterEqual(second.at - first.at, 0.2)
        # Longer than a request is to wait: the caller is told.
        self.up.forget()
        self.up.script(upstream.error(429, "x", headers=[("retry-after", "60")]))
        reply = self.weir.chat(chat())
        self.assertEqual((reply.status, reply.header("retry-after"), len(self.up.requests)), (429, "60", 1))

    def test_the_provider_says_no(self):
        self.up.script(upstream.error(503, "x", headers=[("x-should-retry", "false")]))
        self.assertEqual(self.weir.chat(chat()).status, 503)
        self.assertEqual(len(self.up.requests), 1)

    def test_other_apis(self):
        self.up.script(BUSY)
        message = {"model": "gpt-4o", "max_tokens": 9, "messages": [{"role": "user", "content": "2+2?"}]}
        reply = self.weir.ask("POST", "/v1/messages", message)
        self.assertEqual(reply.json()["content"][0]["text"], "Four.")
        self.up.script(BUSY, upstream.body({"ok": True}))
        self.assertEqual(self.weir.ask("POST", "/v1/moderations", {"model": "m"}).json(), {"ok": True})

    def test_a_caller_that_leaves_during_a_back_off(self):
        self.up.script(upstream.error(429, "x", headers=[("retry-after", "1.5")]))
        with self.weir.connect() as connection:
            connection.request("POST", "/v1/chat/completions", chat("who leaves"))
            self.up.wait_requests(1)
        wait_for(self.left, 5, "the caller to be gone")
        self.assertEqual(len(self.up.requests), 1)

    def left(self):
        return b"weir_caller_gone_total 1" in self.weir.admin("/metrics").body


class ExecutedToo(ResilienceCase):
    retries = dict(QUICK, executed_too=True)

    def test_where_the_operator_allows_it(self):
        for bad in (upstream.error(500, "oh"), upstream.dropped(), upstream.body(b"nonsense")):
            self.up.forget()
            self.up.script(bad)
            self.assert_answers(self.weir.chat(chat()))
            self.assertEqual(len(self.up.requests), 2)

    def test_but_nothing_twice_once_a_byte_went_out(self):
        event = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Fo"}}]}\n\n'
        self.up.script(upstream.stream([event, event], cut=len(event) + 20))
        reply = self.weir.chat(chat(stream=True))
        self.assertIn("upstream_broke_off", reply.events[-1])
        self.assertNotIn("[DONE]", reply.events)
        self.assertEqual(len(self.up.requests), 1)


class Budget(ResilienceCase):
    retries = dict(QUICK, budget=0)

    def test_an_outage_is_not_made_worse(self):
        self.up.answer = BUSY
        for _ in range(30):
            self.assertEqual(self.weir.chat(chat()).status, 429)
        self.assertEqual(len(self.up.requests), 40, "ten retries are saved up, and none comes after")


class Fallbacks(ResilienceCase):
    @classmethod
    def adapt(cls, config):
        cls.other = upstream.Upstream().start()
        cls.addClassCleanup(cls.other.stop)
        config["providers"]["other"] = {"api": "openai", "base_url": cls.other.base_url}
        config["models"]["other/spare"] = {"price": {"input": 1, "output": 2}}
        config["models"]["fake/gpt-4o"]["fallbacks"] = ["other/spare"]
        config["cascades"]["default"].update(tiers=["exact"], mode="serve")

    def setUp(self):
        super().setUp()
        self.other.forget()
        self.other.answer = upstream.Model("Vier.")

    def test_another_model_answers(self):
        for number, bad in enumerate((upstream.error(500, "x"), upstream.error(401, "x"), upstream.error(404, "x"),
                                      upstream.dropped(), upstream.body(b"nonsense"))):
            with self.subTest(number):
                self.up.answer = bad
                reply = self.weir.chat(chat("question %d" % number, temperature=0))
                self.assert_answers(reply, "Vier.")
                self.assertEqual(reply.header("x-weir-model"), "other/spare")
                row = self.weir.row(reply)
                self.assertEqual(row["model"], "other/spare")
                self.assertEqual(row["reference"], "fake/gpt-4o")
                self.assertEqual([one.get("model") for one in row["attempts"]][-1], "other/spare")
                self.assertEqual(self.other.requests[-1].model, "spare")

    def test_what_it_says_is_in_no_cache(self):
        body = chat("not to be kept", temperature=0)
        self.up.answer = upstream.error(500, "x")
        self.assert_answers(self.weir.chat(body), "Vier.")
        self.up.answer = GOOD
        self.assert_answers(self.weir.chat(body), "Four.")

    def test_streams(self):
        self.up.answer = upstream.error(500, "x")
        reply = self.weir.chat(chat("streamed", stream=True))
        self.assertEqual(stream_text(reply), "Vier.")

    def test_who_follows_a_stream_that_failed_gets_an_answer_once(self):
        """The same streamed request twice at the same time: what the reference began to say is in nobody's answer."""
        event = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Fo"}}]}\n\n'
        release = threading.Event()

        def begun(exchange):
            exchange.send(upstream.framed([], "chunked", kind="text/event-stream")[0])
            exchange.send(b"%x\r\n%s\r\n" % (20, event[:20]))  # no whole event
            return not exchange.wait_gone(release=release) and exchange.reset()

        self.up.answer = begun
        body = chat("followed", stream=True, temperature=0)
        with self.weir.connect() as first, self.weir.connect() as second:
            first.request("POST", "/v1/chat/completions", body)
            self.up.wait_requests(1)
            second.request("POST", "/v1/chat/completions", body)
            wait_for(lambda: b"weir_followers_total 1" in self.weir.admin("/metrics").body, 5, "one that follows")
            release.set()
            for connection in (first, second):
                reply = connection.read_reply()
                self.assert_answers(reply, "Vier.")
                self.assertEqual(reply.header("x-weir-model"), "other/spare")

    def test_a_wrong_request_is_wrong_everywhere(self):
        self.up.answer = upstream.error(400, "x")
        self.assertEqual(self.weir.chat(chat("wrong")).status, 400)
        self.assertEqual(self.other.requests, [])

    def test_the_last_one_tells(self):
        self.up.answer = upstream.error(500, "first")
        self.other.answer = upstream.error(503, "last")
        self.assert_error(self.weir.chat(chat("nobody")), 503, "last")


class Endpoints(ResilienceCase):
    env = {"KEY_ONE": KEY_ONE, "KEY_TWO": KEY_TWO}
    balance = "least_busy"

    @classmethod
    def adapt(cls, config):
        fake = config["providers"]["fake"]
        fake["endpoints"] = [{"key": "${KEY_ONE}", "weight": 3}, {"key": "${KEY_TWO}"}]
        fake["balance"] = cls.balance
        fake["ejection"] = {"failures": 2, "first": "1h", "longest": "1h"}

    def keys(self):
        return [seen.header("authorization").split()[1] for seen in self.up.requests]

    def test_1_all_are_asked(self):
        for _ in range(8):
            self.assert_answers(self.weir.chat(chat()))
        self.assertEqual(sorted(set(self.keys())), [KEY_ONE, KEY_TWO])

    def test_2_who_is_busy_is_spared(self):
        release = threading.Event()
        self.up.script(upstream.held(release, GOOD))
        with self.weir.connect() as connection:
            connection.request("POST", "/v1/chat/completions", chat("held"))
            self.up.wait_requests(1)
            for _ in range(2):
                self.assert_answers(self.weir.chat(chat()))
            release.set()
            self.assert_answers(connection.read_reply())
        self.assertGreaterEqual(len(set(self.keys())), 2)

    def test_3_another_key_is_tried_at_once_and_the_bad_one_left_out(self):
        def by_key(exchange):
            bad = KEY_ONE in exchange.seen.header("authorization")
            return (upstream.error(401, "revoked") if bad else GOOD)(exchange)

        self.up.answer = by_key
        for _ in range(12):
            self.assert_answers(self.weir.chat(chat()))
        self.assertEqual(self.keys().count(KEY_ONE), 2, "left out after two failures")
        self.assertIn(b'weir_endpoint_ejections_total 1', self.weir.admin("/metrics").body)
        # Whoever asks for what is not there shuts no endpoint.
        self.up.answer = upstream.error(404, "no such model")
        for _ in range(4):
            self.assertEqual(self.weir.chat(chat()).status, 404)
        self.assertIn(b'weir_endpoint_ejections_total 1', self.weir.admin("/metrics").body)


class Weighted(Endpoints):
    balance = "weighted"

    def test_1_all_are_asked(self):
        for _ in range(8):
            self.assert_answers(self.weir.chat(chat()))
        self.assertEqual((self.keys().count(KEY_ONE), self.keys().count(KEY_TWO)), (6, 2))


class Places(ResilienceCase):
    retries = {"most": 0}

    @classmethod
    def adapt(cls, config):
        config["providers"]["fake"].update(in_flight=1, queue=1, queue_time="30s")
        config["reactors"] = 2

    def test_one_at_a_time_one_waits_the_third_is_told(self):
        release = threading.Event()
        self.up.script(upstream.held(release, GOOD))
        with self.weir.connect() as first, self.weir.connect() as second:
            first.request("POST", "/v1/chat/completions", chat("first"))
            self.up.wait_requests(1)
            second.request("POST", "/v1/chat/completions", chat("second"))
            wait_for(lambda: b"weir_upstream_queued_total 1" in self.weir.admin("/metrics").body, 5, "one that waits")
            error = self.assert_error(self.weir.chat(chat("third")), 503, "waiting", code="upstream_busy")
            self.assertIn("fake/gpt-4o", error["message"])
            self.assertEqual(len(self.up.requests), 1)
            release.set()
            self.assert_answers(first.read_reply())
            self.assert_answers(second.read_reply())
        self.assertEqual(len(self.up.requests), 2)

    def test_who_waits_may_leave(self):
        release = threading.Event()
        self.up.script(upstream.held(release, GOOD))
        with self.weir.connect() as first:
            first.request("POST", "/v1/chat/completions", chat("first"))
            self.up.wait_requests(1)
            with self.weir.connect() as second:
                second.request("POST", "/v1/chat/completions", chat("leaves"))
            wait_for(lambda: b"weir_caller_gone_total 1" in self.weir.admin("/metrics").body, 5, "the caller to leave")
            release.set()
            self.assert_answers(first.read_reply())
        self.assert_answers(self.weir.chat(chat("the next")))
        self.assertEqual(len(self.up.requests), 2)


if __name__ == "__main__":
    unittest.main()
