"""What a test does that can't be done from another process, and how to rewrite it: a sentence for each kind.

The kind is read off what the test said when it failed in isolation, else off its text; the latter is a guess.
"""

import enum
import re


class Refusal(enum.Enum):
    """Why a test can't be graded in isolation: what it does, and what it can do instead."""

    THREAD = ("it calls the student's code from another thread or process", "call it directly")
    PROCESS = (
        "it changes its own process (environment, folder, recursion limit), but the student's code runs in another one",
        "pass the value as an argument, or set it in a locked cell, which runs in both processes",
    )
    PICKLED = ("it pickles an object of the student's", "compare the object's attributes")
    RECORDED = (
        "it relies on what its own process records (log records, floating-point errors)",
        "have the function return, raise, or print something",
    )
    OUTSIDE = ("it uses a file outside the work folder", "use a relative path: those files are the same on both sides")
    OPEN_FILE = (
        "it passes an open file to the student's code",
        "pass the file's path, or look at what the function returns",
    )
    METHOD = (
        "it adds a function of its own to a class of the student's",
        "derive a class from that class, with the function as a method",
    )
    CHANGED = (
        "the student's code changes an object of the test's",
        "have it return a new object, or change a list, a set, a dict, or an array",
    )
    GIVEN = (
        "it passes an object that isn't plain data to the student's code",
        "pass data, a function, or an object of a class that the notebook or a module of the course defines, or have "
        "the student's code make the object",
    )
    SIZE = ("a value that it passes or receives is too large", "compare a part of it, its length, or a sum")
    MODEL = (
        "it looks into a model that is not made of Keras's own layers and functions",
        "require those, or set `c.Grading.model_handles = True` and look only at the model's predictions",
    )
    PLAIN = (
        "the reference solution fails it even next to the student's code, as in plain nbgrader",
        "make it pass there first",
    )
    OTHERWISE = (
        "what it looks at is different when test and student's code are in two processes",
        "look at what the student's functions return: numbers, strings, lists, arrays (docs/styles-of-tests.md)",
    )

    @property
    def does(self) -> str:
        """What the test does."""
        return str(self.value[0])

    @property
    def instead(self) -> str:
        """What it can do instead."""
        return str(self.value[1])


# Of more than one that fits, the first one. What only a test's text can tell is at the end.
_SIGNS = {
    Refusal.THREAD: r"only the thread that runs the cell|\bThread\(|PoolExecutor|\bmultiprocessing\b",
    Refusal.METHOD: r"missing \d+ required positional arguments?: 'self'",
    Refusal.CHANGED: r"\b(?:setattr|delattr) of the test's",
    Refusal.GIVEN: r"can't be given to the submitted code|of the test's \w+ is not allowed",
    Refusal.OPEN_FILE: r"AttributeError: (?:write|read|seek|flush|close)(?:line|lines)?$",
    Refusal.MODEL: r"\bModelError\b|\bcan't cross\b",
    Refusal.SIZE: r"RpcError: (?:more than [\d,]+|nested deeper)",
    Refusal.PICKLED: r"PicklingError|\bpickle\b|\bmarshal\b|\bshelve\b",
    Refusal.RECORDED: r"\blogging\b|\bcaplog\b|\bassertLogs\b|\berrstate\b|\bseterr\b",
    Refusal.OUTSIDE: r"\btempfile\b|\btmp_path\b|['\"]/tmp\b",
    Refusal.PROCESS: r"\benviron\b|\bputenv\b|\bsys\.(?:argv|path|std(?:in|out))\b|\bchdir\(|\bsetrecursionlimit\b"
    r"|RecursionError|\bsetlocale\b",
}


def refusal(said: str, test: str) -> tuple[Refusal, bool]:
    """The kind of a refusal, and whether what was said tells it; else it is guessed from the test's text.

    `said`: the exception that ended the test in isolation, and the line that failed, empty where it passed; `test`: the
    text of its cell.
    """
    if not said.strip():
        return Refusal.PLAIN, True
    for text, sure in ((said, True), (test, False)):
        for kind, sign in _SIGNS.items():
            if re.search(sign, text, re.MULTILINE):
                return kind, sure
    return Refusal.OTHERWISE, True


def advice(said: str, test: str) -> str:
    """What the test does that can't be done from another process, and how to rewrite it; arguments as `refusal`'s."""
    kind, sure = refusal(said, test)
    return f"{'' if sure else 'probably '}{kind.does}; {kind.instead}"
