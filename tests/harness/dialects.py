"""What the tests of the translated APIs have in common: callers who speak another API than the provider, which speaks
chat."""

import json

from harness import upstream, wait_for
from harness.case import GatewayCase

TOKENS = (20, 8, 3)  # input, cached, output


def typed_events(reply):
    """The documents of a stream whose events are named by their documents' type."""
    found = []
    for block in reply.body.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if not lines:
            continue
        assert len(lines) == 2 and lines[0].startswith("event: ") and lines[1].startswith("data: "), block
        document = json.loads(lines[1][6:])
        assert document["type"] == lines[0][7:], block
        found.append(document)
    return found


def chunk(delta, finish=None, **members):
    """One of the provider's events."""
    base = {"id": "chatcmpl-1", "created": 1720000000, "model": "gpt-4o", "object": "chat.completion.chunk"}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return upstream.event(dict(base, choices=[choice], **members))


class DialectCase(GatewayCase):
    path = None
    request = None  # staticmethod: **members -> body
    read = None  # staticmethod: a stream's reply -> what a client makes of it

    def setUp(self):
        super().setUp()
        self.up.answer = upstream.Model(tokens=TOKENS)

    def ask(self, body=None, headers=(), **members):
        return self.weir.ask("POST", self.path, body or self.request(**members), headers)

    def assert_whole(self, reply, answer, streamed):
        self.assertEqual(reply.status, 200, reply)
        self.assertTrue(reply.complete)
        self.assertEqual("event-stream" in reply.header("content-type"), streamed)
        self.assertEqual(self.read(reply) if streamed else reply.json(), answer)

    def assert_leaving_cancels(self):
        self.up.script(upstream.stepped([chunk({"content": "one"})], {}, hang=True))
        connection = self.weir.connect()
        connection.request("POST", self.path, self.request(stream=True))
        reply = connection.read_head()
        connection.close()
        wait_for(lambda: self.up.requests[0].gone_at, 3, "the call to be cancelled upstream as well")
        self.assertFalse(self.weir.row(reply)["complete"])
