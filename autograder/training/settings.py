"""What an instructor may set about trainings, in nbgrader_config.py, as `c.Trainer.… = …`."""

import hashlib
import json
from typing import Any

from traitlets import Bool, Enum, Float, Integer, Unicode
from traitlets.config import Configurable

from autograder.training.devices import cores, gpus, place
from autograder.training.reproducibility import environment


class Trainer(Configurable):  # type: ignore[misc]
    """How models are trained, and how much a training may cost."""

    enabled = Bool(True, help="Train what `fit` asks for in the trainer; else in the notebook, as ever.").tag(
        config=True
    )
    seed = Integer(0, help="Seed of initial weights and shuffling.").tag(config=True)
    cpu_slots = Integer(1, help="Trainings at once where there is no GPU; the cores are shared out.").tag(config=True)
    threads = Integer(0, help="Threads of a slot; 0: its share of the cores. Results depend on it.").tag(config=True)
    gpu_slot_bytes = Integer(6 << 30, help="Memory of a GPU that one slot takes, in bytes.").tag(config=True)
    cache_folder = Unicode("", help="Folder of remembered trainings; empty: .autograder/trainings.").tag(config=True)
    cache_bytes = Integer(10 << 30, help="Size of that folder, in bytes; the oldest unused go first.").tag(config=True)
    max_parameters = Integer(20_000_000, help="Parameters of a model.").tag(config=True)
    max_flops = Float(2e15, help="Floating-point operations of one training, as estimated.").tag(config=True)
    max_epochs = Integer(500, help="Epochs of one training.").tag(config=True)
    memory_bytes = Integer(4 << 30, help="Memory of one training, in bytes, as estimated.").tag(config=True)
    training_seconds = Float(7200, help="Wall time of one training, in seconds.").tag(config=True)
    notebook_seconds = Float(14400, help="Wall time of all trainings of one notebook, in seconds.").tag(config=True)
    weights = Enum(
        ("accept", "flag", "refuse"),
        "flag",
        help="What a test of accuracy does with weights that don't come from the trainer.",
    ).tag(config=True)

    def budget(self) -> dict[str, float]:
        """What one training may cost, by name."""
        return {
            "parameters": self.max_parameters,
            "flops": self.max_flops,
            "epochs": self.max_epochs,
            "bytes": self.memory_bytes,
            "seconds": self.training_seconds,
            "notebook_seconds": self.notebook_seconds,
        }

    def job_fields(self) -> dict[str, Any] | None:
        """What a job has to know of these settings, and of the device that it will be trained on; None: no trainer."""
        if not self.enabled:
            return None
        slots = place(gpus(), self.gpu_slot_bytes >> 20, max(1, self.cpu_slots), self.threads, cores())
        device = hashlib.sha256(json.dumps(environment(slots[0]), sort_keys=True).encode()).hexdigest()
        return {"seed": self.seed, "budget": self.budget(), "weights": self.weights, "device": device}

    def as_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return {name: getattr(self, name) for name in self.class_trait_names(config=True)}
