"""Methods that leave the object they are called on as it is.

A method's name is all that a notebook's text tells. `y_test.argmax(1)` in a reference solution must not make the
labels the student's, so what is known to only read is listed; any other method may change its object.
"""

import builtins

import numpy as np

BUILTIN = (str, bytes, tuple, frozenset, int, float, complex, range)
MAPPING = {"copy", "get", "items", "keys", "values"}
ARRAY_MUTATORS = {
    "byteswap", "fill", "itemset", "partition", "put", "resize", "setfield", "setflags", "sort",
}  # fmt: skip
# Beyond the built-in types and arrays: what notebooks call on data and models that an instructor gives. Methods with
# an argument `inplace` are here as well: see `names`.
DATA = {
    "agg", "describe", "drop", "drop_duplicates", "dropna", "fillna", "groupby", "head", "isin", "isna", "isnull",
    "merge", "notna", "nunique", "pivot_table", "quantile", "query", "rename", "reset_index", "sample", "set_index",
    "sort_index", "sort_values", "tail", "to_dict", "to_list", "to_numpy", "unique", "value_counts",
    "as_numpy_iterator", "batch", "prefetch", "skip", "take", "numpy",
}  # fmt: skip
MODEL = {
    "count_params", "decision_function", "evaluate", "get_config", "get_layer", "get_params", "get_weights", "predict",
    "predict_proba", "score", "summary",
}  # fmt: skip

PURE = (
    {name for kind in (*BUILTIN, np.ndarray) for name in dir(kind) if not name.startswith("_")} - ARRAY_MUTATORS
    | MAPPING
    | DATA
    | MODEL
)

# Functions that leave what they are given as it is.
HARMLESS = {name for name in dir(builtins) if name.islower()} - {"delattr", "eval", "exec", "next", "setattr"}
