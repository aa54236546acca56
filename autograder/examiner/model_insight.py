"""What a student can learn of a model that a test used; `model_inspection` finds it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LayerInsight:
    """A layer of a model; shape and parameters are None for one that is not built."""

    name: str
    kind: str  # its class
    shape: tuple[int | None, ...] | None  # of its output
    parameters: int | None


@dataclass(frozen=True)
class Misclassified:
    """A row of a test that the model took for another class; classes by number."""

    image: str  # PNG in base64; empty where the row is no image
    truth: int
    predicted: int
    confidence: float  # from 0 to 1


@dataclass(frozen=True)
class ModelInsight:
    """What there is to learn of a model. The last fields are empty where a test's labels could not be told."""

    name: str
    layers: tuple[LayerInsight, ...]
    parameters: int
    history: dict[str, tuple[float | None, ...]] = field(default_factory=dict)  # by epoch; None: no finite number
    rows: int = 0  # that it was tested on
    accuracy: float | None = None  # of these rows
    further_accuracy: float | None = None  # of fewer, other rows that the same test looked at
    confusion: tuple[tuple[int, ...], ...] = ()  # rows by truth, columns by prediction
    mistakes: tuple[Misclassified, ...] = ()  # the most confident ones
    classes: tuple[str, ...] = ()  # their names; empty where they are not known
