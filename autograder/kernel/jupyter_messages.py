"""What a kernel sends, read strictly: it is a student's program and may send anything.

A malformed message, and an output that nbformat would refuse, are dropped.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.common.text import clean

FRAMES = 32  # parts of one message; a real one has 6 to 8
_DELIMITER = b"<IDS|MSG>"
_JSON_TYPE = re.compile(r"application/(.*\+)?json")


@dataclass(frozen=True)
class KernelMessage:
    """A message: its type, the id of the request that it belongs to, and its content."""

    kind: str
    parent: str
    content: dict[str, Any]


def read(parts: Sequence[bytes]) -> KernelMessage | None:
    """A message from its parts, None when it is malformed. Signatures are not looked at: the student has the key."""
    try:
        header, parent, _metadata, content = parts[parts.index(_DELIMITER) + 2 :][:4]
        head, cause, body = (clean(json.loads(part)) for part in (header, parent, content))
        message = KernelMessage(head["msg_type"], cause.get("msg_id", ""), body)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    valid = isinstance(message.kind, str) and isinstance(message.parent, str) and isinstance(message.content, dict)
    return message if valid else None


class KernelOutput(dict[str, Any]):
    """An output in nbformat's form, its fields attributes as well; nbformat itself takes a second to import."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


@dataclass
class OutputCollector:
    """The outputs of one cell, as its messages make, update and clear them."""

    outputs: list[KernelOutput] = field(default_factory=list)
    _shown: dict[str, list[KernelOutput]] = field(default_factory=dict)
    _clear: bool = False  # before the next output

    def add(self, message: KernelMessage) -> None:
        """Apply a message to the outputs; one that is malformed, or of another kind, changes nothing."""
        if message.kind == "clear_output":
            self._clear = message.content.get("wait") is True
            if not self._clear:
                self._empty()
            return
        output = read_output(message)
        if output is None:
            return
        name = _display_id(message.content)
        if name:
            for shown in self._shown.get(name, ()):
                shown.data, shown.metadata = output.data, output.metadata
        if message.kind == "update_display_data":
            return
        if self._clear:
            self._empty()
        if name:
            self._shown.setdefault(name, []).append(output)
        last = self.outputs[-1] if self.outputs else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text.append(output.text)
            return
        if output.output_type == "stream":
            output.text = [output.text]  # joined by `done`: adding to a long text copies it each time
        self.outputs.append(output)

    def done(self) -> list[KernelOutput]:
        """The outputs, with the parts of each stream joined; call it once, when no more come."""
        for output in self.outputs:
            if output.output_type == "stream":
                output.text = "".join(output.text)
        return self.outputs

    def _empty(self) -> None:
        self.outputs.clear()
        self._shown.clear()
        self._clear = False


def read_output(message: KernelMessage) -> KernelOutput | None:
    """The output that a message brings, as valid nbformat; None when it brings none."""
    content = message.content
    match message.kind:
        case "stream":
            name, text = content.get("name"), content.get("text")
            if name not in ("stdout", "stderr") or not isinstance(text, str):
                return None
            return _output("stream", name=name, text=text)
        case "display_data" | "update_display_data":
            return _output("display_data", data=_data(content.get("data")), metadata=_dict(content.get("metadata")))
        case "execute_result":
            count = content.get("execution_count")
            return _output(
                "execute_result",
                data=_data(content.get("data")),
                metadata=_dict(content.get("metadata")),
                execution_count=count if type(count) is int and 0 <= count < 10**9 else None,
            )
        case "error":
            traceback = content.get("traceback")
            lines = traceback if isinstance(traceback, list) else []
            name, value = (part if isinstance(part, str) else "" for part in map(content.get, ("ename", "evalue")))
            return error(name, value, [line for line in lines if isinstance(line, str)])
    return None


def error(name: str, message: str, traceback: Sequence[str] = ()) -> KernelOutput:
    """An error output; without a traceback, one line that says the same, in red as IPython has it."""
    lines = list(traceback) or [f"\x1b[0;31m{name}\x1b[0m: {message}"]
    return _output("error", ename=name, evalue=message, traceback=lines)


def printed(text: str) -> KernelOutput:
    """Text on stdout."""
    return _output("stream", name="stdout", text=text)


def _output(kind: str, **fields: Any) -> KernelOutput:
    """As nbformat's `new_output`, which takes a millisecond to validate what is valid here by the way it is made."""
    return KernelOutput(output_type=kind, **fields)


def _display_id(content: dict[str, Any]) -> str:
    transient = content.get("transient")
    name = transient.get("display_id") if isinstance(transient, dict) else None
    return name if isinstance(name, str) else ""


def _data(bundle: object) -> dict[str, Any]:
    """A MIME bundle: text, except for JSON types."""
    found = {}
    for mime, value in _dict(bundle).items():
        if isinstance(value, str) or _JSON_TYPE.fullmatch(mime):
            found[mime] = value
    return found


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
