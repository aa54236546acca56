"""The candidate with an honest notebook: a real kernel in a real sandbox."""

import os
from pathlib import Path

import pytest
from candidates import Start, both, forked_and_alone, needs_sandbox, sleeping, text
from candidates import fork_servers as fork_servers
from candidates import starter as starter

from autograder.kernel.candidate import CellRun
from autograder.rpc.peer import Peer
from autograder.rpc.written_files import WrittenFiles
from autograder.sandbox.bubblewrap import SandboxError


@both
def test_a_cell_gives_its_outputs(start: Start, sandboxed: bool) -> None:
    run = start(sandboxed=sandboxed).run("print('a')\nprint('b')\n1 + 1")
    assert run.ok
    assert [output.output_type for output in run.outputs] == ["stream", "execute_result"]
    assert run.outputs[0].text == "a\nb\n"
    assert run.outputs[1].data == {"text/plain": "2"}


@both
def test_names_stay_from_cell_to_cell(start: Start, sandboxed: bool) -> None:
    candidate = start(sandboxed=sandboxed)
    assert candidate.run("x = 3").ok
    assert text(candidate.run("x")) == "3"


def test_an_error_is_an_output_and_the_kernel_goes_on(start: Start) -> None:
    candidate = start(sandboxed=False)
    run = candidate.run("1 / 0")
    assert (run.ok, run.outputs[0].ename) == (False, "ZeroDivisionError")
    assert candidate.run("1").ok
    assert candidate.ended is None


def test_a_cell_without_a_statement_is_all_right(start: Start) -> None:
    assert start(sandboxed=False).run("  \n") == CellRun([], True)


def test_magics_and_plots_work_as_in_jupyter(start: Start) -> None:
    candidate = start(sandboxed=False)
    run = candidate.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    assert "image/png" in run.outputs[-1].data
    assert candidate.run("%time 1\n!true").ok


def test_a_display_is_updated_where_it_stands(start: Start) -> None:
    run = start(sandboxed=False).run("shown = display(1, display_id=True)\nprint('x')\nshown.update(2)")
    assert [output.get("data") for output in run.outputs] == [{"text/plain": "2"}, None]


def test_outputs_are_cleared(start: Start) -> None:
    run = start(sandboxed=False).run(
        "from IPython.display import clear_output\nprint(1)\nclear_output(wait=True)\nprint(2)"
    )
    assert text(run) == "2\n"


def test_many_displays_all_arrive(start: Start) -> None:
    run = start(sandboxed=False).run("for i in range(5000): display(i)")
    assert [output.data["text/plain"] for output in run.outputs] == [str(i) for i in range(5000)]


def test_input_is_refused_as_under_nbgrader_and_says_what_to_do(start: Start) -> None:
    candidate = start()
    for cell in ("input()", "import getpass\ngetpass.getpass()"):
        error = candidate.run(cell).outputs[0]
        assert error.ename == "StdinNotImplementedError"
        assert "write the value into the code" in error.evalue
    candidate.run("input = lambda prompt: 'Ada'")
    assert text(candidate.run("input('Who?')")) == "'Ada'"


PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
IN_WINDOWS = (
    *(f"%matplotlib {backend}\n{PLOT}" for backend in ("qt", "tk", "notebook", "widget", "ipympl", "")),
    f"import matplotlib\nmatplotlib.use('TkAgg')\n{PLOT}",
    f"import matplotlib.pyplot as plt\nplt.switch_backend('qtagg')\n{PLOT}",
)


def test_plots_that_ask_for_a_window_are_drawn_inline_and_that_is_told(start: Start) -> None:
    for first in (IN_WINDOWS, IN_WINDOWS[::-1]):
        candidate = start()
        for cell in first:
            run = candidate.run(cell)
            assert run.ok, cell
            assert "drawn inline while a notebook is graded" in run.outputs[0].text
            assert "image/png" in run.outputs[-1].data
        run = candidate.run(f"%matplotlib inline\n{PLOT}")
        assert [output.output_type for output in run.outputs] == ["display_data"]


DEBUGGED = (
    "def double(x):\n    breakpoint()\n    return 2 * x\nprint(sum(double(n) for n in range(5)))",
    "import pdb\npdb.set_trace()\nprint(20)",
    "from IPython.core.debugger import set_trace\nset_trace()\nprint(20)",
    "import pdb\npdb.run('print(20)')",
    "%debug print(20)",
    "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    pdb.post_mortem(error.__traceback__)\nprint(20)",
)


def test_a_forgotten_debugger_goes_on_and_says_so_once(start: Start) -> None:
    candidate = start()
    for cell in DEBUGGED:
        run = candidate.run(cell)
        assert run.ok, cell
        assert text(run).count("Debuggers do nothing while a notebook is graded") == 1
        assert text(run).endswith("20\n")
    candidate.run("%pdb on")
    errors = [output for output in candidate.run("1 / 0").outputs if output.output_type == "error"]
    assert [error.ename for error in errors] == ["ZeroDivisionError"]
    assert candidate.run("%debug").ok
    assert candidate.run("import sys\nassert sys.gettrace() is None").ok


@both
def test_files_arrive_in_the_work_folder(start: Start, sandboxed: bool, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("answer = 42")
    (tmp_path / "данные.csv").write_text("a,b")
    files = {"helper.py": tmp_path / "helper.py", "data/данные.csv": tmp_path / "данные.csv"}
    candidate = start(files, sandboxed=sandboxed)
    assert text(candidate.run("import helper; helper.answer")) == "42"
    assert text(candidate.run("open('data/данные.csv').read()")) == "'a,b'"


@both
def test_the_work_folder_can_be_written(start: Start, sandboxed: bool, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a")
    candidate = start({"data.csv": tmp_path / "data.csv"}, sandboxed=sandboxed)
    assert text(candidate.run("open('data.csv', 'a').write('b')\nopen('data.csv').read()")) == "'ab'"
    assert (tmp_path / "data.csv").read_text() == "a"


def test_a_file_named_as_a_module_of_the_kernel_does_not_stop_it(start: Start, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("raise SystemExit")
    names = ("json.py", "tarfile.py", "zmq.py", "ipykernel.py", "autograder.py", "sitecustomize.py")
    assert start(dict.fromkeys(names, tmp_path / "x.py"), sandboxed=False).run("1").ok


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", ""])
def test_a_file_outside_the_work_folder_is_refused(start: Start, tmp_path: Path, name: str) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(SandboxError, match="no path within the work folder"):
        start({name: tmp_path / "x"}, sandboxed=False)


def test_a_link_is_not_followed(start: Start, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(SandboxError, match="link is a link to another file"):
        start({"link": tmp_path / "link"}, sandboxed=False)


def test_a_pipe_in_the_place_of_a_file_is_refused(start: Start, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SandboxError, match="pipe is not a regular file"):
        start({"pipe": tmp_path / "pipe"}, sandboxed=False)


def test_files_that_do_not_fit_are_told_with_the_limit(start: Start, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 2_000_000)
    with pytest.raises(SandboxError, match=r"do not fit into 1 MiB \(c\.Limits\.disk_bytes\)"):
        start({"x": tmp_path / "x"}, sandboxed=False, disk_bytes=1 << 20)


@both
@forked_and_alone
def test_the_environment_is_clean(start: Start, sandboxed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    monkeypatch.setenv("TF_VAR_password", "secret")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    run = start(sandboxed=sandboxed).run("import os\nprint(dict(os.environ), open('/proc/self/environ').read())")
    assert "secret" not in text(run)
    for wanted in ("'NBGRADER_EXECUTION': 'autograde'", "'TF_CPP_MIN_LOG_LEVEL': '3'", "'CUDA_VISIBLE_DEVICES': ''"):
        assert wanted in text(run)


@both
def test_the_wire_reaches_the_kernel(start: Start, sandboxed: bool) -> None:
    candidate = start(sandboxed=sandboxed)
    candidate.rpc_socket.sendall(b"abc")
    assert candidate.run(
        "from autograder.kernel import agent\nagent._rpc_socket.send(agent._rpc_socket.recv(3) + b'd')"
    ).ok
    candidate.rpc_socket.settimeout(10)
    assert candidate.rpc_socket.recv(10) == b"abcd"


@both
def test_it_serves_its_names_and_runs_cells_between(start: Start, sandboxed: bool) -> None:
    candidate = start(sandboxed=sandboxed)
    peer = Peer(candidate.rpc_socket, {}, trusted=True)
    for number in (1, 2):
        assert candidate.run(f"x = [{number}, 'a']").ok
        with candidate.serving():
            peer.begin(None)
            assert peer.fetch(["x", "y"])[0] == {"x": [number, "a"]}
            peer.end()
    assert candidate.ended is None


def test_the_wire_ends_with_the_kernel(start: Start) -> None:
    candidate = start(sandboxed=False)
    candidate.run("import os; os._exit(0)")
    candidate.rpc_socket.settimeout(10)
    assert candidate.rpc_socket.recv(1) == b""


def test_a_candidate_is_closed_twice_without_harm(start: Start) -> None:
    candidate = start(sandboxed=False)
    candidate.close()
    candidate.close()
    assert candidate.run("1").outputs[0].evalue == "The notebook's kernel was closed."


@needs_sandbox
@forked_and_alone
def test_what_was_started_is_gone_when_it_is_closed(start: Start) -> None:
    candidate = start()
    candidate.run("import subprocess\np = subprocess.Popen(['sleep', '9998'], start_new_session=True)")
    assert sleeping("9998")
    candidate.close()
    assert not sleeping("9998")


@both
@pytest.mark.parametrize("cell", ["exit()", "quit()", "exit", "quit(0)", "get_ipython().ask_exit()"])
def test_exit_does_nothing_and_says_so(start: Start, cell: str, sandboxed: bool) -> None:
    candidate = start(sandboxed=sandboxed)
    assert candidate.run("x = 1").ok
    run = candidate.run(cell)
    assert run.ok
    assert "do nothing while a notebook is graded" in text(run)
    assert candidate.run("import time; time.sleep(1.5); assert x == 1").ok
    assert candidate.ended is None


def test_sys_exit_is_an_error_of_its_cell_alone(start: Start) -> None:
    candidate = start()
    assert not candidate.run("import sys\nsys.exit(0)").ok
    assert candidate.run("x = 1").ok


@both
@forked_and_alone
def test_files_that_it_wrote_are_handed_over_and_given_ones_are_not(
    start: Start, sandboxed: bool, tmp_path: Path
) -> None:
    (tmp_path / "given.csv").write_text("1,2")
    candidate = start({"given.csv": tmp_path / "given.csv"}, sandboxed=sandboxed, written_files=2)
    candidate.run("import os\nos.mkdir('plots')\nopen('plots/a.png', 'wb').write(bytes(range(256)))\nos.chdir('/')")
    candidate.run("import pathlib\n[pathlib.Path.home().joinpath('work', name).write_text(name) for name in 'xyz']")
    written = candidate.written()
    assert written.files == {"plots/a.png": bytes(range(256)), "x": b"x"}
    assert written.left_out == 2


def test_files_of_a_kernel_that_has_ended_are_none(start: Start) -> None:
    candidate = start(sandboxed=False)
    candidate.run("open('a.txt', 'w').write('1')\nimport os\nos._exit(0)")
    assert candidate.written() == WrittenFiles()
