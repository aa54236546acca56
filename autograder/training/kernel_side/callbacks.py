"""Keras's own callbacks as data: in the worker they decide, in the candidate they are replayed."""

import importlib
from collections.abc import Sequence
from typing import Any

import msgspec

from autograder.common.errors import AutograderError
from autograder.common.language import english

# class -> what of it decides how a training goes on, or which of its states are needed later
SERIALIZABLE: dict[str, tuple[str, ...]] = {
    "EarlyStopping": (
        *("monitor", "mode", "min_delta", "patience", "baseline", "restore_best_weights", "start_from_epoch"),
    ),
    "ReduceLROnPlateau": ("monitor", "mode", "min_delta", "factor", "patience", "cooldown", "min_lr"),
    "ModelCheckpoint": ("monitor", "mode", "min_delta", "save_best_only", "best"),
    "TerminateOnNaN": (),
}
MAX_CALLBACKS = 50
SILENT = ("CSVLogger", "History", "ProgbarLogger")  # replayed in the candidate; they decide nothing


class NotSerializable(AutograderError):
    """A call of `fit` that can't be expressed as data; the message says why."""


class CallbackState(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One of Keras's own callbacks."""

    name: str  # of its class
    attributes: dict[str, bool | int | float | str | None]  # those in `SERIALIZABLE`, and `keep` of ModelCheckpoint


def flatten(callbacks: Any) -> list[Any]:
    """The callbacks of `fit`'s argument. Raises NotSerializable."""
    if callbacks is None:
        return []
    if isinstance(callbacks, list | tuple):
        return [callback for item in callbacks for callback in flatten(item)]
    return [callbacks]


def serialize(callbacks: list[Any]) -> list[CallbackState]:
    """The states of those that decide something. Raises NotSerializable for what isn't Keras's own data."""
    module = importlib.import_module("keras.callbacks")
    states: list[CallbackState] = []
    for callback in callbacks:
        name = type(callback).__name__
        own = type(callback) is getattr(module, name, None)
        changed = sorted(attribute for attribute in vars(callback) if attribute.startswith("on_"))
        if not own or changed or (name not in SERIALIZABLE and name not in SILENT):
            raise NotSerializable(english("the callback %(name)s is code", name=name))
        if name in SILENT:
            continue
        if name == "ModelCheckpoint" and callback.save_freq != "epoch":
            raise NotSerializable(english("ModelCheckpoint with save_freq as a number of batches"))
        if getattr(callback, "raise_error", False):
            raise NotSerializable(english("TerminateOnNaN with raise_error"))
        attributes = {attribute: _scalar(name, getattr(callback, attribute)) for attribute in SERIALIZABLE[name]}
        if "min_delta" in attributes:  # its sign is set in the first training
            attributes["min_delta"] = abs(attributes["min_delta"])
        if name == "ModelCheckpoint":
            attributes["keep"] = "all" if "{" in callback.filepath else "last"
        states.append(CallbackState(name, attributes))
    return states


def _scalar(name: str, value: Any) -> Any:
    value = value.item() if hasattr(value, "item") and not getattr(value, "shape", (1,)) else value
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise NotSerializable(english("%(name)s with a %(type)s for a number", name=name, type=type(value).__name__))


def is_serializable(states: Sequence[CallbackState]) -> bool:
    """Whether `serialize` could have given that."""
    for state in states:
        keep = ("keep",) if state.name == "ModelCheckpoint" else ()
        if state.name not in SERIALIZABLE or state.attributes.keys() != {*SERIALIZABLE[state.name], *keep}:
            return False
        if keep and state.attributes["keep"] not in ("all", "last"):
            return False
    return True
