#!/usr/bin/env python3
"""A model server that speaks the Open Inference Protocol, version 2, over HTTP: scikit-learn models of the bundled
digits (8 x 8 pixels, 0 to 16), JSON tensors and binary ones.

`digits` is a random forest, dear and slow; `digits-small` a logistic regression, cheap and fast. Both were trained on
the same 600 pictures; held_out() has the others. Seeds are fixed: the same answers each time.

    server.py [--port 9000]        port 0: any free one; the first line on stdout names it
"""

import argparse
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one picture at a time gains nothing from more

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

SEED, TRAINED, PIXELS, VERSION = 7, 600, 64, "1"
MOST_BODY = 1 << 20
BINARY = "Inference-Header-Content-Length"
OUTPUTS = (("label", "INT64", np.int64), ("confidence", "FP32", np.float32))
METADATA = {
    "versions": [VERSION],
    "platform": "scikit-learn",
    "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, PIXELS]}],
    "outputs": [{"name": name, "datatype": datatype, "shape": [-1]} for name, datatype, _ in OUTPUTS],
}


def split():
    pictures, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(SEED).permutation(len(pictures))
    return pictures[order].astype(np.float32), digits[order]


def held_out():
    """The pictures that no model was trained on, and what they show."""
    pictures, digits = split()
    return pictures[TRAINED:], digits[TRAINED:]


def train():
    pictures, digits = split()
    known = pictures[:TRAINED], digits[:TRAINED]
    return {
        "digits": RandomForestClassifier(100, random_state=SEED).fit(*known),
        "digits-small": LogisticRegression(C=0.01, max_iter=1000).fit(*known),
    }


class Refused(Exception):
    pass


def read_pixels(request, tensors):
    for tensor in request.get("inputs", ()):
        if tensor.get("name") != "pixels":
            raise Refused("unexpected input '%s'" % tensor.get("name"))
        if tensor.get("datatype") != "FP32" or len(tensor.get("shape", ())) != 2 or tensor["shape"][1] != PIXELS:
            raise Refused("pixels is FP32 of shape [-1, %d]" % PIXELS)
        size = tensor.get("parameters", {}).get("binary_data_size")
        if size is None:
            values = np.array(tensor.get("data", ()), dtype=np.float32)
        else:
            values = np.frombuffer(tensors[:size], dtype="<f4")
        if values.size != tensor["shape"][0] * PIXELS:
            raise Refused("%d values do not make %s" % (values.size, tensor["shape"]))
        return values.reshape(-1, PIXELS)
    raise Refused("the input pixels is missing")


def answer(model, name, request, tensors):
    """The answer's head, and the binary tensors behind it."""
    chances = model.predict_proba(read_pixels(request, tensors))
    values = {"label": model.classes_[chances.argmax(axis=1)], "confidence": chances.max(axis=1)}
    wanted = {output["name"]: output.get("parameters", {}) for output in request.get("outputs", ())}
    all_binary = request.get("parameters", {}).get("binary_data_output", False)
    head, behind = {"model_name": name, "model_version": VERSION, "outputs": []}, b""
    if "id" in request:
        head["id"] = request["id"]
    for output, datatype, kind in OUTPUTS:
        if wanted and output not in wanted:
            continue
        tensor = {"name": output, "datatype": datatype, "shape": [len(chances)]}
        if wanted.get(output, {}).get("binary_data", all_binary):
            raw = values[output].astype(kind).tobytes()
            tensor["parameters"] = {"binary_data_size": len(raw)}
            behind += raw
        else:
            tensor["data"] = values[output].astype(kind).tolist()
        head["outputs"].append(tensor)
    return head, behind


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one piece
    models = {}

    def reply(self, status, document=None, behind=b""):
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        if behind:
            self.send_header(BINARY, str(len(body)))
            self.send_header("Content-Type", "application/octet-stream")
        elif body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) + len(behind)))
        self.end_headers()
        self.wfile.write(body + behind)

    def model_of(self, parts):
        """Name and what is asked of /v2/models/NAME[/versions/V][/...]."""
        name, rest = parts[2], parts[3:]
        if name not in self.models:
            return self.reply(404, {"error": "unknown model '%s'" % name})
        if rest[:1] == ["versions"]:
            if rest[1:2] != [VERSION]:
                return self.reply(404, {"error": "'%s' has no such version" % name})
            rest = rest[2:]
        return name, "/".join(rest)

    def do_GET(self):
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts == ["v2"]:
            return self.reply(200, {"name": "digits", "version": "1.0", "extensions": ["binary_tensor_data"]})
        if parts in (["v2", "health", "live"], ["v2", "health", "ready"]):
            return self.reply(200)
        if parts[:2] == ["v2", "models"] and len(parts) > 2:
            found = self.model_of(parts)
            if found is None:
                return None
            if found[1] == "ready":
                return self.reply(200)
            if found[1] == "":
                return self.reply(200, dict(METADATA, name=found[0]))
        return self.reply(404, {"error": "not found"})

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if length > MOST_BODY:
            self.close_connection = True
            return self.reply(413, {"error": "more than %d bytes" % MOST_BODY})
        body = self.rfile.read(length)
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[:2] != ["v2", "models"] or len(parts) < 4:
            return self.reply(404, {"error": "not found"})
        found = self.model_of(parts)
        if found is None:
            return None
        name, what = found
        if what != "infer":
            return self.reply(404, {"error": "not found"})
        head = int(self.headers.get(BINARY, length))
        try:
            out, behind = answer(self.models[name], name, json.loads(body[:head]), body[head:])
        except (Refused, ValueError, KeyError, TypeError) as problem:
            return self.reply(400, {"error": str(problem)})
        return self.reply(200, out, behind)

    def log_message(self, *_):
        pass


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=9000)
    Handler.models = train()
    server = ThreadingHTTPServer(("127.0.0.1", arguments.parse_args().port), Handler)
    server.daemon_threads = True
    print("listening on http://127.0.0.1:%d" % server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
