"""Whatever a candidate sends, it gets a clean answer, and the others are served."""

import contextlib
import copy
import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trainers import Notebook, fitting, images, trainer_at

from autograder.rpc import frames
from autograder.rpc.frames import RpcError
from autograder.training import client, jobs, protocol
from autograder.training.client import TrainerProcess
from autograder.training.kernel_side.request import request

X, Y = images(40)
ARGUMENTS: dict[str, Any] = {
    **dict.fromkeys(("batch_size", "steps_per_epoch", "validation_steps", "validation_batch_size", "class_weight")),
    **dict.fromkeys(("sample_weight", "validation_data", "callbacks")),
    **{"x": X, "y": Y, "epochs": 1, "initial_epoch": 0, "shuffle": True, "validation_split": 0.0, "validation_freq": 1},
}


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    with trainer_at(tmp_path_factory.mktemp("course")) as process:
        yield process


def model(units: int = 4) -> Any:
    made = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(units)])
    made.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


def asked(**changed: Any) -> dict[str, Any]:
    """An honest request, and what was changed in it."""
    return {**request(model(), ARGUMENTS), **changed}


def described(change: Any) -> str:
    """The model's description after `change` has had its hands on it."""
    description = json.loads(asked()["model"])
    change(description)
    return json.dumps(description)


def dense(description: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = description["model"]["config"]["layers"][-1]["config"]
    return config


def assert_serves(trainer: TrainerProcess) -> None:
    with fitting(Notebook(trainer)):
        trained = model()
        trained.fit(X, Y, verbose=0)
    assert trained.history.epoch == [0]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats() | st.text(max_size=20)
    | st.just(np.zeros((3, 2), "float32")) | st.just(np.array("text")) | st.just(np.zeros(0)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9) | st.integers(), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
HONEST = asked(callbacks=[["TerminateOnNaN", {}]], validation=[X, Y, None])


def parts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each part of a value."""
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from parts(item, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    result = copy.copy(value)
    result[path[0]] = replaced(value[path[0]], path[1:], new)
    return result


@given(data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_change_to_a_request_gives_a_job_or_a_clean_error(data: st.DataObject) -> None:
    changed = HONEST
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(parts(changed))))
        changed = replaced(changed, path, data.draw(values))
    try:
        job = jobs.read(changed)
    except RpcError:
        return
    assert len(job.digest) == 64


@given(data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_change_to_a_description_gives_a_job_or_a_clean_error(data: st.DataObject) -> None:
    description = json.loads(HONEST["model"])
    path = data.draw(st.sampled_from(list(parts(description))))
    texts = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=4)
    try:
        jobs.read({**HONEST, "model": json.dumps(replaced(description, path, data.draw(texts)))})
    except RpcError:
        return


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_value_or_a_clean_error(content: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        head = frames.HEAD.pack(frames.MAGIC, len(content), 0)
        theirs.sendall(head + content)
        theirs.close()
        with pytest.raises(RpcError):
            protocol.receive(ours)


def test_changed_requests_are_answered_by_the_trainer_itself(trainer: TrainerProcess) -> None:
    generator = np.random.default_rng(0)
    choices = [None, True, -1, 1 << 40, 1e300, float("nan"), "x", [], {}, np.zeros((2, 2), "float32"), [[[]]], "Dense"]
    notebook = Notebook(trainer)
    description = json.loads(HONEST["model"])
    for _ in range(60):
        whole, inner = list(parts(HONEST))[1:], list(parts(description))[1:]
        new = choices[generator.integers(len(choices))]
        if generator.random() < 0.5:
            changed = replaced(HONEST, whole[generator.integers(len(whole))], new)
        elif not isinstance(new, np.ndarray):
            text = json.dumps(replaced(description, inner[generator.integers(len(inner))], new))
            changed = {**HONEST, "model": text}
        answer = notebook.conversation.ask(changed)
        assert answer.keys() & {"result", "declined", "refused"}, answer
    assert_serves(trainer)


@pytest.mark.parametrize("content", [b"", b"GET / HTTP/1.1\r\n\r\n", struct.pack("!4sII", b"AGW1", 1 << 31, 0)])
def test_what_is_no_frame_ends_that_conversation_alone(trainer: TrainerProcess, content: bytes) -> None:
    notebook = Notebook(trainer)
    notebook.socket.sendall(content)
    notebook.socket.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionResetError):
        assert notebook.socket.recv(1) == b""
    assert_serves(trainer)


def test_handles_models_and_code_do_not_cross(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer)
    for kind in ("handle", "model", "history", "random", "type", "objects", "tensor", "exception"):
        frames.send(notebook.socket, {"value": [0], "nodes": [{"t": kind, "v": None, "n": "eval"}]}, [])
        assert "declined" in protocol.receive(notebook.socket)
    assert_serves(trainer)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: dense(d).update(units=1 << 22), "parameters; the assignment's budget"),
        (lambda d: d["model"]["config"]["layers"][-1].update(class_name="Lambda"), "declined"),
        (lambda d: d["model"]["config"]["layers"][-1].update(module="os", class_name="system"), "declined"),
        (lambda d: d["model"].update(module="builtins", class_name="eval"), "declined"),
        (lambda d: d["compile"]["settings"].update(loss={"class_name": "__lambda__", "config": {}}), "declined"),
        (lambda d: d.update(trainable=[]), "declined"),
        (lambda d: d["compile"].update(built_for=[0, 0]), "declined"),
        (lambda d: d["compile"].update(built_for=[1 << 30]), "declined"),
    ],
)  # fmt: skip
def test_a_crafted_model_is_refused_and_nothing_is_allocated(trainer: TrainerProcess, change: Any, said: str) -> None:
    answer = Notebook(trainer).conversation.ask(asked(model=described(change)))
    assert said in json.dumps(answer)
    assert "result" not in answer
    assert_serves(trainer)


@pytest.mark.parametrize(
    "arguments",
    [
        {"epochs": 10**9},
        {"steps_per_epoch": 10**9},
        {"x": np.zeros((10**9, 8, 8, 0), "uint8"), "y": np.zeros((10**9, 0), "uint8")},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_endless_trainings_are_refused(trainer: TrainerProcess, arguments: dict[str, Any]) -> None:
    asks = asked()
    data = [arguments.get("x", X), arguments.get("y", Y), None]
    plain = {**asks["arguments"], **{name: value for name, value in arguments.items() if name not in "xy"}}
    answer = Notebook(trainer).conversation.ask({**asks, "data": data, "arguments": plain})
    assert "budget" in answer.get("refused", "") or "an array of shape" in answer.get("declined", ""), answer


def test_weights_that_are_claimed_to_be_fresh_are_drawn_by_the_trainer(trainer: TrainerProcess) -> None:
    smuggling = model()
    smuggling.layers[-1].kernel.assign(smuggling.layers[-1].kernel * 100)
    honest = request(smuggling, ARGUMENTS)
    arrays = [None if array is not None and array.ndim == 2 else array for array in honest["arrays"]]
    counts = json.loads(honest["model"])["counts"]
    lie = {**honest, "arrays": arrays, "fresh": [array is None for array in arrays[counts[0] :]]}
    answer = Notebook(trainer).conversation.ask(lie)
    assert np.abs(answer["result"]["weights"][0]).max() < 2


def test_a_student_is_told_nothing_of_others(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer, "eve")
    for do in ("status", "provenance", "connect", "close", "waiting"):
        notebook.conversation.notify({"do": do, "key": notebook.key})
        assert "declined" in protocol.receive(notebook.socket)
    assert client.waiting(trainer.address, notebook.key) == 0
