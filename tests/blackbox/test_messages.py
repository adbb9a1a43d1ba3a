"""Anthropic Messages in front of a provider that speaks OpenAI's chat: the same entries, in Anthropic's own words."""

import json
import threading

from harness import upstream
from harness.dialects import TOKENS, DialectCase, chunk, typed_events
from harness.gateway import SMALL_TIER, simple

PATH = "/v1/messages"
USAGE = {"input_tokens": 12, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 8, "output_tokens": 3}
TOOLS = [{"name": "get_weather", "description": "d", "input_schema": {"type": "object", "properties": {}}}]


def request(text="What is two and two?", **members):
    return dict({"model": "gpt-4o", "max_tokens": 100, "messages": [{"role": "user", "content": text}]}, **members)


def message_of(reply):
    """What a client makes of a stream; its grammar is checked on the way."""
    events = [event for event in typed_events(reply) if event["type"] != "ping"]
    assert events[0]["type"] == "message_start", events[0]
    assert [event["type"] for event in events[-2:]] == ["message_delta", "message_stop"], events[-2:]
    message = events[0]["message"]
    open_block = None
    for event in events[1:-2]:
        if event["type"] == "content_block_start":
            assert open_block is None and event["index"] == len(message["content"]), event
            open_block = dict(event["content_block"], json="")
        elif event["type"] == "content_block_delta":
            delta = event["delta"]
            key = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "json"}[delta["type"]]
            open_block[key] += delta["partial_json" if key == "json" else key]
        else:
            assert event == {"type": "content_block_stop", "index": len(message["content"])}, event
            whole, open_block = open_block, None
            pieces = whole.pop("json")
            if whole["type"] == "tool_use":
                whole["input"] = json.loads(pieces or "{}")
            message["content"].append(whole)
    assert open_block is None
    message.update(events[-2]["delta"])
    message["usage"].update(events[-2]["usage"])
    return message


def said(text, **members):
    return dict(
        {
            "id": "msg_chatcmpl-1",
            "type": "message",
            "role": "assistant",
            "model": "gpt-4o",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": USAGE,
        },
        **members,
    )


class MessagesCase(DialectCase):
    path, request, read = PATH, staticmethod(request), staticmethod(message_of)

    def assert_anthropic_error(self, reply, status, kind, mentions=()):
        self.assertEqual(reply.status, status, reply)
        self.assertIn("application/json", reply.header("content-type", ""))
        document = reply.json()
        self.assertEqual(set(document), {"type", "error", "request_id"})
        self.assertEqual((document["type"], document["error"]["type"]), ("error", kind))
        for text in [mentions] if isinstance(mentions, str) else mentions:
            self.assertIn(text, document["error"]["message"])
        return document

    def assert_whole(self, reply, message, streamed):
        super().assert_whole(reply, message, streamed)
        self.assertEqual(reply.header("request-id"), "req_" + reply.header("x-weir-request-id"))


class Forwarded(MessagesCase):
    def test_body_and_stream(self):
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                self.up.answer = upstream.Model(tokens=TOKENS)
                reply = self.ask(stream=streamed)
                self.assert_whole(reply, said("Four."), streamed)
                row = self.weir.row(reply)
                attempt = row["attempts"][0]
                self.assertEqual((row["tier"], row["status"], row["complete"]), ("reference", 200, True))
                tokens = [attempt[name + "_tokens"] for name in ("input_uncached", "input_cached", "output")]
                self.assertEqual(tokens, [12, 8, 3])

    def test_what_the_provider_is_asked(self):
        self.ask(
            system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            stop_sequences=["END"],
            temperature=0.5,
            tools=TOOLS,
            tool_choice={"type": "any", "disable_parallel_tool_use": True},
            metadata={"user_id": "u-1"},
            stream=True,
        )
        seen = self.up.requests[0]
        self.assertEqual(seen.target, "/v1/chat/completions")
        self.assertEqual(
            seen.json(),
            {
                "model": "gpt-4o",
                "max_tokens": 100,
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "What is two and two?"},
                ],
                "stop": ["END"],
                "temperature": 0.5,
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "get_weather",
                            "description": "d",
                            "parameters": {"type": "object", "properties": {}},
                        },
                    }
                ],
                "tool_choice": "required",
                "parallel_tool_calls": False,
                "user": "u-1",
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )

    def test_tools_streamed_mixed_and_whole(self):
        def calls(index, **members):
            return chunk({"tool_calls": [dict(index=index, **members)]})

        def named(index, ident, name):
            return calls(index, id=ident, type="function", function={"name": name, "arguments": ""})

        def more(index, text):
            return calls(index, function={"arguments": text})

        content = [
            {"type": "thinking", "thinking": "Hm.", "signature": ""},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "a", "name": "get_weather", "input": {"city": "Zürich", "x": 1.5}},
            {"type": "tool_use", "id": "b", "name": "get_time", "input": {}},
        ]
        events = [
            chunk({"role": "assistant", "content": None, "reasoning_content": "Hm."}),
            chunk({"content": "I look."}),
            named(0, "a", "get_weather"),
            more(0, '{"city":"Zür'),
            named(1, "b", "get_time"),
            more(1, "{"),
            more(0, 'ich","x":1.5}'),
            more(1, "}"),
            chunk({}, "tool_calls"),
            upstream.event({"id": "chatcmpl-1", "choices": [], "usage": upstream.usage_of(*TOKENS[::2], TOKENS[1])}),
            upstream.DONE,
        ]
        for piece in (None, 1, 7):
            with self.subTest(piece=piece):
                self.up.script(upstream.stream(events, piece=piece))
                reply = self.ask(tools=TOOLS, stream=True)
                self.assert_whole(reply, said("", content=content, stop_reason="tool_use"), True)
        message = {
            "role": "assistant",
            "content": "I look.",
            "reasoning_content": "Hm.",
            "tool_calls": [
                {
                    "id": "a",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Z\\u00fcrich","x":1.5}'},
                },
                {"id": "b", "type": "function", "function": {"name": "get_time", "arguments": ""}},
            ],
        }
        self.up.answer = upstream.Model(tokens=TOKENS, message=message, finish="tool_calls")
        self.assert_whole(self.ask(tools=TOOLS), said("", content=content, stop_reason="tool_use"), False)

    def test_comments_pass_and_events_come_as_they_come(self):
        release = threading.Event()
        events = [b": wait\n\n", chunk({"content": "one"}), chunk({"content": " two"}), chunk({}, "stop"), upstream.DONE]
        self.up.script(upstream.stepped(events, {2: release}))
        with self.weir.connect() as connection:
            connection.request("POST", PATH, request(stream=True))
            reply = connection.read_head()
            while b"one" not in reply.body:
                self.assertTrue(connection.read_chunk(reply))
            self.assertTrue(reply.body.startswith(b": wait\n\nevent: message_start"))
            release.set()
            connection.read_body(reply)
        self.assertEqual(message_of(reply)["content"], [{"type": "text", "text": "one two"}])
        self.assertEqual(message_of(reply)["usage"]["output_tokens"], 0, "the provider has told none")

    def test_a_broken_upstream_never_looks_like_an_end(self):
        whole = b"".join([chunk({"content": "one"}), chunk({"content": " two"}), chunk({}, "stop"), upstream.DONE])
        for cut in range(0, len(whole), 29):
            with self.subTest(cut=cut):
                self.up.script(upstream.stream([whole], how="close", cut=cut))
                reply = self.ask(stream=True)
                if reply.status != 200:
                    self.assert_anthropic_error(reply, 502, "api_error")
                    continue
                events = typed_events(reply)
                self.assertEqual(events[-1]["type"], "error")
                self.assertEqual(events[-1]["error"]["type"], "api_error")
                kinds = [event["type"] for event in events]
                self.assertEqual((kinds.count("error"), kinds.count("message_stop")), (1, 0))
        for how in (
            upstream.event({"error": {"message": "overloaded", "code": 529}}),
            b'event: error\ndata: {"message": "overloaded"}\n\n',
        ):
            self.up.script(upstream.stream([chunk({"content": "one"}), how, upstream.DONE]))
            reply = self.ask(stream=True)
            self.assertIn("overloaded", typed_events(reply)[-1]["error"]["message"])
            self.assertEqual([e["type"] for e in typed_events(reply)].count("error"), 1)
            self.assertFalse(self.weir.row(reply)["complete"])

    def test_an_end_without_a_reason_is_none(self):
        self.up.script(upstream.stream([chunk({"content": "one"}), upstream.DONE]))
        reply = self.ask(stream=True)
        self.assertEqual(typed_events(reply)[-1]["type"], "error")

    def test_a_body_where_a_stream_was_asked_for(self):
        usage = upstream.usage_of(TOKENS[0], TOKENS[2], TOKENS[1])
        head = {"id": "chatcmpl-1", "created": 1, "model": "gpt-4o"}
        self.up.script(upstream.body(upstream.chat_body("Four.", head, usage), headers=[("x-ratelimit-limit", "7")]))
        reply = self.ask(stream=True)
        self.assert_whole(reply, said("Four."), True)
        self.assertEqual(reply.header("x-ratelimit-limit"), "7")

    def test_an_answer_that_cannot_be_told(self):
        call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x"'}}
        self.up.answer = upstream.Model(message={"role": "assistant", "content": None, "tool_calls": [call]})
        self.assert_anthropic_error(self.ask(), 502, "api_error", "arguments of a tool call")

    def test_errors_in_anthropics_form(self):
        reply = self.ask(body=request(top_k=5))
        document = self.assert_anthropic_error(reply, 400, "invalid_request_error", "top_k: can't be expressed")
        self.assertEqual(document["request_id"], reply.header("request-id"))
        self.assert_anthropic_error(self.ask(body=b"{"), 400, "invalid_request_error")
        self.assert_anthropic_error(self.ask(body=request(model=5)), 400, "invalid_request_error", "model")
        self.assert_anthropic_error(
            self.ask(headers=[("x-weir-cache", "only")]), 504, "timeout_error", "x-weir-cache: only"
        )
        self.assert_anthropic_error(self.weir.ask("GET", PATH), 405, "invalid_request_error", "POST")
        self.assert_anthropic_error(self.weir.ask("POST", PATH + "/batches", {}), 404, "not_found_error", PATH)
        self.assertEqual(self.up.requests, [])
        self.assertEqual(self.weir.ask("GET", "/v1/messagesx").json()["error"]["code"], "not_found")

    def test_what_is_no_request_at_all(self):
        """Nobody knows the API yet: the form is read by the clients of both."""
        for sent, status in (
            (b"NONSENSE\r\n\r\n", 400),
            (b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413),
        ):
            with self.weir.connect() as connection:
                connection.send(sent)
                reply = connection.read_reply()
            self.assert_error(reply, status, kind="invalid_request_error")
            self.assertEqual(reply.json()["type"], "error")

    def test_errors_of_the_provider(self):
        for status, kind in ((400, "invalid_request_error"), (429, "rate_limit_error"), (500, "api_error")):
            for streamed in (False, True):
                self.up.script(upstream.error(status, "so it is", headers=[("retry-after", "3")]))
                reply = self.ask(stream=streamed)
                document = self.assert_anthropic_error(reply, status, kind)
                self.assertEqual(document["error"]["message"], "so it is")
                self.assertEqual(reply.header("retry-after"), "3")
        self.up.script(upstream.error(401, "bad key"))
        self.assert_anthropic_error(self.ask(), 502, "api_error", "bad key")
        self.up.script(upstream.body(b"<html>no</html>", 503))
        self.assert_anthropic_error(self.ask(), 503, "overloaded_error", "status 503")
        self.up.script(upstream.dropped(), upstream.dropped())
        self.assert_anthropic_error(self.ask(), 502, "api_error")
        self.up.script(upstream.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"))
        self.assert_anthropic_error(self.ask(), 502, "api_error", "no chat completion")

    def test_tokens_are_not_counted_by_guess(self):
        reply = self.weir.ask("POST", PATH + "/count_tokens", request())
        self.assert_anthropic_error(reply, 404, "not_found_error", "can't be counted")
        self.assert_anthropic_error(self.weir.ask("GET", PATH + "/count_tokens"), 405, "invalid_request_error")

    def test_a_caller_who_leaves(self):
        self.assert_leaving_cancels()


class Keys(MessagesCase):
    env = {"KEY_A": "sk-tenant-a-0001", "KEY_B": "sk-tenant-b-0001"}

    @classmethod
    def config(cls):
        keys = [{"key": "${KEY_A}", "tenant": "a"}, {"key": "${KEY_B}", "tenant": "b"}]
        return simple(cls.up, mode="serve", tiers=["exact"], keys=keys)

    def test_either_header_names_the_tenant(self):
        for headers in (
            [("x-api-key", "sk-tenant-a-0001")],
            [("Authorization", "Bearer sk-tenant-a-0001")],
            [("Authorization", "Bearer unknown-0001"), ("x-api-key", "sk-tenant-a-0001")],
        ):
            with self.subTest(headers):
                reply = self.ask(headers=headers)
                self.assertEqual(reply.status, 200)
                self.assertEqual(self.weir.row(reply)["tenant"], "a")
                self.assertEqual(self.weir.chat(headers=headers).status, 200)
                self.assertEqual(self.weir.ask("GET", "/v1/models", headers=headers).status, 200)
        for seen in self.up.requests:
            self.assertIsNone(seen.header("x-api-key"), "the caller's key stays here")
            self.assertNotIn("tenant-a", seen.header("authorization", ""))
        for headers in ([], [("x-api-key", "sk-unknown-0001")], [("x-api-key", "")]):
            self.assert_anthropic_error(self.ask(headers=headers), 401, "authentication_error", "x-api-key")
            reply = self.weir.ask("POST", PATH + "/count_tokens", request(), headers)
            self.assert_anthropic_error(reply, 401, "authentication_error")

    def test_tenants_do_not_share(self):
        text = "Whose is it?"
        chat = {"model": "gpt-4o", "max_tokens": 100, "messages": [{"role": "user", "content": text}]}
        for number, key in enumerate(("sk-tenant-a-0001", "sk-tenant-b-0001")):
            reply = self.weir.chat(chat, headers=[("x-api-key", key)])
            self.assertEqual(reply.header("x-weir-cache"), "miss")
            self.assertEqual(len(self.up.requests), number + 1)
            hit = self.ask(body=request(text), headers=[("x-api-key", key)])
            self.assertEqual(hit.header("x-weir-cache"), "hit")
        self.assertEqual(len(self.up.requests), 2)


class Shared(MessagesCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact"])

    def chat(self, text, **members):
        messages = [{"role": "user", "content": text}]
        return self.weir.chat(dict({"model": "gpt-4o", "messages": messages, "max_tokens": 100}, **members))

    def test_one_entry_for_both_apis_body_and_stream(self):
        order = (("chat", False), ("chat", True), ("messages", False), ("messages", True))
        for first in order:
            text = "Asked first by %s, streamed: %s?" % first
            with self.subTest(first=first):
                self.up.forget()
                self.up.answer = upstream.Model(tokens=TOKENS)
                for number, (api, streamed) in enumerate((first,) + order):
                    if api == "chat":
                        reply = self.chat(text, stream=streamed)
                        self.assert_answers(reply)
                    else:
                        reply = self.ask(body=request(text, stream=streamed))
                        self.assert_whole(reply, said("Four."), streamed)
                    self.assertEqual(reply.header("x-weir-cache"), "miss" if number == 0 else "hit", (api, streamed))
                    self.assertEqual(reply.header("age") is None, number == 0)
                self.assertEqual(len(self.up.requests), 1)

    def test_known_usage_stands_at_the_beginning_of_a_hit(self):
        self.ask(body=request("Known?"))
        events = typed_events(self.ask(body=request("Known?", stream=True)))
        self.assertEqual(events[0]["message"]["usage"], dict(USAGE, output_tokens=0))

    def test_the_same_bytes_to_two_paths(self):
        """A body that is good for both APIs, but means something else: chat passes top_k on, Messages refuses it."""
        body = request("Twice?", top_k=3)
        for _ in range(4):  # the memo of requests knows it from the third time on
            self.assertEqual(self.weir.chat(body).status, 200)
            self.assert_anthropic_error(self.ask(body=body), 400, "invalid_request_error", "top_k")
        both = request("And this?")
        for _ in range(4):
            self.assert_answers(self.weir.chat(both))
            self.assert_whole(self.ask(body=both), said("Four.", id=json.loads(self.ask(body=both).body)["id"]), False)

    def test_a_different_question_is_another_entry(self):
        self.ask(body=request("Alike?"))
        for other in (
            request("Alike?", max_tokens=101),
            request("Alike?", system="s"),
            request("Alike?", stop_sequences=["x"]),
            request("Alike?", tools=TOOLS),
            request("Alike?", output_config={"effort": "low"}),
        ):
            self.assertEqual(self.ask(body=other).header("x-weir-cache"), "miss", other)
        self.assertEqual(self.ask(body=request("Alike?", metadata={"user_id": "u"})).header("x-weir-cache"), "hit")

    def test_tool_calls_from_the_cache(self):
        call = {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": '{"n": 1.50}'}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        self.up.answer = upstream.Model(tokens=TOKENS, message=message, finish="tool_calls")
        body = request("Weather?", tools=TOOLS)
        first = self.ask(body=body)
        self.assertIn(b'"input":{"n": 1.50}', first.body)
        again = self.ask(body=dict(body, stream=True))
        self.assertEqual(again.header("x-weir-cache"), "hit")
        self.assertEqual(message_of(again), first.json())

    def test_one_call_for_a_crowd_of_both_apis(self):
        usage = upstream.usage_of(TOKENS[0], TOKENS[2], TOKENS[1])
        events = upstream.chat_events("One two.", {"id": "chatcmpl-1", "created": 1, "model": "gpt-4o"}, usage)
        for leader, crowd in (("chat", 12), ("messages", 12)):
            with self.subTest(leader=leader):
                self.lead(leader, crowd, events)

    def lead(self, leader, crowd, events):
        """`crowd` callers: every second one speaks Messages, every third one wants a body."""
        text, release, got = "Who asks after %s?" % leader, threading.Event(), [None] * crowd
        self.up.forget()
        self.up.script(upstream.stepped(events, {2: release}))

        def one(index):
            if index % 2:
                got[index] = self.chat(text, stream=index % 3 > 0)
            else:
                got[index] = self.ask(body=request(text, stream=index % 3 > 0))

        threads = [threading.Thread(target=one, args=(index,)) for index in range(crowd)]
        first = 1 if leader == "chat" else 2
        threads[first].start()
        self.up.wait_requests(1)
        for index, thread in enumerate(threads):
            if index != first:
                thread.start()
        release.set()
        for thread in threads:
            thread.join()
        for index, reply in enumerate(got):
            with self.subTest(index=index):
                if index % 2:
                    self.assert_answers(reply, "One two.")
                else:
                    self.assert_whole(reply, said("One two."), index % 3 > 0)
        self.assertEqual(len(self.up.requests), 1)

    def test_followers_of_another_api_are_told_that_the_upstream_broke_off(self):
        text, release = "What breaks?", threading.Event()
        self.up.script(upstream.stepped([chunk({"content": "one"})], {}, hang=True))
        with self.weir.connect() as leading, self.weir.connect() as following:
            messages = [{"role": "user", "content": text}]
            chat = {"model": "gpt-4o", "messages": messages, "max_tokens": 100, "stream": True}
            leading.request("POST", "/v1/chat/completions", chat)
            first = leading.read_head()
            following.request("POST", PATH, request(text, stream=True))
            second = following.read_head()
            self.assertEqual(second.header("x-weir-cache"), "hit")
            self.up.stop()
            leading.read_body(first)
            following.read_body(second)
            self.up.start()
        self.assertIn("error", json.loads(first.events[-1]))
        self.assertEqual(typed_events(second)[-1]["type"], "error")


class Meaning(MessagesCase):
    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact", "semantic"])
        config["cascades"]["default"]["cache"] = {"ttl": "30d", "semantic": {"audit": "0%"}}
        return config

    def test_another_wording_in_another_api(self):
        chat = {"model": "gpt-4o", "max_tokens": 100, "temperature": 0}
        question = {"role": "user", "content": "How do I reverse a list in Python?"}
        self.assert_answers(self.weir.chat(dict(chat, messages=[question])))
        for streamed in (False, True):
            other = "How can I reverse a list in Python, please?" + " " * streamed
            reply = self.ask(body=request(other, temperature=0, stream=streamed))
            self.assertEqual(reply.header("x-weir-cache"), "semantic-hit", reply)
            self.assert_whole(reply, said("Four."), streamed)
        reply = self.ask(body=request("How do I reverse a list in Java?", temperature=0))
        self.assertEqual(reply.header("x-weir-cache"), "miss")


class CheaperTier(MessagesCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact", SMALL_TIER])

    def test_a_cheaper_model_answers_in_the_callers_words(self):
        for streamed in (False, True):
            text = "Cheap? %s" % streamed
            reply = self.ask(body=request(text, stream=streamed))
            self.assertEqual(reply.header("x-weir-model"), "fake/small")
            message = message_of(reply) if streamed else reply.json()
            self.assertEqual(message["content"], [{"type": "text", "text": "Four."}])
            self.assertEqual(message["usage"], USAGE)


if __name__ == "__main__":
    import unittest

    unittest.main()
