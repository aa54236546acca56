"""What each kind of node becomes: a reader for each, which takes the decoder, the node's number and the node."""

import array
import collections
import datetime
import decimal
import fractions
import keyword
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograder.wire import models, numeric, tables
from autograder.wire.frames import WireError
from autograder.wire.handles import is_handle
from autograder.wire.plain import (
    EXCEPTIONS,
    MAX_DECIMAL,
    MAX_FRACTION,
    MAX_INTEGER,
    bounded_decimal,
    bounded_integer,
    bounded_keys,
    named_type,
    new_exception,
)

if TYPE_CHECKING:
    from autograder.wire.decoder import Decoder

Node = dict[str, Any]


def _string(value: Any, longest: int = 1000) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise WireError("a text where none can be")
    return value


def _packed(decoder: "Decoder", node: Node, code: str) -> list[Any]:
    values = array.array(code)
    values.frombytes(bytes(decoder.buffer(node["f" if code == "d" else "q"])))
    return values.tolist()


def fill_list(decoder: "Decoder", node: Node) -> list[Any]:
    """The elements of a list's node."""
    if "f" in node:
        return _packed(decoder, node, "d")
    if "a" in node:
        import numpy as np

        row = decoder.value(node["a"])
        if type(row) is not np.ndarray or row.ndim != 1:
            raise WireError("a list of numbers that is none")
        return list(row)
    return _packed(decoder, node, "q") if "q" in node else decoder.all(node["v"])


def fill_dict(decoder: "Decoder", node: Node) -> list[tuple[Any, Any]]:
    """The pairs of a dict's node."""
    pairs = [decoder.all(pair) for pair in node["v"]]
    if not all(len(pair) == 2 for pair in pairs):
        raise WireError("a dict's pair that is none")
    bounded_keys([key for key, _ in pairs])
    return [(key, item) for key, item in pairs]


def fill_set(decoder: "Decoder", node: Node) -> list[Any]:
    """The elements of a set's node."""
    return bounded_keys(decoder.all(node["v"]))


def _container(make: Callable[[Node], Any], fill: Callable[["Decoder", Node], Any]) -> Callable[..., Any]:
    def read(decoder: "Decoder", number: int, node: Node) -> Any:
        value = decoder.keep(number, make(node))
        getattr(value, "extend" if isinstance(value, list | collections.deque) else "update")(fill(decoder, node))
        return value

    return read


def _new_defaultdict(node: Node) -> Any:
    factory = None if node["n"] is None else named_type(node["n"])
    if node["n"] is not None and factory is None:
        raise WireError("a defaultdict of no known type")
    return collections.defaultdict(factory)


def _defaultdict(decoder: "Decoder", number: int, node: Node) -> Any:
    value = decoder.keep(number, _new_defaultdict(node))
    if "f" in node:
        factory = decoder.value(node["f"])
        if not is_handle(factory):
            raise WireError("a defaultdict whose default is made by no function of the other side")
        value.default_factory = factory
    value.update(fill_dict(decoder, node))
    return value


def _new_deque(node: Node) -> Any:
    if node["n"] is not None and type(node["n"]) is not int:
        raise WireError("a deque's length that is none")
    return collections.deque(maxlen=node["n"])


def _counter(decoder: "Decoder", number: int, node: Node) -> Any:
    value = decoder.keep(number, collections.Counter())
    for key, count in fill_dict(decoder, node):
        value[key] = count
    return value


def _namedtuple(decoder: "Decoder", number: int, node: Node) -> Any:
    names = node["f"]
    if not (isinstance(names, list) and 0 < len(names) <= 200):
        raise WireError("a namedtuple without names")
    for name in [node["n"], *names]:
        if not (isinstance(name, str) and name.isidentifier() and len(name) < 200 and not keyword.iskeyword(name)):
            raise WireError("a namedtuple's name that is none")
    values = decoder.all(node["v"])
    known = decoder.known(node["n"])
    if known is not None and known.__mro__[1:2] == (tuple,) and getattr(known, "_fields", None) == tuple(names):
        if len(values) != len(names):
            raise WireError("a namedtuple with other values than names")
        return tuple.__new__(known, values)
    return collections.namedtuple(node["n"], names)(*values)


def _type(decoder: "Decoder", number: int, node: Node) -> type:
    found = named_type(node["n"])
    if found is None:
        raise WireError("a type that is not in the closed set")
    return found


def _exception(decoder: "Decoder", number: int, node: Node) -> Exception:
    base = EXCEPTIONS[_string(node["n"])]
    own = decoder.value(node.get("c"))
    kind = own if not is_handle(own) and isinstance(own, type) and issubclass(own, base) else base
    return new_exception(kind, decoder.all(node["v"]))


def _fraction(decoder: "Decoder", number: int, node: Node) -> fractions.Fraction:
    parts = decoder.all(node["v"])
    if len(parts) != 2 or not all(type(part) is int for part in parts):
        raise WireError("a fraction that is none")
    return fractions.Fraction(*(bounded_integer(part, MAX_FRACTION) for part in parts))


def _complex(decoder: "Decoder", number: int, node: Node) -> complex:
    real, imaginary = node["v"]
    if type(real) is not float or type(imaginary) is not float:
        raise WireError("a complex number that is none")
    return complex(real, imaginary)


def _array(decoder: "Decoder", number: int, node: Node) -> Any:
    return numeric.rebuild_array(node["d"], node["s"], decoder.buffer(node["b"]))


def _scalar(decoder: "Decoder", number: int, node: Node) -> Any:
    data = bytearray.fromhex(_string(node["x"], 1 << 22))
    return numeric.rebuild_array(node["d"], [], data)[()]


def _path(decoder: "Decoder", number: int, node: Node) -> pathlib.Path:
    return pathlib.Path(_string(decoder.value(node["v"]), 5000))


def _objects(decoder: "Decoder", number: int, node: Node) -> Any:
    import numpy as np

    shape = numeric.bounded_shape(node["s"])
    result = decoder.keep(number, np.empty(len(node["v"]), object))
    for place, item in enumerate(decoder.all(node["v"])):
        result[place] = item
    return result.reshape(shape)


def _tensor(decoder: "Decoder", number: int, node: Node) -> Any:
    import numpy as np

    elements = decoder.value(node["a"])
    if type(elements) is not np.ndarray:
        raise WireError("a tensor without elements")
    return numeric.rebuild_tensor(node["f"], elements)


def _model(decoder: "Decoder", number: int, node: Node) -> Any:
    description, arrays = decoder.model(node)
    try:
        return decoder.rebuild(description, arrays, decoder.budget)
    except models.ModelError as error:
        raise WireError(str(error)) from None


def _history(decoder: "Decoder", number: int, node: Node) -> Any:
    try:
        history = models.rebuild_history(decoder.value(node["v"]))
    except models.ModelError as error:
        raise WireError(str(error)) from None
    model = None if node["m"] is None else decoder.value(node["m"])
    if models.is_model(model):
        history.set_model(model)
    return history


Reader = Callable[["Decoder", int, Node], Any]
READERS: dict[str, Reader] = {
    "int": lambda d, _, node: bounded_integer(int(_string(node["v"], MAX_INTEGER), 16)),
    "str": lambda d, _, node: d.buffer(node["b"]).decode("utf-8", "surrogatepass"),
    "place": lambda d, _, node: d.place + _string(node["v"]),
    "path": _path,
    "complex": _complex,
    "bytes": lambda d, _, node: bytes(d.buffer(node["b"])),
    "bytearray": lambda d, _, node: d.buffer(node["b"]),
    "list": _container(lambda node: [], fill_list),
    "tuple": lambda d, _, node: tuple(d.all(node["v"])),
    "set": _container(lambda node: set(), fill_set),
    "frozenset": lambda d, _, node: frozenset(fill_set(d, node)),
    "dict": _container(lambda node: {}, fill_dict),
    "OrderedDict": _container(lambda node: collections.OrderedDict(), fill_dict),
    "defaultdict": _defaultdict,
    "Counter": _counter,
    "deque": _container(_new_deque, lambda d, node: d.all(node["v"])),
    "namedtuple": _namedtuple,
    "range": lambda d, _, node: range(*d.all(node["v"])),
    "slice": lambda d, _, node: slice(*d.all(node["v"])),
    "ellipsis": lambda d, _, node: ...,
    "Decimal": lambda d, _, node: bounded_decimal(decimal.Decimal(_string(node["v"], 2 * MAX_DECIMAL))),
    "Fraction": _fraction,
    "date": lambda d, _, node: datetime.date.fromisoformat(_string(node["v"])),
    "datetime": lambda d, _, node: datetime.datetime.fromisoformat(_string(node["v"])),
    "timedelta": lambda d, _, node: datetime.timedelta(*d.all(node["v"])),
    "type": _type,
    "exception": _exception,
    "array": _array,
    "scalar": _scalar,
    "objects": _objects,
    "dtype": lambda d, _, node: numeric.named_dtype(node["d"]),
    "tensor": _tensor,
    "random": lambda d, _, node: numeric.rebuild_random(node["k"], d.value(node["v"])),
    "frame": tables.frame,
    "series": tables.series,
    "index": tables.index,
    "levels": tables.levels,
    "timestamp": tables.timestamp,
    "model": _model,
    "history": _history,
}
