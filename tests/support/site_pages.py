"""For mkdocs.yml: SECURITY.md and CHANGELOG.md become pages of the site, with their links as seen from docs/."""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"security.md": "SECURITY.md", "changes.md": "CHANGELOG.md"}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages."""
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8").replace("](docs/", "](")
        files.append(File.generated(config, page, content=text))
    return files
