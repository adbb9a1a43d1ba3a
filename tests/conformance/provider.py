"""What the fake provider answers the official clients: by the scenario that the last user message names."""

import json
import threading

from harness import upstream

USAGE = upstream.usage_of(11, 7, cached=3)
BASE = {"id": "chatcmpl-conf", "created": 1720000000, "model": "gpt-4o-2024-08-06", "service_tier": "default"}
TEXT = "It is four, d\u00e9j\u00e0 vu \U0001f600."


def call(number, name, arguments, index=None):
    made = {"id": "call_%d" % number, "type": "function", "function": {"name": name, "arguments": arguments}}
    return made if index is None else dict({"index": index}, **made)


ONE_CALL = [call(1, "get_weather", '{"city":"Paris"}')]
TWO_CALLS = ONE_CALL + [call(2, "get_time", '{"zone": "CET", "fmt":"\\u00e9"}')]
LABEL = '{"label":"refund","confidence":0.90}'


def message(content=None, calls=None, refusal=None):
    made = {"role": "assistant", "content": content, "refusal": refusal}
    return dict(made, tool_calls=calls) if calls else made


def chunk(delta, finish=None, logprobs=None, index=0):
    return upstream.event(
        dict(
            BASE,
            object="chat.completion.chunk",
            system_fingerprint="fp_conf",
            choices=[{"index": index, "delta": delta, "finish_reason": finish, "logprobs": logprobs}],
        )
    )


def call_events(calls):
    """Each call's arguments in pieces of three characters."""
    events = [chunk({"role": "assistant", "content": None})]
    for index, made in enumerate(calls):
        arguments = made["function"]["arguments"]
        events.append(chunk({"tool_calls": [call(index + 1, made["function"]["name"], "", index)]}))
        for at in range(0, len(arguments), 3):
            events.append(chunk({"tool_calls": [{"index": index, "function": {"arguments": arguments[at : at + 3]}}]}))
    return events + [chunk({}, "tool_calls")]


def token_probs(text):
    return [
        {
            "token": p,
            "logprob": -0.25,
            "bytes": list(p.encode()),
            "top_logprobs": [
                {"token": p, "logprob": -0.25, "bytes": list(p.encode())},
                {"token": " no", "logprob": -1.5, "bytes": [32, 110, 111]},
            ],
        }
        for p in upstream.pieces_of(text)
    ]


class Provider:
    """An answerer for harness.upstream.Upstream."""

    def __init__(self):
        self.failures_left = {}
        self.lock = threading.Lock()
        # One token an item: an item's share of a batch's tokens is known exactly then.
        self.embedder = upstream.Embedder(size=24, tokens=lambda item: 1)

    def __call__(self, exchange):
        request = exchange.seen.json()
        if exchange.seen.target == "/v1/embeddings":
            if request["input"] == "refuse me":
                return upstream.error(429, "too much", kind="tokens", code="rate_limit_exceeded")(exchange)
            return self.embedder(exchange)
        if exchange.seen.target in OTHERS:
            return OTHERS[exchange.seen.target](exchange)
        scenario = request["messages"][-1]["content"]
        if not isinstance(scenario, str):
            scenario = scenario[0]["text"]
        scenario = scenario.split()[0]
        return getattr(self, "do_" + scenario)(request, exchange)(exchange)

    def answer(self, request, body_message, events, finish="stop", logprobs=None):
        usage = (request.get("stream_options") or {}).get("include_usage")
        if request.get("stream"):
            last = (
                [upstream.event(dict(BASE, object="chat.completion.chunk", choices=[], usage=USAGE))] if usage else []
            )
            return upstream.stream(events + last + [upstream.DONE], headers=[("x-request-id", "req_conf")])
        choices = [
            {"index": i, "message": body_message, "finish_reason": finish, "logprobs": logprobs}
            for i in range(request.get("n") or 1)
        ]
        return upstream.body(
            dict(BASE, object="chat.completion", system_fingerprint="fp_conf", choices=choices, usage=USAGE),
            headers=[("x-request-id", "req_conf")],
        )

    def do_chat(self, request, _):
        events = [chunk({"role": "assistant", "content": ""})] + [
            chunk({"content": p}) for p in upstream.pieces_of(TEXT)
        ]
        return self.answer(request, message(TEXT), events + [chunk({}, "stop")])

    def do_logprobs(self, request, _):
        probs = token_probs(TEXT)
        events = [chunk({"role": "assistant", "content": ""})]
        events += [
            chunk({"content": p}, None, {"content": [probs[i]], "refusal": None})
            for i, p in enumerate(upstream.pieces_of(TEXT))
        ]
        return self.answer(
            request, message(TEXT), events + [chunk({}, "stop")], logprobs={"content": probs, "refusal": None}
        )

    def do_tool(self, request, _):
        return self.answer(request, message(calls=ONE_CALL), call_events(ONE_CALL), "tool_calls")

    def do_tools(self, request, _):
        return self.answer(request, message(calls=TWO_CALLS), call_events(TWO_CALLS), "tool_calls")

    def do_schema(self, request, _):
        events = [chunk({"role": "assistant", "content": ""})] + [
            chunk({"content": LABEL[i : i + 4]}) for i in range(0, len(LABEL), 4)
        ]
        return self.answer(request, message(LABEL), events + [chunk({}, "stop")])

    def do_refusal(self, request, _):
        return self.answer(
            request,
            message(refusal="I can't."),
            [chunk({"role": "assistant", "refusal": "I can't."}), chunk({}, "stop")],
        )

    def do_thinking(self, request, _):
        """As DeepSeek, vLLM and llama-server tell what a model thought."""
        events = [chunk({"role": "assistant", "content": None, "reasoning_content": "Two"})]
        events += [chunk({"reasoning_content": " and two."}), chunk({"content": "Four."}), chunk({}, "stop")]
        return self.answer(request, dict(message("Four."), reasoning_content="Two and two."), events)

    def do_length(self, request, _):
        return self.answer(
            request, message("It is"), [chunk({"role": "assistant", "content": "It is"}), chunk({}, "length")], "length"
        )

    def do_status(self, request, _):
        status = int(request["messages"][-1]["content"].split()[1])
        return upstream.error(
            status,
            "scenario status %d" % status,
            [("x-request-id", "req_err"), ("retry-after", "0")],
            kind="some_type",
            code="some_code",
        )

    def do_flaky(self, request, _):
        """429 twice, then an answer: the client's own retries have to get through."""
        name = request["messages"][-1]["content"]
        with self.lock:
            left = self.failures_left.get(name, 2)
            self.failures_left[name] = left - 1
        if left > 0:
            return upstream.error(429, "slow down", [("retry-after", "0"), ("retry-after-ms", "1")])
        self.failures_left.pop(name)
        return self.do_chat(request, _)

    def do_cut(self, request, _):
        events = [chunk({"role": "assistant", "content": "It"}), chunk({"content": " is"})]
        if request.get("stream"):
            return upstream.stream(
                events
                + [
                    upstream.event(
                        {
                            "error": {
                                "message": "overloaded",
                                "type": "server_error",
                                "code": "overloaded",
                                "param": None,
                            }
                        }
                    )
                ]
            )
        return upstream.error(503, "overloaded")

    def do_endless(self, request, exchange):
        """A stream that goes on until the caller leaves."""
        events = [chunk({"role": "assistant", "content": ""}), chunk({"content": "tick"})]
        return upstream.stepped(events, {}, hang=True)

    def do_echo(self, request, _):
        """What arrived, so that the callers can compare it."""
        seen = json.dumps({k: v for k, v in request.items() if k not in ("stream_options", "model")}, sort_keys=True)
        return self.answer(request, message(seen), [chunk({"role": "assistant", "content": seen}), chunk({}, "stop")])


# What is no question to a chat model, and goes through the gateway unread.
OTHERS = {
    "/v1/moderations": upstream.body(
        {
            "id": "modr-1",
            "model": "omni-moderation-latest",
            "results": [
                {
                    "flagged": False,
                    "categories": {"hate": False},
                    "category_scores": {"hate": 1.5e-7},
                    "category_applied_input_types": {"hate": ["text"]},
                }
            ],
        }
    ),
    "/v1/images/generations": upstream.body(
        {"created": 1720000000, "data": [{"b64_json": "AAAA", "revised_prompt": "x"}]}
    ),
    "/v1/audio/speech": lambda exchange: upstream.send_in(
        exchange, *upstream.framed([b"ID3\x00\xff", b"\x01" * 5000], "chunked", kind="audio/mpeg")
    ),
}

MODEL = {"id": "gpt-4o", "object": "model", "created": 1, "owned_by": "fake"}
LISTED = upstream.body({"object": "list", "data": [MODEL]})


def models(exchange):
    name = exchange.seen.target.partition("/v1/models/")[2]
    if name not in ("", MODEL["id"]):
        return upstream.error(404, "no such model", code="model_not_found")(exchange)
    return (upstream.body(MODEL) if name else LISTED)(exchange)
