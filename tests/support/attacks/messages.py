"""A candidate whose end of the RPC socket is the student's own: any frame may come, at any time."""

from attacks import Submission, attack
from attacks.kernel import NOTHING

# `forge(peer, message)` gives a reply (and buffers) to send in the place of the genuine one, or None.
FORGE = """
import json, sys
import autograder.rpc.peer, autograder.rpc.proxies, autograder.kernel.agent
frames, Peer = autograder.rpc.frames, autograder.rpc.peer.Peer
genuine, found = Peer._answer, []
def forge(peer, message): return None
def _answer(peer, message, buffers):
    reply = forge(peer, message)
    if reply is None:
        return genuine(peer, message, buffers)
    frames.send(peer._channel._socket, {"n": [], **reply}, [])
Peer._answer = _answer
def ask(peer, op, h=None, nodes=(), a=(), **more):
    nodes = [*nodes, {"t": "list", "v": list(a)}, {"t": "dict", "v": []}]
    request = {"op": op, "h": h, "a": [len(nodes) - 2], "k": [len(nodes) - 1], "n": nodes, **more}
    frames.send(peer._channel._socket, request, [])
    while True:
        answer, buffers = frames.receive(peer._channel._socket)
        if "re" in answer:
            return answer, buffers
def called(message): return message["op"] == "__call__"
"""
TOLD = 'print("LEAKED" if found else "nothing found")'


def wired(s: Submission, code: str) -> None:
    """A submission that answers the tests by this code."""
    s.code(NOTHING + FORGE + code)


@attack(ours=True)
def names_not_asked_for(s: Submission) -> None:
    """Answers a request for the student's names with the test's own: helper, data, NumPy"""
    wired(
        s,
        """
def forge(peer, message):
    if message["op"] != "fetch": return None
    names = [*message["names"], "np", "check", "wanted_sum", "values", "wanted", "cases", "closeness", "credit"]
    nodes = [{"t": "handle", "h": 0, "o": ["__call__"], "n": "function", "m": []}]
    nodes += [{"t": "dict", "v": [[name, [0]] for name in names]}, {"t": "dict", "v": []}]
    nodes += [{"t": "list", "v": [[1], [2]]}]
    return {"re": "ok", "v": [3], "n": nodes}
""",
    )


@attack(ours=True)
def changes_of_everything(s: Submission) -> None:
    """Claims that a call emptied every object in the request"""
    wired(
        s,
        """
def forge(peer, message):
    if not called(message): return None
    changed = [[n, [0]] for n, node in enumerate(message["n"]) if node["t"] == "list"]
    found.append(1)
    return {"re": "ok", "v": 9.0 if len(found) == 1 else 0, "changed": changed, "n": [{"t": "list", "v": []}]}
""",
    )


@attack(ours=True)
def changes_of_nothing(s: Submission) -> None:
    """Claims that a call changed objects that were never passed to it"""
    wired(
        s,
        """
def forge(peer, message):
    if not called(message): return None
    return {"re": "ok", "v": 9.0, "changed": [[n, [0]] for n in (-1, 5, 10**6)], "n": [{"t": "list", "v": []}]}
""",
    )


@attack(ours=True)
def wrong_numbers(s: Submission) -> None:
    """Answers with handles that have every possible number, as if they were the test's own objects"""
    wired(
        s,
        """
numbers = iter([-1, True, "0", 2**70, None, *range(100)])
def forge(peer, message):
    if not called(message): return None
    return {"re": "ok", "v": [0], "n": [{"t": "yours", "h": next(numbers)}]}
""",
    )


@attack(ours=True)
def tests_own_function(s: Submission) -> None:
    """Returns the test's own function as the result of a call"""
    wired(
        s,
        """
def forge(peer, message):
    if not called(message): return None
    given = [node["h"] for node in message["n"] if node["t"] in ("handle", "import")]
    return {"re": "ok", "v": [0], "n": [{"t": "yours", "h": given[0]}]} if given else None
""",
    )


@attack(ours=True)
def imports_there(s: Submission) -> None:
    """Answers with functions for the examiner to import: `os.system`, `builtins.eval`"""
    wired(
        s,
        """
wanted = iter([("os", "system"), ("builtins", "eval"), ("builtins", "print"), ("operator", "eq")] * 20)
def forge(peer, message):
    if not called(message): return None
    module, name = next(wanted)
    node = {"t": "import", "m": module, "q": name, "h": 3, "o": ["__call__", "__eq__"], "n": "function"}
    return {"re": "ok", "v": [0], "n": [node]}
""",
    )


@attack(ours=True)
def names_of_the_examiner(s: Submission) -> None:
    """Asks the examiner for its names while it is waiting"""
    wired(
        s,
        """
def forge(peer, message):
    if not called(message): return None
    answer, _ = ask(peer, "fetch", names=["wanted", "wanted_sum", "cases", "np", "key", "check"])
    found.extend([answer] if answer.get("re") == "ok" else [])
""",
    )
    s.append(TOLD)


@attack(ours=True)
def inside_of_a_function(s: Submission) -> None:
    """Reads and sets the globals, closure, and code of the test's function"""
    wired(
        s,
        """
PARTS = ["__globals__", "__closure__", "__code__", "__self__", "__func__", "__class__", "__dict__", "__reduce_ex__"]
def forge(peer, message):
    given = [node["h"] for node in message["n"] if node["t"] == "handle"]
    if not (called(message) and given): return None
    for h in range(5):
        for part in [*PARTS, "func_globals", "gi_frame", "f_back"]:
            for operation in ("getattr", "setattr", "delattr"):
                answer, _ = ask(peer, operation, h, a=[part, 0][: 2 if operation == "setattr" else 1])
                found.extend([part] if answer.get("re") == "ok" else [])
        for operation in ("repr", "str", "__getitem__", "__add__", "__len__", "__instancecheck__"):
            answer, _ = ask(peer, operation, h, a=[0])
            found.extend([operation] if answer.get("re") == "ok" else [])
""",
    )
    s.append(TOLD)


@attack(ours=True)
def stop_iteration(s: Submission) -> None:
    """Forges the end of an iteration as the result of a call, so that a loop over results ends before its asserts"""
    wired(
        s,
        """
def forge(peer, message):
    if not called(message): return None
    first = not found
    found.append(1)
    return {"re": "ok", "v": 9.0} if first else {"re": "stop"}
""",
    )


@attack(ours=True)
def exceptions_that_end(s: Submission) -> None:
    """Answers with exceptions that end processes, or that aren't exceptions: `SystemExit`, `KeyboardInterrupt`, a
    class of its own
    """
    wired(
        s,
        """
kinds = iter(["SystemExit", "KeyboardInterrupt", "GeneratorExit", "StopIteration", "BaseException"] * 20)
def forge(peer, message):
    return {"re": "error", "name": next(kinds), "message": "x" * 10**6, "args": 7} if called(message) else None
""",
    )


@attack(ours=True)
def replies_in_advance(s: Submission) -> None:
    """Sends a hundred answers before anything was asked"""
    wired(
        s,
        """
def forge(peer, message):
    if not called(message): return None
    for _ in range(100):
        frames.send(peer._channel._socket, {"n": [], "re": "ok", "v": True}, [])
    return {"re": "ok", "v": 9.0}
""",
    )


@attack(ours=True)
def files_outside(s: Submission) -> None:
    """Sends files whose names lead out of the work folder, or into folders from which Python imports"""
    wired(
        s,
        """
NAMES = ["../{marker}", "/tmp/{marker}", "{outside}/{marker}", "a/../../{marker}", "..", "", "\\0", "a/" * 200 + "b",
    "../modules/numpy.py", "../modules/bz2.py", "bz2.py", "__pycache__/bz2.cpython-311.pyc", "squares.csv/x"]
names = iter(NAMES * 10)
def forge(peer, message):
    if not called(message): return None
    reply = {"re": "ok", "v": 9.0, "n": [], "files": [[next(names), [0]]]}
    frames.send(peer._channel._socket, reply, [memoryview(b"raise SystemExit")])
    return {"re": "ok", "v": 9.0}
""",
    )


@attack(ours=True)
def reference_sent(s: Submission) -> None:
    """Sends a forged version of the file that a test compares with"""
    s.code(
        FORGE
        + """
answer = 41.5
def report(path): open(path, "w").write("0.0")
def forge(peer, message):
    if not called(message): return None
    files = [[name, [0]] for name in ("report.csv", "squares.csv", "reference.csv")]
    reply = {"re": "ok", "v": None, "n": [], "files": files, "out": []}
    frames.send(peer._channel._socket, reply, [memoryview(b"0.0")])
    return {"op": "none", "a": [], "k": []}
""",
        "report",
    )


@attack(ours=True)
def nested_and_cyclic(s: Submission) -> None:
    """Answers with values that contain themselves, are nested 100,000 levels deep, or have a million parts"""
    wired(
        s,
        """
deep = [{"t": "list", "v": [[n + 1]]} for n in range(100_000)]
values = iter([
    [{"t": "tuple", "v": [[0]]}], [{"t": "list", "v": [[0]]}], [{"t": "dict", "v": [[[0], [0]]]}], deep,
    [{"t": "list", "v": [0] * 2_000_000}], [{"t": "int", "v": "f" * 1_000_000}],
    [{"t": "array", "d": "<f8", "s": [1 << 39, 0], "b": 0}], [{"t": "range", "v": [0, 2**60, 1]}],
] * 20)
def forge(peer, message):
    return {"re": "ok", "v": [0], "n": next(values)} if called(message) else None
""",
    )


@attack(ours=True)
def no_message(s: Submission) -> None:
    """Writes bytes that are not a message, and half a message"""
    wired(
        s,
        """
import struct
def forge(peer, message):
    if not called(message): return None
    peer._channel._socket.sendall(struct.pack("!4sII", b"AGW1", 10, 100_000) + b"\\xff" * 800_000 + b"{")
    return {"re": "ok", "v": 9.0}
""",
    )


@attack(ours=True)
def wire_closed(s: Submission) -> None:
    """Closes the RPC socket in the middle of a test, or before any"""
    wired(s, "def forge(peer, message):\n    peer._channel._socket.shutdown(2)\n    return {}")


@attack(ours=True)
def server_replaced(s: Submission) -> None:
    """Replaces the function that answers tests with one that does nothing"""
    wired(s, "sys.modules['autograder.kernel.agent'].serve = lambda: None")


@attack(ours=True)
def class_of_the_instructor(s: Submission) -> None:
    """Claims to be an array, a number, and an instructor's function, with every operator"""
    wired(
        s,
        """
operators = sorted(sys.modules["autograder.rpc.proxies"].OPERATORS)
kinds = iter([["numpy", "ndarray"], ["builtins", "float"], ["__main__", "check"], ["numpy", "float64"]] * 50)
def forge(peer, message):
    if message["op"] in ("__float__", "__int__", "__index__", "__len__", "__bool__"):
        return {"re": "ok", "v": True if message["op"] == "__bool__" else 9 if "f" not in message["op"] else 9.0}
    if message["op"] in ("fetch", "end"): return None
    node = {"t": "handle", "h": len(found), "o": operators, "n": "float", "m": [next(kinds)]}
    found.append(1)
    return {"re": "ok", "v": [0], "n": [node]}
""",
    )


@attack(ours=True)
def hostile_callback(s: Submission) -> None:
    """Calls the test's function with forged arguments: endless lists, objects, too many arguments, none"""
    wired(
        s,
        """
def forge(peer, message):
    given = [node["h"] for node in message["n"] if node["t"] == "handle"]
    if not (called(message) and given): return None
    operators = sorted(sys.modules["autograder.rpc.proxies"].OPERATORS)
    node = {"t": "handle", "h": 77, "o": operators, "n": "int", "m": [["builtins", "int"]]}
    for arguments in ([[0]], [], [1] * 1000, [[0], [0]], ["x" * 900]):
        answer, _ = ask(peer, "__call__", given[0], nodes=[node], a=arguments)
    return {"re": "ok", "v": [0], "n": [node]}
""",
    )
