"""One notebook: its cells in the candidate, the instructor's in the examiner, each grade cell across both.

Cells are run in the student's order. The examiner runs the instructor's part of a cell while the candidate runs the
student's; at a grade cell the candidate answers the examiner, and then runs the text that students were given.
"""

import contextlib
import functools
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.common.language import english
from autograder.examiner.client import Exam, ExaminerError
from autograder.examiner.exam_messages import Answer
from autograder.examiner.model_insight import ModelInsight
from autograder.examiner.plan import Step, imported
from autograder.grading.job import (
    Event,
    GradingJob,
    GradingRun,
    Listener,
    Outcome,
    RebindableName,
    ReviewItem,
    ReviewKind,
    Status,
)
from autograder.grading.plain import outputs_of, run_beside, score_of, tested_outputs
from autograder.grading.trainer_link import TrainerLink
from autograder.kernel.candidate import Candidate
from autograder.kernel.fork_server import ForkServerPool
from autograder.sandbox.bubblewrap import SandboxError
from autograder.sandbox.limits import CellLimit, LimitKind, size

# What a granted model may be asked: about itself, and for predictions. Never `evaluate`: labels don't cross.
_MODEL_ATTRIBUTES = "predict count_params summary name layers input_shape output_shape optimizer".split()
MODEL_QUESTIONS = ("__call__", *(f"getattr:{name}" for name in _MODEL_ATTRIBUTES))
GRACE = 5.0  # seconds to react to an interrupt
LEARN = 60.0  # seconds to say what there is to learn of a model, beside those that a test may take to use it
NAMES = {LimitKind.CRASH: "NotebookCrashed", LimitKind.WEIGHTS: "WeightsRefused"}  # of errors that are no limit
BUSY = 0.1  # of a test's time, as CPU time of the examiner: the test itself was busy, though the machine may be, too
LOOK = 0.5  # seconds between looks at whether the candidate still answers
Output = dict[str, Any]


def given_key(position: int) -> str:
    """By what a locked or unmarked cell stands among grade_ids: none has such a sign."""
    return f"#{position}"


def grade(job: GradingJob, examiner: str, trainer: str, fork_servers: ForkServerPool, listener: Listener) -> Outcome:
    """Run and score one notebook. Never raises for what a student did.

    `examiner` is the fork server's address, `trainer` the trainer's (empty: notebooks train by themselves).
    """
    started = time.monotonic()
    try:
        with TrainerLink(job, trainer).running() as training:
            outcome = _Grading(job, examiner, training, fork_servers, listener).run()
    except (SandboxError, ExaminerError) as error:
        broke = isinstance(error, ExaminerError)
        return Outcome(Status.FAULT, f"{type(error).__name__}: {error}", broke_examiner=broke)
    except Exception:
        return Outcome(Status.FAULT, message=traceback.format_exc())
    run = replace(
        outcome.run,
        seconds=round(time.monotonic() - started, 2),
        trainings=training.trainings,
        flags=(*outcome.run.flags, *training.flags),
    )
    return replace(outcome, run=run)


class _Grading:
    def __init__(
        self, job: GradingJob, examiner: str, training: TrainerLink, fork_servers: ForkServerPool, listener: Listener
    ) -> None:
        self._job = job
        self._fork_servers = fork_servers
        self._examiner = examiner
        self._training = training
        self._listener = listener
        self._limits = job.limits
        self._version = job.version
        self._steps: tuple[Step, ...] = ()  # the examiner says, once it has begun
        self._cells: list[dict[str, Any]] = job.mended["cells"]
        self._outputs: list[list[Output]] = [[] for _ in self._cells]
        self._scores: dict[str, float | None] = {}
        self._reasons: dict[str, str] = {}
        self._asked: dict[str, tuple[str, ...]] = {}
        self._models: dict[str, ModelInsight] = {}
        self._calls = 0
        self._seconds: dict[int, float] = {}
        self._contested: tuple[str, ...] = ()
        self._starved = 0.0
        self._limit: LimitKind | None = None

    def run(self) -> Outcome:
        """All cells, then those that have to run beside the student's code."""
        job = self._job
        given = {name: Path(path) for name, path in job.given.items()}
        files = {**{name: Path(path) for name, path in job.files.items()}, **given}
        with_models = {"AUTOGRADER_MODEL_HANDLES": "1"} if job.model_handles else {}
        variables = {**job.variables, **with_models}
        visible = [Path(folder) for folder in job.visible]

        modules = [name for name in imported(self._version.cells) if f"{name.partition('.')[0]}.py" not in files]
        fork_server = (
            self._fork_servers.of(job.kernel, self._limits.disk_bytes, visible, variables, modules)
            if job.sandboxed and job.kernel.plain is None
            else None
        )

        def new(training: TrainerLink) -> Candidate:
            candidate = Candidate(
                self._limits,
                files,
                kernel=job.kernel,
                sandboxed=job.sandboxed,
                environment=variables,
                visible=visible,
                trainer=training.socket,
                fork_server=fork_server,
                paused=training.paused,
            )
            candidate.start()
            return candidate

        candidate = new(self._training)
        try:
            with contextlib.nullcontext() if job.plain else contextlib.closing(self._exam(candidate, given)) as exam:
                self._steps = () if exam is None else exam.steps
                for index in range(len(self._cells)):
                    with self._timed(index):
                        self._cell(index, candidate, exam)
            if candidate.ended is not None:
                self._limit = candidate.ended.limit
            self._starved = max(self._starved, candidate.starved)
            written = candidate.written()
        finally:
            candidate.close()
        for index, cell in enumerate(self._cells):
            if not job.plain and self._grade_id(cell) in job.not_isolated:
                with self._training.again() as training:
                    self._beside(index, functools.partial(new, training))
        run = GradingRun(
            memory_limit=candidate.memory_limit,
            calls=self._calls,
            models=self._models,
            written=tuple(written.files),
            flags=self._left_out(written.left_out),
            rebindable={str(step.grade_id): self._rebindable(step) for step in self._steps if step.left},
            cell_limits={
                grade_id: limit
                for position, limit in job.seconds.items()
                if (grade_id := self._version.cells[position].grade_id)
            },
        )
        return Outcome(
            Status.GRADED,
            outputs=self._outputs,
            scores=self._scores,
            reasons=self._reasons,
            limit=self._limit,
            seconds=self._seconds,
            feeds={
                str(step.grade_id): (*step.doubled, *sorted({position for position, _ in step.feeds}))
                for step in self._steps
                if step.feeds or step.doubled
            },
            contested=tuple(name for name in self._contested if name in given),
            starved=self._starved,
            asked=self._asked,
            written=written.files,
            run=run,
        )

    def _exam(self, candidate: Candidate, given: Mapping[str, Path]) -> Exam:
        return Exam(
            self._examiner,
            candidate.rpc_socket,
            self._version.cells,
            given,
            beside=self._job.beside,
            modules=self._job.modules,
            memory_bytes=self._limits.memory_bytes,
            model_parameters=self._job.model_parameters,
        )

    def _left_out(self, count: int) -> tuple[ReviewItem, ...]:
        if not count:
            return ()
        limits = self._limits
        text = english(
            "%(count)s of the files that it wrote are not in autograded/, which takes %(files)s of %(size)s in all "
            "(c.Limits.written_files, c.Limits.written_bytes)",
            count=count,
            files=limits.written_files,
            size=size(limits.written_bytes),
        )
        return (ReviewItem(ReviewKind.REMARK, text),)

    def _rebindable(self, step: Step) -> tuple[RebindableName, ...]:
        """The names that a test uses and that a student can rebind before it."""
        cells = self._version.names
        return tuple(RebindableName(one.name, cells[one.position], one.reason) for one in step.left)

    @contextlib.contextmanager
    def _timed(self, index: int) -> Iterator[None]:
        """Note how long a cell takes; not where it waits for the trainer, as another notebook's may have to train."""
        paused, began = self._training.paused(), time.monotonic()
        yield
        position = self._position(self._cells[index])
        if position is not None and self._training.paused() == paused:
            self._seconds[position] = round(time.monotonic() - began, 3)

    def _limit_of(self, cell: dict[str, Any]) -> CellLimit:
        position = self._position(cell)
        if position is None:
            return CellLimit(self._limits.cell_seconds)
        seconds = self._job.seconds.get(position, self._limits.cell_seconds)
        return CellLimit(seconds, self._job.reference.get(position))

    def _position(self, cell: dict[str, Any]) -> int | None:
        position = cell["metadata"].get("autograder", {}).get("position")
        return position if isinstance(position, int) and 0 <= position < len(self._version.cells) else None

    def _grade_id(self, cell: dict[str, Any]) -> str:
        """The grade_id of a cell that is graded by running it, else an empty text."""
        position = self._position(cell)
        original = self._version.cells[position] if position is not None else None
        tested = original is not None and original.grade and not original.solution and original.cell_type == "code"
        return (original.grade_id or "") if original is not None and tested else ""

    def _cell(self, index: int, candidate: Candidate, exam: Exam | None) -> None:
        """Run a cell, and score it where it is a grade cell. `exam` is None where everything runs in the candidate."""
        cell = self._cells[index]
        if cell["cell_type"] != "code":
            return
        grade_id = self._grade_id(cell)
        job = self._job
        self._listener(Event(job.student, job.notebook, grade_id or "running", index, len(self._cells)))
        position = self._position(cell)
        limit = self._limit_of(cell)
        if exam is None:
            original = self._version.cells[position] if position is not None and grade_id else None
            if original is None:
                self._outputs[index] = outputs_of(candidate.run(cell["source"], limit))
            else:
                self._outputs[index] = tested_outputs(candidate.run(original.source, limit))
                self._scores[grade_id], reason = score_of(self._outputs[index], original)
                self._reasons |= {grade_id: reason} if reason else {}
        elif not grade_id:
            self._given(index, candidate, exam, limit)
        else:
            assert position is not None
            self._tested(index, position, candidate, exam, limit)

    def _given(self, index: int, candidate: Candidate, exam: Exam, limit: CellLimit) -> None:
        """Run a cell that is no test, and have the examiner run its part of it."""
        cell, position = self._cells[index], self._position(self._cells[index])
        step = self._steps[position] if position is not None else None
        if step is None or not step.code.strip():
            self._outputs[index] = outputs_of(candidate.run(cell["source"], limit))
        elif step.across:
            if not step.after:
                self._across(step, candidate, exam, limit)
            self._outputs[index] = outputs_of(candidate.run(cell["source"], limit))
            if step.after:
                self._across(step, candidate, exam, limit)
        else:
            exam.given(step.index)
            self._outputs[index] = outputs_of(candidate.run(cell["source"], limit))
            if exam.answer(self._limits.cell_seconds) is None:
                raise ExaminerError(f"the instructor's part of cell {index} took too long")

    def _tested(self, index: int, position: int, candidate: Candidate, exam: Exam, limit: CellLimit) -> None:
        """Score a grade cell, and then have the candidate run the text that students were given."""
        cell, job = self._cells[index], self._job
        grade_id = self._grade_id(cell)
        if grade_id in job.not_isolated or grade_id in job.ungraded:
            if candidate.ended is None:
                self._run_unscored(index, position, candidate, exam)
            if grade_id in job.ungraded:
                self._withhold(index, grade_id, job.ungraded[grade_id])
        elif candidate.ended is not None:
            self._fail(index, grade_id, candidate.ended.limit, candidate.ended.message)
        elif self._examine(index, position, candidate, exam):
            limit = replace(limit, seconds=min(limit.seconds, GRACE))  # it would most likely take too long again
        candidate.run(cell["source"], limit)

    def _permitted(self, cell: str) -> tuple[str, ...] | None:
        """What handles may be asked in a cell; None: all."""
        if self._job.permitted is None:
            return None
        return (*self._job.permitted.get(cell, ()), *(MODEL_QUESTIONS if self._job.model_handles else ()))

    def _served(
        self, candidate: Candidate, exam: Exam, start: Callable[[], None], what: str, limit: CellLimit
    ) -> tuple[Answer, bool, float]:
        """What came of what `start` has the examiner do while the candidate answers, and whether it ran too long.

        The number is 0 where that time is the submitted code's; else it is how many seconds of it are the test's own.
        """
        before, clock = exam.cpu_seconds(), candidate.clock()
        with candidate.serving():
            start()
            answer, late = self._answer(candidate, exam, limit.seconds)
            starved = clock.starved() if late else 0.0
            itself = self._spent_by_itself(exam.cpu_seconds() - before, limit) if late else 0.0
            theirs_first = (candidate.interrupt, candidate.stop_serving, exam.interrupt)
            stops = theirs_first if late and not itself else (exam.interrupt,)
            for stop in stops:
                if answer is None:
                    stop()
                    answer = exam.answer(GRACE)
        if answer is None:
            why = f". The test itself took {itself:.0f} s of that, working on what the submitted code returned"
            raise ExaminerError(f"{what} could not be stopped{why if itself else ''}")
        self._starved = max(self._starved, starved, min(1.0, answer.delay / limit.seconds) if late else 0.0)
        self._calls += answer.calls
        self._contested = answer.contested
        if late:
            self._limit = self._limit or LimitKind.CELL_TIME
        return answer, late, itself

    def _across(self, step: Step, candidate: Candidate, exam: Exam, limit: CellLimit) -> None:
        """Have the examiner run its part of a locked or unmarked cell that needs the student's code."""
        cell = given_key(step.index)
        start = functools.partial(exam.given, step.index, self._permitted(cell))
        answer, *_ = self._served(candidate, exam, start, f"the instructor's part of cell {step.index}", limit)
        self._asked[cell] = answer.asked

    def _run_unscored(self, index: int, position: int, candidate: Candidate, exam: Exam) -> None:
        """Have the examiner run a test that it does not score, as in the rehearsal: later cells may need its names."""
        original, before = self._version.cells[position], (self._limit, self._starved)
        start = functools.partial(exam.grade, position, original.points, self._permitted(str(original.grade_id)))
        self._served(candidate, exam, start, f"the test {original.grade_id}", self._limit_of(self._cells[index]))
        self._limit, self._starved = before

    def _examine(self, index: int, position: int, candidate: Candidate, exam: Exam) -> bool:
        """Run a test, and score it; gives whether it ran too long."""
        original = self._version.cells[position]
        grade_id = str(original.grade_id)
        permitted = self._permitted(grade_id)
        start = functools.partial(exam.grade, position, original.points, permitted)
        limit = self._limit_of(self._cells[index])
        answer, late, itself = self._served(candidate, exam, start, f"the test {grade_id}", limit)
        verdict = self._training.judge(grade_id, answer, permitted)
        self._asked[grade_id] = (*answer.asked, *verdict.permits)
        if candidate.ended is not None:
            self._fail(index, grade_id, candidate.ended.limit, candidate.ended.message)
        elif late:
            text = english("This test ran longer than %(limit)s.", limit=limit)
            if itself:
                text = english(
                    "This test ran longer than %(limit)s. The test itself took %(seconds)s s of that, working on what "
                    "the submitted code returned.",
                    limit=limit,
                    seconds=f"{itself:.0f}",
                )
            self._fail(index, grade_id, LimitKind.CELL_TIME, text)
        elif verdict.refused:
            self._fail(index, grade_id, LimitKind.WEIGHTS, verdict.refused)
        elif answer.score is None:
            self._withhold(index, grade_id, answer.reason, answer.outputs)
        else:
            self._outputs[index] = list(answer.outputs)
            self._scores[grade_id] = answer.score
        if answer.models and permitted is not None and not late:
            self._learn(position, grade_id, exam)
        return late

    def _spent_by_itself(self, spent: float, limit: CellLimit) -> float:
        """The `spent` seconds of CPU time where a test used its time itself; else 0."""
        return 0.0 if spent < BUSY * limit.seconds else spent

    def _learn(self, position: int, grade_id: str, exam: Exam) -> None:
        """Note what there is to learn of the model that a test has just used."""
        exam.insight(position)
        answer = exam.answer(self._limits.cell_seconds + LEARN)
        if answer is None:
            exam.interrupt()
            answer = exam.answer(GRACE)
        if answer is None:
            raise ExaminerError(f"looking at the model in {grade_id} could not be stopped")
        if answer.insight is not None:
            self._models[grade_id] = answer.insight

    def _answer(self, candidate: Candidate, exam: Exam, seconds: float) -> tuple[Answer | None, bool]:
        """What came of a test, and whether it ran too long; neither where the candidate has stopped to answer it."""
        paused, deadline = self._training.paused(), time.monotonic() + seconds
        while time.monotonic() < deadline or time.monotonic() < deadline + self._training.paused() - paused:
            if (answer := exam.answer(LOOK)) is not None:
                return answer, False
            if not candidate.serves:
                return exam.answer(LOOK), False
        return None, True

    def _fail(self, index: int, grade_id: str, limit: LimitKind, message: str) -> None:
        name = NAMES.get(limit) or f"{limit.title().replace(' ', '')}Limit"
        self._outputs[index] = [
            {"output_type": "error", "ename": name, "evalue": message, "traceback": [f"{name}: {message}"]}
        ]
        self._scores[grade_id] = 0.0

    def _withhold(self, index: int, grade_id: str, reason: str, outputs: Sequence[Output] = ()) -> None:
        """No score: a person has to look."""
        note = {
            "output_type": "stream",
            "name": "stdout",
            "text": english("Not graded: %(reason)s", reason=reason) + "\n",
        }
        self._outputs[index] = [*outputs, note]
        self._scores[grade_id] = None
        self._reasons[grade_id] = reason

    def _beside(self, index: int, new: Callable[[], Candidate]) -> None:
        """Grade a cell as plain nbgrader does, in the student's kernel; in a sandbox that nothing else comes out of."""
        position = self._position(self._cells[index])
        assert position is not None
        original = self._version.cells[position]
        cells = [cell for cell in self._cells[:index] if cell["cell_type"] == "code"]
        before = [(cell["source"], self._limit_of(cell)) for cell in cells]
        self._outputs[index] = run_beside(new(), before, original.source, self._limit_of(self._cells[index]))
        score, reason = score_of(self._outputs[index], original)
        if score is None:
            self._withhold(index, str(original.grade_id), reason, self._outputs[index])
        else:
            self._scores[str(original.grade_id)] = score
