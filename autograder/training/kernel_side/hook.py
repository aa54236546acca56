"""`keras.Model.fit` asks the trainer, once Keras is imported: like `autograder.course.verified_datasets`, it waits."""

import contextlib
import functools
import importlib
import inspect
import socket
from types import ModuleType
from typing import TYPE_CHECKING, Any

from autograder.common.import_hook import when_imported
from autograder.common.language import english
from autograder.rpc.frames import RpcError
from autograder.training.kernel_side.callbacks import NotSerializable
from autograder.training.protocol import Note, TrainerChannel, read

if TYPE_CHECKING:  # it needs NumPy
    from autograder.training.fit_messages import Answer

MODULE = "keras.src.models.model"


def install(sock: socket.socket) -> None:
    """From now on, what can be expressed as data is trained by the trainer at the other end of `sock`."""
    channel = TrainerChannel(sock)
    when_imported(MODULE, lambda module: replace_fit(module, channel))


def replace_fit(module: ModuleType, channel: TrainerChannel) -> None:
    """Put the trainer's `fit` in the place of Keras's, and have new variables remember how they began."""
    watch_variables()
    original = module.Model.fit
    signature = inspect.signature(original)

    @functools.wraps(original)
    def fit(self: Any, *positional: Any, **named: Any) -> Any:
        if not channel.possible:
            return original(self, *positional, **named)
        try:
            bound = signature.bind(self, *positional, **named)
        except TypeError:  # Keras says what is wrong
            return original(self, *positional, **named)
        bound.apply_defaults()
        try:
            answer = _answer(channel, self, bound.arguments)
        except NotSerializable as reason:
            if channel.possible:
                channel.notify(Note(str(reason)[:1000]))
            return original(self, *positional, **named)
        from autograder.training.fit_messages import Refused, Trained
        from autograder.training.kernel_side.replay import replay

        if isinstance(answer, Refused):
            raise ValueError(answer.reason)
        if isinstance(answer, Trained):
            return replay(self, bound.arguments, answer.result)
        # It can't be done there: Keras's own messages say what is wrong, if anything is.
        return original(self, *positional, **named)

    module.Model.fit = fit


def _answer(channel: TrainerChannel, model: Any, arguments: dict[str, Any]) -> "Answer":
    from autograder.training.fit_messages import Answer
    from autograder.training.kernel_side.request import request

    try:
        asked = request(model, arguments)
    except NotSerializable:
        raise
    except Exception as error:  # of Keras's, or of an object that only looks like data; `fit` itself will say
        raise NotSerializable(english("%(error)s before it began", error=type(error).__name__)) from None
    try:
        answer: Answer = read(channel.ask(asked), Answer)
        return answer
    except RpcError as error:
        raise NotSerializable(str(error)) from None


def watch_variables() -> None:
    """Have new variables remember the digest of their initial value. Once is enough."""
    from autograder.training.kernel_side.request import INITIAL, digest

    variable = importlib.import_module("keras.src.backend").Variable
    initialize = getattr(variable, "_initialize_with_initializer", None)
    if initialize is None or hasattr(initialize, "__wrapped__"):
        return
    kinds = importlib.import_module("keras.src.initializers.initializer").Initializer

    @functools.wraps(initialize)
    def watched(self: Any, initializer: Any) -> None:
        initialize(self, initializer)
        if (
            isinstance(initializer, kinds)
            or getattr(initializer, "__module__", "") == "keras.src.random.seed_generator"
        ):
            with contextlib.suppress(Exception):  # no value yet, as within a tf.function
                object.__setattr__(self, INITIAL, digest(self))

    variable._initialize_with_initializer = watched
