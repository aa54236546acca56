"""What runs in a fork of the examiner: the instructor's cells of one notebook, against one candidate.

The worker says what to do next over a control socket; see `exam_messages`.
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
import tempfile
import threading
import types
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

from autograder.common.language import english
from autograder.examiner.exam_messages import Answer, Begin, Inspect, Request, RunGiven, RunTest, request_of
from autograder.examiner.ownership import Statement
from autograder.examiner.plan import Step
from autograder.examiner.shell import Output, Shell
from autograder.examiner.statements import only, parse
from autograder.examiner.unpickling import guard_loading
from autograder.keras_codec.models import Budget
from autograder.keras_codec.usage import Use
from autograder.rpc import frames, reflection
from autograder.rpc.file_sync import Folder
from autograder.rpc.frames import Disconnected, RpcError
from autograder.rpc.peer import PYPLOT, Peer
from autograder.rpc.proxies import is_handle
from autograder.sandbox.cpu_time import run_delay
from autograder.training.tested_models import ModelDigests, ModelInputs

SEED = 0
PROBES = 3  # inputs of a test, the largest, whose near copies are looked for
THREAD = "/proc/thread-self"
_OF_MODULES = (types.ModuleType, types.FunctionType, type)
CREDIT = "credit"  # among what is permitted in a cell: its last expression is partial credit


class Examination:
    """One notebook's examination; lives as long as its process."""

    def __init__(
        self, shell: Shell, steps: Sequence[Step], control: socket.socket, rpc_socket: socket.socket, folder: Path
    ) -> None:
        """`steps`: the plan; `folder`: an empty folder of its own; cells run in it."""
        self._shell = shell
        self._control = control
        self._rpc_socket = rpc_socket
        self._folder = folder
        self._steps = steps
        self._fetched: set[str] = set()
        self._imported: dict[str, Any] = {}  # by solutions, for those who import it as well
        self._models: dict[int, list[Use]] = {}  # that came in a locked or unmarked cell
        self._used: dict[int, list[Use]] = {}  # and what that cell did with them
        self._failed: dict[Statement, list[Output]] = {}  # statements of such cells, and what they showed
        self._peer: Peer | None = None
        self._files: Folder | None = None

    def run(self) -> None:
        """Do what the worker says, until it is gone."""
        with contextlib.suppress(Disconnected):
            while True:
                message, buffers = frames.receive(self._control)
                before = run_delay(THREAD)
                answer = self._answered(request_of(message), buffers)
                contested = tuple(sorted(self._files.contested)) if self._files is not None else ()
                answer = replace(answer, delay=run_delay(THREAD) - before, contested=contested)
                frames.send(self._control, asdict(answer), [])

    def _answered(self, request: Request, buffers: list[bytearray]) -> Answer:
        match request:
            case Begin():
                return self._begin(request, buffers)
            case RunGiven():
                return self._given(request.index, request.permitted)
            case RunTest():
                return self._grade(request.index, request.points, request.permitted)
            case Inspect():
                return self._inspect(request.index)

    def _begin(self, request: Begin, buffers: list[bytearray]) -> Answer:
        sys.modules["__main__"] = self._shell.user_module
        resource.setrlimit(resource.RLIMIT_DATA, (request.memory_bytes, request.memory_bytes))
        work, modules = self._folder / "work", self._folder / "modules"
        for name, content in zip(request.files, buffers, strict=True):
            for place in (work, modules) if name.endswith(".py") else (work,):
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(content)
        for place in (work, modules):
            place.mkdir(exist_ok=True)
        os.chdir(work)
        if any("tempfile" in step.code for step in self._steps):  # the student's code finds what a test makes there
            tempfile.tempdir = str(work / ".tmp")
            (work / ".tmp").mkdir()
        self._find_first(modules)  # the instructor's own; never the work folder, where a student's files appear
        importlib.invalidate_caches()
        random.seed(SEED)  # what tests draw is the same for everybody, and each time
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(SEED)
        guard_loading()
        reflection.install()
        self._shell.ast_transformers.append(reflection.Reflective(self._shell.user_ns))
        folder = self._files = Folder(work, trusted=True)
        budget = Budget(parameters=request.model_parameters)
        self._peer = Peer(self._rpc_socket, self._shell.user_ns, trusted=True, folder=folder, budget=budget)
        self._peer.exposed.modules = str(modules)
        return Answer(pid=os.getpid(), steps=tuple(self._steps))

    def _find_first(self, folder: Path) -> None:
        """Have `import` look into a folder first, as a kernel does, also for what is preloaded of that name."""
        sys.path.insert(0, str(folder))
        own = {path.name.removesuffix(".py") for path in folder.iterdir()}
        for name in self._shell.preloaded & sys.modules.keys():
            if name.partition(".")[0] in own:
                del sys.modules[name]

    def _given(self, index: int, permitted: Sequence[str] | None) -> Answer:
        peer, step = self._peer, self._steps[index]
        assert peer is not None
        if not step.across:
            names = self._shell.user_ns
            self._run_given(step.code, rendered=False)  # what it shows is shown by the student's kernel
            self._imported |= {name: names.pop(name) for name in step.imports if name in names}
            return Answer()
        peer.begin(permitted, keeps=True)
        outputs = [_error("TimeoutError", english("the submitted code did not answer"))]
        self._failed |= {(index, number): outputs for number in step.numbers}
        try:
            problem = self._fetch(peer, step)
            for number, statement in zip(step.numbers, _apart(step.code), strict=False):
                outputs, error = self._run_given(statement)
                if isinstance(error, KeyboardInterrupt):
                    break
                if error is None or peer.permits(f"fails {number}"):  # one that fails stops no other
                    del self._failed[index, number]
                elif isinstance(error, NameError) and problem:
                    self._failed[index, number] = [_error("CannotCross", problem)]
                else:
                    self._failed[index, number] = outputs
        except KeyboardInterrupt:
            pass
        finally:
            with contextlib.suppress(RpcError, KeyboardInterrupt):
                peer.end()
        self._models[index], self._used[index] = peer.models, [replace(use) for use in peer.models if use.used]
        return Answer(asked=tuple(sorted(peer.asked)), calls=peer.calls)

    def _run_given(self, code: str, *, rendered: bool = True) -> tuple[list[Output], BaseException | None]:
        """Run what is the instructor's; returns what it showed and raised."""
        outputs, _, error = self._shell.run(code, rendered=rendered)
        if self._files is not None:
            self._files.claim()
        return outputs, error

    def _grade(self, index: int, points: float, permitted: Sequence[str] | None) -> Answer:
        peer, step = self._peer, self._steps[index]
        assert peer is not None
        peer.begin(permitted)
        for feeding in {position for position, _ in step.feeds}:
            for use in self._models.get(feeding, []):
                use.begin()
            peer.models += [*self._models.get(feeding, []), *self._used.get(feeding, [])]
        try:
            failed = next((self._failed[statement] for statement in step.feeds if statement in self._failed), None)
            problem = self._fetch(peer, step)
            peer.share(step.shares)
            with self._students_modules(peer) if step.modules else contextlib.nullcontext():
                outputs, value, error = self._shell.run(step.code)  # in any case: the next cells may need its names
            if failed is not None or problem:
                return _answer(failed or [_error("CannotCross", problem)], 0.0, peer)
            score, reason = (0.0, "") if error is not None else _score(_credit(outputs, value), points, peer)
            return _answer(outputs, score, peer, reason)
        except KeyboardInterrupt:  # while names were fetched: the candidate does not answer
            return _answer([_error("TimeoutError", english("the submitted code did not answer"))], 0.0, peer)
        finally:
            with contextlib.suppress(RpcError, KeyboardInterrupt):
                peer.end()

    @contextlib.contextmanager
    def _students_modules(self, peer: Peer) -> Iterator[None]:
        """Where the test's `matplotlib.pyplot` and the course's own modules are, there are the student's meanwhile."""
        names, loaded = self._shell.user_ns, cast(dict[str, Any], sys.modules)
        folder = str(self._folder / "modules")
        own = {
            name: module
            for name, module in loaded.items()
            if name == PYPLOT or str(getattr(module, "__file__", "")).startswith(folder)
        }
        theirs = peer.modules(list(own)) if own else {}
        before = {name: value for name, value in names.items() if _home(value) in theirs}
        try:
            for name, module in theirs.items():
                _place(loaded, name, module)
            for name, value in before.items():
                home = _home(value)
                names[name] = theirs[home] if value is own[home] else getattr(theirs[home], value.__name__)
            there = {name: names[name] for name in before}
            yield
        finally:
            for name in theirs:
                _place(loaded, name, own[name])
            names.update({name: before[name] for name in before if names.get(name) is there.get(name)})
            names.update({n: own[m] for n, v in list(names.items()) for m, there_m in theirs.items() if v is there_m})

    def _inspect(self, index: int) -> Answer:
        from autograder.examiner.model_inspection import insight, instructors_names  # it needs NumPy

        peer, step, names = self._peer, self._steps[index], self._shell.user_ns
        assert peer is not None
        own = instructors_names(step.code, {*step.fetch, *step.maybe, *self._fetched})
        others = self._fetched | self._shell.user_ns_hidden.keys()  # the student's and IPython's
        instructors = {name: value for name, value in names.items() if name not in others}
        values = {name: value for name, value in instructors.items() if name in own}
        try:
            return Answer(insight=insight(peer.models, values, instructors))
        except KeyboardInterrupt:  # it takes too long
            return Answer()

    def _fetch(self, peer: Peer, step: Step) -> str:
        """Bring the student's names into the notebook as they stand now; returns why one can't come."""
        names = self._shell.user_ns
        dropped = {*step.fetch, *step.awaits, *step.looked_up}
        for name in self._fetched.intersection([*step.fetch, *step.maybe]) | dropped:
            names.pop(name, None)
        wanted = [*step.fetch, *step.awaits, *step.looked_up, *(name for name in step.maybe if name not in names)]
        if not wanted and step.kind != "grade":  # a test asks in any case: files come with the answer
            return ""
        try:
            values, refused = peer.fetch(wanted)
        except Exception as error:  # whatever the candidate says that went wrong there
            return str(error) or type(error).__name__
        for name in (values.keys() | refused.keys()) & set(step.awaits) & self._imported.keys():
            own = self._imported[name]
            if callable(own):
                peer.permits("__call__")  # the rehearsal notes it, for those who have their own
            if name in refused or peer.exposed.same_origin(values[name], own):
                names[name] = own
                values.pop(name, None)
                refused.pop(name, None)
        for name in step.awaits:
            refused.pop(name, None)
            if name not in self._imported:
                values.pop(name, None)
        for name in step.looked_up:
            refused.pop(name, None)
        self._fetched |= values.keys()
        names.update(values)
        return "\n".join(refused.values())


def _home(value: Any) -> str:
    """The name of a module, or of that which a function or class is of."""
    if is_handle(value):
        return ""
    found = getattr(value, "__name__" if isinstance(value, types.ModuleType) else "__module__", None)
    return found if isinstance(found, str) and isinstance(value, _OF_MODULES) else ""


def _place(loaded: dict[str, Any], name: str, module: Any) -> None:
    """Have `import` find that module by its name."""
    loaded[name] = module
    package, _, last = name.rpartition(".")
    if package:
        setattr(loaded[package], last, module)


def _apart(code: str) -> Iterator[str]:
    """The statements of a cell, each as a cell of its own."""
    statements = parse(code)
    for place in range(len(statements.body) if statements is not None else 0):
        assert statements is not None
        yield only(statements, [place == other for other in range(len(statements.body))])


def _answer(outputs: list[Output], score: float | None, peer: Peer, reason: str = "") -> Answer:
    """What came of a test, with what tells the models that it used and what it gave to them."""
    asked = tuple(sorted(peer.asked))
    answer = Answer(outputs=tuple(outputs), score=score, reason=reason, asked=asked, calls=peer.calls)
    used = [use for use in peer.models if use.used]
    if not used:
        return answer
    from autograder.training import leakage  # it needs NumPy

    distinct = {id(given): given for use in used for given in use.inputs}.values()
    inputs = []
    for place, given in enumerate(sorted(distinct, key=lambda given: -getattr(given, "size", 0))):
        digests = {row.hex() for row in leakage.rows_tested(given)}
        probe = leakage.probe(given) if place < PROBES else None
        if digests or probe:
            inputs.append(ModelInputs(len(given), tuple(sorted(digests)), probe.encoded() if probe else None))
    return replace(
        answer,
        models=tuple(ModelDigests(use.state, tuple(use.digests)) for use in used),
        inputs=tuple(inputs),
    )


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
            return (
                None,
                english(
                    "the test did not end in a number from 0 to %(most)s: the test has a mistake", most=f"{points:g}"
                ),
            )
        return points, ""
    peer.permits(CREDIT)  # the rehearsal notes it
    if math.isnan(credit) or not 0 <= credit <= points:
        why = english(
            "the test gave %(points)s points, but it can only give 0 to %(most)s: the test has a mistake",
            points=f"{credit:g}",
            most=f"{points:g}",
        )
        return None, why
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
