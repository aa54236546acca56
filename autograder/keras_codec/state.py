"""What a model is, as one digest, and how much its configuration carries that could have been learnt elsewhere.

Keras numbers its automatic names by how many layers of a class a process has made (`dense`, `dense_1`), so two equal
models rarely have equal configurations. `canonical` gives the layers of each model names by their place in it, and the
graph's references those names; names that a student gave stay. `state` is the digest of that with constants and
weights. `numbers` counts what a configuration could carry besides: weights in the guise of settings.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from autograder.common.arrays import array_digest
from autograder.keras_codec.budget import ARRAY


def canonical(description: dict[str, Any]) -> dict[str, Any]:
    """The description of a model under canonical names, as a copy.

    A name that a student gave stays. So do all names of a model with several outputs, as its History shows them, and
    of one whose losses or metrics are given by name.
    """
    model = description["model"]
    config = model.get("config") if isinstance(model, dict) else None
    outputs = config.get("output_layers") if isinstance(config, dict) else None
    if isinstance(outputs, dict) or (isinstance(outputs, list) and outputs and isinstance(outputs[0], list)):
        return description
    compiled = dict(description["compile"])
    settings = dict(compiled["settings"])
    if any(isinstance(value, dict) and "class_name" not in value for value in settings.values()):  # by output's name
        return description
    settings["optimizer"] = _renamed(settings.get("optimizer"), {})
    return {**description, "model": _renamed(model, {}), "compile": {**compiled, "settings": settings}}


def base(class_name: Any, name: Any) -> str | None:
    """The part of an automatic name before its number: `dense` of `dense_3`; None where the name is not automatic.

    A name is automatic where Keras could have derived it from the class: CamelCase as snake_case, and a number.
    """
    if not (isinstance(class_name, str) and isinstance(name, str)):
        return None
    snake = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", class_name)).lower()  # as Keras
    found = re.fullmatch(rf"((?:forward_|backward_)?{re.escape(snake)})(?:_\d+)?", name)
    return found[1] if found else None


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """A copy with canonical names. `names`: of the layers of the model that `value` is in, old to new."""
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    config = value.get("config")
    if value.get("class_name") == "__keras_tensor__" and isinstance(config, dict):
        history = config.get("keras_history")
        if isinstance(history, list) and history and isinstance(history[0], str):
            return {**value, "config": {**config, "keras_history": [names.get(history[0], history[0]), *history[1:]]}}
        return value
    if not isinstance(config, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    layers = config.get("layers")
    inner = _names(layers) if isinstance(layers, list) else names
    result = {key: _renamed(item, inner if key == "config" else names) for key, item in value.items()}
    for end in ("input_layers", "output_layers"):
        if isinstance(layers, list) and end in config:
            result["config"][end] = _ends(config[end], inner)
    name = config.get("name")
    if isinstance(name, str):
        new = names.get(name) or base(value.get("class_name"), name) or name
        result["config"]["name"] = new
        if "name" in value:
            result["name"] = new
    return result


def _names(layers: list[Any]) -> dict[str, str]:
    """Old to new of the layers of one model: an automatic name is numbered by its place among its like."""
    seen: Counter[str] = Counter()
    names: dict[str, str] = {}
    found = []
    for layer in layers:
        config = layer.get("config") if isinstance(layer, dict) else None
        name = config.get("name") if isinstance(config, dict) else None
        if isinstance(name, str):
            found.append((name, base(layer.get("class_name"), name)))
    chosen = {name for name, stem in found if stem is None}
    for name, stem in found:
        if stem is not None:
            while f"{stem}_{seen[stem]}" in chosen:
                seen[stem] += 1
            names[name] = f"{stem}_{seen[stem]}"
            seen[stem] += 1
    return names


def _ends(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        return [names.get(value[0], value[0]), *value[1:]]
    if isinstance(value, list):
        return [_ends(item, names) for item in value]
    return {key: _ends(item, names) for key, item in value.items()} if isinstance(value, dict) else value


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
