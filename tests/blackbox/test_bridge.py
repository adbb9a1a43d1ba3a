"""A small model that is shown the reference's earlier answers to similar questions (`examples:` of a tier): which, in what
order, whose, redacted, within their budget; served under the promise; gone when they are purged."""

import itertools
import json
import re
import unittest

from harness import upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, check, nanos, simple
from harness.tickets import LABELS, label_of, ticket

ENOUGH = 500
SURE, DOUBTFUL = -0.0000001, -0.9
EXAMPLES, TOKENS = 4, 200
PRICES = {"big": (2.5, 2.5, 10), "cheap": (0.05, 0.05, 0.2)}
SHOWN = "fake/cheap+examples"
SYSTEM = "Which desk is the ticket for? " + ", ".join(LABELS)
KEYS = {"acme": "sk-test-acme-0001", "birch": "sk-test-birch-001"}


def ticket_of(number, tenant):
    return ticket(number, ["of-" + tenant, "from eve%d@example.com" % number])


class Teacher(upstream.Model):
    def answer_for(self, request):
        number = int(request["messages"][-1]["content"].rsplit(" ", 1)[1])
        return label_of(number), None, (50, 0, 2)


class Small(upstream.Model):
    """Right and sure where somebody was answered so before its eyes, wrong and in doubt elsewhere."""

    def answer_for(self, request):
        messages = request["messages"]
        label = label_of(int(messages[-1]["content"].rsplit(" ", 1)[1]))
        seen = [m["content"] for m in messages if m["role"] == "assistant"]
        tokens = (20 + sum(len(m["content"]) for m in messages) // 4, 0, 2)
        if label in seen:
            return label, SURE, tokens
        return LABELS[(LABELS.index(label) + 1) % 4], DOUBTFUL, tokens


class BridgeCase(GatewayCase):
    asked = 0
    env = {"KEY_" + name.upper(): key for name, key in KEYS.items()}

    @classmethod
    def config(cls):
        shown = {"model": "fake/cheap", "examples": EXAMPLES, "most_tokens": TOKENS, "least_similarity": 0.05}
        config = simple(cls.up, mode="serve", tiers=["fake/cheap", shown])
        config["providers"]["fake"]["may_distil"] = True
        config["models"] = {"fake/" + name: {"price": {"input": p[0], "output": p[2]}} for name, p in PRICES.items()}
        config["keys"] = [{"key": "${KEY_%s}" % name.upper(), "tenant": name} for name in KEYS]
        config["cascades"]["default"].update(
            {
                "match": {"model": ["big"]},
                "promise": {"disagreement": "10%", "confidence": "90%"},
                "store": "content",
            }
        )
        return config

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.teacher, cls.small = Teacher(price=PRICES["big"]), Small(price=PRICES["cheap"])
        cls.numbers = itertools.count(1)

    def setUp(self):
        super().setUp()
        self.up.by_model = {"big": self.teacher, "cheap": self.small}

    def ask(self, number=None, tenant="acme", headers=(), settled=True, **members):
        number = next(self.numbers) if number is None else number
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ticket_of(number, tenant)}]
        body = dict({"model": "big", "messages": messages, "temperature": 0}, **members)
        self.asked += 1
        reply = self.weir.chat(body, [("x-weir-debug", "1"), ("Authorization", "Bearer " + KEYS[tenant]), *headers])
        self.assertEqual(reply.status, 200, reply)
        if settled and self.asked % 10 == 0:
            self.settle()
        return reply

    def settle(self):
        """Until nothing is under way any more: the gateway's books say what its provider's do."""

        def settled():
            return nanos(self.weir.metric("cost_usd_total")) == self.teacher.nanos + self.small.nanos

        wait_for(settled, 10 * PATIENCE, "the gateway's costs to be the provider's")

    def teach(self, tenant="acme"):
        for _ in range(5):
            self.ask(tenant=tenant)
        self.wait_indexed(4)
        for count in range(ENOUGH):
            if self.ask(tenant=tenant).header("x-weir-model") == SHOWN:
                return count
        self.fail("not served within %d requests; log:\n%s" % (ENOUGH, self.weir.log))

    def wait_indexed(self, count):
        def indexed():
            metrics = self.weir.admin("/metrics").body.decode()
            return int(re.search(r"^weir_examples_indexed (\d+)$", metrics, re.MULTILINE)[1]) >= count

        wait_for(indexed, 20 * PATIENCE, "%d examples to be indexed" % count)

    def prompts(self):
        """What the small model was asked: lists of messages."""
        return [seen.json()["messages"] for seen in list(self.up.requests) if seen.model == "cheap"]

    def purge(self, **what):
        reply = self.weir.admin("/api/cache/purge", "POST", what)
        self.assertEqual(reply.status, 200, reply)


def pairs_of(messages):
    turns = [m["content"] for m in messages[1:-1]]
    return list(zip(turns[::2], turns[1::2]))


class Bridge(BridgeCase):
    def test_1_before_there_are_examples_nothing_is_shown(self):
        self.ask()
        wait_for(self.prompts, 10 * PATIENCE, "a trial of the small model")
        self.settle()
        self.assertEqual([len(messages) for messages in self.prompts()], [2], "the tier without examples alone")

    def test_2_it_is_shown_what_is_similar_and_served_once_that_is_proved(self):
        self.teach()
        prompts = [messages for messages in self.prompts() if len(messages) > 2]
        self.assertGreater(len(prompts), 5)
        for messages in prompts:
            roles = [m["role"] for m in messages]
            count = len(messages) // 2 - 1
            self.assertEqual(roles, ["system"] + ["user", "assistant"] * count + ["user"])
            self.assertLessEqual(count, EXAMPLES)
            self.assertEqual(messages[0]["content"], SYSTEM)
            number = int(messages[-1]["content"].rsplit(" ", 1)[1])
            self.assertEqual(messages[-1]["content"], ticket_of(number, "acme"), "the caller's own words")
            pairs = pairs_of(messages)
            earlier = [int(prompt.rsplit(" ", 1)[1]) for prompt, _ in pairs]
            self.assertEqual(len(set(earlier)), len(earlier))
            self.assertNotIn(number, earlier, "the reference's answer to the very request")
            self.assertTrue(all(one < number for one in earlier), (number, earlier))
            self.assertEqual([label_of(one) for one in earlier], [answer for _, answer in pairs])
            tokens = sum((len(prompt) + len(answer) + 3) // 4 + 8 for prompt, answer in pairs)
            self.assertLessEqual(tokens, TOKENS)
        self.assertTrue(any(len(messages) == 2 * EXAMPLES + 2 for messages in prompts))

    def test_3_what_is_served_is_right_and_booked_as_its_own(self):
        served = 0
        for _ in range(ENOUGH):
            if served == 20:
                break
            number = next(self.numbers)
            reply = self.ask(number)
            self.assert_answers(reply, label_of(number))
            if reply.header("x-weir-tier") != "model":
                continue
            served += 1
            self.assertEqual(reply.header("x-weir-model"), SHOWN)
            self.assertRegex(reply.header("x-weir-why"), re.escape(SHOWN) + r": \d examples?, the nearest 0\.\d\d, risk")
            row = self.weir.row(reply)
            self.assertEqual([a["model"] for a in row["attempts"]], [SHOWN])
            self.assertEqual(row["attempts"][0]["outcome"], "served")
            # What it was shown is paid for; the reference would not have been shown it.
            sent = row["attempts"][0]["input_uncached_tokens"]
            self.assertGreater(sent, 60)
            full = nanos(row["cost_usd"]) + nanos(row["saved_usd"])
            self.assertLess(full, (sent * 0.8 * 2.5 + 2 * 10) * 1000)
        self.assertEqual(served, 20)
        ladders = json.loads(self.weir.admin("/api/cascades").body)["cascades"]
        tiers = {tier for course in ladders for task in course["tasks"] for tier in task["ladder"]}
        self.assertEqual(tiers, {"%s(%d,%d,0.05)" % (SHOWN, EXAMPLES, TOKENS)})

    def test_4_only_a_tenants_own_redacted(self):
        self.up.forget()
        for _ in range(5):
            self.ask(tenant="birch")

        def shown_to_birch():
            self.ask(tenant="birch")
            return any("of-birch" in prompt for messages in self.prompts() for prompt, _ in pairs_of(messages))

        wait_for(shown_to_birch, 20 * PATIENCE, "the other tenant's examples to be shown")
        for _ in range(25):
            self.ask(tenant="birch")
            self.ask(tenant="acme")
        self.settle()
        prompts = self.prompts()
        seen = set()
        for messages in prompts:
            own, other = ("acme", "birch") if "of-acme" in messages[-1]["content"] else ("birch", "acme")
            text = json.dumps(messages)
            self.assertNotIn("of-" + other, text)
            for prompt, _ in pairs_of(messages):
                seen.add(own)
                self.assertIn("from [email] ticket", prompt)
                self.assertNotIn("@", prompt)
        self.assertEqual(seen, {"acme", "birch"})

    def test_5_what_is_more_than_one_question_is_not_shown_any(self):
        self.up.forget()
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
        for _ in range(5):
            number = next(self.numbers)
            turns = [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": "Hello."},
                {"role": "assistant", "content": "Hello. What is it?"},
                {"role": "user", "content": ticket_of(number, "acme")},
            ]
            self.assertNotEqual(self.ask(number, messages=turns).header("x-weir-model"), SHOWN)
            self.assertNotEqual(self.ask(number, tools=[tool]).header("x-weir-model"), SHOWN)
        self.settle()
        for messages in self.prompts():
            self.assertIn(len(messages), (2, 4))
            self.assertNotRegex(json.dumps(messages[:-1]), r"ticket \d")

    def test_6_purged_examples_are_not_shown_any_more(self):
        self.settle()
        self.purge(tenant="acme")
        self.up.forget()
        before = next(self.numbers)
        reply = self.ask(before + 1)
        self.assertNotEqual(reply.header("x-weir-model"), SHOWN)
        for _ in range(15):
            self.ask()
        self.settle()
        for messages in self.prompts():
            for prompt, _ in pairs_of(messages):
                self.assertGreater(int(prompt.rsplit(" ", 1)[1]), before)
        # And come again with what is said since.
        wait_for(lambda: self.ask().header("x-weir-model") == SHOWN, 20 * PATIENCE, "examples to be shown again")

    def test_7_after_a_restart_they_are_there(self):
        self.settle()
        self.assertEqual(self.weir.stop(), 0)
        self.weir.start()
        wait_for(
            lambda: self.ask(settled=False).header("x-weir-model") == SHOWN,
            20 * PATIENCE,
            "examples to be shown again",
        )


class Checked(unittest.TestCase):
    def text(self, tier, more=""):
        return (
            "providers:\n  p: { api: openai, base_url: http://127.0.0.1:1/v1, may_distil: true }\n"
            "cascades:\n  c:\n    match: { model: x }\n    reference_provider: p\n"
            "    promise: { disagreement: 5% }\n" + more + "    tiers: [p/small, %s]\n" % tier
        )

    def test_a_tier_with_examples_wants_their_texts(self):
        code, said = check(self.text("{ model: p/small, examples: 5 }"))
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"weir\.yaml:8: .*p/small has no examples to be shown without store: content")
        code, said = check(self.text("{ model: p/small, examples: 5 }", "    store: content\n"))
        self.assertEqual(code, 0, said)
        self.assertNotIn("no examples", said)
        self.assertIn("p/small (5 examples, learned)", said)

    def test_what_is_wrong_is_told_with_its_line(self):
        for tier, problem in (
            ("{ model: p/x, examples: 0 }", 'examples: "0" is not a whole number from 1 to 32'),
            ("{ model: p/x, most_tokens: 100 }", "most_tokens.*is of examples: say how many"),
            ("{ model: p/x, examples: 3, least_similarity: 2 }", 'least_similarity: "2" is not a number from 0 to 1'),
            ("{ model: p/x, examples: 3, min_mean_logprob: -1 }", "examples.*goes with no min_mean_logprob"),
            ("{ model: p/x, exmaples: 3 }", 'unknown key "exmaples".*did you mean "examples"'),
            ("{ model: p/x, examples: 3 }, { model: p/x, examples: 4 }", "the same tier stands there twice"),
        ):
            code, said = check(self.text(tier))
            self.assertEqual(code, 2, said)
            self.assertRegex(said, "weir.yaml:8: .*" + problem)


if __name__ == "__main__":
    unittest.main()
