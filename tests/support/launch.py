"""A command, run in this process as the command line starts it."""

import contextlib
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Done:
    """A command that has ended, in the words of `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def run(app: Any, folder: Path, *arguments: str) -> Done:
    """Run a traitlets application in a folder."""
    out, err = io.StringIO(), io.StringIO()
    code = _run(app, folder, arguments, out, err)
    return Done(code, out.getvalue(), err.getvalue())


def launch(app: Any, folder: Path, *arguments: str, code: int = 0) -> str:
    """As `run`, but in one text, as a terminal shows it. Fails where it exits otherwise than with `code`."""
    said = io.StringIO()
    ended = _run(app, folder, arguments, said, said)
    assert ended == code, said.getvalue()
    return said.getvalue()


def _run(app: Any, folder: Path, arguments: Sequence[str], out: io.StringIO, err: io.StringIO) -> int:
    if absl := sys.modules.get("absl.logging"):  # TensorFlow's; it closes its stream when logging is configured anew
        absl.get_absl_handler().python_handler.stream = sys.__stderr__
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            app.launch_instance(list(arguments))
        except SystemExit as exit_:
            return int(exit_.code or 0)
        finally:
            app.clear_instance()
    return 0
