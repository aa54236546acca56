"""What crosses to the machine that grades a notebook: an order as bytes, and files by their digests.

An order is two lines of JSON: an `OrderHead`, which the node reads, and the job, which the node hands to a worker as it
is. In the job, files are named by digests; where they are, and what of the grader's own Python, is the node's to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from autograder.common.serialization import dump
from autograder.examiner.plan import imported
from autograder.grading.contents import Digests
from autograder.grading.job import GradingJob
from autograder.kernel.environment import shared
from autograder.kernel.kernelspec import Kernel
from autograder.training.settings import ServerSettings

KERAS = ("keras", "tensorflow")


@dataclass(frozen=True)
class ExaminerSettings:
    """An examiner: of which kernel's environment, and the modules that it imports before the first notebook."""

    kernel: Kernel
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Equipment:
    """What a node has running while it grades some jobs; None as trainer: they train by themselves."""

    examiners: tuple[ExaminerSettings, ...] = ()
    sandboxed: bool = True
    variables: dict[str, str] = field(default_factory=dict)  # of cells' environment
    visible: tuple[str, ...] = ()  # folders that cells may read
    trainer: ServerSettings | None = None
    home: dict[str, str] = field(default_factory=dict)  # path in a notebook's home -> digest, see `environment.shared`


@dataclass(frozen=True)
class OrderHead:
    """What the node has to know of a job."""

    equipment: Equipment
    student: str
    examiner: int | None  # which one of them; None: all of the notebook runs in the student's kernel


@dataclass(frozen=True)
class WorkerOrder:
    """What a worker has to know of the node for a job.

    Where the examiner's fork server and the trainer are (empty: there is none), and files, by their digests.
    """

    examiner: str
    trainer: str
    places: dict[str, str]
    node: str = ""  # its name in a cluster
    device: str = ""  # see `GradingMachine`
    slowness: float = 1.0  # how many times as long as the grader's machine it takes for the same work


@dataclass(frozen=True)
class Order:
    """A job as it crosses."""

    data: bytes
    files: dict[str, str]  # by digest, the path of each file that it names


class Orders:
    """Makes orders of the jobs of one run: for all of them, a node has the same running."""

    def __init__(self, jobs: Sequence[GradingJob], trainer: ServerSettings, *, with_home: bool = False) -> None:
        """`trainer`: the one of each node, where jobs are to have one and import Keras.

        `with_home`: what notebooks may read of the grader's home goes with each, datasets where a notebook names Keras.
        """
        self._digests = Digests()
        notebooks = {(job.assignment, job.notebook): job for job in jobs}
        uses_keras = any("keras" in cell.source for job in notebooks.values() for cell in job.version.cells)
        self._home = _home(datasets=uses_keras) if with_home else {}
        kernels = {_environment(job.kernel): job.kernel for job in notebooks.values() if job.kernel.plain is None}
        preload = {name: set[str]() for name in sorted(kernels)}
        for job in notebooks.values():
            if job.kernel.plain is None:
                preload[_environment(job.kernel)] |= set(imported(job.version.cells))
        trained = any(map(trains, notebooks.values()))
        self._places = {name: place for place, name in enumerate(preload)}
        self._equipment = Equipment(
            tuple(ExaminerSettings(kernels[name].abroad, tuple(sorted(modules))) for name, modules in preload.items()),
            jobs[0].sandboxed,
            jobs[0].variables,
            jobs[0].visible,
            trainer if trained else None,
            {name: self._digests.of(path) for name, path in self._home.items()},
        )

    def order(self, job: GradingJob) -> Order:
        """The order of one of the jobs, whose limits may be others by now. Raises OSError for what can't be read."""
        examiner = self._places[_environment(job.kernel)] if job.kernel.plain is None else None
        files, given = ({name: self._digests.of(path) for name, path in own.items()} for own in (job.files, job.given))
        crossing = replace(job, kernel=job.kernel.abroad, files=files, given=given)
        data = f"{dump(OrderHead(self._equipment, crossing.student, examiner))}\n{dump(crossing)}".encode()
        paths = {
            self._digests.of(path): path for path in (*job.files.values(), *job.given.values(), *self._home.values())
        }
        return Order(data, paths)


def trains(job: GradingJob) -> bool:
    """Whether a notebook may have models trained by the trainer: it is to have one, and imports Keras."""
    return job.trainer is not None and any(name.partition(".")[0] in KERAS for name in imported(job.version.cells))


def _home(*, datasets: bool) -> dict[str, str]:
    """Files of the grader's home that notebooks may read, with Keras's `datasets` or not: path in theirs -> path."""
    found = {}
    for place, name in shared().items():
        if name.startswith(".keras/") and not datasets:
            continue
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file() and not path.is_symlink():
                found[str(PurePosixPath(name, path.relative_to(place)))] = str(path)
    return found


def arrived(job: GradingJob, order: WorkerOrder) -> GradingJob:
    """A job that has crossed, with files, kernel, and time as they are here.

    Raises KeyError for a file without a place.
    """
    files, given = ({name: order.places[digest] for name, digest in own.items()} for own in (job.files, job.given))
    here = replace(job, kernel=job.kernel.here, files=files, given=given)
    return here.with_time(order.slowness) if order.slowness > 1 else here


def _environment(kernel: Kernel) -> str:
    """What tells kernels apart whose notebooks can't share an examiner."""
    return dump((kernel.interpreter, kernel.variables), sort_keys=True)
