"""A slot: a process with TensorFlow and one device, which trains one job after another, each as if it were the first.

It inherits a socket. A job comes on it as `{"content", "seed", "budget"}`; out go `{"epoch": …}` after each epoch, and
then `{"result": …}`, `{"refused": why}` for what exceeds the budget, or `{"declined": why}` for what has no place here.
"""

import contextlib
import ctypes
import gc
import json
import resource
import signal
import socket
import sys
import time
from typing import Any

from autograder.keras_codec.budget import Budget, ModelError
from autograder.rpc import frames
from autograder.training import protocol
from autograder.training.cost import estimate, exceeded
from autograder.training.jobs import Declined, Refused, leaves

SNAPSHOTS = 512 << 20  # bytes of the weights that a checkpoint may want of earlier epochs
OWN = 3 << 30  # bytes of address space that TensorFlow itself has, with its threads


def main() -> None:
    """Arguments: JSON with `socket`, `threads`, `memory`, `gpu_memory` (MiB, or none)."""
    del sys.path[0]
    setup = json.loads(sys.argv[1])
    sock = socket.socket(fileno=setup["socket"])
    sock.set_inheritable(False)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # ends with the server
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")  # when the machine's memory is short, a training goes before the grader
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if setup["gpu_memory"] is None:
        most = setup["memory"] + OWN
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    lacking = prepare(setup["threads"], setup["gpu_memory"])

    def progress(epoch: Any) -> None:
        protocol.send(sock, {"epoch": epoch})

    with contextlib.suppress(frames.Disconnected):
        while True:
            order = protocol.receive(sock)
            protocol.send(sock, {"declined": lacking} if lacking else answer(order, progress))
            del order
            gc.collect()


def prepare(threads: int, gpu_memory: int | None = None) -> str:
    """Make TensorFlow deterministic, with that many threads; before anything else uses it. Says what it lacks."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    gpus = tf.config.list_physical_devices("GPU") if gpu_memory is not None else []
    for gpu in gpus:
        limit = tf.config.LogicalDeviceConfiguration(memory_limit=gpu_memory)
        tf.config.set_logical_device_configuration(gpu, [limit])
    tf.config.experimental.enable_op_determinism()
    if gpu_memory is not None and not gpus:
        return "TensorFlow sees no GPU, though nvidia-smi tells of one: is it installed as tensorflow[and-cuda]?"
    return ""


def answer(order: dict[str, Any], progress: Any) -> dict[str, Any]:
    """What comes of a job."""
    import keras
    import tensorflow as tf

    try:
        return {"result": train(order["content"], order["seed"], order["budget"], progress)}
    except Refused as refused:
        return {"refused": str(refused)}
    except (tf.errors.ResourceExhaustedError, MemoryError):
        return {"refused": "This training needs more memory than the trainer has."}
    except frames.Disconnected:
        raise
    except (Declined, ModelError) as declined:
        return {"declined": str(declined)[:1000]}
    except Exception as error:
        return {"declined": f"{type(error).__name__}: {error}"[:1000]}
    finally:
        keras.backend.clear_session()


def train(content: dict[str, Any], seed: int, budget: dict[str, float], progress: Any) -> dict[str, Any]:
    """The training itself."""
    import keras

    from autograder.training.job_model import build_model
    from autograder.training.recorder import Recorder, Snapshots, rebuilt

    arguments, cost = content["arguments"], {}
    x, y, weight = content["data"]

    def check(model: Any, constants: int) -> None:
        cost.update(_cost(model, constants, content))
        problem = exceeded(cost, budget)
        if problem:
            raise Refused(problem)

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    limits = Budget(parameters=int(budget["parameters"]), bytes=frames.MAX_BYTES)
    model = build_model(content, limits, check)
    callbacks = [rebuilt(name, dict(attributes)) for name, attributes in content["callbacks"]]
    recorder, snapshots = Recorder(arguments["epochs"], progress), Snapshots(callbacks, SNAPSHOTS)
    keras.utils.set_random_seed(seed)
    started = time.monotonic()
    model.fit(
        x=x,
        y=y,
        sample_weight=weight,
        validation_data=None if content["validation"] is None else _validation(content["validation"]),
        callbacks=[recorder, *callbacks, snapshots],
        verbose=0,
        **arguments,
    )
    convert = keras.ops.convert_to_numpy
    return {
        "weights": [convert(variable) for variable in model.variables],
        "optimizer": [convert(variable) for variable in model.optimizer.variables],
        "metrics": [convert(variable) for variable in model.metrics_variables],
        "epochs": recorder.epochs,
        "snapshots": snapshots.kept(),
        "steps": recorder.params.get("steps"),
        "stop": bool(model.stop_training),
        "nan": snapshots.invalid,
        "seconds": round(time.monotonic() - started, 3),
        "cost": cost,
    }


def _validation(parts: list[Any]) -> tuple[Any, ...]:
    return tuple(parts if parts[2] is not None else parts[:2] if parts[1] is not None else parts[:1])


def _cost(model: Any, constants: int, content: dict[str, Any]) -> dict[str, float]:
    arguments = content["arguments"]
    found = [leaf for leaf in leaves(content["data"]) if leaf is not None]
    checked = [leaf for leaf in leaves(content["validation"] or []) if leaf is not None]
    rows = max(len(leaf) for leaf in leaves(content["data"][0]))
    batch = arguments["batch_size"] or 32
    samples = rows if arguments["steps_per_epoch"] is None else arguments["steps_per_epoch"] * batch
    validated = len(checked[0]) if checked else int(rows * arguments["validation_split"])
    epochs = max(0, arguments["epochs"] - arguments["initial_epoch"])
    data = sum(array.nbytes for array in [*found, *checked])
    return estimate(model, constants, samples, validated, min(batch, rows), epochs, data).as_dict()
