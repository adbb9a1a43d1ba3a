"""A fake provider that does as it is told, byte by byte, and remembers everything it was asked.

An answer is a callable that takes an Exchange and returns whether the connection may be kept. The ones below cover what
providers do and what they do wrong. Upstream.answer is the rule; Upstream.script(...) are answers for the next requests,
in order, before the rule applies again; Upstream.by_model picks by the model asked for.
"""

import json
import queue
import select
import socket
import struct
import threading
import time
import zlib
from base64 import b64encode

from . import wait_for


class Seen:
    """One request as it came."""

    def __init__(self, number, connection, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.number, self.connection, self.head, self.body = number, connection, head, body
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]
        self.at = time.monotonic()
        self.gone_at = None  # when the gateway closed the connection before the answer was out

    def header(self, name, default=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def json(self):
        return json.loads(self.body)

    @property
    def model(self):
        try:
            return self.json().get("model")
        except ValueError:
            return None


class Exchange:
    def __init__(self, upstream, sock, seen):
        self.upstream, self.sock, self.seen = upstream, sock, seen

    def send(self, data):
        self.sock.sendall(data)

    def reset(self):
        """Closes with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def wait_gone(self, seconds=30.0, release=None):
        """Waits until the gateway closes the connection or this provider is stopped (True), or `release` is set (False)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.upstream.stopping:
            if release is not None and release.is_set():
                return False
            readable, _, _ = select.select([self.sock], [], [], 0.005)
            if readable:
                try:
                    gone = not self.sock.recv(1, socket.MSG_PEEK)
                except OSError:
                    gone = True
                if gone:
                    self.seen.gone_at = time.monotonic()
                    return True
                time.sleep(0.005)
        return self.upstream.stopping


class Upstream:
    def __init__(self, answer=None):
        self.answer = answer or Model()
        self.by_model = {}
        self.on_get = body({"object": "list", "data": []})
        self.requests = []  # POSTs, in order of arrival
        self.connections = 0
        self.stopping = False
        self.listener = None
        self.port = 0
        self._script = queue.Queue()
        self._lock = threading.Lock()
        self._socks = set()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.stopping = False
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))  # after a stop: the same port again
        self.listener.listen(256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def stop(self):
        """Closes listener and connections at once, as a killed provider would."""
        self.stopping = True
        listener, self.listener = self.listener, None
        if listener:
            try:
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            except OSError:
                pass
            listener.close()
        with self._lock:
            socks = list(self._socks)
        for sock in socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def base_url(self):
        return "http://127.0.0.1:%d/v1" % self.port

    def script(self, *answers):
        for answer in answers:
            self._script.put(answer)

    def wait_requests(self, count, seconds=5.0):
        wait_for(lambda: len(self.requests) >= count, seconds, "%d requests at the provider" % count)
        return self.requests

    @property
    def open_connections(self):
        with self._lock:
            return len(self._socks)

    def forget(self):
        with self._lock:
            self.requests = []

    def _accept(self, listener):
        while not self.stopping:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                number = self.connections
                self._socks.add(sock)
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock, connection):
        try:
            buffer = b""
            while not self.stopping:
                request = self._read(sock, buffer, connection)
                if request is None:
                    return
                seen, buffer = request
                if not self._choose(seen)(Exchange(self, sock, seen)):
                    return
        except OSError:
            pass
        finally:
            with self._lock:
                self._socks.discard(sock)
            sock.close()

    def _choose(self, seen):
        if seen.method == "POST":
            try:
                return self._script.get_nowait()
            except queue.Empty:
                return self.by_model.get(seen.model, self.answer)
        return self.on_get

    def _read(self, sock, buffer, connection):
        def more():
            nonlocal buffer
            got = sock.recv(65536)
            buffer += got
            return bool(got)

        while b"\r\n\r\n" not in buffer:
            if not more():
                return None
        head, buffer = buffer.split(b"\r\n\r\n", 1)
        lower = head.lower()
        if b"expect: 100-continue" in lower:
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if b"transfer-encoding: chunked" in lower:
            data = b""
            while True:
                while b"\r\n" not in buffer:
                    if not more():
                        return None
                line, buffer = buffer.split(b"\r\n", 1)
                size = int(line.split(b";")[0], 16)
                while len(buffer) < size + 2:
                    if not more():
                        return None
                data, buffer = data + buffer[:size], buffer[size + 2 :]
                if size == 0:
                    break
        else:
            size = 0
            for line in lower.split(b"\r\n")[1:]:
                if line.startswith(b"content-length:"):
                    size = int(line.split(b":", 1)[1])
            while len(buffer) < size:
                if not more():
                    return None
            data, buffer = buffer[:size], buffer[size:]
        with self._lock:
            seen = Seen(len(self.requests), connection, head, data)
            if seen.method == "POST":
                self.requests.append(seen)
        return seen, buffer


# ---- answers ------------------------------------------------------------------------------------------------------

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def framed(payloads, how, status=200, headers=(), kind="application/json", length=None):
    """Head and body as bytes. how: length, chunked, close."""
    lines = ["HTTP/1.1 %d %s" % (status, REASONS.get(status, "Status")), "content-type: " + kind]
    lines += ["%s: %s" % pair for pair in headers]
    whole = b"".join(payloads)
    if how == "length":
        lines.append("content-length: %d" % (len(whole) if length is None else length))
    elif how == "chunked":
        lines.append("transfer-encoding: chunked")
        whole = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in payloads if p) + b"0\r\n\r\n"
    else:
        lines.append("connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n", whole


def send_in(exchange, head, whole, piece=None, cut=None, reset=False):
    """Sends head and body; `piece` bytes a time; only `cut` bytes of the body, and then the connection ends."""
    sent = whole if cut is None else whole[:cut]
    exchange.send(head)
    step = piece or max(1, len(sent))
    for at in range(0, len(sent), step):
        exchange.send(sent[at : at + step])
    if reset:
        return exchange.reset()
    return cut is None


def body(document, status=200, headers=(), how="length", length=None, cut=None, piece=None, reset=False, close=False):
    """A complete body; `document` may be bytes. close: the connection ends after it without having said so."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()

    def answer(exchange):
        head, whole = framed([data], how, status, headers, length=length)
        return send_in(exchange, head, whole, piece, cut, reset) and how != "close" and not close

    return answer


def error(status, message, headers=(), kind="server_error", code=None):
    return body({"error": {"message": message, "type": kind, "param": None, "code": code}}, status, headers)


def stream(events, how="chunked", cut=None, piece=None, reset=False, headers=()):
    """Events (bytes, each with its blank line), each a chunk."""

    def answer(exchange):
        head, whole = framed(list(events), how, 200, headers, "text/event-stream; charset=utf-8")
        return send_in(exchange, head, whole, piece, cut, reset) and how != "close"

    return answer


def stepped(events, steps, hang=False):
    """A chunked stream whose event i goes out once steps[i] is set (missing: at once); hang: never ends."""

    def answer(exchange):
        exchange.send(framed([], "chunked", kind="text/event-stream")[0])
        for index, event in enumerate(events):
            if index in steps and exchange.wait_gone(release=steps[index]):
                return False
            exchange.send(b"%x\r\n%s\r\n" % (len(event), event))
        if hang:
            exchange.wait_gone()
            return False
        exchange.send(b"0\r\n\r\n")
        return True

    return answer


def hang():
    """Says nothing until the gateway goes away."""

    def answer(exchange):
        exchange.wait_gone()
        return False

    return answer


def held(release, then):
    """Answers with `then` once `release` is set."""

    def answer(exchange):
        return False if exchange.wait_gone(release=release) else then(exchange)

    return answer


def raw(data, keep=False):
    def answer(exchange):
        exchange.send(data)
        return keep

    return answer


def held_after(data):
    """Sends some bytes, and then nothing until the gateway goes away."""

    def answer(exchange):
        exchange.send(data)
        exchange.wait_gone()
        return False

    return answer


def dropped(reset=False):
    """Takes the request and closes without a byte."""

    def answer(exchange):
        return exchange.reset() if reset else False

    return answer


def then_close(inner):
    """Answers, then closes the kept connection without having announced it: the next request on it finds it stale."""

    def answer(exchange):
        inner(exchange)
        return False

    return answer


# ---- a model ------------------------------------------------------------------------------------------------------


def usage_of(tokens_in, tokens_out, cached=0):
    return {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def pieces_of(text):
    """A text's 'tokens': words with the space before them."""
    words = text.split(" ")
    return [words[0]] + [" " + word for word in words[1:]]


class Model:
    """Answers as a real provider does: body or stream, usage where asked, log-probabilities where asked. Counts calls
    and nano-dollars (`price`: USD per million tokens of input, cached input, output)."""

    def __init__(
        self,
        text="Four.",
        logprob=-0.01,
        tokens=None,
        price=(0, 0, 0),
        gives_logprobs=True,
        finish="stop",
        message=None,
    ):
        self.text, self.logprob, self.tokens, self.price = text, logprob, tokens, price
        self.gives_logprobs, self.finish, self.message = gives_logprobs, finish, message
        self.calls, self.nanos = 0, 0
        self.lock = threading.Lock()

    def answer_for(self, request):
        """(text, logprob, (tokens in, cached, out)); override for more."""
        text = self.text(request) if callable(self.text) else self.text
        prompt = sum(len(str(m.get("content"))) for m in request["messages"])
        return text, self.logprob, self.tokens or (prompt // 4 + 8, 0, len(pieces_of(text)))

    def __call__(self, exchange):
        request = exchange.seen.json()
        text, logprob, (tokens_in, cached, tokens_out) = self.answer_for(request)
        fresh, hit, output = self.price
        picos = round(((tokens_in - cached) * fresh + cached * hit + tokens_out * output) * 1_000_000)
        with self.lock:
            self.calls += 1
            self.nanos += (picos + 500) // 1000  # rounded once, half up
            number = self.calls
        usage = usage_of(tokens_in, tokens_out, cached)
        logprobs = None
        if request.get("logprobs") and self.gives_logprobs:
            logprobs = [
                {"token": p, "logprob": logprob, "bytes": list(p.encode()), "top_logprobs": []} for p in pieces_of(text)
            ]
        head = {"id": "chatcmpl-%d" % number, "created": 1720000000, "model": request["model"]}
        if request.get("stream"):
            asked = (request.get("stream_options") or {}).get("include_usage", False)
            return stream(chat_events(text, head, usage if asked else None, logprobs, self.finish))(exchange)
        return body(chat_body(text, head, usage, logprobs, self.finish, self.message))(exchange)


def chat_body(text, head=None, usage=None, logprobs=None, finish="stop", message=None):
    document = dict(head or {"id": "chatcmpl-1", "created": 1720000000, "model": "m"}, object="chat.completion")
    document["choices"] = [
        {
            "index": 0,
            "message": message or {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None if logprobs is None else {"content": logprobs, "refusal": None},
            "finish_reason": finish,
        }
    ]
    document["usage"] = usage
    document["system_fingerprint"] = "fp_fake"
    return document


def event(document):
    return b"data: " + json.dumps(document).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def chat_events(text, head=None, usage=None, logprobs=None, finish="stop", done=True):
    """The events of a streamed answer; with `usage` null usage in every chunk and a usage chunk at the end."""
    base = dict(
        head or {"id": "chatcmpl-1", "created": 1720000000, "model": "m"},
        object="chat.completion.chunk",
        system_fingerprint="fp_fake",
    )

    def chunk(delta, finish=None, probs=None):
        document = dict(
            base,
            choices=[
                {
                    "index": 0,
                    "delta": delta,
                    "finish_reason": finish,
                    "logprobs": None if probs is None else {"content": probs, "refusal": None},
                }
            ],
        )
        if usage is not None:
            document["usage"] = None
        return event(document)

    events = [chunk({"role": "assistant", "content": "", "refusal": None})]
    for index, piece in enumerate(pieces_of(text)):
        events.append(chunk({"content": piece}, None, None if logprobs is None else [logprobs[index]]))
    events.append(chunk({}, finish))
    if usage is not None:
        events.append(event(dict(base, choices=[], usage=usage)))
    return events + ([DONE] if done else [])


# ---- an embedding model -------------------------------------------------------------------------------------------


def vector_text(item, size, base64=False):
    """The vector of one input as a provider spells it: the same for the same input, with exponents and long decimals."""
    seed = zlib.crc32(json.dumps(item).encode())
    numbers = [((seed * (i + 1) * 2654435761) % 2000003 - 1000001) / (1e7 if i % 3 else 1e12) for i in range(size)]
    if base64:
        return json.dumps(b64encode(struct.pack("<%df" % size, *numbers)).decode())
    return "[" + ", ".join(repr(number) for number in numbers) + "]"


class Embedder:
    """Answers POST /v1/embeddings as OpenAI does, spaces and all. `edit` may change the elements of `data`
    (a list of texts) before they go out."""

    def __init__(self, size=8, tokens=None, edit=None, usage=True, name=None, headers=()):
        self.size, self.edit, self.usage, self.name, self.headers = size, edit, usage, name, headers
        self.tokens = tokens or (lambda item: len(item) if isinstance(item, list) else len(item) // 3 + 1)
        self.sent = []  # the bodies, as bytes

    def items(self, request):
        given = request["input"]
        if isinstance(given, str) or (given and isinstance(given[0], int)):
            return [given]
        return given

    def __call__(self, exchange):
        request = exchange.seen.json()
        items = self.items(request)
        size = request.get("dimensions", self.size)
        base64 = request.get("encoding_format") == "base64"
        data = [
            '{\n      "object": "embedding",\n      "index": %d,\n      "embedding": %s\n    }'
            % (index, vector_text(item, size, base64))
            for index, item in enumerate(items)
        ]
        data = self.edit(data) if self.edit else data
        count = sum(self.tokens(item) for item in items)
        text = '{\n  "object": "list",\n  "data": [\n    %s\n  ],\n  "model": %s' % (
            ",\n    ".join(data),
            json.dumps(self.name or request["model"]),
        )
        if self.usage:
            text += ',\n  "usage": {\n    "prompt_tokens": %d,\n    "total_tokens": %d\n  }' % (count, count)
        text += "\n}\n"
        self.sent.append(text.encode())
        return body(self.sent[-1], headers=self.headers)(exchange)
