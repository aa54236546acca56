"""Exceptions: described by the side that raised one, and raised again on the other side."""

import traceback
from typing import Any

from autograder.rpc.builtin_names import EXCEPTIONS, exception_base, new_exception
from autograder.rpc.decoder import Decoder, set_attributes
from autograder.rpc.encoder import Encoder
from autograder.rpc.exposed import Stop
from autograder.rpc.frames import RpcError

FRAMES = 3  # of the notebook's own code, in the trace that an exception crosses with


def encode(error: BaseException, encoder: Encoder) -> dict[str, Any]:
    """An exception, as the answer to a request."""
    if isinstance(error, Stop):
        return {"re": "stop"}
    if type(error) is AttributeError:
        return {"re": "attribute", "message": str(error)}
    described = _describe(error)
    kind = type(error)
    try:
        described["args"] = encoder.child(list(error.args))
        described["attributes"] = encoder.attributes(error)
        if isinstance(error.__cause__, Exception) and not encoder.trusted:
            described["cause"] = encoder.child(error.__cause__)
        own = isinstance(error, Exception) and not isinstance(error, RpcError | StopIteration)
        if own and described["name"] != kind.__name__:
            described["class"] = encoder.child(kind)
    except RpcError:
        described["args"] = encoder.child([described["message"]])
    return {"re": "error", **described}


def decode(message: dict[str, Any], decoder: Decoder) -> Exception:
    """The exception of such an answer: of its class here, if this side has one, else of the closed set's class."""
    name, text = str(message.get("name"))[:200], str(message.get("message"))[:20_000]
    made = decoder.value(message.get("class"))
    kind = made if isinstance(made, type) and issubclass(made, Exception) else EXCEPTIONS.get(name)
    try:
        arguments = list(decoder.value(message.get("args")) or [])
    except (RpcError, TypeError):
        arguments = [text]
    error = new_exception(kind, arguments) if kind else RuntimeError(f"{name}: {text}")
    set_attributes(error, decoder, message.get("attributes") or [])
    cause = decoder.value(message.get("cause"))
    error.__cause__ = cause if isinstance(cause, Exception) else None
    if _text_of(error) != text:  # its class has a text of its own making
        error.args = (text,)
    trace = message.get("trace")
    if isinstance(trace, str) and trace:
        note = f"In the submitted code:\n{trace[:5000]}"
        vars(error)["__notes__"] = [*getattr(error, "__notes__", ()), note]  # as add_note does from Python 3.11 on
    return error


def _text_of(error: Exception) -> str | None:
    try:
        return str(error)[:20_000]
    except Exception:
        return None


def _describe(error: BaseException) -> dict[str, Any]:
    """Name (of the nearest built-in class), text, and the notebook's lines it came through.

    What is no Exception (Ctrl-C, `exit`) crosses as RuntimeError, as it must not end the other side; RpcError as
    TypeError.
    """
    kind = type(error)
    try:
        text = str(error)[:20_000]
    except Exception as second:
        text = f"(its text can't be read: {type(second).__name__})"
    if isinstance(error, RpcError):
        return {"name": "TypeError", "message": text}
    if not isinstance(error, Exception) or isinstance(error, StopIteration):
        return {"name": "RuntimeError", "message": f"{kind.__name__}: {text}", "trace": _where(error)}
    return {"name": exception_base(kind), "message": text, "trace": _where(error)}


def _where(error: BaseException) -> str:
    """The last lines of the notebook's own code that the exception came through."""
    try:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "ipykernel" in f.filename and f.line]
        lines = [f"  line {frame.lineno}, in {frame.name}: {frame.line}" for frame in frames[-FRAMES:]]
    except Exception:
        return ""
    return "\n".join(lines)
