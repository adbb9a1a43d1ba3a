"""Runs a client's program against scripted providers, directly and through the gateway, and compares.

The program (client_*.py, client_*.mjs) gets the path of a plan: a list of runs, each with a name, the two base URLs that an
OpenAI client and an Anthropic client are given, the models to name to each API, and whether to play everything (`all`) or
only what every API can tell. It prints one JSON line a case: {"run", "case", "got", "told"?}. `got` is what the client made
of it; `told` is the same in words that all APIs share: text, calls, finish, usage as [input, output].

- direct and through: the same API on both sides. `got` is equal, and the bytes that the provider saw are.
- claude: chat to a provider of Messages, Messages and Responses to one of chat; gemini: all of them to a provider of
  generateContent. `told` is equal to the direct run's.
- filled and cached: as through, with an exact cache. `told` is equal.
"""

import json
import os
import subprocess
import tempfile
import unittest

from harness import upstream, wait_for
from harness.gateway import Gateway

from . import provider, provider_anthropic, provider_gemini, provider_responses, sdk_case

# What the gateway writes into a streamed chat request that did not ask for its usage (usage_in_streams).
USAGE_ASKED = b',"stream_options":{"include_usage":true}'
PRICE = {"input": 1, "cached_input": "0.5", "output": 4}
OF_OPENAI = ("gpt-4o", "text-embedding-3-small", "omni-moderation-latest", "gpt-image-1", "tts-1")


def openai_provider():
    up = upstream.Upstream(provider_responses.beside(provider.Provider())).start()
    up.on_get = provider.models
    return up


def anthropic_provider():
    up = upstream.Upstream(provider_anthropic.Provider()).start()
    up.on_get = provider_anthropic.on_get
    return up


def gemini_provider():
    return upstream.Upstream(provider_gemini.Provider()).start()


def config_of(providers, models, mode, tiers):
    """providers: name -> (api, upstream); models: full name -> name upstream."""
    return {
        "providers": {
            name: {
                "api": api,
                "base_url": up.base_url,
                "key": "${KEY}",
                "retries": {"most": 0},
                # Some clients ask for no parallel calls with each tool they force, which Gemini has no word for.
                "drop_unsupported": api == "gemini",
                **({"offers": ["responses"]} if name == "openai" else {}),
            }
            for name, (api, up) in providers.items()
        },
        "models": {name: {"price": PRICE, "upstream_name": real} for name, real in models.items()},
        "cascades": {"default": {"match": {"model": ["gpt-4o", "claude-x", "*"]}, "tiers": tiers, "mode": mode}},
    }


class PairCase(unittest.TestCase):
    maxDiff = 20000
    kind = ""  # of clients.sh
    program = ""  # client_*.py or client_*.mjs

    @classmethod
    def setUpClass(cls):
        cls.installed = sdk_case.installed(cls.kind)
        made = {"openai": openai_provider, "anthropic": anthropic_provider, "gemini": gemini_provider}
        cls.ups = {}
        for run, apis in (("direct", 2), ("through", 2), ("crossed", 3), ("cached", 2)):
            for api in list(made)[:apis]:
                up = cls.ups[run, api] = made[api]()
                cls.addClassCleanup(up.stop)
        cls.off = cls.gateway(
            {
                "openai": ("openai", cls.ups["through", "openai"]),
                "anthropic": ("anthropic", cls.ups["through", "anthropic"]),
                "crossed": ("openai", cls.ups["crossed", "openai"]),
                "claude": ("anthropic", cls.ups["crossed", "anthropic"]),
                "gemini": ("gemini", cls.ups["crossed", "gemini"]),
            },
            {"crossed/gpt-crossed": "gpt-4o", "claude/claude-crossed": "claude-x", "gemini/flash": "flash"},
            "off",
            [],
        )
        cached = {api: (api, cls.ups["cached", api]) for api in ("openai", "anthropic")}
        cls.serving = cls.gateway(cached, {}, "serve", ["exact"])
        cls.results = cls.play()

    @classmethod
    def gateway(cls, providers, models, mode, tiers):
        models = dict(models, **{"openai/" + name: name for name in OF_OPENAI}, **{"anthropic/claude-x": "claude-x"})
        weir = Gateway(config_of(providers, models, mode, tiers), env={"KEY": "sk-conformance-0001"})
        cls.addClassCleanup(weir.__exit__)
        return weir.start()

    @classmethod
    def plan(cls):
        def run(name, base, chat="gpt-4o", messages="claude-x", responses=None, everything=False):
            models = {"chat": chat, "messages": messages, "responses": responses or chat}
            return dict(models, run=name, openai=base[0], anthropic=base[1], all=everything)

        def of(weir):
            return "http://127.0.0.1:%d/v1" % weir.port, "http://127.0.0.1:%d" % weir.port

        direct = cls.ups["direct", "openai"].base_url, cls.ups["direct", "anthropic"].base_url[: -len("/v1")]
        return [
            run("direct", direct, everything=True),
            run("through", of(cls.off), everything=True),
            run("claude", of(cls.off), "claude-crossed", "gpt-crossed", "gpt-crossed"),
            run("gemini", of(cls.off), "flash", "flash", "flash"),
            run("filled", of(cls.serving)),
            run("cached", of(cls.serving)),
        ]

    @classmethod
    def play(cls):
        with tempfile.TemporaryDirectory(prefix="weir-conformance-") as folder:
            path = os.path.join(folder, "plan.json")
            with open(path, "w") as f:
                json.dump(cls.plan(), f)
            program = os.path.join(sdk_case.HERE, cls.program)
            command = (
                ["node", program, path, cls.installed] if program.endswith(".mjs") else [cls.installed, program, path]
            )
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=200)
        assert done.returncode == 0, done.stderr[-6000:]
        results = {}
        for line in done.stdout.splitlines():
            if line.startswith('{"run"'):
                said = json.loads(line)
                results.setdefault(said["run"], {})[said["case"]] = said
        return results

    def compare_told(self, run):
        for case, direct in self.results["direct"].items():
            if direct.get("told") is not None and case in self.results[run]:
                with self.subTest(case, run=run):
                    self.assertEqual(self.results[run][case]["told"], direct["told"])

    def test_direct(self):
        """The scenarios themselves do what they should: a failure seen on both sides would be no difference."""
        calls = [["get_weather", {"city": "Paris"}], ["get_time", {"zone": "CET", "fmt": "\u00e9"}]]
        for case, result in self.results["direct"].items():
            told, last = result.get("told"), case.split(": ")[-1]
            with self.subTest(case):
                self.assertNotIn("unexpected", result["got"] if isinstance(result["got"], dict) else {})
                if last in ("body", "stream", "image"):
                    self.assertEqual((told["text"], told["calls"], told["usage"]), (provider.TEXT, [], [11, 7]))
                elif last in ("tool", "tools", "tools streamed"):
                    self.assertEqual(told["calls"], calls[: 1 if last == "tool" else 2])

    def test_same_answers(self):
        self.assertEqual(list(self.results["through"]), list(self.results["direct"]))
        for case, direct in self.results["direct"].items():
            with self.subTest(case):
                self.assertEqual(self.seen_in("through", case), self.seen_in("direct", case))

    def seen_in(self, run, case):
        """What has to be equal: all of it where the APIs are the same."""
        result = self.results[run][case]
        if case in self.different or case.endswith("cancelled"):
            return None
        return result["got"]

    different = ()  # cases that are not the same on purpose; the test says why, and what they are

    def test_same_requests_at_the_provider(self):
        for api in ("openai", "anthropic"):
            direct, through = ([self.asked(s) for s in self.ups[run, api].requests] for run in ("direct", "through"))
            bodies = {body for _, body, _ in direct}
            without = [(t, b if b in bodies else b.replace(USAGE_ASKED, b"", 1), h) for t, b, h in through]
            with self.subTest(api):
                self.assertEqual(bool(direct), api in self.apis)
                # Some clients ask several things at a time.
                self.assertEqual(sorted(without), sorted(direct))

    @staticmethod
    def asked(seen):
        """Target, body, and the headers that are no connection's, no key's and not the length."""
        ours = ("host", "connection", "accept-encoding", "content-length", "authorization", "x-api-key")
        return seen.target, seen.body, sorted((k.lower(), v) for k, v in seen.headers if k.lower() not in ours)

    apis = ("openai", "anthropic")

    def test_other_apis_behind(self):
        for run in ("claude", "gemini"):
            self.compare_told(run)
        self.assertGreater(len(self.ups["crossed", "gemini"].requests), 0)

    def test_served_with_an_exact_cache(self):
        for run in ("filled", "cached"):
            self.compare_told(run)
        seen = sum(len(self.ups["cached", api].requests) for api in ("openai", "anthropic"))
        once = sum(len(self.results[run]) for run in ("filled", "cached"))
        self.assertLess(seen, 0.75 * once, "most of it is asked more than once")

    def test_who_leaves_is_not_waited_for(self):
        seen = [s for up in self.ups.values() for s in up.requests if b'"endless"' in s.body]
        wait_for(lambda: all(s.gone_at for s in seen), 3, "the calls to be cancelled upstream as well")
        self.assertGreater(len(seen), 0)
        ids = [
            r["got"]["id"] for c, r in self.results["through"].items() if c.endswith("cancelled") and r["got"].get("id")
        ]
        for request in ids:
            row = self.off.row(request)
            self.assertEqual((row["complete"], row["estimated"]), (False, True))
