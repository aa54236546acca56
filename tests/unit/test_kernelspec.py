"""Which kernel runs a notebook, and what is said where none can. Other Pythons are asked in tests/integration."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from environments import add_kernel

from autograder.kernel.environment import environment
from autograder.kernel.kernelspec import Kernel, KernelError, PlainKernel, find_kernel

LAUNCH = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
Add = Callable[..., None]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Adds kernelspecs that Jupyter finds in this test."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    def adds(name: str, argv: list[str], language: str = "python", **more: object) -> None:
        add_kernel(tmp_path, name, argv, language, **more)

    return adds


def of(name: str, language: str = "", **more: Any) -> dict[str, Any]:
    """Metadata of a notebook."""
    said = {"language": language} if language else {}
    return {"kernelspec": {"name": name, "display_name": name, **said}, **more}


@pytest.mark.parametrize(
    "metadata", [{}, of("python3"), of("python"), of("python3", "python"), of("python3", "ipython")]
)
def test_the_default_is_the_graders_own_python(metadata: dict[str, Any]) -> None:
    found = find_kernel(metadata)
    assert (found.name, found.is_own, found.interpreter.executable) == ("python3", True, sys.executable)


def test_variables_of_a_kernelspec_are_those_of_its_notebooks_and_refer_to_none_of_the_graders(
    add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    variables = {"PATH": "/opt/tools:${PATH}", "TOKEN": "${TOKEN}", "HOME": "/root", "COURSE": "ml"}
    add("course", [sys.executable, *LAUNCH], env=variables)
    kernel = find_kernel(of("course"))
    seen = environment("/home/student", kernel, {"COURSE": "given"})
    assert kernel.is_own
    assert seen["PATH"].startswith(f"/opt/tools:{sys.prefix}/bin:")
    assert (seen["TOKEN"], seen["HOME"], seen["COURSE"]) == ("${TOKEN}", "/home/student", "given")


def test_what_is_not_installed_is_named_with_what_is(add: Add) -> None:
    add("stats", ["R"], "R")
    with pytest.raises(KernelError) as python:
        find_kernel(of("ml", "python"))
    with pytest.raises(KernelError) as julia:
        find_kernel(of("julia-1.10", "julia"))
    for error, name in ((python, "'ml' (python)"), (julia, "'julia-1.10' (julia)")):
        assert name in str(error.value)
        assert "python3, stats" in str(error.value)
    assert "ipykernel install --user --name ml" in str(python.value)
    assert "ipykernel install" not in str(julia.value)


def test_the_instructor_may_choose_another_kernel_for_all(add: Add) -> None:
    assert find_kernel(of("ml", "python"), "python3").is_own
    add("python", [sys.executable, *LAUNCH])
    assert find_kernel(of("ml", "python"), "python").name == "python3"  # as jupyter_client has it


@pytest.mark.parametrize(
    "metadata",
    [of("python3", "R"), of("python3", language_info={"name": "R"}), of("stats", "python"), of("stats", "ipython")],
)
@pytest.mark.parametrize("plain", [(), ("stats", "python3")])
def test_cells_are_never_run_by_a_kernel_of_another_language(
    add: Add, metadata: dict[str, Any], plain: tuple[str, ...]
) -> None:
    add("stats", ["sh"], "R")
    with pytest.raises(KernelError, match=r"its language is i?(R|python), and its kernel"):
        find_kernel(metadata, "", plain)


def test_nor_by_one_that_is_chosen_for_all(add: Add) -> None:
    add("stats", ["sh"], "R")
    assert find_kernel(of("other", "r"), "stats", ("stats",)).plain is not None
    with pytest.raises(KernelError, match="its language is julia, and its kernel 'stats'"):
        find_kernel(of("other", "julia"), "stats", ("stats",))


@pytest.mark.parametrize("said", ["", "R"])
def test_another_language_is_refused_unless_its_kernel_is_allowed_by_name(add: Add, said: str) -> None:
    add("stats", ["sh", "{resource_dir}/start", "{connection_file}"], "R", interrupt_mode="message", env={"A": "1"})
    for plain in ((), ("other",)):
        with pytest.raises(KernelError, match=r"'stats', whose language is R.*plain_kernels = \['stats'\]"):
            find_kernel(of("stats", said), "", plain)
    found = find_kernel(of("stats", said), "", ("stats",))
    assert found.plain is not None
    assert (found.plain.language, found.plain.by_signal, found.variables) == ("R", False, {"A": "1"})
    program, script, file = found.plain.command
    assert Path(program).is_absolute()
    assert (Path(script).is_absolute(), file) == (True, "{connection_file}")
    assert str(Path(script).parent) in found.shown
    assert not {"/", "/bin"} & set(found.shown)


def test_a_plain_kernel_is_shown_the_environment_that_it_is_in(add: Add, tmp_path: Path) -> None:
    program = tmp_path / "conda" / "envs" / "r" / "lib" / "R" / "bin" / "R"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "conda" / "envs" / "r" / "conda-meta").mkdir()
    add("ir", [str(program), "{connection_file}"], "R")
    kernel = find_kernel(of("ir"), "", ("ir",))
    assert str(tmp_path / "conda" / "envs" / "r") in kernel.shown
    assert f"{tmp_path}/conda/envs/r/bin" in environment("/home/student", kernel, {})["PATH"].split(":")


@pytest.mark.parametrize(
    ("argv", "more", "said"),
    [
        (["xpython", "-f", "{connection_file}"], {}, "only ipykernel"),
        (["/opt/run.sh", "{connection_file}"], {}, "only ipykernel"),
        (["python", "ipykernel_launcher", "-f", "{connection_file}"], {}, "only ipykernel"),
        ([], {}, "no command"),
        (
            ["python", *LAUNCH],
            {"metadata": {"kernel_provisioner": {"provisioner_name": "k8s-provisioner"}}},
            "can't be used",
        ),
    ],
)
def test_what_starts_no_ipykernel_here_is_refused(add: Add, argv: list[str], more: dict[str, Any], said: str) -> None:
    add("odd", argv, **more)
    with pytest.raises(KernelError, match=said) as error:
        find_kernel(of("odd"))
    assert "'odd'" in str(error.value)


def test_a_kernelspec_that_cannot_be_read_is_told(add: Add, tmp_path: Path) -> None:
    add("broken", ["x"])
    (tmp_path / "kernels" / "broken" / "kernel.json").write_text("{")
    with pytest.raises(KernelError, match="'broken'"):
        find_kernel(of("broken"))


def test_a_plain_kernel_is_never_taken_for_the_graders_own() -> None:
    assert not Kernel(plain=PlainKernel("R", ("R",), (), by_signal=True)).is_own
