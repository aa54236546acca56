"""Whatever a candidate sends, it gets a clean answer, and the others are served."""

import contextlib
import copy
import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

import keras
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trainers import SETTINGS, Notebook, fitting, images, trainer_at

from autograder.rpc import frames
from autograder.rpc.frames import RpcError
from autograder.training import client, jobs, protocol
from autograder.training.client import TrainerProcess
from autograder.training.fit_messages import Declined, FitRequest, ModelDescription, Refused, Trained
from autograder.training.jobs import TrainingJob
from autograder.training.kernel_side.request import request
from autograder.training.server_messages import Close, Connect, GetStatus, GetWaited, Judge
from autograder.training.tested_models import ModelDigests

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
    """An honest request as the trainer receives it, and what was changed in it."""
    frame, buffers = protocol.encode(request(model(), ARGUMENTS))
    return {**protocol.decode(frame, [bytearray(buffer) for buffer in buffers]), **changed}


def job(received: Any) -> TrainingJob:
    """What the server makes of a request. Raises RpcError."""
    read = jobs.read(received)
    assert isinstance(read, FitRequest)
    return jobs.training_job(read)


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
        digest = job(changed).digest
    except RpcError:
        return
    assert len(digest) == 64


@given(data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_change_to_a_description_gives_a_job_or_a_clean_error(data: st.DataObject) -> None:
    description = json.loads(HONEST["model"])
    path = data.draw(st.sampled_from(list(parts(description))))
    texts = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=4)
    try:
        job({**HONEST, "model": json.dumps(replaced(description, path, data.draw(texts)))})
    except RpcError:
        return


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 1.0},
        {"epochs": True},
        {"epochs": -1},
        {"epochs": 10**9 + 1},
        {"epochs": 1 << 100},
        {"epochs": np.int64(1)},
        {"epochs": None},
        {"batch_size": 0},
        {"shuffle": 1},
        {"validation_split": 0},
        {"validation_split": 1.0},
        {"validation_split": float("nan")},
        {"validation_freq": (1, 2)},
        {"validation_freq": []},
        {"class_weight": {0: 1}},
        {"class_weight": {True: 1.0}},
        {"class_weight": {"0": 1.0}},
        {"class_weight": {0: float("inf")}},
        {"verbose": 1},
        {"\ud800": 1},
        {1: 1},
    ],
    ids=str,
)
def test_arguments_of_other_types_or_sizes_are_no_request(change: dict[Any, Any]) -> None:
    honest = asked()
    assert job(honest).digest
    with pytest.raises(RpcError, match="malformed message"):
        job({**honest, "arguments": {**honest["arguments"], **change}})


@pytest.mark.parametrize(
    "received",
    [
        np.zeros(3),
        np.float64(0.5),
        np.zeros(1, [("do", "U4"), ("reason", "U4")])[0],
        {"do": np.zeros(2)},
        {"do": "note"},
        {"do": "note", "reason": None},
        {"do": "cancel", "now": True},
        {"do": "\ud800"},
        {**HONEST, "arrays": tuple(HONEST["arrays"])},
        {**HONEST, "callbacks": [("TerminateOnNaN", {})]},
        {**HONEST, "callbacks": [["TerminateOnNaN", {}]] * 51},
        {**HONEST, "arguments": np.zeros(1, [("epochs", "i8")])[0]},
    ],
    ids=lambda received: str(received)[:30],
)
def test_what_only_looks_like_a_request_is_none(received: Any) -> None:
    with pytest.raises(RpcError):
        jobs.read(received)


@pytest.mark.parametrize("node", [None, [], {}, {"t": None}, {"t": []}, {"t": {}}, {"t": "handle"}, {"t": "dict"}])
def test_a_malformed_node_is_a_clean_error(node: Any) -> None:
    with pytest.raises(RpcError):
        protocol.decode({"value": [0], "nodes": [node]}, [])


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
        assert isinstance(notebook.ask(changed), Trained | Declined | Refused)
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
        assert isinstance(notebook.received(), Declined)
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
    answer = Notebook(trainer).ask(asked(model=described(change)))
    assert isinstance(answer, Declined | Refused)
    assert said in json.dumps(protocol.fields(answer))
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
    answer = Notebook(trainer).ask({**asks, "data": data, "arguments": plain})
    assert isinstance(answer, Declined | Refused)
    assert ("budget" if isinstance(answer, Refused) else "an array of shape") in answer.reason


def test_weights_that_are_claimed_to_be_fresh_are_drawn_by_the_trainer(trainer: TrainerProcess) -> None:
    smuggling = model()
    smuggling.layers[-1].kernel.assign(smuggling.layers[-1].kernel * 100)
    honest = request(smuggling, ARGUMENTS)
    arrays = [None if array is not None and array.ndim == 2 else array for array in honest.arrays]
    counts = ModelDescription.from_text(honest.model).counts
    fresh = [array is None for array in arrays[counts[0] :]]
    answer = Notebook(trainer).ask(msgspec.structs.replace(honest, arrays=arrays, fresh=fresh))
    assert isinstance(answer, Trained)
    assert np.abs(answer.result.weights[0]).max() < 2


def test_a_student_is_told_nothing_of_others(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer, "eve")
    key, digests = notebook.key, ModelDigests("", ())
    questions = [GetStatus(), GetWaited(key), Close(key), Judge(key, (digests,), ()), Connect(key, "eve", SETTINGS)]
    for question in questions:
        notebook.channel.notify(question)
        assert isinstance(notebook.received(), Declined)
    assert client.waiting(trainer.address, notebook.key) == 0
