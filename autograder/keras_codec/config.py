"""A model's configuration, read strictly: a clean copy that holds nothing but what is known to be harmless.

`Reader` takes what `budget.pack` gave, which may have been forged, and puts the arrays back. It copies the nested lists
and dicts value by value. A dict that stands for an object has to be of a class in the allow-list (or a function of
Keras's own), and has no keys but those that Keras writes; what a setting may be is checked by its name (`_value`), and
sizes are counted before anything is built. `check_graph` then looks at how the layers of a functional model are joined,
as Keras would take very long over a malformed graph. Whatever is refused is refused with its path in the configuration.
Only what a Reader gave may reach Keras's deserialization.
"""

from collections.abc import Sequence
from typing import Any

from autograder.common.language import english
from autograder.keras_codec import allow_list
from autograder.keras_codec.budget import ARRAY, INSTEAD, Budget, ModelError, short, size

MAX_ATTEMPTS = 20_000  # of calling a layer whose inputs may not be there yet, as Keras makes them

Reference = tuple[str, int]  # a layer's name and which of its calls


def check_graph(config: dict[str, Any], kind: str) -> str | None:
    """What is wrong with the layers of a Sequential or functional model and how they are joined; None where nothing is.

    In a functional model each layer has a name of its own, each of its calls takes outputs of calls that can be made
    before it, and what the model takes and gives is among the outputs of its layers.
    """
    layers = config.get("layers")
    if not isinstance(layers, list) or not all(isinstance(layer, dict) and "class_name" in layer for layer in layers):
        return english("a model without a list of layers")
    if not isinstance(config.get("name"), str):
        return english("a model without a name")
    if kind == "Sequential":
        return _check_keys(config, {"name", "trainable", "dtype", "layers", "build_input_shape"})
    problem = _check_keys(config, {"name", "trainable", "layers", "input_layers", "output_layers"})
    return problem or _check_calls(config, layers)


def _check_keys(config: dict[str, Any], known: set[str]) -> str | None:
    unknown = sorted(config.keys() - known)
    return english("a model with settings that none has: %(names)s", names=", ".join(unknown)[:80]) if unknown else None


def _check_calls(config: dict[str, Any], layers: list[dict[str, Any]]) -> str | None:
    made: dict[str, int] = {}  # layer -> how many of its calls have been made
    waiting: dict[str, list[set[Reference]]] = {}  # layer -> of each call that has not, what it takes
    for layer in layers:
        name, nodes = layer.get("name"), layer.get("inbound_nodes")
        if not isinstance(name, str) or name in made or not isinstance(nodes, list):
            return english("a graph whose layers have no names of their own")
        made[name] = 1 if layer["class_name"] == "InputLayer" else 0
        calls = [_references(node) for node in nodes]
        if any(call is None for call in calls):
            return english("layer %(name)s has a malformed call", name=repr(name[:80]))
        waiting[name] = [call for call in calls if call is not None]
    if not _all_reached(made, waiting):
        return english("a graph with a loop, with loose ends, or tangled")
    shifts = {layer["name"]: 1 if layer["class_name"] == "Functional" else 0 for layer in layers}
    for end in ("input_layers", "output_layers"):
        leaves = _leaves(config.get(end))
        if not leaves or not all(_exists(leaf, made, shifts) for leaf in leaves):
            return english("a graph whose %(name)s aren't in it", name=f"`{end}`")
    return None


def _all_reached(made: dict[str, int], waiting: dict[str, list[set[Reference]]]) -> bool:
    """Whether Keras would make all calls, in a bounded number of attempts.

    As Keras does, this goes over the layers again and again and makes each call whose inputs are there, until none is
    left. A round without a call made means a loop, or an input that no call gives.
    """
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
    """The outputs (layer, number of its call) that a call takes; None where the call is malformed or takes none."""
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


MAX_VALUES = 300_000
MAX_TEXT = 10_000
DTYPES = frozenset(
    "float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool string complex64 "
    "complex128 mixed_float16 mixed_bfloat16".split()
)
# Numbers that Keras turns into as many Python objects or array elements while it builds.
LIMITS = {"num_thresholds": 10_000, "steps_per_execution": 1_000, "num_oov_indices": 10_000, "ngrams": 100}
KEYS = {"module", "class_name", "config", "registered_name", "build_config", "name", "inbound_nodes"}


class Reader:
    """Reads the configurations of one description: of the model, and of how it is compiled."""

    def __init__(self, arrays: Sequence[Any], budget: Budget) -> None:
        """`arrays`: arrays of numbers, to which the configuration refers; `budget`: how large a model may be."""
        self.constants = 0  # numbers in the arrays that the configuration refers to
        self._arrays = arrays
        self._budget = budget
        self._values = 0
        self._objects = 0
        self._where: list[str] = []
        self._in_node = False

    def model(self, value: object) -> dict[str, Any]:
        """A clean copy of a model's configuration. Raises ModelError where anything in it may not cross."""
        result, calls = self._any(value, 0)
        if not (isinstance(result, dict) and _key(result) in allow_list.model_classes()):
            raise ModelError(english("the description of a model that is neither Sequential nor functional"))
        if calls > self._budget.layers:
            raise ModelError(
                english(
                    "a model with %(calls)s calls of layers: more than %(most)s can't cross",
                    calls=f"{calls:,}",
                    most=f"{self._budget.layers:,}",
                )
            )
        return result

    def settings(self, value: object) -> Any:
        """A clean copy of any other part: an optimizer, a loss, metrics. Raises ModelError as `model` does."""
        return self._any(value, 0)[0]

    def _any(self, value: object, depth: int) -> tuple[Any, int]:
        """A clean copy of any value, and how many calls of layers are in it. `depth`: how deep the value is nested."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._error(english("a configuration of more than %(count)s values", count=f"{MAX_VALUES:,}"))
        if depth > 4 * self._budget.depth:  # a model in a model is three levels of dicts and lists
            raise self._error(english("nested deeper than %(count)s levels", count=self._budget.depth))
        if value is None or type(value) is bool:
            return value, 0
        if type(value) is int or type(value) is float:
            if type(value) is int and abs(value) >= 1 << 53:
                raise self._error(english("a whole number beyond 2**53"))
            return value, 0
        if type(value) is str:
            if len(value) > MAX_TEXT:
                raise self._error(english("a text of %(count)s characters", count=f"{len(value):,}"))
            return value, 0
        if type(value) is list or type(value) is tuple:
            parts = [self._any(item, depth + 1) for item in value]
            return [part for part, _ in parts], sum(calls for _, calls in parts)
        if type(value) is not dict:
            raise self._error(english("an object of type %(type)s can't cross", type=type(value).__name__))
        if not all(type(key) is str and len(key) <= MAX_TEXT for key in value):
            raise self._error(english("a key that is no text"))
        if ARRAY in value:
            return self._array(value), 0
        if value.keys() & {"class_name", "module", "registered_name", "shared_object_id"}:
            return self._object(value, depth)
        return self._plain(value, depth)

    def _plain(self, value: dict[str, Any], depth: int) -> tuple[dict[str, Any], int]:
        result, total = {}, 0
        if not all(type(key) is str and len(key) <= MAX_TEXT for key in value):
            raise self._error(english("a key that is no text"))
        for key, item in value.items():
            self._where.append(key if len(key) < 80 else key[:77] + "...")
            result[key], calls = self._any(item, depth + 1)
            self._value(key, result[key])
            self._where.pop()
            total += calls
        return result, total

    def _value(self, key: str, value: Any) -> None:
        """Check a setting by its name, in whatever class: those that could be slow, take memory, or read files."""
        if key == "dtype" and isinstance(value, str) and value not in DTYPES:
            raise self._error(english("no dtype %(name)s", name=short(value)))
        if key in LIMITS and max(_numbers(value), default=0) > LIMITS[key]:
            raise self._error(english("more than %(count)s", count=f"{LIMITS[key]:,}"))
        if key.endswith("shape") and size(_numbers(value)) > self._budget.activations:
            raise self._error(english("more than %(count)s numbers", count=f"{self._budget.activations:,}"))
        if key == "unroll" and value:
            raise self._error(english("can't be True here: leave it out, the results are the same"))
        if key == "exclude_layers" and value:
            raise self._error(english("regular expressions can't cross: leave it out"))
        if key in ("vocabulary", "idf_weights") and isinstance(value, str):
            raise self._error(english("a file can't be read here: give the words themselves, as a list"))
        if key == "name" and not isinstance(value, str | None):
            raise self._error(english("a name that is no text: %(name)s", name=short(value)))

    def _array(self, value: dict[str, Any]) -> Any:
        number, kind = value[ARRAY], value.get("as")
        if value.keys() != {ARRAY, "as"} or type(number) is not int or not 0 <= number < len(self._arrays):
            raise self._error(english("a reference to no array"))
        array = self._arrays[number]
        self.constants += array.size
        if self.constants > self._budget.parameters:
            raise self._error(
                english("more than %(count)s numbers in a model's configuration", count=f"{self._budget.parameters:,}")
            )
        if kind == "list":
            return array.tolist()
        if kind not in ("numpy", "tensor"):
            raise self._error(english("an array of no known kind"))
        return {"class_name": f"__{kind}__", "config": {"value": array, "dtype": array.dtype.name}}

    def _object(self, value: dict[str, Any], depth: int) -> tuple[dict[str, Any], int]:
        class_name = value.get("class_name")
        if class_name in ("__slice__", "__ellipsis__", "__keras_tensor__") and value.keys() == {"class_name", "config"}:
            return {"class_name": class_name, "config": self._special(class_name, value["config"])}, 0
        if class_name == "__lambda__":
            raise self._error(english("a lambda can't cross: %(instead)s", instead=INSTEAD))
        if not value.keys() <= KEYS:
            names = ", ".join(map(short, sorted(value.keys() - KEYS)))
            raise self._error(english("a part with keys that none has: %(names)s", names=names))
        module = value.get("module")
        if not (type(class_name) is str and (module is None or type(module) is str) and "config" in value):
            raise self._error(english("a part without class and configuration"))
        if class_name == "function":
            return self._function(value, module), 0
        kind = allow_list.allowed().get((module or "", class_name))
        registered = value.get("registered_name")
        own = class_name if module and module.startswith("keras.src.") else None
        if kind is None or registered not in (None, own):
            raise self._unknown(module, class_name, value["config"], registered not in (None, own))
        return self._instance(value, kind, depth)

    def _instance(self, value: dict[str, Any], kind: type, depth: int) -> tuple[dict[str, Any], int]:
        config = value["config"]
        self._objects += 1
        if self._objects > 10 * self._budget.layers:
            raise self._error(english("more than %(count)s parts", count=f"{10 * self._budget.layers:,}"))
        if type(config) is not dict:
            raise self._error(english("a %(type)s without configuration", type=kind.__name__))
        name = config.get("name")
        layer = allow_list.is_layer(kind)
        if layer and isinstance(name, str):
            self._where.append(english("layer %(name)s (%(type)s)", name=short(name), type=kind.__name__))
        result = {key: value.get(key) for key in ("module", "class_name", "registered_name")}
        if "name" in value:
            result["name"] = self._any(value["name"], depth)[0]
        result["config"], calls = self._config(config, kind, depth)
        if value.get("build_config") is not None:
            if type(value["build_config"]) is not dict:
                raise self._error(english("a build_config that is no dict"))
            result["build_config"] = self._plain(value["build_config"], depth + 1)[0]
        if "inbound_nodes" in value:
            self._in_node, before = True, self._in_node
            result["inbound_nodes"] = self._any(value["inbound_nodes"], depth + 1)[0]
            self._in_node = before
        if layer and isinstance(name, str):
            self._where.pop()
        nodes = result.get("inbound_nodes")
        times = len(nodes) if isinstance(nodes, list) else 1
        return result, (calls + layer) * max(1, times)

    def _config(self, config: dict[str, Any], kind: type, depth: int) -> tuple[dict[str, Any], int]:
        in_node, self._in_node = self._in_node, False
        result, calls = self._plain(config, depth + 1)
        self._in_node = in_node
        if kind.__name__ == "DTypePolicy" and (result.keys() != {"name"} or result["name"] not in DTYPES):
            raise self._error(english("no dtype policy %(name)s", name=short(result.get("name"))))
        if kind.__name__ in ("StringLookup", "IntegerLookup", "TextVectorization"):
            if not isinstance(result.get("vocabulary"), list):
                raise self._error(
                    english("a vocabulary of `adapt` can't cross: give it as the argument `vocabulary`, a list")
                )
            if not all(
                item is None or isinstance(item, str) for item in (result.get("standardize"), result.get("split"))
            ):
                raise self._error(english("`standardize` and `split` can't be functions: %(instead)s", instead=INSTEAD))
        if kind in allow_list.model_classes().values():
            problem = check_graph(result, kind.__name__)
            if problem:
                raise self._error(problem)
        return result, calls

    def _function(self, value: dict[str, Any], module: Any) -> dict[str, Any]:
        name = value["config"]
        known = type(name) is str and name in allow_list.functions()
        if not known or module not in ("builtins", *(f"keras.{part}" for part in allow_list.FUNCTIONS)):
            raise self._error(
                english("the function %(name)s isn't Keras's own: %(instead)s", name=short(name), instead=INSTEAD)
            )
        if value.get("registered_name") not in (None, "function", name) or value.keys() - KEYS:
            raise self._error(english("the function %(name)s under another name", name=short(name)))
        return {"module": module, "class_name": "function", "config": name, "registered_name": name}

    def _special(self, class_name: str, config: object) -> dict[str, Any]:
        result = self._plain(config, 1)[0] if type(config) is dict else None
        if class_name == "__ellipsis__" and result == {}:
            return result
        if class_name == "__slice__" and result is not None and result.keys() == {"start", "stop", "step"}:
            bounds = [item is None or type(item) is int for item in result.values()]
            if all(bounds):
                return result
        if class_name == "__keras_tensor__" and result is not None and self._in_node:
            shape, history = result.get("shape"), result.get("keras_history")
            if result.keys() == {"shape", "dtype", "keras_history"} and isinstance(history, list) and len(history) == 3:
                fits = isinstance(shape, list) and all(n is None or (type(n) is int and n >= 0) for n in shape)
                if fits and isinstance(result["dtype"], str):
                    return result
        raise self._error(f"malformed {class_name.strip('_')}")

    def _unknown(self, module: object, class_name: str, config: object, renamed: bool) -> ModelError:
        name = config.get("name") if type(config) is dict else None
        kind = short(class_name)[1:-1]
        who = english("layer %(name)s is a %(type)s", name=short(name), type=kind) if isinstance(name, str) else kind
        reason = allow_list.denied().get((module if isinstance(module, str) else "", class_name))
        if reason is None or renamed:
            reason = english("a class that isn't Keras's own can't cross: %(instead)s", instead=INSTEAD)
        return self._error(english("%(place)s: %(reason)s", place=who, reason=reason))

    def _error(self, text: str) -> ModelError:
        where = [part for part in self._where if part != "layers"]
        for place in reversed(where[-3:]):
            text = english("%(place)s: %(reason)s", place=place, reason=text)
        return ModelError(text)


def _key(value: dict[str, Any]) -> tuple[Any, Any]:
    return value.get("module"), value.get("class_name")


def _numbers(value: Any) -> list[int]:
    return [n for n in (value if isinstance(value, list) else [value]) if type(n) is int and n > 0]
