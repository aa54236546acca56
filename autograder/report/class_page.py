"""The page of a class: one HTML file that fetches nothing and runs one script, its own."""

from typing import Any

from markupsafe import Markup

from autograder import __version__
from autograder.exports.grades import NOT_SUBMITTED
from autograder.grading.record import now
from autograder.report.class_attention import KINDS, concerns
from autograder.report.class_charts import HEIGHT, LEFT, WIDTH, Histogram, fitting_edges, histogram
from autograder.report.class_data import Class
from autograder.report.class_statistics import FEWEST, spread
from autograder.report.class_summary import accuracies, cost, exercises, tests
from autograder.report.pages import digest, source, templates


def page(of: Class, course: str, *, anonymous: bool) -> str:
    """The whole file, as text."""
    environment = templates()
    environment.filters.update(percent=_percent, minutes=_minutes, signed=_signed)
    style, script = source("class.css"), source("class.js")
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    found = concerns(of)
    marked = of.marked
    return environment.get_template("class.html").render(
        policy=policy,
        style=Markup(style),
        script=Markup(script),
        of=of,
        course=course,
        made=now(),
        version=__version__,
        anonymous=anonymous,
        fewest=FEWEST,
        size={"width": WIDTH, "height": HEIGHT, "left": LEFT},
        handed_in=[student for student in of.students if student.grade.status != NOT_SUBMITTED],
        final=[student for student in marked if student.grade.score is not None],
        scores=spread([student.share for student in marked]),
        score_chart=_scores(of),
        accuracy_charts=[_accuracy(of, key, values) for key, values in accuracies(of).items()],
        exercises=exercises(of),
        tests=tests(of),
        cost=cost(of),
        concerns=found,
        kinds={kind: sum(one.kind == kind for one in found) for kind in KINDS},
        explained=KINDS,
        unsandboxed=sum(not run.sandboxed for student in of.students for run in student.runs.values()),
        not_isolated=sorted({cell for one in of.students for run in one.runs.values() for cell in run.not_isolated}),
    )


def _scores(of: Class) -> Histogram:
    final, waiting = list[float](), list[float]()
    for student in of.marked:
        (final if student.grade.score is not None else waiting).append(student.share * 100)
    series = {"graded": final, "waiting for points by hand or a new grading": waiting}
    return histogram("Scores", "score in percent", series, [10 * place for place in range(11)])


def _accuracy(of: Class, key: tuple[str, str], values: list[float]) -> Histogram:
    notebook, cell = key
    several = len({item.notebook for item in of.items}) > 1
    percent = [100 * value for value in values]
    name = f"Accuracy in {notebook}, {cell}" if several else f"Accuracy in {cell}"
    return histogram(name, "test accuracy in percent", {"models": percent}, fitting_edges(percent))


def _percent(value: Any) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _signed(value: Any) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _minutes(seconds: Any) -> str:
    """A time in words: 4.2 s, 3 min 20 s, 2 h 5 min."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
