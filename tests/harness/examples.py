"""Reads the files that training examples are kept in, by docs/examples.md: a second reader, to check the first."""

import hashlib
import os
import struct

HEAD = b"weirlog1" + b"examples".ljust(16, b"\0")


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        part = self.data[self.at : self.at + count]
        assert len(part) == count, "a record that is too short"
        self.at += count
        return part

    def byte(self):
        return self.take(1)[0]

    def fixed64(self):
        return struct.unpack("<Q", self.take(8))[0]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def text(self):
        return self.take(self.varint()).decode("utf-8", "surrogateescape")


def records(data):
    assert data.startswith(HEAD), data[:24]
    at = len(HEAD)
    while at < len(data):
        length, check = struct.unpack_from("<II", data, at)
        record = data[at + 8 : at + 8 + length]
        assert struct.unpack("<I", hashlib.sha256(record).digest()[:4])[0] == check, "a damaged record"
        yield Bytes(record)
        at += 8 + length


def read_file(path):
    """The header, and the examples with their texts."""
    with open(path, "rb") as f:
        data = f.read()
    header, texts, examples = None, {}, []
    for record in records(data):
        kind = record.byte()
        if kind == 1:
            header = {name: record.text() for name in ("tenant", "cascade", "reference")}
            header["keep_micros"], header["most"] = record.varint(), record.varint()
        elif kind == 2:
            digest = record.fixed64()
            texts[digest] = record.text()
        else:
            assert kind == 3 and header, kind
            flags = record.byte()
            one = {
                name: bool(flags & bit) for name, bit in (("json", 1), ("repeat", 2), ("may_distil", 4), ("content", 8))
            }
            one["unix_micros"], one["request"] = record.varint(), "%016x" % record.fixed64()
            for name in ("task", "system", "response_format", "prompt_digest", "answer_digest"):
                one[name] = record.fixed64()
            one["prompt_bytes"], one["answer_bytes"] = record.varint(), record.varint()
            one["model"], one["api"] = record.text(), record.text()
            if one["content"]:
                one["prompt"], one["answer"] = record.text(), record.text()
            one["system_text"] = texts.get(one["system"])
            one["response_format_text"] = texts.get(one["response_format"])
            examples.append(one)
        assert record.at == len(record.data), "a record that is too long"
    return header, examples


def read_all(data_folder):
    """{(tenant, cascade, reference): examples}"""
    folder, found = os.path.join(data_folder, "examples"), {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        header, examples = read_file(os.path.join(folder, name))
        found[header["tenant"], header["cascade"], header["reference"]] = examples
    return found


def raw(data_folder):
    """All bytes of all files."""
    folder, data = os.path.join(data_folder, "examples"), b""
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, name), "rb") as f:
            data += f.read()
    return data
