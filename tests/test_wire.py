"""The wire: what crosses comes out as it went in, and nothing malformed comes out at all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coursekit.box import wire
from coursekit.box.wire import Opaque, Packer, Unpacker, WireError


class Table:
    """References of one side that keeps everything: enough to send a callable and get it back."""

    def __init__(self) -> None:
        self.functions: list[Any] = []

    def name_callable(self, function: Any) -> list:
        self.functions.append(function)
        return ["h", len(self.functions) - 1, getattr(function, "__name__", "?")]

    def name_generator(self, generator: np.random.Generator) -> list:
        return ["g", 0]

    def remote_callable(self, handle: int, name: str) -> Any:
        return ("remote", handle, name)

    def own_callable(self, handle: int) -> Any:
        if handle >= len(self.functions):
            raise WireError("a function that was never given")
        return self.functions[handle]

    def generator(self, handle: int, state: Any) -> Any:
        return ("generator", handle, state)


def across(value: Any) -> Any:
    """Send a value through the bytes of a frame."""
    packer = Packer(Table())
    data = wire.frame(["done", "nonce", packer.node(value)], packer.blobs)
    head, blob = wire.LENGTHS.unpack_from(data)
    message = wire.header(data[8 : 8 + head])
    unpacker = Unpacker(data[8 + head :], Table())
    found = unpacker.value(message[2])
    unpacker.end()
    assert len(data) == 8 + head + blob
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in type, structure, shape and every bit of their numbers."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, np.generic) and one.dtype != other.dtype:
        return False
    if isinstance(one, (float, np.floating)):
        return (math.isnan(one) and math.isnan(other)) or (one == other and math.copysign(1, one) == math.copysign(1, other))
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    return one == other


shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
arrays = st.one_of(
    hnp.arrays(np.float64, shapes, elements=st.floats(allow_nan=True)),
    hnp.arrays(np.int64, shapes),
    hnp.arrays(np.bool_, shapes),
)
text = st.text(st.characters(exclude_categories=("Cs",)))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**900), 2**900), st.floats(), text, st.just(Ellipsis),
    st.floats().map(np.float64), st.floats(width=32).map(np.float32), st.integers(-(2**63), 2**63 - 1).map(np.int64),
    st.booleans().map(np.bool_),
)  # fmt: skip
keys = st.one_of(text, st.integers(-1000, 1000), st.tuples(text, st.booleans()))
values = st.recursive(
    st.one_of(scalars, arrays),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(values)
def test_what_crosses_comes_out_as_it_went_in(value: Any) -> None:
    assert same(across(value), value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.arange(3, dtype=np.int8), np.arange(3)),
        (np.ones(2, np.float32), np.ones(2)),
        (np.array([2**63], np.uint64), np.array([2.0**63])),
        (np.arange(6.0).reshape(2, 3).T, np.arange(6.0).reshape(2, 3).T),
        (np.arange(6.0)[::-2], np.array([5.0, 3.0, 1.0])),
        (np.array([1.0], ">f8"), np.array([1.0])),
        (np.longdouble(0.5), np.float64(0.5)),
        (np.ones(2, complex), Opaque("array of complex128")),
        (np.array([None]), Opaque("array of object")),
        (np.array(["a"]), Opaque("array of str32")),
        (1j, Opaque("complex")),
        (np.complex128(1), Opaque("complex128")),
        ({1, 2}, Opaque("set")),
        (10**400, Opaque("int")),
        (object(), Opaque("object")),
        ("lone \ud800", "lone ?"),
    ],
)
def test_what_has_no_place_is_cast_or_marked(value: Any, expected: Any) -> None:
    assert same(across(value), expected)


def test_callables_cross_as_handles() -> None:
    assert across([len, max]) == [("remote", 0, "len"), ("remote", 1, "max")]


def test_a_received_array_can_be_written() -> None:
    array = across(np.zeros(3))
    array[0] = 1.0
    assert array.tolist() == [1.0, 0.0, 0.0]


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (nested(wire.DEPTH + 2), "too deep"),
        ([[]] * (wire.NODES + 1), "too many parts"),
        (dict.fromkeys(range(wire.ENTRIES + 1)), "too many entries"),
        ([np.zeros(wire.FRAME_BYTES // 16)] * 3, "larger than"),
    ],
    ids=["deep", "many", "dict", "bytes"],
)
def test_what_is_too_large_is_refused_by_the_sender(value: Any, words: str) -> None:
    with pytest.raises(WireError, match=words):
        Packer(Table()).node(value)


def test_a_cycle_is_refused_by_the_sender() -> None:
    cycle: list = []
    cycle.append(cycle)
    with pytest.raises(WireError, match="too deep"):
        Packer(Table()).node(cycle)


def tagged(depth: int) -> list:
    node: list = ["l"]
    for _ in range(depth):
        node = ["l", node]
    return node


EIGHT = np.ones(1).tobytes()
MALFORMED = {
    "an object": ({"a": 1}, b""),
    "an empty list": ([], b""),
    "an unknown tag": (["x", 1], b""),
    "a tag that is no string": ([["l"], 1], b""),
    "too deep": (["l", tagged(wire.DEPTH + 2)], b""),
    "too many nodes": (["l", *[["l"]] * (3 * wire.NODES)], b""),
    "too long an integer": (2**2000, b""),
    "a dict without its last value": (["d", "key"], b""),
    "a key that cannot be one": (["d", ["l"], 1], b""),
    "too large a dict": (["d", *range(2 * wire.ENTRIES + 2)], b""),
    "an array without bytes": (["a", "f", [1], 0], b""),
    "an array with too few bytes": (["a", "f", [2], 0], EIGHT),
    "an array with too many bytes": (["a", "f", [1], 0], EIGHT * 2),
    "an empty array with bytes": (["a", "f", [0], 0], EIGHT),
    "bytes without an array": (1.0, EIGHT),
    "an array that begins elsewhere": (["a", "f", [1], 8], EIGHT * 2),
    "an array that begins before": (["a", "f", [1], -8], EIGHT),
    "two arrays of the same bytes": (["l", ["a", "f", [1], 0], ["a", "f", [1], 0]], EIGHT),
    "an array of objects": (["a", "O", [1], 0], EIGHT),
    "an array of an unhashable type": (["a", [], [1], 0], EIGHT),
    "a negative side": (["a", "f", [-1, -1], 0], EIGHT),
    "a side that is no number": (["a", "f", [1.0], 0], EIGHT),
    "a side that is true": (["a", "f", [True], 0], EIGHT),
    "a huge empty array": (["a", "f", [2**62, 0], 0], b""),
    "a huge product of sides": (["a", "f", [2**30, 2**30, 2**30, 0], 0], b""),
    "too many sides": (["a", "f", [1] * 65, 0], EIGHT),
    "a shape that is no list": (["a", "f", 1, 0], EIGHT),
    "a short array": (["a", "f", [1]], EIGHT),
    "a bool of value two": (["a", "b", [1], 0], b"\x02"),
    "a scalar of an unknown type": (["s", "object_", 1], b""),
    "a scalar of another type": (["s", "float64", "1"], b""),
    "a scalar out of range": (["s", "int8", 1000], b""),
    "a scalar with a bool": (["s", "int64", True], b""),
    "a short scalar": (["s", "int64"], b""),
    "an Ellipsis with a tail": (["e", 1], b""),
    "an opaque value without a name": (["o", 3], b""),
    "a handle that is no number": (["h", "0", "f"], b""),
    "a negative handle": (["h", -1, "f"], b""),
    "a handle without a name": (["h", 0], b""),
    "a handle on its way back with a name": (["b", 0, "f"], b""),
}


@pytest.mark.parametrize(("node", "blob"), MALFORMED.values(), ids=MALFORMED)
def test_nothing_malformed_comes_out(node: Any, blob: bytes) -> None:
    unpacker = Unpacker(blob, Table())

    def read() -> None:
        unpacker.value(node)
        unpacker.end()

    with pytest.raises(WireError):
        read()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"{}", b"[]", b'["done"]', b'["done",1,2]', b'[1,"n"]', b"\xff\xfe", "[\"é\",\"n\"]".encode(),
        b"[" * 100_000, b'["done","n",' + b"9" * 5000 + b"]", b'["done","n",1]x', b'"done"',
    ],
)  # fmt: skip
def test_a_header_that_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        wire.header(data)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from("ltdasheobgfib")),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner, max_size=2)),
    max_leaves=30,
)


@settings(deadline=None, max_examples=300)
@given(json_values, st.binary(max_size=64))
def test_whatever_comes_is_a_value_or_a_wire_error(node: Any, blob: bytes) -> None:
    unpacker = Unpacker(blob, Table())
    try:
        value = unpacker.value(node)
        unpacker.end()
    except WireError:
        return
    assert same(value, value)
