"""How two values are compared: every right form is accepted, everything else is rejected with a sentence that says where."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from descentlab.checks import CheckFailed, Raised, close, same
from descentlab.checks.values import ATOL_SHARE, RTOL, Odd, describe, difference, from_json, numbers_apart, plain, to_json


def found(got, expected, **options) -> str | None:
    """Return the sentence of the first difference, with its place, or None."""
    difference_ = difference(plain(got), plain(expected), **options)
    return difference_ and f"{list(difference_.where)} {difference_.sentence}"


# What is accepted -------------------------------------------------------------------------------------------------------------

VECTOR = np.array([1.0, -2.0, 3.0])
RIGHT_VECTORS = [
    [1.0, -2.0, 3.0], (1, -2, 3), np.array([1, -2, 3]), np.array([1, -2, 3], dtype=np.int8), [np.float64(1), np.float32(-2), 3],
    [np.array(1.0), np.array(-2.0), np.array(3)], np.array([1.0, -2.0, 3.0], dtype=np.float32), VECTOR[::-1][::-1],
    np.array([1, -2, 3], dtype=np.longdouble),
]  # fmt: skip
RIGHT_NUMBERS = [
    2.0, 2, np.float64(2), np.float32(2), np.int64(2), np.uint8(2), np.array(2.0), np.array(2), np.float16(2), np.longdouble(2)
]  # fmt: skip


@pytest.mark.parametrize("form", RIGHT_VECTORS, ids=lambda form: f"{type(form).__name__}")
def test_every_form_of_a_right_vector_is_accepted(form):
    assert found(form, VECTOR) is None


@pytest.mark.parametrize("form", RIGHT_NUMBERS, ids=lambda form: f"{type(form).__name__}")
def test_every_form_of_a_right_number_is_accepted(form):
    assert found(form, 2.0) is None
    assert found(form, np.array(2.0)) is None


def test_a_matrix_may_be_rows_and_a_pair_a_list_or_an_array():
    matrix = np.arange(6.0).reshape(2, 3)
    for form in (matrix.tolist(), tuple(map(tuple, matrix)), list(matrix), np.asfortranarray(matrix)):
        assert found(form, matrix) is None
    pair = (VECTOR, 2 * VECTOR)
    for form in ([VECTOR, 2 * VECTOR], np.stack(pair), [[1, -2, 3], (2, -4, 6)]):
        assert found(form, pair) is None


def test_parts_of_unlike_shape_are_compared_one_by_one():
    expected = (VECTOR, 2.0, {"m": VECTOR})
    assert found([[1, -2, 3], np.array(2), {"m": (1, -2, 3)}], expected) is None
    assert found([VECTOR, 2.0, {"m": VECTOR + np.array([0, 0, 1])}], expected) == "[2, 'm', 2] yours 4, expected 3"
    assert found([VECTOR, 2.5, {"m": VECTOR}], expected) == "[1] yours 2.5, expected 2"


def test_the_same_exception_or_a_subclass_is_as_wanted():
    wanted = Raised(("ValueError", "Exception"))
    assert difference(Raised(("LinAlgError", "ValueError", "Exception", "BaseException", "object")), wanted) is None
    assert difference(Raised(("TypeError", "Exception")), wanted).sentence == "raises TypeError, a ValueError is wanted here"
    assert difference(3.0, wanted).sentence == "returns the number 3, but a ValueError is wanted here"
    assert difference(Raised(("ZeroDivisionError",), "x", "line 3: 1 / t"), 3.0).sentence == (
        "raises ZeroDivisionError at line 3: 1 / t"
    )


# What is rejected -------------------------------------------------------------------------------------------------------------

WRONG_VECTORS = {
    "too long": ([1, -2, 3, 4], "yours has the shape (4,), expected (3,)"),
    "a row": ([[1, -2, 3]], "yours has the shape (1, 3), expected (3,)"),
    "a column": (VECTOR[:, None], "yours has the shape (3, 1), expected (3,)"),
    "a number": (1.0, "yours has the shape (), expected (3,)"),
    "empty": ([], "yours has the shape (0,), expected (3,)"),
    "None": (None, "yours is None, expected an array of shape (3,)"),
    "a hole": ([1.0, None, 3.0], "yours is a sequence of 3 values, expected an array of shape (3,)"),
    "ragged": ([1.0, [2.0], 3.0], "yours is a sequence of 3 values, expected an array of shape (3,)"),
    "text": ("[1, -2, 3]", "yours is the text '[1, -2, 3]', expected an array of shape (3,)"),
    "words": (["1", "-2", "3"], "yours is a sequence of 3 values, expected an array of shape (3,)"),
    "text array": (np.array(["1", "-2", "3"]), "yours is an array of str64 values, expected an array of shape (3,)"),
    "objects": (np.array([1.0, -2.0, 3.0], dtype=object), "yours is an array of object values, expected an array of shape (3,)"),
    "complex": (VECTOR + 0j, "yours is an array of complex128 values, expected an array of shape (3,)"),
    "truths": (np.array([True] * 3), "yours is an array of truth values, shape (3,), expected an array of shape (3,)"),
    "a dict": ({"0": 1.0}, "yours is a dict of 1 entries, expected an array of shape (3,)"),
    "a set": ({1.0, -2.0, 3.0}, "yours is a value of type set, expected an array of shape (3,)"),
    "a function": (len, "yours is a function, expected an array of shape (3,)"),
    "a huge integer": ([10**400, 1, 1], "yours is a sequence of 3 values, expected an array of shape (3,)"),
    "NaN": ([1.0, math.nan, 3.0], "[1] yours nan, expected -2"),
    "infinity": ([1.0, -2.0, math.inf], "[2] yours inf, expected 3"),
    "too large for a float": (np.array([1, -2, np.longdouble("1e400")]), "[2] yours inf, expected 3"),
    "another sign": ([1.0, 2.0, 3.0], "[1] yours 2, expected -2"),
}


@pytest.mark.parametrize("case", WRONG_VECTORS)
def test_a_wrong_vector_is_rejected_with_a_sentence(case):
    got, sentence = WRONG_VECTORS[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        words = found(got, VECTOR)
    assert words.removeprefix("[] ") == sentence


@pytest.mark.parametrize("got", [True, np.bool_(True), np.array(True), 1 + 0j, "1", [1.0], None, 10**400, Odd("a thing"), len])
def test_what_is_no_number_is_no_number(got):
    assert found(got, 1.0) is not None


def test_truth_and_text_and_none_want_their_own_type():
    for wrong in (1, 1.0, np.array(True), "True", None):
        assert found(wrong, True) is not None
    assert found(np.bool_(True), True) is None
    assert found("a", "a") is None
    assert found("a", "b") == "[] yours is the text 'a', expected the text 'b'"
    assert found(0, None) == "[] yours is the number 0, expected None"


def test_arrays_of_truth_values_want_the_same_truth():
    flags = np.array([True, False])
    assert found(flags.copy(), flags) is None
    for wrong in (~flags, np.array([1, 0]), [1.0, 0.0], None, np.array([[True, False]])):
        assert found(wrong, flags) is not None


def test_structure_is_compared_before_numbers():
    pair = (VECTOR, 2.0)
    assert found([VECTOR], pair) == "[] yours is a sequence of 1 values, expected a sequence of 2 values"
    assert found(VECTOR, pair) == "[] yours is an array of shape (3,), expected a sequence of 2 values"
    assert found({"a": 1}, {"a": 1, "b": 2}) == "[] yours is a dict of 1 entries, expected a dict with the keys a, b"


def test_a_subclass_that_calls_itself_equal_is_compared_by_its_numbers():
    class Sly(np.ndarray):
        def __eq__(self, other):
            return np.array(True)

        def __sub__(self, other):
            return np.zeros(3)

        def __le__(self, other):
            return np.array(True)

    assert found(np.array([9.0, 9.0, 9.0]).view(Sly), VECTOR) == "[0] yours 9, expected 1"


def test_a_value_that_holds_itself_ends():
    loop: list = []
    loop.append(loop)
    assert "yours is a sequence" in found(loop, VECTOR)


# Tolerance --------------------------------------------------------------------------------------------------------------------

sizes = st.floats(1e-90, 1e90) | st.floats(-1e90, -1e-90)


@given(sizes)
def test_the_tolerance_has_two_sides(value):
    inside, outside = 0.9 * RTOL, 1.2 * RTOL
    for sign in (1, -1):
        assert found(value * (1 + sign * inside), value) is None
        assert found(value * (1 + sign * outside), value) is not None


@given(st.floats(1e-6, 1e6))
def test_beside_a_large_entry_a_small_one_may_be_rounded_as_the_large_one_is(scale):
    expected = np.array([scale, 0.0])
    assert found([scale, 0.9 * ATOL_SHARE * scale], expected) is None
    assert found([scale, 1.1 * ATOL_SHARE * scale], expected) is not None
    # The scale of a whole run, where it is larger than that of this output.
    assert found([scale, 9 * ATOL_SHARE * scale], expected, scale=10 * scale) is None


def test_a_mistake_that_is_not_finite_is_matched_by_the_same_alone():
    mistaken = np.array([np.nan, np.inf, -np.inf, 1.0])
    assert found(mistaken.copy(), mistaken) is None
    for index in range(3):
        other = mistaken.copy()
        other[index] = 0.0
        assert found(other, mistaken).startswith(f"[{index}] yours 0, expected")


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_two_numbers_that_differ_are_written_differently(one, other):
    left, right = numbers_apart(one, other)
    assert (left != right) == (one != other or math.copysign(1, one) != math.copysign(1, other))


# To JSON and back -------------------------------------------------------------------------------------------------------------

leaves = (
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, min_side=0, max_side=3), elements=st.floats(width=64))
    | hnp.arrays(np.int64, hnp.array_shapes(max_side=3)) | hnp.arrays(np.bool_, hnp.array_shapes(max_side=3))
)  # fmt: skip
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=8
)


def identical(one, other) -> bool:
    if isinstance(one, np.ndarray):
        same_kind = isinstance(other, np.ndarray) and one.dtype == other.dtype
        return same_kind and np.array_equal(one, other, equal_nan=one.dtype == float)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


@given(values)
def test_a_value_comes_back_from_json_as_it_was(value):
    value = plain(value)
    back = from_json(json.loads(json.dumps(to_json(value))))
    assert identical(value, back)
    assert difference(back, value) is None


def test_an_exception_comes_back_by_its_kind_and_a_function_cannot_be_kept():
    assert from_json(to_json(Raised(("ValueError", "Exception"), "secret", "line 1"))) == Raised(("ValueError",))
    assert from_json(to_json(Odd("a thing"))) == Odd("a thing")
    for value in (len, np.float64):
        with pytest.raises(TypeError, match="cannot be recorded"):
            to_json(plain(value))


# In checks --------------------------------------------------------------------------------------------------------------------


def test_close_names_the_place_and_same_both_values():
    close([1, -2, 3], VECTOR)
    close((1.0, VECTOR), [1, [1, -2, 3]])
    with pytest.raises(CheckFailed, match=r"^after 3 steps\[1\]: yours 5, expected -2$"):
        close([1, 5, 3], VECTOR, where="after 3 steps")
    with pytest.raises(CheckFailed, match=r"^yours 1, expected 1.1$"):
        close(1.0, 1.1)
    close(1.0 + 1e-7, 1.0, rtol=1e-6)
    same(np.bool_(True), True)
    same(3, 3)
    for got, expected in ((1, True), (3.0, 3), (None, False), ("b", "a")):
        with pytest.raises(CheckFailed, match=r"^flag: yours is "):
            same(got, expected, where="flag")


@pytest.mark.parametrize("value", [None, True, 3, 10**30, 2.5, "x" * 100, VECTOR, [1], {"a": 1}, len, Odd("a thing"), 1j])
def test_a_description_is_a_few_words(value):
    assert 0 < len(describe(plain(value))) < 60
