"""Plays scenarios of Responses and Completions with the official Python client against a gateway whose provider speaks
chat only, and prints what the client made of each. Run by test_sdk_responses.py."""

import json
import sys

import openai
from pydantic import BaseModel

client = openai.OpenAI(base_url=sys.argv[1], api_key="sk-conformance-0001", max_retries=0, timeout=20)
TOOLS = [
    {"type": "function", "name": name, "parameters": {"type": "object", "properties": {}}, "strict": False}
    for name in ("get_weather", "get_time")
]


class Label(BaseModel):
    label: str
    confidence: float


def ask(scenario, **more):
    return dict({"model": "gpt-4o", "input": scenario}, **more)


def body(scenario, **more):
    response = client.responses.create(**ask(scenario, **more))
    return dict(response.model_dump(warnings="error"), output_text=response.output_text)


def events(scenario, **more):
    return [event.model_dump(warnings="error") for event in client.responses.create(**ask(scenario, stream=True, **more))]


def accumulated(scenario, **more):
    """The client's own accumulation of a stream, which checks its grammar."""
    with client.responses.stream(**ask(scenario, **more)) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
        return {"kinds": kinds, "text": final.output_text, "output": [item.model_dump() for item in final.output]}


def parsed(scenario):
    response = client.responses.parse(**ask(scenario), text_format=Label)
    return response.output_parsed.model_dump()


def conversation():
    """Calls of tools, answered: the client sends back what it was given."""
    first = client.responses.create(**ask("tools", tools=TOOLS))
    items = [{"role": "user", "content": "tools"}] + first.output
    for item in first.output:
        items.append({"type": "function_call_output", "call_id": item.call_id, "output": "it is " + item.name})
    items.append({"role": "user", "content": "echo"})
    return client.responses.create(model="gpt-4o", input=items, tools=TOOLS).output_text


def failure(make, *args, **kwargs):
    try:
        make(*args, **kwargs)
        return None
    except openai.APIError as error:
        return {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "code": error.code,
            "param": error.param,
            "message": error.message,
        }


def completion(scenario, **more):
    return client.completions.create(model="gpt-4o", prompt=scenario, **more).model_dump(warnings="error")


def completion_text(scenario, **more):
    chunks = client.completions.create(model="gpt-4o", prompt=scenario, stream=True, **more)
    return "".join(choice.text for chunk in chunks for choice in chunk.choices)


json.dump(
    {
        "body": body("chat", instructions="Be brief."),
        "events": events("chat"),
        "accumulated": accumulated("chat"),
        "tools": body("tools", tools=TOOLS),
        "tools accumulated": accumulated("tools", tools=TOOLS),
        "conversation": conversation(),
        "refusal": body("refusal"),
        "refusal accumulated": accumulated("refusal"),
        "length": body("length"),
        "thinking accumulated": accumulated("thinking"),
        "logprobs": body("logprobs", include=["message.output_text.logprobs"], top_logprobs=2),
        "parsed": parsed("schema"),
        "refused": failure(body, "chat", previous_response_id="resp_1"),
        "status": failure(body, "status 429"),
        "broken off": failure(events, "cut"),
        "completion": completion("chat"),
        "completion streamed": completion_text("chat"),
        "completion logprobs": completion("logprobs", logprobs=2),
        "completion refused": failure(completion, "chat", suffix="x"),
        "completion broken off": failure(completion_text, "cut"),
    },
    sys.stdout,
)
