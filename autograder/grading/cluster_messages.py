"""What a node of a cluster and the grader say to each other beside tasks, as JSON through the scheduler; and trainings
in parts, as they lie at nodes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.sandbox.limits import Limits
from autograder.training import protocol
from autograder.training.cost_history import Workload
from autograder.training.settings import ServerSettings
from autograder.training.training_record import RunningTraining

ALONE = "alone"  # the resource of which each node has one, for notebooks that are to be graded alone there
LARGE = 1 << 20  # bytes of a buffer that crosses by itself, once for all trainings that have it


@dataclass(frozen=True)
class NodeSettings:
    """What a Dask worker has to know to be a node of a grading."""

    session: str
    limits: Limits
    sandboxed: bool
    variables: dict[str, str]  # of the grader's environment: those that a notebook may see
    environment: dict[str, Any]  # the grader's, see `result_digest.environment`
    work: float  # the grader's CPU seconds, see `cluster_speed.fixed_work`
    trainer: ServerSettings
    visible: tuple[str, ...]  # folders that notebooks may read
    hardware: str  # the name of a processor or GPU that it must have; empty: any


@dataclass(frozen=True)
class WantedTraining:
    """A notebook on a node waits for a training. Answered by `cluster_node.deliver`."""

    request: str
    node: str  # its address
    key: str
    student: str
    work: Workload
    parts: tuple[str, ...]  # keys of Dask's, see `parted`; they lie at the node
    kind: str  # the resource of nodes whose trainings give the same bits


@dataclass(frozen=True)
class NodeMessage:
    """What a node says to the grader unasked; one of these."""

    event: str = ""  # an `Event` as JSON
    refused: str = ""  # why it takes no part
    name: str = ""  # of that worker
    wanted: WantedTraining | None = None
    unwanted: str = ""  # a request that nobody waits for any more
    running: RunningTraining | None = None  # at one of its slots
    address: str = ""  # of the node where it runs


def resource(session: str) -> str:
    """The resource that the nodes of a session have, and no other worker."""
    return f"autograder-{session}"


def parted(frame: Any, buffers: Sequence[bytearray]) -> dict[str, bytes]:
    """A frame in parts by names of Dask's: all but the large buffers first, then these; each by its own digest."""
    large: dict[str, bytes] = {}
    places: list[int | None] = []  # of each buffer among the large ones
    for buffer in buffers:
        if len(buffer) < LARGE:
            places.append(None)
            continue
        part = bytes(buffer)
        large.setdefault(_name(part), part)
        places.append([*large].index(_name(part)))
    small = [buffer for buffer in buffers if len(buffer) < LARGE]
    first = protocol.pack({"frame": frame, "places": places}, small)
    return {_name(first): first, **large}


def joined(parts: Sequence[bytes]) -> tuple[Any, list[protocol.Buffer]]:
    """The frame that `parted` was given."""
    head, small = protocol.unpack(parts[0])
    first, large = iter(small), parts[1:]
    return head["frame"], [next(first) if place is None else large[place] for place in head["places"]]


def _name(part: bytes) -> str:
    return f"part-{hashlib.sha256(part).hexdigest()}"
