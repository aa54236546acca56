"""The token, and a session that waits when the LMS asks for it."""

import math
import os
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from autograder.common.files import open_regular
from autograder.lms.remote.lms_api import LmsError, ServerError, TokenError, Unreachable
from autograder.lms.remote.settings import TOKEN_VARIABLE, Lms

TIMEOUT = (15.0, 120.0)  # seconds until there is a connection, and between two parts of an answer
TRIES = 8  # of a request that the LMS puts off
LONGEST = 900.0  # seconds that are waited at once
_PUT_OFF = (429, 503)  # Too Many Requests, Service Unavailable: the request was not processed
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Token:
    """A secret that no printing, logging, or traceback shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Of this text."""
        self._text = text

    def __repr__(self) -> str:
        return "Token(…)"

    def reveal(self) -> str:
        """The text, for a request alone."""
        return self._text

    def scrub(self, text: str) -> str:
        """A text of others, without the token."""
        return text.replace(self._text, "…")


def read_token(settings: Lms, root: Path) -> Token:
    """The token from the environment, where it is removed, or from the file that the settings name.

    Raises TokenError where there is none, where others can read the file, and where the configuration contains one.
    """
    if "token" in settings.config.Lms:
        raise TokenError(
            f"A token must not be in nbgrader_config.py: remove c.Lms.token; set {TOKEN_VARIABLE} or c.Lms.token_file"
        )
    text = os.environ.pop(TOKEN_VARIABLE, "")  # what this command starts does not get it
    where = TOKEN_VARIABLE
    if not text and settings.token_file:
        path = root / Path(settings.token_file).expanduser()
        where = str(path)
        try:
            with open_regular(path) as file:
                mode = os.fstat(file.fileno()).st_mode
                if stat.S_IMODE(mode) & 0o077:
                    raise TokenError(f"Others can read the token in {path}: chmod 600 {path}")
                text = file.read(10_000).decode("utf-8", "replace")
        except OSError as error:
            raise TokenError(f"The token in {path} can't be read: {error.strerror or error}") from None
    text = text.strip()
    if not text:
        raise TokenError(f"There is no token: set {TOKEN_VARIABLE}, or c.Lms.token_file to a file with mode 0600")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise TokenError(f"{where} has more than a token: one line of letters, digits, and signs is expected")
    return Token(text)


def checked_url(settings: Lms) -> str:
    """The address of the LMS, without a slash at its end. Raises LmsError where a token must not go there."""
    url: str = settings.url.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.username:
        raise LmsError(f"c.Lms.url is not the address of an LMS: {settings.url!r}")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise LmsError(f"c.Lms.url must begin with https://, as {url} would show the token to the network")
    return url


class PatientSession(requests.Session):
    """A session with timeouts that repeats what the LMS puts off, and nothing that it may have done."""

    def __init__(self, token: Token, say: Callable[[str], object]) -> None:
        """`say` is told when something is waited for."""
        super().__init__()
        self._token, self._say = token, say
        self.auth = _as_it_is  # or else requests would take a password from ~/.netrc in place of the token
        # Only where no connection was made, the request can't have been processed.
        retry = Retry(total=None, connect=3, read=0, redirect=0, status=0, other=0, backoff_factor=0.5)
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(max_retries=retry))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request. Raises Unreachable and ServerError."""
        options["timeout"] = options.get("timeout") or TIMEOUT
        host = urlsplit(str(request.url)).hostname
        for number in range(TRIES):
            try:
                response = super().send(request, **options)
            except requests.RequestException as error:
                raise Unreachable(f"{host}: {self._token.scrub(_reason(error))}") from None
            if not _is_put_off(response):
                if response.status_code >= 500:
                    raise ServerError(f"{host} fails with status {response.status_code}")
                return response
            delay = _retry_after(response, 2.0**number)
            if delay > LONGEST:
                raise Unreachable(f"{host} asks for a pause of {delay:.0f} s")
            self._say(f"{host} limits how often it may be asked: waiting {delay:.0f} s.")
            time.sleep(delay)
        raise Unreachable(f"{host} puts every request off")


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _is_put_off(response: requests.Response) -> bool:
    if response.status_code == 403:  # Canvas's way to say 429
        return "rate limit exceeded" in response.reason.lower() or b"Rate Limit Exceeded" in response.content
    return response.status_code in _PUT_OFF


def _retry_after(response: requests.Response, otherwise: float) -> float:
    """Seconds to wait: the header has a number, or a date."""
    text = response.headers.get("Retry-After", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return otherwise
    return max(0.0, seconds) if math.isfinite(seconds) else otherwise


def _first_error(found: tuple[object, ...]) -> BaseException | None:
    return next((one for one in found if isinstance(one, BaseException)), None)


def _reason(error: BaseException) -> str:
    """The innermost message: those around it repeat the address."""
    inner: Any = error
    while isinstance(found := getattr(inner, "reason", None) or _first_error(inner.args), BaseException):
        inner = found
    return f"no answer ({type(inner).__name__}: {inner})"
