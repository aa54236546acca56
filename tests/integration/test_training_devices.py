"""Which GPUs are found: by an `nvidia-smi` on PATH that answers as the real one does. No GPU was at hand."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from candidates import needs_sandbox
from trainers import BUDGET
from waiting import until

from autograder.container.requirements import health, missing_requirement
from autograder.sandbox.host import find_bwrap
from autograder.training import cuda_libraries
from autograder.training.devices import Gpu, Slot, gpus, place
from autograder.training.fit_messages import Declined, FitArguments, JobContent
from autograder.training.worker_messages import TrainingOrder
from autograder.training.worker_process import WorkerProcess

A100, T4 = "NVIDIA A100-SXM4-40GB", "Tesla T4"
FIRST, SECOND = "GPU-128ab6fb-6ec9-fd74-b479-4a5fd14f55bd", "GPU-06e04616-0ed5-4069-5ebc-345349a0d4f3"

ON_CPU = Slot(None, 1, None)
ARGUMENTS = FitArguments(None, 1, 0, None, None, None, None, True, 0.0, 1)


def told(uuid: str, minor: str, name: str = T4, memory: str = "15360 MiB") -> str:
    """A GPU as `nvidia-smi -q -x` tells it; what nobody here reads is left out."""
    return f"""
    <gpu id="00000000:07:00.0">
        <product_name>{name}</product_name>
        <mig_mode>
            <current_mig>N/A</current_mig>
        </mig_mode>
        <uuid>{uuid}</uuid>
        <minor_number>{minor}</minor_number>
        <fb_memory_usage>
            <total>{memory}</total>
            <reserved>449 MiB</reserved>
        </fb_memory_usage>
        <bar1_memory_usage>
            <total>256 MiB</total>
        </bar1_memory_usage>
    </gpu>"""


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Answering":
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    missing_requirement.cache_clear()
    return Answering(tmp_path)


class Answering:
    """An `nvidia-smi` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *found: str, code: int = 0) -> None:
        """Have it tell of these GPUs when it is asked for all, as XML, and fail else."""
        log = '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n<nvidia_smi_log>'
        (self._folder / "answer").write_text(f"{log}{''.join(found)}\n</nvidia_smi_log>\n")
        program = self._folder / "nvidia-smi"
        program.write_text(f'#!/bin/sh\n[ "$*" = "-q -x" ] || exit 2\ncat "{self._folder}/answer"\nexit {code}\n')
        program.chmod(0o755)


def test_gpus_are_known_by_uuid_and_by_the_number_of_their_device_file(answering: Answering) -> None:
    answering(told(FIRST, "3", A100, "40960 MiB"), told(SECOND, "0"))
    assert gpus() == [Gpu(FIRST, 3, A100, 40960), Gpu(SECOND, 0, T4, 15360)]


@pytest.mark.parametrize(("minor", "memory"), [("N/A", "15360 MiB"), ("0", "N/A")])
def test_a_gpu_without_a_device_file_or_memory_of_its_own_is_left_out(
    answering: Answering, minor: str, memory: str
) -> None:
    answering(told(FIRST, minor, memory=memory), told(SECOND, "1"))
    assert gpus() == [Gpu(SECOND, 1, T4, 15360)]


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [("0", [FIRST]), ("1,0", [FIRST, SECOND]), (SECOND[:12], [SECOND]), ("", []), ("-1", []), ("7", [])],
)
def test_only_gpus_that_the_grader_is_given_are_used(
    answering: Answering, monkeypatch: pytest.MonkeyPatch, chosen: str, kept: list[str]
) -> None:
    answering(told(FIRST, "0"), told(SECOND, "1"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert [gpu.uuid for gpu in gpus()] == kept


def test_a_driver_that_fails_means_no_gpu(answering: Answering) -> None:
    answering(told(FIRST, "0"), code=9)
    assert gpus() == []


def test_an_answer_that_is_no_xml_means_no_gpu(answering: Answering, tmp_path: Path) -> None:
    answering()
    (tmp_path / "answer").write_text("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")
    assert gpus() == []


def test_without_nvidia_smi_there_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus() == []


def test_a_slots_process_is_shown_its_gpu_by_uuid() -> None:
    process = WorkerProcess(Slot(Gpu(SECOND, 0, T4, 15360), 1, 6144), 1 << 30, sandboxed=False)
    environment = Path(f"/proc/{process._process.pid}/environ")
    try:
        until(lambda: environment.read_bytes() != b"")  # the kernel shows none for a moment while a program starts
        assert f"CUDA_VISIBLE_DEVICES={SECOND}" in environment.read_bytes().decode().split("\0")
    finally:
        process.kill()


def test_a_gpu_that_tensorflow_does_not_see_trains_nothing_under_its_name() -> None:
    process = WorkerProcess(Slot(Gpu(SECOND, 0, T4, 15360), 1, 6144), 1 << 30, sandboxed=False)
    try:
        process.send(TrainingOrder(JobContent("", [], [], None, ARGUMENTS, []), 0, BUDGET))
        answer = process.receive(60)
        assert isinstance(answer, Declined)
        assert answer.reason.startswith("TensorFlow sees no GPU, though nvidia-smi tells of one")
        assert "libcudnn.so" in answer.reason
        assert f"tensorflow[and-cuda]=={version('tensorflow')}" in answer.reason
    finally:
        process.kill()


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has all of CUDA's libraries by name; each is the machine's libm."""
    folder = tmp_path / "libraries"
    folder.mkdir()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
    (libm,) = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/libm.so" in line}
    for one in cuda_libraries.in_slot(ON_CPU, sandboxed=False):
        shutil.copy(libm, folder / one.name)
    return folder


def test_cudas_libraries_are_those_that_tensorflow_opens(libraries: Path) -> None:
    found = cuda_libraries.in_slot(ON_CPU, sandboxed=False)
    assert {one.name for one in found if one.needed} > {"libcudart.so.12", "libcublas.so.12", "libcudnn.so.9"}
    assert {one.name for one in found if not one.needed} == {"libnccl.so.2", "libcupti.so.12"}
    assert cuda_libraries.missing(found) == ""


def test_a_cuda_library_that_is_missing_or_damaged_is_named_and_no_other(libraries: Path) -> None:
    (libraries / "libcudnn.so.9").unlink()
    (libraries / "libcufft.so.11").write_text("no library")
    found = cuda_libraries.in_slot(ON_CPU, sandboxed=False)
    assert {one.name for one in found if one.problem} == {"libcudnn.so.9", "libcufft.so.11"}
    said = cuda_libraries.missing(found)
    assert "libcudnn.so.9;" in said
    assert "libcufft.so.11 (" in said


@needs_sandbox
def test_a_library_that_the_trainers_sandbox_does_not_show_is_missing(libraries: Path) -> None:
    found = cuda_libraries.in_slot(ON_CPU, sandboxed=True)
    assert {"libcudnn.so.9"} <= {one.name for one in found if one.problem}


def test_a_machine_whose_gpu_tensorflow_cannot_use_is_not_healthy(answering: Answering) -> None:
    answering(told(FIRST, "0"))
    works, lines = health()
    assert not works
    assert any(line.startswith("CUDA libraries: TensorFlow can't open libcudart.so") for line in lines)


@needs_sandbox
def test_bfloat16_is_refused_where_the_processor_has_no_instructions_for_it(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name\t: Old\nflags\t\t: avx2 avx512f\n")
    shown = [str(find_bwrap()), "--dev-bind", "/", "/", "--ro-bind", str(cpuinfo), "/proc/cpuinfo"]
    script = "from autograder.training.settings import Trainer; Trainer(precision='bfloat16')"
    done = subprocess.run([*shown, sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "TraitError: `precision` is 'bfloat16'" in done.stderr
    assert "Old has none" in done.stderr


def test_finding_devices_imports_no_tensorflow() -> None:
    script = "import sys, autograder.training.devices; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False False\n"


def test_slots_of_a_gpu_are_as_many_logical_devices_of_tensorflow() -> None:
    """TensorFlow's own division of a device, on CPUs, as there is no GPU here."""
    slots = place([Gpu("GPU-0", 0, T4, 15360)], 4096, 1, 0, 8)
    script = (
        "import sys, tensorflow as tf; n = int(sys.argv[1]); cpu = tf.config.list_physical_devices('CPU')[0]\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * n)\n"
        "devices = tf.config.list_logical_devices('CPU')\n"
        "for device in devices:\n"
        "    with tf.device(device.name):\n"
        "        assert tf.linalg.matmul(tf.eye(3), tf.eye(3)).device.endswith(device.name[-6:]), device.name\n"
        "print(len(devices))"
    )
    command = [sys.executable, "-c", script, str(len(slots))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "3", done.stderr
