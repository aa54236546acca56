"""A worker: a process with TensorFlow and one device, which trains one job after another, each as if it were the first.

It inherits a socket. `WorkerReady` goes out once; then a `TrainingOrder` comes in, an `EpochProgress` goes out after
each epoch, and a `WorkerAnswer`.
"""

import contextlib
import ctypes
import gc
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec

from autograder.common.errors import AutograderError
from autograder.common.language import english
from autograder.common.serialization import load
from autograder.keras_codec.budget import Budget, ModelError
from autograder.rpc import frames
from autograder.training import cuda_libraries, protocol
from autograder.training.cost import Estimate, estimate, exceeded
from autograder.training.devices import Precision
from autograder.training.fit_messages import Declined, JobContent, Refused, Trained, TrainingResult
from autograder.training.jobs import leaves
from autograder.training.worker_messages import EpochProgress, TrainingOrder, WorkerAnswer, WorkerReady, WorkerSettings

SNAPSHOTS = 512 << 20  # bytes of the weights that a checkpoint may want of earlier epochs
STEPS = 8  # batches that TensorFlow does before it is asked again: less CPU time for small networks, the same bits
OWN = 3 << 30  # bytes of address space that TensorFlow itself has, with its threads


class BudgetExceeded(AutograderError):
    """The job exceeds its budget; the message says by what."""


def main() -> None:
    """Argument: `WorkerSettings` as JSON."""
    del sys.path[0]
    settings = load(sys.argv[1], WorkerSettings)
    sock = socket.socket(fileno=settings.socket)
    sock.set_inheritable(False)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # ends with the server
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")  # when the machine's memory is short, a training goes before the grader
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if settings.gpu_memory is None:
        most = settings.memory + OWN
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    lacking = prepare(settings.threads, settings.gpu_memory, settings.precision)
    protocol.send(sock, WorkerReady())

    def progress(message: EpochProgress) -> None:
        protocol.send(sock, message)

    with contextlib.suppress(frames.Disconnected):
        while True:
            order = protocol.read(protocol.receive(sock), TrainingOrder)
            protocol.send(sock, Declined(lacking) if lacking else answer(order, progress))
            del order
            gc.collect()


def prepare(threads: int, gpu_memory: int | None = None, precision: Precision = Precision.FLOAT32) -> str:
    """Make TensorFlow deterministic, with that many threads; before anything else uses it. Gives what it lacks."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    gpus = tf.config.list_physical_devices("GPU") if gpu_memory is not None else []
    for gpu in gpus:
        limit = tf.config.LogicalDeviceConfiguration(memory_limit=gpu_memory)
        tf.config.set_logical_device_configuration(gpu, [limit])
    tf.config.experimental.enable_op_determinism()
    if precision is Precision.BFLOAT16:  # rewrites graphs, so that models and their variables are what they were
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})
    if gpu_memory is not None and not gpus:
        libraries = cuda_libraries.here()
        why = cuda_libraries.missing(libraries) or ("It can open all of CUDA's libraries." if libraries else "")
        return f"TensorFlow sees no GPU, though nvidia-smi tells of one. {why}".strip()
    return ""


def answer(order: TrainingOrder, progress: Callable[[EpochProgress], None]) -> WorkerAnswer:
    """What comes of a job."""
    import keras
    import tensorflow as tf

    from autograder.training.recorder import TooManySnapshots

    try:
        return Trained(train(order, progress))
    except BudgetExceeded as refused:
        return Refused(str(refused))
    except (tf.errors.ResourceExhaustedError, MemoryError):
        return Refused(english("This training needs more memory than the trainer has."))
    except frames.Disconnected:
        raise
    except (TooManySnapshots, ModelError) as declined:
        return Declined(str(declined)[:1000])
    except Exception as error:
        return Declined(f"{type(error).__name__}: {error}"[:1000])
    finally:
        keras.backend.clear_session()


def train(order: TrainingOrder, progress: Callable[[EpochProgress], None]) -> TrainingResult:
    """The training itself."""
    import keras

    from autograder.training.job_model import build_model
    from autograder.training.recorder import Recorder, Snapshots, rebuilt, watches_batches

    content, seed, budget = order.content, order.seed, order.budget
    x, y, weight = content.data
    costs: list[Estimate] = []

    def check(model: Any, constants: int) -> None:
        costs.append(_cost(model, constants, content))
        problem = exceeded(costs[-1], budget)
        if problem:
            raise BudgetExceeded(problem)

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = build_model(content, Budget(parameters=budget.parameters, bytes=frames.MAX_BYTES), check)
    callbacks = [rebuilt(state) for state in content.callbacks]
    recorder, snapshots = Recorder(content.arguments.epochs, progress), Snapshots(callbacks, SNAPSHOTS)
    if not any(map(watches_batches, callbacks)):
        model.steps_per_execution = STEPS
    keras.utils.set_random_seed(seed)
    started = time.monotonic()
    model.fit(
        x=x,
        y=y,
        sample_weight=weight,
        validation_data=None if content.validation is None else _validation(content.validation),
        callbacks=[recorder, *callbacks, snapshots],
        verbose=0,
        **msgspec.structs.asdict(content.arguments),
    )
    convert = keras.ops.convert_to_numpy
    return TrainingResult(
        weights=[convert(variable) for variable in model.variables],
        optimizer=[convert(variable) for variable in model.optimizer.variables],
        metrics=[convert(variable) for variable in model.metrics_variables],
        epochs=recorder.epochs,
        snapshots=snapshots.taken(),
        steps=recorder.params.get("steps"),
        stop=bool(model.stop_training),
        nan=snapshots.invalid,
        seconds=round(time.monotonic() - started, 3),
        cost=costs[-1],
    )


def _validation(parts: list[Any]) -> tuple[Any, ...]:
    return tuple(parts if parts[2] is not None else parts[:2] if parts[1] is not None else parts[:1])


def _cost(model: Any, constants: int, content: JobContent) -> Estimate:
    arguments = content.arguments
    found = [leaf for leaf in leaves(content.data) if leaf is not None]
    checked = [leaf for leaf in leaves(content.validation or []) if leaf is not None]
    rows = max(len(leaf) for leaf in leaves(content.data[0]))
    batch = arguments.batch_size or 32
    samples = rows if arguments.steps_per_epoch is None else arguments.steps_per_epoch * batch
    validated = len(checked[0]) if checked else int(rows * arguments.validation_split)
    epochs = max(0, arguments.epochs - arguments.initial_epoch)
    data = sum(array.nbytes for array in [*found, *checked])
    return estimate(model, constants, samples, validated, min(batch, rows), epochs, data)
