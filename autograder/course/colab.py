"""Colab's badge at the head of each released notebook. In nbgrader_config.py:

add_badges(c)
c.ColabBadge.repository = "owner/repository/blob/main"  # where release/ is on GitHub
"""

import re
from typing import Any
from urllib.parse import quote

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_task
from traitlets import TraitError, Unicode, validate

from autograder.common.language import Course, gettext, speaking

COLAB = "https://colab.research.google.com/"
_BADGE = f"[![Open in Colab]({COLAB}assets/colab-badge.svg)]"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+/blob(?:/[\w.-]+)+", re.ASCII)


def add_badges(c: Any) -> None:
    """Make each released notebook begin with Colab's badge.

    Call it in `nbgrader_config.py`:

        from autograder.course.colab import add_badges

        add_badges(c)
        c.ColabBadge.repository = "owner/repository/blob/main"  # where release/ is on GitHub

    Args:
        c: nbgrader's configuration, as `get_config()` returns it.
    """
    # Not appended to what is there: nbgrader reads the file twice.
    c.GenerateAssignment.preprocessors = [*GenerateAssignment.preprocessors.default(), ColabBadge]


class ColabBadge(NbGraderPreprocessor):  # type: ignore[misc]
    """Puts a first cell before the notebook that opens it in Colab, and says how it is saved and submitted there.

    Without `repository` the badge opens Colab itself, into which the notebook is uploaded.
    """

    repository = Unicode(
        "",
        help=(
            "Where students find release/ on GitHub: owner/repository/blob/branch, and the folder that release/ is in "
            "where it is not at the top. Empty: nowhere."
        ),
    ).tag(config=True)

    @validate("repository")  # type: ignore[untyped-decorator]
    def _repository(self, proposal: dict[str, str]) -> str:
        value = proposal["value"].strip("/")
        if value and not _REPOSITORY.fullmatch(value):
            raise TraitError(
                f"c.ColabBadge.repository (={value!r}) must be 'owner/repository/blob/branch', or "
                "'owner/repository/blob/branch/folder' where release/ is in a folder there"
            )
        return value

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Insert the cell with the badge at the top of the notebook."""
        names = resources["nbgrader"]
        with speaking(Course(parent=self).language):
            text = badge(self.repository, names["assignment"], names["notebook"], graded=_is_graded(nb))
        cell = new_markdown_cell(text, id="colab-badge")
        if (nb.nbformat, nb.nbformat_minor) < (4, 5):  # cells had no ids then
            del cell["id"]
        nb.cells.insert(0, cell)
        return nb, resources


def _is_graded(notebook: NotebookNode) -> bool:
    return any(is_grade(cell) or is_task(cell) for cell in notebook.cells)


def badge(repository: str, assignment: str, notebook: str, *, graded: bool = True) -> str:
    """The text of the cell; `repository` as the setting has it. `graded`: whether the notebook is submitted."""
    if repository:
        link = f"{COLAB}github/{repository}/{quote(f'release/{assignment}/{notebook}.ipynb')}"
        text = gettext(
            "In Colab nothing has to be installed. There, choose *File → Save a copy in Drive* first, which keeps your "
            "work. *Restart Kernel and Run All Cells* is *Runtime → Restart session and run all*."
        )
    else:
        link = COLAB
        text = gettext(
            "In Colab nothing has to be installed. There, choose *File → Upload notebook* and select "
            "`%(notebook)s.ipynb`. *Restart Kernel and Run All Cells* is *Runtime → Restart session and run all*.",
            notebook=notebook,
        )
    if graded:
        text += " " + gettext(
            "To submit, choose *File → Download → Download .ipynb*, and name the file `%(notebook)s.ipynb` if it has "
            "another name.",
            notebook=notebook,
        )
    return f"{_BADGE}({link})\n\n{text}"
