"""Where no /proc can be mounted, as in a container that shows parts of it read-only: here, made around the grader."""

import os
import subprocess
import sys
import textwrap

import pytest
from candidates import needs_sandbox

from autograder.sandbox.host import find_bwrap

pytestmark = needs_sandbox


def masked(script: str) -> str:
    """What a script prints where a part of /proc is covered."""
    around = [str(find_bwrap()), "--unshare-user", "--uid", "1000", "--gid", "1000", "--die-with-parent"]
    around += ["--dev-bind", "/", "/", "--ro-bind", "/proc/sys", "/proc/sys", "--"]
    command = [*around, sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


RUN = """
    from autograder.sandbox import bubblewrap as sandbox
    from autograder.kernel.candidate import Candidate
    from autograder.sandbox.limits import Limits

    assert not sandbox.has_proc()
    candidate = Candidate(Limits(), {{}})
    candidate.start()
    run = candidate.run({cell!r})
    candidate.close()
    print("".join(output.get("text") or output.evalue for output in run.outputs), end="")
"""


def run(cell: str) -> str:
    """What a cell prints in a candidate there."""
    return masked(RUN.format(cell=cell))


def test_nothing_there_tells_of_a_process() -> None:
    cell = "import os\nprint(sorted(os.listdir('/proc')), sorted(os.listdir('/proc/self')))"
    assert run(cell) == "['cpuinfo', 'meminfo', 'self', 'stat'] ['cmdline', 'exe']\n"


def test_processes_are_its_own_all_the_same() -> None:
    assert "No such process" in run("import os\nos.kill(-1, 0)")


@pytest.mark.parametrize("path", ["/proc/meminfo", "/proc/self/maps"])
def test_nothing_of_it_can_be_written(path: str) -> None:
    assert "Read-only file system" in run(f"open({path!r}, 'w')")


@pytest.mark.parametrize("call", ["unshare(0x10000000)", "syscall({clone}, 0x10000011, 0, 0, 0, 0)"])
def test_no_other_user_namespace_can_be_made(call: str) -> None:
    call = call.format(clone={"x86_64": 56, "aarch64": 220}[os.uname().machine])
    script = f"import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.{call}, ctypes.get_errno())"
    cell = f"import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', {script!r}], text=True))"
    assert run(cell) == "-1 38\n\n"


def test_tensorflow_trains() -> None:
    cell = "import keras, numpy as np\nmodel = keras.Sequential([keras.layers.Dense(1)])\n"
    cell += "model.compile('sgd', 'mse')\nprint(len(model.fit(np.ones((4, 3)), np.ones(4), verbose=0).history['loss']))"
    assert run(cell).endswith("\n1\n")
