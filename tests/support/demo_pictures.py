"""Pictures of what a demo wrote: `python tests/support/demo_pictures.py demo docs` after `python -m autograder demo`.

They are feedback.png, the top of a student's page, and report.png, the top of the class report.
"""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from autograder.cli.test import find_chromium

WIDTH = 1000
HEIGHT = {"feedback.png": 2300, "report.png": 1700}  # of what is shown


def pictures(demo: Path, to: Path) -> None:
    """Write them into the folder `to`."""
    report = demo / "reports" / "mnist.html"
    command = [sys.executable, "-m", "autograder", "report", "mnist", "--course-dir", str(demo)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    pages = {"feedback.png": demo / "feedback" / "hasty" / "mnist" / "mnist.html", "report.png": report}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for name, path in pages.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT[name]})
            page.goto(path.resolve().as_uri())
            page.screenshot(path=to / name, animations="disabled")
        browser.close()


if __name__ == "__main__":
    pictures(Path(sys.argv[1]), Path(sys.argv[2]))
