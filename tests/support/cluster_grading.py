"""Small notebooks, graded by any backend."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.grading.backend import Backend
from autograder.grading.dispatcher import Dispatcher
from autograder.grading.job import Event, GradingJob, Outcome
from autograder.grading.rehearsal import reference_job
from autograder.notebooks.instructor import InstructorCell, Version
from autograder.training.settings import ServerSettings, Trainer
from autograder.training.training_record import TrainerStatus

TRAINER = Trainer(threads=1)
WITH = {"sandboxed": True, "say": print}


def job(student: str, answer: str, test: str, **more: Any) -> GradingJob:
    cells = (
        InstructorCell("answer", "code", answer, "", solution=True),
        InstructorCell("test", "code", test, test, grade=True, locked=True, points=2.0),
    )
    made = reference_job(GradingJob("", "ps1", "p1", {}, Version("ps1", "p1", cells)))
    return replace(made, student=student, **more)


@dataclass
class Graded:
    """What came of some jobs."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    heard: list[Event | TrainerStatus] = field(default_factory=list)

    def printed(self) -> dict[str, list[str]]:
        return {
            student: [out["text"] for cell in outcome.outputs for out in cell if out.get("name") == "stdout"]
            for student, outcome in self.outcomes.items()
        }

    def found(self) -> dict[str, tuple[Any, ...]]:
        """All that a grade is made of; trained weights, too, where a test prints their digest."""
        return {
            student: (outcome.status, outcome.message, outcome.scores, outcome.reasons, outcome.outputs)
            for student, outcome in self.outcomes.items()
        }


def graded(
    backend: Backend, jobs: Sequence[GradingJob], trainer: ServerSettings, each: Callable[[int], None] = lambda _: None
) -> Graded:
    """`each` is called after each outcome, with how many there are."""
    found = Graded()
    with closing(Dispatcher(backend, trainer, found.heard.append).run(jobs)) as run:
        for one, outcome in run:
            found.outcomes[one.student] = outcome
            each(len(found.outcomes))
    return found


def settings(folder: Path) -> ServerSettings:
    return TRAINER.server_settings(folder / "cache", sandboxed=True)
