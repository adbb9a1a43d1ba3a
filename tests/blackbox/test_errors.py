"""What a caller is told when its request is wrong: status, form, what and where; and it costs nobody a connection."""

import json
import unittest

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import simple

KEYS = {"KEY_ACME": "sk-test-acme-0001"}
CHAT = "/v1/chat/completions"
GOOD = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
BODY_LIMIT, HEAD_LIMIT = 64 * 1024, 4 * 1024


class Errors(GatewayCase):
    env = KEYS

    @classmethod
    def config(cls):
        config = simple(
            cls.up, keys=[{"key": "${KEY_ACME}", "tenant": "acme"}], limits={"body": "64KiB", "head": "4KiB"}
        )
        # With a second provider nobody can tell who would answer for a model of no known name.
        config["providers"]["another"] = {"api": "openai", "base_url": cls.up.base_url}
        return config

    AUTH = [("Authorization", "Bearer " + KEYS["KEY_ACME"])]

    def send(self, body, headers=None):
        return self.weir.ask("POST", CHAT, body, self.AUTH if headers is None else headers)

    def test_bodies_that_are_no_requests(self):
        wrong = {
            b"": (),
            b"{": (),
            b"null": (),
            b"[]": (),
            b'"x"': (),
            b"\xff\xfe{}": (),
            b"{}": ("model",),
            GOOD[:-1]: (),
            GOOD + b"x": (),
            GOOD.replace(b":", b"=", 1): (),
            b"{'model':'gpt-4o'}": (),
            GOOD.replace(b"hi", b"h\xff"): (),
            GOOD.replace(b"hi", b"h\ni"): (),
            GOOD.replace(b"hi", b"\\x"): (),
            GOOD.replace(b'"hi"', b"01"): (),
            GOOD.replace(b"}]", b"},]"): (),
            GOOD.replace(b'"hi"', b"[" * 5000 + b"]" * 5000): (),
            GOOD.replace(b'"hi"', b"NaN"): (),
            b'{"model":"gpt-4o"}': ("messages",),
            b'{"messages":[{"role":"user","content":"hi"}]}': ("model",),
            b'{"model":"gpt-4o","messages":[]}': ("messages",),
            b'{"model":"gpt-4o","messages":"hi"}': ("messages",),
            b'{"model":"gpt-4o","messages":["hi"]}': ("messages",),
            GOOD.replace(b'"gpt-4o"', b"7"): ("model",),
            GOOD.replace(b'"gpt-4o"', b'""'): ("model",),
            GOOD.replace(b'"gpt-4o"', b'"' + b"m" * 300 + b'"'): ("model",),
            GOOD[:-1] + b',"stream":"yes"}': ("stream",),
            GOOD[:-1] + b',"temperature":"hot"}': ("temperature",),
            GOOD[:-1] + b',"n":1.5}': ("n",),
            GOOD[:-1] + b',"stream_options":7}': ("stream_options",),
            GOOD[:-1] + b',"logprobs":3}': ("logprobs",),
        }
        for body, named in wrong.items():
            with self.subTest(body=body[:60]):
                error = self.assert_error(self.send(body), 400, named, kind="invalid_request_error")
                if named:
                    self.assertIn(named[0], error["param"] or "")
        self.assertEqual(self.up.requests, [])

    def test_malformed_json_says_where(self):
        error = self.assert_error(self.send(b'{"model":"gpt-4o",\n"messages":[}]}'), 400)
        self.assertRegex(error["message"], r"\d", "an offset or a line")

    def test_duplicates_of_what_a_decision_reads(self):
        for extra, name in (
            (b'"model":"gpt-4o-mini"', "model"),
            (b'"mod\\u0065l":"other"', "model"),
            (b'"messages":[]', "messages"),
            (b'"stream":true,"stream":false', "stream"),
            (b'"temperature":0,"temperature":1', "temperature"),
            (b'"n":1,"\\u006e":2', "n"),
        ):
            with self.subTest(extra=extra):
                error = self.assert_error(self.send(GOOD[:-1] + b"," + extra + b"}"), 400, name)
                self.assertEqual(error["type"], "invalid_request_error")
        self.assertEqual(self.up.requests, [])

    def test_keys(self):
        for headers in (
            [],
            [("Authorization", "Bearer sk-wrong-key-0000")],
            [("Authorization", "Bearer")],
            [("Authorization", "Basic c2stdGVzdA==")],
            [("Authorization", KEYS["KEY_ACME"])],
            [("Authorization", "Bearer " + KEYS["KEY_ACME"] + "x")],
            [("Authorization", "Bearer " + KEYS["KEY_ACME"][:-1])],
        ):
            with self.subTest(headers=headers):
                reply = self.send(GOOD, headers)
                error = self.assert_error(reply, 401)
                self.assertNotIn("sk-test-acme", json.dumps(error))
        self.assertEqual(self.up.requests, [])
        self.assert_answers(self.send(GOOD, [("authorization", "bearer " + KEYS["KEY_ACME"])]))
        self.assertEqual(self.weir.ask("GET", "/v1/models").status, 401)

    def test_unknown_model(self):
        reply = self.send(GOOD.replace(b"gpt-4o", b"gpt-99-turbo"))
        self.assert_error(reply, 404, "gpt-99-turbo", code="model_not_found")
        self.assertEqual(self.up.requests, [])

    def test_paths_and_methods(self):
        for method, path, status in (
            ("GET", "/v1/nothing", 404),
            ("POST", "/", 404),
            ("GET", CHAT, 405),
            ("DELETE", CHAT, 405),
            ("POST", "/v1/models", 405),
        ):
            with self.subTest(method=method, path=path):
                reply = self.weir.ask(method, path, GOOD if method == "POST" else None, self.AUTH)
                self.assert_error(reply, status)
                if status == 405:
                    self.assertIn("POST" if path == CHAT else "GET", reply.header("allow", ""))
        self.assertEqual(self.weir.ask("POST", CHAT + "?x=1", GOOD, self.AUTH).status, 200, "a query does no harm")

    def test_body_over_the_limit(self):
        for framing in ("length", "chunked"):
            with self.subTest(framing), self.weir.connect() as connection:
                big = GOOD.replace(b"hi", b"x" * (BODY_LIMIT + 1))
                if framing == "length":
                    connection.request("POST", CHAT, b"", self.AUTH + [("Content-Length", str(len(big)))])
                else:
                    connection.request("POST", CHAT, b"", self.AUTH + [("Transfer-Encoding", "chunked")])
                    connection.send(b"%x\r\n" % len(big))
                    try:
                        connection.send(big[: BODY_LIMIT + 1])
                    except OSError:
                        pass  # refused already
                self.assert_error(connection.read_reply(), 413)
        self.assertEqual(self.up.requests, [])

    def test_body_at_the_limit(self):
        body = GOOD.replace(b"hi", b"x" * (BODY_LIMIT - len(GOOD) + 2))
        self.assertEqual(len(body), BODY_LIMIT)
        self.assert_answers(self.send(body))
        self.assert_error(self.send(body.replace(b"xx", b"xxx", 1)), 413)

    def test_head_over_the_limit(self):
        reply = self.weir.ask("POST", CHAT, GOOD, self.AUTH + [("X-Long", "y" * (HEAD_LIMIT + 1))])
        self.assert_error(reply, 431)
        reply = self.weir.ask("GET", "/v1/models?" + "z" * HEAD_LIMIT, None, self.AUTH)
        self.assert_error(reply, (414, 431))

    def test_an_error_costs_no_connection(self):
        with self.weir.connect() as connection:
            for body, status in (
                (b"{", 400),
                (GOOD, 200),
                (GOOD.replace(b"gpt-4o", b"unknown"), 404),
                (b"{}", 400),
                (GOOD, 200),
            ):
                self.assertEqual(connection.ask("POST", CHAT, body, self.AUTH).status, status)
            self.assertEqual(connection.ask("POST", CHAT, GOOD, []).status, 401)
            self.assertEqual(connection.ask("GET", "/nowhere", None, self.AUTH).status, 404)
            self.assertEqual(connection.ask("POST", CHAT, GOOD, self.AUTH).status, 200)

    def test_errors_carry_the_request_id(self):
        self.assertTrue(self.send(GOOD.replace(b"gpt-4o", b"unknown")).header("x-weir-request-id"))

    def test_providers_errors_keep_their_words(self):
        for status, allowed in (
            (400, {400}),
            (403, {403, 502}),
            (404, {404}),
            (409, {409}),
            (422, {422}),
            (429, {429}),
            (500, {500, 502}),
            (503, {503}),
            (529, {529, 503, 502}),
        ):
            with self.subTest(status=status):
                self.up.script(
                    upstream.error(
                        status,
                        'words of %d: \u00fc"\\' % status,
                        [("Retry-After", "17")],
                        kind="some_error",
                        code="some_code",
                    )
                )
                reply = self.send(GOOD)
                self.assert_error(reply, allowed, 'words of %d: \u00fc"\\' % status)
                if status in (429, 503):
                    self.assertEqual(reply.header("retry-after"), "17")
                if status in (400, 429):
                    self.assertEqual((reply.error["type"], reply.error["code"]), ("some_error", "some_code"))

    def test_providers_errors_in_other_forms(self):
        for document, words in (
            ({"error": "just text"}, "just text"),
            ({"message": "top message"}, "top message"),
            ({"detail": "fast api"}, "fast api"),
            (b"plain words", "plain words"),
        ):
            with self.subTest(document=document):
                self.up.script(upstream.body(document, status=400))
                self.assert_error(self.send(GOOD), 400, words)

    def test_a_wrong_key_of_the_operator_is_not_the_callers_fault(self):
        self.up.script(upstream.error(401, "Incorrect API key provided"))
        reply = self.send(GOOD)
        self.assertGreaterEqual(reply.status, 400)
        self.assertNotEqual(reply.status, 404)
        self.assertTrue(reply.error["message"])


class Faults(GatewayCase):
    """A provider that breaks its protocol: an error, never a silent short answer."""

    @classmethod
    def config(cls):
        return simple(cls.up, limits={"first_byte": "300ms", "idle": "300ms", "connect": "300ms", "answer": "256KiB"})

    def test_broken_answers(self):
        whole = upstream.chat_body("Four.", usage=upstream.usage_of(1, 1))
        length = len(json.dumps(whole))
        broken = {
            "cut by length": (upstream.body(whole, cut=length // 2), 502),
            "cut in chunks": (upstream.body(whole, how="chunked", cut=length // 2), 502),
            "cut, no length": (upstream.body(json.dumps(whole).encode()[: length // 2], how="close"), 502),
            "reset": (upstream.body(whole, cut=length // 2, reset=True), 502),
            "shorter than said": (upstream.body(whole, length=length + 10, close=True), 502),
            "longer than said": (upstream.body(whole, length=length - 10, close=True), 502),
            "no JSON": (upstream.body(b"<html>it works</html>"), 502),
            "empty": (upstream.body(b""), 502),
            "no choices": (upstream.body({"id": "x"}), 502),
            "empty choices": (upstream.body({"choices": []}), 502),
            "choice without message": (upstream.body({"choices": [{"index": 0}]}), 502),
            "no HTTP": (upstream.raw(b"220 smtp ready\r\n\r\n"), 502),
            "bad chunk size": (
                upstream.raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
                502,
            ),
            "two lengths": (
                upstream.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}\r\n"),
                502,
            ),
            "folded header": (upstream.raw(b"HTTP/1.1 200 OK\r\na: b\r\n c\r\ncontent-length: 2\r\n\r\n{}"), 502),
            "head too large": (upstream.raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100000 + b"\r\n\r\n"), 502),
            "answer too large": (upstream.Model("z" * 300000), 502),
            "says nothing": (upstream.hang(), 504),
            "stops in the head": (upstream.held_after(b"HTTP/1.1 200 OK\r\ncontent-"), 504),
            "stops in the body": (upstream.held_after(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id":'), 504),
            "redirect": (
                upstream.raw(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
                502,
            ),
        }
        for name, (answer, status) in broken.items():
            with self.subTest(name):
                self.up.script(answer)
                reply = self.weir.chat()
                self.assert_error(reply, status)
                self.assertEqual(self.weir.row(reply)["status"], status)
                self.up._script.queue.clear()
        self.assert_answers(self.weir.chat())

    def test_early_hints_are_skipped(self):
        whole = json.dumps(upstream.chat_body("Four.", usage=upstream.usage_of(1, 1))).encode()
        self.up.script(
            upstream.raw(
                b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: %d\r\n"
                b"content-type: application/json\r\n\r\n%s" % (len(whole), whole)
            )
        )
        self.assert_answers(self.weir.chat())

    def test_a_stalled_stream_ends_in_an_error(self):
        events = upstream.chat_events("one two three", usage=upstream.usage_of(1, 1))
        self.up.script(upstream.stepped(events[:3], {}, hang=True))
        reply = self.weir.chat(stream=True)
        self.assertEqual(reply.status, 200)
        self.assertIn("error", json.loads(reply.events[-1]))
        self.assertNotIn("[DONE]", reply.events)

    def test_stale_connections_are_not_the_callers_problem(self):
        for _ in range(20):
            self.up.script(upstream.then_close(upstream.Model()))
            self.assert_answers(self.weir.chat())

    def test_a_request_that_may_have_been_processed_is_not_sent_twice(self):
        self.assert_answers(self.weir.chat())  # the connection is pooled
        self.up.script(upstream.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"))
        self.assert_error(self.weir.chat(), 502)
        self.assertEqual(len(self.up.requests), 2)

    def test_provider_down_and_up_again(self):
        self.assert_answers(self.weir.chat())
        self.up.stop()
        self.assert_error(self.weir.chat(), {502, 503})
        self.up.start()
        self.assert_answers(self.weir.chat())


if __name__ == "__main__":
    unittest.main()
