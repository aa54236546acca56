"""An IPython shell that captures a cell's outputs in nbformat's form, in the order in which they came.

IPython's `capture_output`, CapturingDisplayPublisher and CapturingDisplayHook do not fit: they put stdout, stderr and
displays into three places, so that their order is lost; they store any amount of them, while a cell's outputs have to
fit into one message; and the hook sets neither `_` nor `Out`, and ignores a final semicolon.
"""

import contextlib
import io
import json
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from autograder import keras_codec, rpc
from autograder.common.text import clean

Output = dict[str, Any]
MAX_OUTPUT = 12 << 20  # bytes of JSON of one cell, which fits into a frame
MAX_OUTPUTS = 1000
MAX_RESULT = 10_000  # characters of an error or a value that are kept in any case
ESCAPED = 12  # bytes of JSON that a character may take
_CROSSING = tuple(str(Path(file).parent) for file in (keras_codec.__file__, rpc.__file__) if file)


class CellOutputs:
    """The outputs of the cell that runs, as JSON that fits into one message."""

    def __init__(self) -> None:
        """None yet."""
        self.items: list[Output] = []
        self._room = MAX_OUTPUT

    def text(self, name: str, text: str) -> None:
        """Add printed text, to the previous one where that is of the same stream."""
        if not text or self._room <= 0:
            return
        size = _size(text)
        if size > self._room:
            text = text[: self._room // ESCAPED] + "\n… the rest of the output is left out\n"
        self._room -= size
        last = self.items[-1] if self.items else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += text
        elif len(self.items) < MAX_OUTPUTS:
            self.items.append({"output_type": "stream", "name": name, "text": text})

    def add(self, kind: str, **content: Any) -> None:
        """Add another output; where there is no room for it, say so."""
        content = clean(content)
        size = _size(content)
        result = kind != "display_data"  # the score depends on it
        if (len(self.items) < MAX_OUTPUTS and size <= self._room) or (result and size <= ESCAPED * MAX_RESULT):
            self._room -= size
            self.items.append({"output_type": kind, **content})
        elif kind == "error":
            name, value = (content[part][:MAX_RESULT] for part in ("ename", "evalue"))
            self.items.append({"output_type": kind, "ename": name, "evalue": value, "traceback": [f"{name}: {value}"]})
        else:
            self.text("stdout", f"… an output of {size:,} bytes is left out\n")


def _size(content: Any) -> int:
    return len(json.dumps(content))


class _Stream(io.TextIOBase):
    def __init__(self, outputs: CellOutputs, name: str) -> None:
        self._outputs, self._name = outputs, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._outputs.text(self._name, str(text))
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(self, data: Any, metadata: Any = None, *args: Any, **kwargs: Any) -> None:
        self.shell.outputs.add("display_data", data=data, metadata=metadata or {})


class _DisplayHook(DisplayHook):
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shell.outputs.add("execute_result", data=format_dict, metadata=md_dict or {}, execution_count=None)

    def finish_displayhook(self) -> None:
        pass


class Shell(InteractiveShell):
    """IPython without a terminal, a history or a kernel."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_DisplayHook)
    outputs: CellOutputs
    preloaded: frozenset[str] = frozenset()  # modules that a notebook finds loaded, and a new kernel would not

    def enable_gui(self, gui: Any = None) -> None:
        """No event loop is needed for pictures in the notebook."""

    def showtraceback(self, *arguments: Any, **named: Any) -> None:
        """Without our RPC between the test and the student's code: nobody reads that, and it is slow to format."""
        error = sys.exc_info()[1]
        for shown in (error, error and error.__cause__, error and error.__context__):
            _hide_rpc(shown)
        super().showtraceback(*arguments, **named)

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.outputs.add("error", ename=etype.__name__, evalue=_text_of(evalue), traceback=list(stb))

    def run(self, code: str, *, rendered: bool = True) -> tuple[list[Output], Any, BaseException | None]:
        """Run a cell; returns its outputs, the value of its last expression, and what it raised.

        With `rendered=False` what it displays is text alone, and no figure is drawn.
        """
        self.outputs = CellOutputs()
        with _streams(self.outputs), contextlib.nullcontext() if rendered else self._as_text():
            result: Any = self.run_cell(code, store_history=True)  # type: ignore[no-untyped-call]
        error = result.error_before_exec or result.error_in_exec
        if error is not None and not any(item["output_type"] == "error" for item in self.outputs.items):
            name, text = type(error).__name__, _text_of(error)
            self.outputs.add("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])
        return self.outputs.items, result.result, error

    @contextmanager
    def _as_text(self) -> Iterator[None]:
        formatter = self.display_formatter
        active, formatter.active_types = formatter.active_types, ["text/plain"]
        try:
            yield
        finally:
            formatter.active_types = active


def _text_of(error: BaseException) -> str:
    """The text of an exception, whose class may be the notebook's, with a text of its own making."""
    try:
        return str(error)
    except Exception as second:
        return f"(its text can't be read: {type(second).__name__})"


def _hide_rpc(error: BaseException | None) -> None:
    at = error and error.__traceback__
    while at and at.tb_next:
        if at.tb_next.tb_frame.f_code.co_filename.startswith(_CROSSING):
            at.tb_next = at.tb_next.tb_next
        else:
            at = at.tb_next


@contextmanager
def _streams(outputs: CellOutputs) -> Iterator[None]:
    """The streams of this process belong to the cell; not `redirect_stdout`, as cells may do that themselves."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Stream(outputs, "stdout"), _Stream(outputs, "stderr")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def new_shell() -> Shell:
    """A shell whose notebook is this process's `__main__`."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell: Shell = Shell.instance(config=config, user_module=types.ModuleType("__main__"))
    shell.outputs = CellOutputs()
    return shell
