"""Learning curves, and what they say: overfitting, still improving, diverging, or fine.

The rules are those of Prechelt, "Early stopping - but when?" (1998), on the loss: the *generalisation loss* is how far
the last validation loss is above the lowest, and *progress* is how much it fell over the last epochs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.common.language import gettext

RISE = 0.05  # of the lowest validation loss: risen by more is overfitting
FALL = 0.02  # of the validation loss, per epoch: falling by more is still improving
SHARE = 0.5  # of its mean fall per epoch: falling by more is still improving, too
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
    """`name` in a few words, `why` with the numbers; `advice` for those whose model lost points.

    The name and the numbers are facts, and no reproach: an exercise may prescribe the epochs, or ask for a network that
    diverges. The advice is on what only some exercises leave to students, and says so.
    """

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
            gettext("too few epochs to judge"),
            gettext("A learning curve needs at least two epochs."),
            gettext(
                "If the number of epochs is up to you, train for a few, and look at the curves before you decide how "
                "many."
            ),
        )
    training = [value for value in loss.training if value is not None]
    if len(training) < len(loss.training) or training[-1] > training[0]:
        return Verdict(
            gettext("diverging"),
            gettext(
                "The training loss did not fall: it started at %(first)s and ended at %(last)s.",
                first=_figure(loss.training[0]),
                last=_figure(loss.training[-1]),
            ),
            gettext(
                "Check that the inputs are scaled and that the labels match the loss function. If the learning rate is "
                "up to you, lower it."
            ),
        )
    validation = [value for value in loss.validation if value is not None]
    if len(validation) < 2 or len(validation) < len(loss.validation):
        return Verdict(
            gettext("no validation data"),
            gettext(
                "The training loss fell from %(first)s to %(last)s. Without validation data, you cannot tell whether "
                "the network learned or memorized.",
                first=_figure(training[0]),
                last=_figure(training[-1]),
            ),
            gettext("Give `fit` a `validation_split` or `validation_data`."),
        )
    return _compare(training, validation)


def _compare(training: list[float], validation: list[float]) -> Verdict:
    best = min(range(len(validation)), key=validation.__getitem__)
    lowest, last, count = validation[best], validation[-1], len(validation)
    if last > lowest * (1 + RISE):
        return Verdict(
            gettext("overfitting"),
            f"{_last(training, validation)} {_rise(training, validation, best)}",
            gettext(
                "If the exercise lets you, stop earlier (`EarlyStopping(restore_best_weights=True)`), or make "
                "memorizing harder: dropout, weight decay, data augmentation, fewer parameters."
            ),
        )
    strip = min(STRIP, count - 1)
    fell = (validation[-1 - strip] - last) / strip
    usual = (validation[0] - last) / (count - 1)
    if fell > 0 and (fell > FALL * abs(validation[-1 - strip]) or fell > SHARE * usual):
        falling = gettext(
            "At the end of training, the validation loss was still falling, by %(fall)s per epoch.", fall=f"{fell:.2g}"
        )
        return Verdict(
            gettext("still improving"),
            f"{_last(training, validation)} {falling}",
            gettext(
                "If the number of epochs is up to you, train for more, or try a higher learning rate. If the exercise "
                "sets it, compare your network, your data and the compile settings with the exercise."
            ),
        )
    if training[-1] < last * 0.5 and last - training[-1] > 0.05:
        gap = gettext(
            "The validation loss has stopped falling and is more than twice the training loss: the network does better "
            "on the data it was trained on than on new data."
        )
        return Verdict(
            gettext("converged, with a gap"),
            f"{_last(training, validation)} {gap}",
            gettext(
                "More epochs would hardly help. If the network is up to you, try dropout, weight decay or data "
                "augmentation."
            ),
        )
    return Verdict(
        gettext("fine"),
        gettext(
            "The last training loss is %(training)s, the last validation loss %(validation)s: they are close, and the "
            "validation loss has settled.",
            training=_figure(training[-1]),
            validation=_figure(last),
        ),
        gettext(
            "More epochs would hardly help. If the network is up to you, change it; otherwise compare it, your data "
            "and the compile settings with the exercise."
        ),
    )


def _last(training: list[float], validation: list[float]) -> str:
    return gettext(
        "The last training loss is %(training)s, the last validation loss %(validation)s.",
        training=_figure(training[-1]),
        validation=_figure(validation[-1]),
    )


def _rise(training: list[float], validation: list[float], best: int) -> str:
    """How the validation loss rose after its lowest; and the training loss, where that tells of memorizing."""
    lowest, last = validation[best], validation[-1]
    numbers = {
        "epoch": best + 1,
        "epochs": len(validation),
        "lowest": _figure(lowest),
        "rise": f"{100 * (last / lowest - 1):.0f}",
    }
    if training[-1] >= training[best]:
        return gettext(
            "The validation loss was lowest in epoch %(epoch)s of %(epochs)s, at %(lowest)s, and then rose by "
            "%(rise)s%%.",
            **numbers,
        )
    return gettext(
        "The validation loss was lowest in epoch %(epoch)s of %(epochs)s, at %(lowest)s, and then rose by %(rise)s%% "
        "while the training loss kept falling: from there on, the network was memorizing the training data.",
        **numbers,
    )


def _figure(value: float | None) -> str:
    return gettext("no finite number") if value is None else f"{value:.4g}"
