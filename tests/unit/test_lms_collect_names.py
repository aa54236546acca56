"""What names say: of whose a submission is, and of which notebook a file is."""

from datetime import datetime
from pathlib import Path

import pytest

from autograder.lms.collect.lms_names import MetadataError, Named, canvas, gradescope, moodle
from autograder.lms.collect.roster import NotMatched, Person, Roster, RosterStudent
from autograder.notebooks.notebook_names import notebook_of, of_another

RENAMED = """
mnist (1).ipynb | mnist(2).ipynb | MNIST.IPYNB | mnist_1.ipynb | mnist-2.ipynb | mnist 3.ipynb | mnist-Copy1.ipynb
mnist copy 2.ipynb | mnist - Copy.ipynb | mnist - Copy (3).ipynb | Copy of mnist.ipynb | Copy of Copy of mnist.ipynb
Копия mnist.ipynb | Копия Копия mnist (1).ipynb | Копия блокнота "mnist.ipynb"
Copy_of_mnist.ipynb | Копия_блокнота_"mnist_ipynb".ipynb | mnist — копия.ipynb | mnist - копия (2).ipynb
Копия блокнота _mnist.ipynb_.ipynb | mnist.ipynb.ipynb | mnist.ipynb (1).ipynb | «mnist».ipynb | Копия mnist.ipynb
"""


@pytest.mark.parametrize("name", [name.strip() for line in RENAMED.strip().splitlines() for name in line.split(" | ")])
def test_a_renamed_notebook_is_known_by_what_is_left_of_its_name(name: str) -> None:
    name = name if name.lower().endswith(".ipynb") else f"{name}.ipynb"
    assert notebook_of(name, ["mnist", "fashion_mnist"]) == ("mnist", False)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ps_1.ipynb", ("ps_1", True)),
        ("ps_1 (2).ipynb", ("ps_1", False)),
        ("ps.ipynb", ("ps", True)),
        ("ps_3.ipynb", ("ps", False)),
        ("fashion_mnist.ipynb", None),
        ("my mnist.ipynb", None),
        (".ipynb", None),
        ("(1).ipynb", None),
        (" (1)" * 2_000 + ".ipynb", None),
    ],
)
def test_a_notebook_is_not_taken_for_another_of_similar_name(name: str, found: tuple[str, bool] | None) -> None:
    assert notebook_of(name, ["ps", "ps_1", "mnist"]) == found


def test_a_name_from_macos_is_the_same_name() -> None:
    assert notebook_of("сии\u0306.ipynb", ["сий"]) == ("сий", False)


def test_a_notebook_of_another_assignment_is_known() -> None:
    assert of_another("Copy of cifar.ipynb", {"cifar": "ps2"}) == "ps2"
    assert of_another("mine.ipynb", {"cifar": "ps2"}) is None


def test_moodles_names_are_read_with_and_without_folders() -> None:
    person = (Person(name="Анна-Мария О’Нил", by_name=True),)
    for folder in ("Анна-Мария О’Нил_12_assignsubmission_file_", "Анна-Мария О’Нил_12_assignsubmission_file"):
        assert moodle(folder) == Named(person)
    assert moodle("Анна-Мария О’Нил_12_assignsubmission_file_a_b.ipynb") == Named(person, "a_b.ipynb")
    assert moodle("Ada_assignsubmission_file_") is None


def test_canvas_names_are_read_with_late_marks_anonymous_or_with_numbers_in_them() -> None:
    found = canvas("lovelaceada_LATE_4001_9001_my_1_2_p1-1.ipynb")
    assert found is not None
    assert (found.file, found.number, found.late) == ("my_1_2_p1-1.ipynb", 9001, True)
    assert found.people == (Person(("4001", "1"), name="lovelaceada", by_name=True),)
    assert canvas("anon_Xy12z_9001_p1.ipynb") == Named((Person(name="anon_Xy12z"),), "p1.ipynb", 9001)
    assert canvas("p1.ipynb") is None


def test_gradescopes_metadata_is_read_with_either_kind_of_keys_and_any_time(tmp_path: Path) -> None:
    text = "a_1:\n  submitters:\n  - sid: 0123\n    name: No\n  created_at: never\nb_2:\n  :submitters: []\n"
    (tmp_path / "submission_metadata.yml").write_text(text)
    found = gradescope(tmp_path)
    assert found == {"a_1": Named((Person(sid="0123", name="No"),), number=1), "b_2": Named((), number=2)}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-04-26 17:34:00.861687000 Z", datetime(2026, 4, 26, 17, 34, 0, 861687)),
        ("2026-04-26 10:34:00.5 -07:00", datetime(2026, 4, 26, 17, 34, 0, 500000)),
        ("2026-04-26 17:34:00 UTC", datetime(2026, 4, 26, 17, 34)),
    ],
)
def test_gradescopes_times_are_read_as_utc(tmp_path: Path, text: str, time: datetime) -> None:
    (tmp_path / "submission_metadata.yml").write_text(f"a:\n  :created_at: {text}\n")
    assert gradescope(tmp_path)["a"].time == time


@pytest.mark.parametrize(
    "text", ["- a", "a: [b", "a: 1", "a: &a [*a]", "\0", "a: !!python/object/apply:os.getcwd []", "[" * 9999]
)
def test_metadata_that_is_no_metadata_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "submission_metadata.yml").write_text(text)
    with pytest.raises(MetadataError):
        gradescope(tmp_path)


ROSTER = Roster(
    [
        RosterStudent("ada", "Ada", "Lovelace", "ada@uni.example", "4001"),
        RosterStudent("bob", "Bob", "O'Neil"),
        RosterStudent("eve", "Алёна", "Йорк", "eve@uni.example", "4002"),
        RosterStudent("t1", "Tim", "Twin"),
        RosterStudent("t2", "Twin", "Tim"),
    ]
)


@pytest.mark.parametrize(
    ("person", "student"),
    [
        (Person(("4001",)), "ada"),
        (Person(("4002", "7"), name="whoever", by_name=True), "eve"),
        (Person(email="ADA@uni.example"), "ada"),
        (Person(sid="bob"), "bob"),
        (Person(sid="4002", email="eve@uni.example"), "eve"),
        (Person(name="Йорк Алена", by_name=True), "eve"),
        (Person(("9",), name="oneilbob", by_name=True), "bob"),
        (Person(name="ONeil Bob", by_name=True), "bob"),
    ],
)
def test_a_student_is_found_by_ids_email_or_name(person: Person, student: str) -> None:
    assert ROSTER.find(person) == student


@pytest.mark.parametrize(
    "person",
    [
        Person(),
        Person(name="Ada Lovelace"),  # Gradescope lets students choose their names
        Person(("9",), name="lovelaceada", by_name=True),  # another id than that of the student of this name
        Person(("4001", "4002")),
        Person(sid="bob", email="eve@uni.example"),
        Person(name="Tim Twin", by_name=True),
        Person(name="Ada Byron Lovelace", by_name=True),
        Person(name="", by_name=True),
    ],
)
def test_where_it_is_not_sure_whose_it_is_nobody_is_taken(person: Person) -> None:
    with pytest.raises(NotMatched):
        ROSTER.find(person)


ALIKE = Roster(
    RosterStudent(f"{first} {last}", first, last)
    for first, last in [
        ("José", "Müller"),
        ("Jose", "Muller"),
        ("José", "Muller"),
        ("Anna", "STRAUSS"),
        ("Anna", "Strauß"),
        ("Anna", "O'Neil"),
        ("Anna", "ONeil"),
        ("Пётр", "Семенов"),
        ("Петр", "Семенов"),
    ]
)


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("José Müller", "José Müller"),
        ("Müller, José", "José Müller"),
        ("Mu\u0308ller Jose\u0301", "José Müller"),  # as macOS writes it
        ("JOSÉ MÜLLER", "José Müller"),
        ("müllerjosé", "José Müller"),
        ("Jose Muller", "Jose Muller"),
        ("mullerjose", "Jose Muller"),
        ("josé_muller", "José Muller"),
        ("anna strauß", "Anna Strauß"),
        ("Anna Strauss", "Anna STRAUSS"),
        ("Anna O'Neil", "Anna O'Neil"),
        ("Anna ONeil", "Anna ONeil"),
        ("СЕМЕНОВ ПЁТР", "Пётр Семенов"),
        ("Петр_Семенов", "Петр Семенов"),
    ],
)
def test_who_is_called_just_so_is_not_taken_for_somebody_alike(name: str, student: str) -> None:
    assert ALIKE.find(Person(name=name, by_name=True)) == student


@pytest.mark.parametrize("name", ["Josè Müller", "anna oneil", "José Möller"])
def test_a_name_that_is_just_nobodys_is_one_only_where_one_alone_is_alike(name: str) -> None:
    with pytest.raises(NotMatched):
        ALIKE.find(Person(name=name, by_name=True))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("PS1.ipynb", ("PS1", True)),
        ("ps1.ipynb", ("ps1", True)),
        ("ps1 (1).ipynb", ("ps1", False)),
        ("Copy of PS1.ipynb", ("PS1", False)),
        ("Ps1.ipynb", None),
    ],
)
def test_of_notebooks_whose_names_differ_in_case_the_one_called_so_is_meant(
    name: str, found: tuple[str, bool] | None
) -> None:
    assert notebook_of(name, ["PS1", "ps1"]) == found
