"""What a call prints: captured where it ran, and printed again where it was called from.

IPython's `capture_output` does not fit: it keeps stdout and stderr apart, so that their order is lost, and stores text
without a limit.
"""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any

MAX_PRINTED = 1 << 20  # characters of one call


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


def relay(log: Any) -> None:
    """Print here what a call printed on the other side; malformed parts are left out."""
    for part in log if isinstance(log, list) else []:
        if isinstance(part, list) and len(part) == 2 and isinstance(part[1], str):
            (sys.stderr if part[0] == "stderr" else sys.stdout).write(part[1])


@contextlib.contextmanager
def captured(log: list[tuple[str, str]], relay: bool) -> Iterator[None]:
    """Append to `log`, in order, what is printed within; without `relay` it is printed as ever."""
    if not relay:
        yield
        return
    room = [MAX_PRINTED]
    with (
        contextlib.redirect_stdout(CapturedStream("stdout", log, room)),
        contextlib.redirect_stderr(CapturedStream("stderr", log, room)),
    ):
        yield
