"""Names that code uses, and what the bodies of functions use."""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field

from autograder.examiner.statements import Scopes, family

BUILTIN = (str, bytes, tuple, frozenset, int, float, complex, range)
MAPPING = {"copy", "get", "items", "keys", "values"}
# Of NumPy's arrays, which may not be installed where this runs; but for what changes them, as `fill` and `sort` do.
ARRAY = {
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "base", "choose", "clip", "compress", "conj",
    "conjugate", "copy", "ctypes", "cumprod", "cumsum", "data", "device", "diagonal", "dot", "dtype", "dump", "dumps",
    "flags", "flat", "flatten", "getfield", "item", "itemsize", "max", "mean", "min", "mT", "nbytes", "ndim", "nonzero",
    "prod", "ravel", "repeat", "reshape", "round", "searchsorted", "shape", "size", "squeeze", "std", "strides", "sum",
    "swapaxes", "T", "take", "to_device", "tobytes", "tofile", "tolist", "trace", "transpose", "var", "view",
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
    {name for kind in BUILTIN for name in dir(kind) if not name.startswith("_")} - {"partition"}
    | ARRAY
    | MAPPING
    | DATA
    | MODEL
)

# Functions that leave what they are given as it is.
HARMLESS = {name for name in dir(builtins) if name.islower()} - {"delattr", "eval", "exec", "next", "setattr"}


Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
# What trains a model or makes one of another, by the names that libraries give it. A test judges a model by where its
# weights come from, which is known of the one in the student's kernel.
TRAINING = {
    "fit", "fit_generator", "fit_predict", "fit_transform", "partial_fit", "train_on_batch", "GradientTape",
    "apply_gradients", "backward", "clone_model", "load_model", "load_weights", "minimize",
}  # fmt: skip


@dataclass
class Uses:
    """Global names that some code uses."""

    reads: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)  # deletes as well
    changes: set[str] = field(default_factory=set)  # an item or attribute is set or deleted
    calls: set[str] = field(default_factory=set)  # a method is called that may change its object
    trains: bool = False  # something of `TRAINING` is used

    def add(self, other: "Uses") -> None:
        """What `other` uses is used as well."""
        self.reads |= other.reads
        self.binds |= other.binds
        self.changes |= other.changes
        self.calls |= other.calls
        self.trains = self.trains or other.trains


@dataclass
class Effects:
    """What a top-level statement does.

    `now` has what it does itself, without reading names that it bound before. `mentions` are names that it gives on
    without running anything, as `tests = [check_a, check_b]`. `later` has what is done once what it binds is called.
    `called` are names that it calls; `passed` has a function's name and that of what it is given and may change:
    `setattr(x, "a", 1)`.
    """

    now: Uses = field(default_factory=Uses)
    mentions: set[str] = field(default_factory=set)
    later: Uses = field(default_factory=Uses)
    called: set[str] = field(default_factory=set)
    passed: set[tuple[str, str]] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)  # names bound by import statements; "*" as such
    defines: set[str] = field(default_factory=set)  # names bound by `def` and `class`
    sure: set[str] = field(default_factory=set)  # names bound whichever way it goes
    modules: set[str] = field(default_factory=set)  # modules that it imports, in functions as well


def body_uses(node: Function, scopes: Scopes) -> Uses:
    """What the body of a function uses when it is called."""
    uses = Uses()
    key = getattr(node, "name", "lambda"), node.lineno
    for table in (inner for scope in scopes.get(key, []) for inner in family(scope)):
        for symbol in table.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                uses.reads.add(symbol.get_name())
            if symbol.is_global() and (symbol.is_assigned() or symbol.is_imported()):
                uses.binds.add(symbol.get_name())
    known = uses.reads | uses.binds
    for inner in _inside(node):
        match inner:
            case ast.AugAssign(target=ast.Name(id=name)) if name in uses.binds:
                uses.reads.add(name)
            case ast.Attribute(value=value) | ast.Subscript(value=value) if not isinstance(inner.ctx, ast.Load):
                uses.changes |= {root(value) or ""} & known
            case ast.Attribute(attr=attribute) if attribute in TRAINING:
                uses.trains = True
            case ast.Call() if may_change(inner):
                uses.calls |= {root(inner.func) or ""} & known
    return uses


def body_modules(node: Function) -> set[str]:
    """Modules that the body of a function imports."""
    found = set()
    for inner in _inside(node):
        match inner:
            case ast.Import():
                found |= {alias.name for alias in inner.names}
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module)
    return found


def _inside(node: Function) -> Iterator[ast.AST]:
    for part in [node.body] if isinstance(node, ast.Lambda) else node.body:
        yield from ast.walk(part)


def root(node: ast.AST) -> str | None:
    """The name at the root of `a` and `a.b[c]`; what a call gives is taken for an object of its own."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def may_change(call: ast.Call) -> bool:
    """Whether `call` is that of a method that may change its object."""
    if not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr not in PURE or any(keyword.arg == "inplace" for keyword in call.keywords)


def passed(call: ast.Call) -> set[tuple[str, str]]:
    """The name at the root of what is called, with each name whose object it is given and may change."""
    harmless = isinstance(call.func, ast.Name) and call.func.id in HARMLESS
    if harmless or (isinstance(call.func, ast.Attribute) and not may_change(call)):
        return set()
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return {(root(call.func) or "", argument.id) for argument in given if isinstance(argument, ast.Name)}
