"""Ordinary Python in answers and tests gives by RPC what it gives in one process."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rpc_pair import examining

from autograder.keras_codec import models
from autograder.rpc.file_sync import MAX_FILES, Folder

GIVEN = """
import enum
from dataclasses import dataclass
from typing import NamedTuple

class Point(NamedTuple):
    x: int
    y: int
    def norm(self): return abs(self.x) + abs(self.y)
@dataclass
class Size:
    width: int
class Color(enum.Enum):
    RED = 1
    BLUE = 2
class Level(enum.IntEnum):
    LOW = 1
class BankError(Exception): pass
"""
ANSWER = """
import collections, functools, os
from pathlib import Path
import numpy as np
import pandas as pd

class Vector:
    def __init__(self, data): self.data = np.array(data)
    def __eq__(self, other): return (self.data == other.data).all()
    def __contains__(self, x): return (self.data == x).any()
    def __len__(self): return np.sum(np.ones_like(self.data))

def traced(f):
    @functools.wraps(f)
    def inner(*args): return f(*args), inner.__name__
    return inner
def vectorized(f, x): return np.vectorize(f)(x)
def has(f, name): return hasattr(f, name)

def moved(p): return Point(p.x + 1, p.y), p.norm(), isinstance(p, Point), p == (3, 4)
def other(c): return {Color.RED: Color.BLUE}[c], c is Color.RED
def low(): return Level.LOW
def is_empty(size): return size == Size(0), size != Size(0)

class Overdrawn(BankError): pass
class OwnError(Exception): pass
class Deeper(OwnError): pass
class Negative(ValueError):
    def __init__(self, x): self.x = x
    def __str__(self): return f"negative number: {self.x}"
def take(kind): raise {"given": BankError, "below": Overdrawn, "deeper": Deeper}[kind](kind)
def root(x): raise Negative(x)
def inverse(a): return np.linalg.inv(a)

counts = collections.defaultdict(lambda: 7, {"a": 1})
many = list(np.arange(150_000))
pairs = [(a, b) for a, b in zip(np.arange(60_000), np.ones(60_000))]
table = pd.DataFrame({"k": ["a", "a", "b"], "j": [1, 2, 2], "v": [1.0, 2.0, 3.0]})
grouped = table.groupby(["k", "j"]).sum()
def clean(frame): frame["y"] = frame["x"] * 2
def halve(series): series /= 2
def drop(frame): frame.drop(columns="x", inplace=True)
def same(value): return value
def look(frame): return frame["x"].sum()

def save(text):
    path = os.path.abspath("out.txt")
    Path(path).write_text(text)
    return path, Path(path), Path("out.txt")
def read(path): return Path(path).read_text()
"""


@pytest.fixture
def fetch(tmp_path: Path) -> Iterator[Any]:
    folders = (tmp_path / "theirs", tmp_path / "own")
    for folder in folders:
        folder.mkdir()
    with examining(GIVEN + ANSWER, folders, **given()) as (_, fetch):
        yield fetch


@functools.cache
def given() -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(GIVEN, names)
    return {name: value for name, value in names.items() if getattr(value, "__module__", "") == "__main__"}


def test_truth_values_and_lengths_may_be_numpys(fetch: Any) -> None:
    vector = fetch("Vector")
    assert vector([1, 2]) == vector([1, 2])
    assert vector([1, 2]) != vector([1, 3])
    assert 2 in vector([1, 2])
    assert 3 not in vector([1, 2])
    assert len(vector([1, 2])) == 2


def test_a_function_of_the_test_can_be_wrapped(fetch: Any) -> None:
    def add(a: int, b: int) -> int:
        return a + b

    assert fetch("traced")(add)(1, 2) == (3, "add")
    assert fetch("vectorized")(lambda v: v * v, np.arange(3)).tolist() == [0, 1, 4]
    assert not fetch("has")(add, "vectorized")
    assert not fetch("has")(add, "__code__")


def test_named_tuples_of_the_given_class_stay_of_it(fetch: Any) -> None:
    point = given()["Point"](3, 4)
    back, norm, known, equal = fetch("moved")(point)
    assert (back, norm, known, equal) == ((4, 4), 7, True, True)
    assert type(back) is given()["Point"]
    assert back.norm() == 8


def test_members_of_given_enumerations_are_themselves(fetch: Any) -> None:
    color = given()["Color"]
    assert fetch("other")(color.RED) == (color.BLUE, True)
    assert fetch("other")(color.RED)[0] is color.BLUE
    assert fetch("low")() is given()["Level"].LOW


def test_an_object_of_a_given_class_equals_one_of_the_students(fetch: Any) -> None:
    assert fetch("is_empty")(given()["Size"](0)) == (True, False)
    assert fetch("is_empty")(given()["Size"](1)) == (False, True)


@pytest.mark.parametrize("kind", ["given", "below"])
def test_given_exceptions_are_caught(fetch: Any, kind: str) -> None:
    with pytest.raises(given()["BankError"], match=kind):
        fetch("take")(kind)


def test_exceptions_of_the_students_own_are_caught_by_what_they_are_made_from(fetch: Any) -> None:
    own = fetch("OwnError")
    with pytest.raises(own, match="deeper"):
        fetch("take")("deeper")
    assert issubclass(fetch("Deeper"), own)
    with pytest.raises(ValueError, match="negative number: -1"):
        fetch("root")(-1)


def test_exceptions_of_libraries_are_caught(fetch: Any) -> None:
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        fetch("inverse")(np.zeros((2, 2)))


def test_a_default_may_be_made_by_a_function(fetch: Any) -> None:
    counts = fetch("counts")
    assert dict(counts) == {"a": 1}
    assert counts["b"] == 7


def test_many_numbers_of_numpys_are_a_list_of_them(fetch: Any) -> None:
    many, pairs = fetch("many"), fetch("pairs")
    assert many == list(range(150_000))
    assert type(many[0]) is np.int64
    assert pairs[-1] == (59_999, 1.0)
    assert type(pairs[0][1]) is np.float64


def test_records_with_gaps_arrive(fetch: Any) -> None:
    records = np.zeros(3, np.dtype([("a", "i1"), ("b", "f8"), ("c", "i4")], align=True))
    records["b"] = [1, 2, 3]
    for part in (records, records[["a", "c"]]):
        back = fetch("same")(part.copy() if part is records else part)
        assert back.dtype.names == part.dtype.names
        assert back.tolist() == part.tolist()


def test_an_index_of_several_levels_arrives(fetch: Any) -> None:
    table = pd.DataFrame({"k": ["a", "a", "b"], "j": [1, 2, 2], "v": [1.0, 2.0, 3.0]})
    pd.testing.assert_frame_equal(fetch("grouped"), table.groupby(["k", "j"]).sum())


def test_what_a_call_changes_in_a_table_is_changed_here(fetch: Any) -> None:
    frame, series = pd.DataFrame({"x": [1, 2]}), pd.Series([1.0, 2.0])
    held = frame
    fetch("look")(frame)
    assert list(frame.columns) == ["x"]
    fetch("clean")(frame)
    fetch("halve")(series)
    assert held["y"].tolist() == [2, 4]
    assert series.tolist() == [0.5, 1.0]
    fetch("drop")(frame)
    assert list(held.columns) == ["y"]


def test_a_path_into_the_work_folder_leads_there_on_each_side(
    fetch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "own")
    text, absolute, relative = fetch("save")("saved")
    assert text == str(tmp_path / "own" / "out.txt")
    assert {Path(text).read_text(), absolute.read_text(), relative.read_text()} == {"saved"}
    Path("mine.txt").write_text("mine")
    assert fetch("read")(str(Path("mine.txt").resolve())) == "mine"
    assert fetch("read")(Path("mine.txt")) == "mine"


def test_a_new_file_makes_none_of_many_seem_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: sorted(scan(path), key=lambda entry: entry.name))
    for number in range(MAX_FILES + 100):
        (tmp_path / f"given-{number}.txt").write_text(str(number))
    folder = Folder(tmp_path, trusted=False)
    (tmp_path / "a-new-one.txt").write_text("new")
    (tmp_path / "given-7.txt").unlink()
    assert sorted(folder.changes()) == [("a-new-one.txt", b"new"), ("given-7.txt", None)]


@pytest.mark.parametrize("name", "relu relu6 elu selu sigmoid tanh softmax softplus gelu silu leaky_relu".split())
def test_a_function_of_tensorflow_is_kerass_activation(name: str) -> None:
    import keras
    import tensorflow as tf

    x = np.linspace(-7, 7, 12, dtype="float32").reshape(3, 4)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Activation(getattr(tf.nn, name))])
    expected = model.predict(x, verbose=0)
    rebuilt = models.rebuild(*models.describe(model), models.Budget())
    np.testing.assert_allclose(rebuilt.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)
