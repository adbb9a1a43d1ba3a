"""Alerts and the forecast from outside: what webhooks get, once, signed, over restarts and failing receivers."""

import base64
import hashlib
import hmac
import json
import os
import signal

from harness import alerts, upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, PRICES, Gateway, nanos, simple

COST = 0.01  # dollars an answer


class AlertCase(alerts.Told, GatewayCase):
    env = alerts.ENV

    def setUp(self):
        super().setUp()
        self.hook = self.start_hook()
        fresh, _, output = PRICES["gpt-4o"]
        tokens = (1000, 0, round((COST * 1e6 - 1000 * float(fresh)) / float(output)))
        self.up.answer = upstream.Model(tokens=tokens, price=PRICES["gpt-4o"])

    def document(self, limit=0.1, more_alerts=None, **more):
        budgets = [{"name": "all", "limit_usd": limit, "window": "day"}]
        told = dict(alerts.quick(alerts.hook_of(self.hook)), **(more_alerts or {}))
        return simple(self.up, budgets=budgets, alerts=told, **more)

    def gateway(self, document):
        gateway = Gateway(document, env=self.env)
        self.addCleanup(gateway.__exit__)
        return gateway.start()

    def reload(self, gateway, *hooks):
        gateway.write(self.document(more_alerts={"webhooks": list(hooks)}))
        after = len(gateway.lines)
        gateway.signal(signal.SIGHUP)
        gateway.wait_line("reloaded", after=after)
        self.looks(gateway, 2)

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
        expected = base64.b64encode(hmac.new(alerts.SECRET.encode(), signed.encode(), hashlib.sha256).digest()).decode()
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
        self.hook.answers.put((500, {}, b"no"))
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
        self.hook.answers.put((500, {}, b"no"))
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

    def test_what_waits_for_a_webhook_that_is_taken_out_is_lost_and_counted(self):
        weir = self.gateway(self.document())
        self.spend(weir, 8)
        self.told(1)
        wait_for(lambda: self.alerts(weir)["webhooks"][0]["sent"] == 1)
        self.reload(weir, alerts.hook_of(self.hook, least="warning"))
        (hook,) = self.alerts(weir)["webhooks"]
        self.assertEqual((hook["sent"], hook["lost"]), (1, 0), "the same webhook, told less")
        self.hook.gate.clear()
        self.spend(weir, 2)
        wait_for(lambda: self.alerts(weir)["webhooks"][0]["waiting"] == 1, 10 * PATIENCE, "the budget is spent")
        other = self.start_hook()
        self.reload(weir, alerts.hook_of(other, name="others"))
        weir.wait_line("alerts: 1 messages are lost, the webhook ops is configured no more")
        told = self.alerts(weir)
        self.assertEqual(told["removed"], {"sent": 1, "lost": 1})
        self.assertEqual([(h["name"], h["sent"], h["waiting"]) for h in told["webhooks"]], [("others", 0, 0)])
        self.assertEqual([weir.metric("alert_messages_total", result=r) for r in ("sent", "lost")], [1, 1])
        # So is what waited when it was taken out of the file of a gateway that does not run.
        other.gate.clear()
        weir.write(self.document(limit=50, more_alerts={"webhooks": [alerts.hook_of(other, name="others")]}))
        weir.signal(signal.SIGHUP)
        wait_for(lambda: other.posts, 10 * PATIENCE, "it is over, and told")
        weir.kill()
        weir.write(self.document(limit=50, more_alerts={"webhooks": [alerts.hook_of(self.hook)]}))
        weir.start()
        weir.wait_line("alerts: 1 messages are lost, the webhook others is configured no more")
        self.assertEqual(self.alerts(weir)["removed"], {"sent": 0, "lost": 1})

    def test_errors_and_an_upstream_that_fails(self):
        document = self.document(limit=50, more_alerts={"errors_least": 3, "errors_over": "2s"})
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
