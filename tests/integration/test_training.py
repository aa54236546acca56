"""Trainings by the trainer: the same bits each time, each job once, and what it refuses."""

import contextlib
import gc
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil
import pytest
from trainers import BUDGET, Notebook, fit_request, fitting, images, trainer_at
from waiting import until

from autograder.sandbox import bubblewrap
from autograder.training import client, protocol
from autograder.training.client import TrainerProcess, training_cache
from autograder.training.cost_history import CostHistory
from autograder.training.devices import Slot, has_bfloat16
from autograder.training.fit_messages import Trained, TrainingResult
from autograder.training.jobs import training_job
from autograder.training.queue import Queue, QueuedTraining
from autograder.training.settings import Trainer
from autograder.training.training_record import ModelOrigin, TrainedBy, WeightsOrigin
from autograder.training.worker_messages import TrainingOrder
from autograder.training.worker_process import WorkerProcess


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    with trainer_at(tmp_path_factory.mktemp("course")) as process:
        yield process


def network(*, units: int = 4, name: str | None = None, **compiled: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(units, activation="softmax"),
        ],
        name=name,
    )
    settings = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **compiled}
    model.compile(**settings)
    return model


def fitted(notebook: Notebook, model: Any = None, data: Any = None, **arguments: Any) -> Any:
    model = model or network()
    x, y = data or images()
    with fitting(notebook):
        model.fit(x, y, **{"epochs": 2, "verbose": 0, **arguments})
    return model


def equal(one: Any, other: Any) -> bool:
    numbers = keras.ops.convert_to_numpy
    pairs = zip(one.variables, other.variables, strict=True)
    return all(np.array_equal(numbers(a), numbers(b)) for a, b in pairs)


def test_a_job_is_trained_once_and_remembered_for_others(trainer: TrainerProcess) -> None:
    before = client.status(trainer.address)
    one = fitted(Notebook(trainer, "ada"))
    keras.layers.Dense(1)  # so that the next model's layers have other automatic names
    other = fitted(Notebook(trainer, "bob"))
    after = client.status(trainer.address)
    assert equal(one, other)
    assert (after.trained - before.trained, after.remembered - before.remembered) == (1, 1)


def test_the_same_job_gives_the_same_bits_in_another_process_and_in_another_order(tmp_path: Path) -> None:
    models: list[list[Any]] = []
    for number, order in enumerate(([3, 4], [4, 3])):
        with trainer_at(tmp_path / str(number)) as process:
            made = {units: fitted(Notebook(process), network(units=units + 1), epochs=1) for units in order}
            assert client.status(process.address).trained == 2
        models.append([made[3], made[4]])
    assert equal(models[0][0], models[1][0])
    assert equal(models[0][1], models[1][1])


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no instructions for bfloat16")
def test_bfloat16_gives_the_same_bits_twice_and_is_another_job_than_float32(
    trainer: TrainerProcess, tmp_path: Path
) -> None:
    notebook = Notebook(trainer)
    usual = fitted(notebook)
    (job,) = {training.job for training in notebook.trainings()}
    made, jobs = [], set()
    for folder in ("one", "other"):
        with trainer_at(tmp_path / folder, precision="bfloat16") as process:
            notebook = Notebook(process)
            made.append(fitted(notebook))
            jobs |= {training.job for training in notebook.trainings()}
    one, other = made
    assert equal(one, other)
    assert len(jobs - {job}) == 1
    assert not equal(one, usual)
    for half, whole in zip(one.variables, usual.variables, strict=True):
        assert half.dtype == whole.dtype
        np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (half, whole)), atol=0.02)


def test_a_notebook_that_starts_the_same_job_again_starts_from_other_weights(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer)
    one, other = fitted(notebook), fitted(notebook)
    again = Notebook(trainer)
    assert not equal(one, other)
    assert equal(fitted(again), one)
    assert equal(fitted(again), other)


def test_another_seed_of_the_assignment_gives_other_weights(trainer: TrainerProcess) -> None:
    assert not equal(fitted(Notebook(trainer, seed=1)), fitted(Notebook(trainer, seed=2)))


def test_a_second_fit_continues_the_first(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer)
    model = network(optimizer=keras.optimizers.SGD(0.1))
    fitted(notebook, model)
    steps = int(model.optimizer.iterations)
    fitted(notebook, model)
    first, second = notebook.trainings()
    assert int(model.optimizer.iterations) == 2 * steps
    assert (first.weights, second.weights) == (WeightsOrigin.FRESH, WeightsOrigin.CONTINUED)
    assert second.continued_from == (first.job,)


def test_weights_from_elsewhere_are_given_and_stay_so(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer)
    model = network()
    model.build((None, 8, 8, 1))
    model.layers[0].kernel.assign(model.layers[0].kernel * 2)
    fitted(notebook, model)
    fitted(notebook, model)
    assert notebook.provenance(model).weights == ModelOrigin.GIVEN
    assert [training.weights for training in notebook.trainings()] == [WeightsOrigin.GIVEN, WeightsOrigin.CONTINUED]


def test_weights_as_large_constants_are_given(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer)
    inputs = keras.Input((8, 8, 1))
    flat = keras.layers.Flatten()(inputs)
    smuggled = np.random.default_rng(0).normal(size=(64, 32)).astype("float32")
    outputs = keras.layers.Dense(4, activation="softmax")(keras.ops.matmul(flat, smuggled))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "sparse_categorical_crossentropy")
    fitted(notebook, model)
    assert notebook.provenance(model).weights == ModelOrigin.GIVEN


def test_weights_of_the_trainer_are_known_and_others_are_not(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer)
    model = fitted(notebook)
    assert notebook.provenance(model).weights == ModelOrigin.TRAINER
    copy = network()
    copy.build((None, 8, 8, 1))
    copy.set_weights(model.get_weights())
    assert notebook.provenance(copy).weights == ModelOrigin.TRAINER
    copy.layers[0].kernel.assign(copy.layers[0].kernel * 2)
    assert notebook.provenance(copy).weights == ModelOrigin.CANDIDATE


def test_weights_that_a_tape_has_changed_are_not_drawn_again(trainer: TrainerProcess) -> None:
    import tensorflow as tf

    notebook = Notebook(trainer)
    x, y = images()
    with fitting(notebook):
        model = network(optimizer=keras.optimizers.SGD(0.0))
        model.build((None, 8, 8, 1))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, model(x)))
        gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
        keras.optimizers.SGD(1.0).apply(gradients, model.trainable_variables)
        before = model.get_weights()
        model.fit(x, y, verbose=0)
    assert all(np.allclose(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_identical_jobs_in_flight_are_trained_once(trainer: TrainerProcess) -> None:
    before = client.status(trainer.address).trained
    notebooks = [Notebook(trainer, student) for student in ("ada", "bob", "eve")]
    x, y = images(seed=5)
    models = [network() for _ in notebooks]
    requests = [fit_request(model, x, y, epochs=3) for model in models]
    answers: list[Any] = [None] * 3

    def ask(number: int) -> None:
        answers[number] = notebooks[number].ask(requests[number])

    threads = [threading.Thread(target=ask, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.status(trainer.address).trained == before + 1
    digests = {answer.result.weights[0].tobytes() for answer in answers}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"parameters": 500}, r"needs 620 parameters; the assignment's budget is 500 parameters"),
        ({"epochs": 1}, r"needs 2 epochs; the assignment's budget is 1 epochs"),
        ({"flops": 1e6}, r"about 2\.41e\+06 floating-point operations; the assignment's budget is about 1e\+06"),
        ({"bytes": 100_000}, r"bytes of memory; the assignment's budget is about 100,000 bytes"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_training_beyond_the_budget_is_refused_with_both_figures(
    trainer: TrainerProcess, budget: dict[str, float], message: str
) -> None:
    notebook = Notebook(trainer, **budget)
    with pytest.raises(ValueError, match=message):
        fitted(notebook, data=images(seed=7))
    assert notebook.trainings()[0].by == TrainedBy.NOBODY


def test_a_notebook_has_a_budget_for_all_its_trainings(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer, notebook_seconds=1e-6)
    fitted(notebook)
    with pytest.raises(ValueError, match="used up the assignment's total budget"):
        fitted(notebook)


def test_frozen_random_weights_stay_as_the_notebook_has_seen_them(trainer: TrainerProcess) -> None:
    model = network()
    model.build((None, 8, 8, 1))
    frozen, trained = (layer for layer in model.layers if layer.get_weights())
    frozen.trainable = False
    before = [frozen.get_weights(), trained.get_weights()]
    fitted(Notebook(trainer), model)
    assert all(np.array_equal(a, b) for a, b in zip(before[0], frozen.get_weights(), strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(before[1], trained.get_weights(), strict=True))


def test_a_trainer_that_died_is_started_again_and_remembers(tmp_path: Path) -> None:
    with trainer_at(tmp_path) as process:
        fitted(Notebook(process))
        process.revive()  # it lives: nothing happens
        before = process.address
        process._process.kill()
        process._process.wait()
        process.revive()
        assert process.address != before
        notebook = Notebook(process)
        fitted(notebook)
        assert [training.remembered for training in notebook.trainings()] == [True]


def test_a_remembered_training_is_held_to_the_budget_too(trainer: TrainerProcess) -> None:
    fitted(Notebook(trainer))
    with pytest.raises(ValueError, match="budget is 1 epochs"):
        fitted(Notebook(trainer, epochs=1))


def test_a_training_that_takes_too_long_is_stopped_and_the_next_one_is_not(trainer: TrainerProcess) -> None:
    with pytest.raises(ValueError, match="longer than 1 seconds"):
        fitted(Notebook(trainer, seconds=1.0, epochs=10**6), epochs=100_000, data=images(seed=8))
    assert fitted(Notebook(trainer), data=images(seed=9)).history.epoch == [0, 1]


@contextlib.contextmanager
def killing(process: TrainerProcess, times: int) -> Iterator[None]:
    """Within, whatever trains is killed so many times, each time after an epoch or more."""

    def kill() -> None:
        killed: set[int] = set()
        for _ in range(times):
            until(lambda: any(slot.pid not in killed for slot in slots(process)))
            until(lambda: any(job.epoch for job in client.status(process.address).running))
            for slot in slots(process):
                killed.add(slot.pid)
                slot.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    yield
    killer.join()


def test_a_training_whose_slot_dies_is_done_by_the_next_one(tmp_path: Path) -> None:
    with trainer_at(tmp_path) as process:
        fitted(Notebook(process))
        with killing(process, 1):
            assert len(fitted(Notebook(process), epochs=100).history.epoch) == 100


def test_a_training_whose_slots_die_is_too_large_and_the_others_are_done(tmp_path: Path) -> None:
    with trainer_at(tmp_path) as process:
        fitted(Notebook(process))
        with killing(process, 2), pytest.raises(ValueError, match="too large for the trainer"):
            fitted(Notebook(process), epochs=400)
        assert fitted(Notebook(process), epochs=3).history.epoch == [0, 1, 2]


def slots(process: TrainerProcess) -> list[psutil.Process]:
    """The processes that train."""
    return [p for p in psutil.Process(process._process.pid).children(recursive=True) if p.memory_info().rss > 200 << 20]


def test_a_slot_that_has_started_goes_before_one_that_has_not(tmp_path: Path) -> None:
    with trainer_at(tmp_path, cpu_slots=4) as process:
        for units in (4, 5, 6, 7, 8):
            fitted(Notebook(process), network(units=units), epochs=1)
        assert len(slots(process)) == 1
        with ThreadPoolExecutor(2) as pool:  # but those who wait do not wait for it
            wanted = [fit_request(network(units=units), *images(), epochs=40) for units in (9, 10)]
            list(pool.map(lambda asked: Notebook(process).ask(asked), wanted))
        assert len(slots(process)) == 2


def test_an_interrupted_fit_is_stopped_and_the_next_one_is_not(tmp_path: Path) -> None:
    with trainer_at(tmp_path) as process:
        notebook = Notebook(process)

        def interrupt() -> None:
            until(lambda: any(job.epoch for job in client.status(process.address).running))
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            fitted(notebook, epochs=400)
        thread.join()
        until(lambda: not client.status(process.address).running)
        assert client.waiting(process.address, notebook.key) > 0
        assert fitted(notebook, epochs=1).history.epoch == [0]


def test_what_nobody_waits_for_any_more_is_stopped(tmp_path: Path) -> None:
    with trainer_at(tmp_path) as process:
        pid = os.fork()
        if pid == 0:
            notebook = Notebook(process)
            fitted(notebook, epochs=400)
            os._exit(0)
        until(lambda: any(job.epoch for job in client.status(process.address).running))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        until(lambda: not client.status(process.address).running)
        until(lambda: not slots(process))


def test_a_detached_training_goes_on_when_its_notebook_has_ended(trainer: TrainerProcess) -> None:
    asked = fit_request(network(units=20), *images(), epochs=40)
    trained = client.status(trainer.address).trained
    notebook = Notebook(trainer, detached=True)
    protocol.send(notebook.socket, asked)
    until(lambda: client.status(trainer.address).notebooks == 1)
    notebook.socket.close()
    until(lambda: client.status(trainer.address).notebooks == 0)
    until(lambda: client.status(trainer.address).trained == trained + 1)
    other = Notebook(trainer, "bob")
    assert isinstance(other.ask(asked), Trained)
    assert [training.remembered for training in other.trainings()] == [True]


def test_what_earlier_trainings_took_decides_which_of_those_that_wait_begins_and_not_what_comes_of_it() -> None:
    started: list[WorkerProcess] = []
    order: list[str] = []
    results: dict[str, TrainingResult] = {}

    def new(slot: Slot) -> WorkerProcess:
        started.append(WorkerProcess(slot, 4 << 30, sandboxed=bubblewrap.check() is None))
        return started[-1]

    def store(training: QueuedTraining, result: TrainingResult) -> None:
        order.append(training.key)
        results[training.key] = result

    history = CostHistory(None)
    queue = Queue([Slot(None, 1, None)], new, store, history)
    jobs_of = {
        name: training_job(fit_request(network(units=units), *images(), epochs=epochs))
        for name, units, epochs in (("first", 4, 1), ("large", 5, 3), ("small", 6, 1))
    }

    def trained(turn: str) -> list[str]:
        """The order in which the second and the third one are done, which wait for the first one."""
        order.clear()
        waiting = []
        for name, job in jobs_of.items():
            waiting.append(queue.join(f"{name}, {turn}", TrainingOrder(job.content, 0, BUDGET), job.work, "ada"))
            until(lambda: waiting[0].began is not None)
        assert all(training.done.wait(60) for training in waiting)
        return [key.partition(",")[0] for key in order]

    try:
        assert trained("once") == ["first", "large", "small"]
        history.note(jobs_of["small"].work, 1000.0)
        assert trained("again") == ["first", "small", "large"]
    finally:
        for process in started:
            process.kill()
    for name in jobs_of:
        one, other = results[f"{name}, once"], results[f"{name}, again"]
        assert all(map(np.array_equal, [*one.weights, *one.optimizer], [*other.weights, *other.optimizer]))


def test_nothing_is_left_of_a_trainer_that_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        monkeypatch.setattr(tempfile, "tempdir", temporary)
        monkeypatch.setenv("TMPDIR", temporary)
        with trainer_at(tmp_path) as process:
            fitted(Notebook(process))
            children = psutil.Process(process._process.pid).children(recursive=True)
            assert children
            assert os.listdir(temporary)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive
        assert not os.listdir(temporary)


def test_a_damaged_entry_is_dropped_and_trained_again(tmp_path: Path) -> None:
    with trainer_at(tmp_path) as process:
        one = fitted(Notebook(process))
        (entry,) = training_cache(tmp_path, Trainer()).folder.glob("[0-9a-f][0-9a-f]/*")
        content = bytearray(entry.read_bytes())
        content[len(content) // 2] ^= 1
        entry.write_bytes(content)
        other = fitted(Notebook(process))
        assert client.status(process.address).trained == 2
        assert equal(one, other)


def test_two_trainers_at_once_share_a_memory(tmp_path: Path) -> None:
    with trainer_at(tmp_path) as one, trainer_at(tmp_path) as other:
        first = fitted(Notebook(one))
        second = fitted(Notebook(other))
        assert client.status(other.address).trained == 0
        assert equal(first, second)
    gc.collect()
