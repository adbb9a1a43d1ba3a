"""Who may see and change what at the admin address: tokens, roles, sessions, and the log of changes."""

import json
import signal

from harness import client, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, simple

OPERATE, VIEW, FEEDBACK = "operate-0123456789", "view-0123456789abc", "feedback-0123456789"


class Access(GatewayCase):
    @classmethod
    def config(cls):
        return simple(
            cls.up,
            admin_access={
                "tokens": [
                    {"token": "${TEST_VIEW}", "who": "board", "role": "view"},
                    {"token": "${TEST_OPERATE}", "who": "ops", "role": "operate"},
                    {"token": "${TEST_FEEDBACK}", "who": "app", "role": "feedback"},
                ]
            },
        )

    env = {"TEST_VIEW": VIEW, "TEST_OPERATE": OPERATE, "TEST_FEEDBACK": FEEDBACK}

    def ask(self, path, token=None, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["authorization"] = "Bearer " + token
        if body is None:
            return self.weir.admin(path, headers=list(headers.items()))
        headers["content-type"] = "application/json"
        return self.weir.admin(path, method="POST", body=json.dumps(body).encode(), headers=list(headers.items()))

    def test_roles(self):
        self.assertEqual(self.ask("/health/live").status, 200)
        self.assertEqual(self.ask("/health/ready").status, 200)
        for path in ("/metrics", "/api/keys", "/api/cascades", "/api/audit", "/api/session"):
            refused = self.ask(path)
            self.assertEqual((refused.status, refused.header("www-authenticate")), (401, "Bearer"), path)
            self.assertEqual(self.ask(path, FEEDBACK).status, 403, path)
            self.assertEqual(self.ask(path, VIEW).status, 200, path)
            self.assertEqual(self.ask(path, OPERATE).status, 200, path)
        wish = {"tenant": "acme"}
        self.assertEqual(self.ask("/api/keys", None, wish).status, 401)
        self.assertEqual(self.ask("/api/keys", VIEW, wish).status, 403)
        said = {"request_id": "0" * 15 + "1", "verdict": "good"}
        self.assertEqual(self.ask("/v1/feedback", VIEW, said).status, 403)
        self.assertIn(self.ask("/v1/feedback", FEEDBACK, said).status, (200, 404))
        told = self.ask("/api/session", VIEW).json()
        self.assertRegex(told.pop("version"), r"^\d+\.\d+\.\d+$")
        self.assertEqual(told, {"who": "board", "role": "view", "csrf": None, "open": False})

    def test_a_session_and_what_it_changed(self):
        self.assertEqual(self.ask("/api/session", None, {"token": "wrong"}).status, 401)
        made = self.ask("/api/session", None, {"token": OPERATE})
        self.assertEqual(made.status, 200)
        cookie, csrf = made.header("set-cookie").split(";")[0], made.json()["csrf"]
        self.assertEqual(self.ask("/api/keys", cookie=cookie).status, 200)
        wish = {"tenant": "acme", "name": "ci"}
        self.assertEqual(self.ask("/api/keys", None, wish, cookie=cookie).status, 403)
        self.assertEqual(
            self.ask("/api/keys", None, wish, cookie=cookie, x_weir_csrf=csrf, origin="http://evil.example").status, 403
        )
        key = self.ask("/api/keys", None, wish, cookie=cookie, x_weir_csrf=csrf)
        self.assertEqual(key.status, 200)
        revoke = f"/api/keys/{key.json()['id']}/revoke"
        self.assertEqual(self.ask(revoke, None, {}, cookie=cookie, x_weir_csrf=csrf).status, 200)
        text = self.ask("/api/audit", VIEW).body.decode()
        for secret in (key.json()["key"], OPERATE, VIEW):
            self.assertNotIn(secret, text)
        changes = [c for c in json.loads(text)["changes"] if c["path"].startswith("/api/keys")]
        signed = [c for c in json.loads(text)["changes"] if c["path"] == "/api/session"]
        self.assertEqual([(c["who"], c["status"]) for c in signed], [("ops", 200), ("", 401)], signed)
        revoked, created = changes[0], changes[1]
        self.assertEqual((created["who"], created["path"], created["status"]), ("ops", "/api/keys", 200))
        self.assertNotIn("before", created)
        self.assertEqual((created["after"]["tenant"], created["after"]["state"]), ("acme", "active"))
        self.assertEqual(revoked["path"], revoke)
        self.assertEqual((revoked["before"]["state"], revoked["after"]["state"]), ("active", "revoked"))
        self.assertEqual(self.ask("/api/session/end", None, {}, cookie=cookie).status, 200)
        self.assertEqual(self.ask("/api/keys", cookie=cookie).status, 401)

    def test_nobody_without_a_token_fills_the_log_of_changes(self):
        """After the other one: a minute's guesses are used up here."""
        key = self.ask("/api/keys", OPERATE, {"tenant": "acme", "name": "kept"})
        self.assertEqual(key.status, 200)
        statuses = []
        for i in range(40):
            wrong = {"token": "guess-guess-guess-%d" % i} if i % 2 else {}
            statuses.append(self.ask("/api/session", None, wrong).status)
        self.assertEqual(set(statuses), {400, 401, 429})
        self.assertEqual(statuses[-1], 429)  # what is malformed counts as well
        changes = self.ask("/api/audit", VIEW).json()["changes"]
        failed = [c for c in changes if c["path"] == "/api/session" and c["status"] != 200]
        self.assertEqual((len(failed), {c["who"] for c in failed}), (5, {""}))
        self.assertIn("kept", [c["after"]["name"] for c in changes if c["path"] == "/api/keys"])
        self.assertEqual(self.ask("/api/session", None, {"token": VIEW}).status, 200)  # its owner is let in


class ReachedFromOutside(GatewayCase):
    """What listens for the network goes on doing so until a restart, whatever the file has become."""

    env = {"TEST_OPERATE": OPERATE}

    @classmethod
    def config(cls):
        tokens = [{"token": "${TEST_OPERATE}", "who": "ops", "role": "operate"}]
        return simple(cls.up, admin="0.0.0.0:0", admin_access={"tokens": tokens})

    def reload(self, text):
        mark = len(self.weir.lines)
        self.weir.write(text)
        self.weir.signal(signal.SIGHUP)
        return self.weir.wait_line("reload", after=mark), mark

    def test_a_reload_leaves_no_open_address_without_tokens(self):
        headers = [("authorization", "Bearer " + OPERATE)]
        local = self.weir.render(simple(self.up))
        digest = self.weir.admin("/api/config", headers=headers).json()["digest"]
        for path, body in (
            ("/api/config/check", {"text": local}),
            ("/api/config/apply", {"text": local, "digest": digest}),
        ):
            told = self.weir.admin(path, "POST", json.dumps(body).encode(), headers)
            self.assertIn("goes on listening at 0.0.0.0", told.json()["errors"][0]["message"])
        found, _ = self.reload(local)
        self.assertIn("reload refused", found.string)
        self.assertEqual(self.weir.admin("/api/keys").status, 401)
        self.assertEqual(self.weir.admin("/api/keys", headers=headers).status, 200)

    def test_what_is_read_is_what_runs(self):
        config = self.weir.render(self.config())
        self.weir.chat()
        wait_for(lambda: self.overview() > 0, 5 * PATIENCE, "the request in the ledger")
        before = self.overview()
        for _ in range(2):
            found, mark = self.reload(config.replace(self.weir.data, self.weir.data + "-other"))
            self.weir.wait_line("'data' changes only with a restart", after=mark)  # told again: it is not what runs
            self.assertEqual(self.overview(), before)
        _, mark = self.reload(config)
        self.weir.wait_line("reloaded", after=mark)
        self.assertNotIn("'data' changes", "\n".join(self.weir.lines[mark:]))

    def overview(self):
        reply = self.weir.admin("/api/overview", headers=[("authorization", "Bearer " + OPERATE)])
        self.assertEqual(reply.status, 200, reply)
        return reply.json()["total"]["requests"]


class Open(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up)

    def test_no_token_on_loopback(self):
        session = self.weir.admin("/api/session").json()
        self.assertEqual((session["open"], session["role"]), (True, "operate"))

    def test_a_page_whose_name_is_pointed_here_reads_nothing(self):
        for path in ("/api/session", "/metrics", "/api/keys"):
            for host, status in (("evil.example", 403), ("localhost:1", 200)):
                with client.Connection(self.weir.admin_port) as connection:
                    connection.request("GET", path, headers=[("host", host)], host=False)
                    self.assertEqual(connection.read_reply().status, status, (path, host))
