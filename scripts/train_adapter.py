#!/usr/bin/env python3
"""Trains a LoRA adapter of a small llama-like model on what `weir export` wrote, and writes it as a GGUF for
`weir import-adapter`. On processors alone, for models of some 100 million parameters: for larger ones use a real trainer.

  weir export --task tags --out tags --base "$(scripts/fetch_model.sh)"
  scripts/train_adapter.py --base "$(scripts/fetch_model.sh)" --data tags --out tags.gguf
  weir import-adapter --file tags.gguf --provider local --export-manifest tags.manifest.json

--base     the GGUF that will serve, of architecture llama. It is taken as it is (quantised weights are multiplied out), so
           that what is learned goes over exactly those weights.
--data     OUT of the export: OUT.train.jsonl to learn from, OUT.valid.jsonl to look at after each pass.
--out      the adapter: pairs of rank --rank for every matrix of every layer.

Prompts are written and cut into tokens by llama-server itself (--llama-server, else $WEIR_LLAMA_SERVER, else what
scripts/build_llama_server.sh prints), with the base's chat template: as they will be in service. Learned are the
assistant's tokens alone, to the end of the turn. Adam, cross-entropy; the same seed gives the same adapter on the same
machine. Packages: PINS, in an environment of their own under $WEIR_CACHE (0.6 GB).
"""

import argparse
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time

PINS = ["jax==0.10.2", "jaxlib==0.10.2", "gguf==0.19.0", "numpy==2.4.6"]
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
NORMS = ("attn_norm", "ffn_norm")


def say(text):
    print("== " + text, file=sys.stderr, flush=True)


def enter_environment():
    """Runs this script again in an environment with PINS, which is made where there is none."""
    if os.environ.get("WEIR_TRAINER") == "1":
        return
    import hashlib

    cache = os.environ.get("WEIR_CACHE") or os.path.expanduser("~/.cache/weir")
    folder = os.path.join(cache, "trainer-" + hashlib.sha256(" ".join(PINS).encode()).hexdigest()[:12])
    if not os.path.exists(os.path.join(folder, "installed")):
        say("installing %s into %s" % (" ".join(PINS), folder))
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, stdout=sys.stderr)
        pip = [os.path.join(folder, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", *PINS]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        open(os.path.join(folder, "installed"), "w").close()
    python = os.path.join(folder, "bin", "python")
    os.execve(python, [python, os.path.abspath(__file__), *sys.argv[1:]], dict(os.environ, WEIR_TRAINER="1"))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--llama-server")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=16.0)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=5e-4, help="of learning, falling to 0 (default: 0.0005)")
    parser.add_argument("--most-tokens", type=int, default=512, help="longer rows are left out, and counted")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


# ---- rows -> tokens


class Tokeniser:
    """llama-server with the base, on a Unix socket, for its template and tokeniser."""

    def __init__(self, program, base):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-train-")
        self.path = os.path.join(self.folder.name, "llama.sock")
        argv = [program, "-m", base, "--host", self.path, "-c", "256", "-np", "1", "--no-warmup"]
        self.child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                if self.ask("GET", "/health")[0] == 200:
                    return
            except OSError:
                pass
            if self.child.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit("train_adapter.py: %s does not start with %s" % (program, base))

    def ask(self, method, path, document=None):
        body = json.dumps(document).encode() if document is not None else b""
        head = "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.path)
            connection.sendall((head % (method, path, len(body))).encode() + body)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" in head.lower():
            whole = b""
            while body:
                size, _, body = body.partition(b"\r\n")
                whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
            body = whole
        return int(head.split()[1]), json.loads(body or b"null")

    def tokens(self, text):
        asked = {"content": text, "add_special": False, "parse_special": True}
        return self.ask("POST", "/tokenize", asked)[1]["tokens"]

    def row(self, messages, end):
        """(tokens of the prompt, tokens of the answer with the end of the turn)."""
        plain = [{"role": m["role"], "content": m["content"]} for m in messages]
        prompt = self.ask("POST", "/apply-template", {"messages": plain[:-1]})[1]["prompt"]
        return self.tokens(prompt), self.tokens(plain[-1]["content"]) + [end]

    def close(self):
        self.child.terminate()
        self.child.wait()
        self.folder.cleanup()


def read_rows(path, tokeniser, end, most):
    rows, longer = [], 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            prompt, answer = tokeniser.row(json.loads(line)["messages"], end)
            if len(prompt) + len(answer) > most:
                longer += 1
            else:
                rows.append((prompt, answer))
    say("%s: %d rows%s" % (path, len(rows), ", %d longer ones left out" % longer if longer else ""))
    return rows


# ---- the model: llama as llama.cpp computes it, over the weights as they lie in the GGUF


def read_base(path):
    import gguf
    import jax.numpy as jnp
    import numpy as np

    reader = gguf.GGUFReader(path)
    value = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("tokenizer.ggml.token")}
    if value["general.architecture"] != "llama":
        raise SystemExit("train_adapter.py: only models of architecture llama, not " + value["general.architecture"])
    tensors = {t.name: t for t in reader.tensors}

    def weights(name):
        return gguf.quants.dequantize(tensors[name].data, tensors[name].tensor_type).astype(np.float32)

    layers = value["llama.block_count"]
    base = {
        kind: jnp.asarray(np.stack([weights("blk.%d.%s.weight" % (layer, kind)) for layer in range(layers)]))
        for kind in MATRICES + NORMS
    }
    outer = {"embedding": jnp.asarray(weights("token_embd.weight")), "norm": jnp.asarray(weights("output_norm.weight"))}
    outer["output"] = jnp.asarray(weights("output.weight")) if "output.weight" in tensors else outer["embedding"]
    shape = {
        "layers": layers,
        "heads": value["llama.attention.head_count"],
        "kv_heads": value.get("llama.attention.head_count_kv", value["llama.attention.head_count"]),
        "epsilon": value["llama.attention.layer_norm_rms_epsilon"],
        "rope": value.get("llama.rope.freq_base", 10000.0),
        "end": value.get("tokenizer.ggml.eot_token_id", value["tokenizer.ggml.eos_token_id"]),
        "name": value.get("general.name", ""),
    }
    return base, outer, shape


def make_loss(shape, scale):
    import jax
    import jax.numpy as jnp

    def norm(x, weight):
        return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + shape["epsilon"]) * weight

    def turned(x):
        """Rotary positions over neighbouring pairs, as llama.cpp has them for this architecture."""
        length, size = x.shape[1], x.shape[-1]
        angles = jnp.arange(length)[:, None] * shape["rope"] ** (-jnp.arange(0, size, 2) / size)
        cos, sin = jnp.cos(angles)[None, :, None, :], jnp.sin(angles)[None, :, None, :]
        even, odd = x[..., 0::2], x[..., 1::2]
        return jnp.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(x.shape)

    def layer(x, weights):
        base, lora = weights
        batch, length, width = x.shape

        def times(kind, y):
            return y @ base[kind].T + scale * (y @ lora[kind]["a"].T) @ lora[kind]["b"].T

        def heads(y, count):
            return y.reshape(batch, length, count, -1)

        y = norm(x, base["attn_norm"])
        q = turned(heads(times("attn_q", y), shape["heads"]))
        k = turned(heads(times("attn_k", y), shape["kv_heads"]))
        v = heads(times("attn_v", y), shape["kv_heads"])
        k, v = (jnp.repeat(each, shape["heads"] // shape["kv_heads"], axis=2) for each in (k, v))
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.shape[-1])
        scores = jnp.where(jnp.tril(jnp.ones((length, length), bool)), scores, -1e30)
        mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores, axis=-1), v).reshape(batch, length, -1)
        x = x + times("attn_output", mixed)
        y = norm(x, base["ffn_norm"])
        return x + times("ffn_down", jax.nn.silu(times("ffn_gate", y)) * times("ffn_up", y)), None

    def loss(lora, base, outer, tokens, places, targets, mask):
        """Mean over the answers' tokens; and how many answers are said token by token. `places`: where each is told."""
        x = outer["embedding"][tokens]
        x, _ = jax.lax.scan(layer, x, (base, lora))
        x = jnp.take_along_axis(x, places[..., None], axis=1)
        logits = norm(x, outer["norm"]) @ outer["output"].T
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits, axis=-1), targets[..., None], axis=-1)[..., 0]
        right = jnp.all((jnp.argmax(logits, axis=-1) == targets) | (mask == 0), axis=1) & (mask[:, 0] > 0)
        return -jnp.sum(picked * mask) / jnp.maximum(jnp.sum(mask), 1), jnp.sum(right)

    return loss


def padded(rows, batch):
    """Arrays of one shape for a batch: few different lengths, so that little is compiled."""
    import numpy as np

    length = -(-max(len(p) + len(a) for p, a in rows) // 32) * 32
    said = -(-max(len(a) for _, a in rows) // 8) * 8
    tokens, places = np.zeros((batch, length), np.int32), np.zeros((batch, said), np.int32)
    targets, mask = np.zeros((batch, said), np.int32), np.zeros((batch, said), np.float32)
    for i, (prompt, answer) in enumerate(rows):
        tokens[i, : len(prompt) + len(answer)] = prompt + answer
        count = len(answer)
        places[i, :count] = np.arange(len(prompt) - 1, len(prompt) - 1 + count)
        targets[i, :count], mask[i, :count] = answer, 1
    return tokens, places, targets, mask


def train(arguments, base, outer, shape, rows, valid):
    import jax
    import jax.numpy as jnp
    import numpy as np

    draw = np.random.default_rng(arguments.seed)
    lora = {}
    for kind in MATRICES:
        layers, out, width = base[kind].shape
        a = draw.normal(0, 1 / math.sqrt(width), (layers, arguments.rank, width)).astype(np.float32)
        lora[kind] = {"a": jnp.asarray(a), "b": jnp.zeros((layers, out, arguments.rank), jnp.float32)}
    loss = make_loss(shape, arguments.alpha / arguments.rank)
    steps = arguments.epochs * -(-len(rows) // arguments.batch)
    first, second = jax.tree.map(jnp.zeros_like, lora), jax.tree.map(jnp.zeros_like, lora)

    @jax.jit
    def step(lora, first, second, number, base, outer, batch):
        (value, _), slope = jax.value_and_grad(loss, has_aux=True)(lora, base, outer, *batch)
        length = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(slope)))
        slope = jax.tree.map(lambda g: g / jnp.maximum(length, 1.0), slope)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
        rate = arguments.rate * jnp.minimum(1.0, (number + 1) / 5) * (1 - number / steps)
        fix_first, fix_second = 1 - 0.9 ** (number + 1), 1 - 0.999 ** (number + 1)
        move = lambda w, m, v: w - rate * (m / fix_first) / (jnp.sqrt(v / fix_second) + 1e-8)  # noqa: E731
        return jax.tree.map(move, lora, first, second), first, second, value

    judge = jax.jit(loss)

    def told(rows):
        right = sum(int(judge(lora, base, outer, *padded(part, arguments.batch))[1]) for part in cut(rows))
        return "%d of %d answers said" % (right, len(rows))

    def cut(rows):
        return [rows[i : i + arguments.batch] for i in range(0, len(rows), arguments.batch)]

    # By length, so that few shapes are compiled; the batches in random order.
    batches = cut(sorted(rows, key=lambda row: len(row[0]) + len(row[1])))
    say("before: valid %s" % told(valid))
    number, began = 0, time.monotonic()
    told_at = began
    for epoch in range(arguments.epochs):
        values = []
        for index in draw.permutation(len(batches)):
            batch = padded(batches[index], arguments.batch)
            lora, first, second, value = step(lora, first, second, number, base, outer, batch)
            values.append(float(value))
            number += 1
            if time.monotonic() - told_at > 30:
                told_at = time.monotonic()
                say("step %d of %d: loss %.4f" % (number, steps, values[-1]))
        seconds = time.monotonic() - began
        say("pass %d: loss %.4f; valid %s; %.0f s" % (epoch + 1, sum(values) / len(values), told(valid), seconds))
    return lora


def write_adapter(path, lora, arguments, shape):
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", arguments.alpha)
    writer.add_string("general.base_model.0.name", shape["name"])
    for layer in range(shape["layers"]):
        for kind in MATRICES:
            name = "blk.%d.%s.weight" % (layer, kind)
            writer.add_tensor(name + ".lora_a", np.ascontiguousarray(lora[kind]["a"][layer], dtype=np.float32))
            writer.add_tensor(name + ".lora_b", np.ascontiguousarray(lora[kind]["b"][layer], dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    arguments = parse_arguments()
    enter_environment()
    program = arguments.llama_server or subprocess.run(
        [os.path.join(ROOT, "scripts", "build_llama_server.sh")], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    base, outer, shape = read_base(arguments.base)
    tokeniser = Tokeniser(program, arguments.base)
    try:
        rows, valid = (
            read_rows("%s.%s.jsonl" % (arguments.data, part), tokeniser, shape["end"], arguments.most_tokens)
            for part in ("train", "valid")
        )
    finally:
        tokeniser.close()
    if not rows:
        raise SystemExit("train_adapter.py: no rows to learn from")
    lora = train(arguments, base, outer, shape, rows, valid)
    write_adapter(arguments.out, lora, arguments, shape)
    tokens = sum(len(prompt) + len(answer) for prompt, answer in rows)
    say("written: %s, %d bytes, from %d tokens a pass" % (arguments.out, os.path.getsize(arguments.out), tokens))


if __name__ == "__main__":
    main()
