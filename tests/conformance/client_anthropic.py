"""Plays scenarios with Anthropic's official Python client against one base URL and prints what the client made of each.

Run by test_sdk_anthropic.py: with a provider of OpenAI's chat behind the gateway (provider.py); and against a provider of
Messages (provider_anthropic.py), directly and through the gateway, which must print the same.
"""

import asyncio
import json
import sys
import time

import anthropic

TOOLS = [{"name": name, "input_schema": {"type": "object", "properties": {}}} for name in ("get_weather", "get_time")]
SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string"}, "confidence": {"type": "number"}},
    "required": ["label", "confidence"],
    "additionalProperties": False,
}

base_url = sys.argv[1]
KEY = "sk-conformance-0001"
client = anthropic.Anthropic(base_url=base_url, api_key=KEY, max_retries=0, timeout=20)


def ask(scenario, **more):
    return dict({"model": "gpt-4o", "max_tokens": 64, "messages": [{"role": "user", "content": scenario}]}, **more)


def dump(message):
    return message.model_dump(mode="json", exclude_none=True)


def body(scenario, **more):
    return dump(client.messages.create(**ask(scenario, **more)))


def raw_stream(scenario, **more):
    return [event.type for event in client.messages.create(**ask(scenario, stream=True, **more))]


def accumulated(scenario, **more):
    """The client's own accumulation of a stream, and its events by their kinds."""
    with client.messages.stream(**ask(scenario, **more)) as stream:
        kinds = [event.type for event in stream]
        return {"kinds": kinds, "message": dump(stream.get_final_message())}


def conversation(scenario, **more):
    """What the client gets is given back as history, with the results of the tools."""
    first = client.messages.create(**ask("tools", tools=TOOLS))
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "17", "is_error": block.name == "get_time"}
        for block in first.content
        if block.type == "tool_use"
    ]
    messages = [
        {"role": "user", "content": "tools"},
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": results + [{"type": "text", "text": scenario}]},
    ]
    return dump(client.messages.create(**dict(ask(""), messages=messages, tools=TOOLS, **more)))


def failure(make, *args, **kwargs):
    try:
        made = make(*args, **kwargs)
        return {"no error": made if isinstance(made, dict) else dump(made)}
    except anthropic.APIStatusError as e:
        return {
            "class": type(e).__name__,
            "status": e.status_code,
            "type": e.body["error"]["type"],
            "message": e.body["error"]["message"],
            "id": e.request_id is not None and e.request_id.startswith("req_"),
        }


def cancelled():
    begun = time.monotonic()
    with client.messages.stream(**ask("endless")) as stream:
        for _ in stream.text_stream:
            break
    return time.monotonic() - begun < 10


async def concurrently():
    async with anthropic.AsyncAnthropic(base_url=base_url, api_key=KEY, max_retries=0) as many:
        answers = await asyncio.gather(*[many.messages.create(**ask("chat %d" % i)) for i in range(30)])
        return [a.content[0].text for a in answers]


def main():
    raw = client.messages.with_raw_response.create(**ask("chat"))
    parsed = client.messages.create(
        **ask("schema", output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
    )
    bearer = anthropic.Anthropic(base_url=base_url, auth_token=KEY, max_retries=0)
    results = {
        "body": body("chat"),
        "request id": [raw.headers["request-id"], raw.headers.get("x-weir-request-id"), raw.parse()._request_id],
        "stream": raw_stream("chat"),
        "chat accumulated": accumulated("chat"),
        "tool": body("tool", tools=TOOLS, tool_choice={"type": "tool", "name": "get_weather"}),
        "tools": body("tools", tools=TOOLS),
        "tools accumulated": accumulated("tools", tools=TOOLS),
        "schema": json.loads(parsed.content[0].text),
        "refusal": body("refusal"),
        "refusal accumulated": accumulated("refusal"),
        "length": body("length"),
        "length accumulated": accumulated("length"),
        "conversation": json.loads(conversation("echo", system="Be brief.")["content"][0]["text"]),
        "images": body(
            [
                {"type": "text", "text": "chat"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
            ]
        ),
        "errors": {s: failure(body, "status %d" % s) for s in (400, 404, 413, 422, 429, 500, 503)},
        "errors streamed": {s: failure(accumulated, "status %d" % s) for s in (400, 429, 500)},
        "refused": failure(body, "chat", thinking={"type": "enabled", "budget_tokens": 1024}),
        "broken off": failure(accumulated, "cut"),
        "model": client.models.retrieve("gpt-4o").id,
        "models": [type(m).__name__ for m in client.models.list() if m.id == "gpt-4o" and m.type == "model"],
        "no such model": failure(client.models.retrieve, "no-such-model"),
        "counted": failure(client.messages.count_tokens, model="gpt-4o", messages=[{"role": "user", "content": "x"}]),
        "wrong key": failure(
            anthropic.Anthropic(base_url=base_url, api_key="sk-wrong-0001", max_retries=0).messages.create,
            **ask("chat")
        ),
        "bearer": dump(bearer.messages.create(**ask("chat"))),
        "cancelled": cancelled(),
        "flaky": dump(client.with_options(max_retries=3).messages.create(**ask("flaky anthropic"))),
        "concurrently": asyncio.run(concurrently()),
    }
    json.dump(results, sys.stdout)


main()
