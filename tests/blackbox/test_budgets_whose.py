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


class Own(WhoseCase):
    """An audit counts for the tenant, key and task whose hit is audited; where there is no room it is not asked."""

    def ask(self, weir, text):
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
        return weir.chat(body, bearer(KEYS["KEY_ACME"]) + [("x-weir-task", "ties")])

    def audited(self, limit):
        def with_audits(config):
            config["cascades"]["default"]["cache"] = {"semantic": {"audit": "100%"}}

        names = [("tenant", "acme"), ("key", hashlib.sha256(KEYS["KEY_ACME"].encode()).hexdigest()[:12]), ("task", "ties"), ("tenant", "birch")]
        budgets = [{"name": "-".join(name), "of": dict([name]), "limit_usd": limit, "window": "day"} for name in names]
        weir = self.start(budgets, with_audits, keys=CONFIGURED, mode="serve", tiers=["exact", "semantic"])
        self.up.answer = upstream.Model("Same.", tokens=(100, 0, 5), price=PRICES["gpt-4o"])
        self.assertEqual(self.ask(weir, "How do I tie a tie?").status, 200)
        wait_for(lambda: weir.metric("budget_spent_usd") > 0 and weir.admin("/api/budgets").json()["budgets"][0]["under_way"] == 0)
        hit = self.ask(weir, "How can I tie a tie?")
        self.assertEqual(hit.header("x-weir-cache"), "semantic-hit")
        return weir, {one["name"]: one for one in weir.admin("/api/budgets").json()["budgets"]}

    def test_it_counts(self):
        cost = (100 * 2.5 + 5 * 10) / 1e6
        weir, _ = self.audited(1)
        wait_for(lambda: abs(float(self.budget(weir, "tenant-acme")["spent_usd"]) - 2 * cost) < 1e-9)
        spent = {one["name"].split("-")[0] + one["of"]: one["spent_usd"] for one in weir.admin("/api/budgets").json()["budgets"]}
        self.assertAlmostEqual(self.budget(weir, "task-ties")["spent_usd"], 2 * cost, msg=spent)
        self.assertAlmostEqual(self.budget(weir, "tenant-birch")["spent_usd"], 0)

    def test_it_is_not_asked_where_there_is_no_room(self):
        weir, _ = self.audited("0.0001")
        wait_for(lambda: weir.metric("background_dropped_total") >= 1)
        self.assertEqual(len(self.up.requests), 1)


if __name__ == "__main__":
    unittest.main()
