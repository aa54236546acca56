"""Values cross as they are: kind, content, aliasing; and nothing else does."""

import collections
import datetime
import decimal
import fractions
import math
import random
from typing import Any

import numpy as np
import pytest

from autograder.rpc.decoder import Decoder
from autograder.rpc.encoder import Encoder
from autograder.rpc.frames import RpcError


def no_handle(value: Any, node: Any = None) -> Any:
    raise RpcError(f"no data: {value!r}")


def there(value: Any) -> Any:
    """`value` after a way across."""
    encoder = Encoder(no_handle)
    child = encoder.child(value)
    return Decoder(encoder.nodes, [bytearray(b) for b in encoder.buffers], no_handle).value(child)


Point = collections.namedtuple("Point", "x y")
VALUES = [
    *(None, True, False, 0, -1, 2**53 - 1, 2**53, -(2**200), 0.1, -0.0, math.inf, 1e-310, 1 + 2j),
    *("", "text", "длинный текст" * 200, "\ud800", b"", b"bytes", bytearray(b"x")),
    *([], [1, "a", None], list(range(5000)), [0.1] * 5000, (), (1, (2, 3)), {1, 2}, frozenset("a")),
    *({}, {"a": 1, 2: [3], (4, 5): None}, range(1, 10, 2), slice(1, None), ...),
    *(collections.OrderedDict(b=1, a=2), collections.Counter("abca"), collections.deque([1, 2], maxlen=3)),
    collections.defaultdict(list, {"a": [1]}),
    *(decimal.Decimal("1.10"), fractions.Fraction(1, 3), datetime.date(2024, 2, 29)),
    *(datetime.datetime(2024, 1, 2, 3, 4, 5, 6, datetime.UTC), datetime.timedelta(1, 2, 3)),
    *(int, float, list, ValueError, np.float32, np.ndarray, np.dtype("float32")),
]
ARRAYS = [
    *(np.arange(6).reshape(2, 3), np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1), np.array(3.5), np.zeros((0, 3))),
    *(np.array([True, False]), np.array(["a", "юникод"]), np.array([b"x", b"yz"]), np.array([1 + 2j], "complex64")),
    *(np.array(["2024-01-01", "NaT"], "datetime64[D]"), np.array([1, 2], "timedelta64[s]"), np.ones(3, ">i2")),
    np.array([(1, 2.5)], [("a", "i4"), ("b", "f8", (2,))]),
    *(np.matrix([[1.0, 2.0]]), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
    *(np.float64(0.1), np.int8(-5), np.bool_(True), np.str_("a"), np.datetime64("2024-01-01")),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: f"{type(v).__name__}-{str(v)[:20]}")
def test_a_value_arrives_as_it_is(value: Any) -> None:
    result = there(value)
    assert type(result) is type(value)
    assert result == value
    assert str(result) == str(value)  # -0.0, order of a dict
    assert getattr(result, "maxlen", None) == getattr(value, "maxlen", None)


def test_nan_arrives_as_nan() -> None:
    assert math.isnan(there(math.nan))


@pytest.mark.parametrize("value", ARRAYS, ids=lambda v: f"{v.dtype}-{v.shape}")
def test_an_array_arrives_with_its_dtype_and_shape(value: Any) -> None:
    result = there(value)
    assert type(result) is type(value)
    assert (result.dtype, result.shape) == (value.dtype, value.shape)
    assert result.tobytes() == value.tobytes()
    assert result.strides == value.strides or value.flags.c_contiguous == value.flags.f_contiguous


def test_an_array_that_arrived_can_be_written() -> None:
    result = there(np.zeros(3))
    result[0] = 1
    assert result.tolist() == [1, 0, 0]


def test_an_array_of_objects_arrives() -> None:
    result = there(np.array([[1, "a"], [None, [2]]], object))
    assert result.shape == (2, 2)
    assert result.tolist() == [[1, "a"], [None, [2]]]


def test_bfloat16_arrives_by_name() -> None:
    import ml_dtypes

    value = np.array([1.5, -2], ml_dtypes.bfloat16)
    assert there(value).dtype == value.dtype
    assert there(value).tobytes() == value.tobytes()


def test_a_namedtuple_keeps_its_names() -> None:
    result = there(Point(1, 2))
    assert (type(result).__name__, result.x, result.y, result) == ("Point", 1, 2, (1, 2))


def test_an_exception_arrives_with_its_arguments() -> None:
    result = there(KeyError("a", 1))
    assert type(result) is KeyError
    assert result.args == ("a", 1)


def test_aliasing_and_cycles_are_kept() -> None:
    inner: list[Any] = [1]
    outer: list[Any] = [inner, inner, {"again": inner}]
    outer.append(outer)
    result = there(outer)
    assert result[0] is result[1] is result[2]["again"]
    assert result[3] is result


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState, random.Random])
def test_a_random_generator_draws_the_same_numbers(make: Any) -> None:
    original = make(5)
    assert there(original).random() == original.random()


def test_a_generator_of_another_bit_generator_draws_the_same_numbers() -> None:
    original = np.random.Generator(np.random.Philox(3))
    original.normal(size=5)
    assert there(original).normal() == original.normal()


def test_a_table_arrives_column_by_column() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: tables are not tried")
    table = pandas.DataFrame({"n": [1, 2], "x": [0.5, None], "s": ["a", "b"], "c": pandas.Categorical(["u", "v"])})
    table.index = pandas.Index(["r1", "r2"], name="row")
    pandas.testing.assert_frame_equal(there(table), table)
    pandas.testing.assert_series_equal(there(table["x"]), table["x"])


class Float(float):
    """A number that equals everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


class Own(np.ndarray[Any, Any]):
    """An array of a class of one's own."""


@pytest.mark.parametrize(
    "value",
    [Float(1), lambda: 1, open, object(), type("Own", (), {}), iter([]), np.arange(1).view(Own)],
    ids=["float subclass", "lambda", "builtin", "object", "class", "iterator", "array subclass"],
)
def test_what_is_no_plain_data_does_not_cross_as_data(value: Any) -> None:
    with pytest.raises(RpcError, match="no data"):
        there(value)


def test_nesting_has_a_limit() -> None:
    value: Any = []
    for _ in range(150):
        value = [value]
    with pytest.raises(RpcError, match="nested deeper than 100"):
        there(value)


HOSTILE = {
    "no reference": ([], [5]),
    "a reference to itself": ([{"t": "tuple", "v": [[0]]}], [0]),
    "no kind": ([{"v": 1}], [0]),
    "an unknown kind": ([{"t": "code", "v": 1}], [0]),
    "an unhashable key": ([{"t": "dict", "v": [[[1], 2]]}, {"t": "list", "v": []}], [0]),
    "an object dtype": ([{"t": "array", "d": "|O", "s": [1], "b": 0}], [0]),
    "too few bytes": ([{"t": "array", "d": "<f8", "s": [1000000000], "b": 0}], [0]),
    "a negative shape": ([{"t": "array", "d": "<f8", "s": [-1], "b": 0}], [0]),
    "a huge empty shape": ([{"t": "array", "d": "<f8", "s": [0, 1 << 39, 1 << 39], "b": 0}], [0]),
    "a namedtuple that is code": ([{"t": "namedtuple", "n": "a b", "f": ["x"], "v": [1]}], [0]),
    "a function as a type": ([{"t": "type", "n": "eval"}], [0]),
    "a module's function": ([{"t": "type", "n": "numpy.load"}], [0]),
    "a number that is no number": ([{"t": "int", "v": "zz"}], [0]),
    "an exception that ends the process": ([{"t": "exception", "n": "SystemExit", "v": []}], [0]),
    "a random state that is none": ([{"t": "random", "k": "PCG64", "v": {"a": 1}}], [0]),
    "a tensor of nothing": ([{"t": "tensor", "f": "os", "a": None}], [0]),
    "a date that is none": ([{"t": "date", "v": "tomorrow"}], [0]),
    "a range of texts": ([{"t": "range", "v": ["a", "b", "c"]}], [0]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_crafted_message_is_refused(name: str) -> None:
    nodes, child = HOSTILE[name]
    with pytest.raises(RpcError):
        Decoder(nodes, [bytearray(8)], no_handle).value(child)
