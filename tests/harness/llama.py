"""A `llama-server` for tests: a script that Weir starts as a child. It listens where it is told, says that it is well, and
answers chat by a rule of harness/learned.py: `hopeless` as it is, `cheap` with an adapter over it (--lora). Its arguments
go to the folder's `seen-PID`."""

import os
import stat

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = """#!/usr/bin/python3 -B
import os, sys
sys.path.insert(0, %r)
from harness import llama
llama.serve(os.path.dirname(os.path.abspath(__file__)), sys.argv[1:])
"""


def write(folder):
    """The program's path."""
    path = os.path.join(folder, "llama-server")
    with open(path, "w") as f:
        f.write(PROGRAM % TESTS)
    os.chmod(path, stat.S_IRWXU)
    return path


def seen(folder):
    """The arguments of every child that was started."""
    found = []
    for name in sorted(os.listdir(folder)):
        if name.startswith("seen-"):
            with open(os.path.join(folder, name)) as f:
                found.append(f.read().split("\n"))
    return found


def serve(folder, arguments):
    import json
    from http.server import BaseHTTPRequestHandler
    from socketserver import ThreadingMixIn, UnixStreamServer

    from harness import learned, upstream

    rule = learned.cheap_rule if "--lora" in arguments else lambda n: (learned.wrong(n), learned.SURE)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = False

        def address_string(self):
            return "-"

        def log_message(self, *_):
            pass

        def reply(self, document):
            data = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            self.reply({"status": "ok"})

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            text, logprob = rule(learned.number_of(asked))
            logprobs = [{"token": text, "logprob": logprob, "bytes": list(text.encode()), "top_logprobs": []}]
            head = {"id": "chatcmpl-1", "created": 1720000000, "model": asked["model"]}
            self.reply(upstream.chat_body(text, head, upstream.usage_of(40, 1), logprobs))

    class Server(ThreadingMixIn, UnixStreamServer):
        daemon_threads = True
        request_queue_size = 64

    with open(os.path.join(folder, "seen-%d" % os.getpid()), "w") as f:
        f.write("\n".join(arguments))
    Server(arguments[arguments.index("--host") + 1], Handler).serve_forever()
