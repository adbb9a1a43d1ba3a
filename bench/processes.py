"""Starts the programs of a benchmark, each pinned to a CPU, and reads what they cost from /proc."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpus():
    """(CPU of the gateway, CPU of load and provider); the same where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[1], allowed[0]) if len(allowed) > 1 else (allowed[0], allowed[0])


def children_of(pid):
    out = []
    for task in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/children" % (pid, task)) as f:
                out += [int(x) for x in f.read().split()]
        except FileNotFoundError:
            pass
    return out


def tree(pid):
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        todo += children_of(p)
    return found


def cpu_seconds(pid):
    """(user, system) of a process and its living descendants. The split is the kernel's estimate, the sum is exact
    to a clock tick."""
    user = system = 0.0
    for p in tree(pid):
        with open("/proc/%d/stat" % p) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        user += int(fields[11]) * TICK_S
        system += int(fields[12]) * TICK_S
    return user, system


def run_seconds(pid):
    """CPU time of a process and its living descendants to the nanosecond, of threads that live; nothing where the
    kernel does not count it. For differences over a time in which none ends."""
    total = 0
    for p in tree(pid):
        for task in os.listdir("/proc/%d/task" % p):
            try:
                with open("/proc/%d/task/%s/schedstat" % (p, task)) as f:
                    total += int(f.read().split()[0])
            except (OSError, IndexError):
                return None
    return total / 1e9


def reset_peak(pid):
    """The next peak_mib() is that of the time from now on."""
    for p in tree(pid):
        with open("/proc/%d/clear_refs" % p, "w") as f:
            f.write("5")


def peak_mib(pid):
    """Resident peak of the process tree (its pages' sum; shared ones count for each process)."""
    total = 0
    for p in tree(pid):
        with open("/proc/%d/status" % p) as f:
            found = re.search(r"VmHWM:\s+(\d+) kB", f.read())
        total += int(found.group(1)) if found else 0
    return total / 1024.0


def mapped_file_mib(pid, ending):
    """Resident pages of the mapped files whose name ends so: the kernel's page cache, given back when it is needed."""
    total, inside = 0, False
    with open("/proc/%d/smaps" % pid) as f:
        for line in f:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                inside = line.rstrip().endswith(ending)
            elif inside and line.startswith("Rss:"):
                total += int(line.split()[1])
    return total / 1024.0

# Budgets of all that there can be of, with cutting, and never spent.
BUDGETS = """budgets:
  - { name: all, limit_usd: 1000000, window: month, outgrow: cut }
  - { name: tenants, of: { each: tenant }, limit_usd: 1000000, window: day }
  - { name: tasks, of: { each: task }, limit_usd: 1000000, window: day, rolling: true }
"""


class Program:
    """A child process pinned to one CPU; its output goes to a file."""

    def __init__(self, name, argv, cpu, folder, env=None):
        self.name, self.log = name, os.path.join(folder, name + ".log")
        self.out = open(self.log, "wb")
        self.process = subprocess.Popen(
            argv,
            stdout=self.out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(os.environ, **(env or {})),
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
        )
        self.pid = self.process.pid

    def text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def wait_for(self, pattern, seconds=60):
        """The first match of `pattern` in its output."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self.text())
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise SystemExit("bench: %s did not start:\n%s" % (self.name, self.text()[-2000:]))

    def wait_port(self, port, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit("bench: %s did not start:\n%s" % (self.name, self.text()[-2000:]))

    def stop(self, seconds=60):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.out.close()


def fill(template, folder, values):
    """A peer's configuration with its @NAMES@ filled in; returns its path."""
    with open(os.path.join(HERE, template)) as f:
        text = f.read()
    for name, value in values.items():
        text = text.replace("@%s@" % name, str(value))
    path = os.path.join(folder, template)
    with open(path, "w") as f:
        f.write(text)
    return path


class Bench:
    """The provider and the gateways of one run; a context manager that stops what it started."""

    def __init__(self, build, weir):
        self.build, self.weir_binary = build, weir
        self.gateway_cpu, self.load_cpu = cpus()
        self.programs = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="weir-bench-")
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *args, **kwargs):
        program = Program(*args, folder=self.folder, **kwargs)
        self.programs.append(program)
        return program

    def start_provider(self):
        program = self.start("provider", [os.path.join(self.build, "bench", "bench_instant_upstream")], self.load_cpu)
        self.provider_port = int(program.wait_for(r"listening on (\d+)").group(1))

    def start_peer(self, name):
        """nginx or haproxy: (pid, port), or nothing where it is not installed."""
        binary = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if not binary:
            return None
        port = free_port()
        values = {"FOLDER": self.folder, "PORT": port, "UPSTREAM_PORT": self.provider_port}
        if name == "nginx":
            argv = [binary, "-p", self.folder, "-c", fill("nginx.conf", self.folder, values)]
        else:
            argv = [binary, "-q", "-db", "-f", fill("haproxy.cfg", self.folder, values)]
        program = self.start(name, argv, self.gateway_cpu)
        program.wait_port(port)
        return program.pid, port

    def start_weir(self, name="weir", wrapper=(), more="", sample=None):
        """(program, port); `wrapper` goes before the command (valgrind). more: what is configured besides.
        sample: with OTLP, metrics and so many traces ("10%"), to the provider, which takes any POST; an access log is
        not written."""
        env = {
            "WEIR_BENCH_DATA": os.path.join(self.folder, name + "-data"),
            "WEIR_BENCH_UPSTREAM": "http://127.0.0.1:%d" % self.provider_port,
        }
        config = os.path.join(HERE, "weir.yaml")
        if sample:
            more += 'telemetry: { otlp: { endpoint: "${WEIR_BENCH_UPSTREAM}", sample: %s } }\n' % sample
        if more:
            with open(config) as f:
                text = f.read()
            config = os.path.join(self.folder, name + ".yaml")
            with open(config, "w") as f:
                f.write(text + more)
        argv = list(wrapper) + [self.weir_binary, "serve", "-c", config]
        program = self.start(name, argv, self.gateway_cpu, env=env)
        found = program.wait_for(r"weir: listening on \S*:(\d+)", 120)
        return program, int(found.group(1))

    def load_command(self, port, model, options):
        argv = [os.path.join(self.build, "bench", "bench_load"), "--port", str(port), "--model", model]
        for name, value in options.items():
            argv += ["--" + name.replace("_", "-"), str(value)]
        return argv

    def load(self, port, model, options):
        """Runs the load generator on its CPU; returns (its JSON as text, its complaint, exit code)."""
        result = subprocess.run(
            self.load_command(port, model, options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {self.load_cpu}),
        )
        return result.stdout, result.stderr, result.returncode
