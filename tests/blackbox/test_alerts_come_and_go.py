"""Alerts as they begin and end through the real gateway: what was lost, the disk, gates that close, drift."""

import itertools
import os
import signal
import sqlite3
import unittest
from contextlib import closing

from harness import alerts, wait_for
from harness.case import GatewayCase
from harness.collector import Collector
from harness.gateway import PATIENCE, Gateway, simple
from harness.learned import ENOUGH, SURE, LearnedCase, cheap_rule, wrong
from harness.model_server import JSON, ModelServer


class Losses(alerts.Told, GatewayCase):
    def setUp(self):
        super().setUp()
        self.hook = self.start_hook()

    def document(self, more_alerts=None, **more):
        told = alerts.quick(alerts.hook_of(self.hook), **dict({"losses_over": "1s"}, **(more_alerts or {})))
        return simple(self.up, alerts=told, **more)

    def gateway(self, *document, **more):
        gateway = Gateway(self.document(*document, **more), env=alerts.ENV)
        self.addCleanup(gateway.__exit__)
        return gateway.start()

    def test_rows_that_the_ledger_can_not_write(self):
        weir = self.gateway()
        self.looks(weir, 1)
        with closing(sqlite3.connect(os.path.join(weir.data, "ledger.sqlite"), timeout=10 * PATIENCE)) as ledger:
            ledger.execute("CREATE TRIGGER full BEFORE INSERT ON pending BEGIN SELECT RAISE(FAIL, 'no room'); END")
            ledger.commit()
            self.assert_answers(weir.chat())
            self.assert_comes(weir, "ledger_lost", "", "critical", "^1 rows of the ledger were lost, the last at 20")
            ledger.execute("DROP TRIGGER full")
            ledger.commit()
        self.weir.row(self.weir.chat())
        self.assert_goes(weir, "ledger_lost", "")

    def test_spans_that_the_collector_does_not_take(self):
        collector = Collector().start()
        self.addCleanup(collector.stop)
        otlp = {"endpoint": collector.endpoint, "interval": "1s", "sample": "100%", "metrics": False}
        weir = self.gateway(telemetry={"otlp": otlp})
        self.looks(weir, 1)
        collector.answers.put((400, {}, b""))
        self.assert_answers(weir.chat())
        self.assert_comes(weir, "telemetry_lost", "", "info", r"^\d+ spans, requests or lines of the access log")
        self.assert_answers(weir.chat())
        self.assert_goes(weir, "telemetry_lost", "")

    def test_lines_that_the_access_log_can_not_write(self):
        weir = self.gateway(access_log={"file": "/dev/full"})
        self.looks(weir, 1)
        self.assert_answers(weir.chat())
        self.assert_comes(weir, "telemetry_lost", "", "info", "^1 spans, requests or lines of the access log")
        self.assert_goes(weir, "telemetry_lost", "")

    def test_a_disk_with_less_room_than_is_wanted(self):
        plenty = {"off": ["budget_forecast"], "disk_free": "1024TiB"}
        weir = self.gateway(plenty)
        self.assert_comes(weir, "disk_full", "", "critical", "^[0-9]+ MiB are free where the data folder is$")
        weir.write(self.document(dict(plenty, disk_free="1KiB")))
        weir.signal(signal.SIGHUP)
        self.assert_goes(weir, "disk_full", "")


class Inference(alerts.Told, unittest.TestCase):
    """What answers an inference route is watched as providers are."""

    def setUp(self):
        self.hook = self.start_hook()
        self.servers = {}
        for name in ("reference", "small"):
            self.servers[name] = ModelServer(self.right)
            self.addCleanup(self.servers[name].stop)
        at = {
            name: {"url": server.url + "/" + name, "ejection": {"failures": 3, "first": "1s"}}
            for name, server in self.servers.items()
        }
        route = {
            "path": "/r",
            "reference": dict(at["reference"], price={"per_call": "0.001"}, retries={"most": 0}),
            "tiers": [dict(at["small"], name="small", price={"per_call": "0.0001"})],
            "agreement": {"by": "label", "at": "/label"},
            "promise": {"disagreement": "5%", "confidence": "90%"},
            "mode": "shadow",
        }
        told = dict(alerts.quick(alerts.hook_of(self.hook)), errors="100%", errors_least=1000)
        self.weir = Gateway({"inference": {"r": route}, "alerts": told}, env=alerts.ENV)
        self.addCleanup(self.weir.__exit__)
        self.weir.start()
        self.numbers = itertools.count()

    @staticmethod
    def right(path, headers, body):
        return 200, JSON, b'{"label": 1}'

    def ask(self):
        return self.weir.ask("POST", "/r", {"x": next(self.numbers)}).status

    def comes_and_goes(self, name):
        server = self.servers[name]
        server.answer = lambda *_: (503, JSON, b'{"error": "no"}')
        of = "r/%s at %s/%s" % (name, server.url.split("://")[1], name)

        def asked(done):
            self.ask()
            return done()

        wait_for(lambda: asked(lambda: self.firing(self.weir)), 20 * PATIENCE, "the alert")
        self.assert_comes(self.weir, "upstream_down", of, "critical", "^it failed again and again")
        server.answer = self.right
        wait_for(lambda: asked(lambda: not self.firing(self.weir)), 20 * PATIENCE, "an answer that mends it")
        self.assert_goes(self.weir, "upstream_down", of)

    def test_a_reference(self):
        self.comes_and_goes("reference")

    def test_a_cheaper_model(self):
        self.comes_and_goes("small")
        self.assertEqual(self.ask(), 200)


class LearnedAlerts(alerts.Told, LearnedCase):
    """A gateway for each test: what one has learned is no other's matter."""

    def setUp(self):
        super().setUp()
        self.hook = self.start_hook()
        self.players["cheap"].rule = cheap_rule
        self.weir = Gateway(self.document(), env=alerts.ENV)
        self.addCleanup(self.weir.__exit__)
        self.weir.start()

    def document(self, **cascade):
        config = dict(self.config(), alerts=alerts.quick(alerts.hook_of(self.hook)))
        config["cascades"]["default"].update(cascade)
        return config

    def reload(self, **cascade):
        self.weir.write(self.document(**cascade))
        after = len(self.weir.lines)
        self.weir.signal(signal.SIGHUP)
        self.weir.wait_line("reloaded", after=after)

    def view(self):
        return self.weir.admin("/api/cascades").json()["cascades"][0]

    def ask_until(self, done, what):
        for _ in range(2 * ENOUGH):
            if done():
                return
            self.assertEqual(self.ask().status, 200)
        self.fail("not after %d requests: %s" % (2 * ENOUGH, what))

    def until_it_serves(self):
        def serves():
            view = self.weir.admin("/api/cascades").json()["cascades"]
            return view and [task["state"] for task in view[0]["tasks"]] == ["serving"]

        self.ask_until(serves, "the cheap model to serve")


class Gates(LearnedAlerts):
    COURSE = "default disagreement fake/cheap > fake/big"

    def test_no_more_may_be_spent_on_proof(self):
        self.until_it_serves()
        self.looks(self.weir, 2)
        self.assertEqual(self.hook.posts, [])
        self.reload(audits={"cap_usd_per_day": 0, "blind_after": "0s"})
        self.ask_until(lambda: self.view()["proof"]["blind"], "nobody can see any more")
        self.assert_comes(self.weir, "gate_closed", self.COURSE, "warning", "^proof may cost no more today")
        self.reload(audits={"cap_usd_per_day": 1})
        self.ask_until(lambda: not self.view()["proof"]["blind"], "audits go on")
        self.assert_goes(self.weir, "gate_closed", self.COURSE)

    def test_a_model_that_became_worse_and_well_again(self):
        self.until_it_serves()
        self.players["cheap"].rule = lambda number: (wrong(number), SURE)
        self.ask_until(lambda: self.firing(self.weir), "the alert")
        # The task's, or the whole cascade's; what is told first may soon be the other.
        (alert, of), *_ = self.firing(self.weir)
        self.assertIn(("firing", alert, of), self.told(1))
        self.assertEqual(alert, "gate_closed")
        self.assertTrue(of.startswith(self.COURSE), of)
        self.players["cheap"].rule = cheap_rule
        self.until_it_serves()
        wait_for(lambda: not self.firing(self.weir), 10 * PATIENCE, "all of it to end")
        wait_for(lambda: ("resolved", alert, of) in self.told(2), 10 * PATIENCE, "the end to be told")
        self.assertEqual(self.weir.metric("alerts_firing", alert="gate_closed"), 0)


class Drift(LearnedAlerts):
    USUAL = "Review %d: the parcel came late and the box was dented"
    OTHER = "Bewertung %d: leider kam die Ware viel zu spät, und niemand wusste warum"
    text = USUAL

    def ask(self, number=None, headers=(), **members):
        number = next(self.numbers) if number is None else number
        messages = [
            {"role": "system", "content": "Is the review positive or negative?"},
            {"role": "user", "content": self.text % number},
        ]
        return super().ask(number, headers, messages=messages, **members)

    def test_prompts_of_another_kind_until_they_are_proved_anew(self):
        self.until_it_serves()
        for _ in range(260):
            self.ask()
        self.looks(self.weir, 2)
        self.assertEqual(self.hook.posts, [])
        self.text = self.OTHER
        # Nothing is asked meanwhile that would prove it anew.
        self.ask_until(lambda: self.view()["alarms"]["inputs"] > 0, "drift to be seen")
        wait_for(lambda: "drift" in dict(self.firing(self.weir)), 10 * PATIENCE, "the alert")
        of = dict(self.firing(self.weir))["drift"]
        self.assertRegex(of, r"^default disagreement fake/cheap > fake/big, task [0-9a-f]{16}$")
        told = self.told(1)
        self.assertIn(("firing", "drift", of), told)
        self.assertEqual(self.weir.metric("alerts_firing", alert="drift"), 1)
        self.until_it_serves()
        wait_for(lambda: ("resolved", "drift", of) in self.told(2), 5 * PATIENCE, "the end to be told")
        self.assertEqual(self.weir.metric("alerts_firing", alert="drift"), 0)
