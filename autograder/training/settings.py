"""What an instructor may set about trainings, in nbgrader_config.py, as `c.Trainer.… = …`, and who gets what of it."""

import enum
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from traitlets import Bool, Enum, Float, Integer, TraitError, Unicode, validate
from traitlets.config import Configurable

from autograder.training.devices import Precision, Slot, cores, gpus, has_bfloat16, parallel_processes, place
from autograder.training.reproducibility import environment, has_same_libraries, processor

NO_BFLOAT16 = (
    "`precision` is 'bfloat16', which needs a processor that has instructions for it (`avx512_bf16` or `amx_bf16` "
    "among the flags in `/proc/cpuinfo`); {} has none"
)


class WeightsPolicy(enum.StrEnum):
    """What a test of accuracy does with weights that the trainer did not make: accept, flag or refuse them."""

    ACCEPT = "accept"
    FLAG = "flag"
    REFUSE = "refuse"


@dataclass(frozen=True)
class TrainingBudget:
    """What one training may cost at most, and how long all trainings of one notebook may take."""

    parameters: int
    flops: float  # floating-point operations, as estimated
    epochs: int
    bytes: int  # of memory, as estimated
    seconds: float  # of wall time
    notebook_seconds: float  # of wall time, all trainings of one notebook together


@dataclass(frozen=True)
class TrainerSettings:
    """What grading one notebook depends on."""

    seed: int
    budget: TrainingBudget
    weights: WeightsPolicy
    device: str  # digest of all that can change the bits of a training, see `reproducibility.environment`
    detached: bool = False  # a training goes on when the notebook that asked for it has ended
    precision: Precision = Precision.FLOAT32


@dataclass(frozen=True)
class ServerSettings:
    """What the server needs."""

    cache: str  # its folder
    cache_bytes: int
    gpu_slot_bytes: int
    cpu_slots: int  # 0: as many as cores and free memory allow
    threads: int  # 0: one on the CPU, a share of the cores for a GPU
    memory_bytes: int  # of one training
    sandboxed: bool
    upstream: str = ""  # the socket of who trains and remembers instead, in a cluster
    precision: Precision = Precision.FLOAT32  # on a CPU

    def slots(self) -> list[Slot]:
        """The slots of this machine."""
        cpu_slots = self.cpu_slots or parallel_processes(self.memory_bytes)
        shares = (self.gpu_slot_bytes >> 20, cpu_slots, self.threads, cores())
        return place(gpus(), *shares, self.precision)


class Trainer(Configurable):  # type: ignore[misc]
    """How models are trained, and how much a training may cost."""

    enabled = Bool(
        True, help="Run `fit` in the trainer. If this is off, models train in the notebook, as in plain nbgrader."
    ).tag(config=True)
    seed = Integer(0, help="Seed for initial weights and shuffling.").tag(config=True)
    cpu_slots = Integer(
        0,
        min=0,
        help="Number of simultaneous training runs without a GPU; 0 means one per core, if memory_bytes of free memory "
        "are left for each.",
    ).tag(config=True)
    threads = Integer(
        0,
        min=0,
        help="Number of threads per training run, on which results depend; 0 means 1 on the CPU, so that results don't "
        "depend on the machine's number of cores, and a share of the cores on a GPU.",
    ).tag(config=True)
    precision = Enum(
        tuple(precision.value for precision in Precision),
        Precision.FLOAT32.value,
        help="In which numbers a CPU computes convolutions and matrix products: float32, or bfloat16, which takes less "
        "time on a processor that has instructions for it, and is refused elsewhere. Weights stay float32, and so do "
        "training runs on a GPU.",
    ).tag(config=True)
    gpu_slot_bytes = Integer(6 << 30, help="GPU memory per training run, in bytes.").tag(config=True)
    cache_folder = Unicode("", help="Folder where training results are kept; empty means `.autograder/trainings`.").tag(
        config=True
    )
    cache_bytes = Integer(
        10 << 30, help="Size limit of the folder of training results, in bytes; those unused for longest go first."
    ).tag(config=True)
    max_parameters = Integer(20_000_000, help="Largest number of parameters of a model.").tag(config=True)
    max_flops = Float(2e15, help="Largest estimated number of floating-point operations per training run.").tag(
        config=True
    )
    max_epochs = Integer(500, help="Largest number of epochs per training run.").tag(config=True)
    memory_bytes = Integer(4 << 30, help="Largest estimated memory per training run, in bytes.").tag(config=True)
    training_seconds = Float(7200, help="Time limit for one training run, in seconds.").tag(config=True)
    notebook_seconds = Float(14400, help="Time limit for all training runs of one notebook, in seconds.").tag(
        config=True
    )
    weights = Enum(
        tuple(policy.value for policy in WeightsPolicy),
        WeightsPolicy.FLAG.value,
        help="What a test of accuracy does with weights that the trainer did not make: accept, flag or refuse them.",
    ).tag(config=True)

    @validate("precision")  # type: ignore[untyped-decorator]
    def _precision_is_available(self, proposal: Any) -> str:
        if proposal.value == Precision.BFLOAT16 and not has_bfloat16():
            raise TraitError(NO_BFLOAT16.format(processor()))
        return str(proposal.value)

    def budget(self) -> TrainingBudget:
        """What one training may cost."""
        return TrainingBudget(
            parameters=self.max_parameters,
            flops=self.max_flops,
            epochs=self.max_epochs,
            bytes=self.memory_bytes,
            seconds=self.training_seconds,
            notebook_seconds=self.notebook_seconds,
        )

    def job_settings(self, packages: Collection[str] = ()) -> TrainerSettings | None:
        """What grading a notebook depends on, the device included; None where it trains by itself.

        `packages`: those of the notebook's environment, as "name==version", where that is not the trainer's own. There,
        another version of a library might train otherwise: such notebooks train by themselves.
        """
        if not self.enabled or (packages and not has_same_libraries(packages)):
            return None
        slot = self.server_settings(Path(), sandboxed=True).slots()[0]
        device = hashlib.sha256(json.dumps(environment(slot), sort_keys=True).encode()).hexdigest()
        policy = WeightsPolicy(self.weights)
        return TrainerSettings(self.seed, self.budget(), policy, device, precision=slot.precision)

    def server_settings(self, cache: Path, *, sandboxed: bool, upstream: str = "") -> ServerSettings:
        """What the server needs. `cache`: the folder of remembered trainings; `upstream`: as of `ServerSettings`."""
        return ServerSettings(
            cache=str(cache),
            cache_bytes=self.cache_bytes,
            gpu_slot_bytes=self.gpu_slot_bytes,
            cpu_slots=self.cpu_slots,
            threads=self.threads,
            memory_bytes=self.memory_bytes,
            sandboxed=sandboxed,
            upstream=upstream,
            precision=Precision(self.precision),
        )
