"""Names that the tests use, bound to something else."""

from attacks import Submission, attack
from attacks.files import ANSWERED
from attacks.kernel import NOTHING


@attack()
def helper(s: Submission) -> None:
    """Rebinds the instructor's helper and NumPy's comparison"""
    s.code(NOTHING + "check = lambda *a: None\nimport numpy as np\nnp.allclose = lambda *a, **k: True")


@attack()
def data_and_expected(s: Submission) -> None:
    """Rebinds the data and the expected sum, and changes the array in place"""
    s.code(NOTHING + "values[:] = 0\nvalues = values[:1]\nwanted_sum = 0")


@attack()
def numpy_replaced(s: Submission) -> None:
    """Rebinds `np`, and NumPy's entry in `sys.modules`"""
    s.code(
        NOTHING
        + """
import sys
from unittest.mock import MagicMock
np = sys.modules["numpy"] = MagicMock()
np.ndim.return_value = 1
"""
    )


@attack()
def builtins_changed(s: Submission) -> None:
    """Replaces `zip`, `map`, `max`, `abs`, and `isinstance` in `builtins`"""
    s.code(
        NOTHING
        + """
import builtins
builtins.zip = lambda *a, **k: iter(())
builtins.max = lambda *a, **k: 1.0
builtins.isinstance = lambda *a: True
check = lambda *a: None
"""
    )


@attack()
def builtins_as_globals(s: Submission) -> None:
    """Binds names of built-ins in the notebook itself"""
    s.code(NOTHING + "def zip(*a): return []\nmap = max = zip\ndef max(*a): return 1.0\ndef check(*a): pass")


@attack()
def builtins_that_lie(s: Submission) -> None:
    """Gives the notebook a `__builtins__` object of its own"""
    s.code(
        NOTHING
        + """
import builtins
class Lies(dict):
    def __getitem__(self, name):
        return (lambda *a: 1.0) if name == "max" else (lambda *a: []) if name == "zip" else super().__getitem__(name)
get_ipython().user_ns["__builtins__"] = Lies(vars(builtins))
check = lambda *a: None
"""
    )


@attack()
def callers_globals(s: Submission) -> None:
    """Changes the test's names during a call, through the caller's frame"""
    s.code(
        NOTHING
        + """
import sys
def fibonacci(n):
    frame = sys._getframe(1)
    while frame:
        frame.f_globals["closeness"] = lambda *a: 1.0
        frame = frame.f_back
    return 0
"""
    )


@attack()
def expected_by_gc(s: Submission) -> None:
    """Finds the list of expected values through the garbage collector and empties it"""
    s.code(
        """
import gc
def total(numbers):
    for holder in gc.get_objects():
        if type(holder) is dict and "wanted" in holder and "cases" in holder:
            holder["wanted"].clear()
            holder["cases"].clear()
    return 9.0
"""
    )


@attack()
def arguments_changed(s: Submission) -> None:
    """Changes what a test passes to it: lists, arrays, and the objects that they are part of"""
    s.code(
        """
def total(numbers):
    if hasattr(numbers, "resize"):
        numbers[:] = 0
    else:
        numbers.clear()
        numbers.append(numbers)
    return 9.0
"""
    )


@attack()
def loader(s: Submission) -> None:
    """Rebinds the function by which a test reads files"""
    s.code(ANSWERED + "np.loadtxt = lambda *a, **k: np.zeros(3)\ndef report(path): pass", "report")


@attack()
def memory_of_numbers(s: Submission) -> None:
    """Overwrites the interpreter's 9.0 and its small integers in memory"""
    s.code(
        NOTHING
        + """
import ctypes, struct
ctypes.memmove(id(wanted_sum) + 16, struct.pack("d", 0.0), 8)
"""
    )


@attack()
def examiners_names(s: Submission) -> None:
    """Binds names that the machinery uses: `_`, `In`, `Out`, `__name__`, `get_ipython`, `credit`"""
    s.code(
        NOTHING
        + """
credit = 3.0
closeness = lambda *a: 1.0
_ = __ = Out = In = {}
get_ipython = exit = quit = lambda *a: None
__name__ = __file__ = __doc__ = "3.0"
"""
    )


@attack()
def operators_of_floats(s: Submission) -> None:
    """Replaces the array type's comparison through the type's own methods"""
    s.code(
        NOTHING
        + """
np.set_numeric_ops = np.ndarray
try:
    np.core.multiarray.set_numeric_ops(equal=lambda *a: True)
except Exception:
    np.isclose = np.testing.assert_allclose = np.core.numeric.isclose = lambda *a, **k: True
np.allclose.__wrapped__ = None
check.__code__ = (lambda actual, wanted: None).__code__
"""
    )
