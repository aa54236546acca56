"""What a call prints, and what it warns of: captured where it ran, and said again where it was called from.

IPython's `capture_output` does not fit: it keeps stdout and stderr apart, so that their order is lost, and stores text
without a limit.
"""

import contextlib
import io
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from autograder.rpc.builtin_names import EXCEPTIONS, exception_base

MAX_PRINTED = 1 << 20  # characters of one call
MAX_WARNING = 10_000  # characters of a warning
MAX_PARTS = 1000  # of a call's log with which a warning is still noted


class CapturedStream(io.TextIOBase):
    """Appends what is written to a log that several streams share, as (name of the stream, text), up to a length."""

    def __init__(self, name: str, log: list[tuple[str, str]], room: list[int]) -> None:
        """`room[0]`: how many more characters are stored; the streams of one call share it."""
        self._name, self._log, self._room = name, log, room

    def writable(self) -> bool:
        """True: it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Store as much of the text as there is room for; returns its whole length."""
        stored = str(text)[: self._room[0]]
        if stored:
            self._room[0] -= len(stored)
            if self._log and self._log[-1][0] == self._name:
                self._log[-1] = (self._name, self._log[-1][1] + stored)
            else:
                self._log.append((self._name, stored))
            if not self._room[0]:
                self._log.append((self._name, "\n… what was printed after this is left out\n"))
        return len(text)


def relay(log: Any) -> list[Warning]:
    """Print here what a call printed on the other side; malformed parts are left out. Returns its warnings."""
    warned = []
    for part in log if isinstance(log, list) else []:
        match part:
            case ["stdout" | "stderr" as name, str() as text]:
                getattr(sys, name).write(text)
            case [str() as name, str() as text]:
                kind = EXCEPTIONS.get(name, UserWarning)
                warned.append((kind if issubclass(kind, Warning) else UserWarning)(text))
    return warned


def warn(warned: list[Warning]) -> None:
    """Warn here as a call did there: whether that is shown, raised or recorded is for this side's filters."""
    for one in warned:
        warnings.warn(one, stacklevel=2)


@contextlib.contextmanager
def captured(log: list[tuple[str, str]], relay: bool) -> Iterator[None]:
    """Append to `log`, in order, what is printed within; without `relay` it is printed as ever."""
    if not relay:
        yield
        return
    room = [MAX_PRINTED]

    def shown(message: Any, category: type[Warning], *place: Any) -> None:
        entry = (exception_base(category), str(message)[:MAX_WARNING])
        if entry not in log and len(log) < MAX_PARTS:
            log.append(entry)

    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(CapturedStream("stdout", log, room)),
        contextlib.redirect_stderr(CapturedStream("stderr", log, room)),
    ):
        warnings.simplefilter("always")
        warnings.showwarning = shown  # type: ignore[assignment]
        yield
