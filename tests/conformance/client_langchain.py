"""LangChain's clients of OpenAI and Anthropic, played by a plan (pair_case.py)."""

import json
import os
import sys

os.environ["LANGSMITH_TRACING"] = "false"

import anthropic  # noqa: E402
import openai  # noqa: E402
from langchain_anthropic import ChatAnthropic  # noqa: E402
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_openai import ChatOpenAI, OpenAIEmbeddings  # noqa: E402
from pydantic import BaseModel  # noqa: E402


class Label(BaseModel):
    label: str
    confidence: float


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return city


@tool
def get_time(zone: str, fmt: str) -> str:
    """The time in a zone."""
    return zone + fmt


TOOLS = [get_weather, get_time]
PICTURE = {"type": "image", "base64": "AA==", "mime_type": "image/png"}


def told(message):
    usage = message.usage_metadata
    return {
        "text": str(message.text),
        "calls": [[call["name"], call["args"]] for call in message.tool_calls],
        "finish": [message.response_metadata.get(name) for name in ("finish_reason", "stop_reason", "status")],
        "usage": [usage["input_tokens"], usage["output_tokens"]],
    }


def dumped(message):
    """Without the ids that LangChain draws for a run."""
    made = message.model_dump(mode="json")
    return {k: v for k, v in made.items() if not (k == "id" and str(v).startswith(("lc_run", "run-")))}


def whole(message):
    return {"got": dumped(message), "told": told(message)}


def streamed(model, said):
    total, pieces = None, []
    for piece in model.stream(said):
        total = piece if total is None else total + piece
        pieces.append(dumped(piece))
    return {"got": pieces, "told": told(total)}


def failure(make, *args):
    try:
        return {"got": {"no error": str(make(*args))}}
    except (openai.APIError, anthropic.APIError) as e:
        # LangChain has subclasses for some of what the provider says.
        kind = [c.__name__ for c in type(e).__mro__ if c.__module__.split(".")[0] in ("openai", "anthropic")][0]
        said = {"class": kind, "status": getattr(e, "status_code", None)}
        return {"got": dict(said, message=str(e)), "told": said}


def left(model):
    """Leaves in the middle of a stream."""
    for piece in model.stream("endless"):
        if piece.text:
            break
    return {"got": {}}


def conversation(model):
    with_tools = model.bind_tools(TOOLS)
    first = with_tools.invoke("tools")
    results = [ToolMessage("it is " + c["name"], tool_call_id=c["id"]) for c in first.tool_calls]
    history = [SystemMessage("Be brief."), HumanMessage("tools"), first, *results, HumanMessage("chat")]
    return whole(with_tools.invoke(history))


def play(name, model, everything, say):
    say(name + ": body", whole(model.invoke("chat")))
    say(name + ": stream", streamed(model, "chat"))
    say(name + ": tool", whole(model.bind_tools(TOOLS, tool_choice="get_weather").invoke("tool")))
    say(name + ": tools", whole(model.bind_tools(TOOLS).invoke("tools")))
    say(name + ": tools streamed", streamed(model.bind_tools(TOOLS), "tools"))
    label = model.with_structured_output(Label, method="json_schema").invoke("schema").model_dump()
    say(name + ": schema", {"got": label, "told": label})
    pieces = list(model.with_structured_output(Label, method="json_schema").stream("schema"))
    say(name + ": schema streamed", {"got": len(pieces) > 0, "told": pieces[-1].model_dump()})
    if name != "responses":
        say(name + ": length", whole(model.invoke("length")))
    say(name + ": image", whole(model.invoke([HumanMessage([{"type": "text", "text": "chat"}, PICTURE])])))
    say(name + ": conversation", conversation(model))
    for status in (400, 404, 429, 500):
        say("%s: error %d" % (name, status), failure(model.invoke, "status %d" % status))
    say(name + ": error streamed", failure(streamed, model, "status 429"))
    if everything and name != "responses":
        say(name + ": broken off", failure(streamed, model, "cut"))
        say(name + ": refusal", whole(model.invoke("refusal")))
    if everything:
        say(name + ": left, cancelled", left(model) if name != "responses" else {"got": {}})


def main():
    with open(sys.argv[1]) as f:
        plans = json.load(f)
    key, common = "sk-conformance-0001", {"max_retries": 0, "timeout": 20}
    for plan in plans:

        def say(case, result, run=plan["run"]):
            print(json.dumps(dict({"run": run, "case": case}, **result)))

        chat = ChatOpenAI(model=plan["chat"], base_url=plan["openai"], api_key=key, stream_usage=True, **common)
        messages = ChatAnthropic(
            model=plan["messages"], base_url=plan["anthropic"], api_key=key, max_tokens=64, **common
        )
        play("chat", chat, plan["all"], say)
        play("messages", messages, plan["all"], say)
        responses = ChatOpenAI(
            model=plan["responses"], base_url=plan["openai"], api_key=key, use_responses_api=True, **common
        )
        play("responses", responses, plan["all"], say)
        if plan["all"]:
            say("chat: thinking", whole(chat.invoke("thinking")))
            thinking = messages.bind(thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2048)
            say("messages: thinking", whole(thinking.invoke("thinking")))
            say("messages: thinking streamed", streamed(thinking, "thinking"))
            embeddings = OpenAIEmbeddings(
                model="text-embedding-3-small", base_url=plan["openai"], api_key=key, check_embedding_ctx_length=False
            )
            say("embeddings", {"got": embeddings.embed_documents(["one", "two", "one"])})
            retrying = ChatOpenAI(model=plan["chat"], base_url=plan["openai"], api_key=key, max_retries=3)
            say("chat: flaky", whole(retrying.invoke("flaky langchain")))
            say("chat: many", {"got": [m.text for m in chat.batch(["chat %d" % i for i in range(20)])]})


main()
