"""One graded notebook, as each platform that starts a grader wants to read it.

    SubmissionResult --`PLATFORMS[name].write`--> files, by name

A platform is a function of the one result, and where its container has the submission and looks for the files. Where a
format can't say "no score", and there is none, the file with the score is not written.
"""

import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from autograder.common.language import gettext, ngettext
from autograder.grading.student_results import Test

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Ending(Enum):
    """How the grading of one notebook ended."""

    GRADED = auto()
    TO_CORRECT = auto()  # there is nothing to grade, and the student can put that right
    TO_REVIEW = auto()  # a person has to look at it
    FAULT = auto()  # of the grader or the machine


@dataclass(frozen=True)
class SubmissionResult:
    """What came of one notebook. `remarks` are for the student, above the tests; `status` is what our records call it.

    `zero`: a score of 0 is wanted where the student has something to correct.
    """

    assignment: str
    ending: Ending
    status: str
    remarks: Sequence[str] = ()
    tests: Sequence[Test] = ()
    zero: bool = False

    @property
    def score(self) -> float | None:
        """Points of the tests that have any; None: there is no score."""
        if self.ending == Ending.GRADED:
            return sum(test.score for test in self.tests if test.score is not None)
        return 0.0 if self.zero and self.ending == Ending.TO_CORRECT else None

    @property
    def waiting(self) -> float:
        """Points that a person has to give."""
        return sum(test.points for test in self.tests if test.score is None)

    @property
    def fraction(self) -> float | None:
        """The score as a part (0 to 1) of what tests can give; None: there is no score."""
        most = sum(test.points for test in self.tests if test.score is not None)
        if self.score is None or (self.ending == Ending.GRADED and not most):
            return None
        return min(1.0, max(0.0, self.score / most)) if most else 0.0

    @property
    def told(self) -> str:
        """What the student reads above the tests."""
        by_hand = ngettext(
            "%(points)s points are still to be graded by hand.",
            "%(points)s points are still to be graded by hand.",
            self.waiting,
            points=f"{self.waiting:g}",
        )
        return "\n".join([*self.remarks, *([by_hand] if self.waiting else [])])


Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Platform:
    """How a platform reads results, and its container's folders."""

    write: Callable[[SubmissionResult], Files]
    files: tuple[str, ...]  # all that `write` may give
    submission: str = "/submission"
    results: str = "/results"
    visible_only: bool = False  # the grader runs where students see all that it has
    by_file: bool = False  # an exit code other than 0 means that the grader failed, whatever it has written


def gradescope(result: SubmissionResult) -> Files:
    """results.json: https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format.

    It has no way to say "no score yet" but to have no score; its specification asks for one, though.
    """
    shown = {"output_format": "text", "visibility": "visible"}
    tests = [
        {
            "name": test.name,
            **({} if test.score is None else {"score": test.score, "max_score": test.points}),
            "output": test.message,
            **shown,
        }
        for test in result.tests
    ]
    by_hand = {"points_by_hand": result.waiting} if result.ending == Ending.GRADED else {}
    score = {} if result.score is None else {"score": result.score}
    extra = {"status": result.status, **by_hand}
    return _json("results.json", {**score, "output": result.told, **shown, "tests": tests, "extra_data": extra})


def prairielearn(result: SubmissionResult) -> Files:
    """results.json: https://prairielearn.readthedocs.io/en/latest/externalGrading/#grading-results.

    A submission without a score is not gradable there, which costs neither points nor an attempt.
    """
    if result.ending != Ending.GRADED or result.fraction is None:
        return _json("results.json", {"gradable": False, "message": result.told, "format_errors": [result.told]})
    tests = [
        {"name": test.name, "points": test.score, "max_points": test.points, "message": test.message}
        for test in result.tests
        if test.score is not None
    ]
    return _json("results.json", {"gradable": True, "score": result.fraction, "message": result.told, "tests": tests})


def coursera(result: SubmissionResult) -> Files:
    """feedback.json, as `coursera_autograder grade local` checks it: https://github.com/coursera/coursera_autograder."""
    if result.fraction is None:
        return {}
    feedback = "\n\n".join(filter(None, [result.told, *map(_in_words, result.tests)]))
    return _json("feedback.json", {"fractionalScore": result.fraction, "feedback": feedback or gettext("Graded.")})


def classroom50(result: SubmissionResult) -> Files:
    """result.json, `classroom50/result/v1`: https://github.com/foundation50/classroom50/wiki/Advanced-Autograding.

    Scores are whole numbers there: those of a test are rounded down. Its runner says in variables what is graded.
    """
    if result.ending != Ending.GRADED:
        return {}
    tests: list[dict[str, Any]] = []
    for test in result.tests:
        passed, most = test.score == test.points, 0 if test.score is None else math.ceil(test.points)
        score = most if passed else math.floor(test.score or 0.0)
        scores = {"passed": passed, "score": score, "max-score": most}
        tests.append({"test-name": test.name, **scores, "message": test.message})
    commit = os.environ.get("COMMIT_URL", "")
    about = {
        "schema": "classroom50/result/v1",
        "classroom": os.environ.get("CLASSROOM", ""),
        "assignment": os.environ.get("ASSIGNMENT", ""),
        "assignment_type": os.environ.get("ASSIGNMENT_TYPE") or "individual",
        "owner": os.environ.get("OWNER") or os.environ.get("USERNAME", ""),
        "submission": os.environ.get("SUBMISSION_TAG", ""),
        "commit": commit,
        "release": os.environ.get("RELEASE_URL", ""),
        "review": os.environ.get("REVIEW_URL") or commit,
        "datetime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
    }
    return _json("result.json", {**about, "tests": tests})


def manytask(result: SubmissionResult) -> Files:
    """The body of manytask's `POST /api/<course>/report`, without the username; and the tests for GitLab, as JUnit XML.

    The page "api" of the documentation in https://github.com/manytask/manytask, and
    https://docs.gitlab.com/ci/testing/unit_test_reports/.
    manytask takes "1" for one point, and "1.0" for all points, so the score always has decimals.
    """
    files = {"junit.xml": _junit(result)}
    if result.fraction is not None:
        form = urlencode({"task": result.assignment, "score": f"{result.fraction:.4f}"})
        files["manytask.form"] = form.encode()
    return files


def _junit(result: SubmissionResult) -> bytes:
    """Each test as a test case; what was not graded is one in error."""
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", name=_xml(result.assignment))
    for test in result.tests:
        case = ElementTree.SubElement(suite, "testcase", name=_xml(test.name), classname=_xml(result.assignment))
        if test.score is None:
            ElementTree.SubElement(case, "skipped", message=_xml(test.message))
        elif test.score < test.points:
            failure = ElementTree.SubElement(case, "failure", message=_points(test.score, test.points))
            failure.text = _xml(test.message)
    if result.ending != Ending.GRADED:
        case = ElementTree.SubElement(suite, "testcase", name=_xml(result.status), classname=_xml(result.assignment))
        ElementTree.SubElement(case, "error", message=_xml(result.told))
    found: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return found


def _xml(text: str) -> str:
    """The text without what XML can't have."""
    return _NOT_IN_XML.sub("", text)


def _in_words(test: Test) -> str:
    points = gettext("by hand") if test.score is None else _points(test.score, test.points)
    return "\n".join(filter(None, [f"{test.name}: {points}", test.message]))


def _points(score: float, most: float) -> str:
    values = {"points": f"{score:g}", "most": f"{most:g}"}
    return ngettext("%(points)s of %(most)s points", "%(points)s of %(most)s points", most, **values)


def _json(name: str, content: Mapping[str, Any]) -> Files:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    return {name: text.encode("utf-8", "backslashreplace")}


PLATFORMS: dict[str, Platform] = {
    "gradescope": Platform(gradescope, ("results.json",)),
    "prairielearn": Platform(prairielearn, ("results.json",), "/grade/student", "/grade/results", by_file=True),
    "coursera": Platform(coursera, ("feedback.json",), "/shared/submission", "/shared", by_file=True),
    "classroom50": Platform(classroom50, ("result.json",), ".", ".", visible_only=True),
    "manytask": Platform(manytask, ("manytask.form", "junit.xml")),
}
