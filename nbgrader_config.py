"""nbgrader's configuration of this course: `nbgrader …`, formgrader and `autograder …` all read it."""

import os
from pathlib import Path

from autograder import configure
from autograder.course.colab import add_badges

c = get_config()  # noqa: F821

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "cnn-homework"

# Released stubs parse, and fail with the name that says why.
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
# The first cell's QUICK switch is locked: this lets a student flip it, and grading puts it back.
c.LockCells.lock_readonly_cells = False

# Each released notebook begins with Colab's badge. Once release/ is in a repository for students on GitHub (without
# source/ and solutions/, which hold the answers), say where, and the badge opens the notebook itself:
# c.ColabBadge.repository = "owner/repository/blob/main"
add_badges(c)

# Grading keeps students' code apart from the tests, also by `nbgrader autograde` and formgrader's button.
configure(c)
# A cell may run for so many seconds, a notebook in all; what the trainer trains has limits of its own (c.Trainer).
c.Limits.cell_seconds = 1800
c.Limits.total_seconds = 5400
# For plain nbgrader anything on stderr in a grade cell costs its points, and TensorFlow logs there.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Plots are drawn into the notebook; no display is needed.
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
