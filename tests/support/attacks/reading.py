"""Reading what no student's code may read. What is found is printed, and looked for in what the cells show."""

from attacks import Submission, attack
from attacks.kernel import NOTHING


@attack()
def source(s: Submission) -> None:
    """Prints the instructor's notebook and the solutions"""
    s.code(
        """
import glob
for pattern in ("{course}/source/*/*", "{course}/solutions/*", "../../../source/*/*", "../../../solutions/*"):
    for name in glob.glob(pattern):
        print(open(name, errors="replace").read())
"""
    )


@attack()
def solves_from_source(s: Submission) -> None:
    """Runs the solutions in the instructor's notebook"""
    s.code(
        """
import json
for cell in json.load(open("{course}/source/numbers/numbers.ipynb"))["cells"]:
    if cell["metadata"].get("nbgrader", {}).get("solution"):
        exec("".join(cell["source"]))
"""
    )


@attack()
def gradebook(s: Submission) -> None:
    """Prints the hidden tests from the gradebook"""
    s.code(
        """
import sqlite3
with sqlite3.connect("file:{course}/gradebook.db?mode=ro", uri=True) as book:
    print(book.execute("select source from source_cell").fetchall())
"""
    )


@attack()
def other_students(s: Submission) -> None:
    """Runs another student's answers"""
    s.code(
        """
import json
for cell in json.load(open("{course}/submitted/ada/numbers/numbers.ipynb"))["cells"]:
    if cell["metadata"].get("nbgrader", {}).get("solution"):
        print("".join(cell["source"]))
        exec("".join(cell["source"]))
"""
    )


@attack()
def history(s: Submission) -> None:
    """Prints the tests from IPython's history, when they call and afterward"""
    s.code(
        """
found = []
def total(numbers):
    found.extend([*In, get_ipython().history_manager.input_hist_raw])
    return 9.0
"""
    )
    s.append("print(found, In, list(get_ipython().history_manager.get_range()))")


@attack()
def callers_source(s: Submission) -> None:
    """Prints the source text of the test that calls it"""
    s.code(
        """
import inspect, linecache, sys
def fibonacci(n):
    frame = sys._getframe(1)
    while frame:
        print("".join(linecache.getlines(frame.f_code.co_filename)), frame.f_code.co_consts)
        frame = frame.f_back
    return 0
""",
        "fibonacci",
    )


@attack()
def function_of_the_test(s: Submission) -> None:
    """Prints the closure, the globals, and the source text of the test's function"""
    s.code(
        """
import inspect
def twice(function, value):
    for part in ("__globals__", "__closure__", "__code__", "func_globals", "__wrapped__", "__self__", "_handle_peer"):
        try:
            got = getattr(function, part)
            print(part, list(got) if part == "__globals__" else got)
            if part == "__globals__":
                print("LEAKED", got.get("key"))
        except Exception as error:
            print(type(error))
    try:
        print(inspect.getsource(function))
    except Exception as error:
        print(type(error))
    return function(function(value)) if value == 0 else 0
""",
        "twice",
    )


@attack()
def traceback_of_the_test(s: Submission) -> None:
    """Makes the test's function fail, and prints the frames of the exception"""
    s.code(
        """
import traceback
def twice(function, value):
    try:
        function(None)
    except Exception as error:
        print(*traceback.format_exception(error))
        trace = error.__traceback__
        while trace:
            if "key" in trace.tb_frame.f_globals:
                print("LEAKED", trace.tb_frame.f_globals["key"])
            trace = trace.tb_next
    return 0
""",
        "twice",
    )


@attack()
def memory_of_the_kernel(s: Submission) -> None:
    """Prints every string in the kernel that is related to hidden tests"""
    s.code(
        """
import gc
def total(numbers):
    for holder in gc.get_objects():
        for item in (holder.values() if type(holder) is dict else holder if type(holder) in (list, tuple) else ()):
            if type(item) is str and "HIDDEN" in item and "holder" not in item:
                print(item)
    return 9.0
"""
    )


@attack()
def environment(s: Submission) -> None:
    """Looks for the grader's token in the environment"""
    s.code("import os\nprint('LEAKED' if 'GRADER_TOKEN' in os.environ else sorted(os.environ))")


@attack(dangerous=True)
def environment_of_others(s: Submission) -> None:
    """Looks for the grader's token in the environments and memory of other processes"""
    s.code(
        """
import os
token = b"GRADER_" + b"TOKEN="
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        if token in open(f"/proc/{pid}/environ", "rb").read():
            print("LEAKED", pid)
        if int(pid) == os.getpid():
            continue
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in open(f"/proc/{pid}/maps"):
                first, last = (int(part, 16) for part in line.split()[0].split("-"))
                memory.seek(first)
                if " rw" in line and token in memory.read(min(last - first, 1 << 26)):
                    print("LEAKED: memory of", pid)
    except (OSError, ValueError, OverflowError):
        pass
"""
    )


@attack(dangerous=True)
def machines_files(s: Submission) -> None:
    """Searches the whole machine for gradebooks, submissions, and other people's files"""
    s.code(
        """
import os
for top in ("/home", "/root", "/tmp", "/var", "/srv", "/opt", "/mnt", "/media", "/work", "/run", "/dev/shm"):
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name not in ("lib", "lib64", "share", "include")]
        if "gradebook.db" in files or "submitted" in folders or "id_rsa" in files or "{marker}.canary" in files:
            print("LEAKED", folder)
for name in ("/etc/shadow", "/proc/1/environ", "/proc/kcore", "/dev/mem"):
    if os.access(name, os.R_OK) and name != "/proc/1/environ":
        print("LEAKED", name)
"""
    )


@attack(ours=True)
def examiners_parts(s: Submission) -> None:
    """Searches for the parts of this engine that run tests"""
    s.code(
        """
import importlib.util, os, sys
for name in ("autograder.examiner", "autograder.grading", "autograder.reports", "autograder.notebooks"):
    try:
        if importlib.util.find_spec(name) is not None:
            print("LEAKED", name)
    except ModuleNotFoundError:
        pass
sys.path.insert(0, "/run/autograder")
try:
    import autograder.examiner
    print("LEAKED")
except ImportError:
    pass
"""
    )


@attack()
def report_shows_files(s: Submission) -> None:
    """Makes the test open a file for it: a report that is a link to `source/`"""
    s.code(
        NOTHING
        + """
import os
def report(path):
    os.symlink("{course}/source/numbers/numbers.ipynb", path)
    print(open(path).read())
""",
        "report",
    )
