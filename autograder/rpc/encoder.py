"""Values to nodes.

`Encoder.child(value)` gives what stands for a value in its parent: a JSON scalar, or a reference to a node, which it
appends to the table if the value has none yet. `WRITERS` has a function for each built-in type; NumPy's and Keras's
types are recognized by `_numeric` and `_model`. What is not data goes to `other`, which gives a node (a handle) or
raises RpcError.
"""

import collections
import contextlib
import datetime
import decimal
import fractions
import os
import pathlib
import types
from collections.abc import Callable, Sequence
from typing import Any

from autograder.common.arrays import array_bytes
from autograder.common.language import english
from autograder.keras_codec import models
from autograder.rpc import numeric, symbolic
from autograder.rpc.builtin_names import (
    SLOTS,
    bounded_decimal,
    bounded_fraction,
    bounded_integer,
    ends_more,
    exception_base,
    is_plain_exception,
    type_name,
)
from autograder.rpc.frames import RpcError
from autograder.rpc.links import Links
from autograder.rpc.proxies import is_handle

Node = dict[str, Any]
MAX_DEPTH = 100
MAX_NODES = 1_000_000
GRANTED = "AUTOGRADER_MODEL_HANDLES"  # set where the instructor lets models that can't cross be handles
MAX_ATTRIBUTES = 100  # of an exception
LONG = 1000  # characters of a text, or numbers of a list, from which on they are a buffer


class Encoder:
    """Encodes one message: `nodes` and `buffers`. `sources[n]` is the object that node n stands for."""

    def __init__(self, other: Callable[[Any], Node], answered: Sequence[Any] = (), links: Links | None = None) -> None:
        """`answered`: the objects of the request that this message answers, each under its number there."""
        self.nodes: list[Node | None] = []
        self.buffers: list[memoryview] = []
        self.sources: list[Any] = []  # also keeps them alive, so that no id is used twice
        self._other = other
        self._refs: dict[int, list[int]] = {id(o): [n, 0] for n, o in enumerate(answered) if is_mutable(o)}
        self._depth = 0
        self._links = links
        self.place = ""  # the work folder, which has another path on the other side
        self.trusted = False  # the examiner's: its exceptions cross as such, not as handles

    def child(self, value: Any) -> Any:
        """What stands for `value` in its parent. Raises RpcError where it can't cross."""
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        if kind is types.TracebackType:  # of frames that the other side does not have
            return None
        if kind is int and abs(value) < 1 << 53:
            return value
        if kind is str and len(value) <= LONG and not (self.place and value.startswith(self.place)):
            return value
        if id(value) in self._refs:
            return self._refs[id(value)]
        number = len(self.nodes)
        if number >= MAX_NODES:
            raise RpcError(english("more than %(count)s parts", count=f"{MAX_NODES:,}"))
        self.nodes.append(None)
        self.sources.append(value)
        self._refs[id(value)] = [number]
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                raise RpcError(english("nested deeper than %(count)s levels", count=MAX_DEPTH))
            self.nodes[number] = self.node(value)
        except RpcError:
            del self._refs[id(value)]
            raise
        finally:
            self._depth -= 1
        return [number]

    def again(self, value: Any) -> list[int]:
        """A new node for `value`, with its present content, though it may be known already."""
        self.nodes.append(None)
        self.sources.append(value)
        number = len(self.nodes) - 1
        self.nodes[number] = self.node(value)
        return [number]

    def node(self, value: Any) -> Node:
        """The node of `value` itself, whether it has been written before or not."""
        made = self._node(value)
        if self._links is not None and (key := self._links.key(value)) is not None:
            made["k"] = key
        return made

    def _node(self, value: Any) -> Node:
        kind = type(value)
        write = WRITERS.get(kind)
        if write is not None:
            return write(self, value)
        if is_handle(value):  # whatever class it claims
            return self._other(value)
        if (
            isinstance(value, tuple)
            and kind.__mro__[1:2] == (tuple,)
            and isinstance(getattr(kind, "_fields", 0), tuple)
        ):
            return {"t": "namedtuple", "n": kind.__name__, "f": list(kind._fields), "v": self._all(value)}
        if isinstance(value, type):
            name = "RuntimeError" if self.trusted and ends_more(value) else type_name(value)
            return {"t": "type", "n": name} if name is not None else self._other(value)
        if kind.__module__ == "uuid" and kind.__name__ == "UUID":
            return {"t": "uuid", "v": value.hex}
        if isinstance(value, BaseException) and (self.trusted or is_plain_exception(kind)):
            return self._exception(value)
        return (
            self._random(value)
            or self._numeric(value)
            or self._symbolic(value)
            or self._model(value)
            or self._other(value)
        )

    def buffer(self, data: bytes | memoryview) -> int:
        """Append a buffer; returns its number."""
        self.buffers.append(memoryview(data))
        return len(self.buffers) - 1

    def _all(self, values: Any) -> list[Any]:
        return [self.child(value) for value in values]

    def _exception(self, value: BaseException) -> Node:
        """With its text and arguments, as one of the nearest built-in class, and of its own where that may be known."""
        kind = type(value)
        if ends_more(kind):
            return {"t": "exception", "n": "RuntimeError", "v": [kind.__name__]}
        node: Node = {"t": "exception", "n": exception_base(kind)}
        try:
            node["v"] = self._all(value.args)
        except RpcError:
            node["v"] = [str(value)]
        node["a"] = self.attributes(value)
        if not is_plain_exception(kind):
            with contextlib.suppress(RpcError):
                node["c"] = self.child(kind)
        return node

    def attributes(self, error: BaseException) -> list[list[Any]]:
        """What an exception has been given besides its arguments, as far as it can cross: names and children."""
        if self.trusted:  # a test's are its own
            return []
        found = []
        for name, value in list(vars(error).items())[:MAX_ATTRIBUTES]:
            if isinstance(name, str) and name.isidentifier() and not name.startswith("_"):
                with contextlib.suppress(RpcError):
                    found.append([name, self.child(value)])
        return found

    def _random(self, value: Any) -> Node | None:
        state = numeric.random_state(value)
        return None if state is None else {"t": "random", "k": state[0], "v": self.child(state[1])}

    def _symbolic(self, value: Any) -> Node | None:
        try:
            text = symbolic.text_of(value)
        except RpcError:
            if self.trusted:
                raise
            return None  # a handle
        return None if text is None else {"t": "expression", "v": text}

    def _numeric(self, value: Any) -> Node | None:
        numpy = numeric.loaded("numpy")
        if numpy is None:
            return None
        if type(value) is numpy.ndarray:
            return self._array(value)
        if type(value) is numpy.matrix:
            return {"t": "matrix", "a": self.child(numpy.asarray(value))}
        if type(value) is numpy.ma.MaskedArray and not value.dtype.hasobject:
            mask = None if value.mask is numpy.ma.nomask else numpy.asarray(value.mask)
            return {"t": "masked", "a": self.child(numpy.asarray(value.data)), "m": self.child(mask)}
        if isinstance(value, numpy.generic):
            if value.dtype.hasobject:
                return None
            array = numpy.asarray(value)
            return {"t": "scalar", "d": numeric.dtype_text(array.dtype), "x": array_bytes(array).hex()}
        if isinstance(value, numpy.dtype):
            return {"t": "dtype", "d": numeric.dtype_text(value)}
        if numeric.is_tensor(value):
            framework, array = numeric.tensor_array(value)
            return {"t": "tensor", "f": framework, "a": self.child(array)}
        return self._table(value)

    def _array(self, array: Any) -> Node:
        if array.dtype.hasobject and array.dtype.kind == "O":
            return {"t": "objects", "s": list(array.shape), "v": self._all(array.reshape(-1).tolist())}
        data = self.buffer(array_bytes(array))
        node = {"t": "array", "d": numeric.dtype_text(array.dtype), "s": list(array.shape), "b": data}
        return {**node, "o": "F"} if array.flags.f_contiguous and not array.flags.c_contiguous else node

    def _table(self, value: Any) -> Node | None:
        pandas = numeric.loaded("pandas")
        if pandas is None:
            return None
        if type(value) is pandas.DataFrame:
            columns = [self._column(value.iloc[:, i]) for i in range(value.shape[1])]
            return {"t": "frame", "n": self._index(value.columns), "c": columns, "i": self._index(value.index)}
        if type(value) is pandas.Series:
            return {"t": "series", "n": self.child(value.name), "c": self._column(value), "i": self._index(value.index)}
        if isinstance(value, pandas.MultiIndex):
            levels = [self._column(value.get_level_values(level)) for level in range(value.nlevels)]
            return {"t": "levels", "n": self.child(list(value.names)), "c": levels}
        if isinstance(value, pandas.Index):
            return {"t": "index", "n": self.child(value.name), "c": self._column(value)}
        if isinstance(value, pandas.Timestamp):
            return {"t": "timestamp", "v": value.isoformat()}
        if isinstance(value, pandas.Timedelta):
            return {"t": "duration", "v": value.isoformat()}
        if isinstance(value, pandas.Period):
            return {"t": "period", "v": str(value), "f": value.freqstr}
        return None

    def _column(self, column: Any) -> list[Any]:
        """The elements as an array, and the name of the dtype they had."""
        array = column.to_numpy()
        if array.dtype.kind == "O":
            missing = column.isna()
            array = array.copy()
            array[missing] = None
        return [self.child(array), str(column.dtype)]

    def _index(self, index: Any) -> Any:
        pandas = numeric.loaded("pandas")
        if isinstance(index, pandas.RangeIndex):
            return self.child(range(index.start, index.stop, index.step))
        return self.child(index)

    def _model(self, value: Any) -> Node | None:
        if models.is_model(value):
            try:
                description, arrays = models.describe(value)
            except models.ModelError as error:
                if os.environ.get(GRANTED):
                    return None
                raise RpcError(str(error)) from None
            return {"t": "model", "v": self.child(description), "a": self._all(arrays)}
        if models.is_history(value):
            return {"t": "history", "v": self.child(models.describe_history(value)), "m": self._model_of(value)}
        return None

    def _model_of(self, history: Any) -> Any:
        """The history's model, if it has one that can cross."""
        try:
            return self.child(history.model) if models.is_model(getattr(history, "model", None)) else None
        except RpcError:
            return None


def is_mutable(value: Any) -> bool:
    """Whether a call may change `value` so that its caller sees it."""
    if type(value) in (list, dict, set, bytearray, collections.OrderedDict, collections.defaultdict):
        return True
    if type(value) in (collections.deque, collections.Counter):
        return True
    if is_handle(value):
        return False
    numpy = numeric.loaded("numpy")
    if numpy is not None and type(value) is numpy.ndarray:
        return True
    if numeric.is_table(value):
        return True
    return numeric.random_state(value) is not None or models.is_model(value) or models.is_history(value)


def _integer(encoder: Encoder, value: int) -> Node:
    return {"t": "int", "v": hex(bounded_integer(value))}


def _fraction(encoder: Encoder, value: fractions.Fraction) -> Node:
    bounded_fraction(value)
    return {"t": "Fraction", "v": encoder._all((value.numerator, value.denominator))}


def _text(encoder: Encoder, value: str) -> Node:
    rest = value[len(encoder.place) :]
    if encoder.place and value.startswith(encoder.place) and len(rest) <= LONG and rest[:1] in ("", "/"):
        return {"t": "place", "v": rest}
    return {"t": "str", "b": encoder.buffer(value.encode("utf-8", "surrogatepass"))}


def _list(encoder: Encoder, value: list[Any]) -> Node:
    if len(value) >= LONG:
        import array

        if all(type(item) is float for item in value):
            return {"t": "list", "f": encoder.buffer(array.array("d", value).tobytes())}
        if all(type(item) is int and abs(item) < 1 << 53 for item in value):
            return {"t": "list", "q": encoder.buffer(array.array("q", value).tobytes())}
        if (kind := type(value[0])).__module__ == "numpy" and all(type(item) is kind for item in value):
            row = numeric.row_of(value)
            if row is not None:
                return {"t": "list", "a": encoder.child(row)}
    return {"t": "list", "v": encoder._all(value)}


def _pairs(encoder: Encoder, value: dict[Any, Any]) -> list[Any]:
    return [[encoder.child(key), encoder.child(item)] for key, item in value.items()]


def _defaultdict(encoder: Encoder, value: "collections.defaultdict[Any, Any]") -> Node:
    factory = value.default_factory
    name = None if factory is None else type_name(factory) if isinstance(factory, type) else ""
    made = {} if factory is None or name else {"f": encoder.child(factory)}
    return {"t": "defaultdict", "n": name or None, "v": _pairs(encoder, value), **made}


def _slot(encoder: Encoder, value: types.WrapperDescriptorType) -> Node:
    """A special method that a class has from `object`, so that a test finds that it has none of its own."""
    name = value.__name__
    return {"t": "slot", "n": name} if SLOTS.get(name) is value else encoder._other(value)


def _path(encoder: Encoder, value: pathlib.Path) -> Node:
    return {"t": "path", "v": encoder.child(str(value))}


WRITERS: dict[type, Callable[[Encoder, Any], Node]] = {
    int: _integer,
    str: _text,
    complex: lambda encoder, v: {"t": "complex", "v": [v.real, v.imag]},
    bytes: lambda encoder, v: {"t": "bytes", "b": encoder.buffer(v)},
    bytearray: lambda encoder, v: {"t": "bytearray", "b": encoder.buffer(bytes(v))},
    list: _list,
    tuple: lambda encoder, v: {"t": "tuple", "v": encoder._all(v)},
    set: lambda encoder, v: {"t": "set", "v": encoder._all(v)},
    frozenset: lambda encoder, v: {"t": "frozenset", "v": encoder._all(v)},
    dict: lambda encoder, v: {"t": "dict", "v": _pairs(encoder, v)},
    collections.OrderedDict: lambda encoder, v: {"t": "OrderedDict", "v": _pairs(encoder, v)},
    collections.Counter: lambda encoder, v: {"t": "Counter", "v": _pairs(encoder, v)},
    collections.defaultdict: _defaultdict,
    collections.deque: lambda encoder, v: {"t": "deque", "v": encoder._all(v), "n": v.maxlen},
    type({}.keys()): lambda encoder, v: {"t": "keys", "v": encoder._all(v)},
    type({}.values()): lambda encoder, v: {"t": "values", "v": encoder._all(v)},
    type({}.items()): lambda encoder, v: {"t": "items", "v": _pairs(encoder, dict(v))},
    range: lambda encoder, v: {"t": "range", "v": encoder._all((v.start, v.stop, v.step))},
    slice: lambda encoder, v: {"t": "slice", "v": encoder._all((v.start, v.stop, v.step))},
    types.WrapperDescriptorType: _slot,
    type(...): lambda encoder, v: {"t": "ellipsis"},
    decimal.Decimal: lambda encoder, v: {"t": "Decimal", "v": str(bounded_decimal(v))},
    fractions.Fraction: _fraction,
    pathlib.PosixPath: _path,
    datetime.date: lambda encoder, v: {"t": "date", "v": v.isoformat()},
    datetime.datetime: lambda encoder, v: {"t": "datetime", "v": v.isoformat()},
    datetime.time: lambda encoder, v: {"t": "time", "v": v.isoformat()},
    datetime.timedelta: lambda encoder, v: {"t": "timedelta", "v": encoder._all((v.days, v.seconds, v.microseconds))},
}
