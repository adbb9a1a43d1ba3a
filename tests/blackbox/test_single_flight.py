"""The same request many times at once: one call upstream, and everybody gets the answer, live."""

import json
import random
import selectors
import socket
import threading
import time
import unittest

from harness import client, upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, simple

MANY = 1000


def request(text, stream=True, **members):
    return dict(
        {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], "stream": stream, "temperature": 0}, **members
    )


def wire(port, document):
    body = json.dumps(document).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n" % port
    return head.encode() + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body


class Crowd:
    """Many callers of one request on one thread: each sends it and reads to the end of its connection."""

    def __init__(self, port, documents):
        self.selector = selectors.DefaultSelector()
        self.got = [b""] * len(documents)
        self.socks = []
        for index, document in enumerate(documents):
            sock = socket.create_connection(("127.0.0.1", port), 20 * PATIENCE)
            sock.sendall(wire(port, document))
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ, index)
            self.socks.append(sock)
        self.open = set(range(len(documents)))

    def leave(self, index):
        self.selector.unregister(self.socks[index])
        self.socks[index].close()
        self.open.discard(index)

    def read(self, until=None, seconds=60.0):
        """Until `until()` is true, or everybody who has not left has been answered."""
        end = time.monotonic() + seconds * PATIENCE
        while self.open and not (until and until()):
            if time.monotonic() > end:
                raise AssertionError("%d callers without an end" % len(self.open))
            for key, _ in self.selector.select(0.05):
                try:
                    data = key.fileobj.recv(65536)
                except ConnectionResetError:
                    data = b""
                if data:
                    self.got[key.data] += data
                else:
                    self.leave(key.data)

    def payload(self, index):
        """Status and unframed body."""
        head, _, rest = self.got[index].partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        if b"transfer-encoding: chunked" not in head.lower():
            return status, rest
        body = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            size = int(size, 16)
            body, rest = body + rest[:size], rest[size + 2 :]
            if size == 0:
                return status, body
        return status, body + b" [cut off]"


class SingleFlight(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact"], reactors=2)

    def events(self, text="one two three four five six seven eight"):
        return upstream.chat_events(text, usage=upstream.usage_of(1000, 20))

    def metric(self, name):
        lines = self.weir.admin("/metrics").body.decode().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name + " "))

    def test_a_thousand_streams_one_call(self):
        go = threading.Event()
        events = self.events()
        self.up.answer = upstream.stepped(events, {len(events) // 2: go})
        crowd = Crowd(self.weir.port, [request("a thousand")] * MANY)
        # Everybody has the first events while the provider still holds back the rest.
        crowd.read(until=lambda: all(b" two" in got for got in crowd.got))
        go.set()
        crowd.read()
        answers = {crowd.payload(index) for index in range(MANY)}
        self.assertEqual(len(answers), 1)
        status, body = answers.pop()
        self.assertEqual(status, 200)
        self.assertTrue(body.rstrip().endswith(b"data: [DONE]"), body[-200:])
        self.assertEqual(len(self.up.requests), 1)

    def test_a_thousand_bodies_one_call(self):
        go = threading.Event()
        self.up.answer = upstream.held(go, upstream.Model("Four."))
        crowd = Crowd(self.weir.port, [request("bodies", stream=False)] * MANY)
        self.up.wait_requests(1)
        go.set()
        crowd.read()
        self.assertEqual({crowd.payload(index) for index in range(MANY)}, {crowd.payload(0)})
        self.assertEqual(crowd.payload(0)[0], 200)
        self.assertEqual(len(self.up.requests), 1)

    def test_streams_and_bodies_and_usage_wishes_share_one_call(self):
        go = threading.Event()
        events = self.events()
        self.up.answer = upstream.stepped(events, {3: go})
        leader = Crowd(self.weir.port, [request("mixed")])
        leader.read(until=lambda: b" two" in leader.got[0])
        documents = [request("mixed", stream=False), request("mixed", stream_options={"include_usage": True})] * 5
        crowd = Crowd(self.weir.port, documents)
        crowd.read(until=lambda: all(b" two" in crowd.got[i] for i in range(1, 10, 2)))
        go.set()
        crowd.read()
        leader.read()
        self.assertNotIn(b'"usage"', leader.payload(0)[1])
        self.assertEqual(len(self.up.requests), 1)
        for index in range(10):
            status, body = crowd.payload(index)
            self.assertEqual(status, 200, body)
            if index % 2 == 0:
                text = json.loads(body)["choices"][0]["message"]["content"]
                self.assertEqual(text, "one two three four five six seven eight")
            else:
                self.assertIn(b'"prompt_tokens"', body)

    def test_the_leader_leaves_and_the_stream_goes_on(self):
        go = threading.Event()
        events = self.events()
        self.up.answer = upstream.stepped(events, {4: go})
        handed = self.metric("weir_flights_handed_over_total")
        with self.weir.connect() as leader:
            leader.request("POST", "/v1/chat/completions", request("leader leaves"))
            leader.take_through(b" two")
            crowd = Crowd(self.weir.port, [request("leader leaves")] * 20)
            crowd.read(until=lambda: all(b" two" in got for got in crowd.got))
        wait_for(lambda: self.metric("weir_flights_handed_over_total") == handed + 1, 5 * PATIENCE, "the hand-over")
        self.assertIsNone(self.up.requests[0].gone_at)
        go.set()
        crowd.read()
        for index in range(20):
            status, body = crowd.payload(index)
            self.assertEqual((status, body.rstrip()[-6:]), (200, b"[DONE]"), body)
        self.assertEqual(len(self.up.requests), 1)
        self.assertEqual(self.weir.chat(request("leader leaves")).header("x-weir-cache"), "hit")

    def test_when_all_have_left_the_call_ends(self):
        self.up.answer = upstream.stepped(self.events(), {4: threading.Event()})
        crowd = Crowd(self.weir.port, [request("all leave")] * 10)
        crowd.read(until=lambda: all(b" two" in got for got in crowd.got))
        for index in range(10):
            crowd.leave(index)
        wait_for(lambda: self.up.requests[0].gone_at, 5 * PATIENCE, "the upstream call's end")

    def test_leaving_at_random(self):
        rng = random.Random(7)
        go = threading.Event()
        self.up.answer = upstream.stepped(self.events(), {4: go})
        crowd = Crowd(self.weir.port, [request("random")] * 300)
        crowd.read(until=lambda: sum(b" two" in got for got in crowd.got) >= 150)
        for index in rng.sample(range(300), 150):
            if index in crowd.open:
                crowd.leave(index)
        stayed = set(crowd.open)
        go.set()
        crowd.read()
        for index in stayed:
            self.assertTrue(crowd.payload(index)[1].rstrip().endswith(b"[DONE]"))
        self.assertEqual(len(self.up.requests), 1)

    def test_a_slow_follower_slows_nobody(self):
        go = threading.Event()
        text = "one two " + "x" * 200_000
        events = upstream.chat_events(text, usage=upstream.usage_of(1000, 20))
        self.up.answer = upstream.stepped(events, {3: go})
        slow = socket.create_connection(("127.0.0.1", self.weir.port))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        crowd = Crowd(self.weir.port, [request("slow one")] * 20)
        slow.sendall(wire(self.weir.port, request("slow one")))
        crowd.read(until=lambda: all(b"two" in got for got in crowd.got))
        go.set()
        crowd.read(seconds=20)
        self.assertTrue(all(crowd.payload(i)[1].rstrip().endswith(b"[DONE]") for i in range(20)))
        slow.close()

    def test_a_failure_before_the_first_event_is_retried_by_the_next(self):
        go = threading.Event()
        self.up.script(upstream.held(go, upstream.error(500, "out of order")))
        crowd = Crowd(self.weir.port, [request("first fails")] * 10)
        wait_for(lambda: self.metric("weir_requests_active") >= 10, 5 * PATIENCE, "ten requests under way")
        go.set()
        crowd.read()
        statuses = sorted(crowd.payload(index)[0] for index in range(10))
        self.assertEqual(statuses, [200] * 9 + [500])
        self.assertLessEqual(len(self.up.requests), 3)

    def test_who_wants_cached_answers_only_never_causes_a_call(self):
        only = [("x-weir-cache", "only")]
        go = threading.Event()

        def breaks(exchange):
            # Half an event: the flight is under way, but nobody has been sent anything yet.
            exchange.send(upstream.framed([], "chunked", kind="text/event-stream")[0])
            half = self.events()[0][:20]
            exchange.send(b"%x\r\n%s\r\n" % (len(half), half))
            exchange.wait_gone(release=go)
            return exchange.reset()

        for first in (breaks, upstream.held(go, upstream.error(500, "out of order"))):
            for stream in (True, False):
                text = "only %d %s" % (len(self.up.requests), stream)
                with self.subTest(first=first, stream=stream):
                    self.up.forget()
                    go.clear()
                    self.up.script(first)
                    followed = self.metric("weir_followers_total")
                    with self.weir.connect() as leader, self.weir.connect() as follower:
                        leader.request("POST", "/v1/chat/completions", request(text))
                        self.up.wait_requests(1)
                        follower.request("POST", "/v1/chat/completions", request(text, stream), only)
                        if stream and first is breaks:
                            wait_for(
                                lambda: self.metric("weir_followers_total") > followed, 5 * PATIENCE, "the follower"
                            )
                        else:
                            wait_for(lambda: self.metric("weir_requests_active") >= 2, 5 * PATIENCE, "two under way")
                        go.set()
                        self.assertGreaterEqual(leader.read_reply().status, 500)
                        self.assert_error(follower.read_reply(), 504, code="cache_miss")
                    self.assertEqual(len(self.up.requests), 1)

    def test_a_break_in_mid_stream_reaches_every_follower_as_an_error(self):
        events = self.events()
        whole = b"".join(events)
        go = threading.Event()

        def breaks(exchange):
            exchange.send(upstream.framed([], "chunked", kind="text/event-stream")[0])
            half = whole[: whole.index(b" three")]
            half = half[: half.rindex(b"\n\n") + 2]
            exchange.send(b"%x\r\n%s\r\n" % (len(half), half))
            exchange.wait_gone(release=go)
            return exchange.reset()

        self.up.script(breaks)
        crowd = Crowd(self.weir.port, [request("breaks")] * 10)
        crowd.read(until=lambda: all(b" two" in got for got in crowd.got))
        go.set()
        crowd.read()
        for index in range(10):
            _, body = crowd.payload(index)
            self.assertIn(b"upstream_broke_off", body)
            self.assertNotIn(b"[DONE]", body)

    def test_the_books_show_one_purchase(self):
        go = threading.Event()
        events = self.events()
        self.up.answer = upstream.stepped(events, {3: go})
        crowd = Crowd(self.weir.port, [request("books")] * 5)
        crowd.read(until=lambda: all(b" two" in got for got in crowd.got))
        go.set()
        crowd.read()
        paid = 0
        for got in crowd.got:
            head = got.partition(b"\r\n\r\n")[0].decode()
            number = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("x-weir-request-id"))
            row = self.weir.row(number)
            paid += row["cost_usd"] > 0
            self.assertTrue(row["cost_usd"] > 0 or row["saved_usd"] > 0, row)
        self.assertEqual(paid, 1)


if __name__ == "__main__":
    unittest.main()
