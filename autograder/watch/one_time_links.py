"""Signing in to the pages of `autograder watch` where there is no JupyterHub: a link that works once, and a cookie.

.autograder/pages/key                    what cookies are signed with; deleting it signs everybody out
.autograder/pages/links/<digest>.json    a link that has not been used; its token is known to who has it alone
"""

import hashlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.common.files import write_atomic
from autograder.common.serialization import dump, load

DAY = 86_400.0
VALID_DAYS = 30  # of a link that is not used


@dataclass(frozen=True)
class Visitor:
    """Who looks at the pages: a student by id, or an instructor."""

    name: str
    is_instructor: bool


@dataclass(frozen=True)
class _Link:
    visitor: Visitor
    expires: float  # seconds since 1970, UTC


class OneTimeLinks:
    """The links of a course that have not been used."""

    def __init__(self, root: Path) -> None:
        """Of the course in `root`."""
        self._folder = root / ".autograder" / "pages"

    def key(self) -> bytes:
        """The key that cookies are signed with, made where there is none; its owner alone may read it."""
        path = self._folder / "key"
        if not path.exists():
            write_atomic(path, secrets.token_bytes(32))  # which makes files of mode 0600
        return path.read_bytes()

    def make(self, visitor: Visitor) -> str:
        """A new link's token."""
        token = secrets.token_urlsafe(32)
        write_atomic(self._path(token), dump(_Link(visitor, time.time() + VALID_DAYS * DAY)).encode())
        return token

    def peek(self, token: str) -> Visitor | None:
        """Whose link that is; None where there is none, or where its time is over."""
        try:
            link = load(self._path(token).read_bytes(), _Link)
        except (OSError, ValueError):
            return None
        return link.visitor if time.time() < link.expires else None

    def use(self, token: str) -> Visitor | None:
        """Whose link that was, which now works no more; None as in `peek`, and for whoever comes second."""
        visitor = self.peek(token)
        try:
            os.unlink(self._path(token))
        except OSError:
            return None
        return visitor

    def _path(self, token: str) -> Path:
        return self._folder / "links" / f"{hashlib.sha256(token.encode()).hexdigest()}.json"
