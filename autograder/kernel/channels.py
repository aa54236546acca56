"""The grader's ends of the kernel's sockets: bounded in the size of a message, in bytes and messages, and in time.

Outputs beyond the notebook's limit are dropped, and counted; a flood of them ends the notebook.
"""

from collections.abc import Sequence
from typing import Any, Literal

import zmq
from jupyter_client.connect import channel_socket_types
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from autograder.common.language import english
from autograder.kernel.jupyter_messages import FRAMES, KernelMessage, read
from autograder.sandbox.limits import Limits, size

Channel = Literal["shell", "iopub"]
_BATCH = 200  # messages read at once
FLOOD = 8  # how many times the limit of output may come in all
_OUTPUTS = frozenset("stream display_data execute_result update_display_data error".split())


class Manager(KernelManager):
    """Interrupts by message, as the kernel's process is below others; its sockets wait for nobody when they close."""

    kernel_spec = KernelSpec(language="python", interrupt_mode="message")

    def _create_connected_socket(self, channel: str, identity: bytes | None = None) -> "zmq.Socket[bytes]":
        made: zmq.Socket[bytes] = self.context.socket(channel_socket_types[channel])
        made.connect(self._make_url(channel))
        return made


def context(limits: Limits) -> "zmq.Context[zmq.Socket[bytes]]":
    """A ZeroMQ context for sockets to a candidate: bounded messages, no reconnecting, no waiting when it is closed."""
    made = zmq.Context()
    made.linger = 0
    made.sndtimeo = 1000
    made.maxmsgsize = max(FLOOD * limits.output_bytes, 1 << 20)
    made.reconnect_ivl = -1  # once connected, or never: what listens later isn't what we started
    return made


class Channels:
    """Shell and iopub of one kernel.

    `over` says which limit of output is exceeded, when one is; `dropped`: how many outputs were; `flooded`: too many.
    """

    over: str = ""
    dropped: int = 0
    flooded: bool = False
    hung_up: bool = False

    def __init__(self, manager: Manager, limits: Limits) -> None:
        """Connect to the kernel of `manager`."""
        self._session = manager.session
        self._limits = limits
        self._sockets: dict[Channel, zmq.Socket[bytes]] = {
            "shell": manager.connect_shell(),
            "iopub": manager.connect_iopub(),
        }
        self._monitors = [end.get_monitor_socket(zmq.EVENT_DISCONNECTED) for end in self._sockets.values()]
        self._poller = zmq.Poller()
        for end in (*self._sockets.values(), *self._monitors):
            self._poller.register(end, zmq.POLLIN)
        self._bytes = self._messages = 0

    def send(self, kind: str, content: dict[str, Any]) -> str:
        """Send a request; returns its id."""
        message = self._session.msg(kind, content)
        try:
            self._session.send(self._sockets["shell"], message)
        except zmq.ZMQError:
            self.hung_up = True
        return str(message["header"]["msg_id"])

    def receive(self, seconds: float) -> list[tuple[Channel, KernelMessage]]:
        """The messages that come within `seconds`, at most `_BATCH` of a channel."""
        received: list[tuple[Channel, KernelMessage]] = []
        ready = dict(self._poller.poll(int(seconds * 1000)))
        for name, end in self._sockets.items():
            for _ in range(_BATCH if end in ready else 0):
                parts = _parts(end)
                if not parts:
                    break
                self._count(parts)
                if self.flooded:
                    break
                message = read(parts)
                if message and self.over and name == "iopub" and message.kind in _OUTPUTS:
                    self.dropped += 1
                elif message:
                    received.append((name, message))
        # it is believed only when nothing more comes from the other channel either
        self.hung_up = self.hung_up or (not received and any(monitor in ready for monitor in self._monitors))
        return received

    def _count(self, parts: Sequence[bytes]) -> None:
        """Hold a message against the limits of the notebook."""
        limits = self._limits
        self._bytes += sum(map(len, parts))
        self._messages += 1
        if self._bytes > limits.output_bytes or len(parts) > FRAMES:
            self.over = english(
                "The notebook's output is over %(size)s, the limit of this assignment.", size=size(limits.output_bytes)
            )
        elif self._messages > limits.output_messages:
            self.over = english(
                "The notebook's output is over %(count)s messages, the limit of this assignment.",
                count=f"{limits.output_messages:,}",
            )
        self.flooded = (
            self._bytes > FLOOD * limits.output_bytes
            or self._messages > FLOOD * limits.output_messages
            or len(parts) > FRAMES
        )


def _parts(end: "zmq.Socket[bytes]") -> list[bytes]:
    """A message's parts, at most one more than a message may have; empty when there is none."""
    parts: list[bytes] = []
    try:
        while len(parts) <= FRAMES:
            parts.append(end.recv(zmq.NOBLOCK))
            if not end.getsockopt(zmq.RCVMORE):
                break
    except zmq.ZMQError:
        return []
    return parts
