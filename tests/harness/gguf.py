"""Small GGUF files, written by hand: models and LoRA adapters for tests (the numbers of
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)."""

import struct

U32, F32_VALUE, STRING, ARRAY = 4, 6, 8, 9
F32 = 0  # ggml's number for the type of a tensor
ALIGNMENT = 32


def counted(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(item):
    if isinstance(item, str):
        return struct.pack("<I", STRING) + counted(item)
    if isinstance(item, int):
        return struct.pack("<II", U32, item)
    if isinstance(item, float):
        return struct.pack("<If", F32_VALUE, item)
    return struct.pack("<IIQ", ARRAY, STRING, len(item)) + b"".join(counted(text) for text in item)


def gguf(metadata, tensors):
    """`metadata`: key -> text, whole number, float or list of texts. `tensors`: name -> (size, data); the size with the
    dimension first that is contiguous, the data as bytes of F32, None: all 0."""
    infos, data = b"", b""
    for name, (size, floats) in tensors.items():
        count = 1
        for part in size:
            count *= part
        floats = floats if floats is not None else bytes(4 * count)
        assert len(floats) == 4 * count, name
        infos += counted(name) + struct.pack("<I", len(size)) + struct.pack("<%dQ" % len(size), *size)
        infos += struct.pack("<IQ", F32, len(data))
        data += floats + bytes(-len(floats) % ALIGNMENT)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(counted(key) + value(item) for key, item in metadata.items()) + infos
    return head + bytes(-len(head) % ALIGNMENT) + data


def tiny_model(template="{{ messages }}", **more):
    """Sound, but no model that llama-server could run."""
    metadata = {
        "general.architecture": "llama",
        "general.name": "Tiny",
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": ["<s>", "</s>", "a", "b", "ab"],
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.chat_template": template,
    }
    metadata.update(more)
    tensors = {"token_embd.weight": ((8, 5), None), "output_norm.weight": ((8,), None)}
    for layer in range(2):
        tensors["blk.%d.attn_q.weight" % layer] = ((8, 8), None)
        tensors["blk.%d.attn_v.weight" % layer] = ((8, 4), None)
    return gguf(metadata, tensors)


def lora(pairs, architecture="llama", alpha=16.0, metadata=None):
    """`pairs`: name of the base's tensor -> (in, out, rank), or (in, out, rank, a, b) with the data."""
    head = {
        "general.architecture": architecture,
        "general.type": "adapter",
        "adapter.type": "lora",
        "adapter.lora.alpha": alpha,
    }
    head.update(metadata or {})
    tensors = {}
    for name, (width, height, rank, *data) in pairs.items():
        a, b = data or (None, None)
        tensors[name + ".lora_a"] = ((width, rank), a)
        tensors[name + ".lora_b"] = ((rank, height), b)
    return gguf(head, tensors)


def tiny_lora(**more):
    """One that fits tiny_model()."""
    return lora({"blk.0.attn_q.weight": (8, 8, 2), "blk.1.attn_v.weight": (8, 4, 2)}, **more)
