"""`weir top`: one table or object where no terminal is; in a terminal a screen that is drawn again and given back."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
import unittest

from harness.case import GatewayCase
from harness.gateway import PATIENCE, simple


class Top(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact"])

    def argv(self, *more, admin=None):
        path = os.path.join(self.weir.folder, "cli.yaml")
        with open(path, "w") as f:
            f.write(self.weir.render(dict(self.config(), admin="127.0.0.1:%d" % (admin or self.weir.admin_port))))
        return [self.weir.binary, "top", "-c", path, "--interval", "100ms", *more]

    def run_top(self, *more, **options):
        result = subprocess.run(
            self.argv(*more, **options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60 * PATIENCE,
        )
        return result.returncode, result.stdout, result.stderr

    def test_numbers(self):
        for _ in range(2):
            self.weir.row(self.weir.chat())
        code, out, err = self.run_top("--format", "json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.count("\n"), 1)
        view = json.loads(out)
        self.assertEqual(
            set(view),
            {
                *("seconds", "requests_per_s", "tokens_in_per_s", "tokens_out_per_s", "spent_usd_per_hour"),
                *("saved_usd_per_hour", "error_share", "overhead_us", "active", "waiting", "connections"),
                *("memory_bytes", "since_start", "alerts", "tiers", "semantic_tasks", "cascades", "tasks"),
            },
        )
        self.assertGreaterEqual(view["seconds"], 0.1)
        total = view["since_start"]
        self.assertGreaterEqual(total["requests"], 2)
        # The second one came from the cache, and no tokens with it.
        report = self.weir.report()["total"]
        self.assertEqual(total["tokens_in"], report["input_tokens"])
        self.assertEqual(total["tokens_out"], report["output_tokens"])
        tiers = {each["tier"]: each["total"] for each in view["tiers"]}
        self.assertGreaterEqual(tiers["exact"], 1)
        self.assertGreaterEqual(tiers["reference"], 1)

    def test_one_table_where_no_terminal_is(self):
        for more in ([], ["--once"]):
            code, out, err = self.run_top(*more)
            self.assertEqual((code, err), (0, ""))
            self.assertNotIn("\x1b", out)
            self.assertRegex(out, r"weir at 127.0.0.1:%d, 20.*Z, over 0\.\d s\n" % self.weir.admin_port)
            self.assertRegex(out, r"\nrequests +\d+\.\d +/s +\d+\n")
            self.assertRegex(out, r"\nexact +\d+\.\d ")

    def test_wrong_usage_and_no_gateway(self):
        code, _, err = self.run_top("--interval", "1ms")
        self.assertEqual(code, 2)
        self.assertIn("--interval", err)
        code, out, err = self.run_top(admin=self.up.port)
        self.assertEqual((code, out), (1, ""))
        self.assertTrue(err.startswith("weir top: "), err)

    # ---- in a terminal

    def start(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        self.slave, self.master, self.seen = slave, master, b""
        self.before = termios.tcgetattr(slave)
        process = subprocess.Popen(self.argv(), stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def read_until(self, pattern):
        end = time.monotonic() + 20 * PATIENCE
        while not re.search(pattern, self.seen):
            self.assertLess(time.monotonic(), end, self.seen)
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)

    def assert_given_back(self, process, code=0):
        self.read_until(rb"\x1b\[\?25h\x1b\[\?1049l")
        self.assertEqual(process.wait(20 * PATIENCE), code)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)

    def test_a_screen_that_is_drawn_in_place(self):
        process = self.start()
        self.read_until(rb"(?s)(\x1b\[Hweir at .*requests.*\x1b\[J.*){3}")
        self.assertEqual(self.seen.count(b"\x1b[?1049h"), 1)
        self.assertEqual(self.seen.count(b"\x1b[2J"), 1, "cleared once, then drawn in place")
        self.assertFalse(termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO))
        os.write(self.master, b"xq")
        self.assert_given_back(process)

    def test_ctrl_c_and_signals_give_the_terminal_back(self):
        for end in (lambda p: os.write(self.master, b"\x03"), lambda p: p.send_signal(signal.SIGTERM)):
            process = self.start()
            self.read_until(rb"requests")
            end(process)
            self.assert_given_back(process)

    def test_without_a_gateway_the_terminal_stays_as_it_is(self):
        port, self.weir.admin_port = self.weir.admin_port, self.up.port
        try:
            process = self.start()
            self.assertEqual(process.wait(20 * PATIENCE), 1)
        finally:
            self.weir.admin_port = port
        self.read_until(rb"weir top: ")
        self.assertNotIn(b"\x1b", self.seen)


if __name__ == "__main__":
    unittest.main()
