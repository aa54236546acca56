"""What a training will cost, counted from the model's shapes before anything is allocated or started."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.common.language import english

if TYPE_CHECKING:  # a notebook's kernel imports this, and needs no settings
    from autograder.training.settings import TrainingBudget

# These multiply tensors with each other, or do so with weights at every step of a sequence.
_PRODUCTS = frozenset(
    "Matmul Dot Einsum Tensordot Inner Outer Vdot Correlate CDist Attention AdditiveAttention".split()
)
_PRODUCTS |= {"DotProductAttention", "MultiHeadAttention", "GroupQueryAttention", "Kron", "Cross"}
_SEQUENCES = frozenset("RNN SimpleRNN GRU LSTM Bidirectional TimeDistributed ConvLSTM1D ConvLSTM2D ConvLSTM3D".split())
_PASSES = 3  # forward, gradients of activations, gradients of weights


@dataclass(frozen=True)
class Estimate:
    """Cost of one training, by the names of `settings.TrainingBudget`."""

    parameters: int
    flops: float  # floating-point operations
    epochs: int
    bytes: float  # of memory


def exceeded(cost: Estimate, budget: "TrainingBudget") -> str | None:
    """The message to a student whose training costs more than the budget; None where it does not."""
    if cost.parameters > budget.parameters:
        return english(
            "This training needs %(needed)s parameters; the assignment's budget is %(budget)s parameters.",
            needed=f"{cost.parameters:,.0f}",
            budget=f"{budget.parameters:,.0f}",
        )
    if cost.flops > budget.flops:
        return english(
            "This training needs about %(needed)s floating-point operations; the assignment's budget is about "
            "%(budget)s floating-point operations.",
            needed=f"{cost.flops:.3g}",
            budget=f"{budget.flops:.3g}",
        )
    if cost.epochs > budget.epochs:
        return english(
            "This training needs %(needed)s epochs; the assignment's budget is %(budget)s epochs.",
            needed=f"{cost.epochs:,.0f}",
            budget=f"{budget.epochs:,.0f}",
        )
    if cost.bytes > budget.bytes:
        return english(
            "This training needs about %(needed)s bytes of memory; the assignment's budget is about %(budget)s bytes "
            "of memory.",
            needed=f"{cost.bytes:,.0f}",
            budget=f"{budget.bytes:,.0f}",
        )
    return None


def estimate(model: Any, constants: int, samples: int, validated: int, batch: int, epochs: int, data: int) -> Estimate:
    """The cost of training a built `model`.

    `samples` and `validated`: of one epoch; `constants`: numbers in its configuration; `data`: bytes of its arrays.
    """
    parameters = sum(math.prod(variable.shape) for variable in model.weights) + constants
    forward, activations = _forward(model, 0)
    flops = forward * epochs * (_PASSES * samples + validated)
    memory = 4.0 * (6 * parameters + 2 * batch * activations) + 3.0 * data + 16.0 * (samples + validated)
    return Estimate(parameters, flops, epochs, memory)


def _forward(model: Any, depth: int) -> tuple[float, float]:
    """Floating-point operations of one sample, and numbers that all layers give for it."""
    inner = getattr(model, "_functional", None) or model
    flops = activations = 0.0
    # This graph's own calls: a layer also keeps those of graphs that a Sequential made on its way to this one.
    for node in (node for nodes in inner._nodes_by_depth.values() for node in nodes):
        operation = node.operation
        if not node.arguments.keras_tensors:
            continue
        given = sum(_size(tensor) for tensor in node.outputs)
        taken = [tuple(tensor.shape) for tensor in node.arguments.keras_tensors]
        activations += given
        if hasattr(getattr(operation, "_functional", None) or operation, "_nodes_by_depth") and depth < 50:
            more = _forward(operation, depth + 1)
            flops, activations = flops + more[0], activations + more[1]
        else:
            flops += _operation(operation, given, [tuple(tensor.shape) for tensor in node.outputs], taken)
    return flops, activations


def _operation(operation: Any, given: float, shapes: list[tuple[Any, ...]], taken: list[tuple[Any, ...]]) -> float:
    name = type(operation).__name__
    kernels = [v.shape for v in getattr(operation, "trainable_variables", ()) if len(v.shape) > 1]
    kernels += [v.shape for v in getattr(operation, "non_trainable_variables", ()) if len(v.shape) > 1]
    weights = float(sum(math.prod(shape) for shape in kernels))
    flops = given
    if name == "Embedding":
        return flops
    if name in _SEQUENCES:
        steps = max((shape[1] or 1 for shape in taken if len(shape) > 2), default=1)
        flops += 2.0 * weights * steps
    elif weights:
        largest = max(shapes, key=lambda shape: math.prod(n for n in shape[1:] if n), default=())
        positions = math.prod(n for n in largest[1:-1] if n)
        if "Transpose" in name:  # each place of the input is spread over the kernel
            positions = max((math.prod(n for n in shape[1:-1] if n) for shape in taken), default=1)
        flops += 2.0 * weights * positions
    if name in _PRODUCTS:
        flops += 2.0 * given * max((n or 1 for shape in taken for n in shape[1:]), default=1)
        if "Attention" in name:
            flops += 4.0 * given * max((n or 1 for shape in taken for n in shape[1:2]), default=1)
    return flops


def _size(tensor: Any) -> float:
    return float(math.prod(n for n in tensor.shape[1:] if n is not None))
