"""Ways in which a notebook comes out of Colab, with all that the student wrote in it."""

import json
from collections.abc import Callable

import nbformat
from damage_tools import Notebook, solutions, text, unmark

from autograder.course import sample_class

SAVES: dict[str, Callable[[Notebook], bytes]] = {}
# 33 bytes, as base64; Colab writes a pasted picture into the text.
PICTURE = "![image.png](data:image/png;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7)"
# Cells of a student's own that mean something in Colab alone; each of them fails elsewhere, at once.
OWN_CELLS = (
    "from google.colab import drive\ndrive.mount('/content/drive')",
    "%tensorflow_version 2.x",
    "%cd /content/drive/MyDrive",
    "%load_ext google.colab.data_table",
)


def save(change: Callable[[Notebook], None]) -> Callable[[Notebook], None]:
    """Add a way; it changes what Colab has made of the notebook."""

    def saved(notebook: Notebook) -> bytes:
        made: Notebook = sample_class.colab(nbformat.from_dict(json.loads(json.dumps(notebook))), "")
        change(made)
        return json.dumps(made, ensure_ascii=False).encode()

    SAVES[change.__name__] = saved
    return change


def _above_answers(notebook: Notebook, line: str) -> None:
    for cell in solutions(notebook):
        if cell["cell_type"] == "code":
            cell["source"] = line + text(cell)


@save
def to_github(notebook: Notebook) -> None:
    pass


@save
def downloaded(notebook: Notebook) -> None:
    del notebook["cells"][0], notebook["metadata"]["colab"]["include_colab_link"]


@save
def ids_kept(notebook: Notebook) -> None:
    notebook["nbformat_minor"] = 5
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"cell-{number}"


@save
def private_outputs(notebook: Notebook) -> None:
    notebook["metadata"]["colab"]["private_outputs"] = True
    del notebook["metadata"]["language_info"]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)


@save
def forms(notebook: Notebook) -> None:
    _above_answers(notebook, '#@title My answer { display-mode: "form" }\n#@markdown ---\n')
    for cell in solutions(notebook):
        cell["metadata"]["cellView"] = "form"


@save
def timed(notebook: Notebook) -> None:
    _above_answers(notebook, "%%time\n")


@save
def captured(notebook: Notebook) -> None:
    _above_answers(notebook, "%%capture --no-stderr printed\n\n")


@save
def pictures_pasted(notebook: Notebook) -> None:
    for cell in solutions(notebook):
        if cell["cell_type"] == "markdown":
            cell["source"] = f"{text(cell)}\n\n{PICTURE}"


@save
def cells_of_colab(notebook: Notebook) -> None:
    own = [nbformat.v4.new_code_cell(source) for source in OWN_CELLS]
    for cell in own:
        del cell["id"]
    notebook["cells"][1:1] = own


@save
def file_downloaded(notebook: Notebook) -> None:
    for cell in solutions(notebook):
        if cell["cell_type"] == "code":
            cell["source"] = text(cell) + "\n\nfrom google.colab import files\nfiles.download('mine.txt')"


@save
def cells_copied(notebook: Notebook) -> None:
    """Into another notebook, which leaves all but their texts behind."""
    unmark(notebook["cells"])
    _above_answers(notebook, "%%time\n#@title Mine\n")
