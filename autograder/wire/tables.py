"""pandas' tables from nodes: columns as arrays, each with the name of its dtype."""

from typing import TYPE_CHECKING, Any

from autograder.wire import numeric
from autograder.wire.frames import WireError
from autograder.wire.plain import MAX_ELEMENTS

if TYPE_CHECKING:
    from autograder.wire.decoder import Decoder

EXTENSIONS = ("category", "string", "str", "boolean", "Int8", "Int16", "Int32", "Int64", "Float32", "Float64")


def _pandas() -> Any:
    pandas = numeric.loaded("pandas")
    if pandas is None:
        raise WireError("a table of pandas, which the instructor's notebook doesn't import")
    return pandas


def _column(decoder: "Decoder", part: Any) -> Any:
    import numpy as np

    if not (isinstance(part, list) and len(part) == 2 and isinstance(part[1], str)):
        raise WireError("a column that is none")
    elements, name = decoder.value(part[0]), part[1]
    if type(elements) is not np.ndarray or elements.ndim != 1:
        raise WireError("a column that is no row of numbers or objects")
    try:
        return _pandas().array(elements, dtype=name) if name in EXTENSIONS else elements
    except (TypeError, ValueError) as error:
        raise WireError(f"a column of dtype {name} that is none: {error}") from None


def _index(decoder: "Decoder", child: Any) -> Any:
    pandas, value = _pandas(), decoder.value(child)
    if type(value) is range:
        if value[MAX_ELEMENTS:]:
            raise WireError(f"an index of {value!r}")
        return pandas.RangeIndex(value.start, value.stop, value.step)
    if not isinstance(value, pandas.Index):
        raise WireError("an index that is none")
    return value


def frame(decoder: "Decoder", number: int, node: dict[str, Any]) -> Any:
    """A DataFrame."""
    names = decoder.value(node["n"])
    columns = [_column(decoder, part) for part in node["c"]]
    rows = _index(decoder, node["i"])
    if not isinstance(names, list) or len(names) != len(columns):
        raise WireError("a table with more columns than names, or fewer")
    pandas = _pandas()
    result = pandas.DataFrame(dict(enumerate(columns)), index=rows)
    result.columns = names
    return result


def series(decoder: "Decoder", number: int, node: dict[str, Any]) -> Any:
    """A Series."""
    elements, rows = _column(decoder, node["c"]), _index(decoder, node["i"])
    return _pandas().Series(elements, index=rows, name=decoder.value(node["n"]))


def index(decoder: "Decoder", number: int, node: dict[str, Any]) -> Any:
    """An Index of one level."""
    return _pandas().Index(_column(decoder, node["c"]), name=decoder.value(node["n"]))


def levels(decoder: "Decoder", number: int, node: dict[str, Any]) -> Any:
    """An Index of several levels."""
    pandas, names = _pandas(), decoder.value(node["n"])
    columns = [_column(decoder, part) for part in node["c"]]
    if not isinstance(names, list) or len(names) != len(columns) or not columns:
        raise WireError("an index with more levels than names, or fewer")
    if len({len(column) for column in columns}) != 1:
        raise WireError("an index whose levels differ in length")
    return pandas.MultiIndex.from_arrays(columns, names=names)


def timestamp(decoder: "Decoder", number: int, node: dict[str, Any]) -> Any:
    """A Timestamp."""
    if not isinstance(node["v"], str) or len(node["v"]) > 100:
        raise WireError("a time that is none")
    return _pandas().Timestamp(node["v"])
