"""LiteLLM's SDK as a client of OpenAI's and Anthropic's APIs, played by a plan (pair_case.py)."""

import json
import logging
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks for prices on the network

import litellm  # noqa: E402

logging.disable(logging.CRITICAL)
litellm.suppress_debug_info = True

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("get_weather", "get_time")
]
SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string"}, "confidence": {"type": "number"}},
    "required": ["label", "confidence"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "label", "strict": True, "schema": SCHEMA}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def told(answer):
    choice = answer.choices[0]
    calls = choice.message.tool_calls or ()
    return {
        "text": choice.message.content or "",
        "calls": [[call.function.name, json.loads(call.function.arguments)] for call in calls],
        "finish": choice.finish_reason,
        "usage": [answer.usage.prompt_tokens, answer.usage.completion_tokens],
    }


def dumped(answer):
    """Without what LiteLLM draws or measures anew: ids of Anthropic's messages, the time."""
    made = answer.model_dump(mode="json")
    return {k: v for k, v in made.items() if k not in ("id", "created")}


class Client:
    def __init__(self, model, base):
        self.common = {
            "model": model,
            "api_base": base,
            "api_key": "sk-conformance-0001",
            "timeout": 20,
            "max_retries": 0,
        }

    def ask(self, said, **more):
        messages = said if isinstance(said, list) and "role" in said[0] else [{"role": "user", "content": said}]
        return litellm.completion(messages=messages, **self.common, **more)

    def body(self, said, **more):
        answer = self.ask(said, **more)
        return {"got": dumped(answer), "told": told(answer)}

    def stream(self, said, **more):
        chunks = list(self.ask(said, stream=True, stream_options={"include_usage": True}, **more))
        whole = litellm.stream_chunk_builder(chunks)
        return {"got": [dumped(chunk) for chunk in chunks], "told": told(whole)}

    def conversation(self):
        asked = [{"role": "user", "content": "tools"}]
        first = self.ask(asked, tools=TOOLS).choices[0].message
        results = [{"role": "tool", "tool_call_id": call.id, "content": "17"} for call in first.tool_calls]
        return self.body([*asked, first.model_dump(), *results, {"role": "user", "content": "chat"}], tools=TOOLS)

    def leave(self):
        stream = self.ask("endless", stream=True)
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        # LiteLLM's wrapper has no close of its own; the client's or the iterator's ends the connection.
        inner = stream.completion_stream
        for closing in (getattr(inner, "response", None), inner, getattr(inner, "streaming_response", None)):
            if hasattr(closing, "close"):
                closing.close()
        return {"got": {}}


def failure(make, *args, **more):
    try:
        return {"got": {"no error": str(make(*args, **more))}}
    except Exception as e:
        said = {"class": type(e).__name__, "status": getattr(e, "status_code", None)}
        return {"got": dict(said, message=getattr(e, "message", str(e))), "told": said}


def play(name, client, everything, say):
    say(name + ": body", client.body("chat"))
    say(name + ": stream", client.stream("chat"))
    forced = {"type": "function", "function": {"name": "get_weather"}}
    say(name + ": tool", client.body("tool", tools=TOOLS, tool_choice=forced))
    say(name + ": tools", client.body("tools", tools=TOOLS))
    say(name + ": tools streamed", client.stream("tools", tools=TOOLS))
    label = json.loads(client.ask("schema", response_format=FORMAT).choices[0].message.content)
    say(name + ": schema", {"got": label, "told": label})
    whole = client.stream("schema", response_format=FORMAT)["told"]["text"]
    say(name + ": schema streamed", {"got": whole, "told": json.loads(whole)})
    say(name + ": length", client.body("length"))
    say(name + ": image", client.body([{"type": "text", "text": "chat"}, PICTURE]))
    say(name + ": conversation", client.conversation())
    for status in (400, 404, 429, 500):
        say("%s: error %d" % (name, status), failure(client.body, "status %d" % status))
    say(name + ": error streamed", failure(client.stream, "status 429"))
    if everything:
        say(name + ": thinking", client.body("thinking"))
        say(name + ": broken off", failure(client.stream, "cut"))
        say(name + ": refusal", client.body("refusal"))
        say(name + ": left, cancelled", client.leave())


def responses(plan, said, **more):
    answer = litellm.responses(
        model="openai/" + plan["responses"],
        input=said,
        api_base=plan["openai"],
        api_key="sk-conformance-0001",
        max_retries=0,
        **more,
    )
    if more.get("stream"):
        answer = list(answer)[-1].response
    items = [item if isinstance(item, dict) else item.model_dump() for item in answer.output]
    text = "".join(part["text"] for item in items for part in item.get("content") or () if part.get("text"))
    calls = [[item["name"], json.loads(item["arguments"])] for item in items if item["type"] == "function_call"]
    usage = answer.usage
    summed = {"text": text, "calls": calls, "finish": answer.status, "usage": [usage.input_tokens, usage.output_tokens]}
    return {"got": items, "told": summed}


def main():
    with open(sys.argv[1]) as f:
        plans = json.load(f)
    for plan in plans:

        def say(case, result, run=plan["run"]):
            print(json.dumps(dict({"run": run, "case": case}, **result)))

        play("chat", Client("openai/" + plan["chat"], plan["openai"]), plan["all"], say)
        play("messages", Client("anthropic/" + plan["messages"], plan["anthropic"]), plan["all"], say)
        tools = [dict(tool["function"], type="function") for tool in TOOLS]
        say("responses: body", responses(plan, "chat"))
        say("responses: stream", responses(plan, "chat", stream=True))
        say("responses: tools", responses(plan, "tools", tools=tools))
        say("responses: tools streamed", responses(plan, "tools", tools=tools, stream=True))
        if plan["all"]:
            made = litellm.embedding(
                model="openai/text-embedding-3-small",
                input=["one", "two", "one"],
                api_base=plan["openai"],
                api_key="sk-conformance-0001",
            )
            say("embeddings", {"got": dumped(made)})


main()
