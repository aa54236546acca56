"""A Dask worker as a node: what a grading installs on each worker of a cluster, and on those that join later.

A worker that lacks something has none of the session's resource, so no task of the grading goes there; it says why.
Of `notebook` each has as many as it grades at once, of `trainer` as many as it trains at once, whatever else runs on
the cluster. A task leaves Dask's pool of threads (`secede`) once it no longer computes here, so Dask's scheduler sees
who is busy: a notebook when it first waits for a training, which so has a thread to run on, and a training at once if
a GPU does it. It keeps its resources until it is done.

A `fit` goes from the notebook to the node's trainer, from there to `ClusterNode`, and to the grader as a request of a
few lines; what it consists of stays at the node, by digest, until the worker that has a slot gets it from there.
"""

import asyncio
import hashlib
import json
import os
import select
import shutil
import socket
import tempfile
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from distributed import Reschedule, Worker, WorkerPlugin, get_client, get_worker, secede
from distributed.core import Status as WorkerStatus

from autograder.common.language import english
from autograder.common.serialization import dump, load
from autograder.grading.cluster_messages import (
    ALONE,
    NodeMessage,
    NodeSettings,
    WantedTraining,
    joined,
    parted,
    resource,
)
from autograder.grading.cluster_openssl import clear_errors
from autograder.grading.cluster_speed import slowness
from autograder.grading.contents import NoRoom
from autograder.grading.job import FAULTS, Outcome, Status
from autograder.grading.node import Node, nodes
from autograder.grading.order import OrderHead
from autograder.grading.result_digest import environment
from autograder.kernel.environment import is_shown
from autograder.rpc import frames
from autograder.sandbox.bubblewrap import check
from autograder.sandbox.host import place_for_sockets
from autograder.training import protocol
from autograder.training.client import TrainerError, TrainerProcess, status
from autograder.training.cost_history import Workload
from autograder.training.devices import Precision, Slot, has_bfloat16, parallel_processes
from autograder.training.fit_messages import Declined
from autograder.training.reproducibility import environment as training_environment
from autograder.training.reproducibility import processor
from autograder.training.server_messages import Done, Train
from autograder.training.settings import NO_BFLOAT16, ServerSettings

MEMBER = 1_000_000  # of the session's resource: more tasks than a worker ever has
DIFFERENT = ("python", "implementation", "machine", "system", "distributions", "code")  # may change a grade
ROOM = 1 << 20  # bytes: a disk with less than that is full
TRIES = 3  # at a training whose parts, or whose workers, were lost
RECENT = 16  # of those that stay where they came from
LOOK = 0.1  # seconds between looks at whether somebody still waits
TELL = 1.0  # seconds between words on how far a training is
LOST = english("The machines that this training ran on were lost, or what they needed was.")


class NodePlugin(WorkerPlugin):  # type: ignore[misc]
    """Makes a worker a node of a grading."""

    def __init__(self, settings: NodeSettings) -> None:
        """`settings` cross as JSON."""
        self.name = resource(settings.session)
        self._settings = dump(settings)
        self._node: ClusterNode | None = None  # once it is at a worker

    async def setup(self, worker: Worker) -> None:
        """Join, or say why not."""
        clear_errors()
        settings = load(self._settings, NodeSettings)

        def say(message: NodeMessage) -> None:
            worker.log_event(self.name, dump(message))

        try:
            lacking = await asyncio.to_thread(_lacking, settings, Path(worker.local_directory))
        except FAULTS as error:
            lacking = f"{type(error).__name__}: {error}"
        if lacking:
            say(NodeMessage(refused=lacking, name=str(worker.name)))
            return
        slots = await asyncio.to_thread(settings.trainer.slots)
        kind = _kind(slots[0])

        said = threading.Event()

        def withdraw(why: str) -> None:
            """Get no more tasks; those that are here already still find what they ask for here."""
            none = worker.scheduler.set_resources(worker=worker.contact_address, resources={self.name: 0})
            asyncio.run_coroutine_threadsafe(none, worker.loop.asyncio_loop).result()
            if not said.is_set():
                said.set()
                say(NodeMessage(refused=why, name=str(worker.name)))

        folder = Path(worker.local_directory)
        on_gpu = slots[0].gpu is not None
        node = ClusterNode(settings, folder, str(worker.name), worker.address, kind, on_gpu, say, withdraw)
        node.open(lambda event: say(NodeMessage(event=event.decode())))
        nodes[settings.session] = self._node = node
        notebooks = min(worker.state.nthreads, parallel_processes(settings.limits.memory_bytes))
        trainings = len(slots) if on_gpu else min(worker.state.nthreads, len(slots))
        counts = {"notebook": notebooks, "trainer": trainings, ALONE: 1}
        given = worker.state.total_resources
        own = {name: given.get(name, count) for name, count in counts.items()}
        await worker.set_resources(**own, **{self.name: MEMBER, kind: MEMBER})
        if worker.status == WorkerStatus.running:  # only then does the scheduler look again at tasks without a worker
            worker.status = WorkerStatus.paused
            worker.status = WorkerStatus.running

    async def teardown(self, worker: Worker) -> None:
        """Leave."""
        node, self._node = self._node, None
        if node is not None:
            if worker.status == WorkerStatus.running:  # else it ends, too
                await worker.set_resources(**{self.name: 0})
            await asyncio.to_thread(node.close)


class ClusterNode(Node):
    """A node whose jobs are tasks of Dask's."""

    def __init__(
        self,
        settings: NodeSettings,
        folder: Path,
        name: str,
        address: str,
        kind: str,
        on_gpu: bool,
        say: Callable[[NodeMessage], None],
        withdraw: Callable[[str], None],
    ) -> None:
        """`folder`: where it may write; `name`, `address`: the worker's; `kind`: see `WantedTraining`; `on_gpu`:
        whether trainings leave the worker's threads alone.

        `say`, and `withdraw`, by which it gets no more tasks and says why, are called from any thread.
        """
        self._folder = folder
        self._home = folder / "autograder-home"
        super().__init__(_environment(settings, self._home), folder, name, slowness(settings.work))
        self._worker_address = address
        self._kind, self._on_gpu = kind, on_gpu
        self._say = say
        self._withdraw = withdraw
        self._own = ExitStack()
        self._shared: TrainerProcess | None = None
        self._sharing = threading.Lock()
        self._client: Any = None  # this worker's, once a task that may train has run here
        self._computing: dict[str, list[_Computing]] = {}  # tasks that are in the pool of threads, by student
        self._replies: dict[str, Future[bytes]] = {}  # by request
        self._parts: OrderedDict[str, Any] = OrderedDict()
        sockets = self._own.enter_context(
            tempfile.TemporaryDirectory(prefix="autograder-node-", dir=place_for_sockets(), ignore_cleanup_errors=True)
        )
        self._upstream = str(Path(sockets, "upstream"))
        listener = self._own.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(self._upstream)
        listener.listen(64)
        self._own.callback(listener.shutdown, socket.SHUT_RDWR)  # wakes the thread, which `close` does not
        threading.Thread(target=self._listen, args=[listener], daemon=True).start()

    def grade(self, order: bytes, contents: Mapping[str, str | bytes]) -> bytes:
        """See `Node`. Where the disk is full, another node does it."""
        try:
            outcome = self._grade_in_pool(order, contents)
            full = _full(self._folder)
            if not full or load(outcome, Outcome).status != Status.FAULT:
                return outcome
        except NoRoom as error:
            full = str(error)
        self._withdraw(f"{full}; make room there, and start the worker again")
        raise Reschedule

    def _grade_in_pool(self, order: bytes, contents: Mapping[str, str | bytes]) -> bytes:
        """Grade; once the notebook asks for a training, leave the pool of threads, which only this thread can do."""
        head = load(order.partition(b"\n")[0], OrderHead)
        if head.equipment.trainer is None:
            return super().grade(order, contents)
        self._client = get_client()
        computing = _Computing()
        with self._sharing:
            self._computing.setdefault(head.student, []).append(computing)
        try:
            with ThreadPoolExecutor(1, "notebook") as thread:
                graded = thread.submit(super().grade, order, contents)
                graded.add_done_callback(lambda _: computing.asks.set())
                computing.asks.wait()
                if not graded.done():
                    secede()
                computing.left.set()
                return graded.result()
        finally:
            with self._sharing:
                self._computing[head.student].remove(computing)

    def _graded(self, head: OrderHead, job: bytes, places: dict[str, str]) -> bytes:
        self._lay_out(head.equipment.home, places)
        return super()._graded(head, job, places)

    def _lay_out(self, home: Mapping[str, str], places: Mapping[str, str]) -> None:
        """Have the grader's own datasets and fonts where this node's notebooks look for them."""
        with self._sharing:
            for name, digest in home.items():
                path = self._home / name
                if not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    os.link(places[digest], path)

    def train(self, settings: str, wanted: Train, parts: Sequence[bytes]) -> bytes:
        """Do a training at a slot of this node's trainer; gives a `Done` as packed, empty where none came."""
        worker = get_worker()
        task = worker.get_current_task()
        if self._on_gpu:
            secede()
        order = joined(parts)
        del parts
        trainer = self._trainer_of(load(settings, ServerSettings))
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(trainer.address)
            socket.send_fds(sock, [b"?"], [])
            protocol.send(sock, wanted)
            frames.send(sock, order[0], [memoryview(buffer) for buffer in order[1]])
            del order
            looked = 0.0
            while not select.select([sock], [], [], LOOK)[0]:
                state = worker.state.tasks.get(task)
                if state is None or state.state in ("cancelled", "released", "forgotten"):
                    return b""
                if time.monotonic() - looked > TELL:
                    looked = time.monotonic()
                    self._tell(trainer, wanted.key, worker.address)
            return protocol.pack(*frames.receive(sock))

    def _tell(self, trainer: TrainerProcess, key: str, address: str) -> None:
        """Say how far a training at a slot here is."""
        with suppress(TrainerError):
            for one in status(trainer.address, of_slots=True).running:
                if one.key == key:
                    self._say(NodeMessage(running=one, address=address))

    def deliver(self, request: str, payload: bytes) -> None:
        """Take the answer to a request."""
        if (reply := self._replies.get(request)) is not None and not reply.done():
            reply.set_result(payload)

    def close(self) -> None:
        """See `Node`."""
        super().close()
        self._own.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _trainer_of(self, settings: ServerSettings) -> TrainerProcess:
        """One for the node, for its own notebooks and for its slots, until it is closed."""
        with self._sharing:
            if self._shared is None:
                cache = str(self._folder / "autograder-trainings")
                own = replace(settings, cache=cache, upstream=self._upstream)
                self._shared = self._own.enter_context(TrainerProcess(own))
            self._shared.revive()
            return self._shared

    def _listen(self, listener: socket.socket) -> None:
        with suppress(OSError):  # closed
            while True:
                asking, _ = listener.accept()
                threading.Thread(target=self._ask, args=[asking], daemon=True).start()

    def _ask(self, asking: socket.socket) -> None:
        """Have the grader see to one training that this node's trainer asks for, for as long as it waits."""
        with asking, suppress(OSError, frames.RpcError):
            wanted: Train = protocol.read(protocol.receive(asking), Train)
            order = frames.receive(asking)
            for _ in range(TRIES):
                payload = self._asked(asking, wanted, order)
                if payload is None:
                    return
                if payload:
                    frame, buffers = protocol.unpack(payload)
                    frames.send(asking, frame, [memoryview(buffer) for buffer in buffers])
                    return
            protocol.send(asking, Done(Declined(LOST), False))

    def _asked(self, asking: socket.socket, wanted: Train, order: tuple[Any, list[bytearray]]) -> bytes | None:
        """The grader's answer, empty where the training was lost; None where nobody waits for it any more."""
        parts = self._scattered(parted(*order))
        request = uuid.uuid4().hex
        reply = self._replies[request] = Future[bytes]()
        about = (wanted.key, wanted.student, wanted.work)
        asked = WantedTraining(request, self._worker_address, *about, tuple(parts), self._kind)
        with self._sharing:
            computing = [*self._computing.get(wanted.student, ())]
        for one in computing:  # before anybody looks for a worker for the training
            one.asks.set()
            one.left.wait()
        self._say(NodeMessage(wanted=asked))
        try:
            while not reply.done():
                if select.select([asking], [], [], LOOK)[0]:
                    self._say(NodeMessage(unwanted=request))
                    return None
            return reply.result()
        finally:
            del self._replies[request], parts

    def _scattered(self, parts: Mapping[str, bytes]) -> dict[str, Any]:
        """Dask's futures of parts, which lie at this worker as long as these live."""
        with self._sharing:
            known = {name: one for name, one in self._parts.items() if one.status == "finished"}
            new = {name: part for name, part in parts.items() if name not in known}
            made = self._client.scatter(new, direct=True, workers=[self._worker_address]) if new else {}
            found = {name: made[name] if name in made else known[name] for name in parts}
            self._parts = OrderedDict(
                [*((name, one) for name, one in known.items() if name not in found), *found.items()]
            )
            while len(self._parts) > RECENT:
                self._parts.popitem(last=False)
            return found


class _Computing:
    """A notebook's task in its worker's pool of threads."""

    def __init__(self) -> None:
        self.asks = threading.Event()  # it should leave: the notebook asks for a training, or is done
        self.left = threading.Event()  # it has


def train(session: str, settings: str, key: str, student: str, work: str, parts: Sequence[bytes]) -> bytes:
    """Do a training on this process's node for that session, as of `ClusterNode.train`."""
    node = nodes[session]
    assert isinstance(node, ClusterNode)
    return node.train(settings, Train(key, student, load(work, Workload)), parts)


def deliver(session: str, request: str, payload: bytes) -> None:
    """The answer to a node's request: a `Done` as packed; empty where the training was lost."""
    node = nodes.get(session)
    if isinstance(node, ClusterNode):
        node.deliver(request, payload)


def halt(session: str) -> None:
    """End what runs at this process's node for the session, which then takes jobs again."""
    if (node := nodes.get(session)) is not None:
        node.restart()


def _kind(slot: Slot) -> str:
    """The resource of nodes on which a training gives the same bits as in this slot."""
    return f"trainer-{hashlib.sha256(json.dumps(training_environment(slot), sort_keys=True).encode()).hexdigest()[:16]}"


def _lacking(settings: NodeSettings, place: Path) -> str:
    """Why a worker that may write to `place` can't be a node of that grading; empty where it can."""
    ours = json.loads(dump(environment()))
    for name in DIFFERENT:
        if ours[name] != (theirs := settings.environment[name]):
            return f"expected the grader's {name}, {_difference(theirs, ours[name])}"
    if settings.hardware not in ("", *(found := (processor(), settings.trainer.slots()[0].kind))):
        return f"expected {settings.hardware} (c.Grading.cluster_hardware), received {' and '.join(found)}"
    if settings.trainer.slots()[0].precision == Precision.BFLOAT16 and not has_bfloat16():
        return NO_BFLOAT16.format(processor())
    for folder in settings.visible:
        if not Path(folder).is_dir():
            return f"it has no folder {folder}, which c.Grading.visible names"
    if full := _full(place):
        return full
    return (check() or "") if settings.sandboxed else ""


def _full(place: Path) -> str:
    """Why nothing can be written where a node writes: to `place`, and to the folder for sockets; empty where it can."""
    for folder in (str(place), place_for_sockets() or tempfile.gettempdir()):
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(ROOM))
                file.flush()
        except OSError as error:
            return f"nothing can be written to {folder} ({error.strerror})"
    return ""


def _difference(theirs: Any, ours: Any) -> str:
    if isinstance(theirs, list) and isinstance(ours, list):
        lists = (("without", sorted(set(theirs) - set(ours))), ("with", sorted(set(ours) - set(theirs))))
        return f"received it {' and '.join(f'{how} {chr(44).join(names[:5])}' for how, names in lists if names)}"
    return f"{theirs}, received {ours}"


def _environment(settings: NodeSettings, home: Path) -> dict[str, str]:
    """This machine's environment variables, but the grader's where a notebook may see them, and `home`'s folders."""
    own = {name: value for name, value in os.environ.items() if not is_shown(name)}
    folders = {"KERAS_HOME": str(home / ".keras"), "MPLCONFIGDIR": str(home / ".cache" / "matplotlib")}
    return own | settings.variables | folders
