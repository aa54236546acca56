"""A network of machines on this one: each has a network namespace of its own, and a cable that can be cut."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from types import TracebackType

import pytest


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _is_possible() -> bool:
    name = f"ag{os.getpid()}-try"
    if shutil.which("ip") is None or subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        return False
    return subprocess.run(["ip", "netns", "del", name], capture_output=True).returncode == 0


needs_namespaces = pytest.mark.skipif(not _is_possible(), reason="no network namespace can be made here")


@dataclass(frozen=True)
class Machine:
    """One of the network's machines."""

    name: str
    host: str  # its address
    command: tuple[str, ...]  # runs another command there

    def cut(self) -> None:
        """Cut its cable: what is sent to it or from it is lost, and nobody is told."""
        _ip("link", "set", self.name, "down")


@dataclass
class Network:
    """A network, from `with` on; this machine, too, is in it, as `host`."""

    name: str = f"ag{os.getpid()}"
    net: str = f"10.77.{os.getpid() % 250}"
    machines: list[Machine] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"{self.net}.1"

    def machine(self) -> Machine:
        """Another machine."""
        number = len(self.machines) + 2
        made = Machine(
            f"{self.name}-{number}", f"{self.net}.{number}", ("ip", "netns", "exec", f"{self.name}-{number}")
        )
        _ip("netns", "add", made.name)
        self.machines.append(made)
        _ip("link", "add", made.name, "type", "veth", "peer", "name", "eth0", "netns", made.name)
        _ip("link", "set", made.name, "master", self.name, "up")
        _ip("-n", made.name, "address", "add", f"{made.host}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            _ip("-n", made.name, "link", "set", device, "up")
        return made

    def __enter__(self) -> "Network":
        _ip("link", "add", self.name, "type", "bridge")
        _ip("address", "add", f"{self.host}/24", "dev", self.name)
        _ip("link", "set", self.name, "up")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for machine in self.machines:
            _ip("netns", "del", machine.name)  # its cable goes with it
        _ip("link", "del", self.name)
