"""Hostile JSON in well-formed HTTP: generators of (rng, target) -> Input, with their weights in JSON_KINDS."""
import gzip
import json

from inputs import ANY, ERROR, Input, mutated, random_bytes


def ask(kind, target, body, replies=(ERROR, ), rng=None):
    """A complete request deserves an answer: it may not be closed instead."""
    lines = ["Content-Type: application/json"]
    if rng is not None and rng.random() < 0.2 and body:
        size = rng.randint(1, len(body))
        pieces = [body[i:i + size] for i in range(0, len(body), size)][:200]
        pieces.append(body[size * len(pieces):])
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"
        data = target.request(lines=lines + ["Transfer-Encoding: chunked"], length=False) + chunks
    else:
        data = target.request(body=body, lines=lines)
    return Input(kind, data, replies=list(replies), may_close=False)


def text_of(target):
    return target.chat().decode()


def no_json(rng, target):
    valid = text_of(target)
    body = rng.choice([
        "", " ", "\n", "null", "true", "0", "\"text\"", "[]", "[" + valid + "]", "{", "}", "{}}", "[", "{\"model\"",
        "{\"model\":", "{\"model\":}", "{model:1}", "{'model':'x'}", valid + valid, valid + ",", valid + "x",
        valid + "\0", "," + valid, valid[:-1] + ",}", valid + "//c", "/*c*/" + valid,
        valid.replace(":", "=", 1),
        valid.replace("\"", "'"),
        valid.replace("[", "[,"),
        valid.replace("]", ",]"), valid[:-1] + ",\"x\":NaN}", valid[:-1] + ",\"x\":Infinity}",
        valid[:-1] + ",\"x\":01}", valid[:-1] + ",\"x\":.5}", valid[:-1] + ",\"x\":1.}", valid[:-1] + ",\"x\":+1}",
        valid[:-1] + ",\"x\":0x1}", valid[:-1] + ",\"x\":1e}", valid[:-1] + ",\"x\":tru}",
        valid[:-1] + ",\"x\":undefined}", valid[:-1] + ",\"x\":\"\\x41\"}", valid[:-1] + ",\"x\":\"\\u12\"}",
        valid[:-1] + ",\"x\":\"a\nb\"}", valid[:-1] + ",\"x\":\"a\tb\"}", valid[:-1] + ",\"x\":\"a\0b\"}",
        valid[:-1] + ",\"x\":\"a}", valid[:-1] + ",\"x\"}", valid[:-1] + ",\"x\":1 2}", valid[:-1] + ",:1}",
        valid[:-1] + ",1:1}", valid[:-1] + ",\"x\":[}", "data: " + valid + "\n\n"
    ])
    return ask("no JSON", target, body.encode(), rng=rng)


def cut_json(rng, target):
    body = target.chat("x" * rng.choice([0, 10, 5000]), stream=True, temperature=0.5)
    return ask("cut JSON", target, body[:rng.randint(0, len(body) - 1)], rng=rng)


def bad_utf8(rng, target):
    bad = rng.choice([
        b"\x80", b"\xff", b"\xc0\x80", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80", b"\xfe\xff"
    ])
    return ask("invalid UTF-8", target, target.chat("MARK").replace(b"MARK", b"a" + bad + b"b"), rng=rng)


def odd_encoding(rng, target):
    text = text_of(target)
    body, replies = rng.choice([(text.encode("utf-16"), [ERROR]), (text.encode("utf-32"), [ERROR]),
                                (gzip.compress(text.encode(), mtime=0), [ERROR]),
                                (b"\xef\xbb\xbf" + text.encode(), [ANY]), (text.encode("utf-16-le"), [ERROR]),
                                (random_bytes(rng, 1, 300), [ERROR])])
    return ask("odd encoding", target, body, replies)


def odd_escapes(rng, target):
    text = rng.choice([
        "\\ud800", "\\udc00\\ud800", "\\ud800x", "\\u0000", "\\uFFFF", "\\ud83d\\ude00", "\\/", "\\u0022}", "\\\\\\\""
    ])
    return ask("odd escapes", target, target.chat("MARK").replace(b"MARK", text.encode()), [ANY], rng)


def wrong_type(rng, target):
    member, values = rng.choice([("model", [None, 1, True, [], {}, "", ["gpt-4o"], "m" * 257]),
                                 ("messages", [None, 1, "hi", {}, [], True, ["hi"], [1], [None], [[]], [True]]),
                                 ("stream", ["true", 1, 0, [], {}, "yes"]), ("temperature", ["0", True, [], {}]),
                                 ("n", ["1", True, [], {}]), ("stream_options", [1, "x", [], True]),
                                 ("messages", [[{"role": "user", "content": "x"}, 1],
                                               [{"role": "user", "content": "x"}, "y"]])])
    return ask("wrong type", target, target.chat(**{member: rng.choice(values)}), rng=rng)


def missing_member(rng, target):
    body = json.loads(target.chat())
    for member in rng.choice([["model"], ["messages"], ["model", "messages"]]):
        del body[member]
    return ask("missing member", target, json.dumps(body).encode(), rng=rng)


def unknown_model(rng, target):
    model = rng.choice([
        "no-such-model", "../../etc/passwd", "gpt-4o\u0000", " ", "*", "%s%n", "'; DROP TABLE requests;--",
        "\U0001F600", "a/b/c/d", "\r\nx-injected: 1", "m" * 256
    ])
    return ask("unknown model", target, target.chat(model=model), rng=rng)


def duplicate_key(rng, target):
    extra = rng.choice([
        "\"model\":\"other\"", "\"messages\":[]", "\"mod\\u0065l\":\"other\"", "\"\\u006dodel\":\"other\"",
        "\"mess\\u0061ges\":[]"
    ])
    text = text_of(target)
    body = text[:-1] + "," + extra + "}" if rng.random() < 0.5 else "{" + extra + "," + text[1:]
    return ask("duplicate key", target, body.encode(), rng=rng)


def duplicate_flag(rng, target):
    name = rng.choice(["stream", "temperature", "n", "stream_options"])
    value = {"stream": "false", "temperature": "0", "n": "1", "stream_options": "{}"}[name]
    pair = "\"%s\":%s" % (name, value)
    return ask("duplicate key", target, (text_of(target)[:-1] + "," + pair + "," + pair + "}").encode(), rng=rng)


def deep(rng, target):
    depth = rng.choice([100, 1000, 5000, 100_000])
    open_, close = rng.choice([("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")])
    value = open_ * depth + ("1" if open_ != "[" else "") + (close * depth if rng.random() < 0.7 else "")
    place = rng.randrange(3)
    if place == 0:
        body = value
    elif place == 1:
        body = text_of(target)[:-1] + ",\"x\":" + value + "}"
    else:
        body = text_of(target).replace("\"Say four.\"", value)
    return ask("deep nesting", target, body.encode(), [ERROR if place == 0 else ANY])


def odd_number(rng, target):
    number = rng.choice([
        "1e999", "-1e999", "1e-999", "9" * 400, "-" + "9" * 25, "0." + "1" * 400, "18446744073709551616",
        "-9223372036854775809", "1E400", "-0", "-0.0", "1e+10", "2147483648", "0.1e1"
    ])
    name = rng.choice(["temperature", "n", "max_tokens", "seed", "x", "top_logprobs"])
    return ask("odd number", target, (text_of(target)[:-1] + ",\"%s\":%s}" % (name, number)).encode(), [ANY], rng)


def many_members(rng, target):
    count = rng.choice([250, 300, 5000])
    members = ",".join("\"m%d\":%d" % (i, i) for i in range(count))
    return ask("many members", target, (text_of(target)[:-1] + "," + members + "}").encode(),
               [ERROR if count > 256 else ANY], rng)


def odd_content(rng, target):
    content = rng.choice([
        None, 1, True, [], {}, [1], [{"type": "text"}], [{"type": "text", "text": 1}],
        [{"type": "image_url", "image_url": {"url": "x" * 2000}}], "", "x" * 300_000, "data: [DONE]\n\n",
        "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "\u2028\u2029\ufeff", "\u0000"
    ])
    role = rng.choice(["user", "system", "tool", "nobody", "", "USER"])
    members = {"messages": [{"role": role, "content": content}], "stream": rng.random() < 0.3}
    members.update(
        rng.choice([{}, {"tools": 1}, {"tools": [1]}, {"tool_choice": {"a": []}}, {"response_format": "json"},
                    {"response_format": {"type": 1}}, {"logprobs": "yes"}, {"functions": {}}, {"stop": [None]},
                    {"user": {"a": 1}}, {"metadata": [1]}]))
    return ask("odd content", target, target.chat(**members), [ANY], rng)


def odd_stream_options(rng, target):
    options = rng.choice([{}, {"include_usage": 1}, {"include_usage": "true"}, {"include_usage": None},
                          {"include_usage": []}, {"a": 1, "b": {}}])
    return ask("odd stream options", target, target.chat(stream=True, stream_options=options), [ANY], rng)


def mutated_json(rng, target):
    body = target.chat("hello \u00e4 \"quoted\" \\ " + "x" * rng.choice([0, 100]), stream=False, temperature=0, n=1,
                       tools=[], seed=7)
    return ask("mutated JSON", target, mutated(rng, body), [ANY], rng)


JSON_KINDS = [(no_json, 8), (cut_json, 4), (bad_utf8, 4), (odd_encoding, 2), (odd_escapes, 2), (wrong_type, 8),
              (missing_member, 2), (unknown_model, 3), (duplicate_key, 4), (duplicate_flag, 2), (deep, 3),
              (odd_number, 4), (many_members, 1), (odd_content, 5), (odd_stream_options, 2), (mutated_json, 10)]
