"""Callbacks of a worker's own: what a training did, and the weights that the candidate's callbacks will want to see."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras

from autograder.common.errors import AutograderError
from autograder.common.language import english
from autograder.training.fit_messages import EpochRecord, Snapshot
from autograder.training.kernel_side.callbacks import SERIALIZABLE, CallbackState
from autograder.training.worker_messages import EpochProgress


class TooManySnapshots(AutograderError):
    """More weights of earlier epochs are wanted than can be held."""


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """First of all: the logs before any callback adds to them, and the seconds of each epoch."""

    def __init__(self, epochs: int, progress: Callable[[EpochProgress], None]) -> None:
        """`progress` is called after each epoch."""
        super().__init__()
        self.epochs: list[EpochRecord] = []
        self._planned = epochs
        self._progress = progress
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock."""
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        seconds = round(time.monotonic() - self._began, 3)
        self.epochs.append(EpochRecord({name: _plain(value) for name, value in (logs or {}).items()}, seconds))
        self._progress(EpochProgress(epoch + 1, self._planned, seconds))


class Checkpoint(keras.callbacks.ModelCheckpoint):  # type: ignore[misc]
    """Decides as Keras's does when to save, and saves nothing."""

    def __init__(self) -> None:
        """Its attributes are set afterwards."""
        super().__init__("checkpoint.keras")
        self.keep = "last"
        self.saved = -1

    def _save_model(self, epoch: int, batch: Any, logs: Any) -> None:
        if self._should_save_model(epoch, batch, logs, self.filepath):
            self.saved = epoch


class Snapshots(keras.callbacks.Callback):  # type: ignore[misc]
    """Last of all: weights and optimizer as they were at the epochs that a callback wants."""

    def __init__(self, callbacks: Sequence[Any], most: int) -> None:
        """`most`: bytes of all snapshots."""
        super().__init__()
        self.invalid: int | None = None  # the batch whose loss ended the training
        self._callbacks = callbacks
        self._most = most
        self._all: dict[int, Snapshot] = {}
        self._last: dict[int, int] = {}  # a callback's place -> the epoch that it wants to see
        self._watches = any(type(callback) is keras.callbacks.TerminateOnNaN for callback in callbacks)
        self._pinned: set[int] = set()
        if not self._watches:  # Keras waits for each batch's logs where a callback overrides this
            self.on_train_batch_end = super().on_train_batch_end  # type: ignore[method-assign]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note where a training ended for its loss."""
        if self.invalid is None and not math.isfinite(float((logs or {}).get("loss", 0.0))):
            self.invalid = batch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Take a snapshot where a callback wants one."""
        for place, callback in enumerate(self._callbacks):
            if isinstance(callback, Checkpoint) and callback.saved == epoch:
                self._want(place, epoch, always=callback.keep == "all")
            elif type(callback) is keras.callbacks.EarlyStopping and _is_best(callback, epoch):
                self._want(place, epoch, always=False)

    def taken(self) -> list[Snapshot]:
        """All that are still wanted, by epoch."""
        return [snapshot for _, snapshot in sorted(self._all.items())]

    def _want(self, place: int, epoch: int, *, always: bool) -> None:
        if epoch not in self._all:
            convert = keras.ops.convert_to_numpy
            weights, optimizer = self.model.variables, self.model.optimizer.variables
            self._all[epoch] = Snapshot(epoch, [*map(convert, weights)], [*map(convert, optimizer)])
        if always:
            self._pinned.add(epoch)
        else:
            self._last[place] = epoch
        for old in self._all.keys() - self._pinned - set(self._last.values()):
            del self._all[old]
        arrays = [array for snapshot in self._all.values() for array in [*snapshot.weights, *snapshot.optimizer]]
        if sum(array.nbytes for array in arrays) > self._most:
            raise TooManySnapshots(
                english("expected at most %(size)s bytes of checkpoints, received more", size=f"{self._most:,}")
            )


def _is_best(stopping: Any, epoch: int) -> bool:
    return stopping.best_weights is not None and stopping.best_epoch == epoch


def rebuilt(state: CallbackState) -> Any:
    """The callback in that state."""
    callback = Checkpoint() if state.name == "ModelCheckpoint" else getattr(keras.callbacks, state.name)()
    if not state.attributes.keys() <= {*SERIALIZABLE[state.name], "keep"}:
        raise ValueError("a callback with attributes that it doesn't have")
    for attribute, value in state.attributes.items():
        setattr(callback, attribute, value)
    return callback


def watches_batches(callback: Any) -> bool:
    """Whether a callback does anything at a batch."""
    own, none = type(callback), keras.callbacks.Callback
    names = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    return any(getattr(own, name) is not getattr(none, name) for name in names)


def _plain(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float):
        return value
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
