"""Exceptions across the wire: told by the side that raised one, and raised again on the other."""

import traceback
from typing import Any

from autograder.rpc.builtin_names import EXCEPTIONS, exception_base, new_exception
from autograder.rpc.decoder import Decoder
from autograder.rpc.encoder import Encoder
from autograder.rpc.exposed import Stop
from autograder.rpc.frames import RpcError

FRAMES = 3  # of the student's own code, in what is told of an exception


def encode(error: BaseException, encoder: Encoder) -> dict[str, Any]:
    """An exception, as the answer to a request."""
    if isinstance(error, Stop):
        return {"re": "stop"}
    if type(error) is AttributeError:
        return {"re": "attribute", "message": str(error)}
    told = _describe(error)
    kind = type(error)
    try:
        told["args"] = encoder.child(list(error.args))
        own = isinstance(error, Exception) and not isinstance(error, RpcError | StopIteration)
        if own and told["name"] != kind.__name__:
            told["class"] = encoder.child(kind)
    except RpcError:
        told["args"] = encoder.child([told["message"]])
    return {"re": "error", **told}


def decode(message: dict[str, Any], decoder: Decoder) -> Exception:
    """The exception that such an answer tells of; one of the closed set, or of a class of this side's."""
    name, text = str(message.get("name"))[:200], str(message.get("message"))[:20_000]
    made = decoder.value(message.get("class"))
    kind = made if isinstance(made, type) and issubclass(made, Exception) else EXCEPTIONS.get(name)
    try:
        arguments = list(decoder.value(message.get("args")) or [])
    except (RpcError, TypeError):
        arguments = [text]
    error = new_exception(kind, arguments) if kind else RuntimeError(f"{name}: {text}")
    if _text_of(error) != text:  # its class has a text of its own making
        error.args = (text,)
    trace = message.get("trace")
    if isinstance(trace, str) and trace:
        error.add_note(f"In the submitted code:\n{trace[:5000]}")
    return error


def _text_of(error: Exception) -> str | None:
    try:
        return str(error)[:20_000]
    except Exception:
        return None


def _describe(error: BaseException) -> dict[str, Any]:
    """Its name, the nearest built-in's if it has another; its text; where in the notebook it came from."""
    kind = type(error)
    try:
        text = str(error)[:20_000]
    except Exception as second:
        text = f"(its text can't be told: {type(second).__name__})"
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
