"""In the examiner nothing is unpickled but plain arrays: a file that a test reads may be a student's."""

import sys
from typing import Any

HARMLESS = {
    "builtins": {"complex", "bytearray", "set", "frozenset", "range", "slice", "list", "dict", "int", "float", "str"},
    "collections": {"OrderedDict", "Counter", "deque", "defaultdict"},
    "datetime": {"date", "datetime", "timedelta"},
    "decimal": {"Decimal"},
    "_codecs": {"encode"},
    "copyreg": {"__newobj__"},
}
NUMPY = {"_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"}
_guarded: list[bool] = []


def guard_loading() -> None:
    """From now on, in this process, unpickling anything but plain data raises RuntimeError."""
    if not _guarded:
        _guarded.append(True)
        sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "pickle.find_class":
        return
    module, name = str(arguments[0]), str(arguments[1])
    if name in HARMLESS.get(module, ()) or (module.split(".")[0] == "numpy" and name in NUMPY):
        return
    raise RuntimeError(f"a file here can't be unpickled: it asks for {module}.{name}")
