"""Hostile HTTP: generators of (rng, target) -> Input, with their weights in HTTP_KINDS."""
from inputs import ANY, CHAT, CLOSE, ERROR, HALF_CLOSE, OK, RESET, Input, mutated, random_bytes

SPLICE = "GET /v1/smuggled HTTP/1.1\r\nHost: gateway\r\n\r\n"


def framing(kind, data):
    """A head or body whose faults make it unsafe to read on: one refusal, then the end of the connection."""
    return Input(kind, data, must_close=True)


def leaving(rng, kind, data):
    """Cut off in the middle; the sender leaves in one of the ways there are."""
    leave = rng.choice([HALF_CLOSE, CLOSE, RESET])
    return Input(kind, data, replies=[ERROR], leave=leave)


def bad_request_line(rng, target):
    line = rng.choice([
        "", " ", "GET", "GET ", "GET / ", "GET /", " GET / HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ", "GET\t/\tHTTP/1.1", "GET / HTTP/1.1 x", "GET / http/1.1", "GET / HTTP/1.12", "GET / HTTP/-1",
        "GET / HTTP/1,1", "GET / HTTP/9.9", "GET / HTTP/2.0", "GET / HTTP/1.2", "GET / HTTP", "GET / XTTP/1.1",
        "G@T / HTTP/1.1", "GET: / HTTP/1.1", "(GET) / HTTP/1.1", "G\xc9T / HTTP/1.1", "GET relative HTTP/1.1",
        "GET ../../etc/passwd HTTP/1.1", "GET ftp://a/ HTTP/1.1", "GET http:// HTTP/1.1", "GET http:///x HTTP/1.1",
        "GET * HTTP/1.1", "POST * HTTP/1.1", "GET /a b HTTP/1.1", "CONNECT gateway:443 HTTP/1.1", "CONNECT / HTTP/1.1",
        "M" * 33 + " / HTTP/1.1", "M" * 5000 + " / HTTP/1.1",
        "GET /%s HTTP/1.1" % chr(rng.randrange(128, 256)),
        "GET /%s HTTP/1.1" % chr(rng.choice([0, 1, 8, 11, 12, 27, 127])),
        "%s / HTTP/1.1" % chr(rng.choice([0, 1, 9, 27, 127, 128, 255])), "HTTP/1.1 200 OK", "Host: gateway",
        "{\"model\":\"x\"}"
    ])
    # An empty first line is skipped, so the Host line is taken for the request line.
    return framing("bad request line", line.encode("latin-1") + b"\r\n" + SPLICE.encode().split(b"\r\n", 1)[1])


def other_protocol(rng, target):
    data = rng.choice([
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\x12\x04\0\0\0\0\0" + bytes(18),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + random_bytes(rng, 32, 400),
        b"\x80\x2e\x01\x03\x01" + random_bytes(rng, 10, 60), b"SSH-2.0-OpenSSH_9.2\r\n", b"EHLO mail.example\r\n",
        b"*1\r\n$4\r\nPING\r\n", b"USER anonymous\r\n", b"GET /\r\n", b"GET /v1/models\r\n\r\n",
        b"\0\0\0\x08\x04\xd2\x16\x2f", b"\r\n\r\n\r\n\r\n", b"\n\n\n\n"
    ])
    return Input("other protocol", data, leave=HALF_CLOSE, must_close=True)


def random_garbage(rng, target):
    return Input("random bytes", random_bytes(rng, 1, 600), leave=HALF_CLOSE)


def smuggling(rng, target):
    te = rng.choice(["chunked", "Chunked", "chunked ", "\tchunked"])
    body = rng.choice(["0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", ""])
    lines = rng.choice([["Content-Length: %d" % rng.choice([0, 4, 5, 100]), "Transfer-Encoding: " + te],
                        ["Transfer-Encoding: " + te,
                         "Content-Length: %d" % rng.choice([0, 4, 5, 100])],
                        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
                        ["Transfer-Encoding: identity", "Transfer-Encoding: chunked"],
                        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
                        ["Transfer-Encoding: chunked, chunked"], ["Transfer-Encoding: chunked, identity"],
                        ["Transfer-Encoding: identity"], ["Transfer-Encoding: gzip, chunked"],
                        ["Transfer-Encoding: xchunked"], ["Transfer-Encoding: \"chunked\""],
                        ["Transfer-Encoding: chunked;q=0.5"], ["Transfer-Encoding:"], ["Transfer-Encoding: ,chunked"],
                        ["Transfer-Encoding : chunked"], [" Transfer-Encoding: chunked"],
                        ["X: y", " Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked\x0b"],
                        ["Transfer-Encoding:\x00chunked"], ["Transfer\xadEncoding: chunked"],
                        ["X: y\nTransfer-Encoding: chunked"], ["X: y\rTransfer-Encoding: chunked"],
                        ["Content-Length: 4", "Content-Length: 5"], ["Content-Length: 5", "content-length: 05a"],
                        ["Content-Length: 4, 5"], ["Content-Length: 5,5"], ["Content-Length : 5"],
                        ["Content-Length: 5 5"], ["Content-Length\t: 5"], ["Content-Length: 5\x0b"]])
    return framing("smuggling", target.request(lines=lines, length=False) + (body + SPLICE).encode())


def bad_content_length(rng, target):
    value = rng.choice([
        "", " ", "-1", "+5", "0x10", "1e3", "5.0", "five", "18446744073709551616", "18446744073709551621",
        "9223372036854775808", "9007199254740993", "9" * rng.randint(20, 2000), "\xb2", "5;", "NaN", "1_000", "00x"
    ])
    return framing("bad content-length", target.request(lines=["Content-Length: " + value], length=False) + b"hello")


def body_too_large(rng, target):
    lines = ["Content-Length: %d" % rng.choice([2**31, 2**32, 2**32 + 5, 2**40, 2**53])]
    if rng.random() < 0.5:
        lines.append("Expect: 100-continue")
    return framing("body too large", target.request(lines=lines, length=False) + b"{" * rng.choice([0, 1, 1000]))


def chunk_too_large(rng, target):
    data = target.request(lines=["Transfer-Encoding: chunked"], length=False)
    size = rng.choice([
        "7fffffff", "80000000", "ffffffff", "100000000", "fffffffffe", "10000000000", "7fffffffffffffff",
        "8000000000000000", "ffffffffffffffff", "fffffffffffffffff", "1" + "0" * 40, "0" * 300
    ])
    # Sizes below the decoder's limit announce a body that does not come: the end of input settles those.
    return Input("chunk too large", data + size.encode() + b"\r\n" + b"x" * rng.choice([0, 10, 3000]), leave=HALF_CLOSE,
                 must_close=True)


def bad_chunks(rng, target):
    body = rng.choice([
        "\r\n", "g\r\n", "-1\r\nx\r\n", "+5\r\nhello\r\n", "0x5\r\nhello\r\n", "5 \r\nhello\r\n", " 5\r\nhello\r\n",
        "5 ;a\r\nhello\r\n", "5\nhello\n0\n\n", "5\rhello\r0\r\r", "5\r\nhello0\r\n\r\n", "5\r\nhelloo\r\n0\r\n\r\n",
        "6\r\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r\r\n0\r\n\r\n", "5;a\x01\r\nhello\r\n",
        "5;" + "a" * 5000 + "\r\nhello\r\n", "5\r\nhello\r\n0\r\nno colon\r\n\r\n", "0\r\nA : b\r\n\r\n",
        "0\r\n folded: x\r\n\r\n", "0\r\n: x\r\n\r\n", "0\r\nA: b\x00\r\n\r\n", "0\r\n" + "A: b\r\n" * 5000 + "\r\n",
        "0\r\nA: " + "b" * 20000 + "\r\n\r\n", "0\r\n\n", "0\n\n", "\x00\r\n", ";\r\n", "5\x00\r\nhello\r\n"
    ])
    data = target.request(lines=["Transfer-Encoding: chunked"], length=False)
    return framing("bad chunks", data + (body + SPLICE).encode("latin-1"))


def chunked_in_1_0(rng, target):
    data = target.request(lines=["Transfer-Encoding: chunked"], length=False, version="HTTP/1.0")
    return framing("chunked in HTTP/1.0", data + b"5\r\nhello\r\n0\r\n\r\n")


def bad_header(rng, target):
    line = rng.choice([
        "no colon", ": no name", "na me: x", "name : x", "name\t: x", " name: x", "\tname: x", "n(me): x", "n\xe4me: x",
        "n\x00me: x", "name: a\x00b", "name: a\x01b", "name: a\x7fb", "name: a\x1b[31mb", "name: a\nb", "name: a\rb",
        "name: a\r\n folded", "name: a\r\n\tfolded", "name: a\r\n \r\n", "{\"a\": 1}", "name\x0b: x", "\x0bname: x",
        "name: x\r", "=", "@: x", "[name]: x"
    ])
    lines = [line] if rng.random() < 0.5 else ["Accept: */*", line, "X-After: 1"]
    body = target.chat()
    return framing("bad header", target.request(body=body, lines=lines) + SPLICE.encode())


def bare_line_ends(rng, target):
    data = target.request(body=target.chat())
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.split(b"\r\n")
    end = rng.choice([b"\n", b"\r", b"\r\r\n", b"\n\r"])
    at = rng.randrange(len(lines))
    if rng.random() < 0.3:
        spoiled = end.join(lines) + end + end
    else:
        spoiled = b"\r\n".join(lines[:at + 1]) + end + b"\r\n".join(lines[at + 1:]) + b"\r\n\r\n"
    return Input("bare CR or LF", spoiled + body, leave=HALF_CLOSE, must_close=True)


def bad_host(rng, target):
    hosts = rng.choice([[], ["Host: a", "Host: a"], ["Host: a", "host: b"], ["Host: a b"], ["Host: a/b"], ["Host: u@a"],
                        ["Host: a\tb"], ["Host: \xe4"], ["Host: a#b"], ["Host: <a>"], ["Host: a\\b"]])
    data = "\r\n".join(["GET /v1/models HTTP/1.1"] + hosts) + "\r\n\r\n"
    return framing("bad host", data.encode("latin-1"))


def huge_head(rng, target):
    size = rng.choice([33_000, 70_000, 200_000])
    data = rng.choice([
        lambda: b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        lambda: target.request("GET", "/v1/models", lines=["X-Huge: " + "a" * size]),
        lambda: target.request("GET", "/v1/models", lines=["X" * size + ": a"]),
        lambda: b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * size,  # and no end
        lambda: b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A:\r\n" * (size // 4)
    ])()
    return framing("huge head", data)


def header_flood(rng, target):
    lines = ["X-%d: %d" % (i, i) for i in range(rng.choice([129, 200, 1000]))]
    return framing("header flood", target.request("GET", "/v1/models", lines=lines))


def bad_expect(rng, target):
    value = rng.choice(["", "200-ok", "100-continue, x", "101-switching", "100 continue", "a" * 1000])
    return Input("bad expect", target.request(body=target.chat(), lines=["Expect: " + value]))


def cut_head(rng, target):
    data = target.request(body=target.chat(), lines=["Accept: */*", "X-Trace: " + "a" * rng.randint(0, 200)])
    return leaving(rng, "cut head", data[:rng.randint(1, data.index(b"\r\n\r\n") + 3)])


def cut_body(rng, target):
    body = target.chat("x" * rng.choice([10, 1000, 100_000]), stream=rng.random() < 0.5)
    data = target.request(body=body)
    return leaving(rng, "cut body", data[:rng.randint(data.index(b"\r\n\r\n") + 4, len(data) - 1)])


def cut_chunked_body(rng, target):
    body = target.chat()
    chunked = b"%x\r\n%s\r\n0\r\nA: b\r\n\r\n" % (len(body), body)
    data = target.request(lines=["Transfer-Encoding: chunked"], length=False)
    return leaving(rng, "cut chunked body", data + chunked[:rng.randint(0, len(chunked) - 1)])


def vanishing_caller(rng, target):
    data = target.request(body=target.chat("who is there? %d" % rng.randrange(10**9), stream=rng.random() < 0.5))
    return Input("vanishing caller", data, replies=[], leave=rng.choice([CLOSE, RESET]))


def pipelined_garbage(rng, target):
    good = target.request("GET", "/v1/models")
    count = rng.randint(1, 5)
    garbage = rng.choice(
        [b"\0\0\0\0", b"garbage\r\n\r\n", b"GET\r\n\r\n", b"{\"model\":1}\r\n", b"GET / HTTP/7.0\r\n\r\n", b" \r\n"])
    return Input("pipelined garbage", good * count + garbage, replies=[OK] * count + [ERROR], must_close=True)


def many_pipelined(rng, target):
    count = rng.randint(20, 60)
    data = b"".join(target.request("GET", "/v1/models" if i % 2 else "/no/such/path") for i in range(count))
    return Input("many pipelined", data, replies=[OK if i % 2 else ERROR for i in range(count)], may_close=False)


def body_and_surplus(rng, target):
    """More bytes than Content-Length says: the surplus is the next request, and no request at all."""
    data = target.request(body=target.chat()) + rng.choice([b"}}}}\r\n\r\n", b"\0" * 20, b"surplus \r\n\r\n"])
    return Input("surplus after the body", data, replies=[OK, ERROR], must_close=True)


def wrong_route(rng, target):
    method, path = rng.choice([("GET", CHAT), ("DELETE", CHAT), ("PUT", CHAT), ("PATCH", CHAT), ("BREW", CHAT),
                               ("get", "/v1/models"), ("POST", "/v1/models"), ("GET", "/"), ("GET", "/v1"),
                               ("GET", "/v1/chat"), ("POST", CHAT + "/"), ("POST", "/" + CHAT),
                               ("POST", "/v1/../v1/chat/completions"), ("GET", "/%00"),
                               ("GET", "/%2e%2e/%2e%2e/etc/passwd"), ("GET", "/../../etc/passwd"), ("GET", "//"),
                               ("GET", "/v1/models/%s" % ("a" * 3000)), ("GET", "/v1/models/no-such-model"),
                               ("GET", "/v1/models/%ff"), ("GET", "/?" + "a" * 3000), ("GET", "/a?b=http://c/d?e=f"),
                               ("GET", "/#fragment"), ("GET", "/<script>"), ("POST", "/v1/no/such/api"), ("TRACE", "/"),
                               ("OPTIONS", "/none")])
    return Input("wrong route", target.request(method, path, body=target.chat() if method != "GET" else b""),
                 may_close=False)


def odd_but_allowed(rng, target):
    data, head_only = rng.choice([
        (target.request("OPTIONS", "*"), False), (target.request("HEAD", "/v1/models"), True),
        (target.request("HEAD", "/nowhere"), True), (target.request("GET", "http://other.example/v1/models"), False),
        (target.request("GET", "HTTPS://other/v1/models?x"), False),
        (b"\r\n" + target.request("GET", "/v1/models"), False), (b"GET /v1/models HTTP/1.0\r\n\r\n", False),
        (target.request("GET", "/v1/models",
                        lines=["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]), False),
        (target.request("GET", "/v1/models",
                        lines=["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: Upgrade"]), False),
        (target.request("GET", "/v1/models", lines=["Connection: close, keep-alive, x, ,,"]), False),
        (target.request("GET", "/v1/models", body=b"a body that nobody asked for"), False),
        (target.request(
            "GET", "/v1/models",
            lines=["Range: bytes=0-1", "If-None-Match: *", "Accept-Encoding: br", "Cookie: a=" + "b" * 4000]), False),
        (target.request("GET", "/v1/models", lines=["X: \xff\xfe\x80", "Authorization: Bearer \xe4\xf6"]), False),
        (target.request(body=target.chat(), lines=["Content-Length: %d" % len(target.chat())]), False),
        (target.request("POST", CHAT, body=target.chat(), lines=["Content-Type: text/plain",
                                                                 "Content-Encoding: gzip"]), False)
    ])
    return Input("odd but allowed", data, replies=[ANY], may_close=False, head_only=head_only)


def odd_weir_headers(rng, target):
    line = rng.choice([
        "x-weir-mode: serve", "x-weir-mode: nonsense", "x-weir-mode: \xff", "x-weir-cache: nonsense",
        "x-weir-cache: " + "a" * 5000, "x-weir-task: " + "t" * 5000, "x-weir-task: \xff\xfe",
        "x-weir-user: '; DROP TABLE requests;--", "x-weir-debug: \xc0\x80", "x-weir-mode: off\r\nx-weir-mode: serve",
        "x-weir-cache: no-store, refresh, only", "x-weir-task:"
    ])
    return Input("odd x-weir header", target.request(body=target.chat(), lines=[line]), replies=[ANY], may_close=False)


def mutated_request(rng, target):
    data = mutated(
        rng,
        target.request(body=target.chat(stream=rng.random() < 0.3),
                       lines=["Accept: */*", "Content-Type: application/json"]))
    return Input("mutated request", data, replies=[ANY], leave=HALF_CLOSE)


def mutated_head(rng, target):
    head = target.request("GET", "/v1/models", lines=["Accept: */*", "Connection: keep-alive"])
    return Input("mutated head", mutated(rng, head), replies=[ANY], leave=HALF_CLOSE)


def connect_and_leave(rng, target):
    return Input("no request at all", b"", replies=[], leave=rng.choice([CLOSE, RESET]))


def normal(rng, target):
    """A caller who means well must not notice the others."""
    data = target.request(body=target.chat("hello %d" % rng.randrange(1000), stream=rng.random() < 0.3))
    return Input("normal request", data, replies=[OK], may_close=False)


HTTP_KINDS = [(bad_request_line, 6), (other_protocol, 4), (random_garbage, 4), (smuggling, 9), (bad_content_length, 3),
              (body_too_large, 2), (chunk_too_large, 3), (bad_chunks, 6), (chunked_in_1_0, 1), (bad_header, 6),
              (bare_line_ends, 4), (bad_host, 2), (huge_head, 2), (header_flood, 1), (bad_expect, 1), (cut_head, 4),
              (cut_body, 4), (cut_chunked_body, 3), (vanishing_caller, 2), (pipelined_garbage, 3), (many_pipelined, 1),
              (body_and_surplus, 2), (wrong_route, 5), (odd_but_allowed, 4), (odd_weir_headers, 2),
              (mutated_request, 8), (mutated_head, 4), (connect_and_leave, 1), (normal, 3)]
