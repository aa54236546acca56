"""Nodes to values, strictly: whatever the nodes hold, the result is a value of the closed set, or RpcError.

`Decoder.value` takes a child, and decodes the node that it refers to when it is first asked for, which decodes that
node's children first. `READERS` has a function for each kind of node; what is no data (handles) is left to `other`. A
mutable container is registered before its children are decoded, as it may contain itself; anything else that contains
itself is refused. Time and memory are bounded: the number of nodes and their depth, each buffer is used once, and the
sizes of numbers and arrays are checked before they are built.
"""

import array
import collections
import datetime
import decimal
import fractions
import keyword
import pathlib
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from autograder.common.language import english
from autograder.keras_codec import models
from autograder.rpc import numeric, symbolic
from autograder.rpc.builtin_names import (
    EXCEPTIONS,
    MAX_DECIMAL,
    MAX_ELEMENTS,
    MAX_FRACTION,
    MAX_INTEGER,
    SLOTS,
    bounded_decimal,
    bounded_integer,
    bounded_keys,
    named_type,
    new_exception,
)
from autograder.rpc.encoder import MAX_ATTRIBUTES, MAX_DEPTH, MAX_NODES
from autograder.rpc.frames import RpcError
from autograder.rpc.links import Links
from autograder.rpc.proxies import is_handle

Node = dict[str, Any]
_IN_PROGRESS = object()


class Decoder:
    """Decodes one message. `objects[n]` is the value of node n, once it has been decoded."""

    def __init__(
        self,
        nodes: Any,
        buffers: Sequence[bytearray],
        other: Callable[["Decoder", Node], Any],
        sources: Sequence[Any] = (),
        budget: models.Budget | None = None,
        links: Links | None = None,
    ) -> None:
        """`sources`: the objects of the request that this message answers; `other` decodes handles.

        `budget`: how large a model may be.
        """
        if not isinstance(nodes, list) or len(nodes) > MAX_NODES:
            raise RpcError("malformed message: no table of nodes")
        self.nodes: list[Any] = nodes
        self.buffers = buffers
        self.objects: list[Any] = [None] * len(nodes)
        self._state: list[object] = [None] * len(nodes)
        self._other = other
        self._sources = sources
        self._budget = budget or models.Budget()
        self._depth = 0
        self._links = links
        self.frozen = False  # what is known by its key stays as it is
        self._used: set[int] = set()
        self.place: str = ""  # the work folder, which has another path on the other side
        self.known: Callable[[str], type | None] = lambda name: None  # the notebook's own class of that name
        self.rebuild: Callable[..., Any] = models.rebuild  # a model of its description, its arrays, and the budget

    def value(self, child: Any) -> Any:
        """The value of a child, which is a JSON scalar or a reference. Raises RpcError where it is malformed."""
        if child is None or type(child) in (bool, int, float, str):
            return child
        if not (isinstance(child, list) and child and type(child[0]) is int):
            raise RpcError("malformed child: neither a scalar nor a reference")
        number = child[0]
        if len(child) == 2 and child[1] == 0 and 0 <= number < len(self._sources):
            return self._sources[number]
        if len(child) != 1 or not 0 <= number < len(self.nodes):
            raise RpcError("malformed reference to a node")
        if self._state[number] is _IN_PROGRESS:
            raise RpcError(english("a value that contains itself"))
        if self._state[number] is None:
            self._state[number] = _IN_PROGRESS
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise RpcError(english("nested deeper than %(count)s levels", count=MAX_DEPTH))
            try:
                self.register(number, self._read(number))
            finally:
                self._depth -= 1
        return self.objects[number]

    def register(self, number: int, value: Any) -> Any:
        """Set and return the value of node `number`. A container is registered while empty: it may hold itself."""
        self.objects[number] = value
        self._state[number] = True
        return value

    def node(self, number: Any) -> Node:
        """Node `number`: a dict with its kind in `t`. Raises RpcError where it is malformed."""
        node = self.nodes[number] if type(number) is int and 0 <= number < len(self.nodes) else None
        if not (isinstance(node, dict) and isinstance(node.get("t"), str)):
            raise RpcError("malformed node")
        return node

    def buffer(self, number: Any) -> bytearray:
        """Buffer `number`. Each may be used once, as an array uses its memory; raises RpcError the second time."""
        if type(number) is not int or not 0 <= number < len(self.buffers) or number in self._used:
            raise RpcError("malformed reference to a buffer")
        self._used.add(number)
        return self.buffers[number]

    def all(self, children: Any) -> list[Any]:
        """The values of a list of children. Raises RpcError where it is malformed."""
        if not isinstance(children, list):
            raise RpcError("malformed list of children")
        return [self.value(child) for child in children]

    def linked(self, node: Node, made: Any) -> Any:
        """What is known here by the key of that node; where nothing is, None, and `made` is from now on."""
        if self._links is None or "k" not in node:
            return None
        found = self._links.get(node["k"])
        if found is None:
            self._links.add(node["k"], made)
        elif type(found) is not type(made):
            raise RpcError("malformed key: it is of something else")
        return found

    def container(self, number: int, node: Node, made: Any, fill: Callable[["Decoder", Node], Any]) -> Any:
        """A mutable container: what is known here by its key, else `made`, which is empty; with what `fill` gives."""
        known = self.linked(node, made)
        value = self.register(number, made if known is None else known)
        items = fill(self, node)
        if known is None or not self.frozen:
            value.clear()
            if isinstance(value, dict):
                for key, item in items:
                    value[key] = item
            else:
                value.update(items) if isinstance(value, set) else value.extend(items)
        return value

    def _read(self, number: int) -> Any:
        node = self.node(number)
        reader = READERS.get(node["t"])
        try:
            return self._other(self, node) if reader is None else reader(self, number, node)
        except RpcError:
            raise
        except (TypeError, ValueError, KeyError, OverflowError, ArithmeticError, RecursionError) as error:
            raise RpcError(f"malformed {node['t'][:50]}: {error}") from None

    def model(self, node: Node) -> tuple[Any, list[Any]]:
        """The description and the arrays in a model's node."""
        return self.value(node["v"]), self.all(node["a"])

    @property
    def budget(self) -> models.Budget:
        """How large a model in this message may be."""
        return self._budget


EXTENSIONS = ("category", "string", "str", "boolean", "Int8", "Int16", "Int32", "Int64", "Float32", "Float64")


def _pandas() -> Any:
    pandas = numeric.loaded("pandas")
    if pandas is None:
        raise RpcError(english("a table of pandas, which the instructor's notebook doesn't import"))
    return pandas


def _column(decoder: Decoder, part: Any) -> Any:
    import numpy as np

    if not (isinstance(part, list) and len(part) == 2 and isinstance(part[1], str)):
        raise RpcError("malformed column")
    elements, name = decoder.value(part[0]), part[1]
    if type(elements) is not np.ndarray or elements.ndim != 1:
        raise RpcError("malformed column: not a one-dimensional array")
    try:
        return _pandas().array(elements, dtype=name) if name in EXTENSIONS else elements
    except (TypeError, ValueError) as error:
        raise RpcError(f"malformed column of dtype {name}: {error}") from None


def _index_of(decoder: Decoder, child: Any) -> Any:
    pandas, value = _pandas(), decoder.value(child)
    if type(value) is range:
        if value[MAX_ELEMENTS:]:
            raise RpcError(english("an index of %(rows)s", rows=repr(value)))
        return pandas.RangeIndex(value.start, value.stop, value.step)
    if not isinstance(value, pandas.Index):
        raise RpcError("malformed index")
    return value


def _frame(decoder: Decoder, number: int, node: dict[str, Any]) -> Any:
    """A DataFrame: columns by position, as names may repeat, then the names."""
    names = _index_of(decoder, node["n"])
    columns = [_column(decoder, part) for part in node["c"]]
    rows = _index_of(decoder, node["i"])
    if len(names) != len(columns):
        raise RpcError("malformed table: its columns and their names differ in number")
    pandas = _pandas()
    result = pandas.DataFrame(dict(enumerate(columns)), index=rows)
    result.columns = names
    return result


def _series(decoder: Decoder, number: int, node: dict[str, Any]) -> Any:
    """A Series: one column, an index and a name."""
    elements, rows = _column(decoder, node["c"]), _index_of(decoder, node["i"])
    return _pandas().Series(elements, index=rows, name=decoder.value(node["n"]))


def _index(decoder: Decoder, number: int, node: dict[str, Any]) -> Any:
    """An Index of one level: a column and a name."""
    return _pandas().Index(_column(decoder, node["c"]), name=decoder.value(node["n"]))


def _levels(decoder: Decoder, number: int, node: dict[str, Any]) -> Any:
    """A MultiIndex: a column and a name for each level."""
    pandas, names = _pandas(), decoder.value(node["n"])
    columns = [_column(decoder, part) for part in node["c"]]
    if not isinstance(names, list) or len(names) != len(columns) or not columns:
        raise RpcError("malformed index: its levels and their names differ in number")
    if len({len(column) for column in columns}) != 1:
        raise RpcError("malformed index: its levels differ in length")
    return pandas.MultiIndex.from_arrays(columns, names=names)


def _timestamp(decoder: Decoder, number: int, node: dict[str, Any]) -> Any:
    """A Timestamp, from its ISO 8601 text."""
    if not isinstance(node["v"], str) or len(node["v"]) > 100:
        raise RpcError("malformed time")
    return _pandas().Timestamp(node["v"])


def _duration(decoder: Decoder, number: int, node: Node) -> Any:
    """A Timedelta, from its ISO 8601 text."""
    return _pandas().Timedelta(_string(node["v"], 100))


def _period(decoder: Decoder, number: int, node: Node) -> Any:
    """A Period, from its text and its frequency's."""
    return _pandas().Period(_string(node["v"], 100), freq=_string(node["f"], 100))


def _string(value: Any, longest: int = 1000) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise RpcError(english("expected a text of at most %(count)s characters", count=f"{longest:,}"))
    return value


def _packed(decoder: Decoder, node: Node, code: str) -> list[Any]:
    values = array.array(code)
    values.frombytes(bytes(decoder.buffer(node["f" if code == "d" else "q"])))
    return values.tolist()


def fill_list(decoder: Decoder, node: Node) -> list[Any]:
    """The elements in a list's node: children (`v`), a buffer of floats (`f`) or integers (`q`), or an array (`a`)."""
    if "f" in node:
        return _packed(decoder, node, "d")
    if "a" in node:
        import numpy as np

        row = decoder.value(node["a"])
        if type(row) is not np.ndarray or row.ndim != 1:
            raise RpcError("malformed list of numbers")
        return list(row)
    return _packed(decoder, node, "q") if "q" in node else decoder.all(node["v"])


def fill_dict(decoder: Decoder, node: Node) -> list[tuple[Any, Any]]:
    """The (key, value) pairs in a dict's node, in order. Raises RpcError where too many keys have one hash."""
    pairs = [decoder.all(pair) for pair in node["v"]]
    if not all(len(pair) == 2 for pair in pairs):
        raise RpcError("malformed pair of a dict")
    bounded_keys([key for key, _ in pairs])
    return [(key, item) for key, item in pairs]


def fill_set(decoder: Decoder, node: Node) -> list[Any]:
    """The elements in a set's node. Raises RpcError where too many of them have one hash."""
    return bounded_keys(decoder.all(node["v"]))


def _container(make: Callable[[Node], Any], fill: Callable[[Decoder, Node], Any]) -> Callable[..., Any]:
    """A reader of mutable containers, which `make` makes empty, and `fill` gives the elements of."""

    def read(decoder: Decoder, number: int, node: Node) -> Any:
        return decoder.container(number, node, make(node), fill)

    return read


def _new_defaultdict(node: Node) -> Any:
    factory = None if node["n"] is None else named_type(node["n"])
    if node["n"] is not None and factory is None:
        raise RpcError("malformed defaultdict: unknown type")
    return collections.defaultdict(factory)


def _defaultdict(decoder: Decoder, number: int, node: Node) -> Any:
    value = decoder.container(number, node, _new_defaultdict(node), fill_dict)
    if "f" in node:
        factory = decoder.value(node["f"])
        if not is_handle(factory):
            raise RpcError("malformed defaultdict: its factory is not a handle")
        value.default_factory = factory
    return value


def _new_deque(node: Node) -> Any:
    if node["n"] is not None and type(node["n"]) is not int:
        raise RpcError("malformed length of a deque")
    return collections.deque(maxlen=node["n"])


def _namedtuple(decoder: Decoder, number: int, node: Node) -> Any:
    names = node["f"]
    if not (isinstance(names, list) and 0 < len(names) <= 200):
        raise RpcError("malformed namedtuple: no names")
    for name in [node["n"], *names]:
        if not (isinstance(name, str) and name.isidentifier() and len(name) < 200 and not keyword.iskeyword(name)):
            raise RpcError("malformed name of a namedtuple")
    values = decoder.all(node["v"])
    known = decoder.known(node["n"])
    if known is not None and known.__mro__[1:2] == (tuple,) and getattr(known, "_fields", None) == tuple(names):
        if len(values) != len(names):
            raise RpcError("malformed namedtuple: its values and names differ in number")
        return tuple.__new__(known, values)
    return collections.namedtuple(node["n"], names)(*values)


def _type(decoder: Decoder, number: int, node: Node) -> type:
    found = named_type(node["n"])
    if found is None:
        raise RpcError(english("a type that is not in the closed set"))
    return found


def _exception(decoder: Decoder, number: int, node: Node) -> Exception:
    base = EXCEPTIONS[_string(node["n"])]
    own = decoder.value(node.get("c"))
    kind = own if not is_handle(own) and isinstance(own, type) and issubclass(own, base) else base
    error = new_exception(kind, decoder.all(node["v"]))
    set_attributes(error, decoder, node.get("a", []))
    return error


def set_attributes(error: Exception, decoder: Decoder, pairs: Any) -> None:
    """Give an exception the attributes in `pairs` of names and children. Raises RpcError where they are malformed.

    They are put where they shadow no method or property of its class.
    """
    if not isinstance(pairs, list) or len(pairs) > MAX_ATTRIBUTES:
        raise RpcError("malformed attributes")
    for pair in pairs:
        match pair:
            case [str() as name, child] if name.isidentifier() and not name.startswith("_") and len(name) < 200:
                vars(error)[name] = decoder.value(child)
            case _:
                raise RpcError("malformed attribute")


def _fraction(decoder: Decoder, number: int, node: Node) -> fractions.Fraction:
    parts = decoder.all(node["v"])
    if len(parts) != 2 or not all(type(part) is int for part in parts):
        raise RpcError("malformed fraction")
    return fractions.Fraction(*(bounded_integer(part, MAX_FRACTION) for part in parts))


def _complex(decoder: Decoder, number: int, node: Node) -> complex:
    real, imaginary = node["v"]
    if type(real) is not float or type(imaginary) is not float:
        raise RpcError("malformed complex number")
    return complex(real, imaginary)


def _array(decoder: Decoder, number: int, node: Node) -> Any:
    came = numeric.rebuild_array(node["d"], node["s"], decoder.buffer(node["b"]))
    if node.get("o") == "F":  # sums are the same to the last bit only where the order in memory is
        came = came.copy(order="F")
    known = decoder.linked(node, came)
    if known is None or decoder.frozen:
        return came if known is None else known
    if known.shape != came.shape or known.dtype != came.dtype or not known.flags.writeable:
        raise RpcError(
            english(
                "an array of shape %(old)s was changed to shape %(new)s, or was read-only",
                old=known.shape,
                new=came.shape,
            )
        )
    known[...] = came
    return known


def _scalar(decoder: Decoder, number: int, node: Node) -> Any:
    data = bytearray.fromhex(_string(node["x"], 1 << 22))
    return numeric.rebuild_array(node["d"], [], data)[()]


def _path(decoder: Decoder, number: int, node: Node) -> pathlib.Path:
    return pathlib.Path(_string(decoder.value(node["v"]), 5000))


def _objects(decoder: Decoder, number: int, node: Node) -> Any:
    import numpy as np

    shape = numeric.bounded_shape(node["s"])
    result = decoder.register(number, np.empty(len(node["v"]), object))
    for place, item in enumerate(decoder.all(node["v"])):
        result[place] = item
    return result.reshape(shape)


def _matrix(decoder: Decoder, number: int, node: Node) -> Any:
    import numpy as np

    return np.asmatrix(decoder.value(node["a"]))


def _masked(decoder: Decoder, number: int, node: Node) -> Any:
    import numpy as np

    data, mask = decoder.value(node["a"]), decoder.value(node["m"])
    if type(data) is not np.ndarray or not (mask is None or (type(mask) is np.ndarray and mask.shape == data.shape)):
        raise RpcError("malformed masked array")
    return np.ma.MaskedArray(data, np.ma.nomask if mask is None else mask)


def _tensor(decoder: Decoder, number: int, node: Node) -> Any:
    import numpy as np

    elements = decoder.value(node["a"])
    if type(elements) is not np.ndarray:
        raise RpcError("malformed tensor: its elements are not an array")
    return numeric.rebuild_tensor(node["f"], elements)


def _model(decoder: Decoder, number: int, node: Node) -> Any:
    description, arrays = decoder.model(node)
    try:
        return decoder.rebuild(description, arrays, decoder.budget)
    except models.ModelError as error:
        raise RpcError(str(error)) from None


def _history(decoder: Decoder, number: int, node: Node) -> Any:
    try:
        history = models.rebuild_history(decoder.value(node["v"]))
    except models.ModelError as error:
        raise RpcError(str(error)) from None
    model = None if node["m"] is None else decoder.value(node["m"])
    if models.is_model(model):
        history.set_model(model)
    return history


Reader = Callable[[Decoder, int, Node], Any]
READERS: dict[str, Reader] = {
    "int": lambda d, _, node: bounded_integer(int(_string(node["v"], MAX_INTEGER), 16)),
    "str": lambda d, _, node: d.buffer(node["b"]).decode("utf-8", "surrogatepass"),
    "place": lambda d, _, node: d.place + _string(node["v"]),
    "path": _path,
    "complex": _complex,
    "bytes": lambda d, _, node: bytes(d.buffer(node["b"])),
    "bytearray": _container(lambda node: bytearray(), lambda d, node: d.buffer(node["b"])),
    "list": _container(lambda node: [], fill_list),
    "tuple": lambda d, _, node: tuple(d.all(node["v"])),
    "set": _container(lambda node: set(), fill_set),
    "frozenset": lambda d, _, node: frozenset(fill_set(d, node)),
    "dict": _container(lambda node: {}, fill_dict),
    "OrderedDict": _container(lambda node: collections.OrderedDict(), fill_dict),
    "defaultdict": _defaultdict,
    "Counter": _container(lambda node: collections.Counter(), fill_dict),
    "deque": _container(_new_deque, lambda d, node: d.all(node["v"])),
    "keys": lambda d, _, node: dict.fromkeys(fill_set(d, node)).keys(),
    "values": lambda d, _, node: dict(enumerate(d.all(node["v"]))).values(),
    "items": lambda d, _, node: dict(fill_dict(d, node)).items(),
    "namedtuple": _namedtuple,
    "range": lambda d, _, node: range(*d.all(node["v"])),
    "slice": lambda d, _, node: slice(*d.all(node["v"])),
    "slot": lambda d, _, node: SLOTS[_string(node["n"])],
    "ellipsis": lambda d, _, node: ...,
    "Decimal": lambda d, _, node: bounded_decimal(decimal.Decimal(_string(node["v"], 2 * MAX_DECIMAL))),
    "Fraction": _fraction,
    "date": lambda d, _, node: datetime.date.fromisoformat(_string(node["v"])),
    "datetime": lambda d, _, node: datetime.datetime.fromisoformat(_string(node["v"])),
    "time": lambda d, _, node: datetime.time.fromisoformat(_string(node["v"])),
    "uuid": lambda d, _, node: uuid.UUID(_string(node["v"])),
    "timedelta": lambda d, _, node: datetime.timedelta(*d.all(node["v"])),
    "type": _type,
    "exception": _exception,
    "array": _array,
    "scalar": _scalar,
    "matrix": _matrix,
    "masked": _masked,
    "objects": _objects,
    "dtype": lambda d, _, node: numeric.named_dtype(node["d"]),
    "tensor": _tensor,
    "random": lambda d, _, node: numeric.rebuild_random(node["k"], d.value(node["v"])),
    "frame": _frame,
    "series": _series,
    "index": _index,
    "levels": _levels,
    "timestamp": _timestamp,
    "duration": _duration,
    "period": _period,
    "expression": lambda d, _, node: symbolic.rebuild(node["v"]),
    "model": _model,
    "history": _history,
}
