"""Runs an official client's scenarios directly and through the gateway, and compares what the client made of them."""
import json
import os
import subprocess
import unittest

from harness import upstream, wait_for
from harness.gateway import Gateway, simple

from . import provider

HERE = os.path.dirname(os.path.abspath(__file__))


class SdkCase(unittest.TestCase):
    maxDiff = 4000
    kind = ""       # python or node

    @classmethod
    def setUpClass(cls):
        found = subprocess.run([os.path.join(HERE, "clients.sh"), cls.kind], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if found.returncode == 77:
            if os.environ.get("CI") == "true":
                raise AssertionError("in CI the official clients must be there: " + found.stderr)
            raise unittest.SkipTest(found.stderr.strip().splitlines()[-1])
        assert found.returncode == 0, found.stderr
        cls.installed = found.stdout.strip()
        cls.up = upstream.Upstream(provider.Provider()).start()
        cls.addClassCleanup(cls.up.stop)
        cls.up.on_get = provider.models
        cls.direct = cls.play(cls.up.base_url)

    @classmethod
    def command(cls, base_url):
        raise NotImplementedError

    @classmethod
    def play(cls, base_url):
        result = subprocess.run(cls.command(base_url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        assert result.returncode == 0, result.stderr[-4000:]
        return json.loads(result.stdout)

    def compare(self, mode, tiers):
        self.up.forget()
        with Gateway(simple(self.up, mode=mode, tiers=tiers)) as weir:
            through = self.play("http://127.0.0.1:%d/v1" % weir.port)
            gone = [seen for seen in self.up.requests if "endless" in str(seen.json()["messages"][-1]["content"])]
            wait_for(lambda: all(seen.gone_at for seen in gone), 3, "the cancelled call to be cancelled upstream as well")
        self.assertEqual(set(through), set(self.direct))
        for name, expected in self.direct.items():
            with self.subTest(name, mode=mode):
                self.assertEqual(through[name], expected)

    def test_forwarded(self):
        self.compare("off", [])

    def test_served_with_an_exact_cache(self):
        self.compare("serve", ["exact"])
