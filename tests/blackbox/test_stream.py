"""Streams: relayed event by event, unchanged; what Weir asks for on its own behalf stays invisible."""

import json
import threading
import unittest

from harness import client, upstream
from harness.case import GatewayCase
from harness.gateway import nanos

USAGE = upstream.usage_of(1000, 20, cached=400)


def user(text="Count to five.", **members):
    return dict({"model": "gpt-4o", "messages": [{"role": "user", "content": text}], "stream": True}, **members)


class Streams(GatewayCase):
    def test_events_are_the_providers_own(self):
        events = upstream.chat_events("one two three four five", usage=USAGE)
        for how, piece in (("chunked", None), ("chunked", 1), ("chunked", 13), ("close", None)):
            with self.subTest(how=how, piece=piece):
                self.up.script(upstream.stream(events, how=how, piece=piece))
                reply = self.weir.chat(user(stream_options={"include_usage": True}))
                self.assertIn("text/event-stream", reply.header("content-type"))
                self.assertEqual(reply.body, b"".join(events))
                self.assertTrue(reply.complete)

    def test_comments_names_and_other_line_ends_pass(self):
        plain = upstream.chat_events("one two", usage=USAGE)
        events = [
            b": keep-alive\n\n",
            plain[0].replace(b"\n\n", b"\r\n\r\n"),
            b"event: note\n" + plain[1],
            b": ping\n\n",
        ] + plain[2:]
        self.up.script(upstream.stream(events))
        reply = self.weir.chat(user(stream_options={"include_usage": True}))
        self.assertEqual(reply.body, b"".join(events))

    def test_an_event_over_many_chunks_and_characters_cut_in_half(self):
        text = "d\u00e9j\u00e0 \U0001f600 " * 50
        events = [e.replace(b"\\u00e9", "\u00e9".encode()) for e in upstream.chat_events(text, usage=USAGE)]
        self.up.script(upstream.stream(events, how="close", piece=3))
        self.assert_answers(self.weir.chat(user(stream_options={"include_usage": True})), text)

    def test_injected_usage_is_invisible_and_counted(self):
        model = upstream.Model("one two three", tokens=(1000, 400, 20))
        self.up.answer = model
        request = b'{"stream" : true,"model":"gpt-4o", "messages":[{"role":"user","content":"hi"}] }'
        reply = self.weir.chat(request)
        self.assert_answers(reply, "one two three")
        self.assertNotIn(b"usage", reply.body)
        without = upstream.chat_events("one two three", {"id": "chatcmpl-1", "created": 1720000000, "model": "gpt-4o"})
        self.assertEqual([json.loads(e) for e in reply.events[:-1]], [json.loads(e[6:]) for e in without[:-1]])
        # The provider was asked, by an insertion into the caller's bytes and nothing else.
        sent = self.up.requests[0].body
        self.assertIs(json.loads(sent)["stream_options"]["include_usage"], True)
        front = next(i for i, (a, b) in enumerate(zip(request, sent)) if a != b)
        self.assertTrue(sent.endswith(request[front:]), sent)
        # 600 fresh at 2.5, 400 cached at 1.25, 20 out at 10 dollars a million.
        row = self.weir.row(reply)
        self.assertEqual(nanos(row["cost_usd"]), 600 * 2500 + 400 * 1250 + 20 * 10000)
        self.assertFalse(row["estimated"])

    def test_injection_into_given_stream_options(self):
        for options in ({}, {"include_usage": False}, {"include_obfuscation": False}, None):
            with self.subTest(options=options):
                self.up.forget()
                reply = self.weir.chat(user(stream_options=options))
                self.assertNotIn(b"usage", reply.body)
                sent = self.up.requests[0].json()["stream_options"]
                self.assertEqual(sent, dict(options or {}, include_usage=True))

    def test_usage_that_was_asked_for_is_delivered(self):
        self.up.answer = upstream.Model("one two", tokens=(10, 0, 2))
        reply = self.weir.chat(user(stream_options={"include_usage": True}))
        last = json.loads(reply.events[-2])
        self.assertEqual((last["choices"], last["usage"]["prompt_tokens"]), ([], 10))

    def test_each_event_goes_on_at_once(self):
        events = upstream.chat_events("one two three", usage=USAGE)
        steps = {i: threading.Event() for i in range(1, len(events))}
        self.up.script(upstream.stepped(events, steps))
        with self.weir.connect() as connection:
            connection.request("POST", "/v1/chat/completions", user(stream_options={"include_usage": True}))
            reply = connection.read_head()
            got = b""
            for index, event in enumerate(events):
                if index:
                    steps[index].set()
                while len(got) < sum(map(len, events[: index + 1])):  # the next is not sent before this one has come
                    self.assertTrue(connection.read_chunk(reply))
                    got = reply.body
                self.assertTrue(got.endswith(event))
            while connection.read_chunk(reply):
                pass
        self.assertEqual(got, b"".join(events))

    def test_error_event_of_the_provider_is_relayed(self):
        events = upstream.chat_events("one two three", usage=USAGE)[:2] + [
            upstream.event({"error": {"message": "model overloaded", "type": "server_error"}})
        ]
        self.up.script(upstream.stream(events))
        reply = self.weir.chat(user())
        self.assertIn("model overloaded", reply.events[-1])
        self.assertNotIn("[DONE]", reply.events)

    def test_cut_stream_ends_in_an_error_and_never_in_done(self):
        events = upstream.chat_events("one two three four", usage=USAGE)
        whole = sum(len(e) + len(b"%x\r\n\r\n" % len(e)) for e in events) + 5
        cases = {
            "cut between events": dict(events=events[:3], how="close"),
            "cut inside an event": dict(events=events, how="chunked", cut=whole // 2),
            "reset": dict(events=events, how="chunked", cut=whole // 2, reset=True),
            "ended without [DONE]": dict(events=events[:-1], how="chunked"),
        }
        for name, answer in cases.items():
            with self.subTest(name):
                self.up.script(upstream.stream(**answer))
                reply = self.weir.chat(user())
                self.assertEqual(reply.status, 200, reply)
                self.assertNotIn("[DONE]", reply.events)
                self.assertTrue(json.loads(reply.events[-1])["error"]["message"])
                for data in reply.events:
                    json.loads(data)  # no half event went out
                self.assertNotEqual(self.weir.row(reply)["attempts"][-1]["outcome"], "served")

    def test_malformed_event_is_an_error(self):
        events = upstream.chat_events("one two", usage=USAGE)
        self.up.script(upstream.stream(events[:2] + [b"data: {nonsense\n\n"] + events[2:]))
        reply = self.weir.chat(user())
        self.assertIn("error", json.loads(reply.events[-1]))
        self.assertNotIn(b"nonsense", reply.body)

    def test_cut_before_the_first_event_is_a_plain_error(self):
        for answer in (
            upstream.dropped(),
            upstream.dropped(reset=True),
            upstream.raw(b"HTTP/1.1 200 OK\r\ncontent-"),
            upstream.stream([]),
        ):
            self.up.script(answer, answer, answer)
            reply = self.weir.chat(user())
            if reply.status == 200:  # the head was out already: the stream must say so
                self.assertIn("error", json.loads(reply.events[-1]))
                self.assertNotIn("[DONE]", reply.events)
            else:
                self.assert_error(reply, (502, 503, 504))

    def test_error_before_a_stream_keeps_its_status(self):
        self.up.script(upstream.error(400, "this model can't stream", kind="invalid_request_error"))
        self.assert_error(self.weir.chat(user()), 400, "this model can't stream")

    def test_body_where_a_stream_was_asked(self):
        self.up.script(upstream.body(upstream.chat_body("no stream", usage=USAGE)))
        reply = self.weir.chat(user())
        if reply.status == 200:
            self.assert_answers(reply, "no stream")
        else:
            self.assert_error(reply, 502)

    def test_long_stream(self):
        text = " ".join("w%d" % i for i in range(5000))
        self.up.answer = upstream.Model(text)
        self.assert_answers(self.weir.chat(user()), text)


if __name__ == "__main__":
    unittest.main()
