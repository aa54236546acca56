"""A notebook's way to the trainer: its socket, the time it waits, and what is known of the models in its tests."""

import contextlib
import socket
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from autograder.common.language import english
from autograder.examiner.exam_messages import Answer
from autograder.grading.job import GradingJob, ReviewItem, ReviewKind
from autograder.training import client
from autograder.training.settings import WeightsPolicy
from autograder.training.tested_models import ModelInputs
from autograder.training.training_record import ModelOrigin, SeenInputs, TrainingRecord

# Among what is permitted in a cell:
TRAINED = "weights from the trainer"  # the reference's model had them
TESTED = "test inputs in training"  # and how many in one call: the reference gave them to `fit`, or near copies
SEEN = 0.01  # of a test's rows in one call: so many may be among those that were given to `fit`
ALIKE = 0.05  # of a test's rows: so many may have near copies there; see benchmarks/near_copies.py
ODD = {  # what there is to say of a model that the trainer did not make, or not alone; the worst first
    ModelOrigin.CANDIDATE: english("its weights did not come from the trainer"),
    ModelOrigin.GIVEN: english("its training started from weights that did not come from the trainer"),
    ModelOrigin.CHANGED: english(
        "its weights are from the trainer, but its layers, their settings or constants were changed afterwards"
    ),
}


@dataclass(frozen=True)
class WeightsVerdict:
    """On the models of a test."""

    refused: str = ""  # why the test may not count by the instructor's choice
    permits: tuple[str, ...] = ()  # in the rehearsal: what the reference's models permit everybody's


class TrainerLink:
    """One run of a notebook at the trainer."""

    def __init__(self, job: GradingJob, address: str) -> None:
        """`address`: the trainer's; empty: there is none, and the notebook trains by itself."""
        self.flags: list[ReviewItem] = []  # what a person should look at
        self.trainings: tuple[TrainingRecord, ...] = ()
        self.socket: socket.socket | None = None  # the candidate's end
        self._job, self._address, self._key = job, address, uuid.uuid4().hex
        self._policy = job.trainer.weights if job.trainer else WeightsPolicy.ACCEPT
        if address and job.trainer:
            host_end, self.socket = socket.socketpair()
            client.connect(address, host_end, key=self._key, student=job.student, settings=job.trainer)

    def paused(self) -> float:
        """Seconds that the notebook has waited for the trainer so far; they are not its own."""
        return client.waiting(self._address, self._key) if self.socket else 0.0

    def again(self) -> AbstractContextManager["TrainerLink"]:
        """The same notebook, run once more."""
        return TrainerLink(self._job, self._address).running()

    def judge(self, grade_id: str, answer: Answer, permitted: tuple[str, ...] | None) -> WeightsVerdict:
        """What to do about the models that a test used. `answer`: the examiner's; flags are noted.

        Only a test that used a trained model of the reference's is of interest: `permitted` None is the rehearsal,
        which finds that out.
        """
        if self.socket is None or not (permitted is None or TRAINED in permitted):
            return WeightsVerdict()
        inputs = [given for given in answer.inputs if _tested(given.rows) not in (permitted or ())]
        known = client.judge(self._address, self._key, answer.models, inputs)
        origins = {model.weights for model in known.models}
        found = ((given, _seen(one, given)) for given, one in zip(inputs, known.inputs, strict=True))
        seen = {_tested(given.rows): text for given, text in found if text}
        if permitted is None:
            trained = origins == {ModelOrigin.TRAINER}
            return WeightsVerdict(permits=(TRAINED, *seen)) if trained else WeightsVerdict()
        if seen:
            self.flags.append(ReviewItem(ReviewKind.LEAKAGE, f"{grade_id}: {next(iter(seen.values()))}"))
        odd = next((text for origin, text in ODD.items() if origin in origins), "")
        if not origins and answer.score:
            odd = english("no model was found whose weights could be checked")
        if not odd or self._policy == WeightsPolicy.ACCEPT:
            return WeightsVerdict()
        if self._policy == WeightsPolicy.REFUSE:
            text = english(
                "This test accepts only models trained by `fit` from new weights, but %(problem)s.", problem=odd
            )
            return WeightsVerdict(refused=text)
        if answer.score:
            look = english("the test gave points, but the model needs a look: %(problem)s", problem=odd)
            text = f"{grade_id}: {look}"
            self.flags.append(ReviewItem(ReviewKind.WEIGHTS, text))
        return WeightsVerdict()

    @contextlib.contextmanager
    def running(self) -> Iterator["TrainerLink"]:
        """Within, the notebook runs; afterwards `trainings` has what was trained."""
        try:
            yield self
        finally:
            if self.socket is not None:
                self.socket.close()
                self.trainings = client.close(self._address, self._key)


def _tested(rows: int) -> str:
    return f"{TESTED} {rows}"


def _seen(known: SeenInputs, given: ModelInputs) -> str:
    """What of the test's inputs in one call the notebook gave to `fit`, where that is more than chance."""
    if known.seen > SEEN * len(given.digests):
        return english(
            "the notebook gave %(given)s of the %(rows)s inputs of the test to `fit` as training or validation data",
            given=f"{known.seen:,}",
            rows=f"{len(given.digests):,}",
        )
    if known.near > ALIKE * known.probed:
        return english(
            "the notebook gave near copies of %(near)s of %(tested)s inputs of the test to `fit` as training or "
            "validation data",
            near=f"{known.near:,}",
            tested=f"{known.probed:,}",
        )
    return ""
