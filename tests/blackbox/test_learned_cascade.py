"""Model tiers whose gates are learned: tried in the background, served once the promise is proved, taken out when they
get worse. Who plays: harness/learned.py."""

import json
import re
import signal
import threading
import unittest

from harness import upstream, wait_for
from harness.gateway import PATIENCE, nanos
from harness.learned import (
    DOUBTFUL,
    SURE,
    LearnedCase,
    Player,
    cheap_rule,
    is_hard,
    right,
    wrong,
)


class ColdStart(LearnedCase):
    tiers = ["fake/hopeless", "fake/cheap", "fake/mid"]

    def test_a_new_task_is_answered_by_the_reference_while_all_tiers_are_tried(self):
        for number in range(1, 6):
            reply = self.ask(number)
            self.assert_reference(reply, number)
            self.assertIn("new task", reply.header("x-weir-why"))
            row = self.weir.row(reply)
            self.assertEqual([a["outcome"] for a in row["attempts"]], ["served"])
        self.wait_calls(hopeless=5, cheap=5, mid=5, big=5)
        # What a tier is asked is what the caller asked, with log-probabilities, and no stream.
        for seen in self.up.requests:
            asked = seen.json()
            self.assertEqual(asked.get("logprobs", False), asked["model"] != "big")
            self.assertFalse(asked.get("stream", False))
        self.reported()
        report = {line["key"]: line for line in self.weir.report(by="tier")["lines"]}
        self.assertEqual(
            nanos(report["trial"]["cost_usd"]), self.owed() - self.players["big"].nanos, "trials are a line of their own"
        )
        self.assertEqual(report["trial"]["requests"], 0, "trials are no requests")
        total = self.weir.report()["total"]
        self.assertEqual(total["requests"], 5)
        self.assertEqual(nanos(total["saved_usd"]), self.players["big"].nanos - self.owed(), "pure cost so far")

    def test_streams_are_tried_too(self):
        before = self.calls("cheap")
        number = next(self.numbers)
        self.assert_reference(self.ask(number, stream=True), number)
        self.wait_calls(cheap=before + 1)

    def test_what_can_not_be_compared_is_not_tried(self):
        before = self.calls("cheap"), self.calls("hopeless")
        self.ask(n=2)
        self.ask(headers=[("x-weir-mode", "off")])
        self.ask(headers=[("x-weir-mode", "observe")])
        self.up.by_model["big"] = Player("big", lambda number: ("positive", SURE))
        self.up.by_model["big"].finish = "length"
        self.weir.row(self.ask(task="cut off"))
        self.assertEqual((self.calls("cheap"), self.calls("hopeless")), before)
        self.players["big"].nanos += self.up.by_model["big"].nanos
        self.settle()
        self.assertEqual((self.calls("cheap"), self.calls("hopeless")), before)

    def test_where_only_a_cache_may_answer_nothing_is_tried(self):
        before = dict((name, self.calls(name)) for name in self.players)
        reply = self.ask(headers=[("x-weir-cache", "only")])
        self.assert_error(reply, 504)
        self.weir.row(reply)
        self.assertEqual({name: self.calls(name) for name in self.players}, before)

    def test_the_references_error_is_the_callers_and_nothing_is_tried(self):
        before = self.calls("cheap")
        for failure, status in (
            (upstream.error(500, "the very words"), {500, 502}),
            (upstream.error(429, "the very words"), {429}),
            (upstream.dropped(), {502}),
        ):
            for stream in (False, True):
                self.up.by_model["big"] = failure
                reply = self.ask(task="failing", stream=stream)
                self.assert_error(reply, status)
                self.weir.row(reply)
        broken = upstream.chat_events("positive", usage=upstream.usage_of(1, 1))
        self.up.by_model["big"] = upstream.stream(broken, cut=200)
        self.assertFalse(b"[DONE]" in self.ask(task="failing", stream=True).body)
        self.up.by_model["big"] = self.players["big"]
        number = next(self.numbers)
        reply = self.ask(number, [("x-weir-mode", "off")])
        self.weir.row(reply)
        self.assertEqual(self.calls("cheap"), before)


class Served(LearnedCase):
    """Learned once, then asked about from all sides."""

    tiers = ["fake/hopeless", "fake/cheap", "fake/mid"]
    env = {"KEY_ACME": "sk-test-acme-0001", "KEY_BIRCH": "sk-test-birch-001"}
    more = {"keys": [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "birch"}]}
    taught = None

    def ask(self, number=None, headers=(), tenant="ACME", **how):
        return super().ask(number, [("Authorization", "Bearer " + self.env["KEY_" + tenant]), *headers], **how)

    def setUp(self):
        super().setUp()
        if Served.taught is None:
            Served.taught = self.teach()
            # Plans are looked at again with every part that is learned; then hardly any more.
            for _ in range(60):
                self.ask()
            self.settle()

    def test_sure_answers_are_served_and_say_why(self):
        reply = self.asked_of_cheap()
        self.assertRegex(reply.header("x-weir-why"), r"risk \S+ <= \S+")
        risk, limit = map(float, re.search(r"risk (\S+) <= (\S+)$", reply.header("x-weir-why")).groups())
        self.assertTrue(0 < risk <= limit)
        self.assertLess(risk, 0.1)
        row = self.weir.row(reply)
        self.assertEqual([a["outcome"] for a in row["attempts"]], ["served"])
        self.assertEqual(row["purpose"], "request")
        self.assertEqual(nanos(reply.header("x-weir-cost-usd")), nanos(row["cost_usd"]))
        self.assertGreater(nanos(row["saved_usd"]), 0)

    def test_doubtful_answers_go_on(self):
        before = self.calls("cheap")
        for _ in range(10):
            number = next(n for n in self.numbers if n % 25 == 0)
            reply = self.ask(number)
            self.assert_reference(reply, number)
            if "held out" not in reply.header("x-weir-why"):
                self.assertRegex(reply.header("x-weir-why"), r"risk \S+ > ")
        self.assertGreaterEqual(self.calls("cheap"), before + 8)

    def test_nobody_is_told_what_is_wrong(self):
        self.settle()
        before = {name: self.calls(name) for name in self.players}
        by_model = 0
        for _ in range(250):
            number = next(self.numbers)
            reply = self.ask(number)
            self.assert_answers(reply, right(number))
            self.assertNotEqual(reply.header("x-weir-model"), "fake/hopeless")
            by_model += reply.header("x-weir-tier") == "model"
        self.assertGreater(by_model, 0.7 * 250)
        self.settle()
        made = {name: self.calls(name) - before[name] for name in self.players}
        self.assertLess(made["hopeless"], 0.1 * 250, "only the hold-out asks it")
        self.assertGreater(made["big"], 250 - by_model, "a share of what was served is audited")
        self.assertLess(made["big"], 0.75 * 250)

    def test_the_books_are_the_providers_to_the_nano_dollar(self):
        for _ in range(50):
            self.ask(stream=next(self.numbers) % 2 == 0)
        self.settle()
        self.assertEqual(self.reported()["unpriced"], 0)
        for by in ("task", "model", "tenant", "tier", "day"):
            lines = self.weir.report(by=by)["lines"]
            self.assertEqual(sum(nanos(line["cost_usd"]) for line in lines), self.owed(), by)

    def test_a_served_stream_is_whole_and_without_logprobs(self):
        reply = self.asked_of_cheap(stream=True)
        self.assertNotIn(b"bytes", reply.body)
        for data in reply.events[:-1]:
            event = json.loads(data)
            self.assertEqual(event["object"], "chat.completion.chunk")
            self.assertNotIn("usage", {key for key, value in event.items() if value})
            for choice in event["choices"]:
                self.assertIsNone(choice.get("logprobs"))
        finishes = [c["finish_reason"] for d in reply.events[:-1] for c in json.loads(d)["choices"]]
        self.assertEqual([f for f in finishes if f], ["stop"])
        with_usage = self.asked_of_cheap(stream=True, stream_options={"include_usage": True})
        self.assertGreater(json.loads(with_usage.events[-2])["usage"]["total_tokens"], 0)
        self.assertIsNone(self.asked_of_cheap().json()["choices"][0]["logprobs"])

    def test_logprobs_that_were_asked_for_are_delivered(self):
        body = self.asked_of_cheap(logprobs=True).json()
        self.assertEqual([t["logprob"] for t in body["choices"][0]["logprobs"]["content"]], [SURE])
        self.assertIn(b'"logprob"', self.asked_of_cheap(logprobs=True, stream=True).body)

    def test_lower_modes_are_answered_by_the_reference(self):
        self.settle()
        before = self.calls("cheap")
        for mode in ("off", "observe"):
            number = self.next_number(hard=False)
            reply = self.ask(number, [("x-weir-mode", mode)])
            self.assert_reference(reply, number)
            self.weir.row(reply)
        self.assertEqual(self.calls("cheap"), before)
        number = self.next_number(hard=False)
        self.assert_reference(self.ask(number, [("x-weir-mode", "shadow")]), number)
        self.wait_calls(cheap=before + 1)

    def test_another_tenants_task_is_a_new_one(self):
        for _ in range(5):
            number = self.next_number(hard=False)
            reply = self.ask(number, tenant="BIRCH")
            self.assert_reference(reply, number)
            self.assertIn("new task", reply.header("x-weir-why"))
        self.asked_of_cheap()

    def test_another_system_prompt_is_a_new_task(self):
        number = self.next_number(hard=False)
        reply = self.ask(number, task="another")
        self.assert_reference(reply, number)
        self.assertIn("new task", reply.header("x-weir-why"))

    def test_the_references_error_after_a_doubtful_answer(self):
        self.up.by_model["big"] = upstream.error(503, "the very words")
        reply = self.ask(next(n for n in self.numbers if n % 25 == 0))
        self.assert_error(reply, {503}, "the very words")
        self.weir.row(reply)

    def test_many_at_once(self):
        errors, count = [], 120
        numbers = [next(self.numbers) for _ in range(count)]

        def work(part):
            for number in numbers[part::6]:
                reply = self.ask(number, stream=number % 2 == 0)
                try:
                    self.assert_answers(reply, right(number))
                except AssertionError as error:
                    errors.append(error)

        threads = [threading.Thread(target=work, args=(part,)) for part in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        self.settle()


class GetsWorse(LearnedCase):
    promise = {"disagreement": "2%", "confidence": "90%"}

    def test_a_tier_that_gets_worse_is_taken_out_of_service(self):
        self.teach()
        for _ in range(100):
            self.ask()
        # From here on its answers belong to other questions; it is as sure of them as ever.
        self.players["cheap"].rule = lambda number: (wrong(number), SURE)
        served = []
        for _ in range(400):
            number = next(self.numbers)
            reply = self.ask(number)
            served.append(reply.header("x-weir-tier") == "model")
            self.assert_answers(reply, wrong(number) if served[-1] else right(number))
        self.assertLess(sum(served), 150)  # 6 to 55 in most runs: two or three audits tell
        self.assertEqual(sum(served[-150:]), 0, "out of service, and it stays out")
        self.settle()


class Fails(LearnedCase):
    """The tier is at a provider of its own."""

    @classmethod
    def config(cls):
        cls.other = upstream.Upstream().start()
        cls.addClassCleanup(cls.other.stop)
        config = super().config()
        config["providers"]["other"] = {"api": "openai", "base_url": cls.other.base_url}
        config["models"]["other/cheap"] = config["models"].pop("fake/cheap")
        config["cascades"]["default"]["tiers"] = ["other/cheap"]
        config["cascades"]["default"]["tier_rest"] = "1s"  # however many failures a slow machine makes of it
        config["limits"] = {"first_byte": "300ms", "idle": "300ms"}
        return config

    def setUp(self):
        super().setUp()
        self.other.by_model = {"cheap": self.players["cheap"]}

    def assert_cheap(self, reply, number):
        self.assert_answers(reply, cheap_rule(number)[0])
        self.assertEqual((reply.header("x-weir-tier"), reply.header("x-weir-model")), ("model", "other/cheap"))

    def test_1_a_failure_at_the_start_is_not_the_end(self):
        self.other.script(upstream.error(500, "boom"), upstream.error(429, "slow down"))
        self.teach()

    def test_2_callers_lose_nothing_but_the_saving(self):
        whole = upstream.chat_body("Cut off.", usage=upstream.usage_of(1, 1))
        failures = {
            "500": upstream.error(500, "boom"),
            "429": upstream.error(429, "slow down", [("retry-after", "60")]),
            "no answer": upstream.hang(),
            "dropped": upstream.dropped(),
            "cut": upstream.body(whole, cut=40),
            "no JSON": upstream.body(b"<html>"),
            "unfinished": upstream.Model("posi", finish="length"),
            "refused": upstream.Model(message={"role": "assistant", "content": None, "refusal": "No."}),
        }
        self.asked_of_cheap()
        for name, failure in failures.items():
            for stream in (False, True):
                with self.subTest(name, stream=stream):
                    self.other.by_model["cheap"] = failure
                    number = self.next_number(hard=False)
                    reply = self.ask(number, stream=stream)
                    self.assert_reference(reply, number)
                    self.assertEqual(self.weir.row(reply)["attempts"][-1]["outcome"], "served")
            # A third failure in a row would give it a rest.
            self.other.by_model["cheap"] = self.players["cheap"]
            self.asked_of_cheap()

    def test_3_a_provider_that_is_down(self):
        self.asked_of_cheap()
        self.other.stop()
        reasons = []
        for _ in range(40):
            number = self.next_number(hard=False)
            reply = self.ask(number)
            self.assert_reference(reply, number)
            reasons.append(reply.header("x-weir-why"))
        self.assertEqual(self.weir.row(reply)["attempts"][-1]["outcome"], "served")
        self.assertTrue(any("rests" in reason for reason in reasons), reasons)
        self.other.start()
        wait_for(lambda: self.ask(self.next_number(hard=False)).header("x-weir-tier") == "model", 5 * PATIENCE,
                 "the tier to have rested")

    def test_4_a_tier_that_hangs_does_not_hold_up_the_end(self):
        self.other.by_model["cheap"] = upstream.hang()
        for _ in range(3):
            self.ask(task="at the end", headers=[("x-weir-mode", "shadow")])
        wait_for(lambda: len(self.other.requests) >= 3, 5 * PATIENCE, "trials under way")
        self.assertEqual(self.weir.stop(), 0)
        self.weir.start()


class Judged(LearnedCase):
    """Answers worded anew each time: whether one is worse takes a judge."""

    promise = {"harm": "10%", "confidence": "90%"}
    WORDS = "begin open chords practise slowly daily choose easy songs first listen closely keep time relax".split()

    @classmethod
    def config(cls):
        config = super().config()
        config["cascades"]["default"]["agreement"] = {"judge": "fake/judge"}
        return config

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def worded(number, step):
            picked = [cls.WORDS[(number * k + k + step) % len(cls.WORDS)] for k in (3, 5, 7, 9, 11, 13)]
            return "You could %s, and then %s." % (" ".join(picked[:3]), " ".join(picked[3:]))

        def cheap(number):
            return ("WRONG. " + worded(number, 1), DOUBTFUL) if is_hard(number) else (worded(number, 2), SURE)

        cls.players["cheap"].rule = cheap
        cls.players["big"].rule = lambda number: (worded(number, 5), SURE)
        cls.players["judge"] = Judge()

    def test_harm_is_what_the_judge_says_and_costs(self):
        self.teach()
        served = 0
        for _ in range(100):
            reply = self.ask()
            by_tier = reply.header("x-weir-tier") == "model"
            served += by_tier
            self.assertFalse(by_tier and b"WRONG" in reply.body)
        self.assertGreater(served, 50)
        self.settle()
        judge = self.players["judge"]
        self.assertGreater(judge.calls, 100)
        metrics = self.weir.admin("/metrics").body.decode()
        cost = re.search(r"^weir_judge_cost_usd_total\{.*\} (\S+)$", metrics, re.MULTILINE)[1]
        self.assertEqual(nanos(cost), judge.nanos)
        for seen in self.up.requests:
            if seen.model != "judge":
                continue
            material = json.loads(seen.json()["messages"][-1]["content"])
            self.assertRegex(material["question"]["user"], r"^Review \d+$")
            self.assertIn("positive or negative", material["question"]["system"])
        self.reported()


class Judge(Player):
    def __init__(self):
        super().__init__("judge", None)

    def answer_for(self, request):
        material = json.loads(request["messages"][-1]["content"])
        a, b = (material[side].startswith("WRONG") for side in "ab")
        return "same" if a == b else "b" if a else "a", SURE, (301, 0, 1)


class Unhelpful(LearnedCase):
    """The judge never answers: nothing is proved, so nothing is served."""

    promise = {"harm": "10%", "confidence": "90%"}

    @classmethod
    def config(cls):
        config = super().config()
        config["cascades"]["default"]["agreement"] = {"judge": "fake/judge"}
        return config

    def test_without_a_word_answers_count_against_the_tier(self):
        self.players["cheap"].rule = lambda number: ("Practise slowly, number %d." % number, SURE)
        self.players["big"].rule = lambda number: ("Begin with open chords: %d of them." % number, SURE)
        self.up.by_model["judge"] = upstream.error(503, "overloaded")
        for _ in range(200):
            self.assertEqual(self.ask().header("x-weir-tier"), "reference")
        wait_for(lambda: self.calls("cheap") >= 10, 5 * PATIENCE, "the first ten to be tried")


class Modes(LearnedCase):
    @classmethod
    def config(cls):
        config = super().config()
        default = config["cascades"].pop("default")
        for mode in ("shadow", "observe", "off"):
            config["cascades"][mode] = dict(default, mode=mode, match={"model": ["big-" + mode]})
            config["models"]["fake/big-" + mode] = config["models"]["fake/big"]
        return config

    def setUp(self):
        super().setUp()
        for mode in ("shadow", "observe", "off"):
            self.up.by_model["big-" + mode] = self.players["big"]

    def test_shadow_tries_and_serves_nothing(self):
        for _ in range(200):
            number = next(self.numbers)
            reply = self.ask(number, [("x-weir-mode", "serve")], model="big-shadow")
            self.assert_answers(reply, right(number))
            self.assertEqual(reply.header("x-weir-tier"), "reference")
        # A new task is tried no more often than wanted while its first trials are under way.
        wait_for(lambda: self.calls("cheap") >= 150, 5 * PATIENCE, "the tier to be tried")
        self.weir.wait_line(r"cascade shadow .*: certified \(")  # it would be
        for _ in range(20):
            self.assertEqual(self.ask(model="big-shadow").header("x-weir-tier"), "reference")

    def test_observe_and_off_try_nothing(self):
        before = self.calls("cheap")
        for mode in ("observe", "off"):
            for _ in range(15):
                reply = self.ask(headers=[("x-weir-mode", "serve")], model="big-" + mode)
                self.assertEqual(reply.header("x-weir-tier"), "reference")
            self.weir.row(reply)
        self.settle()
        self.assertEqual(self.calls("cheap"), before)


class Reloads(LearnedCase):
    def test_another_promise_is_proved_from_what_is_known(self):
        self.teach()
        self.settle()
        strict = self.config()
        strict["cascades"]["default"]["promise"] = {"disagreement": "0.1%", "confidence": "99%"}
        self.reload(strict)
        for _ in range(30):
            self.assertEqual(self.ask().header("x-weir-tier"), "reference")
        self.reload(self.config())
        self.teach(most=120)  # from nothing it would take 150

    def reload(self, config):
        self.weir.write(config)
        seen = len(self.weir.lines)
        self.weir.signal(signal.SIGHUP)
        self.weir.wait_line(r"reloaded", after=seen)


class TwoReactors(LearnedCase):
    more = {"reactors": 2}

    def test_callers_at_once_learn_together(self):
        served, wrong_texts = [], []

        def work():
            for _ in range(100):
                with lock:
                    number = next(self.numbers)
                reply = self.ask(number)
                served.append(reply.header("x-weir-tier") == "model")
                if reply.json()["choices"][0]["message"]["content"] != right(number):
                    wrong_texts.append(number)

        lock = threading.Lock()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(served), 400)
        self.assertEqual(wrong_texts, [])
        self.teach(most=50)
        self.settle()


class Restarts(LearnedCase):
    def test_what_was_learned_outlives_a_stop_and_a_kill(self):
        self.teach()
        self.settle()
        for end in (lambda: self.weir.stop(), lambda: self.weir.kill()):
            end()
            self.weir.start()
            self.teach(most=120)  # the records are read once somebody asks; to learn it anew takes 150
            self.asked_of_cheap()
            number = next(n for n in self.numbers if is_hard(n))
            self.assert_reference(self.ask(number), number)


if __name__ == "__main__":
    unittest.main()
