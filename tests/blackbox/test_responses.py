"""OpenAI's Responses in front of a provider that speaks chat: the same entries, in the words of Responses."""

import json
import threading

from harness import upstream
from harness.dialects import TOKENS, DialectCase, chunk, typed_events
from harness.gateway import SMALL_TIER, simple

PATH = "/v1/responses"
USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 8},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 23,
}
TOOLS = [{"type": "function", "name": "get_weather", "description": "d", "parameters": {"type": "object"}}]
CHAT_TOOLS = [{"type": "function", "function": {k: v for k, v in TOOLS[0].items() if k != "type"}}]
SCHEMA = {"type": "object", "properties": {"n": {"type": "number"}}}


def request(question="What is two and two?", **members):
    return dict({"model": "gpt-4o", "input": question}, **members)


def events_of(reply):
    """The documents of the events, which are numbered."""
    found = typed_events(reply)
    assert [event["sequence_number"] for event in found] == list(range(len(found))), found
    return found


SAID = {
    "response.output_text": ("text", "output_text"),
    "response.refusal": ("refusal", "refusal"),
    "response.reasoning_text": ("text", "reasoning_text"),
    "response.function_call_arguments": ("arguments", None),
    "response.custom_tool_call_input": ("input", None),
}


def response_of(reply):
    """What a client makes of a stream that ended; its grammar is checked on the way."""
    events = events_of(reply)
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"], events[:2]
    assert events[0]["response"] == events[1]["response"] and events[0]["response"]["status"] == "in_progress"
    items, item, part, text, said = [], None, None, "", None
    for event in events[2:-1]:
        kind, _, step = event["type"].rpartition(".")
        assert event["output_index"] == len(items), event
        if event["type"] == "response.output_item.added":
            assert item is None, event
            item = event["item"]
            assert item.get("status") == "in_progress"
            item = dict(item, **({"content": []} if "content" in item else {}))
            text, said = "", None
            continue
        assert item is not None, event
        if event["type"] == "response.output_item.done":
            assert part is None and event["item"]["id"] == item["id"], event
            whole = dict(item, status=event["item"]["status"])
            if said:
                whole[said[0]] = said[1]
            assert event["item"] == whole, (event, whole)
            items.append(event["item"])
            item = None
            continue
        assert event["item_id"] == item["id"], event
        if "content" in item:
            assert event["content_index"] == len(item["content"]), event
        if event["type"] == "response.content_part.added":
            part, text = event["part"], ""
        elif event["type"] == "response.content_part.done":
            assert part["type"] == event["part"]["type"], event
            assert said and event["part"][said[0]] == said[1], event
            item["content"].append(event["part"])
            part, said = None, None
        elif step == "delta":
            assert event["delta"], "an empty delta"
            text += event["delta"]
        else:
            assert step == "done" and said is None, event
            said = (SAID[kind][0], text)
            assert event[said[0]] == text, event
    assert item is None and part is None
    last = events[-1]
    assert last["type"] == "response." + last["response"]["status"], last
    assert last["response"]["output"] == items
    return last["response"]


def message(text, ident="msg_1"):
    return {
        "id": ident,
        "type": "message",
        "status": "completed",
        "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}],
        "role": "assistant",
    }


def said(answer="Four.", **members):
    return dict(
        {
            "id": "resp_1",
            "object": "response",
            "created_at": 1720000000,
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "model": "gpt-4o",
            "output": [message(answer)],
            "service_tier": None,
            "usage": USAGE,
            "background": False,
            "previous_response_id": None,
            "store": False,
            "instructions": None,
            "max_output_tokens": None,
            "max_tool_calls": None,
            "metadata": {},
            "parallel_tool_calls": True,
            "prompt_cache_key": None,
            "safety_identifier": None,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_logprobs": 0,
            "top_p": 1.0,
            "truncation": "disabled",
            "user": None,
            "reasoning": {"effort": None, "summary": None},
            "text": {"format": {"type": "text"}, "verbosity": "medium"},
        },
        **members,
    )


USAGE_CHUNK = upstream.event({"id": "chatcmpl-1", "choices": [], "usage": upstream.usage_of(*TOKENS[::2], TOKENS[1])})


def reply_output(reply, streamed):
    return (response_of(reply) if streamed else reply.json())["output"]


class ResponsesCase(DialectCase):
    path, request, read = PATH, staticmethod(request), staticmethod(response_of)


class Forwarded(ResponsesCase):
    def test_body_and_stream(self):
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                self.up.answer = upstream.Model(tokens=TOKENS)
                reply = self.ask(stream=streamed)
                self.assert_whole(reply, said(), streamed)
                row = self.weir.row(reply)
                attempt = row["attempts"][0]
                self.assertEqual((row["tier"], row["status"], row["complete"]), ("reference", 200, True))
                tokens = [attempt[name + "_tokens"] for name in ("input_uncached", "input_cached", "output")]
                self.assertEqual(tokens, [12, 8, 3])

    def test_what_the_provider_is_asked_and_what_comes_back_of_it(self):
        body = request(
            instructions="Be brief.",
            max_output_tokens=100,
            temperature=0.5,
            tools=TOOLS,
            tool_choice={"type": "function", "name": "get_weather"},
            parallel_tool_calls=False,
            metadata={"run": "7"},
            user="u-1",
            store=True,
            text={"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}, "verbosity": "low"},
            reasoning={"effort": "low", "summary": "auto"},
            stream=True,
        )
        reply = self.ask(body=body)
        seen = self.up.requests[0]
        self.assertEqual(seen.target, "/v1/chat/completions")
        self.assertEqual(
            seen.json(),
            {
                "model": "gpt-4o",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "What is two and two?"},
                ],
                "stream": True,
                "max_tokens": 100,
                "temperature": 0.5,
                "user": "u-1",
                "tools": CHAT_TOOLS,
                "parallel_tool_calls": False,
                "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
                },
                "verbosity": "low",
                "reasoning_effort": "low",
                "stream_options": {"include_usage": True},
            },
        )
        repeated = (
            "instructions max_output_tokens temperature tools tool_choice parallel_tool_calls metadata user text reasoning"
        )
        self.assert_whole(reply, said(**{name: body[name] for name in repeated.split()}), True)

    def test_a_turn_with_tools_and_the_next(self):
        arguments = '{"city":"Zürich","x":1.50}'
        calls = [{"index": 0, "id": "call_a", "type": "function", "function": {"name": "get_weather", "arguments": ""}}]
        pieces = [{"tool_calls": [{"index": 0, "function": {"arguments": arguments[i : i + 5]}}]} for i in range(0, 26, 5)]
        second = {"index": 1, "id": "call_b", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
        events = [
            chunk({"role": "assistant", "content": None, "reasoning_content": "Hm."}),
            chunk({"content": "I look."}),
            chunk({"tool_calls": calls}),
            *[chunk(piece) for piece in pieces],
            chunk({"tool_calls": [second]}),
            chunk({}, "tool_calls"),
            USAGE_CHUNK,
            upstream.DONE,
        ]
        output = [
            {
                "id": "rs_1",
                "type": "reasoning",
                "status": "completed",
                "summary": [],
                "content": [{"type": "reasoning_text", "text": "Hm."}],
            },
            message("I look."),
        ]
        for ident, call_id, given in (("fc_1", "call_a", arguments), ("fc_1_1", "call_b", "{}")):
            output.append(
                {
                    "id": ident,
                    "type": "function_call",
                    "status": "completed",
                    "arguments": given,
                    "call_id": call_id,
                    "name": "get_weather",
                }
            )
        for piece in (None, 1, 7):
            with self.subTest(piece=piece):
                self.up.script(upstream.stream(events, piece=piece))
                self.assert_whole(self.ask(tools=TOOLS, stream=True), said(output=output, tools=TOOLS), True)
        # The client sends back what it was given, and what its tools made of it.
        self.up.forget()
        outputs = [
            {"type": "function_call_output", "call_id": "call_a", "output": "sun"},
            {"type": "function_call_output", "call_id": "call_b", "output": [{"type": "input_text", "text": "rain"}]},
        ]
        self.assertEqual(self.ask(request([{"role": "user", "content": "Weather?"}] + output + outputs)).status, 200)
        called = [
            {"id": call_id, "type": "function", "function": {"name": "get_weather", "arguments": given}}
            for call_id, given in (("call_a", arguments), ("call_b", "{}"))
        ]
        self.assertEqual(
            self.up.requests[0].json()["messages"],
            [
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": "I look.", "tool_calls": called},
                {"role": "tool", "tool_call_id": "call_a", "content": "sun"},
                {"role": "tool", "tool_call_id": "call_b", "content": "rain"},
            ],
        )

    def test_incomplete_refused_and_likely(self):
        cut = dict(message("It is"), status="incomplete")
        for streamed in (False, True):
            self.up.answer = upstream.Model("It is", tokens=TOKENS, finish="length")
            details = {"reason": "max_output_tokens"}
            expected = said(output=[cut], status="incomplete", incomplete_details=details)
            self.assert_whole(self.ask(stream=streamed), expected, streamed)
        refusal = {"role": "assistant", "content": None, "refusal": "I can't."}
        self.up.answer = upstream.Model(tokens=TOKENS, message=refusal)
        content = self.ask().json()["output"][0]["content"]
        self.assertEqual(content, [{"type": "refusal", "refusal": "I can't."}])
        self.up.answer = upstream.Model(tokens=TOKENS)
        for streamed in (False, True):
            reply = self.ask(include=["message.output_text.logprobs"], stream=streamed)
            probs = reply_output(reply, streamed)[0]["content"][0]["logprobs"]
            self.assertEqual(probs, [{"token": "Four.", "logprob": -0.01, "bytes": list(b"Four."), "top_logprobs": []}])
        self.assertTrue(all(seen.json()["logprobs"] for seen in self.up.requests[-2:]))

    def test_events_come_as_they_come(self):
        release = threading.Event()
        events = [b": wait\n\n", chunk({"content": "one"}), chunk({"content": " two"}), chunk({}, "stop"), upstream.DONE]
        self.up.script(upstream.stepped(events, {2: release}))
        with self.weir.connect() as connection:
            connection.request("POST", PATH, request(stream=True))
            reply = connection.read_head()
            while b'"one"' not in reply.body:
                self.assertTrue(connection.read_chunk(reply))
            self.assertTrue(reply.body.startswith(b": wait\n\nevent: response.created"))
            release.set()
            connection.read_body(reply)
        response = response_of(reply)
        self.assertEqual(response["output"], [message("one two")])
        self.assertIsNone(response["usage"], "the provider has told none")

    def test_a_broken_upstream_never_looks_like_an_end(self):
        whole = b"".join([chunk({"content": "one"}), chunk({"content": " two"}), chunk({}, "stop"), upstream.DONE])
        for cut in range(0, len(whole), 29):
            with self.subTest(cut=cut):
                self.up.script(upstream.stream([whole], how="close", cut=cut))
                reply = self.ask(stream=True)
                if reply.status != 200:
                    self.assert_error(reply, 502, kind="server_error")
                    continue
                self.assert_failed(reply)
        for how in (
            upstream.event({"error": {"message": "overloaded", "code": 529}}),
            b'event: error\ndata: {"message": "overloaded"}\n\n',
        ):
            self.up.script(upstream.stream([chunk({"content": "one"}), how, upstream.DONE]))
            reply = self.ask(stream=True)
            self.assert_failed(reply, "overloaded")
            self.assertFalse(self.weir.row(reply)["complete"])
        self.up.script(upstream.stream([chunk({"content": "one"}), upstream.DONE]))
        self.assert_failed(self.ask(stream=True), "before it was finished")

    def assert_failed(self, reply, mentions=""):
        events = events_of(reply)
        kinds = [event["type"] for event in events]
        self.assertEqual(kinds[:2], ["response.created", "response.in_progress"])
        self.assertEqual(kinds[-2:], ["error", "response.failed"])
        self.assertEqual((kinds.count("error"), kinds.count("response.completed")), (1, 0))
        self.assertIn(mentions, events[-2]["message"])
        self.assertEqual(events[-2]["error"]["message"], events[-2]["message"])
        response = events[-1]["response"]
        self.assertEqual((response["status"], response["error"]["code"]), ("failed", "server_error"))
        self.assertIn(mentions, response["error"]["message"])

    def test_errors(self):
        for members, param in (
            ({"previous_response_id": "resp_1"}, "previous_response_id"),
            ({"conversation": "conv_1"}, "conversation"),
            ({"background": True}, "background"),
            ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
            ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
            ({"include": ["code_interpreter_call.outputs"]}, "include[0]"),
            ({"truncation": "auto"}, "truncation"),
            ({"seed": 1}, "seed"),
            ({"model": None}, "model"),
            ({"model": 5}, "model"),
            ({"temperature": "hot"}, "temperature"),
        ):
            with self.subTest(param=param):
                reply = self.ask(dict(request(), **members))
                self.assert_error(reply, 400, param, kind="invalid_request_error", param=param)
        self.assert_error(self.ask(b"{"), 400)
        self.assert_error(self.ask(headers=[("x-weir-cache", "only")]), 504)
        self.assert_error(self.weir.ask("GET", PATH), 405, "POST")
        self.assert_error(self.weir.ask("GET", PATH + "/resp_1"), 404, PATH)
        self.assertEqual(self.up.requests, [])
        for streamed in (False, True):
            self.up.script(upstream.error(429, "so it is", [("retry-after", "3")], "tokens", "rate_limit_exceeded"))
            reply = self.ask(stream=streamed)
            self.assert_error(reply, 429, "so it is", kind="tokens", code="rate_limit_exceeded")
            self.assertEqual(reply.header("retry-after"), "3")

    def test_a_caller_who_leaves(self):
        self.assert_leaving_cancels()


class Shared(ResponsesCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact"])

    def by_api(self, api, text, streamed):
        """Asks the same question by each API; returns the reply and the text it gave."""
        if api == "responses":
            reply = self.ask(request(text, max_output_tokens=100, stream=streamed))
            response = response_of(reply) if streamed else reply.json()
            return reply, response["output"][0]["content"][0]["text"]
        messages = [{"role": "user", "content": text}]
        if api == "chat":
            reply = self.weir.chat({"model": "gpt-4o", "messages": messages, "max_tokens": 100, "stream": streamed})
            self.assert_answers(reply)
            return reply, "Four."
        if api == "messages":
            body = {"model": "gpt-4o", "messages": messages, "max_tokens": 100, "stream": streamed}
            reply = self.weir.ask("POST", "/v1/messages", body)
            return reply, "Four." if b"Four." in reply.body else ""
        body = {"model": "gpt-4o", "prompt": text, "max_tokens": 100, "stream": streamed}
        reply = self.weir.ask("POST", "/v1/completions", body)
        if not streamed:
            return reply, reply.json()["choices"][0]["text"]
        return reply, "".join(json.loads(e)["choices"][0]["text"] for e in reply.events[:-1])

    def test_one_entry_for_every_api_body_and_stream(self):
        order = [(api, streamed) for api in ("chat", "responses", "messages", "completions") for streamed in (False, True)]
        for first in order:
            with self.subTest(first=first):
                self.up.forget()
                self.up.answer = upstream.Model(tokens=TOKENS)
                for number, (api, streamed) in enumerate([first] + order):
                    reply, text = self.by_api(api, "Asked first by %s, streamed: %s?" % first, streamed)
                    self.assertEqual((reply.status, text), (200, "Four."), (api, streamed))
                    self.assertEqual(reply.header("x-weir-cache"), "miss" if number == 0 else "hit", (api, streamed))
                self.assertEqual(len(self.up.requests), 1)

    def test_a_hit_is_the_same_response(self):
        call = {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": '{"n": 1.50}'}}
        answer = {"role": "assistant", "content": None, "reasoning_content": "Hm.", "tool_calls": [call]}
        self.up.answer = upstream.Model(tokens=TOKENS, message=answer, finish="tool_calls")
        body = request("Weather?", tools=TOOLS)
        first = self.ask(body)
        self.assertEqual(first.header("x-weir-cache"), "miss")
        self.assertEqual([item["type"] for item in first.json()["output"]], ["reasoning", "function_call"])
        self.assertEqual(first.json()["output"][1]["arguments"], '{"n": 1.50}')
        again = self.ask(dict(body, stream=True, user="another"))
        self.assertEqual(again.header("x-weir-cache"), "hit")
        self.assertEqual(response_of(again), dict(first.json(), user="another"))
        # And the one that began as chat.
        chat = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Weather?"}], "tools": CHAT_TOOLS}
        self.assertEqual(self.weir.chat(chat).json()["choices"][0]["message"]["tool_calls"], [call])
        self.assertEqual(len(self.up.requests), 1)

    def test_structured_output_shares_with_chat(self):
        self.up.answer = upstream.Model('{"n":1.0}', tokens=TOKENS)
        text_format = {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}
        reply = self.ask(request("A number.", text={"format": text_format}))
        self.assertEqual(reply.json()["output"][0]["content"][0]["text"], '{"n":1.0}')
        self.assertEqual(reply.json()["text"]["format"], text_format)
        chat = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}
        messages = [{"role": "user", "content": "A number."}]
        reply = self.weir.chat({"model": "gpt-4o", "messages": messages, "response_format": chat})
        self.assertEqual(reply.header("x-weir-cache"), "hit")

    def test_another_question_is_another_entry(self):
        self.ask(request("Alike?"))
        for members in (
            {"max_output_tokens": 101},
            {"instructions": "s"},
            {"tools": TOOLS},
            {"reasoning": {"effort": "low"}},
            {"text": {"format": {"type": "json_object"}}},
            {"top_logprobs": 2},
            {"input": [{"role": "developer", "content": "d"}, {"role": "user", "content": "Alike?"}]},
        ):
            reply = self.ask(dict(request("Alike?"), **members))
            self.assertEqual(reply.header("x-weir-cache"), "miss", members)
        for members in (
            {"metadata": {"a": "b"}, "store": True, "truncation": "disabled", "reasoning": {"summary": "auto"}},
            {"include": ["reasoning.encrypted_content"], "text": {"format": {"type": "text"}}, "tools": []},
            {"input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Alike?"}]}]},
        ):
            reply = self.ask(dict(request("Alike?"), **members))
            self.assertEqual(reply.header("x-weir-cache"), "hit", members)

    def test_incomplete_answers_are_not_kept(self):
        self.up.answer = upstream.Model("It is", tokens=TOKENS, finish="length")
        for _ in range(2):
            self.assertEqual(self.ask(request("Long?")).header("x-weir-cache"), "miss")

    def test_one_call_for_a_crowd_of_every_api(self):
        usage = upstream.usage_of(TOKENS[0], TOKENS[2], TOKENS[1])
        events = upstream.chat_events("Four.", {"id": "chatcmpl-1", "created": 1720000000, "model": "gpt-4o"}, usage)
        apis = ("chat", "responses", "messages", "completions")
        for leader in apis:
            text, release, got = "Who asks after %s?" % leader, threading.Event(), [None] * 16
            self.up.forget()
            self.up.script(upstream.stepped(events, {2: release}))

            def one(index):
                api = leader if index == 0 else apis[index % 4]
                got[index] = self.by_api(api, text, index == 0 or index % 3 > 0)

            threads = [threading.Thread(target=one, args=(index,)) for index in range(len(got))]
            threads[0].start()
            self.up.wait_requests(1)
            for thread in threads[1:]:
                thread.start()
            release.set()
            for thread in threads:
                thread.join()
            for index, (reply, answer) in enumerate(got):
                self.assertEqual((reply.status, answer), (200, "Four."), (leader, index))
            self.assertEqual(len(self.up.requests), 1)

    def test_followers_are_told_that_the_upstream_broke_off(self):
        self.up.script(upstream.stepped([chunk({"content": "one"})], {}, hang=True))
        with self.weir.connect() as leading, self.weir.connect() as following:
            messages = [{"role": "user", "content": "What breaks?"}]
            leading.request("POST", "/v1/chat/completions", {"model": "gpt-4o", "messages": messages, "stream": True})
            leading.read_head()
            following.request("POST", PATH, request("What breaks?", stream=True))
            reply = following.read_head()
            self.up.stop()
            following.read_body(reply)
        self.up.start()
        kinds = [event["type"] for event in events_of(reply)]
        self.assertEqual(kinds[-2:], ["error", "response.failed"])


class Tiers(ResponsesCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact", SMALL_TIER])

    def test_a_cheaper_model_answers(self):
        self.up.by_model = {"small": upstream.Model("Four.", tokens=TOKENS)}
        for streamed in (False, True):
            reply = self.ask(request("Cheap, streamed: %s?" % streamed, stream=streamed))
            response = response_of(reply) if streamed else reply.json()
            self.assertEqual(reply.header("x-weir-tier"), "model")
            self.assertEqual(response["model"], "small")
            self.assertEqual(response["output"][0]["content"][0]["logprobs"], [], "the caller did not ask for them")


if __name__ == "__main__":
    import unittest

    unittest.main()
