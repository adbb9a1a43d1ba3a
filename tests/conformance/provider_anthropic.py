"""A scripted provider that speaks Anthropic's Messages: the scenarios of provider.py, told in its words."""

import json
import threading

from harness import upstream

from . import provider

USAGE = {
    "input_tokens": 8,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 3,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 7,
    "service_tier": "standard",
}
# Those of provider.py, under ids as Anthropic makes them.
CALLS = [
    {
        "type": "tool_use",
        "id": "toolu_%d" % n,
        "name": c["function"]["name"],
        "input": json.loads(c["function"]["arguments"]),
    }
    for n, c in enumerate(provider.TWO_CALLS, 1)
]
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
HEADERS = [("request-id", "req_conf"), ("anthropic-ratelimit-requests-remaining", "99")]
BLANK = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}


def message(content, stop_reason="end_turn", **more):
    return dict(
        {
            "id": "msg_conf",
            "type": "message",
            "role": "assistant",
            "model": "claude-conf-1",
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": USAGE,
        },
        **more,
    )


def text(said):
    return {"type": "text", "text": said}


def event(kind, **members):
    return ("event: %s\ndata: %s\n\n" % (kind, json.dumps(dict({"type": kind}, **members)))).encode()


def deltas(block):
    if block["type"] == "text":
        return [{"type": "text_delta", "text": piece} for piece in upstream.pieces_of(block["text"])]
    if block["type"] == "thinking":
        return [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    spelled = json.dumps(block["input"])
    pieces = [""] + [spelled[at : at + 3] for at in range(0, len(spelled), 3)]
    return [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


def begun():
    return event("message_start", message=message([], None, usage=dict(USAGE, output_tokens=1)))


def events(whole):
    """A message as a stream."""
    found = [begun(), event("ping")]
    for index, block in enumerate(whole["content"]):
        start = dict(block, **BLANK[block["type"]])
        found.append(event("content_block_start", index=index, content_block=start))
        found += [event("content_block_delta", index=index, delta=delta) for delta in deltas(block)]
        found.append(event("content_block_stop", index=index))
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": whole["stop_sequence"]}
    usage = {k: v for k, v in USAGE.items() if isinstance(v, int)}
    return found + [event("message_delta", delta=end, usage=usage), event("message_stop")]


def failing(status, said, kind=None, headers=()):
    told = {
        "type": "error",
        "error": {"type": kind or KINDS.get(status, "api_error"), "message": said},
        "request_id": "req_err",
    }
    return upstream.body(told, status, [("request-id", "req_err"), *headers])


class Provider:
    """An answerer for harness.upstream.Upstream."""

    def __init__(self):
        self.failures_left = {}
        self.lock = threading.Lock()

    def __call__(self, exchange):
        request = exchange.seen.json()
        if exchange.seen.target.split("?")[0] == "/v1/messages/count_tokens":
            return upstream.body({"input_tokens": 42}, headers=HEADERS)(exchange)
        said = request["messages"][-1]["content"]
        if not isinstance(said, str):
            said = [block for block in said if block["type"] == "text"][0]["text"]
        return getattr(self, "do_" + said.split()[0])(request, said)(exchange)

    def answer(self, request, content, stop_reason="end_turn"):
        whole = message(content, stop_reason)
        if request.get("stream"):
            return upstream.stream(events(whole), headers=HEADERS)
        return upstream.body(whole, headers=HEADERS)

    def do_chat(self, request, _):
        return self.answer(request, [text(provider.TEXT)])

    def do_thinking(self, request, _):
        return self.answer(
            request, [{"type": "thinking", "thinking": "Two and two.", "signature": "EqQ="}, text("Four.")]
        )

    def do_tool(self, request, _):
        return self.answer(request, CALLS[:1], "tool_use")

    def do_tools(self, request, _):
        return self.answer(request, CALLS, "tool_use")

    def do_schema(self, request, _):
        """As a text, or in the tool that the client takes for it."""
        forced = (request.get("tool_choice") or {}).get("name")
        if forced:
            call = {"type": "tool_use", "id": "toolu_1", "name": forced, "input": json.loads(provider.LABEL)}
            return self.answer(request, [call], "tool_use")
        return self.answer(request, [text(provider.LABEL)])

    def do_refusal(self, request, _):
        return self.answer(request, [text("I can't.")], "refusal")

    def do_length(self, request, _):
        return self.answer(request, [text("It is")], "max_tokens")

    def do_status(self, _, said):
        status = int(said.split()[1])
        return failing(status, "scenario status %d" % status, headers=[("retry-after", "0")])

    def do_flaky(self, request, said):
        with self.lock:
            left = self.failures_left.get(said, 2)
            self.failures_left[said] = left - 1
        if left > 0:
            return failing(429, "slow down", headers=[("retry-after", "0"), ("retry-after-ms", "1")])
        self.failures_left.pop(said)
        return self.do_chat(request, said)

    def do_cut(self, request, _):
        if not request.get("stream"):
            return failing(529, "overloaded")
        start = event("content_block_start", index=0, content_block=text(""))
        delta = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "It"})
        bad = event("error", error={"type": "overloaded_error", "message": "overloaded"})
        return upstream.stream([begun(), start, delta, bad], headers=HEADERS)

    def do_endless(self, request, _):
        start = event("content_block_start", index=0, content_block=text(""))
        delta = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "tick"})
        return upstream.stepped([begun(), start, delta], {}, hang=True)

    def do_echo(self, request, _):
        seen = json.dumps({k: v for k, v in request.items() if k != "model"}, sort_keys=True)
        return self.answer(request, [text(seen)])


MODELS = [
    {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
    for name in ("claude-x", "gpt-4o")  # the second one for the programs that ask every provider for it
]


def on_get(exchange):
    name = exchange.seen.target.split("?")[0].partition("/v1/models/")[2]
    if not name:
        listed = {"data": MODELS, "has_more": False, "first_id": "claude-x", "last_id": "gpt-4o"}
        return upstream.body(listed)(exchange)
    found = [model for model in MODELS if model["id"] == name]
    return (upstream.body(found[0]) if found else failing(404, "no such model"))(exchange)
