"""Calls across: what a student's functions and objects can be asked, and what they can't do to the answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attacks.messages import FORGE
from rpc_pair import examining

from autograder.rpc.frames import RpcError

FUNCTIONS = """
import numpy as np
class OwnError(ValueError): pass
def double(x):
    x *= 2
    return x
def append(items): items.append(items); return items
def apply(function, n): return [function(i) for i in range(n)]
def fail(x): raise OwnError("no", x)
def leave(): raise SystemExit(0)
def stop(): raise StopIteration
def numbers(n):
    for i in range(n):
        yield i
def speak():
    import sys
    print("one"); print("two", file=sys.stderr); print("three")
def draw(rng): return rng.normal(size=3)
def same(x): return x
def fill(table, names, array):
    table["new"] = [1]; names.add("x"); array[0] = 9
"""


def test_a_call_copies_its_arguments_and_gives_back_what_it_changed() -> None:
    with examining(FUNCTIONS) as (_, fetch):
        array, table, names = np.zeros(2), {}, set()
        fetch("fill")(table, names, array)
        assert (table, names, array.tolist()) == ({"new": [1]}, {"x"}, [9, 0])


def test_what_comes_back_is_the_object_that_went() -> None:
    with examining(FUNCTIONS) as (_, fetch):
        array, items = np.arange(3.0), [1]
        assert fetch("double")(array) is array
        assert array.tolist() == [0, 2, 4]
        assert fetch("append")(items) is items
        assert items[1] is items


def test_a_function_of_the_test_is_called_back() -> None:
    with examining(FUNCTIONS) as (_, fetch):
        assert fetch("apply")(lambda i: i * i, 4) == [0, 1, 4, 9]
        assert fetch("apply")(np.exp, 2) == [1, np.e]


def test_an_exception_in_a_callback_goes_all_the_way() -> None:
    def refuse(i: int) -> None:
        raise KeyError(i)

    with examining(FUNCTIONS) as (_, fetch), pytest.raises(KeyError, match="0"):
        fetch("apply")(refuse, 1)


def test_an_exception_of_the_students_own_is_caught_by_its_base_and_by_itself() -> None:
    with examining(FUNCTIONS) as (_, fetch):
        own = fetch("OwnError")
        for kind in (ValueError, own):
            with pytest.raises(kind) as caught:
                fetch("fail")(3)
            assert caught.value.args == ("no", 3)


@pytest.mark.parametrize("name", ["leave", "stop"])
def test_an_exception_that_would_end_more_than_the_call_is_a_runtime_error(name: str) -> None:
    with examining(FUNCTIONS) as (_, fetch), pytest.raises(RuntimeError):
        fetch(name)()


def test_a_generator_is_gone_through() -> None:
    with examining(FUNCTIONS) as (_, fetch):
        assert list(fetch("numbers")(4)) == [0, 1, 2, 3]


def test_what_is_printed_is_relayed_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    with examining(FUNCTIONS) as (_, fetch):
        fetch("speak")()
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("one\nthree\n", "two\n")


def test_a_random_generator_goes_on_where_the_call_left_it() -> None:
    ours, theirs = np.random.default_rng(1), np.random.default_rng(1)
    with examining(FUNCTIONS) as (_, fetch):
        assert fetch("draw")(ours).tolist() == theirs.normal(size=3).tolist()
    assert ours.random() == theirs.random()


def test_a_handle_passed_back_is_the_original() -> None:
    with examining("class Own: pass\nown = Own()\ndef is_own(x): return x is own") as (_, fetch):
        assert fetch("is_own")(fetch("own")) is True


FORGED = """
class Right:
    shape = (3,)
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __contains__ = __lt__
    def __sub__(self, other): seen.append(other); return 0.0
    __rsub__ = __sub__
    def __abs__(self): return 0.0
    def __getattr__(self, name): return lambda *a, **k: 1.0
    def __hash__(self): return hash(42)
    def __bool__(self): return True
seen = []
right = Right()
Right.__name__ = "float"
class Number(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __hash__ = float.__hash__
number = Number(7)
"""


def test_an_object_that_equals_everything_equals_no_data() -> None:
    with examining(FORGED) as (peer, fetch):
        peer.permitted = set()
        forged = fetch("right")
        assert (forged == 42) is False
        assert forged != 42
        assert 42 not in {forged}
        for question in (lambda: forged - 42, lambda: 42 - forged, lambda: abs(forged), lambda: forged < 42):
            with pytest.raises(TypeError):
                question()
        with pytest.raises(TypeError):
            np.array([42.0]) - forged
        assert not isinstance(forged, (int, float, str, np.ndarray))


def test_a_number_of_a_derived_class_is_what_it_holds_whatever_it_says() -> None:
    with examining(FORGED) as (peer, fetch):
        peer.permitted = set()
        forged = fetch("number")
        assert [forged == 42, forged != 42, forged == 7, forged < 42] == [False, True, True, True]
        assert [42 in {forged}, 7 in {forged}] == [False, True]
        assert [forged - 42, 42 - forged, abs(forged)] == [-35, 35, 7]
        assert (np.array([42.0]) - forged).tolist() == [35]


def test_the_data_it_is_compared_with_does_not_cross() -> None:
    with examining(FORGED) as (peer, fetch):
        peer.permitted = set()
        with pytest.raises((TypeError, AttributeError)):
            np.allclose(fetch("right"), 42)
        assert fetch("seen") == []


def test_a_pretended_model_is_not_asked_how_good_it_is() -> None:
    with examining(FORGED) as (peer, fetch):
        peer.permitted = {"__call__"}
        with pytest.raises(AttributeError, match=r"can't be asked for attribute evaluate here"):
            fetch("right").evaluate([1], [2])


def test_what_the_reference_was_asked_is_asked_of_everyone() -> None:
    code = "class Vector:\n    def __init__(self, x): self.x = x\n    def __mul__(self, k): return Vector(self.x * k)\n"
    with examining(code) as (peer, fetch):
        assert (fetch("Vector")(2) * 3).x == 6
        assert peer.asked == {"__call__", "__mul__", "getattr:x"}
        peer.permitted = set(peer.asked)
        assert (fetch("Vector")(5) * 3).x == 15


def test_isinstance_answers_by_a_class_that_the_instructor_has() -> None:
    class Shape:
        pass

    Shape.__module__ = "__main__"
    with examining("class Shape: pass\nclass Circle(Shape): pass\ncircle = Circle()", Shape=Shape) as (_, fetch):
        assert isinstance(fetch("circle"), Shape)
        assert isinstance(fetch("circle"), fetch("Circle"))


def test_the_examiners_objects_are_not_given_away() -> None:
    import types

    with examining(FUNCTIONS) as (_, fetch):
        for value in (types, object(), np.random):
            with pytest.raises(RpcError, match="can't be given"):
                fetch("same")(value)


WALK = """
def walk(function, path):
    value = function
    for name in path.split("."):
        value = getattr(value, name)
    return value
def write(thing): thing.answer = 0
"""


@pytest.mark.parametrize("path", ["__globals__", "__code__", "__self__", "func", "__closure__"])
def test_a_callback_can_be_called_and_nothing_else(path: str) -> None:
    with examining(WALK) as (_, fetch), pytest.raises((AttributeError, TypeError)):
        fetch("walk")(lambda: 1, path)


@pytest.mark.parametrize("path", ["_secret", "__dict__", "module.system"])
def test_an_instructors_object_shows_what_is_public(path: str) -> None:
    import os

    class Oracle:
        answer = 42
        module = os
        _secret = 1

    Oracle.__module__ = "__main__"
    with examining(WALK, Oracle=Oracle) as (peer, fetch):
        oracle = Oracle()
        peer.permitted = {"__call__"}  # the reference changes nothing of it
        assert fetch("walk")(oracle, "answer") == 42
        with pytest.raises((AttributeError, TypeError)):
            fetch("write")(oracle)
        with pytest.raises((AttributeError, TypeError)):
            fetch("walk")(oracle, path)


def test_names_that_cannot_cross_say_why() -> None:
    said = r"`d`, numpy\.ndarray, can't cross: an array of dtype"
    with examining("import numpy\nd = numpy.zeros(2, 'V4')") as (_, fetch), pytest.raises(TypeError, match=said):
        fetch("d")


def test_names_that_are_not_there_are_left_out() -> None:
    with examining("a = 1") as (peer, _):
        assert peer.fetch(["a", "b"]) == ({"a": 1}, {})


def test_two_names_of_one_object_are_one_object() -> None:
    with examining("a = []\nb = a") as (peer, _):
        values, _refused = peer.fetch(["a", "b"])
        assert values["a"] is values["b"]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The candidate's and the examiner's work folder."""
    for name in ("candidate", "examiner"):
        (tmp_path / name).mkdir()
    return tmp_path / "candidate", tmp_path / "examiner"


FILES = """
import os
def save(name, text): open(name, "w").write(text)
def read(name): return open(name).read()
"""


def test_a_file_that_a_call_writes_is_there(folders: tuple[Path, Path]) -> None:
    with examining(FILES, folders) as (_, fetch):
        fetch("save")("a.txt", "hello")
        assert (folders[1] / "a.txt").read_text() == "hello"
        (folders[1] / "b.txt").write_text("from the test")
        assert fetch("read")("b.txt") == "from the test"
        (folders[1] / "a.txt").unlink()
        with pytest.raises(FileNotFoundError):
            fetch("read")("a.txt")


def test_a_file_that_a_library_may_run_has_a_size_and_no_content(folders: tuple[Path, Path]) -> None:
    with examining(FILES, folders) as (_, fetch):
        for name in ("model.keras", "x.h5", "numpy.py", "plain"):
            fetch("save")(name, "import os")
            assert (folders[1] / name).read_bytes() == bytes(9)


def test_a_link_out_of_the_folder_does_not_cross(folders: tuple[Path, Path]) -> None:
    code = FILES + "def link(): os.symlink('/etc/passwd', 'p.txt'); os.mkdir('d'); open('d/ok.txt', 'w').write('1')"
    with examining(code, folders) as (_, fetch):
        fetch("link")()
        assert not (folders[1] / "p.txt").exists()
        assert (folders[1] / "d" / "ok.txt").read_text() == "1"


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "", "x\0y"])
def test_a_name_that_leads_out_is_refused(folders: tuple[Path, Path], name: str) -> None:
    from autograder.rpc.file_sync import Folder

    with pytest.raises(RpcError, match="leads out"):
        Folder(folders[1], True).apply([(name, b"x")])


def test_a_side_that_is_gone_is_told_as_such() -> None:
    with examining("import os\ndef end(): os._exit(1)") as (_, fetch):
        end: Any = fetch("end")
        with pytest.raises(RpcError, match="gone"):
            end()
        with pytest.raises(RpcError, match="gone"):
            fetch("end")


OWN_MODEL = """
import os
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", AUTOGRADER_MODEL_HANDLES=GRANTED)
import keras
class Own(keras.Model):
    def call(self, x): return 2 * x
model = Own()
"""


def test_a_model_of_the_students_own_class_is_refused_by_name() -> None:
    said = r"`model`.*is a Own, a class of your own: build it as Sequential"
    with examining(OWN_MODEL.replace("GRANTED", "''")) as (_, fetch), pytest.raises(TypeError, match=said):
        fetch("model")


def test_a_model_that_the_instructor_grants_gives_predictions_and_never_sees_labels() -> None:
    from autograder.grading.grade_notebook import MODEL_QUESTIONS

    with examining(OWN_MODEL.replace("GRANTED", "'1'")) as (peer, fetch):
        peer.permitted = set(MODEL_QUESTIONS)
        model, x = fetch("model"), np.ones((2, 3), "float32")
        assert model.predict(x, verbose=0).tolist() == (2 * x).tolist()
        with pytest.raises(AttributeError, match="can't be asked for attribute evaluate"):
            model.evaluate(x, x)


@pytest.mark.parametrize(
    "node",
    [
        {"h": 1, "n": "a\0b", "o": [], "m": [], "e": "ValueError"},
        {"h": 1, "n": "x" * 300, "o": [], "m": []},
        {"h": 1, "n": "x", "o": ["__class__"], "m": []},
        {"h": "1", "n": "x", "o": [], "m": []},
        {"h": 1, "n": "x", "o": [], "m": [["os", 1]], "e": 5},
    ],
    ids=["a name with a NUL", "a long name", "an operator that is none", "a number that is none", "odd classes"],
)
def test_a_crafted_handle_is_refused_or_harmless(node: dict[str, Any]) -> None:
    import socket

    from autograder.rpc.decoder import Decoder
    from autograder.rpc.peer import Peer
    from autograder.rpc.proxies import is_handle

    ours, theirs = socket.socketpair()
    with ours, theirs:
        peer = Peer(ours, {}, trusted=True)
        try:
            value = Decoder([{"t": "handle", **node}], [], peer.exposed.read).value([0])
        except RpcError:
            return
        assert is_handle(value)
        assert value.__class__ is type(value)


def test_what_the_attacks_forge_arrives() -> None:
    """The attacks of tests/support/attacks/messages.py prove something only where their replies reach this side."""
    forged = FORGE + "def forge(peer, message): return {'re': 'ok', 'v': 7} if called(message) else None"
    with examining(f"{FUNCTIONS}{forged}") as (_, fetch):
        assert fetch("same")(1) == 7
    asked = FORGE + (
        "def forge(peer, message):\n"
        "    if called(message) and not found: found.append(ask(peer, '__call__', 0)[0]['re'])\n"
        "def seen(): return found\n"
    )
    with examining(f"{FUNCTIONS}{asked}") as (_, fetch):
        assert fetch("same")(1) == 1
        assert fetch("seen")() == ["error"]


KEEPING = """
class Keep:
    def __init__(self, items): self.items = items
    def add(self, item): self.items.append(item)
    def count(self): return len(self.items)
own = [1]
def put(item): own.append(item)
def total(): return sum(own)
"""


def test_a_list_that_the_students_object_keeps_is_one_list() -> None:
    with examining(KEEPING) as (peer, fetch):
        peer.begin(None)
        items: list[int] = []
        kept = fetch("Keep")(items)
        kept.add(1)
        assert items == [1]
        items += [2, 3]
        assert kept.count() == 3
        assert kept.items is items
        other = fetch("Keep")([1])
        other.items.append(2)
        assert other.count() == 2


def test_a_list_of_the_students_is_one_list_until_the_cell_ends() -> None:
    with examining(KEEPING) as (peer, fetch):
        peer.begin(None)
        own = fetch("own")
        fetch("put")(2)
        assert own == [1, 2]
        own.clear()
        assert fetch("total")() == 0
        peer.begin(None)
        fetch("put")(5)
        assert own == []


def test_where_a_call_may_change_nothing_it_changes_nothing_later_either() -> None:
    with examining(KEEPING + "def then(keep, f):\n    keep.add(2)\n    f()") as (peer, fetch):
        peer.begin(["__call__", "getattr:add"], keeps=True)
        items: list[int] = []
        kept = fetch("Keep")(items)
        kept.add(1)
        assert items == []
        seen: list[int] = []
        fetch("then")(kept, lambda: seen.append(len(items)))
        assert seen == [0]
        assert items == []


def test_modules_are_imported_on_the_students_side_and_never_here() -> None:
    with examining("") as (peer, _):
        assert set(peer.modules(["json", "no_such_module"])) == {"json"}
        assert peer.modules(["json"])["json"].loads("[1]") == [1]
    with pytest.raises(RpcError, match="can't be fetched"):
        peer._fetched("modules", ["antigravity"])


def test_between_two_cells_nothing_is_asked_and_nothing_waits() -> None:
    with examining("class Lamp:\n    on = True\nlamp = Lamp()") as (peer, fetch):
        peer.begin(None)
        lamp = fetch("lamp")
        peer.end()
        with pytest.raises(RuntimeError, match="does not wait for the student's code"):
            lamp.on  # noqa: B018
        peer.begin(None)
        assert lamp.on is True
