"""A kernel that was taken over: whatever it sends, the candidate ends in time, and nothing else does."""

import time

import psutil
import pytest
from candidates import Start, needs_sandbox
from candidates import fork_servers as fork_servers
from candidates import starter as starter
from nbformat import validate
from nbformat.v4 import new_code_cell, new_notebook

from autograder.kernel.candidate import Candidate, CellRun
from autograder.rpc.written_files import WrittenFiles

pytestmark = needs_sandbox

# As a student's cell reaches the sockets: `send(parts)` on iopub and shell, with its own request as the parent.
MACHINERY = """
import json, os, time, zmq
from ipykernel.kernelapp import IPKernelApp
app = IPKernelApp.instance()
kernel = app.kernel
parent = json.dumps(kernel.get_parent()["header"], default=str).encode()
iopub = app.iopub_thread.socket
shell = kernel.shell_stream.socket
me = kernel._shell_parent_ident.get()
def raw(parts, to=iopub):
    to.send_multipart(parts)
def forge(kind, content, to=iopub, idents=(b"",)):
    raw([*idents, b"<IDS|MSG>", b"", json.dumps({"msg_type": kind}).encode(), parent, b"{}", content], to)
"""


def run(candidate: Candidate, cell: str) -> CellRun:
    """Runs a hostile cell; its outputs must be valid, and the grader must not have grown."""
    process = psutil.Process()
    before = process.memory_info().rss
    began = time.monotonic()
    result = candidate.run(MACHINERY + cell)
    assert time.monotonic() - began < candidate.limits.cell_seconds + 12
    assert process.memory_info().rss - before < 1 << 30
    validate(new_notebook(cells=[new_code_cell(outputs=result.outputs)]))
    return result


@pytest.mark.parametrize(
    "parts",
    [
        "[b'']",
        "[b'x'] * 5",
        "[b'<IDS|MSG>']",
        "[b'<IDS|MSG>', b'', b'{', b'{', b'{', b'{']",
        "[b'<IDS|MSG>', b'', b'null', b'null', b'null', b'null']",
        "[b'<IDS|MSG>', b'', b'[]', b'7', b'{}', b'\\xff']",
        "[b'<IDS|MSG>', b'', b'{\"msg_type\": 1}', parent, b'{}', b'{}']",
        "[b'<IDS|MSG>', b'', b'{\"msg_type\": \"stream\"}', b'{\"msg_id\": []}', b'{}', b'{}']",
        "[b'<IDS|MSG>', b'', b'[' * 500_000, parent, b'{}', b'{}']",
    ],
)
def test_what_is_no_message_is_passed_over(start: Start, parts: str) -> None:
    candidate = start(cell_seconds=5)
    assert run(candidate, f"raw({parts})\nprint('after')").ok
    assert candidate.run("1").ok


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("stream", "b'{}'"),
        ("stream", """b'{"name": "stdin", "text": "x"}'"""),
        ("stream", """b'{"name": "stdout", "text": ["x"]}'"""),
        ("stream", """b'{"name": {}, "text": "x"}'"""),
        ("error", """b'{"ename": 1, "evalue": null, "traceback": {"a": 1}}'"""),
        ("error", """b'{"ename": "a", "evalue": "b", "traceback": [1, "c"]}'"""),
        ("display_data", """b'{"data": [], "metadata": 3}'"""),
        ("display_data", """b'{"data": {"text/plain": {"a": 1}, "image/png": ["x"]}, "metadata": {}}'"""),
        ("display_data", """b'{"data": {"application/x+json\\\\n": 1}, "metadata": {}, "transient": 1}'"""),
        ("display_data", """b'{"data": {"application/json": NaN}, "metadata": {"a": Infinity}}'"""),
        ("display_data", """b'{"data": {"application/json": ' + b'[' * 900 + b']' * 900 + b'}, "metadata": {}}'"""),
        ("execute_result", """b'{"data": {"text/plain": "1"}, "metadata": {}, "execution_count": -1}'"""),
        ("execute_result", """b'{"data": {"text/plain": "1"}, "metadata": {}, "execution_count": true}'"""),
        ("execute_result", """b'{"data": {"text/plain": "\\\\ud800"}, "metadata": {}, "execution_count": 1e400}'"""),
        ("update_display_data", """b'{"data": {}, "transient": {"display_id": []}}'"""),
        ("clear_output", """b'{"wait": []}'"""),
        ("comm_open", """b'{"comm_id": "a", "target_name": "jupyter.widget", "data": {}}'"""),
        ("status", """b'{"execution_state": {}}'"""),
        ("no_such_message", "b'{}'"),
    ],
)
def test_outputs_are_valid_or_none(start: Start, kind: str, content: str) -> None:
    candidate = start(cell_seconds=5)
    result = run(candidate, f"forge({kind!r}, {content})\nprint('after')")
    assert result.outputs[-1].text == "after\n"
    str(result.outputs).encode()
    assert candidate.run("1").ok


def test_a_message_with_too_many_parts_ends_it(start: Start) -> None:
    candidate = start(cell_seconds=5)
    run(candidate, "raw([b'<IDS|MSG>'] + [b''] * 100_000)\ntime.sleep(60)")
    assert candidate.ended is not None
    assert candidate.ended.limit == "output"


def test_a_message_without_end_ends_it(start: Start) -> None:
    candidate = start(cell_seconds=30)
    # written below ZeroMQ, which would keep an unfinished message to itself: frames with "more" set
    cell = """
import socket, stat, struct
ends = []
for fd in range(3, 256):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            end = socket.socket(fileno=os.dup(fd))
            end.getpeername()
            assert "kernel-" in str(end.getsockname())
            ends.append(end)
    except (OSError, AssertionError):
        pass
frame = bytes([3]) + struct.pack(">Q", 1_000_000) + b"x" * 1_000_000
for end in ends:
    end.settimeout(1)
while True:
    for end in list(ends):
        try:
            end.sendall(frame)
        except OSError:
            ends.remove(end)
"""
    run(candidate, cell)
    assert candidate.ended is not None
    assert (candidate.ended.limit, "hung up" in candidate.ended.message) == ("output", False)


def test_messages_on_another_channel_count_too(start: Start) -> None:
    candidate = start(cell_seconds=10)
    run(candidate, "for _ in range(100): raw([*me, b'x' * 1_000_000], shell)\ntime.sleep(60)")
    assert candidate.ended is not None
    assert candidate.ended.limit == "output"


def test_a_reply_before_its_time_gains_nothing_but_its_end(start: Start) -> None:
    candidate = start(cell_seconds=2)
    cell = "forge('execute_reply', b'{\"status\": \"ok\"}', shell, me)\ntime.sleep(60)"
    assert run(candidate, cell).ok
    assert not candidate.run("1").ok


def test_a_kernel_that_closes_its_sockets_ends(start: Start) -> None:
    candidate = start(cell_seconds=5)
    run(candidate, "for fd in range(3, 200):\n    try: os.close(fd)\n    except OSError: pass\ntime.sleep(60)")
    assert candidate.ended is not None


def test_a_kernel_that_is_never_idle_is_not_waited_for(start: Start) -> None:
    candidate = start(cell_seconds=5)
    cell = "kernel._publish_status = lambda *a, **k: None\nprint(1)"
    assert run(candidate, cell).outputs[0].text == "1\n"
    assert candidate.run("2").ok


def test_a_kernel_that_never_replies_ends(start: Start) -> None:
    candidate = start(cell_seconds=2)
    run(candidate, "kernel.session.send = lambda *a, **k: None")
    assert candidate.ended is not None
    assert candidate.ended.limit == "cell time"


def test_a_request_for_input_is_not_answered(start: Start) -> None:
    candidate = start(cell_seconds=2)
    run(candidate, "kernel._allow_stdin = True\nkernel.raw_input()")
    assert not candidate.run("input()").ok


def test_serving_ends_in_time_when_the_candidate_does_not(start: Start) -> None:
    candidate = start(cell_seconds=2)
    cell = "import autograder.kernel.agent as agent, time\ndef stay():\n    while True:\n"
    candidate.run(cell + "        try: time.sleep(60)\n        except BaseException: pass\nagent.serve = stay")
    began = time.monotonic()
    with candidate.serving():
        pass
    assert time.monotonic() - began < 10
    assert candidate.ended is not None
    assert candidate.ended.limit == "cell time"


def test_serving_after_the_end_is_harmless(start: Start) -> None:
    candidate = start()
    candidate.run("import os; os._exit(0)")
    with candidate.serving():
        candidate.interrupt()
    assert candidate.ended is not None
    assert candidate.ended.limit == "crash"


def test_a_late_examiner_interrupts_what_it_has_called(start: Start) -> None:
    candidate = start()
    candidate.run("import autograder.kernel.agent as agent, time\nagent.serve = lambda: time.sleep(60)")
    began = time.monotonic()
    with candidate.serving():
        time.sleep(0.3)
        candidate.interrupt()
    assert time.monotonic() - began < 5
    assert candidate.run("1").ok


FORGED_FILES = """
import autograder.kernel.agent as agent, socket, struct
sock = agent._files_socket
def frame(text, *buffers):
    lengths = struct.pack(f"!{len(buffers)}Q", *map(len, buffers))
    return struct.pack("!4sII", b"AGW1", len(text), len(buffers)) + lengths + text + b"".join(buffers)
"""


@pytest.mark.parametrize(
    "cell",
    [
        "sock.sendall(b'junk' * 1000)",
        "sock.close()",
        "sock.sendall(frame(b'{'))",
        """sock.sendall(frame(b'{"names": ["../../a"], "left_out": 0}', b'x'))""",
        """sock.sendall(frame(b'{"names": [".bashrc"], "left_out": 0}', b'x'))""",
        "sock.sendall(struct.pack('!4sIIQ', b'AGW1', 2, 1, 1 << 29))",
        "agent.hand_over_files = lambda *_: time.sleep(60)",
        "agent.hand_over_files = lambda *_: [sock.send(b'A') for _ in iter(lambda: time.sleep(0.5), 1)]",
    ],
)
def test_files_that_are_forged_are_not_taken_nor_waited_for(start: Start, cell: str) -> None:
    candidate = start(written_bytes=1000)
    run(candidate, f"open('a.txt', 'w').write('1')\n{FORGED_FILES}\n{cell}")
    began = time.monotonic()
    assert candidate.written() == WrittenFiles()
    assert time.monotonic() - began < 10
