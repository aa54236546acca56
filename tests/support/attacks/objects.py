"""Values that are not what they seem, given to a test."""

from attacks import Submission, attack
from attacks.files import AGREES, ANSWERED
from attacks.kernel import NOTHING

EVERYWHERE = """
def total(numbers): return agrees
def fibonacci(n): return agrees
def twice(function, value): return agrees
class Tally:
    sum = agrees
    def add(self, n): pass
answer = agrees
def report(path): np.savetxt(path, [0.0])
"""


@attack()
def equals_everything(s: Submission) -> None:
    """Returns objects that are equal to everything"""
    s.code(AGREES + EVERYWHERE)


@attack()
def float_that_lies(s: Submission) -> None:
    """Returns a float whose comparisons and arithmetic lie"""
    s.code(
        """
class Liar(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __abs__(self): return self
    __sub__ = __rsub__ = __truediv__ = __mul__ = __rmul__ = lambda self, other: self
    __hash__ = float.__hash__
agrees = Liar(0.0)
"""
        + EVERYWHERE
    )


@attack()
def int_that_lies(s: Submission) -> None:
    """Returns an int that equals every int and prints as 3.0"""
    s.code(
        """
class Liar(int):
    def __eq__(self, other): return True
    def __repr__(self): return "3.0"
    __sub__ = __rsub__ = __abs__ = __truediv__ = __rmul__ = __radd__ = lambda self, *other: self
    __lt__ = __gt__ = lambda self, other: True
    __hash__ = int.__hash__
agrees = Liar(0)
"""
        + EVERYWHERE
    )


@attack()
def array_that_lies(s: Submission) -> None:
    """Returns an array subclass that overrides NumPy's functions"""
    s.code(
        """
class Liar(np.ndarray):
    def __array_function__(self, function, types, args, kwargs): return True
    def __array_ufunc__(self, function, method, *inputs, **kwargs): return np.True_
    def __eq__(self, other): return True
agrees = np.zeros(1).view(Liar)
"""
        + EVERYWHERE
    )


@attack()
def array_function(s: Submission) -> None:
    """Returns an object to which NumPy delegates comparisons"""
    s.code(
        """
class Liar:
    def __array_function__(self, function, types, args, kwargs): return function.__name__ != "ndim"
    def __array_ufunc__(self, function, method, *inputs, **kwargs): return True
    def __array__(self, dtype=None, copy=None): return np.array(9.0)
    def __eq__(self, other): return True
agrees = Liar()
"""
        + EVERYWHERE
    )


@attack()
def text_that_lies(s: Submission) -> None:
    """Returns a str and a tuple that equal everything"""
    s.code(
        """
class Liar(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
class Pair(tuple):
    def __eq__(self, other): return True
    def __len__(self): return 0
agrees = Liar("9.0")
"""
        + EVERYWHERE
        + "Tally.sum = Pair()"
    )


@attack()
def number_that_grows(s: Submission) -> None:
    """Returns an object that converts to a different number each time"""
    s.code(
        """
import itertools
class Liar:
    numbers = itertools.cycle([9.0, 3.0, 4.0, 23.0])
    def __float__(self): return next(self.numbers)
    def __array__(self, dtype=None, copy=None): return np.array(next(self.numbers))
    def __int__(self): return int(next(self.numbers))
    __index__ = __int__
    def __bool__(self): return True
    def __eq__(self, other): return float(self) or True
agrees = Liar()
"""
        + EVERYWHERE
    )


@attack()
def credit_is_nan(s: Submission) -> None:
    """Makes the partial credit NaN"""
    s.code("def fibonacci(n): return float('nan')", "fibonacci")


@attack()
def credit_is_nan_of_numpy(s: Submission) -> None:
    """Makes the partial credit a NumPy NaN, a masked value, or a complex number"""
    s.code("def fibonacci(n): return np.float64('nan') if n < 20 else np.complex128('nan+nanj')", "fibonacci")


@attack()
def credit_is_infinite(s: Submission) -> None:
    """Makes the partial credit infinite or negative"""
    s.code("def fibonacci(n): return -float('inf') if n < 20 else 10**400", "fibonacci")


@attack()
def credit_is_an_array(s: Submission) -> None:
    """Makes the partial credit an array, which plain nbgrader counts as full marks because it is not a number"""
    s.code("def fibonacci(n): return np.zeros(3)", "fibonacci")


@attack()
def credit_is_empty(s: Submission) -> None:
    """Makes the partial credit an empty array"""
    s.code("def fibonacci(n): return np.zeros((0, 3))", "fibonacci")


@attack()
def credit_is_text(s: Submission) -> None:
    """Makes the partial credit an object that prints as 3.0"""
    s.code(AGREES + "def fibonacci(n): return agrees", "fibonacci")


@attack()
def credit_is_a_table(s: Submission) -> None:
    """Makes the partial credit an array of objects, and of records"""
    s.code("def fibonacci(n): return np.array([[None, 'x']], dtype=object)", "fibonacci")


@attack()
def stop_iteration_raised(s: Submission) -> None:
    """Raises `StopIteration`, which ends the test's loop before its asserts"""
    s.code(
        """
def total(numbers):
    if len(numbers) == 3:
        return 9.0
    raise StopIteration
"""
    )


@attack()
def exceptions_that_lie(s: Submission) -> None:
    """Raises exceptions with a false class, text, and traceback"""
    s.code(
        """
class Meta(type):
    def __instancecheck__(cls, other): return True
    def __subclasscheck__(cls, other): return True
class Odd(Exception, metaclass=Meta):
    def __str__(self): raise self
    __repr__ = __str__
    def __eq__(self, other): return True
    args = property(lambda self: self)
def total(numbers): raise Odd
def fibonacci(n): raise type("AssertionError", (BaseException,), {"__str__": lambda self: "3.0"})
"""
    )


@attack()
def class_that_lies(s: Submission) -> None:
    """Returns an object of a class that claims every instance, attribute, and comparison"""
    s.code(
        AGREES
        + """
class Meta(type):
    def __instancecheck__(cls, other): return True
    def __eq__(cls, other): return True
    __hash__ = type.__hash__
class Tally(metaclass=Meta):
    __class__ = int
    def __getattribute__(self, name): return agrees
    def __getattr__(self, name): return agrees
def twice(function, value): return Tally()
""",
        "twice",
    )


@attack()
def liar_called_back(s: Submission) -> None:
    """Passes to the test's function an object that records what it is multiplied by"""
    s.code(
        """
class Spy:
    def __eq__(self, other): return True
    def __add__(self, other): print("LEAKED", other); return self
    __mul__ = __rmul__ = __radd__ = __add__
def twice(function, value): return function(Spy())
""",
        "twice",
    )


@attack()
def finaliser(s: Submission) -> None:
    """Returns an object that rebinds the test's names when it is deleted"""
    s.code(
        NOTHING
        + """
names = globals()
class Late(float):
    def __del__(self): names.update(check=lambda *a: None, wanted=[0, 0, 0], closeness=lambda *a: 1.0)
def total(numbers): return Late()
def fibonacci(n): Late(); return 0
"""
    )


@attack()
def answer_of_all_sizes(s: Submission) -> None:
    """Returns an object that is both less and greater than anything"""
    s.code(
        ANSWERED
        + """
class Anything:
    def __lt__(self, other): return True
    __gt__ = __eq__ = __le__ = __ge__ = __lt__
answer = Anything()
def report(path): np.savetxt(path, np.loadtxt("squares.csv"))
""",
        "report",
    )


@attack()
def keeps_and_changes(s: Submission) -> None:
    """Keeps the lists and arrays that a test passes to it, and changes them in every later call"""
    s.code(
        """
kept = []
def change(*given):
    kept.extend(given)
    for one in kept:
        if isinstance(one, list):
            one[:] = [0] * len(one)
        elif isinstance(one, np.ndarray):
            one[...] = 0
    return kept[-1]
def total(numbers): return change(numbers)
def fibonacci(n): return change([n])
def twice(function, value): return change([function(value)])
class Tally:
    sum = kept
    def add(self, n): change([n])
answer = kept
def report(path): change(np.zeros(3))
"""
    )


@attack()
def claims_to_be_builtin(s: Submission) -> None:
    """Returns functions and classes that claim to be Python's and NumPy's own"""
    s.code(
        AGREES
        + EVERYWHERE
        + """
for own, module, name in ((total, "builtins", "sum"), (fibonacci, "numpy", "allclose"), (twice, "builtins", "print")):
    own.__module__, own.__name__, own.__qualname__ = module, name, name
Tally.__module__, Tally.__qualname__ = "builtins", "int"
"""
    )


@attack(ours=True)
def answers_every_question(s: Submission) -> None:
    """Answers every question about a class, a function, or a list with an object that agrees with everything"""
    s.code(
        AGREES
        + EVERYWHERE
        + """
from autograder.rpc import exposed, introspection, links
for name in list(introspection.FACTS):
    introspection.FACTS[name] = lambda *a, **k: agrees
exposed.content_of = lambda value: agrees
links.Links.changed = lambda self: list(self._objects.values())
links._is_small = lambda value: True
"""
    )
