"""What tests of alerts have in common: a receiver of webhooks, what it was told, and what the gateway says meanwhile."""

import json

from . import wait_for
from .collector import Collector
from .gateway import PATIENCE

SECRET = "a-secret-of-the-receiver's"
ENV = {"WEIR_HOOK_SECRET": SECRET}
QUICK = {"every": "100ms", "settle": "200ms", "off": ["disk_full", "budget_forecast"]}


def hook_of(collector, name="ops", **more):
    return dict({"name": name, "url": collector.endpoint + "/weir", "secret": "${WEIR_HOOK_SECRET}"}, **more)


def quick(*hooks, **more):
    """The section `alerts:`, told to these at once."""
    return dict(QUICK, webhooks=list(hooks), **more)


class Told:
    """A mixin: self.hook is told."""

    def start_hook(self):
        hook = Collector().start()
        self.addCleanup(hook.stop)
        return hook

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

    def firing(self, gateway):
        return [(a["alert"], a["of"]) for a in self.alerts(gateway)["firing"]]

    def looks(self, gateway, count=4):
        """Until it has looked that often again."""
        for _ in range(count):
            before = self.alerts(gateway)["looked_unix_us"]
            wait_for(lambda: self.alerts(gateway)["looked_unix_us"] > before, 10 * PATIENCE, "another look")

    def assert_comes(self, gateway, alert, of, level, text, before=0):
        """It is told after so many others, and stands in the API and the metrics; its text."""
        self.assertEqual(self.told(before + 1)[before:], [("firing", alert, of)])
        (shown,) = [a for a in self.alerts(gateway)["firing"] if (a["alert"], a["of"]) == (alert, of)]
        self.assertEqual(shown["level"], level)
        self.assertRegex(shown["text"], text)
        self.assertEqual(gateway.metric("alerts_firing", alert=alert), 1)

    def assert_goes(self, gateway, alert, of, before=1):
        self.assertEqual(self.told(before + 1)[before:], [("resolved", alert, of)])
        self.assertNotIn((alert, of), self.firing(gateway))
        self.assertIn((alert, of), [(a["alert"], a["of"]) for a in self.alerts(gateway)["history"]])
        self.assertEqual(gateway.metric("alerts_firing", alert=alert), 0)
