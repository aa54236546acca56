"""Each platform's files are in its documented format, whatever came of the submission; and say no score where none is.

The schemas are written from the platforms' documentation, whose addresses are in `autograder/lms/platforms.py`.
"""

import json
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import jsonschema
import pytest

from autograder.grading.student_results import Test
from autograder.lms.platforms import PLATFORMS, Ending, SubmissionResult

TEXT, NAME = {"type": "string"}, {"type": "string", "minLength": 1}
PART = {"type": "number", "minimum": 0, "maximum": 1}
POINTS = {"type": "number", "minimum": 0}
WHOLE = {"type": "integer", "minimum": 0}
CLASSROOM50_TEST = {
    "type": "object",
    "required": ["test-name", "passed", "score", "max-score"],
    "properties": {"test-name": NAME, "passed": {"type": "boolean"}, "score": WHOLE, "max-score": WHOLE},
}
CLASSROOM50_TEXTS = ("classroom", "assignment", "owner", "commit", "release", "review")
CLASSROOM50 = {
    "schema": {"const": "classroom50/result/v1"},
    **dict.fromkeys(CLASSROOM50_TEXTS, NAME),
    "assignment_type": {"enum": ["individual", "group"]},
    "submission": {"type": "string", "pattern": "^submit/"},
    "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    "score": WHOLE,
    "max-score": WHOLE,
    "tests": {"type": "array", "items": CLASSROOM50_TEST},
}
PRAIRIELEARN_TEST = {
    "type": "object",
    "required": ["name", "points", "max_points"],
    "properties": {"name": NAME, "points": POINTS, "max_points": POINTS, "message": TEXT},
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "results.json": {
        "type": "object",
        "properties": {
            "gradable": {"type": "boolean"},
            "score": PART,
            "message": TEXT,
            "format_errors": {"type": "array", "items": NAME},
            "tests": {"type": "array", "items": PRAIRIELEARN_TEST},
        },
        "if": {"properties": {"gradable": {"const": True}}},
        "then": {"required": ["score"]},
        "else": {"required": ["format_errors"], "not": {"required": ["score"]}},
    },
    "feedback.json": {
        "type": "object",
        "required": ["fractionalScore", "feedback"],
        "properties": {"fractionalScore": PART, "feedback": NAME},
    },
    "result.json": {
        "type": "object",
        "additionalProperties": False,
        "required": list(CLASSROOM50),
        "properties": CLASSROOM50,
    },
}
RUNNER = {
    "CLASSROOM": "cnn",
    "ASSIGNMENT": "mnist",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "ada",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://git.example/commit/1",
    "RELEASE_URL": "https://git.example/releases/1",
    "REVIEW_URL": "",
}
TESTS = (
    Test("Exercise 1", 2.0, 2.0),
    Test("Exercise 2 <b>&", 1.5, 3.5, "expected 5, received 6 \x1b\x00]]>"),
    Test("Задание 3", 0.0, 2.5, "Ответа нет."),
    Test("Essay", None, 6.0, "This is graded by hand."),
)
GRADED = SubmissionResult("mnist", Ending.GRADED, "graded", ["setup: put back."], TESTS)
ONLY_BY_HAND = SubmissionResult("mnist", Ending.GRADED, "graded", (), TESTS[3:])
OTHERS = [
    SubmissionResult("", ending, "not graded", ["Submit mnist.ipynb."], zero=zero)
    for ending in (Ending.TO_CORRECT, Ending.TO_REVIEW, Ending.FAULT)
    for zero in (False, True)
]


@pytest.fixture(autouse=True)
def _runner(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in RUNNER.items():
        monkeypatch.setenv(name, value)


def written(platform: str, result: SubmissionResult) -> dict[str, Any]:
    """The JSON files by name; those of others are None."""
    files = PLATFORMS[platform].write(result)
    assert set(files) <= set(PLATFORMS[platform].files)
    return {name: json.loads(content) if name.endswith(".json") else None for name, content in files.items()}


@pytest.mark.parametrize("result", [GRADED, ONLY_BY_HAND, *OTHERS])
@pytest.mark.parametrize("platform", ["prairielearn", "coursera", "classroom50"])
def test_what_is_written_is_in_the_platforms_format(platform: str, result: SubmissionResult) -> None:
    for name, content in written(platform, result).items():
        jsonschema.validate(content, SCHEMAS[name])


@pytest.mark.parametrize("result", OTHERS)
def test_no_platform_gets_a_score_that_nobody_gave(result: SubmissionResult) -> None:
    wants_zero = result.zero and result.ending == Ending.TO_CORRECT
    assert ("score" in written("gradescope", result)["results.json"]) == wants_zero
    assert written("prairielearn", result)["results.json"]["gradable"] is False
    assert ("feedback.json" in written("coursera", result)) == wants_zero
    assert written("classroom50", result) == {}
    assert ("manytask.form" in written("manytask", result)) == wants_zero


def test_a_fraction_is_of_the_points_that_tests_give() -> None:
    assert written("prairielearn", GRADED)["results.json"]["score"] == pytest.approx(3.5 / 8)
    assert written("coursera", GRADED)["feedback.json"]["fractionalScore"] == pytest.approx(3.5 / 8)
    assert written("prairielearn", ONLY_BY_HAND)["results.json"]["gradable"] is False
    assert written("coursera", ONLY_BY_HAND) == {}


def test_the_messages_and_what_waits_for_a_person_are_told() -> None:
    feedback = written("coursera", GRADED)["feedback.json"]["feedback"]
    for text in (
        "setup: put back.",
        "6 points are still to be graded by hand.",
        "Задание 3: 0 of 2.5 points",
        "Ответа",
    ):
        assert text in feedback
    (_, second, third) = written("prairielearn", GRADED)["results.json"]["tests"]
    assert (second["points"], second["max_points"], third["message"]) == (1.5, 3.5, "Ответа нет.")


def test_classroom50_gets_whole_points_and_what_its_runner_says() -> None:
    result = written("classroom50", GRADED)["result.json"]
    assert [(test["passed"], test["score"], test["max-score"]) for test in result["tests"]] == [
        (True, 2, 2),
        (False, 1, 4),
        (False, 0, 3),
        (False, 0, 0),
    ]
    assert (result["score"], result["max-score"], result["owner"], result["review"]) == (
        3,
        9,
        "ada",
        RUNNER["COMMIT_URL"],
    )


def test_manytask_never_reads_all_points_as_one() -> None:
    full = SubmissionResult("mnist", Ending.GRADED, "graded", (), TESTS[:1])
    form = parse_qs(PLATFORMS["manytask"].write(full)["manytask.form"].decode())
    assert form == {"task": ["mnist"], "score": ["1.0000"]}


def test_gitlab_gets_a_test_case_for_each_test() -> None:
    suite = ElementTree.fromstring(PLATFORMS["manytask"].write(GRADED)["junit.xml"]).find("testsuite")
    assert suite is not None
    cases = {case.get("name"): [part.tag for part in case] for case in suite}
    assert cases == {
        "Exercise 1": [],
        "Exercise 2 <b>&": ["failure"],
        "Задание 3": ["failure"],
        "Essay": ["skipped"],
    }
    failed = suite.find("testcase[2]/failure")
    assert failed is not None
    assert (failed.get("message"), failed.text) == ("1.5 of 3.5 points", "expected 5, received 6 ]]>")
    (fault,) = ElementTree.fromstring(PLATFORMS["manytask"].write(OTHERS[-1])["junit.xml"]).iter("error")
    assert fault.get("message") == "Submit mnist.ipynb."
