"""Keras's automatic names made the same for the same model, whatever was built before it in the notebook."""

import re
from collections import Counter
from typing import Any


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
    """What Keras derives an automatic name of that class from; None where `name` is no such name."""
    if not (isinstance(class_name, str) and isinstance(name, str)):
        return None
    snake = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", class_name)).lower()  # as Keras
    found = re.fullmatch(rf"((?:forward_|backward_)?{re.escape(snake)})(?:_\d+)?", name)
    return found[1] if found else None


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """`names`: of the layers of the model around, old to new."""
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
