"""What the package imports is what pyproject.toml declares, and what is locked can be installed where that says so."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions as distributions_installed
from importlib.metadata import packages_distributions

import pytest
from packaging.specifiers import SpecifierSet
from repository import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# These come with what is declared beside them: TensorFlow has Keras and ml_dtypes, distributed has Dask.
COMES_WITH = {"keras": "tensorflow", "ml-dtypes": "tensorflow", "dask": "distributed"}
# Imported in the trainer's worker alone, as the base of a class; where there is a cluster; as a service of JupyterHub;
# where an LMS is used by token; where notebooks are translated.
CLUSTER = {f"cluster{name}.py" for name in ("", "_jobs", "_node", "_openssl", "_scheduler")}
LMS = {"canvas_api.py", "patient_session.py", "moodle_api.py"}
TRANSLATION = {"texts.py", "catalogue.py", "checks.py"}
ONLY_WITH_AN_EXTRA = {"recorder.py", "hub_session.py", *CLUSTER, *LMS, *TRANSLATION}


def names(requirements: Iterable[str]) -> set[str]:
    """Distributions by their normalized names."""
    return {re.split(r"[\[<>=; ]", one)[0].lower().replace("_", "-") for one in requirements}


def imports(tree: ast.AST, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Top-level names of the modules of others that these nodes import."""
    for node in nodes:
        found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in found:
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top != "autograder":
                yield top


def distributions(modules: set[str]) -> set[str]:
    known = packages_distributions()
    found = {(known.get(module) or [module])[0].lower().replace("_", "-") for module in modules}
    return {COMES_WITH.get(name, name) for name in found}


def test_every_module_that_is_imported_is_declared() -> None:
    used: set[str] = set()
    for path in (ROOT / "autograder").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used |= set(imports(tree, ast.walk(tree)))
    declared = names(PROJECT["dependencies"]).union(
        *(names(EXTRAS[extra]) for extra in ("keras", "course", "cluster", "hub", "lms"))
    )
    assert distributions(used - {"playwright"}) <= declared  # `autograder test` has that of the extra `test`


def test_what_is_imported_with_a_module_is_a_dependency_of_every_course() -> None:
    used: set[str] = set()
    for path in (ROOT / "autograder").rglob("*.py"):
        if path.name in ONLY_WITH_AN_EXTRA:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used |= set(imports(tree, tree.body))
    assert distributions(used) <= names(PROJECT["dependencies"])
    assert not names(PROJECT["dependencies"]) & {"tensorflow", "jupyter", "keras", "matplotlib"}


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_what_is_locked_can_be_installed_from_the_first_release_of_each_python_on(python: str) -> None:
    """Debian 12, for one, has Python 3.11.2, and pip finds no version there that asks for a later one."""
    locked = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").split())
    there = {one.name: one for one in distributions_installed() if locked.get(one.name) == one.version}
    assert len(there) > 0.9 * len(locked)
    needs = {name: one.metadata.get("Requires-Python") or "" for name, one in there.items()}
    assert {name: need for name, need in needs.items() if python not in SpecifierSet(need)} == {}
