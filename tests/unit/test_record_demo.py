"""The recording of the demo: each printed line appears in its turn, in a window that fits."""

import re

import record_demo
from repository import ROOT


def texts(svg: str) -> str:
    return re.sub(r"<[^>]+>", "", svg).replace("&#160;", " ")


def test_every_line_is_there_and_appears_after_those_before_it() -> None:
    svg = record_demo.picture([(0.0, "first"), (1.0, "\x1b[1msecond\x1b[0m"), (50.0, "third")])
    assert re.findall("first|second|third", texts(svg)) == ["first", "second", "third"]
    appearing = [float(at) for at in re.findall(r"animation-delay: ([\d.]+)s", svg)]
    assert appearing == sorted(appearing)
    assert appearing[0] == 0
    assert appearing[-1] == record_demo.SECONDS


def test_waiting_is_shortened() -> None:
    first, second, third = record_demo.delays([1.0, 2.0, 100.0])
    assert third - second == (second - first) * record_demo.PAUSE


def test_a_long_output_has_the_height_of_the_window() -> None:
    heights = [
        float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', record_demo.picture([(n, f"{n}") for n in range(count)]))[1])
        for count in (record_demo.LINES - 1, 100)
    ]
    assert abs(heights[0] - heights[1]) < 1


def test_nothing_is_fetched_from_elsewhere() -> None:
    svg = record_demo.picture([(0.0, "line")])
    assert re.findall(r"url\((?!#)|@font-face|@import|href", svg) == []


def test_the_recording_in_the_docs_is_of_the_whole_demo() -> None:
    told = texts((ROOT / "docs" / "demo.svg").read_text(encoding="utf-8"))
    assert record_demo.COMMAND in told
    assert "4/4  Grades" in told
    assert "Done in" in told
