"""The folder of downloads of an assignment: what is given is copied into it once, in the order of time."""

import hashlib
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from autograder.common.files import open_regular
from autograder.lms.collect.downloads import STAMP
from autograder.lms.collect.unpack import regular_files


def add(archive: Path, downloads: Iterable[Path]) -> tuple[list[Path], list[tuple[str, str]]]:
    """Copy each download (a file, or a folder) that is not there yet into a folder of its own.

    Returns those folders, and the files that were left out, with why. Raises OSError where one can't be read.
    """
    added: list[Path] = []
    part = archive.parent / ".adding"
    refused: list[tuple[str, str]] = []
    for download in downloads:
        digest = _digest(download)
        if any(archive.glob(f"*-{digest}")):
            continue
        archive.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in archive.iterdir())
        whole = archive / f"{datetime.now(UTC).strftime(STAMP)}-{number:03}-{digest}"
        shutil.rmtree(part, ignore_errors=True)  # of a copy that was interrupted
        for path, name in _files(download, refused):
            copy = part / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            with open_regular(path) as content, copy.open("xb") as file:
                shutil.copyfileobj(content, file)
        if part.is_dir():
            part.rename(whole)
            added.append(whole)
    return added, refused


def _files(download: Path, refused: list[tuple[str, str]]) -> Iterable[tuple[Path, str]]:
    """Each file of a download, and its path in the archive's folder: names that a zip had are needed later."""
    if download.is_file():
        yield download, download.name
        return
    for path in regular_files(download, refused):
        yield path, path.relative_to(download.parent).as_posix()


def _digest(download: Path) -> str:
    whole = hashlib.sha256()
    for path, name in _files(download, []):
        with open_regular(path) as file:
            content = hashlib.file_digest(file, "sha256").digest()
        whole.update(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest() + content)
    return whole.hexdigest()[:12]
