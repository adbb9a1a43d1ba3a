"""The usual test case: one fake provider and one gateway for all tests of a class."""

import unittest

from . import client, upstream
from .gateway import Gateway, simple


class GatewayCase(unittest.TestCase):
    maxDiff = None
    env = {}

    @classmethod
    def config(cls):
        """The gateway's configuration; cls.up is running."""
        return simple(cls.up)

    @classmethod
    def setUpClass(cls):
        cls.up = upstream.Upstream().start()
        cls.addClassCleanup(cls.up.stop)
        cls.weir = Gateway(cls.config(), env=cls.env)
        cls.addClassCleanup(cls.weir.__exit__)
        cls.weir.start()

    def setUp(self):
        self.up._script.queue.clear()
        self.up.forget()
        self.up.answer = upstream.Model()
        self.up.by_model = {}

    def assert_error(self, reply, status, mentions=(), kind=None, param=None, code=None):
        """An error in OpenAI's form; `mentions`: texts that its message must have, whatever else it says."""
        statuses = status if isinstance(status, (tuple, set)) else (status,)
        self.assertIn(reply.status, statuses, reply)
        self.assertTrue(reply.complete, reply)
        self.assertIn("application/json", reply.header("content-type", ""), reply)
        error = reply.error
        self.assertEqual({"message", "type", "param", "code"} - set(error), set(), "members of OpenAI's error form")
        self.assertTrue(error["message"].strip())
        for text in [mentions] if isinstance(mentions, str) else mentions:
            self.assertIn(text.lower(), error["message"].lower())
        if kind is not None:
            self.assertEqual(error["type"], kind)
        if param is not None:
            self.assertEqual(error["param"], param)
        if code is not None:
            self.assertEqual(error["code"], code)
        return error

    def assert_answers(self, reply, text="Four."):
        """A complete answer with that text, body or stream."""
        self.assertEqual(reply.status, 200, reply)
        self.assertTrue(reply.complete, reply)
        if "event-stream" in reply.header("content-type", ""):
            self.assertEqual(reply.events[-1], "[DONE]")
            self.assertEqual(client.stream_text(reply), text)
        else:
            self.assertEqual(reply.json()["choices"][0]["message"]["content"], text)
