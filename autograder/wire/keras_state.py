"""What a model is, as one digest, and how much its configuration carries that could have been learnt elsewhere."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from autograder.wire.keras_names import canonical
from autograder.wire.keras_parts import ARRAY
from autograder.wire.numeric import array_digest

UNUSED = {"trainable", "build_config", "build_input_shape"}  # by a model that only predicts
# Settings that say how large layers are and how they are joined, as whole numbers; and of what acts in training alone.
SIZES = frozenset(
    "units filters kernel_size pool_size strides dilation_rate groups rank axis axes dims shape batch_shape "
    "input_shape target_shape new_shape output_shape input_dim output_dim num_heads key_dim value_dim depth_multiplier "
    "data_format size height width n".split()
)
SHAPE = 12  # numbers of a setting that is a size
TRAINING = ("Random", "Dropout", "SpatialDropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", "Activity")
SKIPPED = {"input_layers", "output_layers", *UNUSED}


def state(model: dict[str, Any], constants: Sequence[Any], variables: Iterable[Any]) -> str:
    """The same for two models that compute the same by the same layers, settings, constants and weights.

    `model`: the configuration as in `models.describe`, whatever Keras's automatic names in it are; `constants`: the
    arrays that it refers to. Counters and seeds among the variables don't count.
    """
    known = [array_digest(array) for array in constants]

    def plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        if ARRAY in value:
            return {"array": known[value[ARRAY]], "as": value.get("as")}
        return {key: _of_any_batch(key, plain(item)) for key, item in value.items() if key not in UNUSED}

    named = canonical({"model": model, "compile": {"settings": {}}})["model"]
    text = json.dumps(plain(named), sort_keys=True)
    counted = [array_digest(array) for array in variables if not is_counter(array)]
    return hashlib.sha256("\n".join([text, *counted]).encode()).hexdigest()


def _of_any_batch(key: str, value: Any) -> Any:
    """The value of a setting, where it is a shape with a batch's size, without it: that of the first batch seen."""
    return [None, *value[1:]] if key in ("batch_shape", "batch_input_shape") and isinstance(value, list) else value


def is_counter(array: Any) -> bool:
    """Whether a variable is a counter or a seed's state."""
    return bool(array.dtype.kind in "biu" and array.size <= 2)


def numbers(model: dict[str, Any], constants: Sequence[Any]) -> int:
    """How many numbers stand in a configuration, in all of it together, whatever they are called and nested in.

    Lists and arrays count in full. Of a setting that is one number, all layers' but the most frequent count: it is as
    one setting for all. Sizes don't count, nor what acts in training alone, nor references within the graph.
    """
    total, idle = 0, not _says_true(model, False)
    single: defaultdict[tuple[str, str], Counter[float]] = defaultdict(Counter)

    def count(value: Any, owner: str, key: str, *, listed: bool = False) -> None:
        nonlocal total
        if isinstance(value, dict):
            if ARRAY in value:
                total += constants[value[ARRAY]].size
                return
            kind = value.get("class_name")
            if kind in ("__keras_tensor__", "__slice__") or (idle and _trains_only(value)):
                return
            for name, item in value.items():
                if name not in SKIPPED:
                    count(item, kind if isinstance(kind, str) else owner, name)
        elif key in SIZES and _is_size(value):
            return
        elif isinstance(value, list | tuple):
            for item in value:
                count(item, owner, key, listed=True)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if listed:
                total += 1
            else:
                single[owner, key][value] += 1

    count(model, "", "")
    return total + sum(sum(values.values()) - max(values.values()) for values in single.values())


def _says_true(value: Any, called: bool) -> bool:
    """Whether a layer is called with True for an argument, as `training`: then it acts in predictions too."""
    if isinstance(value, dict):
        return any(_says_true(item, called or key == "inbound_nodes") for key, item in value.items())
    return (
        any(_says_true(item, called) for item in value) if isinstance(value, list | tuple) else called and value is True
    )


def _trains_only(value: dict[str, Any]) -> bool:
    module, kind = value.get("module"), value.get("class_name")
    return module == "keras.regularizers" or (
        module == "keras.layers" and isinstance(kind, str) and kind.startswith(TRAINING)
    )


def _is_size(value: Any) -> bool:
    flat = [value]
    for item in flat:
        if isinstance(item, list | tuple):
            flat += item
        if len(flat) > SHAPE:
            return False
    return all(item is None or isinstance(item, int | str | list | tuple) for item in flat)
