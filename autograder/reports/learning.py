"""Learning curves, and what they say: trained too long, not long enough, diverged, or fine.

The rules are those of Prechelt, "Early stopping - but when?" (1998), on the loss: the *generalisation loss* is how far
the last validation loss is above the lowest, and *progress* is how much it fell over the last epochs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RISE = 0.05  # of the lowest validation loss: risen by more is trained too long
FALL = 0.02  # of the validation loss, an epoch: still falling by more is not long enough
SHARE = 0.5  # of its mean fall in an epoch: still falling by more is not long enough either
STRIP = 3  # epochs over which progress is measured

Series = list[float | None]


@dataclass(frozen=True)
class Pair:
    """One quantity in training and, where there was any, in validation, epoch by epoch."""

    name: str
    training: Series
    validation: Series


@dataclass(frozen=True)
class Verdict:
    """`name` in a few words, `why` with the numbers, `advice` on what to do."""

    name: str
    why: str
    advice: str


def pairs(history: object) -> list[Pair]:
    """The loss and one measure of quality of a history as recorded; empty for what is none."""
    if not isinstance(history, Mapping):
        return []
    series = {str(name): _series(values) for name, values in history.items()}
    names = [name for name in series if not name.startswith("val_") and series[name]]
    ordered = [name for name in names if name == "loss"]
    ordered += [name for name in names if "acc" in name][:1] or [name for name in names if name != "loss"][:1]
    return [Pair(name, series[name], series.get(f"val_{name}", [])) for name in ordered]


def _series(values: Any) -> Series:
    if not isinstance(values, Sequence) or isinstance(values, str):
        return []
    return [float(value) if isinstance(value, int | float) else None for value in values[:1000]]


def verdict(found: Sequence[Pair]) -> Verdict:
    """What the curves say."""
    loss = next((pair for pair in found if pair.name == "loss"), None)
    if loss is None or len(loss.training) < 2:
        return Verdict(
            "too few epochs to say",
            "A curve needs at least two epochs.",
            "Train for some epochs, and look at the curves before you choose how many.",
        )
    training = [value for value in loss.training if value is not None]
    if len(training) < len(loss.training) or training[-1] > training[0]:
        return Verdict(
            "diverging",
            f"The training loss did not fall: it began at {loss.training[0]} and ended at {loss.training[-1]}.",
            "Lower the learning rate, and look whether the inputs are scaled and the labels fit the loss.",
        )
    validation = [value for value in loss.validation if value is not None]
    if len(validation) < 2 or len(validation) < len(loss.validation):
        return Verdict(
            "no validation to compare with",
            f"The training loss fell from {training[0]:.4g} to {training[-1]:.4g}; without validation data nobody "
            "can see whether the network learnt or memorised.",
            "Give `fit` a `validation_split` or `validation_data`.",
        )
    return _compare(training, validation)


def _compare(training: list[float], validation: list[float]) -> Verdict:
    best = min(range(len(validation)), key=validation.__getitem__)
    lowest, last, count = validation[best], validation[-1], len(validation)
    gap = f"The last training loss is {training[-1]:.4g}, the last validation loss {last:.4g}"
    if last > lowest * (1 + RISE):
        return Verdict(
            "overfitting: trained too long",
            f"{gap}. The validation loss was lowest in epoch {best + 1} of {count}, with {lowest:.4g}, and rose after "
            f"it by {100 * (last / lowest - 1):.0f} % while the training loss went on falling: from there on the "
            "network learnt the training data by heart.",
            "Stop earlier (`EarlyStopping(restore_best_weights=True)`), or make it harder to memorise: dropout, "
            "weight decay, augmentation, fewer parameters.",
        )
    strip = min(STRIP, count - 1)
    fell = (validation[-1 - strip] - last) / strip
    usual = (validation[0] - last) / (count - 1)
    if fell > 0 and (fell > FALL * abs(validation[-1 - strip]) or fell > SHARE * usual):
        return Verdict(
            "not yet converged",
            f"{gap}. Over the last {strip} epochs the validation loss was still falling, by {fell:.2g} an epoch.",
            "Train for more epochs; if that takes too long, try a higher learning rate.",
        )
    if training[-1] < last * 0.5 and last - training[-1] > 0.05:
        return Verdict(
            "converged, with a gap",
            f"{gap}. The validation loss no longer falls, and is more than twice the training loss: the network knows "
            "the training data better than what it has not seen.",
            "More training would not help. Dropout, weight decay, augmentation or more data may narrow the gap.",
        )
    return Verdict(
        "fine",
        f"{gap}: close together, and the validation loss has settled.",
        "More epochs alone will hardly help; for more accuracy, change the network or the data.",
    )
