"""The pages docs/reference/commands.md and docs/reference/settings.md, made from the commands and settings themselves.

`python tests/support/reference_pages.py` writes them.
"""

import inspect
from pathlib import Path
from typing import Any

from autograder.cli.build import BuildApp
from autograder.cli.options import ALIASES, FLAGS, aliases, spelled
from autograder.cli.root import GROUPS
from autograder.common.language import Course
from autograder.course.colab import ColabBadge
from autograder.grading.deadlines import Deadlines
from autograder.grading.grades import GradesExporter
from autograder.grading.lateness import LatePolicy
from autograder.grading.settings import Grading
from autograder.lms.collect.plugins import LmsExtractor
from autograder.lms.export.canvas import CanvasExporter
from autograder.lms.remote import Lms
from autograder.reports.generate import GenerateFeedback
from autograder.sandbox.limits import Limits
from autograder.training.settings import Trainer
from autograder.watch.policy import Watch

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
MADE = "<!-- made by tests/support/reference_pages.py -->"
SHARED = {*FLAGS, *aliases()}
SETTINGS = {
    "The course": Course,
    "Limits of a notebook": Limits,
    "Grading": Grading,
    "Training": Trainer,
    "Deadlines": Deadlines,
    "Late penalties": LatePolicy,
    "Feedback": GenerateFeedback,
    "Grading what arrives": Watch,
    "Collecting": LmsExtractor,
    "Export": GradesExporter,
    "Moodle and Canvas with a token": Lms,
    "Export to Canvas": CanvasExporter,
    "Colab's badge": ColabBadge,
}


def commands_page() -> str:
    """Every command with its options and examples, as Markdown."""
    lines = [
        "# Commands",
        MADE,
        "`autograder COMMAND --help` says the same; `autograder COMMAND --help-all` lists "
        "every [setting](settings.md), and each of them is an option too: `--Limits.cell_seconds=120`. "
        "What a command returns to a script is under [exit codes](exit-codes.md).",
        "Commands that work on a course take these options, too:",
        _options({**FLAGS, **aliases()}, BuildApp),
    ]
    for group, apps in GROUPS.items():
        lines.append(f"## {group}")
        for app in apps:
            lines += _command(app)
    return "\n\n".join(lines) + "\n"


def _command(app: type[Any]) -> list[str]:
    name = app.name.removeprefix("autograder-")
    arguments = getattr(app, "arguments", "")
    lines = [f"### {name}", f"{app.description}.", "```text\n" + f"autograder {name} {arguments}".strip() + "\n```"]
    own = {names: told for names, told in {**app.flags, **app.aliases}.items() if names not in SHARED}
    lines += [_options(own, app)] if own else []
    examples = inspect.cleandoc("\n" + str(app().examples or ""))
    if examples:
        lines.append(f"```text\n{examples}\n```")
    return lines


def _options(options: dict[Any, Any], app: type[Any]) -> str:
    rows = ["| option | what it does |", "|---|---|"]
    for names, told in options.items():
        told = ALIASES.get(names, told)
        takes_value = isinstance(told, str) or isinstance(told[0], str)
        told = told[1] if isinstance(told, tuple) else _help(app, told)
        rows.append(f"| `{spelled(names)}{' …' if takes_value else ''}` | {' '.join(told.split())} |")
    return "\n".join(rows)


def _help(app: type[Any], target: str) -> str:
    owner, name = target.split(".")
    kinds = {kind.__name__: kind for one in [app, *app().classes] for kind in one.__mro__}
    return str(kinds[owner].class_traits()[name].help)


def settings_page() -> str:
    """Every setting with its default, as Markdown."""
    lines = [
        "# Settings",
        MADE,
        "Put settings into `nbgrader_config.py` in the course folder, for example `c.Limits.cell_seconds = 120`. For a "
        "single run, give a setting as an option: `autograder grade ps1 --Limits.cell_seconds=120`. nbgrader's own "
        "settings keep their meaning: `c.Execute.timeout` also sets `c.Limits.cell_seconds`, and "
        "`c.Execute.kernel_name` is the kernel for all notebooks, whatever kernel they name.",
    ]
    for title, kind in SETTINGS.items():
        rows = [
            f"| `c.{kind.__name__}.{name}` | {_shown(default)} | {help} |" for name, default, help in _settings(kind)
        ]
        lines += [f"## {title}", "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows])]
    return "\n\n".join(lines) + "\n"


def _settings(kind: type[Any]) -> list[tuple[str, object, str]]:
    own = kind.class_own_traits(config=True)
    found = []
    for name, trait in own.items():
        help = " ".join(str(trait.help).split()).rstrip(".") + "."
        found.append((name, trait.default(), help.replace("|", "\\|")))
    return found


def _shown(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else repr(default)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "commands.md").write_text(commands_page(), encoding="utf-8")
    (FOLDER / "settings.md").write_text(settings_page(), encoding="utf-8")
