"""TLS: to providers, with verification; on the listener, where configured."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import client, upstream
from harness.case import GatewayCase
from harness.gateway import Gateway, simple


def make_certificate(folder, name, host_names):
    """A self-signed certificate for these names: (certificate file, key file)."""
    certificate, key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=" + name,
            "-addext",
            "subjectAltName=" + host_names,
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return certificate, key


class TlsUpstream(upstream.Upstream):
    """The fake provider behind TLS; `handshakes` tells whether each connection resumed a session."""

    def __init__(self, certificate, key):
        super().__init__()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.resumed = []

    def _serve(self, sock, connection):
        try:
            secure = self.context.wrap_socket(sock, server_side=True)
        except (ssl.SSLError, OSError):
            sock.close()
            return
        self.resumed.append(secure.session_reused)
        super()._serve(secure, connection)

    def farewell(self, inner):
        """Answers, then closes as TLS wants it: without its own farewell a session may not be resumed."""

        def answer(exchange):
            inner(exchange)
            exchange.sock.settimeout(2)
            exchange.sock.unwrap()
            return False

        return answer

    @property
    def base_url(self):
        return "https://localhost:%d/v1" % self.port


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.good = make_certificate(cls.folder, "good", "DNS:localhost,IP:127.0.0.1")
        cls.other = make_certificate(cls.folder, "other", "DNS:example.com")

    def gateway(self, up, ca=None, **more):
        config = simple(up, **more)
        if ca:
            config["providers"]["fake"]["tls_ca_file"] = ca
        weir = Gateway(config)
        self.addCleanup(weir.__exit__)
        return weir.start()

    def provider(self, pair):
        up = TlsUpstream(*pair).start()
        self.addCleanup(up.stop)
        return up

    def test_a_trusted_provider(self):
        up = self.provider(self.good)
        weir = self.gateway(up, self.good[0])
        for stream in (False, True):
            self.assertEqual(weir.chat(stream=stream).status, 200)
        self.assertEqual(up.requests[0].header("host"), "localhost:%d" % up.port)
        large = weir.chat(messages=[{"role": "user", "content": "x" * (1 << 20)}])
        self.assertEqual(large.status, 200)

    def test_sessions_are_resumed(self):
        up = self.provider(self.good)
        weir = self.gateway(up, self.good[0])
        up.answer = up.farewell(upstream.Model())
        for _ in range(4):
            self.assertEqual(weir.chat().status, 200)
        self.assertIn(True, up.resumed, "no connection resumed a session: %r" % up.resumed)

    def test_untrusted_and_misnamed_providers_are_refused(self):
        for pair, ca, why in (
            (self.good, None, "unknown issuer"),
            (self.other, self.other[0], "another name"),
            (self.good, self.other[0], "another issuer"),
        ):
            with self.subTest(why):
                up = self.provider(pair)
                reply = self.gateway(up, ca).chat()
                self.assertEqual(reply.status, 502, reply)
                self.assertTrue(reply.error["message"])
                self.assertEqual(up.requests, [], "no byte of the request may go out")

    def test_the_listener(self):
        with upstream.Upstream() as up:
            weir = self.gateway(up, tls={"certificate": self.good[0], "key": self.good[1]})
            context = ssl.create_default_context(cafile=self.good[0])
            connection = client.Connection(weir.port)
            connection.sock = context.wrap_socket(connection.sock, server_hostname="localhost")
            body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}
            for stream in (False, True, False):
                reply = connection.ask("POST", "/v1/chat/completions", dict(body, stream=stream))
                self.assertEqual((reply.status, reply.complete), (200, True))
            connection.close()
            plain = client.Connection(weir.port)
            plain.request("GET", "/v1/models")
            self.assertTrue(plain.closed_by_peer())
            self.assertNotIn(b"200 OK", plain.buffer)
            plain.close()


if __name__ == "__main__":
    unittest.main()
