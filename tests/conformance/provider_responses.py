"""The scenarios of provider.py as a server of OpenAI's Responses tells them."""

import json

from harness import upstream

from . import provider

USAGE = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 3},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 18,
}


def response(request, output, status="completed", usage=None):
    return {
        "id": "resp_conf",
        "object": "response",
        "created_at": 1720000000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "metadata": {},
        "model": provider.BASE["model"],
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": request.get("tools", []),
        "top_p": 1.0,
        "text": request.get("text", {"format": {"type": "text"}}),
        "usage": usage,
    }


def text_item(said):
    part = {"type": "output_text", "text": said, "annotations": [], "logprobs": []}
    return {"type": "message", "id": "msg_conf", "status": "completed", "role": "assistant", "content": [part]}


def call_item(made, number):
    told = {"type": "function_call", "id": "fc_%d" % number, "status": "completed", "call_id": made["id"]}
    return dict(told, name=made["function"]["name"], arguments=made["function"]["arguments"])


def item_events(index, item):
    """One item's way through a stream, as (type, members)."""
    where = {"output_index": index, "item_id": item["id"]}
    if item["type"] == "function_call":
        yield "response.output_item.added", {
            "output_index": index,
            "item": dict(item, arguments="", status="in_progress"),
        }
        for at in range(0, len(item["arguments"]), 3):
            yield "response.function_call_arguments.delta", dict(where, delta=item["arguments"][at : at + 3])
        done = dict(where, name=item["name"], arguments=item["arguments"])
        yield "response.function_call_arguments.done", done
    else:
        part = item["content"][0]
        inside = dict(where, content_index=0)
        yield "response.output_item.added", {
            "output_index": index,
            "item": dict(item, content=[], status="in_progress"),
        }
        yield "response.content_part.added", dict(inside, part=dict(part, text=""))
        for piece in upstream.pieces_of(part["text"]):
            yield "response.output_text.delta", dict(inside, delta=piece, logprobs=[])
        yield "response.output_text.done", dict(inside, text=part["text"], logprobs=[])
        yield "response.content_part.done", dict(inside, part=part)
    yield "response.output_item.done", {"output_index": index, "item": item}


def events(request, output):
    begun = response(request, [], "in_progress")
    told = [("response.created", {"response": begun}), ("response.in_progress", {"response": begun})]
    for index, item in enumerate(output):
        told += item_events(index, item)
    told.append(("response.completed", {"response": response(request, output, usage=USAGE)}))
    for number, (kind, members) in enumerate(told):
        document = json.dumps(dict({"type": kind, "sequence_number": number}, **members))
        yield ("event: %s\ndata: %s\n\n" % (kind, document)).encode()


def scenario_of(request):
    said = request["input"]
    if isinstance(said, list):
        said = said[-1]["content"]
    return said if isinstance(said, str) else said[0]["text"]


def answer(exchange):
    request = exchange.seen.json()
    said = scenario_of(request)
    if said.startswith("status"):
        status = int(said.split()[1])
        return upstream.error(status, "scenario " + said, kind="some_type", code="some_code")(exchange)
    outputs = {
        "tool": [call_item(made, n) for n, made in enumerate(provider.ONE_CALL)],
        "tools": [call_item(made, n) for n, made in enumerate(provider.TWO_CALLS)],
        "schema": [text_item(provider.LABEL)],
    }
    output = outputs.get(said.split()[0], [text_item(provider.TEXT)])
    if request.get("stream"):
        return upstream.stream(events(request, output))(exchange)
    return upstream.body(response(request, output, usage=USAGE))(exchange)


def beside(chat):
    """An answerer: Responses, and what `chat` answers."""

    def either(exchange):
        return (answer if exchange.seen.target == "/v1/responses" else chat)(exchange)

    return either
