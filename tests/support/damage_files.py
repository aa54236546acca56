"""Damage by file formats, programs and transfer."""

import json

from damage_tools import Notebook, damage, fixed, solutions, text, unmark


@damage
def nbformat_3(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell.pop("id", None)
        if cell["cell_type"] == "code":
            cell.update(input=cell.pop("source"), language="python", prompt_number=1, collapsed=False)
            del cell["execution_count"]
    heading = {"cell_type": "heading", "level": 2, "metadata": {}, "source": "Mine"}
    sheet = {"cells": [*notebook.pop("cells"), heading], "metadata": {}}
    notebook.update(nbformat=3, nbformat_minor=0, worksheets=[sheet])


@damage
def nbformat_4_0(notebook: Notebook) -> None:
    notebook["nbformat_minor"] = 0
    for cell in notebook["cells"]:
        cell.pop("id", None)


@damage
def newer_minor(notebook: Notebook) -> None:
    notebook["nbformat_minor"] = 9
    for cell in notebook["cells"]:
        cell["invented"] = {"later": True}


@damage
def nbformat_missing(notebook: Notebook) -> None:
    for name in ("nbformat", "nbformat_minor", "metadata"):
        del notebook[name]


@damage
def colab(notebook: Notebook) -> None:
    notebook["nbformat_minor"] = 0
    notebook["metadata"] = {
        "colab": {"provenance": [], "toc_visible": True},
        "accelerator": "GPU",
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
    }
    for number, cell in enumerate(notebook["cells"]):
        cell.pop("id", None)
        for name in ("deletable", "editable"):
            cell["metadata"].pop(name, None)
        cell["metadata"].update(id=f"{number:012x}", colab={"base_uri": "https://localhost:8080/"}, outputId="7")


@damage
def colab_copy(notebook: Notebook) -> None:
    colab(notebook)
    unmark(notebook["cells"])


@damage
def vscode(notebook: Notebook) -> None:
    notebook["metadata"] = {"language_info": {"name": "python"}, "orig_nbformat": 4}
    for cell in notebook["cells"]:
        cell["metadata"]["vscode"] = {"languageId": "python"}


@damage
def vscode_script(notebook: Notebook) -> None:
    vscode(notebook)
    for cell in notebook["cells"]:
        cell["metadata"] = {"vscode": {"languageId": "python"}}
        cell.pop("id", None)


@damage
def kernelspec_lost(notebook: Notebook) -> None:
    notebook["metadata"] = {}


@damage
def kernelspec_of_r(notebook: Notebook) -> None:
    notebook["metadata"] = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}


@damage
def conda_kernelspec(notebook: Notebook) -> None:
    spec = {"name": "conda-env-tf-py", "display_name": "Python [conda env:tf]", "language": "python"}
    notebook["metadata"] = {"kernelspec": spec}


@damage
def notebook_metadata_junk(notebook: Notebook) -> None:
    notebook["metadata"] = ["kernelspec"]
    notebook["cells"][0:0] = [None, 3, "text", [{}]]


@damage
def cell_ids_lost(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["id"] = "the same id of all, with spaces"


@damage
def outputs_kept(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(execution_count="?", outputs=[{"output_type": "odd"}, None, 5])


@damage
def lists_of_lines(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["source"] = text(cell).splitlines(keepends=True)


@damage
def windows_line_ends(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["source"] = text(cell).replace("\n", "\r\n")


@damage
def trailing_spaces(notebook: Notebook) -> None:
    for cell in fixed(notebook):
        cell["source"] = text(cell).replace("\n", "  \n") + "\n\n"
    unmark(solutions(notebook)[:1])


@damage
def byte_order_mark(notebook: Notebook) -> bytes:
    return b"\xef\xbb\xbf" + json.dumps(notebook).encode()


@damage
def utf_16(notebook: Notebook) -> bytes:
    return json.dumps(notebook, ensure_ascii=False).encode("utf-16")


@damage
def old_windows_encoding(notebook: Notebook) -> bytes:
    note = {"cell_type": "markdown", "metadata": {}, "source": "ответ"}
    text_of_all = json.dumps({**notebook, "cells": [*notebook["cells"], note]}).replace(json.dumps("ответ"), '"ответ"')
    return text_of_all.encode("cp1251")


@damage
def padded_with_zeros(notebook: Notebook) -> bytes:
    unmark(solutions(notebook)[:1])
    return json.dumps(notebook).encode() + bytes(4096)


@damage
def lone_surrogates(notebook: Notebook) -> None:
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": "x = '\ud83d'", "outputs": []})
    unmark(solutions(notebook)[:1])
