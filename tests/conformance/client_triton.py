"""What Triton's official client sees at an address: client_triton.py HOST:PORT prints one JSON object. The address is
that of examples/inference/server.py, or of a Weir before it."""

import json
import os
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "inference"))

from server import PIXELS, held_out  # noqa: E402


def tensor(pictures, binary=True, name="pixels"):
    made = triton.InferInput(name, [len(pictures), PIXELS], "FP32")
    made.set_data_from_numpy(pictures, binary_data=binary)
    return [made]


def seen(result):
    return {
        "response": result.get_response(),
        "label": result.as_numpy("label").tolist(),
        "type": str(result.as_numpy("label").dtype),
        "sure": None if result.as_numpy("confidence") is None else result.as_numpy("confidence").tolist(),
    }


def told(call):
    try:
        call()
    except InferenceServerException as error:
        return [error.status(), error.message()]
    return "no error"


def scenarios(client):
    pictures, _ = held_out()
    one, some = pictures[:1], pictures[:5]
    wanted = [triton.InferRequestedOutput("label", binary_data=False)]
    binary_label = [triton.InferRequestedOutput("label")]
    yield "live", lambda: client.is_server_live()
    yield "ready", lambda: client.is_server_ready()
    yield "model ready", lambda: client.is_model_ready("digits")
    yield "version ready", lambda: client.is_model_ready("digits", "1")
    yield "other version ready", lambda: client.is_model_ready("digits", "9")
    yield "server", lambda: client.get_server_metadata()
    yield "model", lambda: client.get_model_metadata("digits")
    yield "model's version", lambda: client.get_model_metadata("digits", "1")
    yield "as it comes", lambda: seen(client.infer("digits", tensor(one)))
    yield "again, by an id", lambda: seen(client.infer("digits", tensor(one), request_id="a"))
    yield "several", lambda: seen(client.infer("digits", tensor(some)))
    yield "json in", lambda: seen(client.infer("digits", tensor(some, binary=False)))
    yield "json out", lambda: seen(client.infer("digits", tensor(some), outputs=wanted))
    yield "json both", lambda: seen(client.infer("digits", tensor(some, binary=False), outputs=wanted))
    yield "one output", lambda: seen(client.infer("digits", tensor(some), outputs=binary_label))
    yield "a version", lambda: seen(client.infer("digits", tensor(some), model_version="1"))
    yield "a query", lambda: seen(client.infer("digits", tensor(one), query_params={"a": "b"}))
    yield "async", lambda: seen(client.async_infer("digits", tensor(some), request_id="b").get_result())
    yield "no such version", lambda: told(lambda: client.infer("digits", tensor(one), model_version="9"))
    yield "no such input", lambda: told(lambda: client.infer("digits", tensor(one, name="pixel")))
    yield "no such model", lambda: told(lambda: client.infer("letters", tensor(one)))[0]


def main():
    with triton.InferenceServerClient(sys.argv[1]) as client:
        print(json.dumps({name: run() for name, run in scenarios(client)}, default=np.ndarray.tolist))


if __name__ == "__main__":
    main()
