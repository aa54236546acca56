"""What a notebook asks of the person in front of it, and what becomes of that where there is nobody.

`exit()`, a debugger, and a window for plots are passed over with a note, as the cells after them count as well.
`input()` gets no answer; its error says what to do. None of this keeps a student's code from anything: it is for what
was forgotten.
"""

from collections.abc import Callable
from typing import Any

from autograder.common.import_hook import when_imported

EXIT = "exit() and quit() do nothing while a notebook is graded: the remaining cells still run."
DEBUGGER = "Debuggers do nothing while a notebook is graded, because nobody could use them: the code continues."
INPUT = (
    "nobody can answer {} while a notebook is graded: write the value into the code in its place, or call it only in a "
    "function that a test calls"
)
_DRAWN = ("inline", "agg", "cairo", "pdf", "pgf", "ps", "svg", "template")  # backends that open no window
_INLINE = "module://matplotlib_inline.backend_inline"


def attend(kernel: Any) -> None:
    """Have ipykernel's `kernel` answer for the person who is not there."""
    shell = kernel.shell
    note = _noter(shell)
    shell.ask_exit = lambda: note(EXIT)
    _pass_over_debuggers(note)
    _draw_inline(shell, note)
    kernel.raw_input = lambda *_, **__: _refuse("input()")
    kernel.getpass = lambda *_, **__: _refuse("getpass()")


def _noter(shell: Any) -> Callable[[str], None]:
    """A function that prints a note once in a cell, or in the calls of one test."""
    printed: set[str] = set()
    shell.events.register("pre_execute", printed.clear)

    def note(text: str) -> None:
        if text not in printed:
            printed.add(text)
            print(text)

    return note


def _pass_over_debuggers(note: Callable[[str], None]) -> None:
    """pdb and IPython's, however called (`breakpoint()`, `set_trace()`, `%debug`, `%pdb`): they go on, unasked."""
    import pdb

    from IPython.core import debugger

    def go_on(self: Any, *_: Any, **__: Any) -> None:
        note(DEBUGGER)
        self.set_continue()

    for kind in (pdb.Pdb, debugger.Pdb):
        kind.interaction = go_on  # type: ignore[method-assign]


def _draw_inline(shell: Any, note: Callable[[str], None]) -> None:
    """`%matplotlib qt`, `matplotlib.use("TkAgg")` and the like: plots are drawn as pictures below the cell."""
    enable = shell.enable_matplotlib

    def told(backend: object) -> None:
        note(f"Plots are drawn inline while a notebook is graded, not by the backend {backend}.")

    def enable_matplotlib(gui: Any = None) -> Any:
        if gui is None or _opens_window(gui):
            told(gui or "that is found")
            gui = "inline"
        return enable(gui)

    def patch(pyplot: Any) -> None:
        switch = pyplot.switch_backend

        def switch_backend(newbackend: Any) -> None:
            if _opens_window(newbackend):
                told(newbackend)
                newbackend = _INLINE
            switch(newbackend)

        pyplot.switch_backend = switch_backend

    shell.enable_matplotlib = enable_matplotlib
    when_imported("matplotlib.pyplot", patch)


def _opens_window(backend: object) -> bool:
    """Whether a name is that of a backend that needs a display or a browser; matplotlib has other values for itself."""
    name = backend.lower() if isinstance(backend, str) else "inline"
    return name not in _DRAWN and not name.startswith("module://matplotlib_inline")


def _refuse(what: str) -> None:
    from IPython.core.error import StdinNotImplementedError

    raise StdinNotImplementedError(INPUT.format(what))
