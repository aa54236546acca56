"""The class report, made and taken apart."""

from html.parser import HTMLParser
from pathlib import Path

from synthetic_class import ASSIGNMENT

from autograder.cli.report import ReportApp


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, texts, and the rows of tables by id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.raw: dict[str, str] = {}
        self._open: list[str] = []
        self._table = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)
        if tag == "table":
            self._table = str(dict(attrs)["id"])
            self.tables[self._table] = []
        if tag == "tr":
            self.tables[self._table].append([])
        if tag in ("td", "th"):
            self.tables[self._table][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open[: len(self._open) - 1 - self._open[::-1].index(tag)]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._open and self._open[-1] in ("script", "style"):
            self.raw[self._open[-1]] = data
        elif "td" in self._open or "th" in self._open:
            row = self.tables[self._table][-1]
            row[-1] = " ".join(f"{row[-1]} {data}".split())

    def rows(self, table: str) -> dict[str, list[str]]:
        """Its rows by their first cell, without the heading."""
        return {row[0]: row[1:] for row in self.tables[table][1:]}


def report(folder: Path, *options: str, assignment: str = ASSIGNMENT) -> Page:
    """Write the report of a course; the page."""
    to = next((Path(o.removeprefix("--to=")) for o in options if o.startswith("--to=")), None)
    app = ReportApp()
    app.initialize([assignment, f"--course-dir={folder}", "--log-level=CRITICAL", *options])
    app.start()
    return Page((to or folder / "reports" / f"{assignment}.html").read_text(encoding="utf-8"))
