"""Arrays as bytes, and their digests."""

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def packed(dtype: "np.dtype[Any]") -> "np.dtype[Any]":
    """A structured dtype with the same fields and no padding between them; any other dtype as it is."""
    import numpy as np

    if dtype.fields is None:
        return dtype
    parts = [(name, dtype.fields[name][0]) for name in dtype.names or ()]
    return np.dtype([(name, packed(part.base), part.shape) for name, part in parts])


def array_bytes(array: "np.ndarray[Any, Any]") -> memoryview:
    """The elements of `array` in C order, without padding; their memory where they lie so already, else a copy."""
    import numpy as np

    if array.dtype.fields is not None:
        array = array.astype(packed(array.dtype))
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(np.uint8).data if flat.size and flat.itemsize else memoryview(b"")


def array_digest(array: Any) -> str:
    """SHA-256 of an array: of its dtype, its shape and its elements."""
    found = hashlib.sha256(f"{array.dtype.name}{list(array.shape)}".encode())
    found.update(array_bytes(array))
    return found.hexdigest()


def is_informative(array: Any) -> bool:
    """Whether an array can carry what somebody else has learnt: not a seed, a counter, nor one value all over."""
    return bool(array.size > 2 and (array != array.reshape(-1)[0]).any())
