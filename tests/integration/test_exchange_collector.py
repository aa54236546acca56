"""The collector of nbgrader's exchange brings a student's own files, and otherwise does what nbgrader's does."""

import itertools
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeCollect
from traitlets.config import Config

from autograder.watch.arrivals import MAX_DEPTH
from autograder.watch.exchange_collector import ExchangeCollector, NotCollected, NotOwnFiles, copy_own_files

EARLY, LATE = "2026-01-01 08:00:00.000000 UTC", "2026-01-03 08:00:00.000000 UTC"
SECRET = "kestrel"


class Course:
    """A course and its exchange, of which only the collector's side is there."""

    def __init__(self, folder: Path, gradebook: Path, **settings: Any) -> None:
        self.folder, self.inbound = folder / "course", folder / "exchange" / "c1" / "inbound"
        self.source = self.folder / "source" / "ps1"
        self.inbound.mkdir(parents=True)
        self.inbound.parent.parent.chmod(0o777)
        self.source.mkdir(parents=True)
        (self.source / "p1.ipynb").write_text(SECRET)
        shutil.copy(gradebook, self.folder / "gradebook.db")
        self._config = Config(
            CourseDirectory={"root": str(self.folder), "course_id": "c1", "assignment_id": "ps1", **settings},
            Exchange={"root": str(folder / "exchange")},
        )

    def submit(self, student: str, text: str = "{}", time: str = EARLY) -> Path:
        """What `nbgrader submit` puts into the exchange."""
        folder = self.inbound / f"{student}+ps1+{time}+x"
        (folder / "more").mkdir(parents=True)
        for name, content in (("p1.ipynb", text), ("timestamp.txt", time), ("more/data.txt", "1"), ("old.pyc", "")):
            (folder / name).write_text(content)
        folder.chmod(0o777)
        return folder

    def collect(self, collector: Any = ExchangeCollector, **options: bool) -> Path:
        """Collect; the folder of what is collected. Raises NotCollected."""
        coursedir = CourseDirectory(config=self._config)
        collector(coursedir=coursedir, authenticator=Authenticator(), config=self._config, **options).start()
        return self.submitted

    @property
    def submitted(self) -> Path:
        """Where submissions are collected."""
        return self.folder / "submitted"


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with Gradebook(f"sqlite:///{path}") as made:
        made.add_assignment("ps1", duedate=datetime(2026, 1, 2))
    return path


@pytest.fixture
def course(tmp_path: Path, gradebook: Path) -> Course:
    return Course(tmp_path, gradebook)


def contents(folder: Path) -> dict[str, tuple[str, bytes | None]]:
    """Permissions and content of what is in a folder, by path."""
    return {
        str(path.relative_to(folder)): (
            stat.filemode(path.stat().st_mode),
            path.read_bytes() if path.is_file() else None,
        )
        for path in folder.rglob("*")
    }


def _socket(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)  # the address of a socket is short
    try:
        socket.socket(socket.AF_UNIX).bind("socket")
    finally:
        os.chdir(here)


NOT_OWN: dict[str, Callable[[Path, Path], Any]] = {
    "links": lambda folder, source: (folder / "data.txt").symlink_to(source / "p1.ipynb"),
    "links to other": lambda folder, source: (folder / "data").symlink_to(source),
    r"links .*more/x": lambda folder, source: (folder / "more" / "x").symlink_to("/nowhere"),
    "links to other files$": lambda folder, source: (shutil.rmtree(folder), folder.symlink_to(source)),
    r"a pipe, .*pipe\)": lambda folder, source: os.mkfifo(folder / "pipe"),
    r"a socket, .*socket\)": lambda folder, source: _socket(folder),
    "folders in folders": lambda folder, source: (folder / "/".join("f" * (MAX_DEPTH + 1))).mkdir(parents=True),
    "200.0 MB, and at most": lambda folder, source: os.truncate(folder / "p1.ipynb", 200_000_000),
    "Not a directory": lambda folder, source: (shutil.rmtree(folder), folder.write_text("")),
}


@pytest.mark.parametrize("why", NOT_OWN)
def test_what_is_not_a_students_file_is_refused_by_name_and_others_are_collected(course: Course, why: str) -> None:
    course.submit("mallory", "first", EARLY)
    course.submit("zoe", "first")
    before = contents(course.collect())
    NOT_OWN[why](course.submit("mallory", "second", LATE), course.source)
    course.submit("ada")
    course.submit("zoe", "second", LATE)
    with pytest.raises(NotCollected, match=r"^1 submission not collected: mallory$") as found:
        course.collect(update=True)
    assert re.search(why, found.value.reasons["mallory"])
    after = contents(course.submitted)
    assert {path: seen for path, seen in after.items() if path.startswith("mallory")} == {
        path: seen for path, seen in before.items() if path.startswith("mallory")
    }
    assert after["ada/ps1/p1.ipynb"][1] == b"{}"
    assert after["zoe/ps1/p1.ipynb"][1] == b"second"


def test_names_that_students_give_their_folders_stop_nobody(course: Course) -> None:
    course.submit("ada")
    course.submit(os.fsdecode(b"\xff"))
    course.submit("eve", time="yesterday-ish")
    course.submit("a+b")
    with pytest.raises(NotCollected) as found:
        course.collect()
    assert set(found.value.reasons) == {os.fsdecode(b"\xff"), "eve"}
    assert {path.name for path in course.submitted.iterdir() if any(path.iterdir())} == {"ada", "a+b"}


@pytest.mark.parametrize(
    ("name", "why"), [("p1.ipynb", "Too many levels of symbolic links"), ("more", "Not a directory")]
)
def test_a_link_that_comes_while_a_folder_is_copied_leads_to_nothing(
    course: Course, tmp_path: Path, name: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = course.submit("mallory")
    real = os.open

    def just_before(path: Any, *args: Any, **named: Any) -> int:
        if path == name and not (folder / name).is_symlink():
            (folder / name).rename(tmp_path / "aside")
            (folder / name).symlink_to(course.source / (name if name == "p1.ipynb" else ""))
        return real(path, *args, **named)

    monkeypatch.setattr(os, "open", just_before)
    with pytest.raises(NotCollected) as found:
        course.collect()
    assert (folder / name).is_symlink()
    assert why in found.value.reasons["mallory"]  # it was not even opened
    assert not (course.submitted / "mallory" / "ps1").exists()


def test_what_grows_or_changes_while_it_is_copied_is_not_taken(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = course.submit("ada")
    real = os.open
    for size in (0, 1 << 40):  # the second one is sparse, and no disk has room for a copy

        def just_before(path: Any, *args: Any, size: int = size, **named: Any) -> int:
            if path == "p1.ipynb":
                os.truncate(folder / "p1.ipynb", size)
            return real(path, *args, **named)

        with monkeypatch.context() as patch:
            patch.setattr(os, "open", just_before)
            with pytest.raises(NotOwnFiles, match="changed while"):
                copy_own_files(folder, tmp_path / f"copy {size}", 1e6)
        os.truncate(folder / "p1.ipynb", 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_a_hard_link_to_another_users_file_is_refused_and_one_to_an_own_file_is_not(course: Course) -> None:
    folder = course.submit("mallory")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 12345, 12345)
    (folder / "own.txt").hardlink_to(folder / "p1.ipynb")
    copied = course.folder / "copy"
    copy_own_files(folder, copied, 1e6)
    assert (copied / "own.txt").read_text() == "{}"
    (folder / "data.txt").hardlink_to(course.source / "p1.ipynb")
    with pytest.raises(NotCollected) as found:
        course.collect()
    assert "hard link to another user's file (data.txt)" in found.value.reasons["mallory"]


@pytest.mark.parametrize(("existing", "groupshared"), [("", False), (EARLY, True), (LATE, False)])
def test_it_takes_what_nbgraders_collector_takes(
    tmp_path: Path, gradebook: Path, existing: str, groupshared: bool
) -> None:
    for update, before_duedate in itertools.product((False, True), repeat=2):
        found = []
        for collector in (ExchangeCollect, ExchangeCollector):
            place = tmp_path / f"{update} {before_duedate} {collector.__name__}"
            course = Course(place, gradebook, groupshared=groupshared)
            if existing:
                (course.submitted / "ada").mkdir(parents=True)
                course.submit("ada", "existing", existing).rename(course.submitted / "ada" / "ps1")
            course.submit("ada", "early", EARLY)
            course.submit("ada", "late", LATE)
            course.submit("bob", "late", LATE)
            found.append(contents(course.collect(collector, update=update, before_duedate=before_duedate)))
        assert found[0] == found[1]
        assert found[0]["ada/ps1/p1.ipynb"]


CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "c1"
c.Exchange.root = {exchange!r}
from autograder import configure
configure(c)
"""


def test_nbgraders_own_command_uses_it_and_a_plugin_that_was_set_stays(course: Course) -> None:
    (course.submit("mallory") / "data.txt").symlink_to(course.source / "p1.ipynb")
    course.submit("ada")
    exchange = str(course.inbound.parent.parent)
    (course.folder / "nbgrader_config.py").write_text(CONFIG.format(exchange=exchange))

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *command], cwd=course.folder, capture_output=True, text=True)

    done = run("-m", "nbgrader", "collect", "ps1")
    assert done.returncode == 1
    assert "mallory: ps1 is not collected: it has links to other files (data.txt)" in done.stderr
    assert (course.submitted / "ada" / "ps1" / "p1.ipynb").exists()
    assert not (course.submitted / "mallory" / "ps1").exists()
    with (course.folder / "nbgrader_config.py").open("a") as file:  # any other class is a plugin
        file.write("c.ExchangeFactory.collect = 'nbgrader.exchange.default.ExchangeCollect'\n")
    assert run("-m", "nbgrader", "collect", "ps1").returncode == 0
    assert (course.submitted / "mallory" / "ps1" / "data.txt").read_text() == SECRET
