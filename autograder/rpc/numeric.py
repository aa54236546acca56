"""What the codec knows of NumPy, tensors, random generators, and pandas: to recognize them, and to rebuild them.

An array crosses as dtype, shape, and a buffer with its elements, row by row. `named_dtype`, `shape_of` and the
`rebuild` functions read what an untrusted side sent: each checks all of it before it allocates, and raises RpcError.
"""

import math
import sys
from typing import TYPE_CHECKING, Any

from autograder.common.language import english
from autograder.rpc.builtin_names import MAX_ELEMENTS
from autograder.rpc.frames import RpcError

if TYPE_CHECKING:
    import numpy as np

KINDS = "biufcSUMm"
NAMED = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4")  # of ml_dtypes; NumPy calls them all void
BIT_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
MAX_DIMENSIONS = 32
MAX_ITEM = 1 << 20  # bytes of an element


def loaded(name: str) -> Any:
    """The module if something here has imported it, else None: a value of its can't exist without."""
    return sys.modules.get(name)


def dtype_text(dtype: "np.dtype[Any]") -> Any:
    """The dtype as JSON: its string, its name for ml_dtypes, a list of (name, dtype, shape) for records."""
    if dtype.name in NAMED:
        return dtype.name
    if dtype.fields is not None:
        parts = [(name, dtype.fields[name][0]) for name in dtype.names or ()]
        return [[name, dtype_text(part.base), list(part.shape)] for name, part in parts]
    if dtype.kind not in KINDS or dtype.hasobject:
        raise RpcError(english("an array of dtype %(dtype)s can't cross", dtype=dtype))
    return dtype.str


def named_dtype(text: Any, depth: int = 0) -> "np.dtype[Any]":
    """The dtype that `dtype_text` described. Raises RpcError for anything else, objects and huge records too."""
    import numpy as np

    if isinstance(text, list) and depth < 4 and 0 < len(text) <= 1000:
        parts = []
        for part in text:
            if not (isinstance(part, list) and len(part) == 3 and isinstance(part[0], str)):
                raise RpcError("malformed dtype of a record")
            parts.append((part[0], named_dtype(part[1], depth + 1), shape_of(part[2])))
        try:
            record = np.dtype(parts)
        except (TypeError, ValueError) as error:
            raise RpcError(f"malformed dtype of a record: {error}") from None
        if record.itemsize > MAX_ITEM:
            raise RpcError(english("a record of %(count)s bytes", count=f"{record.itemsize:,}"))
        return record
    if not isinstance(text, str) or len(text) > 40:
        raise RpcError("malformed dtype")
    try:
        if text in NAMED:
            import ml_dtypes

            named: np.dtype[Any] = np.dtype(getattr(ml_dtypes, text))
            return named
        dtype = np.dtype(text)
    except (TypeError, ValueError, ImportError, SyntaxError):
        raise RpcError(f"malformed dtype: {text!r}") from None
    if dtype.kind not in KINDS or dtype.hasobject or dtype.str != text or dtype.itemsize > MAX_ITEM:
        raise RpcError(english("an array of dtype %(dtype)s can't cross", dtype=repr(text)))
    return dtype


def shape_of(value: Any) -> tuple[int, ...]:
    """`value` as a shape, of at most 32 dimensions. Raises RpcError where it is malformed."""
    if not (isinstance(value, list) and len(value) <= MAX_DIMENSIONS):
        raise RpcError("malformed shape")
    if not all(type(n) is int and 0 <= n < 1 << 40 for n in value):
        raise RpcError("malformed shape")
    return tuple(value)


def bounded_shape(value: Any) -> tuple[int, ...]:
    """`value` as an array's shape. Raises RpcError where it is malformed, or stands for more than `MAX_ELEMENTS`."""
    sizes = shape_of(value)
    if math.prod(max(size, 1) for size in sizes) > MAX_ELEMENTS:
        raise RpcError(english("an array of shape %(shape)s", shape=sizes))
    return sizes


def row_of(scalars: "list[Any]") -> Any:
    """NumPy scalars of one type as a one-dimensional array of that type; None where they are not numbers."""
    import numpy as np

    return np.array(scalars) if isinstance(scalars[0], np.number | np.bool_) else None


def rebuild_array(dtype: Any, shape: Any, data: bytearray) -> "np.ndarray[Any, Any]":
    """The array, in the memory of `data`. Raises RpcError unless that has just the bytes which dtype and shape need."""
    import numpy as np

    kind, sizes = named_dtype(dtype), bounded_shape(shape)
    if math.prod(sizes) * kind.itemsize != len(data):
        raise RpcError(
            english(
                "an array of shape %(shape)s and dtype %(dtype)s with %(count)s bytes",
                shape=sizes,
                dtype=kind,
                count=len(data),
            )
        )
    if not data:
        return np.zeros(sizes, kind)
    return np.frombuffer(data, np.uint8).view(kind).reshape(sizes)


def is_tensor(value: Any) -> bool:
    """Whether `value` is a tensor or variable of a framework that is loaded here."""
    tensorflow, torch, keras = loaded("tensorflow"), loaded("torch"), loaded("keras")
    if tensorflow is not None and isinstance(value, tensorflow.Tensor | tensorflow.Variable):
        return hasattr(value, "numpy")
    if keras is not None and hasattr(keras, "Variable") and isinstance(value, keras.Variable):
        return True
    return torch is not None and isinstance(value, torch.Tensor)


def is_table(value: Any) -> bool:
    """Whether `value` is a table of pandas that may be changed."""
    pandas = loaded("pandas")
    return pandas is not None and type(value) in (pandas.DataFrame, pandas.Series)


def tensor_array(value: Any) -> tuple[str, Any]:
    """The framework of a tensor, and its elements as an array."""
    import numpy as np

    if loaded("torch") is not None and isinstance(value, sys.modules["torch"].Tensor):
        return "torch", value.detach().cpu().numpy()
    if loaded("tensorflow") is not None and isinstance(value, sys.modules["tensorflow"].Variable):
        value = value.value()
    return "tensorflow", np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def rebuild_tensor(framework: Any, array: Any) -> Any:
    """A tensor of those elements. Raises RpcError where its framework isn't loaded here, or can't have that dtype."""
    module = loaded(framework) if framework in ("torch", "tensorflow") else None
    if module is None:
        raise RpcError(
            english(
                "a tensor of %(framework)s, which the instructor's notebook doesn't import", framework=repr(framework)
            )
        )
    try:
        return module.from_numpy(array) if framework == "torch" else module.convert_to_tensor(array)
    except (TypeError, ValueError) as error:
        raise RpcError(f"malformed tensor: {error}") from None


def random_state(value: Any) -> tuple[str, Any] | None:
    """Kind and state of a random generator, to draw the same numbers elsewhere; None where it is not a known one."""
    numpy, random = loaded("numpy"), loaded("random")
    if numpy is not None and type(value) is numpy.random.Generator:
        kind = type(value.bit_generator).__name__
        return (kind, value.bit_generator.state) if kind in BIT_GENERATORS else None
    if numpy is not None and type(value) is numpy.random.RandomState:
        return "RandomState", value.get_state()
    if random is not None and type(value) is random.Random:
        return "Random", value.getstate()
    return None


def rebuild_random(kind: Any, state: Any, into: Any = None) -> Any:
    """A generator in that state: `into` where it is of that kind, else a new one. Raises RpcError if malformed."""
    import random

    result: Any
    try:
        if kind == "Random":
            result = into if type(into) is random.Random else random.Random()
            result.setstate(state)
            return result
        import numpy as np

        if kind == "RandomState":
            result = into if type(into) is np.random.RandomState else np.random.RandomState(0)
            result.set_state(state)
        elif kind in BIT_GENERATORS:
            fits = type(into) is np.random.Generator and type(into.bit_generator).__name__ == kind
            result = into if fits else np.random.Generator(getattr(np.random, kind)(0))
            result.bit_generator.state = state
        else:
            raise RpcError(english("a random generator of kind %(kind)s", kind=repr(kind)))
    except (TypeError, ValueError, KeyError, IndexError, OverflowError, AttributeError) as error:
        raise RpcError(f"malformed state of a random generator: {error}") from None
    return result
