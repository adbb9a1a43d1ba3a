"""Starting, reloading, draining, being killed: what was answered and settled stays in the ledger."""

import json
import os
import re
import signal
import threading
import time
import unittest

from harness import Deadline, client, upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import BINARY, PATIENCE, Gateway, check, nanos, simple, yaml

CHAT = "/v1/chat/completions"
SETTLED_AFTER_S = 0.5  # a batch is committed every 50 ms; with room for a slow disk and a crowded machine
DISORDER_S = 0.05  # callers see answers in a slightly other order than the ledger


class Reload(unittest.TestCase):
    def setUp(self):
        self.up = upstream.Upstream(upstream.Model("first provider")).start()
        self.addCleanup(self.up.stop)
        self.other = upstream.Upstream(upstream.Model("second provider")).start()
        self.addCleanup(self.other.stop)
        self.weir = Gateway(simple(self.up))
        self.addCleanup(self.weir.__exit__)
        self.weir.start()

    def text(self):
        return self.weir.chat().json()["choices"][0]["message"]["content"]

    def reload(self, config):
        self.weir.write(config)
        self.weir.signal(signal.SIGHUP)

    def test_a_good_file_takes_effect_without_losing_a_request(self):
        release = threading.Event()
        self.up.script(upstream.held(release, upstream.Model("begun before")))
        with self.weir.connect() as kept:
            kept.request("POST", CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]})
            self.up.wait_requests(1)
            self.reload(simple(self.other))
            wait_for(lambda: self.text() == "second provider", 5 * PATIENCE, "the new configuration")
            release.set()
            self.assertEqual(kept.read_reply().json()["choices"][0]["message"]["content"], "begun before")
            again = kept.ask("POST", CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]})
            self.assertEqual(again.json()["choices"][0]["message"]["content"], "second provider")

    def test_a_bad_file_changes_nothing_and_says_why(self):
        for bad in (yaml(dict(simple(self.other), nonsense=1)), "listen: [", ""):
            with self.subTest(bad=bad[:20]):
                mark = len(self.weir.lines)
                self.weir.write(bad)
                self.weir.signal(signal.SIGHUP)
                self.weir.wait_line(r"weir\.yaml:\d*", after=mark)
                self.assertEqual(self.text(), "first provider")
        self.reload(simple(self.other))
        wait_for(lambda: self.text() == "second provider", 5 * PATIENCE, "the repaired configuration")

    def test_the_cache_survives_a_reload(self):
        config = simple(self.up, mode="serve", tiers=["exact"])
        self.reload(config)
        wait_for(lambda: self.weir.chat().header("x-weir-cache") == "hit", 5 * PATIENCE, "a hit")
        config["models"]["fake/renamed"] = {"upstream_name": "the-new-name"}
        self.reload(config)
        wait_for(
            lambda: self.weir.chat(model="renamed") and self.up.requests[-1].model == "the-new-name",
            5 * PATIENCE,
            "the new model",
        )
        calls = len(self.up.requests)
        self.assertEqual(self.weir.chat().header("x-weir-cache"), "hit")
        self.assertEqual(len(self.up.requests), calls)

    def test_what_a_reload_does_not_change_is_said(self):
        big = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "x" * (1 << 20)}]}).encode()
        mark = len(self.weir.lines)
        self.reload(simple(self.up, limits={"body": "1MiB"}))
        self.weir.wait_line("reloaded", after=mark)
        said = any("limits" in line for line in self.weir.lines[mark:])
        self.assertTrue(said or self.weir.chat(big).status == 413, "neither in effect nor said: " + self.weir.log)


class Stop(unittest.TestCase):
    def start(self, **more):
        self.up = upstream.Upstream().start()
        self.addCleanup(self.up.stop)
        self.weir = Gateway(simple(self.up, **more))
        self.addCleanup(self.weir.__exit__)
        return self.weir.start()

    def test_sigterm_drains_what_is_running(self):
        weir = self.start()
        release, idle = threading.Event(), weir.connect()
        self.assertEqual(idle.ask("GET", "/v1/models").status, 200)
        self.up.script(upstream.held(release, upstream.Model("in the end")))
        with weir.connect() as running:
            running.request("POST", CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]})
            self.up.wait_requests(1)
            weir.signal(signal.SIGTERM)
            for _ in Deadline(5 * PATIENCE, "new connections to be refused"):
                try:
                    weir.connect(1).close()
                except OSError:
                    break
            self.assertTrue(idle.closed_by_peer(), "idle connections are closed")
            self.assertIsNone(weir.process.poll(), "it waits for what is running")
            release.set()
            reply = running.read_reply()
            self.assertEqual(reply.json()["choices"][0]["message"]["content"], "in the end")
        self.assertEqual(weir.wait_exit(), 0)
        self.assertEqual(weir.report()["total"]["requests"], 1)

    def test_sigterm_waits_no_longer_than_the_limit(self):
        weir = self.start(limits={"drain": "300ms"})
        self.up.script(upstream.hang())
        with weir.connect() as stuck:
            stuck.request("POST", CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]})
            self.up.wait_requests(1)
            weir.signal(signal.SIGTERM)
            weir.wait_exit(5)
        self.assertEqual(weir.report()["total"]["requests"], 1, "the aborted one too")

    def test_idle_gateway_ends_at_once(self):
        weir = self.start()
        begun = time.monotonic()
        self.assertEqual(weir.stop(), 0)
        self.assertLess(time.monotonic() - begun, 3 * PATIENCE)


    def test_sigterm_cuts_off_audits_and_books_them(self):
        self.up = upstream.Upstream(upstream.Model(tokens=(100, 0, 5), price=(2.5, 1.25, 10))).start()
        self.addCleanup(self.up.stop)
        config = simple(self.up, mode="serve", tiers=["exact", "semantic"])
        config["cascades"]["default"]["cache"] = {"semantic": {"audit": "100%"}}
        weir = Gateway(config)
        self.addCleanup(weir.__exit__)
        weir.start()
        questions = ["tie a tie", "boil an egg", "fold a shirt", "clean a violin", "sharpen a knife"]
        for what in questions:
            weir.chat(messages=[{"role": "user", "content": "How do I %s?" % what}])
        self.up.answer = upstream.hang()
        for what in questions:
            hit = weir.chat(messages=[{"role": "user", "content": "How can I %s?" % what}])
            self.assertEqual(hit.header("x-weir-cache"), "semantic-hit")
        self.up.wait_requests(2 * len(questions), 5 * PATIENCE)
        begun = time.monotonic()
        self.assertEqual(weir.stop(), 0)
        self.assertLess(time.monotonic() - begun, 3 * PATIENCE)
        total = weir.report()["total"]
        self.assertEqual(total["requests"], 2 * len(questions))
        self.assertEqual(total["unpriced"], len(questions), "what the audits may have cost is not known")


class Ports(unittest.TestCase):
    def setUp(self):
        self.up = upstream.Upstream().start()
        self.addCleanup(self.up.stop)

    def gateway(self, ready=True, **more):
        weir = Gateway(simple(self.up, **more), ready=ready)
        self.addCleanup(weir.__exit__)
        return weir.start()

    def refused(self, address, **more):
        """A gateway with a data folder of its own that can't have its address: it says which, and ends."""
        weir = self.gateway(ready=False, **more)
        weir.wait_line("something else listens on " + re.escape(address) + "$")
        self.assertEqual(weir.wait_exit(), 1)

    def test_a_second_gateway_gets_no_share_of_the_first_ones_port(self):
        first = self.gateway(reactors=2)
        listen, admin = "127.0.0.1:%d" % first.port, "127.0.0.1:%d" % first.admin_port
        self.refused(listen, listen=listen, reactors=2)
        self.refused(admin, admin=admin)
        self.refused(admin, listen=admin)
        for _ in range(20):
            self.assertEqual(first.chat().status, 200)
        # A reload asks nobody.
        mark = len(first.lines)
        first.write(simple(self.up, reactors=2, listen=listen, admin=admin))
        first.signal(signal.SIGHUP)
        first.wait_line("reloaded", after=mark)
        self.assertEqual(first.chat().status, 200)

    def test_the_next_gateway_gets_the_port_at_once(self):
        first = self.gateway(reactors=2)
        listen = "127.0.0.1:%d" % first.port
        for stop in (Gateway.stop, Gateway.kill):
            with first.connect() as left:
                # An end by the gateway's side: its half of the connection stays for a while.
                self.assertEqual(left.ask("GET", "/v1/models").status, 200)
                stop(first)
                self.assertTrue(left.closed_by_peer())
                first = self.gateway(reactors=2, listen=listen)
                self.assertEqual("127.0.0.1:%d" % first.port, listen)
            self.assertEqual(first.chat().status, 200)


class Killed(unittest.TestCase):
    def test_settled_requests_survive_sigkill(self):
        up = upstream.Upstream(upstream.Model("ok", tokens=(100, 0, 5), price=(2.5, 1.25, 10))).start()
        self.addCleanup(up.stop)
        weir = Gateway(simple(up, mode="serve", tiers=["exact"]))
        self.addCleanup(weir.__exit__)
        weir.start()
        answered, stop = [], threading.Event()  # (request id, when)

        def work(part):
            number = 0
            try:
                with weir.connect() as connection:
                    while not stop.is_set():
                        number += 1
                        body = {
                            "model": "gpt-4o",
                            "messages": [{"role": "user", "content": "%d/%d" % (part, number % 50)}],
                        }
                        reply = connection.ask("POST", CHAT, body)
                        if reply.complete and reply.status == 200:
                            answered.append((reply.header("x-weir-request-id"), time.monotonic()))
            except (client.Closed, OSError, ValueError):
                pass  # killed

        threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        wait_for(lambda: len(answered) > 300 and time.monotonic() - begun > 1.2, 20 * PATIENCE, "traffic")
        settled = [i for i, _ in answered[-400::20] if weir.admin("/api/requests/" + i).status == 200]
        enough = len(answered) + 300  # looking made the gateway write: some more traffic before the end
        wait_for(lambda: len(answered) > enough, 20 * PATIENCE, "more traffic")
        killed_at = time.monotonic()
        weir.kill()
        stop.set()
        for thread in threads:
            thread.join()
        weir.start()
        looked_at = answered[:-3000:50] + answered[-3000:]
        missing = {i: at for i, at in looked_at if weir.admin("/api/requests/" + i).status != 200}
        self.assertEqual([i for i in settled if i in missing], [], "seen as settled before")
        if missing:  # one tail, without holes, and a short one
            earliest = min(missing.values())
            self.assertLess(killed_at - earliest, SETTLED_AFTER_S * PATIENCE)
            self.assertLess(max(at for i, at in looked_at if i not in missing), earliest + DISORDER_S * PATIENCE)
        print("killed after %d answers; %d of them were not settled yet" % (len(answered), len(missing)))
        total = weir.report()["total"]
        self.assertGreaterEqual(total["requests"], len(answered) - len(missing))
        self.assertEqual(weir.chat().status, 200, "and it goes on")
        by_day = weir.report(by="day")
        self.assertEqual(sum(line["requests"] for line in by_day["lines"]), by_day["total"]["requests"])

    def test_provider_killed_in_mid_traffic(self):
        up = upstream.Upstream().start()
        self.addCleanup(up.stop)
        with Gateway(simple(up)) as weir:
            release = threading.Event()
            up.answer = upstream.held(release, upstream.Model())
            replies = []
            threads = [
                threading.Thread(target=lambda s=s: replies.append(weir.chat(stream=s))) for s in [False, True] * 5
            ]
            for thread in threads:
                thread.start()
            up.wait_requests(10)
            up.stop()
            for thread in threads:
                thread.join()
            self.assertEqual({reply.status for reply in replies}, {502})
            up.start()
            up.answer = upstream.Model()
            self.assertEqual(weir.chat().status, 200)


class Start(GatewayCase):
    def config_text(self, **changes):
        return Gateway(simple(self.up), folder=self.weir.folder).render(dict(simple(self.up), **changes))

    def test_check_accepts_a_good_file(self):
        code, output = check(self.config_text())
        self.assertEqual(code, 0, output)

    def test_check_accepts_the_shipped_files(self):
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "config")
        model = os.path.join(self.weir.folder, "model.gguf")
        with open(model, "wb") as f:
            f.write(b"GGUF")
        env = {
            "WEIR_MODEL_FILE": model,
            "OPENAI_API_KEY": "sk-test-provider-01",
            "UPSTREAM": self.up.base_url[:-3],
            "GATEWAY_PORT": "18120",
        }
        files = [name for name in os.listdir(folder) if name.endswith(".yaml") and name != "prometheus-alerts.yaml"]
        self.assertIn("example.yaml", files)
        for name in sorted(files + ["package/weir.yaml"]):
            with open(os.path.join(folder, name)) as f:
                text = f.read()
            secrets = {
                found: "sk-test-%s" % found.lower().replace("_", "-") for found in re.findall(r"\$\{(\w+)\}", text)
            }
            with self.subTest(name):
                code, output = check(text, env=dict(secrets, **env))
                self.assertEqual(code, 0, output)

    def test_check_names_file_and_line(self):
        good = self.config_text()
        for old, new, word in (
            ("api: openai", "api: opnai", "opnai"),
            ("reactors: 1", "reactors: many", "reactors"),
            ("mode: off", "mode: sometimes", "sometimes"),
            ("tiers: []", "teirs: []", "teirs"),
        ):
            with self.subTest(new):
                self.assertIn(old, good)
                bad = good.replace(old, new, 1)
                code, output = check(bad)
                line = bad[: bad.index(new)].count("\n") + 1
                self.assertEqual(code, 2, output)
                self.assertRegex(output, r"weir\.yaml:%d: .*%s" % (line, word))

    def test_a_literal_key_in_the_file_is_refused(self):
        code, output = check(self.config_text(keys=[{"key": "sk-literal-secret-1", "tenant": "acme"}]))
        self.assertEqual(code, 2)
        self.assertNotIn("sk-literal-secret-1", output)

    def test_without_keys_only_loopback(self):
        code, output = check(self.config_text(listen="0.0.0.0:0"))
        self.assertEqual(code, 2, output)
        code, _ = check(
            self.config_text(listen="0.0.0.0:0", keys=[{"key": "${KEY_ACME}", "tenant": "acme"}]),
            env={"KEY_ACME": "sk-test-acme-0001"},
        )
        self.assertEqual(code, 0)

    def test_serve_refuses_a_bad_file(self):
        weir = Gateway("listen: 1\n", ready=False)
        self.addCleanup(weir.__exit__)
        weir.start()
        self.assertEqual(weir.wait_exit(), 2)
        weir.wait_line(r"weir\.yaml:1: ")

    def test_taken_port_is_said(self):
        weir = Gateway(dict(simple(self.up), listen="127.0.0.1:%d" % self.up.port), ready=False)
        self.addCleanup(weir.__exit__)
        weir.start()
        self.assertEqual(weir.wait_exit(), 1)
        weir.wait_line(str(self.up.port))


if __name__ == "__main__":
    unittest.main()
