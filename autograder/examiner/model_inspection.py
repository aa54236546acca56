"""What a student can learn of a model that a test used: its layers, its mistakes, and how its training went.

It is shown, never scored: nothing here raises, and time and size are bounded.
"""

import base64
import io
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.examiner.bindings import effects
from autograder.examiner.model_insight import LayerInsight, Misclassified, ModelInsight
from autograder.examiner.statements import parse
from autograder.keras_codec.usage import Use

SECONDS = 20.0  # of predicting again what a test had evaluated
BATCH = 32  # rows between looks at the clock
MAX_ROWS = 100_000
FURTHER_ROWS = 1000  # fewer are no test split
MAX_CLASSES = 100
MAX_LAYERS = 200
MISTAKES = 12
MAX_SIDE = 1024  # pixels of an image that is shown, which is then made smaller
SIDE = 96
MAX_CURVES, MAX_EPOCHS = 8, 1000


def instructors_names(code: str, students: set[str]) -> set[str]:
    """Names in a grade cell's `code` whose values come of nothing that the student wrote, whose names are `students`.

    What a statement binds that reads a student's name is the student's here: `predicted = model.predict(x)`.
    """
    statements = parse(code)
    names, students = set[str](), set(students)
    for effect in effects(statements) if statements is not None else []:
        reads = effect.now.reads | effect.mentions | effect.later.reads
        if reads & students:
            students |= effect.now.binds
        names |= reads | effect.now.binds
    return names - students


def insight(uses: Sequence[Use], values: Mapping[str, Any], names: Mapping[str, Any]) -> ModelInsight | None:
    """Of the model that was tested on the most rows; None where no model was used.

    Labels are looked for among `values`, the instructor's in that cell, and names of classes among `names`, all that
    are the instructor's in the notebook.
    """
    used = [use for use in uses if use.used]
    if not used:
        return None
    try:
        best = max(used, key=lambda use: max((_rows(inputs) for inputs in use.inputs), default=0))
        found = _layers(best.model)
        for add in (_with_history, lambda found, use: _tested(found, use, values, names)):
            try:
                found = add(found, best)
            except Exception:  # what fails leaves the rest
                continue
        return found
    except Exception:
        return None


def _rows(inputs: Any) -> int:
    return len(inputs) if isinstance(inputs, np.ndarray) and inputs.ndim > 1 else 0


def _layers(model: Any) -> ModelInsight:
    layers = []
    for layer in model.layers[:MAX_LAYERS]:
        try:
            shape = tuple(layer.output.shape)
        except (AttributeError, ValueError):
            shape = None
        parameters = int(layer.count_params()) if layer.built else None
        layers.append(LayerInsight(str(layer.name)[:100], type(layer).__name__, shape, parameters))
    return ModelInsight(str(model.name)[:100], tuple(layers), int(model.count_params()))


def _with_history(found: ModelInsight, use: Use) -> ModelInsight:
    history = getattr(getattr(use.model, "history", None), "history", None) or {}
    return replace(found, history=curves(history))


def curves(history: Mapping[str, Sequence[Any]]) -> dict[str, tuple[float | None, ...]]:
    """What of a `History` can be drawn: numbers by epoch; None for what is no finite number."""
    found: dict[str, tuple[float | None, ...]] = {}
    for name, series in list(history.items())[:MAX_CURVES]:
        numbers = tuple(_number(value) for value in series[:MAX_EPOCHS])
        if any(number is not None for number in numbers):
            found[str(name)[:100]] = numbers
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return None
    number = float(value)
    return float(f"{number:.6g}") if math.isfinite(number) else None


def _tested(found: ModelInsight, use: Use, values: Mapping[str, Any], names: Mapping[str, Any]) -> ModelInsight:
    """How right the model was: by the labels of the rows that it was tested on, where one array can only be those."""
    by_rows = {_rows(inputs): number for number, inputs in enumerate(use.inputs)}  # the last one with so many rows
    largest, *others = sorted((rows for rows in by_rows if rows), reverse=True) or [0]
    if not 0 < largest <= MAX_ROWS:
        return found
    found = replace(found, rows=largest)
    if (answers := _answers(use, by_rows[largest], values)) is None:
        return found
    labels, shares = answers
    if others and others[0] >= FURTHER_ROWS and (further := _answers(use, by_rows[others[0]], values)) is not None:
        found = replace(found, further_accuracy=_accuracy(*further))
    classes = shares.shape[1]
    predicted = shares.argmax(axis=1)
    confusion = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    wrong = np.flatnonzero(predicted != labels)
    confidence = shares[np.arange(largest), predicted]
    inputs = use.inputs[by_rows[largest]]
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][:MISTAKES]
    return replace(
        found,
        accuracy=_accuracy(labels, shares),
        confusion=tuple(map(tuple, confusion.tolist())),
        mistakes=tuple(
            Misclassified(
                _picture(inputs[row]), int(labels[row]), int(predicted[row]), round(float(confidence[row]), 4)
            )
            for row in shown
        ),
        classes=_class_names(names, classes),
    )


def _answers(use: Use, number: int, values: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """The labels of what the model was given in one call, and the share that it gave to each class."""
    rows = _rows(use.inputs[number])
    labels_of = list(_candidates(values, rows))
    if not labels_of:
        return None
    outputs = use.outputs[number] if use.outputs[number] is not None else _predict(use.model, use.inputs[number])
    if outputs is None or not (shares := _shares(outputs, rows)).size:
        return None
    classes = shares.shape[1]
    labels = _only([vector for vector, most in labels_of if most in (0, classes) and vector.max() < classes])
    return None if labels is None or classes > MAX_CLASSES else (labels, shares)


def _accuracy(labels: Any, shares: Any) -> float:
    return round(float(np.mean(shares.argmax(axis=1) == labels)), 6)


def _candidates(values: Mapping[str, Any], rows: int) -> Iterator[tuple[Any, int]]:
    """Arrays that may be labels of so many rows, as whole numbers; with the number of classes if one-hot, else 0."""
    for value in values.values():
        if not (isinstance(value, np.ndarray) and value.shape[:1] == (rows,) and value.dtype.kind in "biuf"):
            continue
        if value.ndim == 2 and value.shape[1] > 1:
            if value.shape[1] <= MAX_CLASSES and (value.sum(axis=1) == 1).all() and (value.max(axis=1) == 1).all():
                yield value.argmax(axis=1).astype(np.int64), value.shape[1]
        elif value.size == rows and value.dtype.kind in "biu" and value.min() >= 0:
            yield value.reshape(-1).astype(np.int64), 0


def _only(vectors: Sequence[Any]) -> Any:
    """The one that they all are; None where they differ, or there is none."""
    return vectors[0] if vectors and all(np.array_equal(vectors[0], other) for other in vectors[1:]) else None


def _predict(model: Any, inputs: Any) -> Any:
    """Predictions, batch by batch; None where they would take too long."""
    parts, ends = [], time.monotonic() + SECONDS
    for start in range(0, len(inputs), BATCH):
        parts.append(np.asarray(model.predict_on_batch(inputs[start : start + BATCH])))
        if time.monotonic() > ends:
            return None
    return np.concatenate(parts)


def _shares(outputs: Any, rows: int) -> Any:
    """A share for each class, whether the outputs are shares, logits, or the share of the second of two classes."""
    array = np.asarray(outputs).astype(np.float64)
    if array.ndim != 2 or len(array) != rows or array.shape[1] == 0 or not np.isfinite(array).all():
        return np.zeros((0, 0))
    within = array.min() >= 0 and array.max() <= 1
    if array.shape[1] == 1:
        second = array if within else 1 / (1 + np.exp(-array.clip(-50, 50)))
        return np.concatenate([1 - second, second], axis=1)
    if within and np.allclose(array.sum(axis=1), 1, atol=1e-3):
        return array
    powers = np.exp(array - array.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _class_names(values: Mapping[str, Any], classes: int) -> tuple[str, ...]:
    """Names of the classes: the one list of so many different texts; else empty."""
    found = [
        tuple(text[:40] for text in value)
        for value in values.values()
        if isinstance(value, list | tuple) and len(value) == classes and all(type(text) is str for text in value)
    ]
    return found[0] if len(set(found)) == 1 and len(set(found[0])) == classes else ()


def _picture(row: Any) -> str:
    """An image as PNG in base64; empty for what is none."""
    pixels = row[..., None] if row.ndim == 2 else row
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or not min(pixels.shape[:2]) >= 4:
        return ""
    if max(pixels.shape[:2]) > MAX_SIDE or pixels.dtype.kind not in "biuf":
        return ""
    from PIL import Image

    pixels = np.nan_to_num(pixels.astype(np.float64))
    low, high = pixels.min(), pixels.max()
    if low < 0 or high > 255:
        pixels = (pixels - low) / ((high - low) or 1.0) * 255
    elif high <= 1:
        pixels = pixels * 255
    image = Image.fromarray(np.rint(pixels[..., 0] if pixels.shape[2] == 1 else pixels).astype(np.uint8))
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
