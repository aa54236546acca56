"""Which devices there are, and how many trainings run on each at once. Asks no TensorFlow, which would take them."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

_QUERY = ["nvidia-smi", "--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"]
_SPARE = 512  # MiB of a GPU that a driver keeps for each process


@dataclass(frozen=True)
class Gpu:
    """A GPU as nvidia-smi tells it."""

    index: int
    name: str
    memory: int  # MiB


@dataclass(frozen=True)
class Slot:
    """A place for one training."""

    gpu: Gpu | None
    threads: int
    memory: int | None  # MiB of the GPU

    @property
    def kind(self) -> str:
        """What results depend on."""
        return self.gpu.name if self.gpu else "cpu"


def gpus() -> list[Gpu]:
    """The machine's GPUs; none where nvidia-smi is not there, or fails."""
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return read_gpus(done.stdout)


def read_gpus(text: str) -> list[Gpu]:
    """The GPUs of nvidia-smi's answer, a line each; lines that tell none are left out."""
    found = []
    for line in text.splitlines():
        index, _, rest = line.partition(",")
        name, _, memory = rest.rpartition(",")
        if index.strip().isdigit() and memory.strip().isdigit():
            found.append(Gpu(int(index), name.strip(), int(memory)))
    return found


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def place(found: Sequence[Gpu], slot_memory: int, cpu_slots: int, threads: int, processors: int) -> list[Slot]:
    """The slots: on each GPU as many as its memory holds, at least one; without a GPU on the CPU.

    The first slot of every GPU comes before the second of any, so few trainings spread over all GPUs. Only GPUs of one
    name are used together, the most frequent: results differ from kind to kind. `threads` 0: a share of `processors`.
    """
    if not found:
        share = threads or max(1, processors // cpu_slots)
        return [Slot(None, share, None) for _ in range(cpu_slots)]
    names = [gpu.name for gpu in found]
    name = max(sorted(set(names)), key=names.count)
    counted = [(gpu, max(1, gpu.memory // (slot_memory + _SPARE))) for gpu in found if gpu.name == name]
    total = sum(count for _, count in counted)
    share = threads or max(1, processors // total)
    rounds = range(max(count for _, count in counted))
    return [
        Slot(gpu, share, max(256, min(slot_memory, gpu.memory - _SPARE)))
        for number in rounds
        for gpu, count in counted
        if number < count
    ]
