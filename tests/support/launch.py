"""A command, run in this process as the command line starts it."""

import contextlib
import io
import sys
from pathlib import Path
from typing import Any


def launch(app: Any, folder: Path, *arguments: str, code: int = 0) -> str:
    """Run a traitlets application in a folder; returns what it printed and logged. Fails where it exits otherwise."""
    if absl := sys.modules.get("absl.logging"):  # TensorFlow's; it closes its stream when logging is configured anew
        absl.get_absl_handler().python_handler.stream = sys.__stderr__
    said = io.StringIO()
    ended: Any = 0
    with contextlib.chdir(folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            app.launch_instance(list(arguments))
        except SystemExit as exit_:
            ended = exit_.code or 0
        finally:
            app.clear_instance()
    assert ended == code, said.getvalue()
    return said.getvalue()
