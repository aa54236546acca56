"""Records `autograder demo` in a terminal as an animated SVG: `python tests/support/record_demo.py FILE`.

The lines are those that the command printed, and appear in that order; waiting is shortened. Where a viewer asks for
reduced motion, the last lines are there at once.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from repository import ROOT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS = 110
SECONDS = 14.0  # of the recording
PAUSE = 1.5  # seconds that a line waits at most
LINES = 30  # of the terminal's window; what is above scrolls out
LINE = 24.4  # height of a line in rich's picture
COMMAND = "python3 -m autograder demo"


def record(command: list[str], root: Path) -> list[tuple[float, str]]:
    """Run a command; each line that it prints, with the seconds since the start."""
    terminal = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    started, lines = time.monotonic(), []
    with subprocess.Popen(
        command, cwd=root, env={**os.environ, **terminal}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            lines.append((time.monotonic() - started, line.rstrip("\n").replace(str(root), "~/homework")))
    if running.returncode:
        sys.exit(f"{' '.join(command)} ended with {running.returncode}:\n" + "\n".join(line for _, line in lines))
    return lines


def delays(times: list[float]) -> list[float]:
    """When each line appears in the recording, in seconds."""
    shortened, before, now = [], 0.0, 0.0
    for at in times:
        now += min(at - before, PAUSE)
        before = at
        shortened.append(now)
    return [SECONDS * at / (now or 1.0) for at in shortened]


def picture(lines: list[tuple[float, str]]) -> str:
    """The lines as an SVG of a terminal, in which each appears at its time."""
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, legacy_windows=False)
        console.print(Text(f"$ {COMMAND}", style="bold"))
        appearing = [0.0]
        for at, (_, line) in zip(delays([at for at, _ in lines]), lines, strict=True):
            shown = Text.from_ansi(line).wrap(console, COLUMNS) or [Text("")]
            for part in shown:
                part.rstrip()
                console.print(part)
                appearing.append(at)
        svg = console.export_svg(title="autograder demo", theme=MONOKAI, unique_id="demo")
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)  # nothing is fetched from elsewhere
    svg = svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")
    return windowed(
        re.sub(r'<text class="([^"]*)"([^>]*clip-path="url\(#demo-line-(\d+)\)")', r'<text class="\1 at\3"\2', svg),
        appearing,
    )


def windowed(svg: str, appearing: list[float]) -> str:
    """The picture with a window of `LINES` lines, in which each line appears at its time and pushes the others up."""
    hidden = max(0, len(appearing) - LINES)
    up = [f"transform: translateY({-LINE * n:.1f}px)" for n in range(hidden + 1)]
    steps = [f"{100 * at / SECONDS:.2f}% {{ {up[n]} }}" for n, at in enumerate(appearing[LINES:], start=1)]
    rules = [
        ".demo-matrix text { animation: appear 0.01s both }",
        "@keyframes appear { from { opacity: 0 } }",
        *(f".at{n} {{ animation-delay: {at:.2f}s !important }}" for n, at in enumerate(appearing)),
        f".demo-matrix {{ {up[hidden]}; animation: scroll {SECONDS}s step-end both }}",
        f"@keyframes scroll {{ 0% {{ {up[0]} }} {' '.join(steps)} 100% {{ {up[hidden]} }} }}",
        "@media (prefers-reduced-motion) { .demo-matrix, .demo-matrix text { animation: none !important } }",
    ]
    svg = svg.replace("</style>", "\n".join(rules) + "\n</style>", 1)
    for part in (
        r'(viewBox="0 0 [\d.]+ )([\d.]+)',
        r'(<rect x="0" y="0" width="[\d.]+" height=")([\d.]+)',
        r'(<rect fill="[^"]+" stroke="[^"]+" [^>]*? height=")([\d.]+)',
    ):
        svg = re.sub(part, lambda found: f"{found[1]}{float(found[2]) - LINE * hidden:.1f}", svg, count=1)
    return svg


if __name__ == "__main__":
    recorded = record([sys.executable, "-m", "autograder", "demo"], ROOT)
    Path(sys.argv[1]).write_text(picture(recorded), encoding="utf-8")
