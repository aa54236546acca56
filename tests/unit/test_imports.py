"""Data has one way through the package: no file and no room imports what imports it, not even for types."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from repository import ROOT

from autograder.kernel import agent

# A room may import from those before it, and from itself.
ROOMS = (
    "version",
    "common",
    "sandbox",
    "keras_codec",
    "rpc",
    "course",
    "training",
    "kernel",
    "examiner",
    "notebooks",
    "grading",
    "lms",
    "reports",
    "watch",
    "container",
    "cli",
)


def modules(package: Path) -> dict[str, Path]:
    """The package's modules by dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, known: dict[str, Path], *, for_types: bool = True) -> Iterator[str]:
    """The package's modules that a file imports, wherever in it, and with `for_types` be it for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    skipped = set() if for_types else {inner for node in typing for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield from [place for place in (name, str(node.module)) if place in known][:1]


def graph(package: Path) -> dict[str, set[str]]:
    known = modules(package)
    return {name: set(imported(path, known)) - {name} for name, path in known.items()}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def upward(edges: dict[str, set[str]]) -> list[str]:
    """Imports from a room that comes later; the package itself and `__main__` may import any."""
    places = {name: place for place, name in enumerate(ROOMS)}
    found = []
    for importer, names in edges.items():
        if room(importer) in ("", "__main__"):
            continue
        found += [f"{importer} imports {name}" for name in names if places[room(name)] > places[room(importer)]]
    return found


def beside_students() -> set[str]:
    """The modules that a sandbox with a student's code shows."""
    package = ROOT / "autograder"
    shown = [package / name for name in agent.MODULES]
    files = {file for path in shown for file in (path.rglob("*.py") if path.is_dir() else [path])}
    return {name for name, path in modules(package).items() if path in files}


# One thing each: the side that asks a process, what forks others, what an instructor may set, what works on jobs.
SAME_IN_EACH_ROOM = {"client", "fork_server", "settings", "worker"}
EDGES = graph(ROOT / "autograder")


def test_files_do_not_import_each_other_in_a_circle() -> None:
    graphlib.TopologicalSorter(EDGES).prepare()  # CycleError names the circle


def test_rooms_import_only_from_those_before_them() -> None:
    assert {room(name) for name in EDGES} == {"", "__main__", *ROOMS}
    assert upward(EDGES) == []


def test_what_runs_beside_a_students_code_imports_nothing_that_its_sandbox_does_not_show() -> None:
    shown, known = beside_students(), modules(ROOT / "autograder")
    edges = {name: set(imported(known[name], known, for_types=False)) for name in shown - {"autograder"}}
    assert {f"{name} imports {other}" for name, others in edges.items() for other in others - shown} == set()
    assert {"autograder.kernel.agent", "autograder.training.kernel_side.hook"} <= shown


def test_a_circle_and_an_import_upward_are_found(tmp_path: Path) -> None:
    package = tmp_path / "p"
    for name, text in {
        "common/a.py": "def f():\n    from p.common import b",
        "common/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.common.a import f",
        "sandbox/c.py": "import p.kernel.d",
        "kernel/d.py": "",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    edges = graph(package)
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(edges).prepare()
    assert upward(edges) == ["p.sandbox.c imports p.kernel.d"]


def test_no_two_public_classes_and_no_two_modules_have_one_name() -> None:
    known = modules(ROOT / "autograder")
    classes: dict[str, list[str]] = {}
    for name, path in known.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes.setdefault(node.name, []).append(name)
    assert {name: where for name, where in classes.items() if len(where) > 1} == {}
    places: dict[str, list[str]] = {}
    for name in known:
        if room(name) not in ("", "cli"):  # a command is called by what it does
            places.setdefault(name.rpartition(".")[2], []).append(name)
    assert {name for name, where in places.items() if len(where) > 1} == SAME_IN_EACH_ROOM | {"__main__"}
