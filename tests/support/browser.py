"""A real browser, Chromium driven by Playwright, and a real JupyterLab for it to look at."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect, sync_playwright
from waiting import until

from autograder.cli.test import find_chromium

CHROMIUM = find_chromium()
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium: `python -m autograder test` installs it where it can"
)
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--headless",
    "--no-first-run",
    "--no-sandbox",  # as root, Chromium starts in no other way
)
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
SECONDS = 60  # how long a locator waits: longer than anything takes while other tests run, and far below the time limit
expect.set_options(timeout=SECONDS * 1000)


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A page of a new browser. Where what is done with it fails, `folder` gets a picture, and the error says so.

    While it is open an event loop runs in this thread: what calls `asyncio.run` is to be done before or afterwards.
    """
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            args=FLAGS,
            viewport=WIDE,
            locale="en-US",
            color_scheme="light",
        )
        context.set_default_timeout(SECONDS * 1000)
        try:
            yield context.pages[0]
        except BaseException as error:
            for number, page in enumerate(context.pages):
                with contextlib.suppress(Exception):  # that the browser is gone must not hide why
                    page.screenshot(path=folder / f"failed{number}.png", timeout=10_000)
                    error.add_note(f"{page.url} as it was then: {folder / f'failed{number}.png'}")
            raise
        finally:
            context.close()


def score(form: Page | FrameLocator) -> Locator:
    """Formgrader's field for the essay's score, once its script has put there what the gradebook says.

    What is typed before that is lost.
    """
    expect(form.locator(".extra-credit").last).to_have_attribute("placeholder", "0")
    return form.locator("#essay")


def code(page: Page, text: str) -> Locator:
    """The one code cell with this text in a notebook in JupyterLab."""
    return page.locator(".jp-Notebook .jp-CodeCell").filter(has_text=text)


def picture(page: Page, name: str) -> None:
    """Write a picture of what the page shows into the folder that PICTURES names; without that, do nothing."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / name, animations="disabled", caret="hide")


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def jupyterlab(folder: Path, *arguments: str) -> Iterator[str]:
    """A JupyterLab server started in `folder`; gives the address at which it lets in who has its token."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", *arguments]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    log = folder.with_name(f"{folder.name}.jupyterlab.log")
    with (
        log.open("w", encoding="utf-8") as written,
        subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, encoding="utf-8") as server,
    ):
        try:
            assert server.stderr is not None
            for line in server.stderr:
                written.write(line)
                if found := re.search(r"http://127\.0\.0\.1:(\d+)/lab\?token=\w+", line):
                    break
            else:
                raise AssertionError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')}")
            threading.Thread(target=shutil.copyfileobj, args=(server.stderr, written), daemon=True).start()
            until(lambda: _listens(int(found[1])))  # the address is printed before that
            yield found[0]
        finally:
            server.send_signal(signal.SIGTERM)  # it ends its kernels, and then itself
            try:
                server.wait(SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
