"""The image, built for real without an image registry, and containers started from it as the documentation says.

podman and runc are Debian's; the base is made by mmdebstrap. What is slow is kept from run to run: the base, podman's
layers, pip's wheels.

`python tests/support/containers.py` builds the image for GPUs (a download of 3 GB, an image of 7.3 GB) and prints what
its `health` says: no GPU is needed for that.
"""

import functools
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from debian import Unavailable, install
from repository import ROOT

from autograder import __version__

BASE, IMAGE = "localhost/autograder-test-base", "localhost/autograder-test"
SUITE, PYTHON = "trixie", "3.13"
PACKAGES = ("podman", "runc", "mmdebstrap")
WHEELS = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "autograder-tests" / "wheels"
USER = 4321  # somebody who is not in the image's /etc/passwd
PROFILE = "autograder/container/seccomp.json"
# What a container is started with, by podman. docs/container.md says what each is for.
FLAGS = {
    "--network none": "",
    "--read-only": "",
    "--user UID:GID": f"--user={USER}:{USER}",
    "--cap-drop all": "",
    "--security-opt no-new-privileges": "",
    f"--security-opt seccomp={PROFILE}": f"--security-opt=seccomp={ROOT / PROFILE}",
    "--security-opt unmask=/proc/*": "",
}
_SYS_RESOURCE = 24  # the capability to raise limits, which a virtual machine's root may lack


@functools.cache
def image(device: str = "cpu") -> str:
    """The name of the image for "cpu" or "gpu", once it is built. Raises Unavailable; a failed build is an error."""
    _tools()
    if subprocess.run(["podman", "image", "exists", BASE], check=False).returncode:
        _base()
    command = ["podman", "--runtime", "runc", "build", "--network", "host", "--format", "docker"]
    command += ["--volume", f"{_wheels(device)}:/wheels:ro", "--build-arg", "PIP_FIND_LINKS=/wheels"]
    command += ["--build-arg", "PIP_NO_INDEX=1", "--build-arg", f"BASE={BASE}", "--build-arg", f"VERSION={__version__}"]
    name = f"{IMAGE}:{device}"
    _run([*command, "--build-arg", f"DEVICE={device}", "--file", "autograder/Containerfile", "--tag", name, "."])
    return name


def command(
    *arguments: str, options: Sequence[str] = (), without: Sequence[str] = (), device: str = "cpu"
) -> list[str]:
    """A container of the image for `device` with `arguments`; FLAGS but for those in `without`, and more options."""
    flags = [part for flag, given in FLAGS.items() if flag not in without for part in (given or flag).split(" ", 1)]
    if not _may_raise_limits():  # podman would
        flags += ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"]
    return ["podman", "--runtime", "runc", "run", "--rm", *flags, *options, image(device), *arguments]


def run(
    *arguments: str, options: Sequence[str] = (), without: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run it to its end."""
    started = command(*arguments, options=options, without=without)
    return subprocess.run(started, capture_output=True, text=True, check=False)


def mount(path: Path, at: str, *, read_only: bool = False) -> str:
    """The option that shows a folder of the host's in a container."""
    return f"--volume={path}:{at}{':ro' if read_only else ''}"


def give(folder: Path) -> Path:
    """Make a folder and all that is in it USER's, links not followed."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, USER, USER, follow_symlinks=False)
    return folder


def _tools() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Unavailable("the image is built by root on Linux only: podman and a base have to be installed")
    install({name: name for name in PACKAGES})


def _base() -> None:
    made = WHEELS.parent / f"{SUITE}.tar"
    made.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mmdebstrap", "--variant=minbase", SUITE, str(made)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unavailable(f"mmdebstrap can't make a base of {SUITE}: {done.stderr.strip()[-300:]}")
    _run(["podman", "import", str(made), BASE])
    made.unlink()
    limits = [] if _may_raise_limits() else ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"]
    started = ["podman", "--runtime", "runc", "run", "--rm", "--network", "none", *limits, BASE, "true"]
    done = subprocess.run(started, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"podman can't start a container here: {done.stderr.strip()[-300:]}")


def _wheels(device: str) -> Path:
    """What the image needs of PyPI, brought by this machine's own pip, as it is set up here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [
        one
        for name in ("keras", "cluster", "course")
        for one in project["optional-dependencies"][name]
        if "[" not in one
    ]
    extras += ["tensorflow[and-cuda]"] if device == "gpu" else []
    pip = [getattr(sys, "_base_executable", sys.executable), "-m", "pip"]  # a virtual environment may lack it
    options = ["--quiet", "--only-binary=:all:", "--python-version", PYTHON, "--dest", str(WHEELS)]
    locks = [
        part for lock in ("requirements.lock", "autograder/container/image.lock") for part in ("--constraint", lock)
    ]
    _run([*pip, "download", *options, *locks, *project["dependencies"], *extras, "setuptools", "wheel"])
    return WHEELS


def _run(argv: Sequence[str]) -> None:
    done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(argv)}` failed:\n{done.stdout[-5000:]}")


def _may_raise_limits() -> bool:
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    return bool(int(effective, 16) >> _SYS_RESOURCE & 1)


if __name__ == "__main__":
    sys.exit(subprocess.run(command("health", device="gpu"), check=False).returncode)
