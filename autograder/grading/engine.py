"""Outcomes of jobs: from the store, else computed in parallel and stored at once; and the rehearsal of a notebook."""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from autograder.common.errors import AutograderError
from autograder.grading.backend import Backend, BackendError
from autograder.grading.dispatcher import Dispatcher
from autograder.grading.job import FAULTS, GradingJob, Listener, Outcome, Status
from autograder.grading.mutants import MUTANTS, Mutated, mutated, mutated_jobs
from autograder.grading.order import trains
from autograder.grading.rehearsal import (
    Rehearsal,
    Search,
    compare,
    plain_job,
    reference_job,
    released_job,
    released_plain_job,
    released_scores,
    trainings_job,
    with_state,
    without_written,
)
from autograder.grading.result_digest import digest
from autograder.grading.result_store import Store
from autograder.grading.seeds import further_jobs, merged
from autograder.training.settings import ServerSettings

FILES = 5  # that a solution writes, and of which it is tried whether it needs them
ROUNDS = 5  # of looking for cells that have to run beside the student's code


class EngineError(AutograderError):
    """Nothing can be graded here and now; the message says why, and what to do."""


class Engine:
    """Computes what is not stored yet."""

    def __init__(
        self, store: Store, new_backend: Callable[[], Backend], trainer: ServerSettings, listener: Listener
    ) -> None:
        """`new_backend` makes what computes; `trainer`: the one there. `listener` is told how that goes."""
        self._store = store
        self._new_backend = new_backend
        self._backend: Backend | None = None  # until it is needed
        self._trainer = trainer
        self._listener = listener

    def close(self) -> None:
        """End what was started to compute; it is started anew when it is needed."""
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    def outcomes(
        self, jobs: Mapping[str, GradingJob], meanwhile: Sequence[GradingJob] = ()
    ) -> Generator[tuple[str, Outcome]]:
        """The outcomes of jobs given by digest, each as it comes; those that further seeds decide come last.

        `meanwhile`: see `Dispatcher.run`; nothing comes of them here. Raises EngineError where nothing can be computed.
        """
        waiting: dict[str, tuple[Outcome, list[str]]] = {}
        further: dict[str, GradingJob] = {}
        with closing(self._of_one_seed(jobs, meanwhile)) as outcomes:
            for key, outcome in outcomes:
                if more := {digest(job): job for job in further_jobs(jobs[key], outcome)}:
                    waiting[key] = outcome, [*more]
                    further |= more
                else:
                    yield key, outcome
        found: dict[str, Outcome] = {}
        with closing(self._of_one_seed(further)) as outcomes:
            for place, outcome in outcomes:
                found[place] = outcome
                for key, (first, places) in [*waiting.items()]:
                    if found.keys() >= set(places):
                        del waiting[key]
                        yield key, merged(jobs[key], first, [found[one] for one in places])

    def _of_one_seed(
        self, jobs: Mapping[str, GradingJob], meanwhile: Sequence[GradingJob] = ()
    ) -> Generator[tuple[str, Outcome]]:
        missing: dict[int, tuple[str, GradingJob]] = {}
        for key, job in jobs.items():
            if (stored := self._store.get(key)) is not None:
                yield key, stored
            else:
                missing[id(job)] = key, job
        if not missing:
            return
        try:
            self._backend = self._backend or self._new_backend()
            dispatcher = Dispatcher(self._backend, self._trainer, self._listener)
            with closing(dispatcher.run([job for _, job in missing.values()], meanwhile)) as run:
                for job, outcome in run:
                    key, _ = missing[id(job)]
                    yield key, self._stored(key, outcome)
        except BackendError as error:
            raise EngineError(str(error)) from None

    def _stored(self, key: str, outcome: Outcome) -> Outcome:
        """Store what is graded; anything else, and what can't be stored, is tried again the next time."""
        try:
            if outcome.status == Status.GRADED:
                self._store.put(key, outcome)
        except FAULTS as error:
            return Outcome.fault("storing the result", error)
        return outcome

    def rehearse(self, settings: Sequence[GradingJob], submitted: Sequence[GradingJob] = ()) -> list[Rehearsal]:
        """Rehearse notebooks, each given as a job that lacks a student. Raises EngineError where that can't be done.

        Trainings of `submitted`, whose jobs are as `settings`, begin while the reference solutions are graded.
        """
        meanwhile = [trainings_job(job) for job in submitted if trains(job)]
        both = self._both_ways(settings, meanwhile)
        found = [self._search(job, found) for job, found in zip(settings, both, strict=True)]
        return self._with_released(settings, found)

    def _with_released(self, settings: Sequence[GradingJob], rehearsals: Sequence[Rehearsal]) -> list[Rehearsal]:
        """With what the released notebooks earn; nothing of one that can't be graded: nor will it be, handed in."""
        applied = [found.applied(job, lambda cell: False) for job, found in zip(settings, rehearsals, strict=True)]
        pairs = [(released_job(job), released_plain_job(job)) for job in applied]
        outcomes = dict(self.outcomes({digest(job): job for pair in pairs for job in pair}))
        both = [[outcomes[digest(job)] for job in pair] for pair in pairs]
        return [
            replace(found, released=released_scores(job, isolated, plain))
            if {isolated.status, plain.status} == {Status.GRADED}
            else found
            for job, found, (isolated, plain) in zip(applied, rehearsals, both, strict=True)
        ]

    def _search(self, job: GradingJob, found: Rehearsal) -> Rehearsal:
        """Have locked cells run beside the student's code where the reference solution's grade cells need that."""
        if at := with_state(job, found):
            job, found = self._with_modules(job, found, at)
        search = Search(found)
        for _ in range(ROUNDS):
            if not (beside := search.beside()):
                break
            while beside:
                (other,) = self._both_ways([replace(job, beside=beside)])
                beside = search.tried(other)
        return search.found

    def _with_modules(self, job: GradingJob, found: Rehearsal, at: tuple[int, ...]) -> tuple[GradingJob, Rehearsal]:
        """Have grade cells at these positions use the student's modules if they then agree."""
        while at:
            (other,) = self._both_ways([replace(job, modules=at)])
            helped = tuple(place for place in at if job.version.cells[place].grade_id not in other.differing)
            if helped == at and other.differing.keys() <= found.differing.keys():
                return replace(job, modules=at), other
            at = helped if helped != at else ()
        return job, found

    def _both_ways(self, settings: Sequence[GradingJob], meanwhile: Sequence[GradingJob] = ()) -> list[Rehearsal]:
        both = self._graded_both_ways(settings, meanwhile)
        found = [compare(job, *outcomes) for job, outcomes in zip(settings, both, strict=True)]
        return [self._without_written(job, one) for job, one in zip(settings, found, strict=True)]

    def _without_written(self, job: GradingJob, found: Rehearsal) -> Rehearsal:
        """The rehearsal without those of the assignment's files that the solution writes, and does not need there."""

        def without(names: Sequence[str]) -> Rehearsal | None:
            (both,) = self._graded_both_ways([without_written(job, names)])
            other = replace(compare(without_written(job, names), *both), written=tuple(names))
            worse = other.short.keys() - found.short.keys() or other.differing.keys() - found.differing.keys()
            return None if worse else other

        names = found.written
        if not names:
            return found
        if (other := without(names)) is not None:
            return other
        fine = [name for name in names[:FILES] if len(names) > 1 and without([name]) is not None]
        return (without(fine) if fine else None) or replace(found, written=())

    def _graded_both_ways(
        self, settings: Sequence[GradingJob], meanwhile: Sequence[GradingJob] = ()
    ) -> list[tuple[Outcome, Outcome]]:
        """The outcomes of the reference solutions, isolated and plain."""
        pairs = [(reference_job(job), plain_job(job)) for job in settings]
        keys = [(digest(isolated), digest(plain)) for isolated, plain in pairs]
        jobs = {key: job for pair, both in zip(keys, pairs, strict=True) for key, job in zip(pair, both, strict=True)}
        found: dict[str, Outcome] = {}
        for key, outcome in self.outcomes(jobs, meanwhile):
            if outcome.status != Status.GRADED:
                job = jobs[key]
                raise EngineError(
                    f"{job.assignment}, {job.notebook}: the instructor's own solution can't be graded "
                    f"({outcome.message}). No submission has been touched."
                )
            found[key] = outcome
        return [(found[a], found[b]) for a, b in keys]

    def mutate(self, settings: Sequence[GradingJob], mutants: Collection[str] = MUTANTS) -> list[Mutated]:
        """Grade `mutants` of notebooks that have been rehearsed, each given as a job that lacks a student.

        Raises EngineError where that can't be done.
        """
        planned = [mutated_jobs(job, mutants) for job in settings]
        keys = [{name: digest(job) for name, job in jobs.items()} for jobs in planned]
        jobs = {key[name]: job for key, jobs in zip(keys, planned, strict=True) for name, job in jobs.items()}
        found = dict(self.outcomes(jobs))
        return [
            mutated(job, {name: found[digested] for name, digested in key.items()})
            for job, key in zip(settings, keys, strict=True)
        ]
