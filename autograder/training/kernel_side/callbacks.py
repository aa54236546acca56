"""Keras's own callbacks as data: in the slot they decide, in the candidate they are replayed."""

import importlib
from typing import Any

from autograder.common.errors import AutograderError

# class -> what of it decides how a training goes on, or which of its states are needed later
SERIALIZABLE: dict[str, tuple[str, ...]] = {
    "EarlyStopping": (
        *("monitor", "mode", "min_delta", "patience", "baseline", "restore_best_weights", "start_from_epoch"),
    ),
    "ReduceLROnPlateau": ("monitor", "mode", "min_delta", "factor", "patience", "cooldown", "min_lr"),
    "ModelCheckpoint": ("monitor", "mode", "min_delta", "save_best_only", "best"),
    "TerminateOnNaN": (),
}
SILENT = ("CSVLogger", "History", "ProgbarLogger")  # replayed in the candidate; they decide nothing


class NotSerializable(AutograderError):
    """A call of `fit` that can't be told as data; the message says why."""


def flatten(callbacks: Any) -> list[Any]:
    """The callbacks of `fit`'s argument. Raises NotSerializable."""
    if callbacks is None:
        return []
    if isinstance(callbacks, list | tuple):
        return [callback for item in callbacks for callback in flatten(item)]
    return [callbacks]


def serialize(callbacks: list[Any]) -> list[list[Any]]:
    """Names and attributes of those that decide something. Raises NotSerializable for what isn't Keras's own data."""
    module = importlib.import_module("keras.callbacks")
    told: list[list[Any]] = []
    for callback in callbacks:
        name = type(callback).__name__
        own = type(callback) is getattr(module, name, None)
        changed = sorted(attribute for attribute in vars(callback) if attribute.startswith("on_"))
        if not own or changed or (name not in SERIALIZABLE and name not in SILENT):
            raise NotSerializable(f"the callback {name} is code")
        if name in SILENT:
            continue
        if name == "ModelCheckpoint" and callback.save_freq != "epoch":
            raise NotSerializable("ModelCheckpoint with save_freq as a number of batches")
        if getattr(callback, "raise_error", False):
            raise NotSerializable("TerminateOnNaN with raise_error")
        attributes = {attribute: _scalar(name, getattr(callback, attribute)) for attribute in SERIALIZABLE[name]}
        if "min_delta" in attributes:  # its sign is set in the first training
            attributes["min_delta"] = abs(attributes["min_delta"])
        if name == "ModelCheckpoint":
            attributes["keep"] = "all" if "{" in callback.filepath else "last"
        told.append([name, attributes])
    return told


def _scalar(name: str, value: Any) -> Any:
    value = value.item() if hasattr(value, "item") and not getattr(value, "shape", (1,)) else value
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise NotSerializable(f"{name} with a {type(value).__name__} for a number")


def is_serializable(value: object) -> bool:
    """Whether `value` has the form of what `serialize` gives."""
    if type(value) is not list or len(value) > 50:
        return False
    for item in value:
        if not (type(item) is list and len(item) == 2 and type(item[0]) is str and item[0] in SERIALIZABLE):
            return False
        name, attributes = item
        expected = {*SERIALIZABLE[name], *(("keep",) if name == "ModelCheckpoint" else ())}
        if not (type(attributes) is dict and attributes.keys() == expected):
            return False
        if not all(value is None or type(value) in (bool, int, float, str) for value in attributes.values()):
            return False
        if attributes.get("keep", "all") not in ("all", "last"):
            return False
    return True
