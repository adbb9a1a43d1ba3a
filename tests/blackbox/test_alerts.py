"""Alerts and the forecast from outside: what webhooks get, once, signed, over restarts and failing receivers."""

import base64
import hashlib
import hmac
import json
import os
import signal

from harness import upstream, wait_for
from harness.case import GatewayCase
from harness.collector import Collector
from harness.gateway import PATIENCE, PRICES, Gateway, nanos, simple

SECRET = "a-secret-of-the-receiver's"
COST = 0.01  # dollars an answer
QUICK = {"every": "100ms", "settle": "200ms", "off": ["disk_full", "budget_forecast"]}


class AlertCase(GatewayCase):
    env = {"WEIR_HOOK_SECRET": SECRET}

    def setUp(self):
        super().setUp()
        self.hook = Collector().start()
        self.addCleanup(self.hook.stop)
        fresh, _, output = PRICES["gpt-4o"]
        tokens = (1000, 0, round((COST * 1e6 - 1000 * float(fresh)) / float(output)))
        self.up.answer = upstream.Model(tokens=tokens, price=PRICES["gpt-4o"])

    def document(self, limit=0.1, alerts=None, **more):
        hook = {"name": "ops", "url": self.hook.endpoint + "/weir", "secret": "${WEIR_HOOK_SECRET}"}
        budgets = [{"name": "all", "limit_usd": limit, "window": "day"}]
        return simple(self.up, budgets=budgets, alerts=dict(QUICK, webhooks=[hook], **(alerts or {})), **more)

    def gateway(self, document):
        gateway = Gateway(document, env=self.env)
        self.addCleanup(gateway.__exit__)
        return gateway.start()

    def told(self, count, seconds=10):
        """(state, alert, of) of all that was posted, once there are so many, each message once."""
        seen = {}
        def all_of():
            seen.clear()
            for _, headers, body in list(self.hook.posts):
                seen[headers["webhook-id"]] = json.loads(body)
            return [(a["state"], a["alert"], a["of"]) for one in seen.values() for a in one["alerts"]]
        wait_for(lambda: len(all_of()) >= count, seconds * PATIENCE, "%d alerts told" % count)
        return all_of()

    def alerts(self, gateway):
        return gateway.admin("/api/alerts").json()

    def looks(self, gateway, count=4):
        """Until it has looked that often again."""
        for _ in range(count):
            before = self.alerts(gateway)["looked_unix_us"]
            wait_for(lambda: self.alerts(gateway)["looked_unix_us"] > before, 10 * PATIENCE, "another look")

    def spend(self, gateway, answers):
        for _ in range(answers):
            self.assert_answers(gateway.chat())
        wait_for(lambda: gateway.admin("/api/budgets").json()["budgets"][0]["under_way"] == 0)


class Told(AlertCase):
    def test_a_budget_once_signed_resolved_and_over_restarts(self):
        weir = self.gateway(self.document())
        self.spend(weir, 8)
        self.assertEqual(self.told(1), [("firing", "budget_near", "all")])
        path, headers, body = self.hook.posts[0]
        self.assertEqual(path, "/weir")
        signed = "%s.%s.%s" % (headers["webhook-id"], headers["webhook-timestamp"], body.decode())
        expected = base64.b64encode(hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()).decode()
        self.assertEqual(headers["webhook-signature"], "v1," + expected)
        document = json.loads(body)
        self.assertIn("budget_near (all): 80", document["text"])
        self.assertEqual((document["version"], document["firing"], document["resolved"]), (1, 1, 0))
        self.assertEqual(document["alerts"][0]["level"], "warning")

        told = self.alerts(weir)
        self.assertEqual([a["alert"] for a in told["firing"]], ["budget_near"])
        self.assertEqual(told["history"], [])
        wait_for(lambda: self.alerts(weir)["webhooks"][0]["sent"] == 1)
        self.assertEqual(weir.metric("alerts_firing", alert="budget_near"), 1)
        self.assertEqual(weir.metric("alert_messages_total", result="sent"), 1)
        self.looks(weir)

        # Neither a stop nor a kill tells it again.
        since = told["firing"][0]["since_unix_us"]
        for end in (weir.stop, weir.kill):
            end()
            weir.start()
            self.looks(weir)
            self.assertEqual(self.alerts(weir)["firing"][0]["since_unix_us"], since)
        self.assertEqual(len(self.hook.posts), 1)

        # A higher limit ends it.
        weir.write(self.document(limit=50))
        weir.signal(signal.SIGHUP)
        self.assertEqual(self.told(2)[1:], [("resolved", "budget_near", "all")])
        told = self.alerts(weir)
        self.assertEqual(told["firing"], [])
        self.assertEqual([a["state"] for a in told["history"]], ["resolved"])
        weir.stop()
        weir.start()
        self.looks(weir)
        self.assertEqual(len(self.alerts(weir)["history"]), 1)
        self.assertEqual(len(self.hook.posts), 2)

    def test_a_receiver_that_fails_gets_it_again(self):
        self.hook.answers.put((500, {}, "no"))
        weir = self.gateway(self.document())
        self.spend(weir, 8)
        wait_for(lambda: len(self.hook.posts) == 2, 15 * PATIENCE, "the second try")
        first, second = self.hook.posts
        self.assertEqual(first[1]["webhook-id"], second[1]["webhook-id"])
        self.assertEqual(first[2], second[2])
        wait_for(lambda: self.alerts(weir)["webhooks"][0]["sent"] == 1)
        self.looks(weir)
        self.assertEqual(len(self.hook.posts), 2)
        self.assertEqual(self.alerts(weir)["webhooks"][0]["problem"], None)

    def test_what_nobody_took_is_sent_after_a_kill(self):
        self.hook.answers.put((500, {}, "no"))
        weir = self.gateway(self.document())
        self.spend(weir, 8)
        wait_for(lambda: len(self.hook.posts) == 1, 10 * PATIENCE, "the first try")
        weir.kill()
        weir.start()
        wait_for(lambda: len(self.hook.posts) == 2, 10 * PATIENCE, "the second try")
        self.assertEqual(self.hook.posts[0][1]["webhook-id"], self.hook.posts[1][1]["webhook-id"])
        self.assertEqual(self.told(1), [("firing", "budget_near", "all")])

    def test_a_receiver_that_hangs_keeps_nobody_waiting(self):
        self.hook.gate.clear()
        weir = self.gateway(self.document())
        self.spend(weir, 8)
        wait_for(lambda: len(self.hook.posts) == 1, 10 * PATIENCE, "the post")
        self.assert_answers(weir.chat())
        self.looks(weir)
        self.assertEqual(weir.stop(), 0)

    def test_errors_and_an_upstream_that_fails(self):
        document = self.document(limit=50, alerts={"errors_least": 3, "errors_over": "2s"})
        document["providers"]["fake"]["ejection"] = {"failures": 3, "first": "1s"}
        weir = self.gateway(document)
        self.looks(weir, 1)
        self.up.answer = upstream.error(500, "no")
        for _ in range(3):
            self.assertEqual(weir.chat().status, 500)
        place = self.up.base_url.split("://")[1]
        self.assertEqual(
            sorted(self.told(2)), [("firing", "errors", ""), ("firing", "upstream_down", "fake at " + place)]
        )
        self.up.answer = upstream.Model()
        def mended():
            weir.chat()
            return self.alerts(weir)["firing"] == []
        wait_for(mended, 20 * PATIENCE, "an answer that mends it")
        self.assertEqual(len(self.told(4)), 4)

    def test_what_is_not_wanted_is_not_sent(self):
        document = self.document()
        hook = document["alerts"]["webhooks"][0]
        hook.update(name="chat", form="text", least="critical")
        del hook["secret"]
        weir = self.gateway(document)
        self.spend(weir, 8)
        wait_for(lambda: self.alerts(weir)["firing"])
        self.looks(weir, 2)
        self.assertEqual(self.hook.posts, [])
        self.spend(weir, 2)
        wait_for(lambda: self.hook.posts, 10 * PATIENCE, "the budget is spent")
        _, headers, body = self.hook.posts[0]
        self.assertEqual(list(json.loads(body)), ["text"])
        self.assertNotIn("webhook-signature", headers)

    def test_a_changed_price_is_told_after_a_restart(self):
        document = self.document(limit=50)
        weir = self.gateway(document)
        self.looks(weir, 1)
        weir.stop()
        document["models"]["fake/small"]["price"]["input"] = 7
        weir.write(document)
        weir.start()
        self.assertEqual(self.told(1), [("firing", "prices_changed", "fake/small")])
        self.assertIn("7 and 0.6", self.alerts(weir)["firing"][0]["text"])

    def test_a_damaged_file_is_begun_anew(self):
        weir = self.gateway(self.document())
        self.looks(weir, 1)
        weir.stop()
        with open(os.path.join(weir.data, "alerts.jsonl"), "w") as file:
            file.write("nothing of the kind\n")
        weir.start()
        weir.wait_line("damaged.*they begin anew")
        self.spend(weir, 8)
        self.assertEqual(self.told(1), [("firing", "budget_near", "all")])


class WithoutConfiguration(GatewayCase):
    def test_nothing_is_wrong_and_the_forecast_says_how_little_it_knows(self):
        wait_for(lambda: self.weir.admin("/api/alerts").json()["looked_unix_us"] > 0)
        told = self.weir.admin("/api/alerts").json()
        self.assertEqual((told["history"], told["webhooks"]), ([], []))
        self.weir.row(self.weir.chat())
        total = self.weir.report()["total"]
        told = self.weir.admin("/api/forecast?time_zone=Europe/Berlin").json()
        every = [w for w in told["windows"] if w["tenant"] is None]
        self.assertEqual([w["window"] for w in every], ["day", "week", "month"])
        for window in every:
            self.assertEqual(nanos(window["spent_usd"]), nanos(total["cost_usd"]))
            self.assertEqual(window["basis"], "too little history")
            self.assertLess(window["start_unix_us"], told["now_unix_us"])
            self.assertGreater(window["end_unix_us"], told["now_unix_us"])
        self.assertEqual(told["budgets"], [])
        points = told["month"]
        self.assertEqual([p["at_unix_us"] for p in points], sorted(p["at_unix_us"] for p in points))
        wrong = self.weir.admin("/api/forecast?time_zone=Nowhere")
        self.assertEqual(wrong.status, 400)
        self.assertIn("time_zone", wrong.json()["error"]["message"])
