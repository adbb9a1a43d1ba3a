"""A scripted provider that speaks Gemini's generateContent: the scenarios of provider.py, told in its words."""

import json

from harness import upstream

from . import provider

USAGE = {"promptTokenCount": 11, "cachedContentTokenCount": 3, "candidatesTokenCount": 7, "totalTokenCount": 18}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def part(pieces, finish=None):
    candidate = {"content": {"role": "model", "parts": pieces}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "flash-conf-1", "responseId": "conf"}


def event(document):
    return b"data: " + json.dumps(document).encode() + b"\r\n\r\n"


def text_parts(said):
    return [{"text": piece} for piece in upstream.pieces_of(said)]


CALLS = [
    {"functionCall": {"name": c["function"]["name"], "args": json.loads(c["function"]["arguments"])}}
    for c in provider.TWO_CALLS
]


class Provider:
    """An answerer for harness.upstream.Upstream."""

    def __call__(self, exchange):
        streamed = ":streamGenerateContent" in exchange.seen.target
        said = [p["text"] for p in exchange.seen.json()["contents"][-1]["parts"] if "text" in p][0]
        return getattr(self, "do_" + said.split()[0])(streamed, said)(exchange)

    def answer(self, streamed, pieces, finish="STOP"):
        if not streamed:
            joined = "".join(p.get("text", "") for p in pieces)
            whole = [{"text": joined}] if joined else pieces
            return upstream.body(part(whole, finish))
        last = len(pieces) - 1
        return upstream.stream([event(part([p], finish if n == last else None)) for n, p in enumerate(pieces)])

    def do_chat(self, streamed, _):
        return self.answer(streamed, text_parts(provider.TEXT))

    def do_tool(self, streamed, _):
        return self.answer(streamed, CALLS[:1])

    def do_tools(self, streamed, _):
        return self.answer(streamed, CALLS)

    def do_schema(self, streamed, _):
        return self.answer(streamed, text_parts(provider.LABEL))

    def do_length(self, streamed, _):
        return self.answer(streamed, text_parts("It is"), "MAX_TOKENS")

    def do_status(self, _, said):
        status = int(said.split()[1])
        told = {"code": status, "message": "scenario status %d" % status, "status": STATUSES.get(status, "UNKNOWN")}
        return upstream.body({"error": told}, status)

    def do_endless(self, *_):
        return upstream.stepped([event(part([{"text": "tick"}]))], {}, hang=True)
