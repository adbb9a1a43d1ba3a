"""HTTP/1.1 as callers speak it: keep-alive, pipelining, chunks, Expect, slow and vanishing callers."""

import json
import socket
import threading
import time
import unittest

from harness import client, upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, simple

CHAT = "/v1/chat/completions"


def prompt(text, **members):
    return json.dumps(dict({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}, **members)).encode()


def echo(request):
    return "you said " + request["messages"][-1]["content"]


class Connections(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up, limits={"slow_head": "400ms", "keep_alive": "60s", "head": "8KiB"})

    def setUp(self):
        super().setUp()
        self.up.answer = upstream.Model(echo)

    def test_keep_alive(self):
        with self.weir.connect() as connection:
            for i in range(50):
                reply = connection.ask("POST", CHAT, prompt("turn %d" % i, stream=i % 3 == 0))
                self.assert_answers(reply, "you said turn %d" % i)

    def test_connection_close_is_honoured(self):
        for version, header in ((b"1.1", b"Connection: close\r\n"), (b"1.0", b"")):
            with self.subTest(version=version), self.weir.connect() as connection:
                body = prompt("bye")
                connection.send(
                    b"POST %s HTTP/%s\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s"
                    % (CHAT.encode(), version, header, len(body), body)
                )
                self.assert_answers(connection.read_reply(), "you said bye")
                self.assertTrue(connection.closed_by_peer())

    def test_http_1_0_stream_is_not_chunked(self):
        with self.weir.connect() as connection:
            body = prompt("old", stream=True)
            connection.send(
                b"POST %s HTTP/1.0\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (CHAT.encode(), len(body), body)
            )
            reply = connection.read_reply()
            self.assertIsNone(reply.header("transfer-encoding"))
            self.assert_answers(reply, "you said old")

    def test_pipelined_requests_are_answered_in_order(self):
        # The first answer is held until the last request has been sent.
        release = threading.Event()
        self.up.script(upstream.held(release, upstream.Model("the first")))
        with self.weir.connect() as connection:
            for i in range(20):
                connection.request("POST", CHAT, prompt("p%d" % i, stream=i % 4 == 1))
                if i % 5 == 0:
                    connection.request("GET", "/v1/models")
            release.set()
            for i in range(20):
                self.assert_answers(connection.read_reply(), "the first" if i == 0 else "you said p%d" % i)
                if i % 5 == 0:
                    self.assertEqual(connection.read_reply().json()["object"], "list")

    def test_pipelined_errors_keep_their_place(self):
        with self.weir.connect() as connection:
            connection.request("POST", CHAT, prompt("one"))
            connection.request("POST", CHAT, b"{nonsense")
            connection.request("GET", "/nowhere")
            connection.request("POST", CHAT, prompt("two"))
            self.assertEqual([connection.read_reply().status for _ in range(4)], [200, 400, 404, 200])

    def test_a_request_in_single_bytes(self):
        body = prompt("slowly")
        data = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (CHAT.encode(), len(body), body)
        with self.weir.connect() as connection:
            for i in range(len(data)):
                connection.send(data[i : i + 1])
            self.assert_answers(connection.read_reply(), "you said slowly")

    def test_chunked_request(self):
        body = prompt("in chunks \u00e9")
        for step in (1, 7, len(body)):
            with self.subTest(step=step), self.weir.connect() as connection:
                connection.send(b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % CHAT.encode())
                for at in range(0, len(body), step):
                    piece = body[at : at + step]
                    connection.send(b"%X;ext=1\r\n%s\r\n" % (len(piece), piece))
                connection.send(b"0\r\nX-Trailer: t\r\n\r\n")
                self.assert_answers(connection.read_reply(), "you said in chunks \u00e9")
                self.assertEqual(self.up.requests[-1].body, body)
                self.assert_answers(connection.ask("POST", CHAT, prompt("next")), "you said next")

    def test_expect_100_continue(self):
        body = prompt("expected")
        with self.weir.connect() as connection:
            connection.request("POST", CHAT, b"", [("Content-Length", str(len(body))), ("Expect", "100-continue")])
            interim = connection.read_head()
            self.assertEqual(interim.status, 100)
            connection.send(body)
            self.assert_answers(connection.read_reply(), "you said expected")

    def test_expect_is_refused_before_a_body_that_is_too_large(self):
        with self.weir.connect() as connection:
            connection.request("POST", CHAT, b"", [("Content-Length", str(1 << 40)), ("Expect", "100-continue")])
            self.assert_error(connection.read_reply(), 413)

    def test_slow_head(self):
        for sent in (b"", b"POST /v1/chat", b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Slow: "):
            with self.subTest(sent=sent), self.weir.connect() as connection:
                begun = time.monotonic()
                connection.send(sent or b"P")
                self.assertTrue(connection.closed_by_peer(5 * PATIENCE))
                self.assertLess(time.monotonic() - begun, 3 * PATIENCE)
                if connection.buffer:
                    self.assertTrue(connection.buffer.startswith(b"HTTP/1.1 408"), connection.buffer)

    def test_slow_body(self):
        with self.weir.connect() as connection:
            connection.request("POST", CHAT, b"", [("Content-Length", "100")])
            connection.send(b"{")
            self.assertTrue(connection.closed_by_peer(5 * PATIENCE))
            if connection.buffer:
                self.assertTrue(connection.buffer.startswith(b"HTTP/1.1 408"), connection.buffer)
        self.assertEqual(self.up.requests, [])

    def test_a_head_dribbled_for_ever_is_cut_off(self):
        # A byte now and then must not keep a head alive past its limit.
        with self.weir.connect() as connection:
            begun = time.monotonic()
            connection.send(b"POST /v1/chat/completions HTTP/1.1\r\n")
            connection.sock.settimeout(0.05)
            while time.monotonic() - begun < 5 * PATIENCE:
                try:
                    connection.send(b"X-A: b\r\n")
                    if not connection.sock.recv(4096):
                        break
                    break
                except socket.timeout:
                    continue
                except OSError:
                    break
            self.assertLess(time.monotonic() - begun, 3 * PATIENCE)

    def test_requests_that_smuggle_are_refused(self):
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
        for bad in (
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
            b"Content-Length: -1\r\n\r\n",
            b"Content-Length: 1e3\r\n\r\n",
            b"Content-Length : 2\r\n\r\n{}",
            b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            b"Transfer-Encoding: gzip\r\n\r\n",
            b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
            b"X: a\x00b\r\n\r\n",
            b"Host: y\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        ):
            with self.subTest(bad=bad), self.weir.connect() as connection:
                connection.send(head + bad)
                reply = connection.read_reply()
                self.assertIn(reply.status, (400, 411, 413, 501), reply)
                self.assertTrue(connection.closed_by_peer(), "what follows can't be trusted")
        self.assertEqual(self.up.requests, [])

    def test_garbage_is_answered_or_closed(self):
        for junk in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
            b"GET\r\n\r\n",
            b"\r\n" * 50 + b"x y z\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ):
            with self.subTest(junk=junk[:20]), self.weir.connect() as connection:
                connection.send(junk)
                self.assertTrue(connection.closed_by_peer() or connection.buffer)

    def test_caller_that_leaves_cancels_the_provider_at_once(self):
        for stream in (False, True):
            for how in ("before the answer", "in mid-stream"):
                if how == "in mid-stream" and not stream:
                    continue
                with self.subTest(stream=stream, how=how):
                    self.up.forget()
                    events = upstream.chat_events("one two three")
                    self.up.script(
                        upstream.hang() if how == "before the answer" else upstream.stepped(events[:2], {}, hang=True)
                    )
                    connection = self.weir.connect()
                    connection.request("POST", CHAT, prompt("leaving", stream=stream))
                    self.up.wait_requests(1)
                    if how == "in mid-stream":
                        reply = connection.read_head()
                        connection.read_chunk(reply)
                    left = time.monotonic()
                    connection.close()
                    seen = self.up.requests[0]
                    wait_for(lambda: seen.gone_at, 3 * PATIENCE, "the call upstream to be canceled")
                    self.assertLess(seen.gone_at - left, 0.2 * PATIENCE + 0.02)

    def test_a_caller_that_left_is_in_the_ledger(self):
        before = self.weir.settled_total()["requests"]
        self.up.script(upstream.hang())
        connection = self.weir.connect()
        connection.request("POST", CHAT, prompt("leaving"))
        self.up.wait_requests(1)
        connection.close()
        self.weir.report_total(before + 1)

    def test_half_closed_callers_get_their_answer_or_a_clean_end(self):
        with self.weir.connect() as connection:
            connection.request("POST", CHAT, prompt("half"))
            connection.sock.shutdown(socket.SHUT_WR)
            while connection.fill():
                pass
            self.assertTrue(not connection.buffer or connection.buffer.startswith(b"HTTP/1.1 200"), connection.buffer)

    def test_a_slow_reader_holds_up_nobody(self):
        text = "w" * (16 << 20)  # more than the kernel takes off the gateway's hands
        self.up.script(upstream.Model(text))
        with self.weir.connect(30) as slow:
            slow.request("POST", CHAT, prompt("big"))
            self.up.wait_requests(1)
            for i in range(5):
                self.assert_answers(self.weir.chat(prompt("quick %d" % i)), "you said quick %d" % i)
            self.assert_answers(slow.read_reply(), text)

    def test_many_connections(self):
        connections = [self.weir.connect() for _ in range(200)]
        try:
            for i, connection in enumerate(connections):
                connection.request("POST", CHAT, prompt("c%d" % i))
            for i, connection in enumerate(connections):
                self.assert_answers(connection.read_reply(), "you said c%d" % i)
        finally:
            for connection in connections:
                connection.close()

    def test_upstream_connections_are_reused(self):
        self.weir.chat(prompt("warm"))
        before = self.up.connections
        for i in range(20):
            self.weir.chat(prompt("again %d" % i, stream=i % 2 == 0))
        self.assertEqual(self.up.connections, before)


class ConnectionLimit(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up, limits={"connections": 4})

    def test_more_than_the_limit(self):
        kept = [self.weir.connect() for _ in range(4)]
        for connection in kept:
            self.assertEqual(connection.ask("GET", "/v1/models").status, 200)
        with self.weir.connect(3) as extra:
            try:
                extra.request("GET", "/v1/models")
                status = extra.read_reply().status
            except (client.Closed, OSError):
                status = None
            self.assertIn(status, (None, 503))
        for connection in kept:
            self.assertEqual(connection.ask("GET", "/v1/models").status, 200, "those inside are left alone")
            connection.close()
        wait_for(lambda: self.free(), 5 * PATIENCE, "a place to become free")

    def free(self):
        try:
            return self.weir.ask("GET", "/v1/models").status == 200
        except (client.Closed, OSError):
            return False


if __name__ == "__main__":
    unittest.main()
