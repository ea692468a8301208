"""How values cross between judge and box: frames of a JSON header and the bytes of arrays, never pickle.

A frame is two lengths (header, blob), the header as JSON text, and the blob. Numbers, strings, True, False and None stand for
themselves in the header; everything else is a list that begins with a tag:

    ["l", …] ["t", …]           list, tuple
    ["d", key, value, …]        dict
    ["a", dtype, shape, at]     array of float64, int64 or bool, its bytes in the blob from `at` on
    ["s", dtype, value]         numpy scalar
    ["h", id, name]             a callable of the sender: call it by its id
    ["b", id]                   a callable of the receiver, on its way back
    ["g", id, state]            a random generator; its state crosses once, later it is only named
    ["e"] ["o", name]           Ellipsis; anything else, by the name of its type
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

LENGTHS = struct.Struct("<II")
DEPTH = 32
NODES = 200_000
ENTRIES = 10_000  # of one dict
COLLISIONS = 64  # keys of one dict with the hash of another
INT_BITS = 1024
SIDE = 2**31  # of an array: an empty one could claim any other side
HEADER_BYTES = 4 * 2**20
FRAME_BYTES = 32 * 2**20

FLOAT, INT, BOOL = np.dtype("<f8"), np.dtype("<i8"), np.dtype("|b1")
DTYPES = {"f": FLOAT, "i": INT, "b": BOOL}
SCALARS = {
    kind.__name__: kind
    for kind in (
        np.float16, np.float32, np.float64, np.int8, np.int16, np.int32, np.int64,
        np.uint8, np.uint16, np.uint32, np.uint64, np.bool,
    )
}  # fmt: skip

# What a type may be called: the name reaches the student, who could make it say anything.
_TYPE_NAME = re.compile(r"(array of )?[^\W\d]\w{0,59}(\[\w{1,9}\])?")

# Bound now: what a student's cell does to these modules later must not reach the wire.
_encode_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_decode_json = json.JSONDecoder().decode
_ndarray, _generic, _bool, _integer, _floating = np.ndarray, np.generic, np.bool, np.integer, np.floating
_asarray, _Generator = np.asarray, np.random.Generator


class WireError(ValueError):
    """Bytes that are no frame, or a value that cannot cross."""


@dataclass(frozen=True)
class Opaque:
    """What stands for a value that does not cross: the name of its type, and nothing of it."""

    type_name: str


class References(Protocol):
    """What a side knows of callables and generators; each method may raise WireError."""

    def name_callable(self, function: Any) -> list: ...

    def name_generator(self, generator: np.random.Generator) -> list: ...

    def remote_callable(self, handle: int, name: str) -> Any: ...

    def own_callable(self, handle: int) -> Any: ...

    def generator(self, handle: int, state: Any) -> Any: ...


class Packer:
    """Turns values into nodes of one frame, and keeps the bytes of their arrays."""

    __slots__ = ("at", "blobs", "nodes", "references")

    def __init__(self, references: References):
        self.references = references
        self.blobs: list[bytes] = []
        self.at = 0
        self.nodes = 0

    def node(self, value: Any, depth: int = 0) -> Any:
        """Return the node of `value`; WireError where it is nested too deep or has too many parts."""
        kind = type(value)
        if kind is _ndarray:
            return self._array(value)
        if value is None or kind is float or kind is bool or kind is str:
            return value
        if kind is int:
            return value if value.bit_length() <= INT_BITS else ["o", "int"]
        self.nodes += len(value) + 1 if isinstance(value, (list, tuple, dict)) else 1
        if depth > DEPTH or self.nodes > NODES:
            raise WireError("the value is nested too deep" if depth > DEPTH else "the value has too many parts")
        if isinstance(value, (list, tuple)):
            return ["t" if isinstance(value, tuple) else "l", *[self.node(item, depth + 1) for item in value]]
        if isinstance(value, dict):
            if len(value) > ENTRIES:
                raise WireError("the dict has too many entries")
            return ["d", *[self.node(part, depth + 1) for pair in value.items() for part in pair]]
        if isinstance(value, _generic):
            return _scalar(value)
        if isinstance(value, _ndarray):
            return self._array(_asarray(value))
        if value is Ellipsis:
            return ["e"]
        if isinstance(value, _Generator):
            return self.references.name_generator(value)
        if isinstance(value, Opaque):
            return ["o", value.type_name]
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return self.node(int.__int__(value), depth)
        if isinstance(value, float):
            return float.__float__(value)
        if callable(value):
            return self.references.name_callable(value)
        return ["o", kind.__name__]

    def _array(self, array: np.ndarray) -> list:
        kind = array.dtype.kind
        if kind == "u":
            # A number beyond int64 would come out negative.
            kind = "f" if array.size and int(array.max()) >= 2**63 else "i"
        wanted = DTYPES.get(kind)
        if wanted is None:
            return ["o", f"array of {array.dtype.name}"]
        if array.dtype != wanted:
            array = array.astype(wanted)
        self.nodes += 1
        if self.nodes > NODES:
            raise WireError("the value has too many parts")
        data = array.tobytes()
        node = ["a", kind, array.shape, self.at]
        if data:
            self.blobs.append(data)
            self.at += len(data)
            if self.at > FRAME_BYTES:
                raise WireError(f"the value is larger than {FRAME_BYTES // 2**20} MiB")
        return node


def _scalar(value: np.generic) -> list:
    name = type(value).__name__
    if isinstance(value, _bool):
        return ["s", name, bool(value)]
    if isinstance(value, _integer):
        return ["s", name if name in SCALARS else "int64", int(value)]
    if isinstance(value, _floating):
        return ["s", name if name in SCALARS else "float64", float(value)]
    return ["o", name]


class Unpacker:
    """Turns the nodes of one frame back into values. Nothing in the frame is believed before it is looked at."""

    __slots__ = ("at", "blob", "nodes", "references")

    def __init__(self, blob: bytes | memoryview, references: References):
        self.blob = blob
        self.references = references
        self.at = 0
        self.nodes = 0

    def value(self, node: Any, depth: int = 0) -> Any:
        """Return the value of a node; WireError where it is none."""
        kind = type(node)
        if kind is float or node is None or kind is bool:
            return node
        if kind is str:
            return node if node.isascii() else clean(node)
        if kind is int:
            if node.bit_length() > INT_BITS:
                raise WireError("an integer is too long")
            return node
        if kind is not list or not node:
            raise WireError("a node is malformed")
        self.nodes += len(node)
        if depth > DEPTH or self.nodes > 3 * NODES:  # the sender counts the parts, here their tags count too
            raise WireError("the value is nested too deep" if depth > DEPTH else "the value has too many parts")
        tag = node[0]
        if tag == "a":
            return self._array(node)
        if tag == "l":
            return [self.value(item, depth + 1) for item in node[1:]]
        if tag == "t":
            return tuple([self.value(item, depth + 1) for item in node[1:]])
        if tag == "d":
            return self._dict(node, depth)
        if tag == "s":
            return _scalar_of(node)
        if tag == "e" and len(node) == 1:
            return Ellipsis
        if tag == "o" and len(node) == 2 and type(node[1]) is str:
            return Opaque(node[1] if _TYPE_NAME.fullmatch(node[1]) else "object")
        return self._reference(tag, node)

    def end(self) -> None:
        """Raise WireError unless every byte of the blob belongs to an array that was read."""
        if self.at != len(self.blob):
            raise WireError("bytes that belong to no array")

    def _array(self, node: list) -> np.ndarray:
        _, kind, shape, at = node if len(node) == 4 else (None,) * 4
        if type(shape) is not list or type(at) is not int or at != self.at or type(kind) is not str or len(shape) > 32:
            raise WireError("an array is malformed")
        dtype = DTYPES.get(kind)
        if dtype is None:
            raise WireError("an array of an unknown type")
        count = dtype.itemsize
        for side in shape:
            if type(side) is not int or not 0 <= side < SIDE:
                raise WireError("an array has an impossible shape")
            count *= side
        end = at + count
        if end > len(self.blob):
            raise WireError("an array has too few bytes")
        if dtype is BOOL and not _are_bools(self.blob[at:end]):
            raise WireError("a bool that is neither true nor false")
        self.at = end
        try:
            if not count:
                return np.zeros(shape, dtype)
            return _ndarray(shape, dtype, self.blob, at).copy()
        except (ValueError, TypeError, MemoryError) as error:
            raise WireError("an array is malformed") from error

    def _dict(self, node: list, depth: int) -> dict:
        if len(node) % 2 == 0 or len(node) > 2 * ENTRIES + 1:
            raise WireError("a dict is malformed, or too large")
        parts = [self.value(item, depth + 1) for item in node[1:]]
        try:
            # Keys made to collide would take the square of their number to put in.
            if len({hash(key) for key in parts[::2]}) < len(parts) // 2 - COLLISIONS:
                raise WireError("the keys of a dict collide")
            return dict(zip(parts[::2], parts[1::2], strict=True))
        except TypeError as error:
            raise WireError("a key that cannot be one") from error

    def _reference(self, tag: Any, node: list) -> Any:
        handle = node[1] if len(node) > 1 else None
        if type(handle) is not int or not 0 <= handle < 2**53:
            raise WireError("a node is malformed")
        if tag == "b" and len(node) == 2:
            return self.references.own_callable(handle)
        if tag == "h" and len(node) == 3 and type(node[2]) is str:
            return self.references.remote_callable(handle, clean(node[2])[:100])
        if tag == "g" and len(node) in (2, 3):
            return self.references.generator(handle, self.value(node[2]) if len(node) == 3 else None)
        raise WireError("a node is malformed")


def _are_bools(data: bytes | memoryview) -> bool:
    # Any other byte would be a bool that equals neither True nor False.
    return not bytes(data).strip(b"\x00\x01")


def _scalar_of(node: list) -> np.generic:
    _, name, value = node if len(node) == 3 else (None,) * 3
    kind = SCALARS.get(name) if type(name) is str else None
    wanted = bool if kind is _bool else int if kind is not None and issubclass(kind, _integer) else float
    if kind is None or type(value) is not wanted:
        raise WireError("a number is malformed")
    try:
        return kind(value)
    except (OverflowError, ValueError) as error:
        raise WireError("a number is out of range") from error


def clean(text: str) -> str:
    """Return `text` with every lone surrogate replaced, so that it can be written anywhere."""
    return text.encode("utf-8", "replace").decode("utf-8")


def frame(header: list, blobs: list[bytes]) -> bytes:
    """Return the bytes of a frame; WireError where it is larger than the other side takes."""
    text = _encode_json(header).encode("ascii")
    size = sum(map(len, blobs)) if blobs else 0
    if len(text) > HEADER_BYTES or size > FRAME_BYTES:
        raise WireError("the value is too large to hand over")
    return b"".join((LENGTHS.pack(len(text), size), text, *blobs))


def header(text: bytes) -> list:
    """Return the header of a frame as a list; WireError where it is none."""
    try:
        parsed = _decode_json(str(text, "ascii"))
    except (ValueError, RecursionError) as error:
        raise WireError("the header is no JSON") from error
    if type(parsed) is not list or len(parsed) < 2 or type(parsed[0]) is not str or type(parsed[1]) is not str:
        raise WireError("the header is no message")
    return parsed
