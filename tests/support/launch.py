"""A command, run in this process as the command line starts it."""

import contextlib
import io
import sys
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
    if absl := sys.modules.get("absl.logging"):  # TensorFlow's; it closes its stream when logging is configured anew
        absl.get_absl_handler().python_handler.stream = sys.__stderr__
    out, err = io.StringIO(), io.StringIO()
    ended: Any = 0
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            app.launch_instance(list(arguments))
        except SystemExit as exit_:
            ended = exit_.code or 0
        finally:
            app.clear_instance()
    return Done(ended, out.getvalue(), err.getvalue())


def launch(app: Any, folder: Path, *arguments: str, code: int = 0) -> str:
    """Run a traitlets application in a folder; returns what it printed and logged. Fails where it exits otherwise."""
    done = run(app, folder, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr
