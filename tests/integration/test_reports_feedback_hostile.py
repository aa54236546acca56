"""Students who try to run something in the page, or to break it."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import browser, needs_chromium
from feedback_pages import Page, page
from graded_course import Course
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from records import ENVIRONMENT, TIME, grade_record

from autograder.common.serialization import to_data
from autograder.examiner.model_insight import LayerInsight, Misclassified, ModelInsight
from autograder.grading.job import GradingRun, Status
from autograder.grading.record import NotebookStatus, SubmissionStatus, read_record
from autograder.notebooks.reading import Mend
from autograder.reports.exercises import CellScore, Marks
from autograder.reports.feedback import page as make
from autograder.reports.feedback import read
from autograder.reports.sanitize import clean, markdown
from autograder.reports.shown import shown
from autograder.training.training_record import TrainedBy, TrainingRecord

PWN = "document.title='pwned'"
HOSTILE = [
    f"<script>{PWN}</script>",
    f"<scr<script>ipt>{PWN}</script>",
    f'<img src=x onerror="{PWN}">',
    f'<svg onload="{PWN}"><circle r=9 /></svg>',
    f"<svg><script>{PWN}</script></svg>",
    f'<math><mi//xlink:href="data:x,<script>{PWN}</script>">',
    f'<iframe srcdoc="<script>parent.{PWN}</script>"></iframe>',
    f'<iframe src="javascript:parent.{PWN}"></iframe>',
    f'<a href="javascript:{PWN}">click</a>',
    f'<a href=" java\tscript:{PWN}">click</a>',
    f'<a href="&#106;avascript:{PWN}">click</a>',
    f'<a href="data:text/html,<script>{PWN}</script>">click</a>',
    f'<details open ontoggle="{PWN}">x</details>',
    f'<body onload="{PWN}">',
    f'<form action="javascript:{PWN}"><button autofocus onfocus="{PWN}">x</button></form>',
    f'<input autofocus onfocus="{PWN}">',
    f'<object data="data:text/html,<script>{PWN}</script>"></object>',
    f'<embed src="data:text/html,<script>{PWN}</script>">',
    '<meta http-equiv=refresh content="0;url=http://evil.example/">',
    '<base href="http://evil.example/">',
    '<link rel=stylesheet href="http://evil.example/x.css">',
    "<style>body { display: none }</style>",
    '<div style="position:fixed;inset:0">full marks</div>',
    '<img src="http://evil.example/tracker.png">',
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    '<img src="data:image/png;base64,AAAA" srcset="http://evil.example/x.png">',
    f'<noscript><p title="</noscript><img src=x onerror={PWN}>">',
    f"<textarea><script>{PWN}</script></textarea>",
    f"<template><script>{PWN}</script></template>",
    f"</section></main></body><script>{PWN}</script>",
    f"<!--><img src=x onerror={PWN}>-->",
    f"<![CDATA[<script>{PWN}</script>]]>",
    '<span class="state full" id="score">9 of 9</span>',
    f'<table background="javascript:{PWN}"><td background="javascript:{PWN}">x',
    f'<video><source onerror="{PWN}"></video><audio src=x onerror="{PWN}">',
    f'<xss onpointerrawupdate="{PWN}" autofocus tabindex=1 onfocus="{PWN}">x</xss>',
]
IN_MARKDOWN = [
    f"[click](javascript:{PWN})",
    f"![x](javascript:{PWN})",
    f"<javascript:{PWN}>",
    f'```html" onmouseover="{PWN}\n<script>{PWN}</script>\n```',
    f"```mermaid\n<script>{PWN}</script>\n```",
    f"$<script>{PWN}</script>$ and $$<img src=x onerror={PWN}>$$",
    f"# Heading <script>{PWN}</script>\n\n#### Deep",
    "![x](http://evil.example/tracker.png)",
    f"[x]: javascript:{PWN}\n\n[x]",
]
WITHOUT_POLICY = '<meta http-equiv="Content-Security-Policy"'


def assert_harmless(html: str) -> None:
    found = Page(html)
    bad = {
        "script",
        "iframe",
        "object",
        "embed",
        "svg",
        "math",
        "form",
        "input",
        "base",
        "link",
        "style",
        "meta",
        "video",
    }
    assert not [tag for tag, _ in found.tags if tag in bad]
    for tag, attributes in found.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "id", "srcset")], tag
        for name in ("src", "href"):
            if name in attributes:
                start = ("data:image/png;base64,", "data:image/jpeg") if name == "src" else ("http", "mailto:", "#")
                assert attributes[name].startswith(start), (tag, attributes)
        assert "state" not in attributes.get("class", "").split()


@pytest.mark.parametrize("html", HOSTILE)
def test_html_is_harmless(html: str) -> None:
    assert_harmless(clean(html))
    assert_harmless(clean(f"<table><tr><td>{html}</td></tr></table>"))
    assert_harmless(markdown(html))


@pytest.mark.parametrize("text", IN_MARKDOWN)
def test_markdown_is_harmless(text: str) -> None:
    assert_harmless(markdown(text))


def test_what_is_harmless_stays() -> None:
    html = (
        '<table><tr><th scope="col">n</th></tr><tr><td>1</td></tr></table><b>bold</b> <a href="https://a.example">a</a>'
    )
    found = clean(html)
    assert "<th" in found
    assert "<b>bold</b>" in found
    assert 'href="https://a.example"' in found
    assert "<strong>well</strong>" in markdown("**well**")


def test_headings_come_below_the_pages_own_and_skip_no_level() -> None:
    assert clean("<h1>a</h1><h4>b</h4><h2>c</h2>") == "<h3>a</h3><h4>b</h4><h4>c</h4>"


def hostile_notebook() -> Any:
    """All of it, in every place that a student can write to."""
    cells = []
    for text in [*HOSTILE, *IN_MARKDOWN]:
        cells.append(new_markdown_cell(f"# {text}"))
        cells.append(new_markdown_cell(text, attachments={"x": {f'image/png"{text}': text, "image/png": text}}))
        outputs = [
            new_output("stream", name="stdout", text=text),
            new_output("error", ename=text, evalue=text, traceback=[text, f"\x1b]8;;{text}\x07"]),
            *(
                new_output("display_data", {kind: text})
                for kind in (
                    "text/html",
                    "text/plain",
                    "text/latex",
                    "text/markdown",
                    "image/png",
                    "image/jpeg",
                    "image/svg+xml",
                    "application/javascript",
                    "application/vnd.jupyter.widget-view+json",
                )
            ),
        ]
        cells.append(new_code_cell(text, outputs=outputs))
        mark = {"grade": True, "solution": False, "grade_id": text, "locked": True, "points": 1}
        cells.append(new_code_cell(text, outputs=outputs[:2], metadata={"nbgrader": {**mark, "schema_version": 3}}))
    return new_notebook(cells=cells)


def hostile_page() -> str:
    texts = [*HOSTILE, *IN_MARKDOWN]
    picture = base64.b64encode(b"x").decode()
    wrong = Misclassified(picture, 0, 1, 0.9)
    model = ModelInsight(
        HOSTILE[0],
        tuple(LayerInsight(text, text, (None, 3), 7) for text in texts),
        9,
        history={text: (1.0, 0.5) for text in texts},
        rows=3,
        accuracy=0.5,
        confusion=((1, 2), (3, 4)),
        mistakes=(replace(wrong, image=f'"><script>{PWN}</script>'), wrong),
        classes=tuple(texts[:2]),
    )
    refused = [TrainingRecord(TrainedBy.NOBODY, refused=text) for text in texts[:3]]
    by_itself = [TrainingRecord(TrainedBy.CANDIDATE, reason=text) for text in texts]
    run = GradingRun(
        models={text: replace(model, rows=n) for n, text in enumerate(texts)}, trainings=(*refused, *by_itself)
    )
    record = grade_record(
        HOSTILE[0],
        HOSTILE[0],
        run,
        digest=HOSTILE[0],
        time=HOSTILE[0],
        reasons={text: text for text in texts},
        mends=tuple(Mend(text, text, text) for text in texts),
        environment=replace(ENVIRONMENT, python=HOSTILE[0], versions={"keras": HOSTILE[0]}),
    )
    marks = Marks(
        {text: CellScore(0, 1, pending=n % 2 == 0) for n, text in enumerate(texts)}, {t: t for t in texts}, 0, 9, 0
    )
    notebook = hostile_notebook()
    names = dict.fromkeys(("student", "assignment", "notebook"), HOSTILE[0])
    return make(read(notebook, names, marks, record), notebook)


def test_a_page_of_hostile_notebook_record_and_comments_is_harmless() -> None:
    found = Page(hostile_page())
    assert not found.all("script", "iframe", "object", "embed", "form", "input", "base", "link")
    assert len(found.all("style")) == len(found.all("main")) == len(found.all("h1")) == 1
    assert len(found.all("meta")) == 4
    for tag, attributes in found.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        assert not attributes.get("href", "#").lower().replace("\t", "").strip().startswith(("javascript", "data"))
        assert attributes.get("src", "data:image/").startswith("data:image/")
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def title_in_chromium(folder: Path, html: str) -> str:
    """The title once all has run that runs: what is planted changes it."""
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    with browser(folder) as page:
        page.goto(path.as_uri(), wait_until="networkidle")
        return page.title()


@needs_chromium
def test_nothing_of_it_runs_in_a_browser_even_without_the_policy(tmp_path: Path) -> None:
    html = hostile_page()
    start = html.index(WITHOUT_POLICY)
    without = html[:start] + html[html.index(">", start) + 1 :]
    assert title_in_chromium(tmp_path, without).startswith("Feedback: ")
    planted = without.replace("</main>", f"{HOSTILE[2]}</main>")
    assert title_in_chromium(tmp_path, planted) == "pwned"


@needs_chromium
def test_with_the_policy_not_even_a_script_in_the_page_runs(tmp_path: Path) -> None:
    planted = hostile_page().replace("</main>", f"{HOSTILE[2]}<script>{PWN}</script></main>")
    assert title_in_chromium(tmp_path, planted).startswith("Feedback: ")


@pytest.mark.timeout(120)  # for none of it may hold up a class
@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 200_000,
        "<div>" * 49_000,
        "<b><p>" * 8_000,
        "<table>" * 20_000,
        "[" * 29_000,
        "*a_ " * 7_000,
        "`" * 15_000 + "a" + "`" * 14_000,
        "> " * 14_000 + "a",
        "- " * 10_000 + "a",
        "![" * 14_000,
        "<a href='" * 3_000,
        "$" * 29_999,
        "&" * 29_999,
        "\\(" * 14_000,
        "|a" * 9_000 + "\n" + "|-" * 5_000,
    ],
)
def test_what_is_made_to_be_slow_or_deep_is_shown_all_the_same(text: str) -> None:
    assert_harmless(markdown(text))
    assert_harmless(clean(text))


@pytest.mark.parametrize(
    "change",
    [
        {"reasons": None},
        {"reasons": {"t": 3}},
        {"mends": [3]},
        {"mends": [{"cell": "a"}]},
        {"environment": {}},
        {"seeds": {"trainer": "0"}},
        {"run": None},
        {"run": {"models": {"t": {"layers": 3}}}},
        {"run": {"trainings": [{"by": "a friend"}]}},
        {"digest": "another"},
    ],
    ids=str,
)
def test_a_record_of_another_shape_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    record = to_data(grade_record("ada", "ps", GradingRun()))
    known = SubmissionStatus("ada", "ps", TIME, {"ps": NotebookStatus(Status.GRADED, "digest")})
    path = tmp_path / "ps.record.json"
    path.write_text(json.dumps(record))
    assert read_record(tmp_path, "ps", known) == grade_record("ada", "ps", GradingRun())
    path.write_text(json.dumps(record | change))
    assert read_record(tmp_path, "ps", known) is None


def test_a_page_is_made_without_a_record() -> None:
    notebook = new_notebook(cells=[new_markdown_cell("# a")])
    names = dict.fromkeys(("student", "assignment", "notebook"), "a")
    assert "Feedback" in make(read(notebook, names, Marks({}, {}, 0, 0, 0), None), notebook)


def test_outputs_without_end_are_cut() -> None:
    outputs = [new_output("stream", name="stdout", text="x" * 200_000)] * 500
    (cell,) = shown(new_notebook(cells=[new_code_cell("1", outputs=outputs)]))
    assert len(cell.outputs) == 201
    assert len(cell.outputs[0].text) < 101_000


def test_hidden_tests_without_an_end_are_not_shown(tmp_path: Path) -> None:
    course = Course(tmp_path / "course")
    course.hand_in("ada", {})
    course.grade()
    path = course.folder / "autograded" / "ada" / "ps1" / "p1.ipynb"
    path.chmod(0o644)
    path.write_text(path.read_text().replace("### END HIDDEN TESTS", "###"))
    found = page(course, "ada")
    assert "This test can't be shown." in found.text
    assert "mul(2, 3)" not in found.text
