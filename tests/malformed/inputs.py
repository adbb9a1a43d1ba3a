"""What one hostile input is: the bytes, how the sender leaves, and what the gateway owes it."""
import json
import random
from dataclasses import dataclass, field

CHAT = "/v1/chat/completions"

# What a reply must be.
OK = "ok"  # 200
ERROR = "error"  # 4xx, 501 or 505 in the API's error form
ANY = "any"  # any well-formed reply but a 500

# How the sender leaves once everything is sent.
STAY = "stay"  # waits for the replies
HALF_CLOSE = "half close"  # says it has nothing more to send, waits for replies or the end
CLOSE = "close"  # leaves at once
RESET = "reset"  # leaves at once, with a reset


@dataclass
class Input:
    kind: str
    data: bytes
    replies: list = field(default_factory=lambda: [ERROR])
    leave: str = STAY
    may_close: bool = True  # the connection may be closed instead of (the rest of) the replies
    must_close: bool = False  # after the replies the gateway closes and says nothing more
    head_only: bool = False  # replies have no body


@dataclass
class Target:
    """What the generators know of the gateway."""
    model: str
    key: str = ""

    def chat(self, text="Say four.", **members):
        body = {"model": self.model, "messages": [{"role": "user", "content": text}]}
        body.update(members)
        return json.dumps(body).encode()

    def headers(self):
        lines = ["Host: gateway"]
        if self.key:
            lines.append("Authorization: Bearer " + self.key)
        return lines

    def request(self, method="POST", path=CHAT, body=b"", lines=(), length=True, version="HTTP/1.1"):
        """A well-formed request, unless `lines` spoil it."""
        head = ["%s %s %s" % (method, path, version)] + self.headers() + list(lines)
        if length and (body or method == "POST"):
            head.append("Content-Length: %d" % len(body))
        return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def random_bytes(rng, low, high):
    return bytes(rng.randrange(256) for _ in range(rng.randint(low, high)))


def mutated(rng, data):
    """`data` with one to eight bytes changed, dropped, doubled or put in."""
    spoiled = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(spoiled))
        choice = rng.randrange(5)
        if choice == 0:
            spoiled[at] = rng.randrange(256)
        elif choice == 1:
            del spoiled[at:at + rng.randint(1, 4)]
        elif choice == 2:
            spoiled[at:at] = rng.choice(
                [b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"\"", b"{", b"}", b"\xff", b"\\"])
        elif choice == 3:
            spoiled[at:at] = spoiled[at:at + rng.randint(1, 64)]
        else:
            spoiled[at] ^= 1 << rng.randrange(8)
        if not spoiled:
            spoiled = bytearray(b"\0")
    return bytes(spoiled)


def rng_of(seed, index):
    """The input's own random numbers, so that any one can be made again by itself."""
    return random.Random("%s:%d" % (seed, index))
