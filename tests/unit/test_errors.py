"""Whoever uses the package can catch what it raises on purpose by one class."""

import ast

from repository import ROOT

from autograder.common.errors import AutograderError
from autograder.common.files import NotRegular
from autograder.grading.pipeline import NotAllGraded
from autograder.rpc.frames import Disconnected

OTHERS = {
    "Stop",  # never leaves its module's callers: StopIteration on its way to the other side
    "NotRegular",  # an OSError as well
    "TooLarge",  # the same
    "Unknown",  # of a module that any Python runs by itself; its caller makes a KernelError of it
}


def test_every_exception_is_of_one_base_class() -> None:
    others = []
    for path in sorted((ROOT / "autograder").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base) for base in node.bases}
                if bases & {"Exception", "ValueError", "TypeError", "RuntimeError", "OSError"}:
                    others.append(node.name)
    assert set(others) == {"AutograderError"} | OTHERS
    assert issubclass(NotRegular, AutograderError)
    assert issubclass(Disconnected, AutograderError)
    assert issubclass(NotAllGraded, AutograderError)
