"""A raw HTTP/1.1 client: sends exactly the bytes it is given, keeps exactly the bytes that come."""

import json
import socket
import time


class Reply:
    def __init__(self, status, reason, headers):
        self.status, self.reason, self.headers = status, reason, headers
        self.body = b""
        self.complete = False  # the framing's end came
        self.chunks = []  # payloads of a chunked body, as they were framed
        self.times = []  # when each piece came, monotonic

    def header(self, name, default=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def json(self):
        return json.loads(self.body)

    @property
    def events(self):
        return sse_data(self.body)

    @property
    def error(self):
        return self.json()["error"]

    def __repr__(self):
        return "Reply(%d %r complete=%s %r)" % (self.status, self.headers, self.complete, self.body[:400])


def sse_data(payload):
    """The data of each event of a stream, as text."""
    found = []
    for block in payload.replace(b"\r\n", b"\n").split(b"\n\n"):
        data = [line[5:].lstrip() for line in block.split(b"\n") if line.startswith(b"data:")]
        if data:
            found.append(b"\n".join(data).decode())
    return found


def stream_text(reply):
    """The text of a streamed answer."""
    text = ""
    for data in reply.events:
        if data == "[DONE]":
            continue
        for choice in json.loads(data).get("choices") or ():
            text += (choice.get("delta") or {}).get("content") or ""
    return text


class Closed(Exception):
    """The gateway closed the connection where an answer was due; .got holds what had come."""

    def __init__(self, got):
        super().__init__("connection closed after %r" % got[:200])
        self.got = got


class Connection:
    def __init__(self, port, timeout=10.0, host="127.0.0.1"):
        self.sock = socket.create_connection((host, port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.port = port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def request(self, method, target, body=None, headers=(), host=True):
        """Sends a request; `body` is bytes or a document."""
        if body is not None and not isinstance(body, (bytes, bytearray)):
            body = json.dumps(body).encode()
        lines = ["%s %s HTTP/1.1" % (method, target)]
        if host:
            lines.append("Host: 127.0.0.1:%d" % self.port)
        lines += ["%s: %s" % pair for pair in headers]
        names = {name.lower() for name, _ in headers}
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            lines.append("Content-Length: %d" % len(body))
        if body is not None and "content-type" not in names:
            lines.append("Content-Type: application/json")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))

    def fill(self):
        """Reads some; False at the end of the connection."""
        got = self.sock.recv(65536)
        self.buffer += got
        return bool(got)

    def closed_by_peer(self, seconds=5.0):
        """Waits for the gateway to close; what came before is in .buffer."""
        self.sock.settimeout(seconds)
        try:
            while self.fill():
                pass
            return True
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False

    def take(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise Closed(self.buffer)
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def take_through(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise Closed(self.buffer)
        end = self.buffer.index(mark) + len(mark)
        data, self.buffer = self.buffer[:end], self.buffer[end:]
        return data

    def read_head(self):
        lines = self.take_through(b"\r\n\r\n").decode("latin-1").split("\r\n")
        _, status, reason = (lines[0] + " ").split(" ", 2)
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers.append((name.strip(), value.strip()))
        return Reply(int(status), reason.strip(), headers)

    def read_body(self, reply, head_only=False):
        """Fills in the body; a cut one leaves `complete` false. Returns the reply."""
        try:
            if head_only or reply.status in (204, 304) or reply.status < 200:
                pass
            elif "chunked" in (reply.header("transfer-encoding") or "").lower():
                while self.read_chunk(reply):
                    pass
            elif reply.header("content-length") is not None:
                reply.body = self.take(int(reply.header("content-length")))
            else:
                while self.fill():
                    pass
                reply.body, self.buffer = self.buffer, b""
            reply.complete = True
        except (Closed, ConnectionResetError):
            reply.body += b""
        return reply

    def read_chunk(self, reply):
        """One chunk into the reply; False at the last."""
        size = int(self.take_through(b"\r\n").split(b";")[0], 16)
        if size == 0:
            while self.take_through(b"\r\n") != b"\r\n":
                pass
            reply.complete = True
            return False
        payload = self.take(size)
        assert self.take(2) == b"\r\n", "chunk without its end"
        reply.body += payload
        reply.chunks.append(payload)
        reply.times.append(time.monotonic())
        return True

    def read_reply(self, head_only=False):
        reply = self.read_head()
        return self.read_body(reply, head_only)

    def ask(self, method, target, body=None, headers=()):
        self.request(method, target, body, headers)
        return self.read_reply(head_only=method == "HEAD")


def ask(port, method, target, body=None, headers=(), timeout=20.0):
    """One request on a connection of its own."""
    with Connection(port, timeout) as connection:
        return connection.ask(method, target, body, headers)
