"""Sends one input and judges what came back."""
import json
import re
import socket
import struct
import time
from dataclasses import dataclass

from inputs import CLOSE, ERROR, HALF_CLOSE, OK, RESET, Input

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*")
HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
KEPT_BYTES = 4096  # of what was received, for the report


@dataclass
class Outcome:
    what: str
    violation: str = ""
    received: bytes = b""


class Closed(Exception):
    """The gateway closed the connection, in the middle of a reply or before one."""


class Late(Exception):
    """The deadline has passed."""


class Malformed(Exception):
    """What came back is not HTTP."""


class Receiver:
    """Reads replies from a socket until a point in time."""
    def __init__(self, connection, until):
        self.connection, self.until = connection, until
        self.buffer = b""
        self.received = b""

    def fill(self):
        left = self.until - time.monotonic()
        if left <= 0:
            raise Late()
        self.connection.settimeout(left)
        try:
            data = self.connection.recv(65536)
        except socket.timeout:
            raise Late() from None
        except OSError:
            raise Closed() from None
        if not data:
            raise Closed()
        self.buffer += data
        self.received = (self.received + data)[:KEPT_BYTES]

    def through(self, mark):
        while mark not in self.buffer:
            if len(self.buffer) > 1 << 20:
                raise Malformed("a megabyte without %r" % mark)
            self.fill()
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def exactly(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def rest(self):
        try:
            while True:
                self.fill()
        except Closed:
            data, self.buffer = self.buffer, b""
            return data

    def reply(self, head_only):
        """(status, headers, body) of the next final reply."""
        while True:
            lines = self.through(b"\r\n\r\n").split(b"\r\n")
            status = STATUS_LINE.fullmatch(lines[0])
            if not status:
                raise Malformed("status line %r" % lines[0][:100])
            headers = {}
            for line in lines[1:]:
                header = HEADER_LINE.fullmatch(line)
                if not header:
                    raise Malformed("header line %r" % line[:100])
                headers.setdefault(header[1].lower(), []).append(header[2])
            code = int(status[1])
            if code >= 200:
                return code, headers, self.body(code, headers, head_only)

    def body(self, code, headers, head_only):
        length, coding = headers.get(b"content-length", []), headers.get(b"transfer-encoding", [])
        if len(length) + len(coding) > 1:
            raise Malformed("Content-Length %r with Transfer-Encoding %r" % (length, coding))
        if head_only or code in (204, 304):
            return b""
        if length:
            if not length[0].isdigit():
                raise Malformed("Content-Length %r" % length[0])
            return self.exactly(int(length[0]))
        if not coding:
            return self.rest()
        body = b""
        while True:
            size = int(self.through(b"\r\n"), 16)
            if size == 0:
                break
            body += self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise Malformed("chunk without its end")
        if self.through(b"\r\n"):
            raise Malformed("trailers")
        return body


def fault_of(wanted, code, body, head_only):
    """What is wrong with a reply, given what it must be; empty: nothing."""
    if code == 500:
        return "internal server error"
    if wanted == OK and code != 200:
        return "a normal request was answered with %d" % code
    if wanted == ERROR and not (400 <= code < 500 or code in (501, 505)):
        return "a malformed request was answered with %d" % code
    if code >= 400 and not head_only:
        try:
            message = json.loads(body)["error"]["message"]
        except (ValueError, TypeError, KeyError):
            return "error %d without the API's error body" % code
        if not isinstance(message, str) or not message:
            return "error %d without a message" % code
    return ""


class Sender:
    def __init__(self, address, deadline):
        self.address, self.deadline = address, deadline

    def connect(self):
        connection = socket.create_connection(self.address, timeout=self.deadline)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def probe(self, data):
        outcome = self.send(Input("probe", data, replies=[OK], may_close=False))
        return outcome.violation

    def send(self, attack):
        try:
            connection = self.connect()
        except OSError as error:
            return Outcome("not connected", "cannot connect: %s" % error)
        receiver = Receiver(connection, time.monotonic() + self.deadline)
        try:
            with connection:
                try:
                    connection.sendall(attack.data)
                except socket.timeout:
                    return Outcome("hanging", "neither reads nor closes")
                except OSError:
                    pass  # it had enough: what it said is still to be read
                return self.finish(attack, connection, receiver)
        except Late:
            return Outcome("hanging", "neither answered nor closed within %g s" % self.deadline, receiver.received)
        except (Malformed, ValueError) as error:
            return Outcome("malformed reply", "malformed reply: %s" % error, receiver.received)

    def finish(self, attack, connection, receiver):
        if attack.leave == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if attack.leave in (CLOSE, RESET):
            return Outcome("left")
        if attack.leave == HALF_CLOSE:
            try:
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        codes = []
        try:
            for wanted in attack.replies:
                code, _, body = receiver.reply(attack.head_only)
                codes.append(str(code))
                fault = fault_of(wanted, code, body, attack.head_only)
                if fault:
                    return Outcome(" ".join(codes), fault, receiver.received)
                if code >= 400 and attack.leave == HALF_CLOSE:
                    break
        except Closed:
            if receiver.buffer:
                return Outcome("cut reply", "closed in the middle of a reply", receiver.received)
            if not attack.may_close:
                return Outcome("closed", "closed instead of answering", receiver.received)
            return Outcome("closed" if not codes else "%s, then closed" % codes[-1], received=receiver.received)
        if attack.must_close and receiver.rest():
            return Outcome("answered twice", "went on after a fault of framing", receiver.received)
        return Outcome(codes[-1] if codes else "closed", received=receiver.received)
