"""Values of our classes as JSON and back: the same, or refused with the place of what is wrong."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from autograder.common.serialization import dump, load
from autograder.grading.job import Outcome, ReviewItem, ReviewKind, Status
from autograder.sandbox.limits import Limits


@dataclass(frozen=True)
class Parcel:
    limits: Limits
    items: tuple[ReviewItem, ...] = ()
    seconds: dict[int, float] = field(default_factory=dict)
    anything: Any = None


def test_what_is_written_comes_back() -> None:
    item = ReviewItem(ReviewKind.LEAKAGE, "привет \ud800")  # as names of files may be
    parcel = Parcel(Limits(cell_seconds=5), (item,), {3: 0.5}, [1, {"a": None}])
    again = load(dump(parcel), Parcel)
    assert (again.items, again.seconds, again.anything) == (parcel.items, parcel.seconds, parcel.anything)
    assert again.items[0].kind is ReviewKind.LEAKAGE
    assert again.limits.cell_seconds == 5
    assert again.limits.memory_bytes == Limits().memory_bytes


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"items": [{"kind": "leakage", "text": 3}]}, "$.items[0].text"),
        ({"items": [{"kind": "full marks", "text": ""}]}, "$.items[0].kind"),
        ({"items": [{"kind": "leakage"}]}, "$.items[0]"),
        ({"seconds": {"one": 1.0}}, "$.seconds"),
        ({"seconds": {"1": "1.0"}}, "$.seconds"),
        ({"limits": {"cell_seconds": "long"}}, "$.limits"),
        ({"limits": {"cell_minutes": 1}}, "$.limits"),
        ({"limits": [60]}, "$.limits"),
        ({"limits": None}, "$.limits"),
    ],
)
def test_what_is_malformed_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    data = {"limits": {}, "items": [], "seconds": {}} | change
    with pytest.raises(ValueError, match="at `") as refused:
        load(json.dumps(data), Parcel)
    assert place in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "null", "3", "[]", "[" * 100_000, b"\xff\xfe"])
def test_what_is_no_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  of json, of msgspec, or of the text's encoding
        load(text, Parcel)


def test_a_deep_value_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises((RecursionError, ValueError)):
        dump(Parcel(Limits(), anything=deep))


def test_what_has_no_form_in_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no form in JSON"):
        dump(Outcome(Status.GRADED, outputs=[[{"data": object()}]]))
