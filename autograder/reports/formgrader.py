"""What formgrader shows of a submission, made inert: a student's cells, outputs and files can't act for the instructor.

nbgrader's formgrader puts outputs and Markdown into its page as they are, so a script in them runs in the instructor's
session and may write scores. `protect` puts this in its place:

- the submission's page is rendered from `inert` cells: text, tables, pictures, formulas, code; nothing that runs;
- its Content-Security-Policy allows the scripts that formgrader's page has without any cell, and no others;
- files beside the notebook are served as plain text or pictures, in a browser's sandbox;
- names, paths and addresses are escaped on all of formgrader's pages;
- formgrader's link that reads the configuration of another folder can't be followed from other sites.

And points that are given by hand there have their late penalty at once.
"""

import base64
import hashlib
import html
import math
import re
import sys
from collections.abc import Collection, Mapping
from html.parser import HTMLParser
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

import nbformat
from markupsafe import Markup, escape
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]
from traitlets.config import Configurable

from autograder.grading.job import FAULTS
from autograder.grading.lateness import LatePenalties
from autograder.reports.sanitize import clean, markdown
from autograder.reports.shown import MAX_OUTPUTS, MAX_TEXT, joined, picture

PICTURES = ("image/png", "image/jpeg", "image/gif")
FILES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
_MARKS = ("grade", "solution", "locked", "task")
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}\.?", re.IGNORECASE)
_LINK = re.compile(r' href="([^"]*)"')


def protect() -> None:
    """Change formgrader's handlers where this process is a server that has loaded them; else do nothing."""
    base = sys.modules.get("nbgrader.server_extensions.formgrader.base")
    handlers = sys.modules.get("nbgrader.server_extensions.formgrader.handlers")
    api = sys.modules.get("nbgrader.server_extensions.formgrader.apihandlers")
    if base is None or handlers is None or api is None or getattr(base.BaseHandler, "is_protected", False):
        return
    read_folder, save_score = handlers.FormgraderHandler.get, api.GradeHandler.put

    def get(handler: Any) -> Any:
        site = handler.request.headers.get("Sec-Fetch-Site", "none")
        if handler.get_argument("path", "") and site not in ("none", "same-origin"):
            handler.send_error(403, reason="another site asks formgrader to read the settings of a folder")
            return None
        return read_folder(handler)

    def put(handler: Any, grade_id: str) -> Any:
        done = save_score(handler, grade_id)
        _assign_penalty(handler, grade_id)
        return done

    base.BaseHandler.is_protected = True
    base.BaseHandler.render = _render
    base.BaseHandler.exporter = property(_View)
    handlers.FormgraderHandler.get = get
    api.GradeHandler.put = put
    handlers.SubmissionFilesHandler.set_extra_headers = _set_headers_of_file
    handlers.SubmissionFilesHandler.get_content_type = _type_of_file


def _assign_penalty(handler: Any, grade_id: str) -> None:
    """Give a submission the late penalty of the points that it has now; where that fails, exports notice."""
    try:
        config = handler.settings["nbgrader_formgrader"].load_config()
        submission = handler.gradebook.find_grade_by_id(grade_id).notebook.assignment
        LatePenalties(Configurable(config=config)).assign(submission)
        handler.gradebook.db.commit()
    except FAULTS as error:
        handler.gradebook.db.rollback()
        handler.log.error("The late penalty is as before: %s", error, exc_info=True)


class SubmissionExporter(HTMLExporter):  # type: ignore[misc]
    """nbconvert's, for notebooks whose Markdown is HTML already."""

    def default_filters(self) -> Any:
        """As nbconvert's, but Markdown stays as it is."""
        yield from super().default_filters()
        yield "markdown2html", lambda text: Markup(text)  # a class would be instantiated


def inert(notebook: NotebookNode, hosts: Collection[str] = ()) -> NotebookNode:
    """The notebook with nothing in it that runs, loads or posts; Markdown becomes HTML.

    Links that lead to one of `hosts` lead nowhere.
    """
    cells = [_cell(cell, hosts) for cell in notebook.cells]
    found = notebook.metadata.get("language_info", {})
    language = found.get("pygments_lexer", found.get("name")) if isinstance(found, Mapping) else None
    try:
        lexer = get_lexer_by_name(str(language)).aliases[0]
    except (ClassNotFound, IndexError):
        lexer = "python"
    return new_notebook(cells=cells, metadata={"language_info": {"name": lexer, "pygments_lexer": lexer}})


def _cell(cell: NotebookNode, hosts: Collection[str]) -> NotebookNode:
    metadata = {}
    marks = cell.metadata.get("nbgrader")
    if isinstance(marks, Mapping):
        metadata["nbgrader"] = {
            **{name: marks.get(name) is True for name in _MARKS},
            "grade_id": str(escape(marks.get("grade_id", ""))),
            "points": _number(marks.get("points")),
        }
    if cell.cell_type == "markdown":
        text = markdown(cell.source, cell.get("attachments", {}), below=0)
        return new_markdown_cell(_unlinked(text, hosts), metadata=metadata)
    if cell.cell_type != "code":
        return new_markdown_cell(Markup("<pre>{}</pre>").format(cell.source), metadata=metadata)
    outputs = [made for output in cell.outputs[:MAX_OUTPUTS] if (made := _output(output, hosts)) is not None]
    if len(cell.outputs) > MAX_OUTPUTS:
        more = f"… {len(cell.outputs) - MAX_OUTPUTS} more outputs are in the notebook.\n"
        outputs.append(new_output("stream", name="stdout", text=more))
    count = cell.get("execution_count")
    count = count if type(count) is int else None
    return new_code_cell(cell.source, metadata=metadata, outputs=outputs, execution_count=count)


def _output(output: NotebookNode, hosts: Collection[str]) -> NotebookNode | None:
    kind = output.output_type
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_cut(joined(output.get("text", ""))))
    if kind == "error":
        lines = [_cut(str(line)) for line in output.get("traceback", [])]
        return new_output("error", ename=str(output.get("ename")), evalue=str(output.get("evalue")), traceback=lines)
    data = {name: joined(content) for name, content in output.get("data", {}).items()}
    shown: dict[str, str] = {}
    for name in PICTURES:
        if name in data and (url := picture(name, data[name])):
            shown["text/html"] = Markup('<img alt="" src="{}">').format(url)
    if "image/svg+xml" in data:  # as a picture, in which no script runs and nothing is loaded
        shown["text/html"] = Markup('<img alt="" src="data:image/svg+xml;base64,{}">').format(
            _base64(data["image/svg+xml"])
        )
    if not shown and "text/html" in data:
        shown["text/html"] = _unlinked(clean(data["text/html"], below=0), hosts)
    if not shown and "text/markdown" in data:
        shown["text/html"] = _unlinked(markdown(data["text/markdown"], below=0), hosts)
    if not shown:
        shown |= {name: _cut(data[name]) for name in ("text/latex", "text/plain") if name in data}
    if not shown:
        shown["text/plain"] = f"(not shown: {', '.join(data)})"
    return new_output("display_data" if kind != "execute_result" else kind, shown)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}\n… the rest is in the notebook."


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _unlinked(text: str, hosts: Collection[str]) -> str:
    """Harmless HTML without links to hosts that may be this server: to these, and to what is no domain's name."""

    def shown(link: re.Match[str]) -> str:
        try:
            name = urlsplit(html.unescape(link[1])).hostname or ""
        except ValueError:
            return ""
        is_mail = link[1].startswith("mailto:")
        return link[0] if is_mail or (_DOMAIN.fullmatch(name) and name.rstrip(".") not in hosts) else ""

    return _LINK.sub(shown, text)


# formgrader's handlers


class _View:
    """In the place of formgrader's exporter, made anew for each request."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler
        self._exporter = SubmissionExporter(config=handler.settings["nbgrader_exporter"].config)

    def from_filename(self, filename: str, resources: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The page of the notebook in that file."""
        shown = {name: str(escape(value)) if isinstance(value, str) else value for name, value in resources.items()}
        try:
            notebook = nbformat.read(filename, as_version=4)
        except Exception:  # whatever is wrong with it, formgrader's page is there
            notebook = new_notebook(cells=[new_markdown_cell("This notebook can't be read: see its file.")])
        harmless = inert(notebook, {self._handler.request.host_name.lower()})
        page, found = self._exporter.from_notebook_node(harmless, resources=dict(shown))
        without_cells, _ = self._exporter.from_notebook_node(inert(new_notebook()), resources=dict(shown))
        own = self._handler.content_security_policy
        self._handler.set_header("Content-Security-Policy", f"{own}; {policy(without_cells)}")
        return page, found


def policy(page: str) -> str:
    """A Content-Security-Policy under which the scripts of this `page` run, and no others."""
    scripts = _Scripts()
    scripts.feed(page)
    digests = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts.texts
    ]
    hosts = {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, scripts.addresses) if url.netloc}
    allowed = " ".join(["'self'", "'unsafe-eval'", "'unsafe-hashes'", *sorted(hosts), *sorted(set(digests))])
    return (
        f"script-src {allowed}; connect-src 'self'; img-src 'self' data:; object-src 'none'; frame-src 'none'; "
        "worker-src 'none'; form-action 'self'; base-uri 'none'"
    )


class _Scripts(HTMLParser):
    """The scripts of a page: addresses, and texts, those of its event handlers too."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.texts += [value for name, value in given.items() if name.startswith("on")]
        if tag == "script" and "src" in given:
            self.addresses.append(given["src"])
        self._inside = tag == "script" and "src" not in given

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def _render(handler: Any, name: str, **values: Any) -> str:
    """As formgrader's, but what is put into its pages is escaped."""
    environment = handler.settings["nbgrader_jinja2_env"].overlay(autoescape=True)
    return str(environment.get_template(name).render(**values))


def _set_headers_of_file(handler: Any, path: str) -> None:
    handler.set_header("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'")
    handler.set_header("X-Content-Type-Options", "nosniff")


def _type_of_file(handler: Any) -> str:
    return FILES.get(PurePath(handler.absolute_path).suffix.lower(), "text/plain; charset=utf-8")
