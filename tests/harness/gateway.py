"""A gateway process: started on free ports in a folder of its own, watched, asked, stopped or killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from decimal import Decimal

from . import Deadline, client, metrics

BINARY = os.environ.get("WEIR_BIN", "")
# Sanitizers and valgrind make everything slower; deadlines are multiplied by this.
PATIENCE = float(os.environ.get("WEIR_TEST_PATIENCE", "1"))


def yaml(value, indent=0):
    """A document as block YAML; strings are quoted where YAML would read something else."""
    pad = "  " * indent
    if isinstance(value, dict):
        if not value:
            return " {}"
        return "".join("\n%s%s:%s" % (pad, scalar(key), yaml(item, indent + 1)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        if not value:
            return " []"
        return "".join("\n%s-%s" % (pad, flow(item)) for item in value)
    return " " + scalar(value)


def flow(value):
    if isinstance(value, dict):
        return " { " + ", ".join("%s: %s" % (scalar(k), flow(v).strip()) for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return " [" + ", ".join(flow(item).strip() for item in value) + "]"
    return " " + scalar(value)


def scalar(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if isinstance(value, str) and (text == "-" or not re.fullmatch(r"[A-Za-z0-9_./%+-][A-Za-z0-9_./%+:-]*", text)):
        return json.dumps(text)
    return text


class Gateway:
    def __init__(self, config, env=None, folder=None, binary=None, ready=True):
        """`config` is a document without listen, admin and data, or text of a whole file. ready: wait until it is."""
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="weir-test-")
        self.config_file = os.path.join(self.folder, "weir.yaml")
        self.data = os.path.join(self.folder, "data")
        self.binary = binary or BINARY
        self.env = dict(os.environ, **(env or {}))
        self.ready_wanted = ready
        self.process, self.lines = None, []
        self.changed = threading.Condition()
        self.write(config)

    def write(self, config):
        with open(self.config_file, "w") as f:
            f.write(config if isinstance(config, str) else self.render(config))

    def render(self, config):
        base = {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "data": self.data, "reactors": 1}
        return yaml(dict(base, **config)).lstrip("\n") + "\n"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self.lines = []
        self.process = subprocess.Popen(
            [self.binary, "serve", "-c", self.config_file],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.env,
            cwd=self.folder,
        )
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()
        if self.ready_wanted:
            self.port = int(self.wait_line(r"weir: listening on \S*:(\d+)").group(1))
            self.admin_port = int(self.wait_line(r"weir: admin on \S*:(\d+)").group(1))
        return self

    def _read(self, pipe):
        with pipe:
            for line in pipe:
                with self.changed:
                    self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        with self.changed:
            return "\n".join(self.lines)

    def wait_line(self, pattern, seconds=20.0, after=0):
        """The first match in the output from line `after` on."""
        begin = time.monotonic()
        end = begin + seconds * PATIENCE
        with self.changed:
            while True:
                for line in self.lines[after:]:
                    found = re.search(pattern, line)
                    if found:
                        return found
                now = time.monotonic()
                left = end - now
                # What an ended process has said is read within a second.
                if left <= 0 or self.process.poll() is not None and now > begin + 1:
                    raise AssertionError(
                        "no line like %r; exit code %s; output:\n%s"
                        % (pattern, self.process.poll(), "\n".join(self.lines))
                    )
                self.changed.wait(min(left, 0.2))

    def signal(self, number):
        self.process.send_signal(number)

    def wait_exit(self, seconds=20.0):
        return self.process.wait(seconds * PATIENCE)

    def stop(self):
        """SIGTERM; returns the exit code. A gateway that does not end by itself is a failure."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("SIGTERM did not end the gateway; output:\n" + self.log)
        code, self.process = self.process.returncode, None
        return code

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    # ---- asking it

    def connect(self, timeout=10.0):
        return client.Connection(self.port, timeout * PATIENCE)

    def ask(self, method, target, body=None, headers=()):
        return client.ask(self.port, method, target, body, headers)

    def chat(self, body=None, headers=(), **members):
        """POST /v1/chat/completions; `members` over a small default request."""
        if body is None:
            body = dict(
                {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is two and two?"}]}, **members
            )
        return self.ask("POST", "/v1/chat/completions", body, headers)

    def admin(self, target, method="GET", body=None, headers=()):
        return client.ask(self.admin_port, method, target, body, headers)

    def metrics(self):
        return metrics.parse(self.admin("/metrics").body.decode())

    def metric(self, name, **labels):
        """The sum over the samples of weir_NAME that have these labels, exact."""
        return metrics.total(self.metrics(), "weir_" + name, **labels)

    def row(self, reply_or_id, seconds=5.0):
        """The ledger row of a request, once it is settled: a document with numbers as Decimal."""
        wanted = reply_or_id if isinstance(reply_or_id, str) else reply_or_id.header("x-weir-request-id")
        assert wanted, "no x-weir-request-id"
        for _ in Deadline(seconds * PATIENCE, "row of request %s" % wanted, every=0.02):
            reply = self.admin("/api/requests/" + wanted)
            if reply.status == 200:
                return json.loads(reply.body, parse_float=Decimal)
            assert reply.status == 404, reply

    def report(self, by=None, since="24h"):
        """`weir report` as a document; numbers as Decimal."""
        return json.loads(self.report_text(by, since, "json"), parse_float=Decimal)

    def report_text(self, by=None, since="24h", form="table"):
        argv = [self.binary, "report", "-c", self.config_file, "--since", since, "--format", form]
        if by:
            argv += ["--by", by]
        result = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env, cwd=self.folder, timeout=60
        )
        assert result.returncode == 0, (argv, result.returncode, result.stdout, result.stderr)
        return result.stdout

    def settled_total(self):
        """The report's total, with everything in it that was answered before."""
        self.row(self.chat(headers=[("x-weir-mode", "off")]))
        return self.report()["total"]

    def report_total(self, requests, seconds=5.0):
        """The report's total once it counts that many requests."""
        total = None
        for _ in Deadline(seconds * PATIENCE, "%d requests in the report" % requests, every=0.05):
            total = self.report()["total"]
            if total["requests"] >= requests:
                return total


def check(text, env=None, binary=None):
    """`weir check` on a configuration's text: (exit code, output)."""
    with tempfile.TemporaryDirectory(prefix="weir-test-") as folder:
        path = os.path.join(folder, "weir.yaml")
        with open(path, "w") as f:
            f.write(text)
        result = subprocess.run(
            [binary or BINARY, "check", "-c", path],
            stdout=subprocess.PIPE,
            text=True,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, **(env or {})),
            timeout=60,
            cwd=folder,
        )
        return result.returncode, result.stdout


def nanos(amount):
    """Dollars as the gateway writes them (a number or text) in nano-dollars, exactly."""
    return int(Decimal(str(amount)) * 1_000_000_000)


PRICES = {
    "gpt-4o": (Decimal("2.5"), Decimal("1.25"), Decimal("10")),
    "small": (Decimal("0.15"), Decimal("0.075"), Decimal("0.6")),
}


def simple(upstream, mode="off", tiers=(), **more):
    """One provider, the reference `gpt-4o` and a cheaper `small`, each with a price, and one cascade."""
    models = {
        "fake/" + name: {"price": {"input": p[0], "cached_input": p[1], "output": p[2]}} for name, p in PRICES.items()
    }
    config = {
        # What is scripted to fail is to fail: retries have tests of their own (test_resilience.py).
        "providers": {"fake": {"api": "openai", "base_url": upstream.base_url, "retries": {"most": 0}}},
        "models": models,
        "cascades": {"default": {"match": {"model": ["gpt-4o"]}, "tiers": list(tiers), "mode": mode}},
    }
    return dict(config, **more)


# -0.125: a mean of such log-probabilities is exact in binary.
SMALL_TIER = {"model": "fake/small", "min_mean_logprob": -0.125}
