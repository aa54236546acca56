"""A student's page before the deadline: what the visible tests gave, and what the policy tells of hidden ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.reports import pages


@dataclass(frozen=True)
class ExerciseResult:
    """What is told of one cell that has points. `visible`, `hidden`: in words; empty where there is nothing to tell."""

    name: str
    visible: str
    hidden: str
    message: str = ""  # of the visible test that failed


@dataclass(frozen=True)
class EarlyFeedback:
    """What is told of one notebook of an attempt."""

    student: str
    assignment: str
    notebook: str
    attempt: int
    arrived: str  # as a person writes a time
    notices: Sequence[str] = ()  # of the attempt as a whole
    exercises: Sequence[ExerciseResult] = ()
    fixes: Sequence[str] = ()
    rules: Sequence[str] = ()  # of this course, on attempts

    @property
    def shows_hidden(self) -> bool:
        """Whether anything is told of hidden tests, exercise by exercise."""
        return any(exercise.hidden for exercise in self.exercises)


def early_feedback_page(feedback: EarlyFeedback) -> str:
    """The page, as HTML that needs nothing else."""
    return pages.render("early_feedback.html.j2", "feedback.css", feedback=feedback)
