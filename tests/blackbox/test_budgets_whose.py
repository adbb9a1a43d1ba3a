"""Whose budget a request counts for, what happens when it is spent, and what Weir's own questions count for."""

import calendar
import hashlib
import re
import time
import unittest

from blackbox.test_budgets import BudgetCase
from harness.model_server import JSON, ModelServer
from harness import upstream, wait_for
from harness.gateway import PRICES, Gateway, simple

KEYS = {"KEY_ACME": "sk-test-acme-0001", "KEY_BIRCH": "sk-test-birch-001"}
CONFIGURED = [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "birch"}]
TINY = {"limit_usd": "0.0001", "window": "day"}


def bearer(key):
    return [("authorization", "Bearer " + key)]


class WhoseCase(BudgetCase):
    env = KEYS

    def start(self, budgets, change=None, **more):
        config = simple(self.up, budgets=budgets, **more)
        if change:
            change(config)
        gateway = Gateway(config, env=self.env)
        self.addCleanup(gateway.__exit__)
        return gateway.start()

    def assert_spent(self, reply, *mentions):
        self.assert_error(reply, 429, ["is spent", "begins anew at", *mentions], code="budget_exceeded")

    def spend(self, weir, name, *args, **members):
        self.assertEqual(weir.chat(*args, **members).status, 200)
        wait_for(lambda: all(one["under_way"] == 0 for one in weir.admin("/api/budgets").json()["budgets"]))


class Whose(WhoseCase):
    def test_a_tenants(self):
        weir = self.start([dict(TINY, name="acmes", of={"tenant": "acme"})], keys=CONFIGURED)
        acme, birch = bearer(KEYS["KEY_ACME"]), bearer(KEYS["KEY_BIRCH"])
        self.spend(weir, "acmes", headers=acme)
        self.assert_spent(weir.chat(headers=acme), "acmes")
        self.spend(weir, "acmes", headers=birch)
        self.spend(weir, "acmes", headers=birch)

    def test_one_for_each_tenant(self):
        weir = self.start([dict(TINY, name="teams", of={"each": "tenant"})], keys=CONFIGURED)
        acme, birch = bearer(KEYS["KEY_ACME"]), bearer(KEYS["KEY_BIRCH"])
        self.spend(weir, "teams", headers=acme)
        self.assert_spent(weir.chat(headers=acme), "'teams' of acme of 0.0001 usd a day")
        self.spend(weir, "teams", headers=birch)
        self.assert_spent(weir.chat(headers=birch), "of birch")
        self.assertEqual({one["whose"] for one in weir.admin("/api/budgets").json()["budgets"]}, {"acme", "birch"})

    def test_a_keys_by_its_id(self):
        key = KEYS["KEY_ACME"]
        weir = self.start([dict(TINY, name="k", of={"key": hashlib.sha256(key.encode()).hexdigest()[:12]})], keys=CONFIGURED)
        self.spend(weir, "k", headers=bearer(key))
        self.assert_spent(weir.chat(headers=bearer(key)))
        self.spend(weir, "k", headers=bearer(KEYS["KEY_BIRCH"]))

    def test_a_made_keys_by_its_name(self):
        weir = self.start([dict(TINY, name="k", of={"key": "ci"})])
        made = weir.admin("/api/keys", "POST", {"tenant": "acme", "name": "ci"}).json()
        other = weir.admin("/api/keys", "POST", {"tenant": "acme", "name": "laptop"}).json()
        self.spend(weir, "k", headers=bearer(made["key"]))
        self.assert_spent(weir.chat(headers=bearer(made["key"])))
        self.spend(weir, "k", headers=bearer(other["key"]))

    def test_a_tasks(self):
        weir = self.start([dict(TINY, name="t", of={"task": "triage"})])
        self.spend(weir, "t", headers=[("x-weir-task", "triage")])
        self.assert_spent(weir.chat(headers=[("x-weir-task", "triage")]))
        self.spend(weir, "t", headers=[("x-weir-task", "other")])
        self.spend(weir, "t")

    def test_a_models_by_the_name_that_is_asked_for(self):
        for glob in ("gpt-4*", "fake/gpt-4*"):
            weir = self.start([dict(TINY, name="m", of={"model": glob})])
            self.spend(weir, "m")
            self.assert_spent(weir.chat())
            self.spend(weir, "m", model="fake/small")

    def test_all_that_fit_must_have_room(self):
        weir = self.start([dict(TINY, name="wide", limit_usd=1), dict(TINY, name="narrow", of={"each": "task"})])
        self.spend(weir, "wide")
        before = self.budget(weir, "wide")["spent_usd"]
        self.assert_spent(weir.chat(), "narrow")
        self.assertEqual(self.budget(weir, "wide")["spent_usd"], before)


class When(WhoseCase):
    def test_the_reset_is_told_twice(self):
        weir = self.start([{"name": "b", "limit_usd": "0.0001", "window": "week", "time_zone": "Asia/Kolkata"}])
        self.spend(weir, "b")
        asked = time.time()
        reply = weir.chat()
        self.assert_spent(reply, "usd a week")
        told = re.search(r"begins anew at (\S+)\.$", reply.error["message"]).group(1)
        reset = calendar.timegm(time.strptime(told, "%Y-%m-%dT%H:%M:%SZ"))
        self.assertLessEqual(abs(asked + int(reply.header("retry-after")) - reset), 10)
        self.assertEqual(time.strftime("%a %H:%M", time.gmtime(reset)), "Sun 18:30")  # Monday there

    def test_what_costs_nothing_goes_on(self):
        def with_free_model(config):
            config["models"]["fake/free"] = {"price": {"input": 0, "output": 0}}
            config["models"]["fake/gpt-4o"]["fallbacks"] = ["fake/free"]

        budget = dict(TINY, name="b", at_100="downgrade")
        weir = self.start([budget], with_free_model)
        self.spend(weir, "b")
        self.assertEqual(self.up.requests[-1].model, "gpt-4o")
        reply = weir.chat()
        self.assertEqual((reply.status, reply.header("x-weir-budget")), (200, "downgraded; budget=b"), reply)
        self.assertEqual(self.up.requests[-1].model, "free")
        # What can't be answered by another model is refused.
        calls = len(self.up.requests)
        embedding = weir.ask("POST", "/v1/embeddings", {"model": "gpt-4o", "input": "x"})
        self.assertEqual((embedding.status, len(self.up.requests)), (429, calls), embedding)
        weir = self.start([budget])
        self.spend(weir, "b")
        self.assert_spent(weir.chat())

    def test_a_model_without_a_price(self):
        def without_price(config):
            config["models"]["fake/mystery"] = {}

        weir = self.start([dict(TINY, name="strict", limit_usd=1, unpriced="refuse")], without_price)
        reply = weir.chat(model="fake/mystery")
        self.assert_error(reply, 403, ["fake/mystery", "strict"], code="model_unpriced")
        self.assertEqual(self.up.requests, [])
        self.assert_answers(weir.chat())
        weir = self.start([dict(TINY, name="lenient", limit_usd=1)], without_price)
        self.assert_answers(weir.chat(model="fake/mystery"))
        self.assertEqual(self.settled(weir, "lenient")["spent_usd"], 0)

    def test_the_queue_has_an_end(self):
        weir = self.start([dict(TINY, name="q", at_100="queue", queue_for="50ms")])
        self.spend(weir, "q")
        began = time.monotonic()
        self.assert_spent(weir.chat())
        self.assertGreaterEqual(time.monotonic() - began, 0.05)


class Inference(WhoseCase):
    def test_reserved_settled_and_refused_in_its_own_words(self):
        server = ModelServer(lambda path, headers, body: (200, JSON, b'{"label": "even"}'))
        self.addCleanup(server.stop)

        def with_route(config):
            reference = {"url": server.url + "/label", "price": {"per_call": "0.001"}}
            config["inference"] = {"labels": {"path": "/label", "reference": reference, "cache": {"key": ["/x"], "ttl": "1h"}, "mode": "serve"}}

        budgets = [{"name": "i", "of": {"task": "labels"}, "limit_usd": "0.003", "window": "day"}, {"name": "m", "of": {"model": "labels*"}, "limit_usd": 1, "window": "day"}]
        weir = self.start(budgets, with_route)
        for number in range(3):
            self.assertEqual(weir.ask("POST", "/label", {"x": number}).status, 200)
            self.settled(weir, "i")
        self.assertEqual(self.budget(weir, "i")["spent_usd"], 0.003)
        self.assertEqual(self.budget(weir, "m")["spent_usd"], 0.003)
        reply = weir.ask("POST", "/label", {"x": 7})
        self.assertEqual((reply.status, len(server.seen)), (429, 3), reply)
        self.assertEqual(list(reply.json()), ["error"])
        self.assertIn("The budget 'i' of 0.003 USD a day is spent", reply.json()["error"])
        self.assertGreaterEqual(int(reply.header("retry-after")), 1)
        self.assertEqual(weir.ask("POST", "/label", {"x": 1}).header("x-weir-cache"), "hit")

    def test_who_waits_for_room_keeps_nobody_waiting(self):
        server = ModelServer(lambda path, headers, body: (200, JSON, b'{"label": "even"}'))
        self.addCleanup(server.stop)

        def with_route(config):
            reference = {"url": server.url + "/label", "price": {"per_call": "0.001"}}
            config["inference"] = {"labels": {"path": "/label", "reference": reference, "cache": {"key": ["/x"], "ttl": "1h"}, "mode": "serve"}}
            config["keys"] = [dict(one, tenant="acme") for one in CONFIGURED]

        own = {"name": "own", "of": {"each": "key"}, "limit_usd": "0.001", "window": "day", "at_100": "queue", "queue_for": "10m"}
        weir = self.start([own], with_route)
        acme, birch = bearer(KEYS["KEY_ACME"]), bearer(KEYS["KEY_BIRCH"])
        self.assertEqual(weir.ask("POST", "/label", {"x": 1}, acme).status, 200)
        self.settled(weir, "own")
        waiting = weir.connect()
        self.addCleanup(waiting.close)
        head = "POST /label HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauthorization: %s\r\ncontent-length: 8\r\n\r\n"
        waiting.sock.sendall((head % acme[0][1]).encode() + b'{"x": 2}')
        wait_for(lambda: weir.metric("requests_active") == 1)
        self.assertEqual(weir.ask("POST", "/label", {"x": 2}, birch).status, 200)


class Own(WhoseCase):
    """What Weir asks of its own accord counts for the tenant, key and task of the request that it is asked for; where
    there is no room it is not asked."""

    REFERENCE, SMALL, JUDGE = (100 * 2.5 + 5 * 10) / 1e6, (90 * 0.15 + 3 * 0.6) / 1e6, (300 * 0.15 + 0.6) / 1e6
    OF = [("tenant", "acme"), ("key", hashlib.sha256(KEYS["KEY_ACME"].encode()).hexdigest()[:12]), ("task", "ties"), ("tenant", "birch")]

    def setUp(self):
        super().setUp()
        self.up.answer = upstream.Model("Same.", tokens=(100, 0, 5), price=PRICES["gpt-4o"])
        self.up.by_model = {
            "small": upstream.Model("Same.", tokens=(90, 0, 3), price=PRICES["small"]),
            "judge": upstream.Model("same", tokens=(300, 0, 1)),
        }

    def ask(self, weir, text):
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], "temperature": 0}
        return weir.chat(body, bearer(KEYS["KEY_ACME"]) + [("x-weir-task", "ties")])

    def with_budgets(self, limit, tiers, mode="serve", **cascade):
        def change(config):
            config["cascades"]["default"].update(cascade)
            config["models"]["fake/judge"] = {"price": {"input": "0.15", "output": "0.6"}}

        budgets = [{"name": "-".join(of), "of": dict([of]), "limit_usd": limit, "window": "day"} for of in self.OF]
        return self.start(budgets, change, keys=CONFIGURED, mode=mode, tiers=tiers)

    def asked(self, model):
        return sum(seen.model == model for seen in self.up.requests)

    def assert_counted(self, weir, dollars):
        """For whoever asked, and for nobody else."""
        wait_for(lambda: abs(float(self.budget(weir, "tenant-acme")["spent_usd"]) - dollars) < 1e-9, what="%f USD" % dollars)
        for of in self.OF:
            spent = self.budget(weir, "-".join(of))["spent_usd"]
            self.assertAlmostEqual(float(spent), 0 if of[1] == "birch" else dollars, places=9, msg=of)

    def settled(self, weir):
        """Nothing that was reserved is held any more."""
        wait_for(lambda: all(one["under_way"] == 0 for one in weir.admin("/api/budgets").json()["budgets"]))

    def audited(self, limit):
        weir = self.with_budgets(limit, ["exact", "semantic"], cache={"semantic": {"audit": "100%"}})
        self.assertEqual(self.ask(weir, "How do I tie a tie?").status, 200)
        wait_for(lambda: weir.metric("budget_spent_usd") > 0)
        self.settled(weir)
        self.assertEqual(self.ask(weir, "How can I tie a tie?").header("x-weir-cache"), "semantic-hit")
        return weir

    def test_an_audit_counts(self):
        self.assert_counted(self.audited(1), 2 * self.REFERENCE)

    def test_an_audit_is_not_asked_where_there_is_no_room(self):
        weir = self.audited("0.0001")
        wait_for(lambda: weir.metric("background_dropped_total") >= 1)
        self.assertEqual(len(self.up.requests), 1)

    def tried(self, limit):
        promise = {"disagreement": "10%", "confidence": "90%"}
        return self.with_budgets(limit, ["fake/small"], mode="shadow", promise=promise)

    def test_a_trial_counts(self):
        weir = self.tried(1)
        for number in range(1, 4):
            self.assertEqual(self.ask(weir, "Question %d" % number).header("x-weir-tier"), "reference")
            wait_for(lambda: self.asked("small") == number, what="trial %d" % number)
        self.assert_counted(weir, 3 * (self.REFERENCE + self.SMALL))

    def test_a_trial_is_not_asked_where_there_is_no_room(self):
        weir = self.tried("0.0003")
        self.assertEqual(self.ask(weir, "Question").status, 200)
        wait_for(lambda: weir.metric("background_dropped_total") >= 1)
        self.assertEqual(self.asked("small"), 0)
        self.settled(weir)
        self.assert_counted(weir, self.REFERENCE)

    def judged(self, limit):
        """Two answers in other words, of questions that are nearly the same."""
        self.up.answer.text = lambda request: "Tie it so." if "best" in request["messages"][-1]["content"] else "Knot it twice."
        semantic = {"promise": "10%", "audit": "0%", "threshold": "99%"}
        weir = self.with_budgets(limit, ["exact", "semantic"], cache={"semantic": semantic}, agreement={"judge": "fake/judge"})
        for text in ("What is the best way to learn the guitar?", "How should a beginner start learning to play the guitar?"):
            self.settled(weir)
            self.assertEqual(self.ask(weir, text).header("x-weir-cache"), "miss")
        return weir

    def test_a_judge_counts(self):
        weir = self.judged(1)
        wait_for(lambda: self.asked("judge") == 2, what="the judge, asked in both orders")
        self.assert_counted(weir, 2 * self.REFERENCE + 2 * self.JUDGE)

    def test_a_judge_is_not_asked_where_there_is_no_room(self):
        weir = self.judged("0.0006")
        wait_for(lambda: weir.metric("semantic_lessons_unanswered_total") >= 1)
        self.assertEqual(self.asked("judge"), 0)
        self.settled(weir)
        self.assert_counted(weir, 2 * self.REFERENCE)


if __name__ == "__main__":
    unittest.main()
