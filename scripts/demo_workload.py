"""The demo's requests: what a small company's gateway might see in an hour. Deterministic: the same plan every time.

Three kinds: support tickets to be sorted under a JSON schema, short questions, and repeats of both: to the byte, or
rewritten in ways that mean the same (white space and order of the JSON, stream instead of body, another user).
"""
import json
import random

SEED = 20
REPEATS = 138

LABELS = ["delivery", "refund", "login", "billing", "defect", "other"]
SORT = "Sort the customer's message. Answer with JSON: the label that fits best, one of " + ", ".join(LABELS) + "."
SCHEMA = {"type": "json_schema", "json_schema": {"name": "ticket", "strict": True, "schema": {
    "type": "object", "properties": {"label": {"type": "string", "enum": LABELS}}, "required": ["label"],
    "additionalProperties": False}}}
TICKETS = [
    "My parcel was due on Monday and still has not come.",
    "The tracking page has shown the same town for five days.",
    "You delivered to the neighbours and they know nothing of it.",
    "Can the courier ring the bell next time instead of leaving a card?",
    "Two boxes were announced, one arrived.",
    "I sent the lamp back three weeks ago. Where is my money?",
    "Please cancel the order and return what I paid.",
    "Only half of the amount was paid back to me.",
    "I want to give this coat back, it is too small.",
    "How long does a refund to a credit card take with you?",
    "The site says my password is wrong, but I changed it yesterday.",
    "I never get the mail with the code for signing in.",
    "My account is locked after three attempts.",
    "Since I have a new phone I can't confirm my sign-in any more.",
    "Signing in sends me back to the start page each time.",
    "You have charged me twice for the same invoice.",
    "I need an invoice with my company's address on it.",
    "Why is there value added tax on a gift card?",
    "My card was declined although there is money on the account.",
    "The yearly plan was to cost 90, the bill says 108.",
    "The kettle drips from the bottom since the second day.",
    "One of the headphones has gone silent.",
    "The zip of the tent tore on the first evening.",
    "The screen flickers as soon as I plug in the charger.",
    "The table wobbles, one leg is shorter than the others.",
    "Do you have a shop in the old town?",
    "I would like to work for you, whom do I write to?",
    "A word of thanks to the lady on the telephone this morning!",
]
ANSWER = "Answer in one short sentence."
QUESTIONS = [
    "Why is the sky blue?", "What does a gateway do?", "How do bees find their way home?", "What is a ledger?",
    "Why does bread rise?", "What is the use of a weir in a river?", "How does a lens make things look larger?",
    "Why do leaves turn red in autumn?", "What is an audit?", "How does soap remove grease?", "Why is the sea salty?",
    "What does a conductor do in an orchestra?", "How does a thermos keep tea hot?", "What is a budget?",
    "Why do cats purr?", "How is paper made?", "What is the difference between weather and climate?",
    "Why do we have leap years?", "How does a compass work?", "What is compound interest?",
    "Why does iron rust?", "How do plants drink?", "What is a cache good for?", "Why do onions make us cry?",
    "How does a bicycle stay upright?", "What is a tide?", "Why is glass transparent?", "How do birds sleep?",
    "What is an invoice?", "Why does ice float?", "How does yeast work?", "What does a regulator do?",
]


class Ask:
    """One request to send: its kind, the bytes of its body, whether it streams, and which earlier one it repeats."""

    def __init__(self, kind, body, stream, repeats=None):
        self.kind, self.body, self.stream, self.repeats = kind, body, stream, repeats


def first_asks(model):
    asks = []
    for text in TICKETS:
        asks.append(("ticket", {"model": model, "messages": [{"role": "system", "content": SORT},
                                                             {"role": "user", "content": text}],
                                "temperature": 0, "max_tokens": 24, "response_format": SCHEMA}))
    for text in QUESTIONS:
        # Enough to finish: what is cut off at max_tokens is no complete answer, and isn't cached.
        asks.append(("question", {"model": model, "messages": [{"role": "system", "content": ANSWER},
                                                               {"role": "user", "content": text}],
                                  "temperature": 0, "max_tokens": 96}))
    return asks


def rewritten(request, how, rng):
    """The same request in other bytes; returns them and whether they ask for a stream."""
    request = dict(request)
    if how == "indented":
        return json.dumps(request, indent=2).encode(), False
    if how == "tight":
        return json.dumps(request, separators=(",", ":")).encode(), False
    if how == "reordered":
        return json.dumps(dict(reversed(list(request.items())))).encode(), False
    if how == "user":
        return json.dumps(dict(request, user="user-%d" % rng.randrange(50))).encode(), False
    if how == "streamed":
        return json.dumps(dict(request, stream=True, stream_options={"include_usage": True})).encode(), True
    if how == "spaced":  # white space in the text itself: to an exact cache, another question
        messages = [dict(m) for m in request["messages"]]
        messages[-1]["content"] += " "
        return json.dumps(dict(request, messages=messages)).encode(), False
    raise ValueError(how)


def plan(model):
    """All requests in order; a repeat names the position of the one that it repeats."""
    rng = random.Random(SEED)
    asks, firsts = [], first_asks(model)
    rng.shuffle(firsts)
    # A repeat may come once its original is some way back; most are of what is asked often.
    kinds = ["same"] * 10 + ["streamed"] * 4 + ["indented"] * 2 + ["tight"] * 2 + ["reordered", "user"]
    waiting, done = list(firsts), []
    total = len(firsts) + REPEATS
    spaced_left = 4
    while len(asks) < total:
        fresh = waiting and (len(done) < 8 or rng.random() < len(waiting) / (total - len(asks)))
        if fresh:
            kind, request = waiting.pop(0)
            stream = rng.random() < 0.4
            body = json.dumps(dict(request, stream=True) if stream else request).encode()
            done.append((len(asks), kind, request, body, stream))
            asks.append(Ask(kind, body, stream))
            continue
        position, kind, request, body, stream = done[min(int(rng.expovariate(0.12)), len(done) - 1)]
        how = rng.choice(kinds)
        if spaced_left and len(asks) % 40 == 39:
            how, spaced_left = "spaced", spaced_left - 1
        if how == "same":
            asks.append(Ask("repeat", body, stream, position))
        elif how == "spaced":
            other, streams = rewritten(request, how, rng)
            asks.append(Ask(kind, other, streams))
        else:
            other, streams = rewritten(request, how, rng)
            asks.append(Ask("rewritten", other, streams, position))
    return asks
