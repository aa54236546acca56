"""Hostile submissions opened by an instructor in formgrader: nothing in them runs, and what is honest still shows."""

import json
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graded_course
import nbformat
import pytest
import requests
from browser import browser, jupyterlab, needs_chromium, picture, score
from graded_course import Course
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from playwright.sync_api import Page, expect

pytestmark = needs_chromium

# What a script of a student's does in formgrader: all points, and a mark that it ran.
PUT = (
    "window.ran=1;document.title='ran';fetch(base_url+'/api/grades?submission_id='+submission_id).then(r=>r.json())"
    ".then(all=>all.forEach(g=>{g.manual_score=99;fetch(base_url+'/api/grade/'+g.id,{method:'PUT',headers:"
    "{'X-XSRFToken':(document.cookie.match('_xsrf=([^;]*)')||[])[1]},body:JSON.stringify(g)})}))"
)
SCRIPT = f"<script>{PUT}</script>"
HANDLER = f'<img src=x onerror="{PUT}">'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{PUT}"><script>{PUT}</script><rect width="9" height="9"/></svg>'
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


def shows(**data: Any) -> NotebookNode:
    """A cell of the student's own that shows this, by MIME type."""
    metadata = data.pop("metadata", {})
    content = {name.replace("__", "+").replace("_", "/", 1): value for name, value in data.items()}
    return new_code_cell("1", outputs=[new_output("display_data", content, metadata=metadata)])


def text(source: str, **more: Any) -> NotebookNode:
    return new_markdown_cell(source, **more)


def tagged(cell: NotebookNode, **metadata: Any) -> NotebookNode:
    cell.metadata.update(metadata)
    return cell


HOSTILE: dict[str, NotebookNode] = {
    "html_script": shows(text_html=SCRIPT),
    "html_handler": shows(text_html=HANDLER),
    "html_frame": shows(text_html=f'<iframe srcdoc="{SCRIPT.replace(chr(34), "&quot;")}"></iframe>'),
    "html_isolated": shows(text_html=SCRIPT, metadata={"text/html": {"isolated": True}}),
    "html_form": shows(
        text_html="<form id=f action=/formgrader/api/x method=post><button autofocus>Next</button></form>"
    ),
    "html_style": shows(text_html="<style>*{display:none}</style><link rel=stylesheet href=//attack.example/x.css>"),
    "html_refresh": shows(
        text_html='<meta http-equiv=refresh content="0;url=//attack.example"><base href=//attack.example>'
    ),
    "html_broken": shows(text_html=f"<div><!--><img src=x onerror='{PUT}'>--></div></script>{SCRIPT}"),
    "javascript": shows(application_javascript=PUT),
    "svg": shows(**{"image_svg__xml": SVG}),
    "svg_in_html": shows(text_html=SVG),
    "png": shows(image_png=f'x"><script>{PUT}</script>'),
    "png_metadata": shows(
        image_png=PIXEL, metadata={"image/png": {"width": f'1 onload="{PUT}"', "alt": f'">{SCRIPT}'}}
    ),
    "png_filename": shows(image_png=PIXEL, metadata={"filenames": {"image/png": f'x" onerror="{PUT}'}}),
    "latex": shows(text_latex=f"$x$ {SCRIPT}"),
    "latex_link": shows(text_latex=rf"$\href{{javascript:{PUT}}}{{x}}$"),
    "markdown_output": shows(text_markdown=f"**x** {SCRIPT} {HANDLER}"),
    "widget": shows(
        **{"application_vnd.jupyter.widget-view__json": {"model_id": f"</script>{SCRIPT}"}, "text_plain": "w"}
    ),
    "vendor": shows(**{"application_vnd.plotly.v1__json": {"data": SCRIPT}}),
    "plain": shows(text_plain=f"\x1b[31m{SCRIPT}"),
    "stream": new_code_cell("1", outputs=[new_output("stream", name="stdout", text=f"\x1b]8;;{SCRIPT}\x07{SCRIPT}")]),
    "error": new_code_cell("1", outputs=[new_output("error", ename=SCRIPT, evalue=SCRIPT, traceback=[SCRIPT])]),
    "code": new_code_cell(f'"""</div></script>{SCRIPT}"""'),
    "markdown_script": text(f"Words.\n\n{SCRIPT}"),
    "markdown_heading": text(f"# Title {SCRIPT}"),
    "markdown_handler": text(f"A {HANDLER} <details ontoggle='{PUT}' open>x</details>"),
    "markdown_link": text(f"[x](javascript:{urllib.parse.quote(PUT)}) <a href='javascript:{PUT}'>y</a>"),
    "markdown_math": text(f"$$x</script>{SCRIPT}$$ and ${HANDLER}$"),
    "attachment": text("![x](attachment:a.svg)", attachments={"a.svg": {"image/svg+xml": SVG}}),
    "attachment_name": text(
        '![x](attachment:a"onerror="x.png)', attachments={'a"onerror="x.png': {"image/png": SCRIPT}}
    ),
    "malformed": NotebookNode(cell_type="code", source="1", metadata={}, outputs=[{"output_type": SCRIPT}]),
    "raw": tagged(new_raw_cell(SCRIPT), raw_mimetype="text/html", format="text/html"),
    "tags": tagged(new_code_cell("1"), tags=[f'x"><script>{PUT}</script>']),
    "clobber": shows(text_html="<img name=base_url><form id=essay><input id=statusmessage name=submission_id></form>"),
}
HONEST = [
    text("**Energy** is $E = mc^2$\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[source](https://example.org/paper)"),
    shows(text_html="<table><tr><th>mean</th></tr><tr><td>0.5</td></tr></table>", text_plain="mean 0.5"),
    shows(image_png=PIXEL),
    shows(image_svg__xml='<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9"/></svg>'),
    shows(text_latex=r"$\frac{1}{2}$"),
    new_code_cell(
        "1 / 0", outputs=[new_output("error", ename="E", evalue="x", traceback=["\x1b[31mZeroDivisionError\x1b[0m"])]
    ),
]


def put(course: Course, student: str, cells: list[NotebookNode]) -> None:
    """Put cells into an autograded notebook, as one from before our engine may have them, and files beside it."""
    path = course.folder / "autograded" / student / "ps1" / "p1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += cells
    notebook.metadata["title"] = SCRIPT
    state = {"state": {f"</script>{SCRIPT}": {}}, "version_major": 2, "version_minor": 0}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    path.chmod(0o644)
    path.write_text(json.dumps(notebook))
    (path.parent / "evil.html").write_text("<script>window.ran=1;document.title='ran'</script>")
    (path.parent / "evil.svg").write_text(SVG)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class that has been graded; each student but one is hostile."""
    made = Course(tmp_path_factory.mktemp("formgrader") / "course")
    for student in (*HOSTILE, "honest"):
        made.hand_in(student, {"test_add": 0.0, "test_mul": 0.0})
    made.grade()
    for student, cell in HOSTILE.items():
        put(made, student, [cell])
    put(made, "honest", HONEST)
    with made.gradebook() as gradebook:
        gradebook.update_or_create_student("tags", first_name=SCRIPT, last_name=f'">{SCRIPT}')
    (made.folder / "nbgrader_config.py").write_text("from autograder import configure\n\nconfigure(get_config())\n")
    return made


@pytest.fixture(scope="module")
def server(course: Course) -> Iterator[str]:
    with jupyterlab(course.folder) as address:
        yield address


class Visit:
    """An instructor's browser, and what it was asked to load from elsewhere."""

    def __init__(self, page: Page, server: str) -> None:
        self.page, self.server = page, server
        self.home = server.partition("/lab?")[0]
        self.elsewhere: list[str] = []
        page.route("**/*", self._route)
        page.goto(server)

    def _route(self, route: Any) -> None:
        url = route.request.url
        if url.startswith((self.home, "data:", "blob:", "about:")):
            route.continue_()
        else:
            self.elsewhere.append(url)
            route.abort()

    def open(self, course: Course, student: str) -> None:
        """Open a submission, and press and hover what is in it."""
        with course.gradebook() as gradebook:
            submission = gradebook.find_submission_notebook("p1", "ps1", student).id
        self.page.goto(f"{self.home}/formgrader/submissions/{submission}/")
        expect(self.page.locator("#essay")).to_be_visible()
        self.page.wait_for_timeout(150)


@pytest.fixture
def visit(server: str, tmp_path: Path) -> Iterator[Visit]:
    with browser(tmp_path) as page:
        yield Visit(page, server)


def test_nothing_of_a_hostile_submission_runs_and_no_score_changes(course: Course, visit: Visit) -> None:
    before = {student: course.scores(student) for student in HOSTILE}
    allowed = ("https://cdnjs.cloudflare.com/",)  # nbgrader's page itself asks for MathJax there
    for student in HOSTILE:
        visit.open(course, student)
        assert visit.page.evaluate("window.ran") is None, student
        assert visit.page.title() != "ran", student
        assert (
            visit.page.evaluate(
                "document.querySelectorAll('#notebook script, #notebook iframe, #notebook form').length"
            )
            == 0
        )
        for link in visit.page.locator("#notebook a[href]").all():
            assert (link.get_attribute("href") or "").startswith(("https:", "http:", "mailto:", "#")), student
    assert [url for url in visit.elsewhere if not url.startswith(allowed)] == []
    assert {student: course.scores(student) for student in HOSTILE} == before
    with course.gradebook() as gradebook:
        assert [s.student.id for s in gradebook.assignment_submissions("ps1") if s.score] == []


def test_without_our_line_the_same_submissions_give_themselves_points(course: Course, tmp_path: Path) -> None:
    """Else the test above would prove nothing."""
    plain = course.copy(tmp_path / "course")
    (plain.folder / "nbgrader_config.py").write_text("c = get_config()\n")
    with jupyterlab(plain.folder) as server, browser(tmp_path) as page:
        visit = Visit(page, server)
        for student in ("html_script", "html_handler", "markdown_script", "javascript"):
            visit.open(plain, student)
            visit.page.wait_for_function("window.ran === 1", timeout=20_000)
            for _ in range(300):
                with plain.gradebook() as gradebook:
                    if gradebook.find_submission("ps1", student).score > 0:
                        break
                visit.page.wait_for_timeout(100)  # its script goes on meanwhile
            else:
                pytest.fail(f"{student} has no points")


def test_what_is_honest_is_shown(course: Course, visit: Visit, tmp_path: Path) -> None:
    visit.open(course, "honest")
    notebook = visit.page.locator("#notebook")
    assert notebook.locator("table").count() == 2
    assert notebook.locator("strong", has_text="Energy").count() == 1
    expect(notebook.get_by_text("$E = mc^2$")).to_be_visible()  # MathJax, where it can be loaded, takes it from here
    assert notebook.locator("img").evaluate_all("all => all.map(each => each.naturalWidth > 0)") == [True, True]
    assert notebook.locator("span.ansi-red-fg").count() == 1
    picture(visit.page, "formgrader_inert.png")
    expect(notebook.get_by_role("link", name="source")).to_have_attribute("href", "https://example.org/paper")
    assert notebook.locator(".highlight .k, .highlight .mi").count() > 0


def test_a_notebook_that_cannot_be_read_is_said_to_be_so(course: Course, visit: Visit) -> None:
    path = course.folder / "autograded" / "vendor" / "ps1" / "p1.ipynb"
    path.chmod(0o644)
    readable = path.read_bytes()
    path.write_text(f"{{{SCRIPT}")
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission_notebook("p1", "ps1", "vendor").id
    visit.page.goto(f"{visit.home}/formgrader/submissions/{submission}/")
    expect(visit.page.get_by_text("can't be read")).to_be_visible()
    assert visit.page.evaluate("window.ran") is None
    path.write_bytes(readable)  # the tests after this one may come by it


def test_formgrader_itself_still_works(course: Course, visit: Visit) -> None:
    visit.open(course, "honest")
    essay = score(visit.page)
    essay.fill("2")
    with visit.page.expect_response(lambda got: got.request.method == "PUT" and "/api/grade/" in got.url) as saved:
        essay.press("Tab")
    assert saved.value.ok
    comment = visit.page.locator("textarea.comment").last
    expect(comment).to_have_attribute("placeholder", re.compile("."))  # what is typed before that is lost
    comment.fill("Well <b>done</b>.")
    with visit.page.expect_response(lambda got: got.request.method == "PUT" and "/api/comment/" in got.url) as saved:
        comment.press("Tab")
    assert saved.value.ok
    visit.page.locator(".glyphicon-eye-open").click()
    expect(visit.page.locator(".name-shown").first).to_be_visible()
    visit.page.get_by_role("link", name="Next").or_(visit.page.get_by_role("link", name="Prev")).first.click()
    expect(visit.page.locator("#essay, table").first).to_be_visible()


def test_a_file_beside_a_notebook_is_served_without_its_scripts(course: Course, visit: Visit) -> None:
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission_notebook("p1", "ps1", "raw").id
    for name in ("evil.html", "evil.svg"):
        visit.page.goto(f"{visit.home}/formgrader/submissions/{submission}/{name}")
        assert visit.page.evaluate("window.ran") is None, name
        assert visit.page.title() != "ran"


def test_names_and_addresses_are_no_markup_on_formgraders_pages(course: Course, visit: Visit) -> None:
    odd = urllib.parse.quote("<img src=x onerror=window.ran=1>", safe="")
    for place in (
        f"manage_submissions/{odd}",
        f"gradebook/{odd}",
        f"manage_students/{odd}",
        "manage_students",
        "gradebook/ps1/p1",
    ):
        visit.page.goto(f"{visit.home}/formgrader/{place}")
        visit.page.wait_for_timeout(300)
        assert visit.page.evaluate("window.ran") is None, place
    visit.page.goto(f"{visit.home}/formgrader/manage_submissions/ps1")
    expect(visit.page.get_by_role("row", name="honest")).to_be_visible()


def test_another_site_can_not_have_a_folders_settings_read(course: Course, visit: Visit) -> None:
    folder = course.folder / "submitted" / "raw" / "ps1"
    (folder / "nbgrader_config.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n")
    visit.page.goto(f"data:text/html,<a href='{visit.home}/formgrader/?path={folder}'>x</a>")
    visit.page.get_by_role("link").click()
    visit.page.wait_for_timeout(500)
    assert not (folder / "ran").exists()


def test_the_hostile_cells_are_as_many_as_they_are_different() -> None:
    assert len(HOSTILE) >= 21
    assert len({json.dumps(cell.get("outputs", cell.source), default=str) for cell in HOSTILE.values()}) >= 21
    assert graded_course.POINTS


def test_points_given_in_formgrader_have_their_late_penalty_at_once(tmp_path: Path) -> None:
    late = Course(tmp_path / "course")
    settings = "c.LatePolicy.penalty = 10\n"
    (late.folder / "nbgrader_config.py").write_text(
        f"from autograder import configure\n\nc = get_config()\nconfigure(c)\n{settings}"
    )
    late.config.LatePolicy.penalty = 10.0
    late.hand_in("ada", {"test_add": 2.0, "test_mul": 3.0}, essay="Sums.").with_name("timestamp.txt").write_text(
        "2026-03-02"
    )
    with late.gradebook() as gradebook:
        gradebook.add_student("ada")
    (late.folder / "deadlines.csv").write_text("assignment,student,due\nps1,,2026-03-01 12:00\n")
    late.grade()
    with late.gradebook() as gradebook:
        assert gradebook.find_submission("ps1", "ada").late_submission_penalty == pytest.approx(0.5)
        essay = gradebook.find_grade("essay", "p1", "ps1", "ada").id
    with jupyterlab(late.folder) as address:
        home, _, token = address.partition("/lab?token=")
        url, headers = f"{home}/formgrader/api/grade/{essay}", {"Authorization": f"token {token}"}
        requests.put(url, json={"manual_score": 4.0}, headers=headers, timeout=60).raise_for_status()
    with late.gradebook() as gradebook:
        found = gradebook.find_submission("ps1", "ada")
        assert (found.score, found.late_submission_penalty) == (9.0, pytest.approx(0.9))
