"""The Debian package, as it is unpacked: what it has, that it runs, and that its configuration and service are right."""

import glob
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import unittest

from harness.case import GatewayCase
from harness.gateway import BINARY, simple

BUILD = os.path.dirname(BINARY)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(*argv, **options):
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, **options)


@unittest.skipUnless(shutil.which("dpkg-deb") and shutil.which("dpkg-shlibdeps"), "dpkg-dev is not installed")
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        config = os.path.join(BUILD, "CPackConfig.cmake")
        made = run("cpack", "--config", config, "-G", "DEB", "-B", cls.folder, cwd=cls.folder)
        assert made.returncode == 0, made.stdout + made.stderr
        (cls.deb,) = glob.glob(cls.folder + "/weir_*.deb")
        cls.tree = os.path.join(cls.folder, "tree")
        cls.control = os.path.join(cls.folder, "control")
        for how, to in (("-x", cls.tree), ("-e", cls.control)):
            done = run("dpkg-deb", how, cls.deb, to)
            assert done.returncode == 0, done.stderr

    def path(self, *parts):
        return os.path.join(self.tree, *parts)

    def test_everything_is_there_and_belongs_to_root(self):
        listing = run("dpkg-deb", "-c", self.deb).stdout
        for line in listing.splitlines():
            self.assertEqual(line.split()[1], "root/root", line)
        for wanted in (
            "usr/bin/weir",
            "usr/share/man/man1/weir.1.gz",
            "usr/share/bash-completion/completions/weir",
            "usr/share/zsh/vendor-completions/_weir",
            "usr/share/fish/vendor_completions.d/weir.fish",
            "usr/share/doc/weir/copyright",
            "usr/share/doc/weir/example.yaml",
            "lib/systemd/system/weir.service",
            "etc/weir/weir.yaml",
        ):
            self.assertTrue(os.path.isfile(self.path(wanted)), wanted)
        with open(os.path.join(self.control, "conffiles")) as f:
            self.assertEqual(f.read(), "/etc/weir/weir.yaml\n")
        for script in ("postinst", "prerm", "postrm"):
            self.assertTrue(os.stat(os.path.join(self.control, script)).st_mode & stat.S_IXUSR, script)
            self.assertEqual(run("sh", "-n", os.path.join(self.control, script)).returncode, 0)
        with open(os.path.join(self.control, "control")) as f:
            control = f.read()
        for library in ("libssl3", "libsqlite3-0", "liblmdb0", "ca-certificates"):
            self.assertIn(library, control)

    def script(self, name, action, root, systemctl=""):
        """A maintainer's script with `root` in the machine's place; `systemctl` is what that does, and its words are kept."""
        tools = os.path.join(self.folder, "tools")
        os.makedirs(tools, exist_ok=True)
        with open(os.path.join(tools, "systemctl"), "w") as f:
            f.write('#!/bin/sh\necho "$@" >> "$DPKG_ROOT/said"\n' + systemctl)
        os.chmod(os.path.join(tools, "systemctl"), 0o755)
        env = {"DPKG_ROOT": root, "PATH": tools + ":" + os.environ["PATH"]}
        return run("sh", os.path.join(self.control, name), action, env=env)

    def machine(self, *files):
        root = tempfile.mkdtemp(dir=self.folder)
        for name in ("run/systemd/system/", "said", *files):
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if not name.endswith("/"):
                open(path, "w").close()
        return root

    def said(self, root):
        with open(os.path.join(root, "said")) as f:
            return f.read().splitlines()

    def test_a_service_that_does_not_come_up_leaves_the_package_installed(self):
        root = self.machine()
        done = self.script("postinst", "configure", root, 'if [ "$1" = restart ]; then exit 1; fi\n')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("systemctl status weir", done.stderr)
        self.assertEqual(self.said(root), ["daemon-reload", "is-active --quiet weir", "restart weir"])
        root = self.machine()
        self.assertEqual(self.script("postinst", "configure", root, 'if [ "$1" = is-active ]; then exit 3; fi\n').stderr, "")
        self.assertEqual(self.said(root), ["daemon-reload", "is-active --quiet weir"])

    def test_what_is_left_after_remove_and_after_purge(self):
        state = ("etc/weir/environment", "var/lib/private/weir/cache/data.mdb", "var/log/private/weir/access.jsonl")
        root = self.machine(*state, "var/lib/other/file")
        for folder in ("lib", "log"):
            os.symlink("private/weir", os.path.join(root, "var", folder, "weir"))
        self.assertEqual(self.script("prerm", "remove", root).returncode, 0)
        self.assertEqual(self.script("postrm", "remove", root).returncode, 0)
        self.assertEqual(self.said(root), ["disable --now weir", "daemon-reload"])
        for name in state:
            self.assertTrue(os.path.exists(os.path.join(root, name)), name)
        for _ in range(2):
            self.assertEqual(self.script("postrm", "purge", root).returncode, 0)
        left = sorted(
            os.path.relpath(os.path.join(at, name), root)
            for at, folders, files in os.walk(root)
            for name in folders + files
            if "weir" in name or name == "environment"
        )
        self.assertEqual(left, [])
        self.assertTrue(os.path.exists(os.path.join(root, "var/lib/other/file")))

    def test_the_command_that_checks_with_the_secrets(self):
        """As docs/packages.md and weir.yaml have it."""
        environment = os.path.join(self.folder, "environment")
        with open(environment, "w") as f:
            f.write("# keys\nOPENAI_API_KEY=sk-test-0123456789\n")
        with open(self.path("etc/weir/weir.yaml")) as f:
            (command,) = [line[4:] for line in f if line.startswith("#   sh -c ")]
        command = command.split(" && ")[0].replace("/etc/weir/environment", environment)
        command = command.replace("/etc/weir/weir.yaml", self.path("etc/weir/weir.yaml")).replace("weir check", self.path("usr/bin/weir") + " check")
        done = run("sh", "-c", command, env={"PATH": os.environ["PATH"]})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_it_runs_and_takes_its_own_configuration(self):
        weir = self.path("usr/bin/weir")
        version = run(weir, "--version")
        self.assertEqual(version.returncode, 0, version.stderr)
        checked = run(weir, "check", "-c", self.path("etc/weir/weir.yaml"), env={"OPENAI_API_KEY": "sk-test-0123456789"})
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
    def test_the_service(self):
        unit = os.path.join(self.folder, "weir.service")
        with open(self.path("lib/systemd/system/weir.service")) as f:
            text = f.read()
        with open(unit, "w") as f:  # it is verified where the binary is
            f.write(text.replace("/usr/bin/weir", self.path("usr/bin/weir")))
        verified = run("systemd-analyze", "verify", "--man=no", unit)
        about = [line for line in verified.stderr.splitlines() if "weir.service" in line]
        self.assertEqual(about, [])

    def test_the_manual_page(self):
        if not shutil.which("groff"):
            self.skipTest("groff is not installed")
        page = run("sh", "-c", "gzip -dc '%s' | groff -man -Tutf8 -ww" % self.path("usr/share/man/man1/weir.1.gz"))
        self.assertEqual((page.returncode, page.stderr), (0, ""))
        for command in ("weir serve", "weir keys", "weir eval cache pairs"):
            self.assertIn(command, page.stdout)

    def test_completion_in_bash(self):
        script = self.path("usr/share/bash-completion/completions/weir")

        def offers(*words):
            quoted = " ".join("'%s'" % word for word in words)
            asked = "source '%s'; COMP_WORDS=(%s); COMP_CWORD=%d; _weir; echo \"${COMPREPLY[@]}\"" % (
                script,
                quoted,
                len(words) - 1,
            )
            done = run("bash", "-c", asked, cwd=self.control)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return done.stdout.split()

        self.assertEqual(offers("weir", "ke"), ["keys"])
        self.assertEqual(offers("weir", "eval", "cache", "p"), ["pairs"])
        self.assertEqual(offers("weir", "report", "--format", ""), ["table", "json"])
        self.assertEqual(offers("weir", "keys", "re"), ["revoke"])
        self.assertEqual(offers("weir", "serve", "-c", "cont"), ["control"])
        self.assertIn("--tenant", offers("weir", "keys", "--"))


class Health(GatewayCase):
    @classmethod
    def config(cls):
        return dict(simple(cls.up), admin="127.0.0.1:%d" % cls.free_port())

    @staticmethod
    def free_port():
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            return one.getsockname()[1]

    def test_a_health_check(self):
        argv = (self.weir.binary, "health", "-c", self.weir.config_file)
        done = run(*argv, env=self.weir.env, cwd=self.weir.folder)
        self.assertEqual((done.returncode, done.stdout), (0, '{"status":"ready"}\n'), done.stderr)
        self.weir.stop()
        done = run(*argv, env=self.weir.env, cwd=self.weir.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no gateway answers", done.stderr)
