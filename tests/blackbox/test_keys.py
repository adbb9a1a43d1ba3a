"""Callers' keys: made, limited and revoked while the gateway runs, by command and at the admin address; what outlives a
restart and a kill; who may use which model."""

import hashlib
import json
import os
import subprocess
import unittest

from harness import client, upstream
from harness.case import GatewayCase
from harness.gateway import PATIENCE, Gateway, simple


def bearer(key):
    return [("authorization", "Bearer " + key)]


class KeyCase(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up, reactors=2)

    def post(self, target, **members):
        return self.weir.admin(target, "POST", members)

    def create(self, tenant="acme", **members):
        reply = self.post("/api/keys", tenant=tenant, **members)
        self.assertEqual(reply.status, 200, reply)
        return reply.json()

    def cli(self, *argv):
        """`weir keys`, which reads the gateway's address in its configuration."""
        path = os.path.join(self.weir.folder, "cli.yaml")
        with open(path, "w") as f:
            f.write(self.weir.render(dict(self.config(), admin="127.0.0.1:%d" % self.weir.admin_port)))
        result = subprocess.run(
            [self.weir.binary, "keys", *argv, "-c", path],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.weir.env,
            cwd=self.weir.folder,
            timeout=60 * PATIENCE,
        )
        return result.returncode, result.stdout, result.stderr

    def statuses(self, key, times=8):
        """On connections of their own, so that all reactors are asked."""
        return {self.weir.chat(headers=bearer(key)).status for _ in range(times)}

    def fresh(self):
        """A gateway in a folder of its own, for tests that begin without keys or end with damage."""
        gateway = Gateway(self.config(), env=self.env)
        self.addCleanup(gateway.__exit__)
        return gateway.start()


class Life(KeyCase):
    def test_open_until_the_first_key_and_never_again(self):
        weir = self.fresh()
        self.assert_answers(weir.chat())
        made = weir.admin("/api/keys", "POST", {"tenant": "acme"}).json()
        self.assert_error(weir.chat(), 401, code="invalid_api_key")
        self.assert_answers(weir.chat(headers=bearer(made["key"])))
        weir.admin("/api/keys/%s/revoke" % made["id"], "POST", {})
        for _ in range(8):
            self.assert_error(weir.chat(headers=bearer(made["key"])), 401, code="invalid_api_key")
            self.assert_error(weir.chat(), 401, code="invalid_api_key")
        weir.stop()
        weir.start()
        self.assert_error(weir.chat(), 401)
        self.assert_error(weir.ask("GET", "/v1/models"), 401)

    def test_made_used_and_revoked_without_a_restart(self):
        reply = self.post("/api/keys", tenant="acme", name="CI")
        self.assertEqual(reply.header("cache-control"), "no-store")
        made = reply.json()
        self.assertRegex(made["key"], r"^wk-[0-9A-Za-z]{32}$")
        self.assertEqual(made["begins"], made["key"][:11] + "...")
        self.assertEqual((made["tenant"], made["name"], made["state"]), ("acme", "CI", "active"))
        answer = self.weir.chat(headers=bearer(made["key"]))
        self.assert_answers(answer)
        self.assertEqual(self.weir.row(answer)["tenant"], "acme")
        self.assertEqual(self.statuses(made["key"]), {200})
        self.assertEqual(self.statuses("wk-" + "0" * 32), {401})
        self.assert_answers(
            self.weir.ask(
                "POST",
                "/v1/chat/completions",
                {"model": "gpt-4o", "messages": [{"role": "user", "content": "Two and two?"}]},
                [("x-api-key", made["key"])],
            )
        )
        revoked = self.post("/api/keys/%s/revoke" % made["begins"]).json()
        self.assertEqual(revoked["state"], "revoked")
        self.assertEqual(self.statuses(made["key"]), {401})
        again = self.post("/api/keys/%s/revoke" % made["id"])
        self.assertEqual((again.status, again.json()["revoked_unix_us"]), (200, revoked["revoked_unix_us"]))
        self.assertEqual(self.post("/api/keys/" + made["id"], parallel=1).status, 400)

    def test_neither_keys_nor_hashes_are_told_or_kept(self):
        made = self.create(name="told once")
        listed = self.weir.admin("/api/keys")
        one = [key for key in listed.json()["keys"] if key["id"] == made["id"]]
        self.assertEqual(len(one), 1)
        self.assertNotIn("key", one[0])
        for text in (listed.body.decode(), self.weir.log, self.weir.admin("/metrics").body.decode()):
            self.assertNotIn(made["key"], text)
            self.assertNotIn("sha256", text)
        self.weir.chat(headers=bearer(made["key"]))
        for folder, _, files in os.walk(self.weir.data):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(made["key"].encode(), f.read(), name)
        self.assertEqual(os.stat(os.path.join(self.weir.data, "keys.jsonl")).st_mode & 0o777, 0o600)

    def test_a_restart_and_a_kill_forget_nothing(self):
        kept, gone = self.create(parallel=7), self.create("birch")
        self.post("/api/keys/%s/revoke" % gone["id"])
        before = self.weir.admin("/api/keys").json()
        self.weir.stop()
        self.weir.start()
        self.assertEqual(self.weir.admin("/api/keys").json(), before)
        self.assertEqual((self.statuses(kept["key"], 2), self.statuses(gone["key"], 2)), ({200}, {401}))
        last = self.create("birch")
        self.post("/api/keys/%s/revoke" % kept["id"])
        self.weir.kill()  # as soon as it has said so
        self.weir.start()
        self.assertEqual((self.statuses(kept["key"], 2), self.statuses(last["key"], 2)), ({401}, {200}))

    def test_a_damaged_file_is_no_open_door(self):
        weir = self.fresh()
        made = weir.admin("/api/keys", "POST", {"tenant": "acme"}).json()
        weir.admin("/api/keys/%s/revoke" % made["id"], "POST", {})
        weir.stop()
        path = os.path.join(weir.data, "keys.jsonl")
        with open(path, "rb") as f:
            good = f.read()
        for damaged in (b"", good[:-1], good[: good.index(b"\n") + 1], good.replace(b"revoked", b"revoket"), b"x" + good):
            with open(path, "wb") as f:
                f.write(damaged)
            weir.ready_wanted = False
            weir.start()
            self.assertEqual(weir.wait_exit(), 1, weir.log)
            weir.wait_line("keys.jsonl is damaged")
        with open(path, "wb") as f:
            f.write(good)
        weir.ready_wanted = True
        weir.start()
        self.assert_error(weir.chat(headers=bearer(made["key"])), 401)

    def test_one_that_has_expired(self):
        made = self.create(expires_in_s=3600)
        self.assertEqual(self.statuses(made["key"], 2), {200})
        self.weir.stop()
        path = os.path.join(self.weir.data, "keys.jsonl")
        # As if the hour were over: the file is written anew, with its checksum.
        with open(path) as f:
            lines = f.read().splitlines()[1:]
        lines = [line.replace(str(made["expires_unix_us"]), str(made["created_unix_us"] + 1)) for line in lines]
        text = "".join(line + "\n" for line in lines)
        head = {"weir_keys": 1, "keys": len(lines), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        with open(path, "w") as f:
            f.write(json.dumps(head, separators=(",", ":")) + "\n" + text)
        self.weir.start()
        self.assert_error(self.weir.chat(headers=bearer(made["key"])), 401, "expired", code="invalid_api_key")
        self.assertEqual(self.post("/api/keys/" + made["id"], expires_in_s=0).json()["state"], "active")
        self.assertEqual(self.statuses(made["key"], 2), {200})


class Refused(KeyCase):
    def test_what_the_admin_address_refuses(self):
        for members, says in (
            ({}, "tenant"),
            ({"tenant": "a b"}, "tenant"),
            ({"tenant": "a", "rpm": 1}, "unknown member 'rpm'"),
            ({"tenant": "a", "requests_per_minute": -1}, "requests_per_minute"),
            ({"tenant": "a", "parallel": "many"}, "parallel"),
            ({"tenant": "a", "models": [""]}, "models"),
            ({"tenant": "a", "models": ["m"] * 65}, "models"),
            ({"tenant": "a", "name": "n" * 129}, "name"),
            ({"tenant": "a", "expires_in_s": 10**12}, "expires_in_s"),
        ):
            reply = self.weir.admin("/api/keys", "POST", members)
            self.assertEqual(reply.status, 400, reply)
            self.assertIn(says, reply.error["message"])
        self.assertEqual(self.weir.admin("/api/keys", "POST", b"{").status, 400)
        self.assertEqual(self.weir.admin("/api/keys/0123456789ab", "POST", {"parallel": 1}).status, 404)
        self.assertEqual(self.weir.admin("/api/keys/0123456789ab/revoke", "POST", {}).status, 404)
        self.assertEqual(self.weir.admin("/api/keys/0123456789ab/other", "POST", {}).status, 404)
        self.assertEqual(self.weir.admin("/api/keys/", "POST", {}).status, 404)
        put = self.weir.admin("/api/keys", "PUT", {})
        self.assertEqual((put.status, put.header("allow")), (405, "GET, HEAD, POST"))
        self.assertEqual(self.weir.admin("/api/keys/0123456789ab").status, 405)
        made = self.create()
        self.assertEqual(self.weir.admin("/api/keys/" + made["id"], "POST", {"tenant": "birch"}).status, 400)

    def test_web_pages_make_no_keys(self):
        body = json.dumps({"tenant": "acme"}).encode()
        for headers, status in (
            ([("content-type", "text/plain")], 415),
            ([("content-type", "application/json"), ("origin", "http://elsewhere.example")], 403),
        ):
            reply = client.ask(self.weir.admin_port, "POST", "/api/keys", body, headers)
            self.assertEqual(reply.status, status, reply)


class Command(KeyCase):
    def test_the_life_of_a_key_by_command(self):
        code, out, err = self.cli("create", "--tenant", "acme", "--name", "laptop", "--models", "gpt-4o,fake/s*",
                                  "--rpm", "600", "--tpm", "90000", "--parallel", "4", "--expires", "30d")  # fmt: skip
        self.assertEqual((code, err), (0, ""), out)
        key = [line for line in out.splitlines() if line.startswith("wk-")][0]
        self.assertIn("told this once", out)
        self.assertIn("gpt-4o,fake/s*", out)
        self.assertEqual(self.statuses(key, 2), {200})
        code, out, _ = self.cli("list", "--format", "json")
        (one,) = json.loads(out)["keys"]
        self.assertEqual((code, one["requests_per_minute"], one["tokens_per_minute"], one["parallel"]),
                         (0, 600, 90000, 4))  # fmt: skip
        self.assertEqual(one["expires_unix_us"] - one["created_unix_us"], 30 * 86400 * 10**6)
        code, out, _ = self.cli("set", one["id"], "--rpm", "none", "--models", "*", "--expires", "never")
        self.assertEqual(code, 0)
        code, out, _ = self.cli()
        self.assertEqual(code, 0)
        self.assertRegex(out, one["id"] + r" +" + one["begins"] + r" +acme +laptop +active +\* +- +90,000 +4 ")
        code, out, _ = self.cli("revoke", one["begins"], "--format", "json")
        self.assertEqual((code, json.loads(out)["state"]), (0, "revoked"))
        self.assertEqual(self.statuses(key, 2), {401})

    def test_wrong_usage(self):
        for argv, says in (
            (["create"], "--tenant"),
            (["revoke"], "which key"),
            (["set", "0123456789ab"], "set what"),
            (["set", "0123456789ab", "--rpm", "fast"], "--rpm"),
            (["create", "--tenant", "a", "--expires", "soon"], "--expires"),
            (["create", "--tenant", "a b"], "tenant"),
            (["revoke", "0123456789ab"], "no key"),
            (["list", "--rpm", "1"], "takes no"),
        ):
            code, out, err = self.cli(*argv)
            self.assertEqual((code, out), (2, ""), (argv, err))
            self.assertIn(says, err)

    def test_without_a_gateway_that_is_said(self):
        weir = self.fresh()
        port = weir.admin_port
        weir.stop()
        path = os.path.join(weir.folder, "cli.yaml")
        with open(path, "w") as f:
            f.write(weir.render(dict(self.config(), admin="127.0.0.1:%d" % port)))
        done = subprocess.run(
            [weir.binary, "keys", "-c", path], capture_output=True, text=True, cwd=weir.folder, timeout=60 * PATIENCE
        )
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("is it running?", done.stderr)


class Models(KeyCase):
    def models_of(self, key):
        return [each["id"] for each in self.weir.ask("GET", "/v1/models", None, bearer(key)).json()["data"]]

    def test_a_key_is_for_some_models(self):
        by_name, by_meaning = self.create(models=["gpt-4*"]), self.create(models=["fake/small"])
        everything = self.create()["key"]
        self.assert_answers(self.weir.chat(headers=bearer(by_name["key"])))
        self.assert_answers(self.weir.chat(headers=bearer(by_meaning["key"]), model="small"))
        before = len(self.up.requests)
        for key, model in ((by_name["key"], "small"), (by_name["key"], "fake/small"), (by_meaning["key"], "gpt-4o")):
            for stream in (False, True):
                reply = self.weir.chat(headers=bearer(key), model=model, stream=stream)
                self.assert_error(reply, 403, "'%s'" % model, "invalid_request_error", "model", "model_not_found")
        reply = self.weir.ask("POST", "/v1/messages", {"model": "small", "max_tokens": 9, "messages": [
            {"role": "user", "content": "Two and two?"}]}, [("x-api-key", by_name["key"])])  # fmt: skip
        self.assertEqual((reply.status, reply.error["type"]), (403, "permission_error"), reply)
        self.assertIn("'small'", reply.error["message"])
        reply = self.weir.ask("POST", "/v1/embeddings", {"model": "small", "input": "x"}, bearer(by_name["key"]))
        self.assert_error(reply, 403, "'small'", code="model_not_found")
        # What is passed on as it is: a body that names no model is for keys that may use all of the provider's.
        for target, body, headers in (
            ("/v1/moderations", {"model": "small", "input": "x"}, ()),
            ("/v1/moderations", {"input": "x"}, ()),
            ("/v1/audio/transcriptions", b"--b\r\n", [("content-type", "multipart/form-data; boundary=b")]),
            ("/v1/moderations", {"model": "gpt-4o", "input": "x"}, [("x-weir-provider", "fake")]),
        ):
            reply = self.weir.ask("POST", target, body, [*bearer(by_name["key"]), *headers])
            self.assert_error(reply, 403, code="model_not_found")
        self.assertEqual(len(self.up.requests), before)
        self.assertEqual(set(self.models_of(everything)), {"gpt-4o", "fake/gpt-4o", "fake/small"})
        self.assertEqual(self.models_of(by_name["key"]), ["gpt-4o"])
        self.assertEqual(self.models_of(by_meaning["key"]), ["fake/small"])
        one = self.weir.ask("GET", "/v1/models/fake/small", None, bearer(by_name["key"]))
        self.assert_error(one, 404, code="model_not_found")
        self.post("/api/keys/" + by_name["id"], models=["small"])
        self.assert_answers(self.weir.chat(headers=bearer(by_name["key"]), model="small"))
        self.assert_error(self.weir.chat(headers=bearer(by_name["key"])), 403)


class Configured(KeyCase):
    env = {"KEY_ACME": "sk-acme-0001", "KEY_BIRCH": "sk-birch-0001"}

    @classmethod
    def config(cls):
        return simple(
            cls.up,
            mode="serve",
            tiers=["exact"],
            keys=[{"key": "${KEY_ACME}", "tenant": "acme", "models": ["gpt-4o"]}, {"key": "${KEY_BIRCH}", "tenant": "birch"}],
        )

    def test_they_stand_beside_and_tenants_share_nothing(self):
        made = self.create("birch")
        self.assertEqual(self.weir.admin("/api/keys").json()["configured"], 2)
        self.assert_error(self.weir.chat(headers=bearer("sk-acme-0001"), model="small"), 403)
        first = self.weir.chat(headers=bearer("sk-acme-0001"), temperature=0)
        self.assertEqual(first.header("x-weir-cache"), "miss")
        self.assertEqual(self.weir.chat(headers=bearer(made["key"]), temperature=0).header("x-weir-cache"), "miss")
        self.assertEqual(self.weir.chat(headers=bearer("sk-birch-0001"), temperature=0).header("x-weir-cache"), "hit")
        self.assertEqual(self.weir.chat(headers=bearer("sk-acme-0001"), temperature=0).header("x-weir-cache"), "hit")

    def test_a_key_may_be_asked_for_before_there_is_one(self):
        config = simple(self.up, require_key=True)
        with Gateway(config) as weir:
            self.assert_error(weir.chat(), 401, code="invalid_api_key")
            made = weir.admin("/api/keys", "POST", {"tenant": "acme"}).json()
            self.assert_answers(weir.chat(headers=bearer(made["key"])))


class Retries(KeyCase):
    """What the SDKs send so that a retry is told from another request, and the ids that people quote to support."""

    def test_the_callers_idempotency_key_goes_to_the_provider(self):
        key = self.create()["key"]
        for stream in (False, True):
            self.assert_answers(
                self.weir.chat(headers=[*bearer(key), ("idempotency-key", "retry-1")], stream=stream)
            )
            self.assertEqual(self.up.requests[-1].header("idempotency-key"), "retry-1")
            self.assertIsNone(self.up.requests[-1].header("authorization"))

    def test_answers_have_ids(self):
        key = self.create()["key"]
        self.up.script(upstream.body(upstream.chat_body("Four."), headers=[("x-request-id", "req_42")]))
        reply = self.weir.chat(headers=bearer(key))
        self.assertEqual(reply.header("x-request-id"), "req_42")
        self.assertRegex(reply.header("x-weir-request-id"), r"^[0-9a-f]{16}$")
        message = {"model": "gpt-4o", "max_tokens": 9, "messages": [{"role": "user", "content": "Two and two?"}]}
        for asked in (message, dict(message, max_tokens="many")):
            reply = self.weir.ask("POST", "/v1/messages", asked, [("x-api-key", key)])
            self.assertEqual(reply.header("request-id"), "req_" + reply.header("x-weir-request-id"))


if __name__ == "__main__":
    unittest.main()
