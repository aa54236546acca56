"""The graph of a model's configuration, followed before Keras builds it: it must end, and soon."""

from typing import Any

MAX_ATTEMPTS = 20_000  # of calling a layer whose inputs may not be there yet, as Keras makes them

Reference = tuple[str, int]  # a layer's name and which of its calls


def check_graph(config: dict[str, Any], kind: str) -> str | None:
    """What is wrong with the configuration of a Sequential or functional model, or None."""
    layers = config.get("layers")
    if not isinstance(layers, list) or not all(isinstance(layer, dict) and "class_name" in layer for layer in layers):
        return "a model without a list of layers"
    if not isinstance(config.get("name"), str):
        return "a model without a name"
    if kind == "Sequential":
        return _check_keys(config, {"name", "trainable", "dtype", "layers", "build_input_shape"})
    problem = _check_keys(config, {"name", "trainable", "layers", "input_layers", "output_layers"})
    return problem or _check_calls(config, layers)


def _check_keys(config: dict[str, Any], known: set[str]) -> str | None:
    unknown = sorted(config.keys() - known)
    return f"a model with settings that none has: {', '.join(unknown)[:80]}" if unknown else None


def _check_calls(config: dict[str, Any], layers: list[dict[str, Any]]) -> str | None:
    made: dict[str, int] = {}
    waiting: dict[str, list[set[Reference]]] = {}
    for layer in layers:
        name, nodes = layer.get("name"), layer.get("inbound_nodes")
        if not isinstance(name, str) or name in made or not isinstance(nodes, list):
            return "a graph whose layers have no names of their own"
        made[name] = 1 if layer["class_name"] == "InputLayer" else 0
        calls = [_references(node) for node in nodes]
        if any(call is None for call in calls):
            return f"layer {name[:80]!r} has a call that is none"
        waiting[name] = [call for call in calls if call is not None]
    if not _all_reached(made, waiting):
        return "a graph with a loop, with loose ends, or tangled"
    shifts = {layer["name"]: 1 if layer["class_name"] == "Functional" else 0 for layer in layers}
    for end in ("input_layers", "output_layers"):
        leaves = _leaves(config.get(end))
        if not leaves or not all(_exists(leaf, made, shifts) for leaf in leaves):
            return f"a graph whose {end} aren't in it"
    return None


def _all_reached(made: dict[str, int], waiting: dict[str, list[set[Reference]]]) -> bool:
    """Whether Keras would get through: it goes over the layers in order until all their calls are made."""
    attempts = 0
    waiting = {name: calls for name, calls in waiting.items() if calls}
    while waiting:
        progress = False
        for name in list(waiting):
            calls = waiting[name]
            while calls:
                attempts += 1
                if attempts > MAX_ATTEMPTS:
                    return False
                if not all(layer in made and made[layer] > number for layer, number in calls[0]):
                    break
                calls.pop(0)
                made[name] += 1
                progress = True
            if not calls:
                del waiting[name]
        if not progress:
            return False
    return True


def _references(node: Any) -> set[Reference] | None:
    """The outputs that a call takes; None where it is no call."""
    if not (isinstance(node, dict) and node.keys() == {"args", "kwargs"}):
        return None
    if not (isinstance(node["args"], list) and isinstance(node["kwargs"], dict)):
        return None
    found: set[Reference] = set()
    todo: list[Any] = [node["args"], node["kwargs"]]
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo += value
        elif isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            name, number, output = value["config"]["keras_history"]
            if not (isinstance(name, str) and type(number) is int and type(output) is int and min(number, output) >= 0):
                return None
            found.add((name, number))
        elif isinstance(value, dict):
            todo += value.values()
    return found or None


def _leaves(value: Any) -> list[Any]:
    """The references `[name, call, output]` in a structure of lists and dicts."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list) and not (len(value) == 3 and isinstance(value[0], str)):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _exists(leaf: Any, made: dict[str, int], shifts: dict[str, int]) -> bool:
    if not (isinstance(leaf, list) and len(leaf) == 3):
        return False
    name, number, output = leaf
    if not (isinstance(name, str) and type(number) is int and type(output) is int and output >= 0):
        return False
    return name in made and shifts[name] <= number < made[name] + shifts[name]
