"""Which devices there are, and how many trainings run on each at once. Asks no TensorFlow, which would take them."""

import enum
import importlib.util
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import psutil

from autograder.sandbox import cgroups

_QUERY = ["nvidia-smi", "-q", "-x"]
_TAGS = ("uuid", "minor_number", "product_name", "fb_memory_usage/total")
_SPARE = 512  # MiB of a GPU that a driver keeps for each process
_BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # as /proc/cpuinfo names what multiplies bfloat16 on x86


class Precision(enum.StrEnum):
    """In which numbers convolutions and matrix products are computed; weights are float32 either way."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True)
class Gpu:
    """A GPU as nvidia-smi describes it."""

    uuid: str
    minor: int  # N of /dev/nvidiaN; its place in nvidia-smi's list is another number
    name: str
    memory: int  # MiB


@dataclass(frozen=True)
class Slot:
    """A place for one training."""

    gpu: Gpu | None
    threads: int
    memory: int | None  # MiB of the GPU
    precision: Precision = Precision.FLOAT32

    @property
    def kind(self) -> str:
        """What results depend on."""
        return self.gpu.name if self.gpu else "cpu"


def gpus() -> list[Gpu]:
    """The GPUs that this process may use; none where nvidia-smi is not there, or fails."""
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return granted(read_gpus(done.stdout), os.environ.get("CUDA_VISIBLE_DEVICES"))


def read_gpus(text: str) -> list[Gpu]:
    """The GPUs of nvidia-smi's answer; one without a device file or memory of its own is left out."""
    try:
        found = ElementTree.fromstring(text).findall("gpu")
    except ElementTree.ParseError:
        return []
    texts = [[gpu.findtext(tag, "").strip() for tag in _TAGS] for gpu in found]
    return [
        Gpu(uuid, int(minor), name, int(memory.removesuffix(" MiB")))
        for uuid, minor, name, memory in texts
        if minor.isdigit() and memory.removesuffix(" MiB").isdigit()
    ]


def granted(found: Sequence[Gpu], chosen: str | None) -> list[Gpu]:
    """Those that CUDA_VISIBLE_DEVICES allows, by place or by the beginning of the UUID; all where it isn't set."""
    if chosen is None:
        return list(found)
    names = {name.strip() for name in chosen.split(",")}
    return [
        gpu
        for place, gpu in enumerate(found)
        if str(place) in names or any(name.startswith("GPU-") and gpu.uuid.startswith(name) for name in names)
    ]


def library_path() -> str:
    """LD_LIBRARY_PATH of a process that uses a GPU: CUDA's libraries of NVIDIA's wheels, and what is set here.

    TensorFlow's own search path leaves out some of the wheels that tensorflow[and-cuda] brings (cuSOLVER's in 2.21),
    and a driver that is mounted into a container may be found by LD_LIBRARY_PATH alone.
    """
    spec = importlib.util.find_spec("nvidia")
    packages = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    wheels = [str(folder) for package in packages for folder in sorted(package.glob("*/lib"))]
    return os.pathsep.join([*wheels, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])


def cores() -> int:
    """How many processors this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min(allowed, cgroups.processors())))


def parallel_processes(memory_bytes: int, per_core: int = 1) -> int:
    """How many processes may run at once, at least one: so many per core, and each has so much of the free memory."""
    free = min(psutil.virtual_memory().available, cgroups.memory())
    return max(1, min(per_core * cores(), int(free // memory_bytes)))


def has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this machine's processor, as Linux describes it in `cpuinfo`, has instructions for bfloat16."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        return False
    flags = (line.partition(":")[2].split() for line in lines if line.startswith("flags"))
    return not _BFLOAT16.isdisjoint(next(flags, []))


def place(
    found: Sequence[Gpu],
    slot_memory: int,
    cpu_slots: int,
    threads: int,
    processors: int,
    precision: Precision = Precision.FLOAT32,
) -> list[Slot]:
    """The slots: on each GPU as many as its memory holds (`slot_memory`, in MiB, each), at least one; else on the CPU.

    The first slot of every GPU comes before the second of any, so few trainings spread over all GPUs. Only GPUs of one
    name are used together, the most frequent: results differ from kind to kind. `threads` 0: one on the CPU, so that
    results do not depend on how many `processors` there are; a share of them for a GPU. `precision`: on the CPU; a GPU
    trains in float32.
    """
    if not found:
        return [Slot(None, threads or 1, None, precision) for _ in range(cpu_slots)]
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
