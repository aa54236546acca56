"""What runs in a fork of the examiner: the instructor's cells of one notebook, against one candidate.

The worker says what to do next over a control socket (frames, as on the wire, but trusted):

    {"do": "begin", "steps", "files", "memory"}      the plan, and the assignment's files
    {"do": "given", "index"}                         run the instructor's statements of a locked or unmarked cell
    {"do": "grade", "index", "points", "permitted"}  fetch the student's names, run a grade cell, score it
    {"do": "insight", "index"}                       what there is to learn of the model that this cell just used
    {"do": "end"}

Each answer has its `delay` too: the seconds for which this process could have run and the machine did not let it.
"""

import contextlib
import importlib
import math
import os
import random
import resource
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from autograder.candidate.starvation import run_delay
from autograder.examiner.guard import guard_loading
from autograder.examiner.insight import insight, instructors_names
from autograder.examiner.plan import Step
from autograder.examiner.shell import Output, Shell
from autograder.trainer.hints import rows_tested
from autograder.wire import frames
from autograder.wire.folder import Folder
from autograder.wire.frames import Disconnected, WireError
from autograder.wire.handles import is_handle
from autograder.wire.models import Budget
from autograder.wire.peer import Peer

SEED = 0
THREAD = "/proc/thread-self"
CREDIT = "credit"  # among what is permitted in a cell: its last expression is partial credit


class Examination:
    """One notebook's examination; lives as long as its process."""

    def __init__(self, shell: Shell, control: socket.socket, wire: socket.socket, folder: Path) -> None:
        """`folder`: an empty folder of its own; cells run in it."""
        self._shell = shell
        self._control = control
        self._wire = wire
        self._folder = folder
        self._steps: list[Step] = []
        self._fetched: set[str] = set()
        self._peer: Peer | None = None
        self._files: Folder | None = None

    def run(self) -> None:
        """Do what the worker says, until it ends or is gone."""
        with contextlib.suppress(Disconnected):
            while True:
                message, buffers = frames.receive(self._control)
                if message["do"] == "end":
                    return
                before = run_delay(THREAD)
                answer = getattr(self, f"_{message.pop('do')}")(buffers, **message)
                frames.send(self._control, {**answer, "delay": run_delay(THREAD) - before}, [])

    def _begin(
        self, buffers: list[bytearray], steps: list[Any], files: list[str], memory: int, budget: dict[str, int]
    ) -> Any:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        self._steps = [Step.from_dict(step) for step in steps]
        work, modules = self._folder / "work", self._folder / "modules"
        for name, content in zip(files, buffers, strict=True):
            for place in (work, modules) if name.endswith(".py") else (work,):
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(content)
        for place in (work, modules):
            place.mkdir(exist_ok=True)
        os.chdir(work)
        sys.path.append(str(modules))  # the instructor's own; never the work folder, where a student's files appear
        importlib.invalidate_caches()
        random.seed(SEED)  # what tests draw is the same for everybody, and each time
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(SEED)
        guard_loading()
        folder = self._files = Folder(work, trusted=True)
        self._peer = Peer(self._wire, self._shell.user_ns, trusted=True, folder=folder, budget=Budget(**budget))
        return {"pid": os.getpid()}

    def _given(self, buffers: list[bytearray], index: int) -> Any:
        code = self._steps[index].code
        if not code.strip():
            return {"error": ""}
        _, _, error = self._shell.run(code)
        if self._files is not None:
            self._files.claim()
        return {"error": "" if error is None else f"{type(error).__name__}: {error}"}

    def _grade(self, buffers: list[bytearray], index: int, points: float, permitted: list[str] | None) -> Any:
        peer, step = self._peer, self._steps[index]
        assert peer is not None
        peer.begin(permitted)
        try:
            problem = self._fetch(peer, step)
            if problem:
                return _answer([_error("CannotCross", problem)], 0.0, peer)
            outputs, value, error = self._shell.run(step.code)
            score, reason = (0.0, "") if error is not None else _score(_credit(outputs, value), points, peer)
            return _answer(outputs, score, peer, reason)
        except KeyboardInterrupt:  # while names were fetched: the candidate does not answer
            return _answer([_error("TimeoutError", "the submitted code did not answer")], 0.0, peer)
        finally:
            with contextlib.suppress(WireError, KeyboardInterrupt):
                peer.end()

    def _insight(self, buffers: list[bytearray], index: int) -> Any:
        peer, step, names = self._peer, self._steps[index], self._shell.user_ns
        assert peer is not None
        own = instructors_names(step.code, {*step.fetch, *step.maybe, *self._fetched})
        others = self._fetched | self._shell.user_ns_hidden.keys()  # the student's and IPython's
        instructors = {name: value for name, value in names.items() if name not in others}
        values = {name: value for name, value in instructors.items() if name in own}
        try:
            return {"insight": insight(peer.models, values, instructors)}
        except KeyboardInterrupt:  # it takes too long
            return {"insight": None}

    def _fetch(self, peer: Peer, step: Step) -> str:
        """Bring the student's names into the notebook as they stand now; returns why one can't come."""
        names = self._shell.user_ns
        for name in self._fetched.intersection([*step.fetch, *step.maybe]) | set(step.fetch):
            names.pop(name, None)
        wanted = [*step.fetch, *(name for name in step.maybe if name not in names)]
        if not wanted:
            return ""
        try:
            values, refused = peer.fetch(wanted)
        except Exception as error:  # whatever the candidate says that went wrong there
            return str(error) or type(error).__name__
        self._fetched |= values.keys()
        names.update(values)
        return "\n".join(refused.values())


def _answer(outputs: list[Output], score: float | None, peer: Peer, reason: str = "") -> dict[str, Any]:
    asked = {"asked": sorted(peer.asked), "calls": peer.calls}
    return {"outputs": outputs, "score": score, "reason": reason, **asked, **_used(peer)}


def _used(peer: Peer) -> dict[str, Any]:
    """Of each model that the test used, the digests of its weights; and digests of the rows that it was tested on."""
    used = [use for use in peer.models if use.used]
    rows = {row for use in used for inputs in use.inputs for row in rows_tested(inputs)}
    return {"models": [use.digests for use in used], "rows": sorted(row.hex() for row in rows)}


def _error(name: str, text: str) -> Output:
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}


def _credit(outputs: list[Output], value: Any) -> float | None:
    """The number that a cell's last expression is, as nbgrader reads it off what is shown; None where it is none."""
    shown = [output for output in outputs if output["output_type"] == "execute_result"]
    if not shown or is_handle(value):
        return None
    number = getattr(value, "item", None)
    if type(value).__module__ == "numpy" and callable(number) and getattr(value, "size", 0) == 1:
        value = number()
    try:
        return float(value if type(value) in (int, float) else shown[-1]["data"].get("text/plain", ""))
    except (TypeError, ValueError):
        return None


def _score(credit: float | None, points: float, peer: Peer) -> tuple[float | None, str]:
    """Points of a grade cell that raised nothing: the number that its last expression is, else all.

    None, with the reason, where that number can't be a score, or is none and the reference's was one: a mistake in the
    test, and nobody's zero or full marks.
    """
    if credit is None:
        if peer.permitted is not None and CREDIT in peer.permitted:
            return None, f"the test gave no number of points, and can give 0 to {points:g}: a mistake in the test"
        return points, ""
    peer.permits(CREDIT)  # the rehearsal notes it
    if math.isnan(credit) or not 0 <= credit <= points:
        return None, f"the test gave {credit:g} points, and can give 0 to {points:g}: a mistake in the test"
    return credit, ""


def obey(interrupt: int) -> None:
    """Interrupt this process's main thread when the worker writes to that pipe, and end it when the worker is gone."""

    def watch() -> None:
        while True:
            try:
                told = os.read(interrupt, 1)
            except OSError:
                told = b""
            if not told:
                os._exit(1)
            signal.pthread_kill(main, signal.SIGINT)

    main = threading.main_thread().ident or 0
    threading.Thread(target=watch, daemon=True).start()
