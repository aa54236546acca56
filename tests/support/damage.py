"""A catalogue of what happens to notebooks on their way through students' hands.

Each function takes a submission (nbformat 4 JSON) and returns the bytes of the damaged file. No student's line is lost
by any of them, so an intact answer must keep all its points.
"""

import damage_cells
import damage_files
from damage_tools import DAMAGES, solutions

__all__ = ["DAMAGES", "HARMLESS", "MERGED", "SPLIT", "damage_cells", "damage_files", "solutions"]

# These change nothing that matters, so there is nothing to tell anyone.
HARMLESS = {
    "cell_ids_lost",
    "colab",
    "conda_kernelspec",
    "kernelspec_lost",
    "lists_of_lines",
    "nbformat_4_0",
    "newer_minor",
    "outputs_kept",
    "text_cells_deleted",
    "vscode",
}
# The answer is in several cells, and must stay so; or has lines of others around it that can't be told from it.
SPLIT = {"split"}
MERGED = {"all_code_merged"}
