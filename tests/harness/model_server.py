"""A model server that is no chat: any JSON endpoint, or one of the Open Inference Protocol."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JSON = [("content-type", "application/json")]


class ModelServer:
    """`answer(path, headers, body)` gives status, header list and bytes; bytes of None: the connection is closed after
    half of a body. It may be changed at any time."""

    def __init__(self, answer):
        self.answer = answer
        self.seen = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                owner.seen.append((self.path, dict(self.headers), body))
                status, headers, out = owner.answer(self.path, self.headers, body)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(100 if out is None else len(out)))
                self.end_headers()
                self.wfile.write(b'{"half": ' if out is None else out)
                self.close_connection = self.close_connection or out is None

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
