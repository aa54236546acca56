"""What a test does with a student's model: whether it uses it, on what, and what it has it measure of itself.

`evaluate` gives what the student compiled. A metric that is always right (categorical accuracy of one unit, the top ten
of ten classes), a loss of weight 0, or a mask over all that a model is unsure of would be a score. So the rehearsal
notes what the reference's numbers are, and a number that is another one is an error that says so.
"""

import functools
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from autograder.common.arrays import array_digest
from autograder.common.language import english
from autograder.keras_codec.state import is_counter

BY_PLACE = ("evaluate", "test_on_batch", "train_on_batch")  # give a list, or a dict with return_dict=True
PREFIX = "measures "


@dataclass
class Use:
    """A student's model that came in a test, and what the test has done with it."""

    model: Any
    digests: list[str]  # of its weights as they came, but for counters and seeds
    state: str = ""  # digest of all that it was as it came, see `keras_codec.state`
    used: bool = False
    inputs: list[Any] = field(default_factory=list)  # what it was given to predict
    outputs: list[Any] = field(default_factory=list)  # and what it predicted; None where only a measure was asked

    def begin(self) -> None:
        """Forget what was noted, as another test begins."""
        self.used, self.inputs, self.outputs = False, [], []


def watch(model: Any, permits: Callable[[str, str], bool]) -> Use:
    """Note what is done with `model`, and have it ask `permits(prefix, question)` of each number that it measures.

    The prefix is the number's place or name.
    """
    weights = [importlib.import_module("keras").ops.convert_to_numpy(variable) for variable in model.variables]
    use = Use(model, weight_digests(weights))
    for name in (*BY_PLACE, "fit"):
        setattr(model, name, _watched(model, name, getattr(model, name), permits))
    for name in ("predict", "evaluate", "call"):
        setattr(model, name, _noted(name, getattr(model, name), use))
    return use


def weight_digests(weights: list[Any]) -> list[str]:
    """Digests of a model's weights, but for counters and seeds."""
    return [array_digest(weight) for weight in weights if not is_counter(weight)]


def _noted(name: str, method: Callable[..., Any], use: Use) -> Any:
    @functools.wraps(method)
    def noted(*arguments: Any, **named: Any) -> Any:
        use.used = True
        if name == "call":
            return method(*arguments, **named)
        use.inputs.append(arguments[0] if arguments else named.get("x"))
        use.outputs.append(None)
        place, result = len(use.outputs) - 1, method(*arguments, **named)
        if name == "predict":
            use.outputs[place] = result
        return result

    return noted


def _watched(model: Any, name: str, method: Callable[..., Any], permits: Callable[[str, str], bool]) -> Any:
    @functools.wraps(method)
    def measure(*arguments: Any, **named: Any) -> Any:
        result = method(*arguments, **named)
        kinds = measured(model)
        places: dict[Any, str] = {key: key for key in kinds}
        if name in BY_PLACE and not isinstance(result, dict):
            flat = model._flatten_metrics_in_order(places)
            places = dict(enumerate(flat)) if isinstance(flat, list) else {0: flat}
        for place, key in places.items():
            if not permits(f"{PREFIX}{place} ", f"{PREFIX}{place} {kinds[key]}"):
                raise RuntimeError(
                    english(
                        "%(method)s gives %(kind)s as %(name)s, which is not what is measured here: "
                        "compile the model with the loss and the metrics that the exercise names",
                        method=name,
                        kind=kinds[key][:300],
                        name=repr(key[:100]),
                    )
                )
        return result

    return measure


def measured(model: Any) -> dict[str, str]:
    """Name -> kind (loss, metric, and its settings), of each number that `model` has just measured."""
    outputs = getattr(model, "outputs", None) or []
    one = any(output.shape[-1:] == (1,) for output in outputs)
    masked = any(getattr(output, "_keras_mask", None) is not None for output in outputs)

    def of(kind: str) -> str:
        kind = english("%(kind)s of one unit", kind=kind) if one else kind
        return english("%(kind)s of what is not masked", kind=kind) if masked else kind

    kinds = {"loss": of(_loss(model))}
    metrics = getattr(model, "_compile_metrics", None)
    if metrics is not None and metrics.built:
        pairs = zip(metrics.result(), metrics.metrics, strict=True)
        kinds |= {name: of(_kind(metric)) for name, metric in pairs}
    for loss in getattr(getattr(model, "_compile_loss", None), "metrics", []):
        kinds[loss.name] = of(english("a loss"))
    return kinds


def _loss(model: Any) -> str:
    if model.loss is None:
        return english("no loss")
    weights = model._compile_config.config.get("loss_weights") if model._compile_config else None
    values = (
        list(weights.values()) if isinstance(weights, dict) else weights if isinstance(weights, list) else [weights]
    )
    if all(value in (None, 1) for value in values):
        return english("the loss")
    return english("the loss, weighted %(weights)s", weights=weights)


def _kind(metric: Any) -> str:
    """The same for a function of Keras's, its name, and the class that wraps it."""
    function = getattr(metric, "_fn", None)
    if function is None:
        config = {k: v for k, v in metric.get_config().items() if k not in ("name", "dtype")}
        return f"{type(metric).__name__} {config}" if config else type(metric).__name__
    unwrapped = importlib.import_module("keras.metrics").get(function) if isinstance(function, str) else function
    parameters = list(inspect.signature(unwrapped).parameters.values())[2:]
    options = {p.name: p.default for p in parameters} | getattr(metric, "_fn_kwargs", {})
    return f"{unwrapped.__name__} {options}" if options else unwrapped.__name__
