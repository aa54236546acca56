"""What a call prints: noted where it ran, and printed again where it was asked for."""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any

MAX_PRINTED = 1 << 20  # characters of one call


class Relay(io.TextIOBase):
    """Notes what is written to it, with the stream's name, up to a length."""

    def __init__(self, name: str, log: list[tuple[str, str]], room: list[int]) -> None:
        """`room[0]`: how many characters more are noted; shared by the streams of one call."""
        self._name, self._log, self._room = name, log, room

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Note it."""
        kept = str(text)[: self._room[0]]
        if kept:
            self._room[0] -= len(kept)
            if self._log and self._log[-1][0] == self._name:
                self._log[-1] = (self._name, self._log[-1][1] + kept)
            else:
                self._log.append((self._name, kept))
            if not self._room[0]:
                self._log.append((self._name, "\n… what was printed after this is left out\n"))
        return len(text)


def relay(log: Any) -> None:
    """Print here what was printed there."""
    for part in log if isinstance(log, list) else []:
        if isinstance(part, list) and len(part) == 2 and isinstance(part[1], str):
            (sys.stderr if part[0] == "stderr" else sys.stdout).write(part[1])


@contextlib.contextmanager
def collected(log: list[tuple[str, str]], relay: bool) -> Iterator[None]:
    """Collect what is printed meanwhile, in order, as far as it goes."""
    if not relay:
        yield
        return
    room = [MAX_PRINTED]
    with (
        contextlib.redirect_stdout(Relay("stdout", log, room)),
        contextlib.redirect_stderr(Relay("stderr", log, room)),
    ):
        yield
