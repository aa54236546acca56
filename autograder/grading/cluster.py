"""A Dask cluster as a backend: notebooks and trainings are Dask.distributed's tasks, on all workers that can be nodes.

Nothing but bytes crosses, and no folder is shared. The grader alone has the gradebook, submits tasks, and remembers
trainings: a node that wants one asks here, and so each is done once, however many nodes want it.
"""

import contextlib
import ipaddress
import math
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures import Future as Task
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import dask
from distributed import Client, Future
from distributed.client import ClosedClientError

from autograder.common.serialization import dump, load
from autograder.grading.backend import BackendError, BackendLost
from autograder.grading.cluster_jobs import CLASSES, Jobs
from autograder.grading.cluster_messages import ALONE, NodeMessage, NodeSettings, WantedTraining, resource
from autograder.grading.cluster_node import NodePlugin, deliver, halt, train
from autograder.grading.cluster_openssl import clear_errors
from autograder.grading.cluster_scheduler import EndWithClient
from autograder.grading.cluster_speed import fixed_work
from autograder.grading.cluster_tls import has_keys
from autograder.grading.job import FAULTS
from autograder.grading.result_digest import environment
from autograder.kernel.environment import variables
from autograder.rpc.frames import RpcError
from autograder.sandbox.limits import Limits
from autograder.training import protocol
from autograder.training.cache import TrainingCache
from autograder.training.cost_history import CostHistory
from autograder.training.fit_messages import Trained
from autograder.training.server_messages import Done
from autograder.training.settings import ServerSettings
from autograder.training.training_record import RunningTraining, TrainerStatus

RECENT = 256  # files that stay on the cluster: a course's own are used again and again
SHORT = 0.1  # seconds
PATIENCE = 10.0  # seconds without any node until that is said
LOOK = 1.0  # seconds between looks at which nodes there are
RETURN = 600.0  # seconds for a scheduler that was lost to come back
GONE = (OSError, TimeoutError, RuntimeError, ValueError, ClosedClientError)  # of a client whose scheduler is lost


class ClusterBackend:
    """All workers of a Dask cluster that can be nodes, now and later."""

    def __init__(
        self,
        address: str,
        limits: Limits,
        trainer: ServerSettings,
        *,
        sandboxed: bool,
        say: Callable[[str], object],
        visible: Sequence[str] = (),
        hardware: str = "",
        logs: Path = Path("jobs"),
    ) -> None:
        """`address`: the scheduler's, or a batch system, one of `cluster_jobs.CLASSES`, whose jobs log in `logs`.

        `trainer`: what the nodes train by, and where their results are kept here; `visible`: folders that notebooks
        may read, which nodes must have; `hardware`: the name of their processor or GPU, where not any will do. `say`
        gets what a person should know: which worker can't be a node and why, or that there is none.
        """
        self.session = ""  # until there is a client
        self.shares_home = False
        self._address = address
        self._limits = limits
        self._trainer = trainer
        self._trainings: _Trainings | None = None  # as long as there is a client
        self._sandboxed = sandboxed
        self._visible, self._hardware = tuple(visible), hardware
        self._logs = logs
        self._jobs: Jobs | None = None  # in which the workers are, where it is a batch system
        self._expected = 0  # notebooks
        self._say = say
        self._alone_since: float | None = None  # without any node
        self._client: Client | None = None
        self._comm: Any = None  # the client's to the scheduler: where there is another one, tasks are lost
        self._files: WeakValueDictionary[str, Future] = WeakValueDictionary()
        self._recent: deque[Future] = deque(maxlen=RECENT)
        self._report: Callable[[bytes], None] = lambda _: None
        self._capacity, self._looked = 0, 0.0
        self._dashboard = ""  # that somebody knows of
        self._most = math.inf  # notebooks that a node grades at once

    @contextmanager
    def executor(self, report: Callable[[bytes], None], *, alone: bool = False) -> Iterator[Executor]:
        """See `Backend`. Raises BackendError."""
        client = self._connected()
        self._report, self._most, self._looked = report, 1 if alone else math.inf, 0.0
        own = {"notebook": 1, resource(self.session): 1, **({ALONE: 1} if alone else {})}
        executor = client.get_executor(pure=True, resources=own)
        try:
            yield executor
        finally:
            self._report = lambda _: None
            if self._jobs is not None:
                self._jobs.need(0)
            with contextlib.suppress(*GONE):  # then the nodes have ended what they had: see `EndWithClient`
                executor.shutdown(wait=False)
                if client.status == "running":
                    client.run(halt, self.session, on_error="ignore")

    def content(self, digest: str, path: str) -> Future:
        """See `Backend`. Sent once; should the node that has it be lost, the scheduler has it again."""
        if (sent := self._files.get(digest)) is None:
            data, mine = Path(path).read_bytes(), {resource(self.session): 1}
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "4 GiB"}):
                sent = self._reached().submit(bytes, data, key=f"file-{self.session}-{digest}", resources=mine)
            self._files[digest] = sent
        self._recent.append(sent)
        return sent

    def capacity(self) -> int:
        """See `Backend`."""
        client = self._reached()
        if time.monotonic() - self._looked > LOOK:
            with contextlib.suppress(*GONE):
                known = client.scheduler_info(n_workers=-1)["workers"]
                if self._trainings is not None:
                    self._trainings.look(known)
                workers = known.values()
                running = [one for one in workers if one["status"] == "running"]
                nodes = [one for one in running if one["resources"].get(resource(self.session))]
                slots = [
                    {**one["resources"], "notebook": min(one["resources"]["notebook"], self._most)} for one in nodes
                ]
                self._capacity = sum(
                    _to_submit(int(each["notebook"]), one["nthreads"]) for one, each in zip(nodes, slots, strict=True)
                )
                if self._jobs is not None:
                    self._jobs.look({str(one["name"]) for one in workers})
                    status = self.trainings()
                    trainings = status.waiting + len(status.running) if status else 0
                    self._jobs.need(self._expected, trainings, slots)
            self._looked = time.monotonic()
            self._note_absence()
        return self._capacity

    def expect(self, notebooks: int) -> None:
        """See `Backend`."""
        self._expected = notebooks

    def _note_absence(self) -> None:
        """Say once that there is no node, where that lasts."""
        now = time.monotonic()
        if self._capacity:
            self._alone_since = None
        elif self._jobs is not None:  # which say themselves why there is nobody
            pass
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > PATIENCE:
            self._say(
                f"No worker of the cluster at {self._address} can grade now. Waiting for one (Ctrl-C stops that)."
            )
            self._alone_since = math.inf

    def trainings(self) -> TrainerStatus | None:
        """See `Backend`."""
        return self._trainings.status() if self._trainings else None

    def close(self) -> None:
        """See `Backend`."""
        if self._client is not None and self._trainings is not None:
            self._trainings.close()
            with contextlib.suppress(*GONE):
                self._client.close()  # which takes the nodes with it, see `EndWithClient`
            self._client, self._trainings = None, None
        if self._jobs is not None:
            self._jobs.close()
            self._jobs = None

    def _reached(self) -> Client:
        """The client, whose tasks the scheduler knows. Raises BackendLost."""
        if self._client is None or self._client.status != "running" or self._client.scheduler_comm is not self._comm:
            raise BackendLost(f"the Dask scheduler at {self._address} was lost. What was finished is kept")
        return self._client

    def _connected(self) -> Client:
        """The client, connected now if need be, or again. Raises BackendError."""
        until = time.monotonic()
        if self._client is not None:
            with contextlib.suppress(BackendLost):
                return self._reached()
            self._say(
                f"The Dask scheduler at {self._address} was lost. What ran there is graded again once it and its "
                f"workers are back: waiting for {RETURN / 60:.0f} minutes (Ctrl-C stops that; finished work is kept)."
            )
            until += RETURN
            self.close()
        clear_errors()
        while True:
            try:
                if self._address in CLASSES and self._jobs is None:
                    self._jobs = Jobs(self._address, self._logs, self._say)
                address = self._jobs.address if self._jobs else self._address
                _check_encryption(address)
                self._client = Client(address, set_as_default=False, name="autograder")
                self._comm = self._client.scheduler_comm
                self._install(self._client)
                if (link := self._client.dashboard_link) and link != self._dashboard:
                    self._say(f"Dask's dashboard: {link}")
                    self._dashboard = link
                return self._client
            except GONE as error:
                self.close()
                if time.monotonic() >= until:
                    raise BackendError(f"the Dask scheduler at {self._address} can't be reached: {error}") from None
                time.sleep(LOOK)

    def _install(self, client: Client) -> None:
        """Have all workers, now and later, be nodes as long as there is this client. Raises BackendError."""
        self.session = uuid.uuid4().hex
        self._files.clear()
        self._recent.clear()
        self._capacity, self._looked, self._alone_since = 0, 0.0, time.monotonic()
        client.subscribe_topic(resource(self.session), self._heard)
        self._trainings = _Trainings(client, self.session, self._trainer)
        settings = NodeSettings(
            self.session,
            self._limits,
            self._sandboxed,
            variables(),
            environment(),
            fixed_work(),
            self._trainer,
            self._visible,
            self._hardware,
        )
        if self._jobs is None:  # else workers end with their scheduler, and that with the grader
            self._have_nodes_end_with(client)
        try:
            client.register_plugin(NodePlugin(settings))
        except FAULTS as error:
            self._say(f"A worker of the cluster takes no part: {type(error).__name__}: {error}")

    def _have_nodes_end_with(self, client: Client) -> None:
        try:
            client.register_plugin(EndWithClient(client.id, resource(self.session)))
        except ModuleNotFoundError as error:
            raise BackendError(
                f"the Dask scheduler at {self._address} runs without this package ({error}): install "
                "autograder[cluster] where it runs, too."
            ) from None

    def _heard(self, event: tuple[float, Any]) -> None:
        """A node's message, in the client's thread."""
        try:
            message = load(event[1], NodeMessage)
        except (TypeError, ValueError):
            return
        if message.refused:
            self._say(f"{message.name}, a worker of the cluster, takes no part: {message.refused}")
        elif message.event:
            self._report(message.event.encode())
        elif self._trainings is not None:
            self._trainings.heard(message)


def _to_submit(notebooks: int, threads: int) -> int:
    """How many notebooks the scheduler should have for a node that grades so many at once.

    To the scheduler, a node is busy with a notebook that waits there, so trainings would go to others: no more than
    can run. But it sends notebooks where their files are, and lets an idle node have some only of a node that has more
    of them than threads.
    """
    return notebooks if notebooks >= threads else threads + notebooks


def _check_encryption(address: str) -> None:
    """Students' work crosses a network encrypted, or not at all. Raises BackendError."""
    scheme, _, place = address.rpartition("://")
    host = place.rpartition(":")[0].strip("[]")
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if not here and scheme != "tls":
        raise BackendError(
            f"the Dask scheduler at {address} is on another machine, and whoever reaches it can run code and read "
            "students' work: start it and its workers with TLS (`autograder certificates`), and give its address as "
            "tls://HOST:PORT."
        )
    if scheme == "tls" and not has_keys():
        raise BackendError(
            f"the Dask scheduler at {address} has TLS, and Dask's configuration here has no keys: copy the file of "
            "`autograder certificates` to ~/.config/dask/."
        )


@dataclass
class _Flight:
    """A training in flight, and who waits for it."""

    task: Task[bytes]
    waiting: list[WantedTraining]
    running: RunningTraining | None = None  # None: no node has said so yet, or it was lost
    node: str = ""  # the address of that node


class _Trainings:
    """What nodes want to have trained: from the cache, or a task for each, however many want it."""

    def __init__(self, client: Client, session: str, settings: ServerSettings) -> None:
        self._client, self._session, self._settings = client, session, settings
        self._cache = TrainingCache(Path(settings.cache), settings.cache_bytes)
        self._history = CostHistory(self._cache.folder)
        self._executor = client.get_executor(pure=False)
        # never the client's own thread, which everything waits for
        self._requests = ThreadPoolExecutor(1, "requests")  # in their order
        self._answers = ThreadPoolExecutor(4, "answers")
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight] = {}  # by key
        self._trained = self._remembered = 0

    def heard(self, message: NodeMessage) -> None:
        """Take a node's message."""
        with contextlib.suppress(RuntimeError):  # it is closed
            if message.wanted is not None:
                self._requests.submit(self._want, message.wanted)
            elif message.running is not None:
                self._requests.submit(self._run, message.running, message.address)
            elif message.unwanted:
                self._requests.submit(self._unwant, message.unwanted)

    def status(self) -> TrainerStatus:
        """How they stand."""
        with self._lock:
            running = [
                replace(flight.running, students=tuple(one.student for one in flight.waiting))
                for flight in self._flights.values()
                if flight.running is not None
            ]
            waiting = len(self._flights) - len(running)
            return TrainerStatus(tuple(running), waiting, self._trained, self._remembered)

    def look(self, nodes: Container[str]) -> None:
        """Note that what ran on any other node than these waits for one again."""
        with self._lock:
            for flight in self._flights.values():
                if flight.node not in nodes:
                    flight.running = None

    def _run(self, running: RunningTraining, node: str) -> None:
        with self._lock:
            if (flight := self._flights.get(running.key)) is not None:
                flight.running, flight.node = running, node

    def close(self) -> None:
        """Want nothing any more."""
        for threads in (self._requests, self._answers):
            threads.shutdown(cancel_futures=True)
        with contextlib.suppress(*GONE):
            self._executor.shutdown(wait=False)

    def _want(self, wanted: WantedTraining) -> None:
        found = self._cache.get(wanted.key, wanted.student)
        if found is not None:
            with self._lock:
                self._remembered += 1
            self._answers.submit(self._reply, wanted, protocol.pack(*protocol.encode(Done(Trained(found), True))))
            return
        with self._lock:
            if (flight := self._flights.get(wanted.key)) is not None:
                flight.waiting.append(wanted)
                return
            parts = [Future(name, client=self._client) for name in wanted.parts]
            task = self._executor.submit(
                *(train, self._session, dump(self._settings), wanted.key, wanted.student, dump(wanted.work), parts),
                key=f"training-{wanted.key}-{wanted.request}",
                resources={"trainer": 1, resource(self._session): 1, wanted.kind: 1},
                priority=self._history.expected(wanted.work),  # the one that should take longest goes first
            )
            self._flights[wanted.key] = _Flight(task, [wanted])
        task.add_done_callback(partial(self._done, wanted.key))

    def _unwant(self, request: str) -> None:
        """What nobody waits for is stopped."""
        with self._lock:
            for key, flight in [*self._flights.items()]:
                flight.waiting = [one for one in flight.waiting if one.request != request]
                if not flight.waiting:
                    del self._flights[key]
                    flight.task.cancel()

    def _done(self, key: str, task: Task[bytes]) -> None:
        with contextlib.suppress(RuntimeError):  # it is closed
            self._answers.submit(self._answer, key, task)

    def _answer(self, key: str, task: Task[bytes]) -> None:
        payload, result = b"", None
        try:
            payload = task.result()
            done: Done = protocol.read(protocol.decode(*protocol.unpack(payload)), Done)
            result = done.answer.result if isinstance(done.answer, Trained) else None
        except (*FAULTS, RpcError):  # a worker was lost, or what it needed: the nodes that wait ask again
            payload = b""
        if result is not None:
            with self._lock:
                students = self._students(key, task)
            with contextlib.suppress(OSError):  # a full disk loses nobody a training
                for student in students:
                    self._cache.put(key, student, result)
        with self._lock:  # whoever asks from now on finds it in the cache
            if not (students := self._students(key, task)):
                return
            flight = self._flights.pop(key)
            self._trained += result is not None
            self._remembered += (len(students) - 1) * (result is not None)
        if result is not None:
            self._history.note(flight.waiting[0].work, result.seconds)
        for one in flight.waiting:
            self._reply(one, payload)

    def _students(self, key: str, task: Task[bytes]) -> list[str]:
        flight = self._flights.get(key)
        return [one.student for one in flight.waiting] if flight is not None and flight.task is task else []

    def _reply(self, wanted: WantedTraining, payload: bytes) -> None:
        reply = partial(deliver, self._session, wanted.request, payload)
        with contextlib.suppress(*GONE):
            self._client.run(reply, workers=[wanted.node], on_error="ignore")
