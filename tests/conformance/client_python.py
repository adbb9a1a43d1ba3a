"""Plays every scenario with the official Python client against one base URL and prints what the client made of each.

Run by test_sdk_python.py, once against the provider and once against the gateway: both must print the same.
"""

import asyncio
import json
import sys
import time

import openai

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("get_weather", "get_time")
]
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "label",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"label": {"type": "string"}, "confidence": {"type": "number"}},
            "required": ["label", "confidence"],
            "additionalProperties": False,
        },
    },
}

base_url = sys.argv[1]
client = openai.OpenAI(base_url=base_url, api_key="sk-conformance-0001", max_retries=0, timeout=20)


def ask(scenario, **more):
    return dict({"model": "gpt-4o", "messages": [{"role": "user", "content": scenario}]}, **more)


def body(scenario, **more):
    return client.chat.completions.create(**ask(scenario, **more)).model_dump()


def stream(scenario, **more):
    return [chunk.model_dump() for chunk in client.chat.completions.create(**ask(scenario, stream=True, **more))]


def accumulated(scenario, **more):
    """The client's own accumulation of a stream."""
    with client.chat.completions.stream(**ask(scenario, **more)) as events:
        kinds = [event.type for event in events]
        return {"kinds": kinds, "final": events.get_final_completion().model_dump()}


def embedded(given, **more):
    """The client asks for base64 by itself and makes numbers of it, unless told otherwise."""
    return client.embeddings.create(model="text-embedding-3-small", input=given, **more).model_dump()


def failure(make, *args, **kwargs):
    try:
        made = make(*args, **kwargs)
        return {"no error": made}
    except openai.APIStatusError as e:
        return {
            "class": type(e).__name__,
            "status": e.status_code,
            "message": (e.body or {}).get("message"),
            "type": e.type,
            "code": e.code,
            "request_id": e.request_id,
        }
    except openai.APIError as e:
        return {"class": type(e).__name__, "message": e.message, "type": e.type, "code": e.code}


def others():
    """What is no question to a chat model."""
    speech = client.audio.speech.create(model="tts-1", voice="alloy", input="Hello")
    return {
        "moderation": client.moderations.create(model="omni-moderation-latest", input="caf\u00e9").model_dump(),
        "image": client.images.generate(model="gpt-image-1", prompt="A weir", size="1024x1024").model_dump(),
        "speech": [len(speech.content), speech.content[:5].hex(), speech.response.headers["content-type"]],
        "model": client.models.retrieve("gpt-4o").id,
        "no such model": failure(lambda: client.models.retrieve("no-such-model").id)["class"],
        "unreachable": failure(client.with_options(base_url="http://127.0.0.1:9").models.list)["class"],
    }


def responses():
    def ask(said, **more):
        return client.responses.create(model="gpt-4o", input=said, **more)

    tools = [dict(tool["function"], type="function", strict=False) for tool in TOOLS]
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"}
    shown = [{"role": "user", "content": [{"type": "input_text", "text": "chat"}, picture]}]
    schema = {"format": dict(SCHEMA["json_schema"], type="json_schema")}
    first = ask("tools", tools=tools)
    outputs = [{"type": "function_call_output", "call_id": item.call_id, "output": "17"} for item in first.output]
    history = [{"role": "user", "content": "tools"}, *first.output, *outputs, {"role": "user", "content": "chat"}]
    return {
        "body": ask("chat", instructions="Be brief.").model_dump(),
        "stream": [event.model_dump() for event in ask("chat", stream=True)],
        "tools": first.model_dump(),
        "tools streamed": [event.model_dump() for event in ask("tools", tools=tools, stream=True)],
        "schema": ask("schema", text=schema).model_dump(),
        "image": ask(shown).model_dump(),
        "conversation": ask(history, tools=tools).model_dump(),
        "kept by the provider": ask("chat", previous_response_id="resp_1", store=True).model_dump(),
        "errors": {s: failure(ask, "status %d" % s) for s in (400, 404, 429, 500)},
    }


def cancelled():
    begun = time.monotonic()
    answer = client.chat.completions.create(**ask("endless", stream=True))
    for got in answer:
        if got.choices and got.choices[0].delta.content:
            answer.close()
            break
    return {"quick": time.monotonic() - begun < 10, "id": answer.response.headers.get("x-weir-request-id")}


async def concurrently():
    async with openai.AsyncOpenAI(base_url=base_url, api_key="sk-conformance-0001", max_retries=0) as many:
        answers = await asyncio.gather(*[many.chat.completions.create(**ask("chat %d" % i)) for i in range(30)])
        return [a.choices[0].message.content for a in answers]


def main():
    raw = client.chat.completions.with_raw_response.create(**ask("chat"))
    results = {
        "body": body("chat"),
        "request id": raw.headers.get("x-request-id"),
        "parsed raw": raw.parse().model_dump(),
        "n": body("chat", n=3),
        "stream": stream("chat"),
        "stream with usage": stream("chat", stream_options={"include_usage": True}),
        "tool": body("tool", tools=TOOLS),
        "tools": body("tools", tools=TOOLS, parallel_tool_calls=True),
        "tools streamed": stream("tools", tools=TOOLS),
        "tools accumulated": accumulated("tools", tools=TOOLS),
        "chat accumulated": accumulated("chat"),
        "schema": body("schema", response_format=SCHEMA),
        "schema streamed": stream("schema", response_format=SCHEMA),
        "logprobs": body("logprobs", logprobs=True, top_logprobs=2),
        "logprobs streamed": stream("logprobs", logprobs=True, top_logprobs=2),
        "refusal": body("refusal"),
        "refusal streamed": stream("refusal"),
        "length": body("length"),
        "echo": body("echo", temperature=0.7, extra_body={"x_custom": {"a": [1, 2.5]}}, user="u", seed=7, stop=["\n"]),
        "parts": body(
            [
                {"type": "text", "text": "chat"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            ]
        ),
        "embeddings": [
            embedded("one"),
            embedded(["two", "one", "three", "two"]),
            embedded([[1, 2], [3]], dimensions=3, user="u"),
            embedded(["one", "four"], encoding_format="float", extra_body={"x_custom": 1.50}),
            embedded(["four", "one"], encoding_format="float", extra_body={"x_custom": 1.50}),
        ],
        "embeddings refused": failure(embedded, "refuse me"),
        "others": others(),
        "responses": responses(),
        "errors": {s: failure(body, "status %d" % s) for s in (400, 404, 409, 422, 429, 500, 503)},
        "errors streamed": {s: failure(stream, "status %d" % s) for s in (400, 429, 500)},
        "broken off": failure(stream, "cut"),
        "cancelled": cancelled(),
        "flaky": client.with_options(max_retries=3).chat.completions.create(**ask("flaky python")).model_dump(),
        "concurrently": asyncio.run(concurrently()),
        "models": "gpt-4o" in [m.id for m in client.models.list()],
    }
    json.dump(results, sys.stdout)


main()
