"""The documentation builds as a site without a warning, works offline, links to what is there, and is up to date."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import reference_pages
from candidates import needs_sandbox
from graded_course import POINTS, Course
from repository import ROOT

from autograder.cli.root import AutograderApp

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
FENCED = re.compile(r"^(`{3,}).*?^\1$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
TOP = ("README.md", "README.ru.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")


def built(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of the documentation in `root`, strictly."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


class Fetched(HTMLParser):
    """What a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.found.append(str(given["src"]))
        if tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon", "preconnect"):
            self.found.append(str(given["href"]))


def test_every_page_is_built_and_works_offline(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    sources = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert sources <= {path.relative_to(site) for path in pages}
    for page in pages:
        parser = Fetched()
        parser.feed(page.read_text(encoding="utf-8"))
        assert parser.found
        assert [url for url in parser.found if re.match("(https?:)?//", url)] == [], page


def test_the_api_page_has_the_function_that_courses_import(site: Path) -> None:
    page = re.sub("<[^>]+>", "", (site / "reference" / "api.html").read_text(encoding="utf-8"))
    assert "configure(c" in page
    assert "nbgrader autograde and formgrader" in " ".join(page.split())


@pytest.mark.parametrize("planted", ["[nowhere](no-such-page.md)", "[here](student.md#no-such-heading)"])
def test_a_broken_link_stops_the_build(planted: str, tmp_path: Path) -> None:
    for name in ("docs", "tests/support", "autograder"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc"))
    for name in ("mkdocs.yml", "SECURITY.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{planted}\n")
    done = built(tmp_path, tmp_path / "site")
    assert done.returncode == 1
    assert planted[planted.index("(") + 1 : -1] in done.stdout + done.stderr


def anchors(path: Path) -> set[str]:
    """The anchors of a Markdown file's headings, as GitHub makes them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^(`{3,}).*?^\1$", "", path.read_text("utf-8"), flags=re.M | re.S), re.M
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", TOP)
def test_links_of_the_pages_beside_the_code_lead_somewhere(name: str) -> None:
    text = FENCED.sub("", (ROOT / name).read_text(encoding="utf-8"))
    for target, anchor in LINK.findall(text):
        path = ROOT / (target or name)
        assert path.exists(), f"{name}: {target}"
        assert not anchor or anchor in anchors(path), f"{name}: {target}#{anchor}"


def test_files_that_messages_and_code_refer_to_are_there() -> None:
    files = [*ROOT.glob("*.md"), *(ROOT / "autograder").rglob("*"), *(ROOT / "tests").rglob("*.py")]
    for path in files:
        if path.is_file() and path.suffix in (".py", ".md", ".yaml", "") and "__pycache__" not in path.parts:
            for page in re.findall(r"\bdocs/[\w/-]+\.(?:md|png|svg)\b", path.read_text(encoding="utf-8")):
                assert (ROOT / page).is_file(), f"{path.relative_to(ROOT)} refers to {page}"


def test_commands_are_listed_as_they_are() -> None:
    assert (reference_pages.FOLDER / "commands.md").read_text(encoding="utf-8") == reference_pages.commands_page()


def test_settings_are_listed_as_they_are() -> None:
    assert (reference_pages.FOLDER / "settings.md").read_text(encoding="utf-8") == reference_pages.settings_page()


def test_commands_in_the_docs_are_there_with_their_options() -> None:
    apps = {name: app for name, (app, _) in AutograderApp.subcommands.items()}
    unknown = []
    for path in [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]:
        for block in re.findall(r"^```bash\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words[:3] == ["python3", "-m", "autograder"]:
                    words = words[2:]
                if not words or words[0] != "autograder":
                    continue
                app = apps.get(words[1])
                known = (
                    {
                        name
                        for names in [*app.flags, *app.aliases]
                        for name in ([names] if isinstance(names, str) else names)
                    }
                    if app
                    else set()
                )
                options = [word.removeprefix("--").partition("=")[0] for word in words if word.startswith("--")]
                if app is None or not all(option in known or "." in option for option in options):
                    unknown.append(f"{path.relative_to(ROOT)}: {line}")
    assert unknown == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


OPERATOR = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
WATCH = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
PLACE = "/srv/course"


@pytest.fixture(scope="module")
def nightly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with two submissions, one of which can't be read; in it, the page's script and an environment."""
    course = Course(tmp_path_factory.mktemp("nightly") / "course")
    course.hand_in("ada", POINTS)
    course.hand_in("eve").write_text("junk")
    (script,) = re.findall(r"```bash\n(#!/bin/sh\n.*?)```", OPERATOR, re.DOTALL)
    (course.folder / "nightly.sh").write_text(
        script.replace(PLACE, str(course.folder)).replace("foundations mnist", "ps1"), encoding="utf-8"
    )
    program = course.folder / ".venv" / "bin" / "autograder"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m autograder "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return course.folder


@needs_sandbox
def test_the_script_for_cron_writes_everything_and_its_exit_code_asks_for_a_person(nightly: Path) -> None:
    (line,) = re.findall(r"```cron\n(.*)\n```", OPERATOR)
    command = line.split(maxsplit=5)[5].replace(PLACE, str(nightly))
    assert "%" not in command  # cron takes it for the end of the line
    environment = {"HOME": os.environ.get("HOME", "/root"), "LOGNAME": "grader", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    log = (nightly / "nightly.log").read_text(encoding="utf-8")
    assert done.stdout == "autograder: exit code 1, see nightly.log\n", log
    assert "The file is not a notebook" in log
    assert "ada" in (nightly / "grades.csv").read_text(encoding="utf-8-sig")
    assert (nightly / "reports" / "ps1.html").is_file()
    assert list(nightly.glob("feedback/ada/ps1/*.html"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_the_systemd_units_are_valid(nightly: Path, tmp_path: Path) -> None:
    units = dict(re.findall(r"```ini\n# /etc/systemd/system/(\S+)\n(.*?)```", OPERATOR + WATCH, re.DOTALL))
    assert units.keys() == {"autograder.service", "autograder.timer", "autograder-watch.service"}
    for name, text in units.items():
        (tmp_path / name).write_text(text.replace(PLACE, str(nightly)), encoding="utf-8")
    command = ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
