#!/usr/bin/env python3
"""A stream of pictures that no model was trained on, asked through Weir one by one with Triton's own client as it comes
(binary tensors in and out); every fourth request repeats an earlier one. What came is then compared with what the
server's dear model says of the same pictures, asked directly.

    client.py [--weir 127.0.0.1:8080] [--server 127.0.0.1:9000] [--pictures 1197]      prints one JSON object
"""

import argparse
import json
import random

import numpy as np
import tritonclient.http as triton

from server import PIXELS, held_out


def tensor(pictures):
    made = triton.InferInput("pixels", [len(pictures), PIXELS], "FP32")
    made.set_data_from_numpy(pictures)
    return [made]


def labels(client, pictures, model="digits", **more):
    return client.infer(model, tensor(pictures), **more)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--weir", default="127.0.0.1:8080")
    arguments.add_argument("--server", default="127.0.0.1:9000")
    arguments.add_argument("--pictures", type=int, default=1197)
    given = arguments.parse_args()
    pictures, digits = held_out()
    pictures, digits = pictures[: given.pictures], digits[: given.pictures]
    with triton.InferenceServerClient(given.server) as server:
        reference = labels(server, pictures).as_numpy("label")
        small = labels(server, pictures, "digits-small").as_numpy("label")
    chance, asked, by_small, agreed, right = random.Random(7), [], [], [], []
    with triton.InferenceServerClient(given.weir) as weir:
        assert weir.is_server_live() and weir.is_model_ready("digits")
        for number in range(len(pictures)):
            turns = [number] + ([chance.randrange(number + 1)] if number % 3 == 2 else [])
            for turn in turns:
                result = labels(weir, pictures[turn : turn + 1], request_id=str(len(asked)))
                said, response = int(result.as_numpy("label")[0]), result.get_response()
                assert response["id"] == str(len(asked))
                asked.append(turn)
                by_small.append(response["model_name"] == "digits-small")
                agreed.append(said == reference[turn])
                right.append(said == digits[turn])
    by_small, agreed = np.array(by_small), np.array(agreed)
    late = slice(len(asked) // 2, None)
    print(
        json.dumps(
            {
                "requests": len(asked),
                "small": round(float(by_small.mean()), 4),
                "small_second_half": round(float(by_small[late].mean()), 4),
                "agreed": round(float(agreed.mean()), 4),
                "agreed_small_alone": round(float((small == reference)[asked].mean()), 4),
                "agreed_of_small": round(float(agreed[by_small].mean()), 4) if by_small.any() else None,
                "right": round(float(np.mean(right)), 4),
                "right_reference": round(float((reference == digits)[asked].mean()), 4),
            }
        )
    )


if __name__ == "__main__":
    main()
