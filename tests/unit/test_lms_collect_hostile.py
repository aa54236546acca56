"""What students can put into a download: links, paths, bombs, names of others; it gets no further than it may."""

import io
import os
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from autograder.common.text import printable
from autograder.lms.collect.collection import Collection, collect
from autograder.lms.collect.roster import Roster, RosterStudent
from autograder.lms.collect.unpack import Caps, Unpacking

ROSTER = Roster([RosterStudent("ada", "Ada", "Lovelace", "", "4001"), RosterStudent("bob", "Bob", "Smith", "", "4002")])
ADA, BOB = "Ada Lovelace_101_assignsubmission_file_", "Bob Smith_102_assignsubmission_file_"
KILO = 1_000


class Box:
    """A folder of downloads, and what collecting from it gives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archive, self.target = folder / "archive", folder / "out" / "extracted"
        self.archive.mkdir()

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.archive / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def collect(self, file: int = 100 * KILO, archive: int = 300 * KILO) -> Collection:
        others = {"cifar": "ps2"}
        return collect(self.archive, self.target, ROSTER, ["p1"], others, Caps(file, archive))

    def counted(self) -> dict[str, str]:
        """The contents of what counts, by path."""
        return self.below("counted")

    def below(self, name: str) -> dict[str, str]:
        root = self.target / name
        return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def said(collection: Collection) -> str:
    return "\n".join(collection.lines())


@pytest.mark.parametrize(
    "name", ["../evil.ipynb", "/tmp/evil.ipynb", "a/../../../evil.ipynb", "..\\evil.ipynb", "C:\\evil"]
)
def test_a_path_out_of_an_archive_is_refused_and_said(box: Box, name: str) -> None:
    before = {path for path in box.folder.rglob("*")}
    box.put(f"{ADA}/hw.zip", zipped({name: "evil", "p1.ipynb": "good"}))
    collection = box.collect()
    assert box.counted() == {"ada/p1.ipynb": "good"}
    assert "its path leads out of the archive" in said(collection)
    made = {path for path in box.folder.rglob("*")} - before
    assert not [path for path in made if "evil" in path.name]


def test_a_link_in_a_folder_of_downloads_is_not_followed(box: Box) -> None:
    secret = box.folder / "solution.ipynb"
    secret.write_text("the solution")
    box.put(f"{BOB}/p1.ipynb", "good")
    (box.archive / ADA).mkdir()
    (box.archive / ADA / "p1.ipynb").symlink_to(secret)
    (box.archive / "Eve_1_assignsubmission_file_").symlink_to(box.folder)
    collection = box.collect()
    assert box.counted() == {"bob/p1.ipynb": "good"}
    assert {why for _, why in collection.refused} == {"a link to another file"}
    assert len(collection.refused) == 2


def test_a_link_in_an_archive_is_refused(box: Box) -> None:
    link = zipfile.ZipInfo("p1.ipynb")
    link.external_attr = 0o120777 << 16
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(link, "../../source/p1.ipynb")
    box.put(f"{ADA}/hw.zip", content.getvalue())
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w:gz") as tar:
        for kind, name in ((tarfile.SYMTYPE, "p1.ipynb"), (tarfile.LNKTYPE, "x"), (tarfile.FIFOTYPE, "y")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
    box.put(f"{BOB}/hw.tar.gz", tarred.getvalue())
    collection = box.collect()
    assert box.counted() == {}
    assert len(collection.refused) == 4


def test_a_pipe_is_not_waited_for(box: Box) -> None:
    (box.archive / ADA).mkdir()
    os.mkfifo(box.archive / ADA / "p1.ipynb")
    assert [why for _, why in box.collect().refused] == ["not a regular file"]


def test_a_file_over_the_size_cap_is_left_out_and_the_others_are_not(box: Box) -> None:
    box.put(f"{ADA}/p1.ipynb", b"x" * (101 * KILO))
    box.put("more.zip", zipped({f"{BOB}/p1.ipynb": "good", f"{BOB}/big.csv": b"x" * (101 * KILO)}))
    collection = box.collect()
    assert box.counted() == {"bob/p1.ipynb": "good"}
    assert [why for _, why in collection.refused] == ["larger than 0.1 MB", "larger than 0.1 MB"]


def test_a_bomb_costs_no_more_than_its_cap(box: Box) -> None:
    layer = zipped({f"{number}.bin": bytes(90 * KILO) for number in range(50)})
    box.put(f"{ADA}/bomb.zip", zipped({"p1.ipynb": "good", "bomb.zip": layer}))
    collection = box.collect()
    assert box.counted()["ada/p1.ipynb"] == "good"
    assert "too large when unpacked; the rest was left out" in said(collection)
    assert sum(path.stat().st_size for path in box.target.rglob("*") if path.is_file()) < 500 * KILO


def test_a_file_over_the_cap_is_not_read_to_its_end(tmp_path: Path) -> None:
    endless = io.BytesIO(bytes(20_000 * KILO))
    unpacking = Unpacking(tmp_path, Caps(100 * KILO, 100 * KILO))
    assert unpacking._copy(endless, "x", 100 * KILO) is None
    assert endless.tell() < 5_000 * KILO
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_lies_about_its_sizes_is_measured(box: Box) -> None:
    content = bytearray(zipped({"p1.ipynb": bytes(200 * KILO)}))
    true_size, lie = (200 * KILO).to_bytes(4, "little"), (10).to_bytes(4, "little")
    box.put(f"{ADA}/hw.zip", bytes(content.replace(true_size, lie)))
    collection = box.collect()
    assert not any(len(text) > 100 * KILO for text in box.counted().values())
    assert collection.refused


def test_archives_are_opened_to_a_depth_and_no_further(box: Box) -> None:
    content = zipped({"p1.ipynb": "deep"})
    for _ in range(6):
        content = zipped({"in.zip": content})
    box.put(f"{ADA}/hw.zip", content)
    assert "an archive nested too deep in others; it was not opened" in said(box.collect())
    assert box.counted() == {}


def test_folders_too_deep_within_one_another_are_left_out(box: Box) -> None:
    box.put(f"{ADA}/hw.zip", zipped({f"{'a/' * 1_500}p1.ipynb": "deep", "p1.ipynb": "good"}))
    box.put(f"{BOB}/{'a/' * 40}p1.ipynb", "deep")
    collection = box.collect()
    assert box.counted() == {"ada/p1.ipynb": "good"}
    assert [why for _, why in collection.refused] == ["more than 30 folders within one another"] * 2


@pytest.mark.parametrize("content", [b"", b"no archive", zipped({"p1.ipynb": "x"})[:-30]], ids=["empty", "text", "cut"])
@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_an_archive_that_is_damaged_is_said_and_stops_nothing(box: Box, content: bytes, suffix: str) -> None:
    box.put(f"{ADA}/hw.{suffix}", content)
    box.put(f"{BOB}/p1.ipynb", "good")
    assert "it can't be opened" in said(box.collect())
    assert box.counted() == {"bob/p1.ipynb": "good"}


def test_one_damaged_file_in_a_download_does_not_cost_the_others(box: Box) -> None:
    content = bytearray(zipped({f"{ADA}/p1.ipynb": os.urandom(1_000), f"{BOB}/p1.ipynb": "good"}))
    content[200] ^= 0xFF
    box.put("work.zip", bytes(content))
    assert "it can't be read" in said(box.collect())
    assert box.counted() == {"bob/p1.ipynb": "good"}


def test_two_files_of_one_name_are_both_kept(box: Box) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("p1.ipynb", "first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("p1.ipynb", "second")
    box.put(f"{ADA}/hw.zip", content.getvalue())
    collection = box.collect()
    assert box.counted() == {"ada/p1.ipynb": "first"}
    assert list(box.below("kept").values()) == ["second"]
    assert "which was submitted with it" in said(collection)


def test_names_longer_than_a_file_system_takes_are_shortened(box: Box) -> None:
    name = f"lovelaceada_4001_9001_{'длинное имя ' * 14}.ipynb"
    assert len(name.encode()) > 255
    box.put("work.zip", zipped({name: "good"}))
    box.collect()
    assert box.counted() == {"ada/p1.ipynb": "good"}


def test_a_students_archive_cannot_speak_for_another_student(box: Box) -> None:
    metadata = "bob:\n  :submitters:\n  - :sid: bob\n  :created_at: 2030-01-01 00:00:00 Z\n"
    forged = zipped(
        {
            "submission_metadata.yml": metadata,
            "bob/p1.ipynb": "evil",
            f"{BOB}/p1.ipynb": "evil",
            "smithbob_4002_1_p1.ipynb": "evil",
        }
    )
    box.put("moodle.zip", zipped({f"{ADA}/hw.zip": forged, f"{ADA}/smithbob_4002_1_p1.ipynb": "evil"}))
    # Of someone who is not on the roster, and so is nobody's.
    box.put("canvas.zip", zipped({"evileve_6666_1_hw.zip": forged}))
    box.put("canvas 2.zip", zipped({"evileve_6666_1_hw.zip": forged, "lovelaceada_4001_2_x.txt": "ada's"}))
    box.collect()
    assert not [path for path in [*box.counted(), *box.below("kept")] if path.startswith("bob/")]


def test_a_name_that_could_be_two_students_is_nobodys(box: Box) -> None:
    box.put("x_4002_1__4001_9001_p1.ipynb", "of ada, who calls herself x_4002_1_")
    collection = box.collect()
    assert box.counted() == {}
    assert "it could be of ada or bob" in said(collection)


def test_a_notebook_of_another_assignment_is_not_taken(box: Box) -> None:
    box.put(f"{ADA}/Copy of cifar.ipynb", "another")
    box.put(f"{BOB}/hw.ipynb", "good")
    collection = box.collect()
    assert box.counted() == {"bob/p1.ipynb": "good"}
    assert "ada: did not take “Copy of cifar.ipynb”, a notebook of ps2" in said(collection)
    assert "bob: took “hw.ipynb” as p1.ipynb" in said(collection)


def test_a_notebook_of_the_right_name_is_preferred_in_folders_and_without(box: Box) -> None:
    for name, content in {"p1.ipynb": "good", "p1 (1).ipynb": "copy", "zzz.ipynb": "notes"}.items():
        box.put(f"{ADA}/{name}", content)
        box.put(f"flat/{BOB}{name}", content)
    collection = box.collect()
    assert box.counted() == {"ada/p1.ipynb": "good", "bob/p1.ipynb": "good"}
    for student in ("ada", "bob"):
        assert f"{student}: took “p1.ipynb”, not “p1 (1).ipynb”, which was submitted with it" in said(collection)
        assert [text for path, text in box.below("kept").items() if path.endswith("zzz.ipynb")] == ["notes", "notes"]


def test_of_several_notebooks_of_the_right_name_the_one_in_the_fewest_folders_counts(box: Box) -> None:
    files = {"z/old/p1.ipynb": "older", "p1.ipynb": "good", "z/p1.ipynb": "old", "p1 (2).ipynb": "another"}
    box.put("moodle.zip", zipped({f"{ADA}/hw.zip": zipped(files)}))
    collection = box.collect()
    assert box.counted() == {"ada/p1.ipynb": "good"}
    (line,) = [line for line in collection.lines() if "ada: took" in line]
    assert "took “hw.zip/p1.ipynb”, not “hw.zip/p1 (2).ipynb”, “hw.zip/z/old/p1.ipynb”, “hw.zip/z/p1.ipynb”" in line
    assert line.endswith("it is in fewer nested folders")


def test_a_notebook_called_just_as_another_assignments_is_not_this_ones(box: Box) -> None:
    box.put(f"{ADA}/p1_2.ipynb", "another")
    collection = collect(box.archive, box.target, ROSTER, ["p1"], {"p1_2": "ps2"}, Caps(100 * KILO, 300 * KILO))
    assert box.counted() == {}
    assert "a notebook of ps2" in said(collection)


def test_of_several_notebooks_with_other_names_none_is_guessed(box: Box) -> None:
    box.put(f"{ADA}/one.ipynb", "1")
    box.put(f"{ADA}/two.ipynb", "2")
    collection = box.collect()
    assert box.counted() == {}
    assert "ada: took none of “one.ipynb”, “two.ipynb”: their names do not say which notebook they are" in said(
        collection
    )
    assert sorted(box.below("kept").values()) == ["1", "2"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp866"])
def test_cyrillic_names_of_archives_made_on_macos_and_windows_are_read(box: Box, encoding: str) -> None:
    name = "Ада Лавлейс"
    content = zipped({"X" * len(name.encode(encoding)): "good"})
    box.put(f"{ADA}/hw.zip", content.replace(b"X" * len(name.encode(encoding)), name.encode(encoding)))
    box.collect()
    assert [path.rpartition("/")[2] for path in box.counted()] == []
    listed = (box.target / "collected.csv").read_text(encoding="utf-8-sig")
    assert f"hw.zip/{name}," in listed


def test_what_a_terminal_or_a_spreadsheet_would_run_is_shown_as_text(box: Box) -> None:
    box.put("=cmd|' /C calc'!A0", "x")
    box.put("\x1b[2J.txt", "x")
    collection = box.collect()
    assert "\x1b" not in said(collection)
    assert printable("\x1b[2J") == "\\x1b[2J"
    assert ",'=cmd" in (box.target / "collected.csv").read_text(encoding="utf-8-sig")


def test_names_that_are_no_unicode_are_collected_and_listed(box: Box) -> None:
    folder = box.archive / ADA
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.ipynb")).write_text("good")
    assert said(box.collect())
    assert box.counted() == {"ada/p1.ipynb": "good"}


def test_what_computers_add_to_archives_is_no_file_of_a_student(box: Box) -> None:
    files = {f"__MACOSX/{ADA}/._p1.ipynb": "x", f"{ADA}/.DS_Store": "x", f"{ADA}/.ipynb_checkpoints/p1.ipynb": "old"}
    box.put("work.zip", zipped({**files, f"{ADA}/p1.ipynb": "good"}))
    collection = box.collect()
    assert box.counted() == {"ada/p1.ipynb": "good"}
    assert not collection.strays
