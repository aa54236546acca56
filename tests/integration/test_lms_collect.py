"""Downloads from Moodle, Canvas and Gradescope become submissions: through nbgrader's zip_collect and our command."""

import csv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from graded_course import Course
from launch import launch
from nbgrader.apps import ZipCollectApp
from nbgrader.apps.dbapp import DbStudentImportApp

from autograder.cli.collect import CollectApp

ROSTER = """\
id,first_name,last_name,email,lms_user_id
ada,Ada,Lovelace,ada@uni.example,4001
bob,Bob,Smith,bob@uni.example,4002
yan,Алёна,Ли-Иванова,yan@uni.example,4003
tim,Tim,Twin,tim@uni.example,4004
tom,Tim,Twin,tom@uni.example,4005
"""
Files = Mapping[str, str | bytes]


class Place:
    """A course folder with a roster, and folders of downloads."""

    def __init__(self, course: Course) -> None:
        self.course, self.folder = course, course.folder
        (self.folder / "roster.csv").write_text(ROSTER, encoding="utf-8")

    def collect(self, *arguments: str, code: int = 0) -> str:
        """Run `autograder collect ps1` with the roster; returns what it printed."""
        return self.run("ps1", *arguments, "--roster", "roster.csv", code=code)

    def run(self, *arguments: str, code: int = 0) -> str:
        return launch(CollectApp, self.folder, *arguments, code=code)

    def zipped(self, name: str, files: Files) -> str:
        with zipfile.ZipFile(self.folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        return name

    def unzipped(self, name: str, files: Files) -> str:
        for path, content in files.items():
            file = self.folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def submitted(self) -> dict[str, str]:
        """What is in `submitted/`, by path."""
        root = self.folder / "submitted"
        return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}

    def fates(self) -> dict[str, str]:
        """What the list says became of each file, by the end of its path."""
        path = self.folder / "downloaded" / "ps1" / "extracted" / "collected.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {
                row["file"].rpartition("/")[2] or row["student"]: row["what happened to it"]
                for row in csv.DictReader(file)
            }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return Course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture
def place(made: Course, tmp_path: Path) -> Place:
    return Place(made.copy(tmp_path / "course"))


MOODLE = {
    "Ada Lovelace_101_assignsubmission_file_/p1.ipynb": "ada's",
    "Bob Smith_102_assignsubmission_file/p1.ipynb": "bob's",
    "Ли-Иванова Алена_103_assignsubmission_file_/p1.ipynb": "yan's",
}
FLAT = {name.replace("_/", "_").replace("file/", "file_"): text for name, text in MOODLE.items()}
CANVAS = {
    "lovelaceada_4001_9001_p1-1.ipynb": "ada's",
    "smithbob_LATE_4002_9002_p1.ipynb": "bob's",
    "лиивановаалёна_4003_9003_p1.ipynb": "yan's",
}
METADATA = """\
---
submission_501:
  :submitters:
  - :name: Ada L.
    :sid: 'ada'
    :email: someone@else.example
  :created_at: 2026-03-01 21:30:00.861687000 Z
  :results:
    output: |+
      Final Score: 2.0

...
submission_502:
  :submitters:
  - :name: Bob
    :sid:
    :email: BOB@uni.example
  - :name: Alyona
    :sid: 4003
  :created_at: 2026-03-01 21:30:00 -08:00
"""
GRADESCOPE = {
    "assignment_77_export/submission_metadata.yml": METADATA,
    "assignment_77_export/submission_501/p1.ipynb": "ada's",
    "assignment_77_export/submission_502/p1.ipynb": "bob's",
}
ALL = {"ada/ps1/p1.ipynb": "ada's", "bob/ps1/p1.ipynb": "bob's", "yan/ps1/p1.ipynb": "yan's"}


@pytest.mark.parametrize("files", [MOODLE, FLAT, CANVAS], ids=["Moodle", "Moodle, flat", "Canvas"])
@pytest.mark.parametrize("form", ["zip", "folder"])
def test_a_download_becomes_submissions(place: Place, files: Files, form: str) -> None:
    download = place.zipped("cs_101_2026_work.zip", files) if form == "zip" else place.unzipped("work", files)
    said = place.collect(download)
    assert place.submitted() == ALL
    assert "3 of 5 students have a submission in the downloads: 3 new, 0 replaced, 0 unchanged." in said
    assert "No notebook in the downloads from 2 of 5: tim, tom" in said
    assert said.splitlines()[-1] == "Next: autograder grade ps1"


def test_a_gradescope_export_becomes_submissions_with_times_also_of_groups(place: Place) -> None:
    place.collect(place.zipped("export.zip", GRADESCOPE))
    times = {
        "ada/ps1/timestamp.txt": "2026-03-01 21:30:00.861687",
        "bob/ps1/timestamp.txt": "2026-03-02 05:30:00",
        "yan/ps1/timestamp.txt": "2026-03-02 05:30:00",
    }
    assert place.submitted() == {**ALL, "yan/ps1/p1.ipynb": "bob's", **times}


@pytest.mark.parametrize("files", [MOODLE, CANVAS, GRADESCOPE], ids=["Moodle", "Canvas", "Gradescope"])
def test_nbgraders_zip_collect_does_the_same(place: Place, files: Files) -> None:
    (place.folder / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        'c.ZipCollectApp.extractor_plugin = "autograder.lms.collect.LmsExtractor"\n'
        'c.ZipCollectApp.collector_plugin = "autograder.lms.collect.LmsCollector"\n'
    )
    launch(DbStudentImportApp, place.folder, "roster.csv")
    (place.folder / "downloaded" / "ps1" / "archive").mkdir(parents=True)
    place.zipped("downloaded/ps1/archive/work.zip", files)
    place.zipped("downloaded/ps1/archive/more.zip", {"Nobody Here_9_assignsubmission_file_/p1.ipynb": "?"})
    said = launch(ZipCollectApp, place.folder, "ps1")
    theirs = place.submitted()
    assert len([path for path in theirs if path.endswith(".ipynb")]) == 3
    assert "Not matched (1):" in said
    place.collect(code=1)
    assert place.submitted() == theirs


def test_what_is_collected_is_graded(place: Place) -> None:
    solved = place.course.hand_in("ada", {"test_add": 2.0, "test_mul": 3.0}, add="def add(a, b):\n    return a + b")
    content = solved.read_text()
    solved.unlink()
    solved.parent.rmdir()
    place.collect(place.zipped("canvas.zip", {"lovelaceada_4001_9001_p1 (1).ipynb": content}))
    assert place.course.grade().statuses["ada"].label == "graded"
    assert place.course.scores("ada")["test_add"] == 2.0


def test_collecting_again_changes_nothing(place: Place) -> None:
    download = place.zipped("work.zip", MOODLE)
    place.collect(download)
    assert "0 new, 0 replaced, 3 unchanged" in place.collect(download)
    assert len(list((place.folder / "downloaded" / "ps1" / "archive").iterdir())) == 1


def test_of_two_downloads_the_last_counts_and_the_first_is_kept(place: Place) -> None:
    name = "Ada Lovelace_101_assignsubmission_file_/p1.ipynb"
    place.collect(place.zipped("monday.zip", {name: "first"}))
    said = place.collect(place.zipped("friday.zip", {name: "second"}))
    assert place.submitted() == {"ada/ps1/p1.ipynb": "second"}
    assert "0 new, 1 replaced" in said
    downloaded = place.folder / "downloaded" / "ps1"
    assert [path.read_text() for path in (downloaded / "replaced").rglob("*.ipynb")] == ["first"]
    assert [path.read_text() for path in (downloaded / "extracted" / "kept" / "ada").rglob("*.ipynb")] == ["first"]
    assert "kept: an earlier attempt" in (downloaded / "extracted" / "collected.csv").read_text()


def test_of_two_times_the_later_counts_in_whatever_order_the_downloads_come(place: Place) -> None:
    later = {name: text.replace("2026-03-01 21:30", "2026-03-09 21:30") for name, text in GRADESCOPE.items()}
    later["assignment_77_export/submission_501/p1.ipynb"] = "ada's last"
    place.collect(place.zipped("later.zip", later))
    place.collect(place.zipped("earlier.zip", GRADESCOPE))
    assert place.submitted()["ada/ps1/p1.ipynb"] == "ada's last"


def test_a_submission_from_elsewhere_that_is_newer_stays(place: Place) -> None:
    path = place.course.hand_in("ada")
    path.write_text("from the exchange")
    (path.parent / "timestamp.txt").write_text("2026-03-02 10:00:00 UTC")
    said = place.collect(place.zipped("export.zip", GRADESCOPE))
    assert place.submitted()["ada/ps1/p1.ipynb"] == "from the exchange"
    assert "Older than the one in submitted/, so not used (1): ada" in said


def test_of_canvas_files_handed_in_together_the_last_upload_counts(place: Place) -> None:
    files = {"lovelaceada_4001_9010_p1.ipynb": "second", "lovelaceada_4001_9009_p1-1.ipynb": "first"}
    said = place.collect(place.zipped("canvas.zip", files))
    assert place.submitted() == {"ada/ps1/p1.ipynb": "second"}
    assert "ada: took “p1.ipynb”, not “p1-1.ipynb”, which was submitted with it" in said


def test_the_released_notebook_never_counts_where_there_is_another(place: Place) -> None:
    released = (place.folder / "release" / "ps1" / "p1.ipynb").read_text(encoding="utf-8")
    worked = released.replace("YOUR CODE HERE", "my code here")
    ada, bob = (f"{name}_assignsubmission_file_" for name in ("Ada Lovelace_101", "Bob Smith_102"))
    place.collect(
        place.zipped(
            "monday.zip", {f"{ada}/p1.ipynb": released, f"{ada}/p1-Copy1.ipynb": worked, f"{bob}/p1.ipynb": worked}
        )
    )
    said = place.collect(place.zipped("friday.zip", {f"{bob}/p1.ipynb": released}))
    assert place.submitted() == {"ada/ps1/p1.ipynb": worked, "bob/ps1/p1.ipynb": worked}
    assert "ada: took “p1-Copy1.ipynb”, not “p1.ipynb”" in said
    assert (
        "bob: took “p1.ipynb”, not another “p1.ipynb”, which was submitted with it or later: the other is as released"
        in said
    )


def test_a_notebook_that_windows_calls_a_text_is_taken(place: Place) -> None:
    files = {"Ada Lovelace_101_assignsubmission_file_/p1.ipynb.txt": "ada's"}
    assert "took “p1.ipynb.txt” as p1.ipynb" in place.collect(place.zipped("work.zip", files))
    assert place.submitted() == {"ada/ps1/p1.ipynb": "ada's"}


def test_what_is_late_in_canvas_is_said(place: Place) -> None:
    assert "Late according to the LMS (1): bob" in place.collect(place.zipped("canvas.zip", CANVAS))


def test_what_is_not_on_the_roster_is_kept_and_listed(place: Place) -> None:
    files = {
        **MOODLE,
        "Mallory M_104_assignsubmission_file_/p1.ipynb": "mallory's",
        "Tim Twin_105_assignsubmission_file_/p1.ipynb": "whose?",
        "notes.txt": "the instructor's",
    }
    said = place.collect(place.zipped("work.zip", files), code=1)
    assert place.submitted() == ALL
    assert "Mallory M_104_assignsubmission_file_/p1.ipynb: nobody on the roster is this: Mallory M" in said
    assert "Tim Twin_105_assignsubmission_file_/p1.ipynb: it could be of tim or tom: Tim Twin" in said
    assert "notes.txt: its name is neither a student's id nor one that Moodle, Canvas or Gradescope gives" in said
    unmatched = place.folder / "downloaded" / "ps1" / "extracted" / "unmatched"
    kept = {path.read_text() for path in unmatched.rglob("*") if path.is_file()}
    assert kept == {"mallory's", "whose?", "the instructor's"}


def test_an_instructor_says_whose_it_is_by_a_folder_named_as_the_student(place: Place) -> None:
    place.collect(place.zipped("export.zip", GRADESCOPE))
    place.collect(place.unzipped("by hand", {"tom/p1.ipynb": "tom's", "ada/p1.ipynb": "the right one"}))
    assert place.submitted()["tom/ps1/p1.ipynb"] == "tom's"
    assert place.submitted()["ada/ps1/p1.ipynb"] == "the right one"


def test_files_beside_the_notebook_come_along_where_the_instructor_says_so(place: Place) -> None:
    (place.folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.LmsCollector.valid_ext = [".ipynb", ".csv", ".txt"]\n'
    )
    folder = "Ada Lovelace_101_assignsubmission_file_"
    files = {"p1.ipynb": "ada's", "data/x.csv": "1", "timestamp.txt": "1999-01-01", ".secret/y.csv": "2", "z.pdf": "3"}
    place.collect(place.zipped("work.zip", {f"{folder}/{name}": text for name, text in files.items()}))
    assert place.submitted() == {"ada/ps1/p1.ipynb": "ada's", "ada/ps1/data/x.csv": "1"}


@pytest.mark.parametrize(
    "roster",
    [
        "\ufeffid;last_name;lms_user_id\nada;Lovelace;4001\n",
        "last_name\tid \tlms_user_id\tsection\nLovelace\tada\t 4001 \tA\n",
    ],
)
def test_a_roster_as_excel_writes_it_is_read(place: Place, roster: str) -> None:
    (place.folder / "roster.csv").write_text(roster, encoding="utf-8")
    place.collect(place.zipped("canvas.zip", {"lovelaceada_4001_9001_p1.ipynb": "ada's"}))
    assert place.submitted() == {"ada/ps1/p1.ipynb": "ada's"}


@pytest.mark.parametrize(
    ("roster", "said"),
    [
        (b"name\nAda\n", "has no column `id`"),
        ("id,last_name\nada,Лавлейс\n".encode("cp1251"), "is not UTF-8: in Excel, save it as “CSV UTF-8”"),
        (b"id\nada\nada\n", "the id 'ada' appears twice"),
        (b"id\n../ada\n", "the id '../ada' can't be the name of a folder"),
    ],
)
def test_a_roster_that_cannot_be_used_is_refused_with_the_reason(place: Place, roster: bytes, said: str) -> None:
    (place.folder / "roster.csv").write_bytes(roster)
    assert said in place.collect(place.zipped("work.zip", MOODLE), code=1)
    assert not (place.folder / "submitted").exists()


def test_what_is_missing_on_the_command_line_is_said(place: Place) -> None:
    assert "Give an assignment" in place.run(code=1)
    assert "No such download: " in place.collect("none.zip", code=1)
    assert "Nothing has been downloaded" in place.collect(code=1)
    download = place.zipped("work.zip", MOODLE)
    assert "The gradebook has no students" in place.run("ps1", download, code=1)
    said = place.run("ps9", download, "--roster", "roster.csv", code=1)
    assert "There is no notebook of ps9 in source/ or release/; there are assignments: ps1" in said


def test_the_list_says_what_became_of_each_file(place: Place) -> None:
    place.collect(place.zipped("work.zip", {**MOODLE, "Nobody_9_assignsubmission_file_/x.ipynb": "?"}), code=1)
    fates = place.fates()
    assert fates["p1.ipynb"] == "counts as p1.ipynb"
    assert fates["x.ipynb"] == "not matched: nobody on the roster is this: Nobody"
    assert fates["tom"] == "no notebook"


def test_grading_metadata_that_cannot_be_read_loses_nothing(place: Place) -> None:
    files = {**GRADESCOPE, "assignment_77_export/submission_metadata.yml": "a: [b"}
    said = place.collect(place.zipped("export.zip", files), code=1)
    assert "submission_metadata.yml can't be read" in said
    unmatched = place.folder / "downloaded" / "ps1" / "extracted" / "unmatched"
    assert {path.read_text() for path in unmatched.rglob("*.ipynb")} == {"ada's", "bob's"}
    assert place.submitted() == {}
