"""The files that a notebook wrote, across a socket: within limits, or not at all."""

import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.rpc import frames, written_files
from autograder.rpc.file_sync import Folder
from autograder.rpc.frames import RpcError

COUNT, SIZE = 3, 1000


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The kernel's end and the grader's."""
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


def received(pair: tuple[socket.socket, socket.socket], seconds: float = 5.0) -> written_files.WrittenFiles:
    return written_files.receive(pair[1], seconds, COUNT, SIZE)


def test_what_was_written_arrives_and_what_came_as_it_was_does_not(
    pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    (tmp_path / "given.csv").write_text("1")
    (tmp_path / "changed.csv").write_text("1")
    folder = Folder(tmp_path, trusted=False)
    folder.apply([("test.csv", b"by the test"), ("copied.csv", b"by the test")])
    (tmp_path / "changed.csv").write_text("12")
    (tmp_path / "copied.csv").write_text("by the student")
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "a.png").write_bytes(b"\x89PNG")
    written_files.send(pair[0], folder, COUNT, SIZE)
    assert received(pair) == written_files.WrittenFiles(
        {"changed.csv": b"12", "copied.csv": b"by the student", "plots/a.png": b"\x89PNG"}
    )


def test_only_regular_files_with_plain_names_arrive(pair: tuple[socket.socket, socket.socket], tmp_path: Path) -> None:
    work, secret = tmp_path / "work", tmp_path / "secret"
    work.mkdir()
    secret.write_text("secret")
    folder = Folder(work, trusted=False)
    (work / "link").symlink_to(secret)
    (work / "folder").symlink_to(tmp_path)
    os.mkfifo(work / "pipe")
    for name in (".hidden", "new\nline", "steer\x1b[2J", "/".join("123456789")):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).touch()
    (work / os.fsdecode(b"\xff")).touch()
    (work / "plain").touch()
    written_files.send(pair[0], folder, COUNT, SIZE)
    assert received(pair) == written_files.WrittenFiles({"plain": b""})


def test_what_is_over_the_limits_is_left_out_and_counted(
    pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    folder = Folder(tmp_path, trusted=False)
    for name, size in {"a": 600, "b": 600, "c": 400, "d": 0, "e": 0}.items():
        (tmp_path / name).write_bytes(bytes(size))
    written_files.send(pair[0], folder, COUNT, SIZE)
    assert received(pair) == written_files.WrittenFiles({"a": bytes(600), "c": bytes(400), "d": b""}, left_out=2)


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"names": ["a"]},
        {"names": "a", "left_out": 0},
        {"names": {"a": 1}, "left_out": 0},
        {"names": ["a"], "left_out": True},
        {"names": ["a"], "left_out": -1},
        {"names": ["a"], "left_out": 0, "more": 1},
        {"names": [], "left_out": 0},
        {"names": ["a", "b"], "left_out": 0},
        *(
            {"names": [name], "left_out": 0}
            for name in (1, None, [], "", ".", "..", "../a", "/etc/passwd", "a/../../b")
        ),
        *({"names": [name], "left_out": 0} for name in (".bashrc", "a/.git/config", "a\0", "a\n", "\ud800", "a" * 300)),
    ],
)
def test_what_is_malformed_is_not_taken(pair: tuple[socket.socket, socket.socket], message: Any) -> None:
    frames.send(pair[0], message, [memoryview(b"content")])
    with pytest.raises(RpcError):
        received(pair)


@pytest.mark.parametrize(
    ("names", "contents"),
    [(["a", "b", "c", "d"], [b""] * 4), (["a", "a"], [b"", b""]), (["a"], [bytes(SIZE + 1)]), (["a"] * 100_000, [])],
)
def test_more_than_the_limits_is_not_taken(
    pair: tuple[socket.socket, socket.socket], names: list[str], contents: list[bytes]
) -> None:
    pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 21)
    frames.send(pair[0], {"names": names, "left_out": 0}, [memoryview(content) for content in contents])
    with pytest.raises(RpcError):
        received(pair)


@pytest.mark.parametrize("sent", [b"", b"AGW1", b"junk" * 100, struct.pack("!4sII", b"AGW1", 1 << 24, 0)])
def test_who_does_not_go_on_is_not_waited_for(pair: tuple[socket.socket, socket.socket], sent: bytes) -> None:
    pair[0].sendall(sent)
    began = time.monotonic()
    with pytest.raises(RpcError):
        received(pair, 0.2)
    assert time.monotonic() - began < 5


def test_the_names_are_those_that_were_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    frames.send(pair[0], json.loads('{"names": ["сеть.png", "a b/c.txt"], "left_out": 7}'), [memoryview(b"1")] * 2)
    assert received(pair) == written_files.WrittenFiles({"сеть.png": b"1", "a b/c.txt": b"1"}, left_out=7)
