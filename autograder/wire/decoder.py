"""Nodes to values, strictly: whatever the nodes say, the result is a value of the closed set, or WireError."""

from collections.abc import Callable, Sequence
from typing import Any

from autograder.wire import models
from autograder.wire.encoder import MAX_DEPTH, MAX_NODES
from autograder.wire.frames import WireError
from autograder.wire.readers import READERS

Node = dict[str, Any]
_BUSY = object()


class Decoder:
    """Reads one message. `objects[n]` is what node n became."""

    def __init__(
        self,
        nodes: Any,
        buffers: Sequence[bytearray],
        other: Callable[["Decoder", Node], Any],
        sources: Sequence[Any] = (),
        budget: models.Budget | None = None,
    ) -> None:
        """`sources`: the objects of the request that this message answers; `other` reads handles."""
        if not isinstance(nodes, list) or len(nodes) > MAX_NODES:
            raise WireError("a message without a table of nodes")
        self.nodes: list[Any] = nodes
        self.buffers = buffers
        self.objects: list[Any] = [None] * len(nodes)
        self._state: list[object] = [None] * len(nodes)
        self._other = other
        self._sources = sources
        self._budget = budget or models.Budget()
        self._depth = 0
        self._used: set[int] = set()
        self.place: str = ""  # the work folder, which has another path on the other side
        self.known: Callable[[str], type | None] = lambda name: None  # the notebook's own class of that name
        self.rebuild: Callable[..., Any] = models.rebuild  # a model of its description, its arrays, and the budget

    def value(self, child: Any) -> Any:
        """The value of a child. Raises WireError for whatever isn't one."""
        if child is None or type(child) in (bool, int, float, str):
            return child
        if not (isinstance(child, list) and child and type(child[0]) is int):
            raise WireError("a child that is neither a scalar nor a reference")
        number = child[0]
        if len(child) == 2 and child[1] == 0 and 0 <= number < len(self._sources):
            return self._sources[number]
        if len(child) != 1 or not 0 <= number < len(self.nodes):
            raise WireError("a reference to nothing")
        if self._state[number] is _BUSY:
            raise WireError("a value that contains itself")
        if self._state[number] is None:
            self._state[number] = _BUSY
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise WireError(f"nested deeper than {MAX_DEPTH} levels")
            try:
                self.keep(number, self._read(number))
            finally:
                self._depth -= 1
        return self.objects[number]

    def keep(self, number: int, value: Any) -> Any:
        """Note what node `number` is; a container does so before it is filled, as it may hold itself."""
        self.objects[number] = value
        self._state[number] = True
        return value

    def node(self, number: Any) -> Node:
        """Node `number`, a dict with a kind."""
        node = self.nodes[number] if type(number) is int and 0 <= number < len(self.nodes) else None
        if not (isinstance(node, dict) and isinstance(node.get("t"), str)):
            raise WireError("a node that is none")
        return node

    def buffer(self, number: Any) -> bytearray:
        """Buffer `number`; each may be used once, as arrays live in it."""
        if type(number) is not int or not 0 <= number < len(self.buffers) or number in self._used:
            raise WireError("a reference to no buffer")
        self._used.add(number)
        return self.buffers[number]

    def all(self, children: Any) -> list[Any]:
        """The values of a list of children."""
        if not isinstance(children, list):
            raise WireError("a list of children that is none")
        return [self.value(child) for child in children]

    def _read(self, number: int) -> Any:
        node = self.node(number)
        reader = READERS.get(node["t"])
        try:
            return self._other(self, node) if reader is None else reader(self, number, node)
        except WireError:
            raise
        except (TypeError, ValueError, KeyError, OverflowError, ArithmeticError, RecursionError) as error:
            raise WireError(f"a {node['t'][:50]} that is none: {error}") from None

    def model(self, node: Node) -> tuple[Any, list[Any]]:
        """A model's description and arrays."""
        return self.value(node["v"]), self.all(node["a"])

    @property
    def budget(self) -> models.Budget:
        """How large a model may be."""
        return self._budget
