"""Keras objects from a clean configuration: nothing is allocated that was not sent, and nothing else changes here.

A configuration of 369 bytes can ask for 4 GB of weights. So Keras builds the model with variables that hold nothing
(`unallocated`), within limits that stop it as soon as they are larger than what was sent; only then are they compared
with the arrays that came, and given their values.
"""

import contextlib
import importlib
import math
import random
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from autograder.common.language import english
from autograder.keras_codec.budget import Budget, ModelError, short, size

MAX_TENSORS = 30_000  # that all layers give together
SLACK = 10_000  # numbers in variables that aren't sent: states of metrics


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """No registered class or function of anyone matters within, and the random state and warnings stay as they were."""
    registration = importlib.import_module("keras.src.saving.object_registration")
    serialization = importlib.import_module("keras.src.saving.serialization_lib")
    custom, state = dict(registration.GLOBAL_CUSTOM_OBJECTS), random.getstate()
    registration.GLOBAL_CUSTOM_OBJECTS.clear()
    try:
        with registration.CustomObjectScope({}), serialization.SafeModeScope(True), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        registration.GLOBAL_CUSTOM_OBJECTS.update(custom)
        random.setstate(state)


class Unallocated(list[Any]):
    """The variables that Keras has made and that hold nothing yet; stops Keras beyond a limit of their size."""

    def __init__(self, most: int, budget: Budget) -> None:
        """`most`: numbers in all variables together."""
        super().__init__()
        self.error: ModelError | None = None
        self._left = most
        self._tensors = 0
        self._budget = budget

    def append(self, variable: Any) -> None:
        """Called by Keras for each variable that is made."""
        self._left -= max(1, math.prod(variable.shape))
        if self._left < 0:
            self._stop(
                english(
                    "variable %(name)s of shape %(shape)s is larger than what came",
                    name=short(variable.path),
                    shape=tuple(variable.shape),
                )
            )
        super().append(variable)

    def seen(self, tensor: Any) -> None:
        """Called for each symbolic tensor: what a layer will give."""
        self._tensors += 1
        if self._tensors > MAX_TENSORS:
            self._stop(english("its layers give more than %(count)s tensors", count=f"{MAX_TENSORS:,}"))
        if size(tensor.shape) > self._budget.activations:
            self._stop(
                english(
                    "a layer gives shape %(shape)s: more than %(most)s numbers a sample can't cross",
                    shape=tuple(tensor.shape),
                    most=f"{self._budget.activations:,}",
                )
            )

    def _stop(self, text: str) -> None:
        self.error = ModelError(text)
        raise self.error


@contextlib.contextmanager
def unallocated(most: int, budget: Budget) -> Iterator[Unallocated]:
    """Within, variables that are made hold nothing; they are the list's. Raises ModelError beyond the limits."""
    keras = importlib.import_module("keras")
    state = importlib.import_module("keras.src.backend.common.global_state")
    made, initialize = Unallocated(most, budget), keras.KerasTensor.__init__

    def checked(tensor: Any, *arguments: Any, **named: Any) -> None:
        initialize(tensor, *arguments, **named)
        made.seen(tensor)

    before = state.get_global_attribute("uninitialized_variables")
    state.set_global_attribute("uninitialized_variables", made)
    keras.KerasTensor.__init__ = checked  # some layers allocate what their input's shape asks for
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield made
    except Exception:
        if made.error is not None:  # Keras wraps it in others
            raise made.error from None
        raise
    finally:
        keras.KerasTensor.__init__ = initialize
        state.set_global_attribute("uninitialized_variables", before)


def allocate(variable: Any, value: Any = None) -> None:
    """Give a variable of `unallocated` its value, else its initial value."""
    if value is not None:
        keras = importlib.import_module("keras")
        variable._initializer = lambda shape, dtype: keras.ops.convert_to_tensor(value, dtype=dtype)
    variable._deferred_initialize()


@contextlib.contextmanager
def built_once() -> Iterator[None]:
    """A Sequential is built when its layers are all there, as by its constructor; its `from_config` does so by each."""
    sequential = importlib.import_module("keras").Sequential
    rebuild = sequential._maybe_rebuild
    sequential._maybe_rebuild = lambda model: None  # at its end `from_config` builds what was built
    try:
        yield
    finally:
        sequential._maybe_rebuild = rebuild


@contextlib.contextmanager
def as_model_errors(what: str) -> Iterator[None]:
    """Whatever Keras raises within becomes a ModelError that says what couldn't be built."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        text = str(error).rpartition("Exception encountered: ")[2].strip() or type(error).__name__
        text = text if len(text) < 600 else f"... {text[-600:]}"
        raise ModelError(english("%(place)s: %(reason)s", place=what, reason=text)) from None


def deserialize(clean: Any) -> Any:
    """The Keras object of a configuration that a Reader gave."""
    return importlib.import_module("keras.saving").deserialize_keras_object(clean)


def build(clean: dict[str, Any], weights: Sequence[Any], budget: Budget) -> Any:
    """The model of a clean configuration, with these weights. Raises ModelError unless they are just what it has."""
    with undisturbed(), as_model_errors(english("a model that Keras doesn't build")):
        with unallocated(sum(array.size for array in weights) + SLACK, budget) as made, built_once():
            model = deserialize(clean)
        variables = model.variables
        check_weights(variables, weights)
        for variable, value in zip(variables, weights, strict=True):
            allocate(variable, value)
        for variable in made:
            if variable._value is None:
                allocate(variable)
        finish(model)
    return model


def finish(model: Any) -> None:
    """Bring what layers derive from their weights up to date."""
    normalization = importlib.import_module("keras.layers").Normalization
    for layer in model._flatten_layers():
        if isinstance(layer, normalization) and layer.built:
            layer.finalize_state()


def check_weights(variables: Sequence[Any], arrays: Sequence[Any]) -> None:
    """Raise ModelError unless each array is of its variable's shape and dtype."""
    if len(variables) != len(arrays):
        raise ModelError(
            english("%(found)s weights for a model that has %(own)s", found=len(arrays), own=len(variables))
        )
    for variable, array in zip(variables, arrays, strict=True):
        if tuple(variable.shape) != array.shape or str(variable._dtype) != array.dtype.name:
            raise ModelError(
                english(
                    "weight %(name)s: expected shape %(shape)s and dtype %(dtype)s, received %(found)s and %(other)s",
                    name=short(variable.path),
                    shape=tuple(variable.shape),
                    dtype=variable._dtype,
                    found=array.shape,
                    other=array.dtype.name,
                )
            )


def operations(model: Any) -> Iterator[Any]:
    """All layers and operations of a model and of the models in it."""
    for layer in model._flatten_layers():
        yield layer
        inner = getattr(layer, "_functional", layer)
        for operation in getattr(inner, "operations", ()):
            if not hasattr(operation, "_flatten_layers"):
                yield operation
