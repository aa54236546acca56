"""Keras and the files in its cache that came from a mirror; the line that tells Python of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import verified_datasets
from autograder.course.datasets import startup

# In a fresh Python with real Keras: what `get_file` does with each file. No server answers, so refusing is an error.
ASK = """
import json, sys, keras, keras.src.utils.file_utils as file_utils
from autograder.course import verified_datasets
verified_datasets.accept_noted_files(file_utils, {"a" * 64: "b" * 64})
home, *names = sys.argv[1:]
said = {}
for name in names:
    try:
        path = keras.utils.get_file(name, "http://127.0.0.1:9/", file_hash="a" * 64, cache_dir=home)
        said[name] = open(path).read()
    except Exception as error:
        said[name] = f"refused: {error}"
print("\\n" + json.dumps(said))
"""


def note(path: Path, **changes: str) -> None:
    content = {"file_sha256": verified_datasets.file_sha256(path), "arrays_sha256": "b" * 64}
    verified_datasets.note_path(path).write_text(json.dumps(content | changes))


@pytest.fixture(scope="module")
def keras_said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """File name -> its contents, if Keras took it from its cache, else "refused: …"."""
    home = tmp_path_factory.mktemp("keras")
    names = ("noted", "unnoted", "tampered", "other_arrays", "broken_note", "list_note")
    (home / "datasets").mkdir()
    for name in names:
        (home / "datasets" / name).write_text(f"contents of {name}")
    note(home / "datasets" / "noted")
    note(home / "datasets" / "tampered")
    (home / "datasets" / "tampered").write_text("other contents")
    note(home / "datasets" / "other_arrays", arrays_sha256="c" * 64)
    verified_datasets.note_path(home / "datasets" / "broken_note").write_text('{"file_sha256": ')
    verified_datasets.note_path(home / "datasets" / "list_note").write_text("[1]")
    done = subprocess.run([sys.executable, "-c", ASK, str(home), *names], capture_output=True, text=True, check=True)
    said: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_keras_accepts_a_noted_file(keras_said):
    assert keras_said["noted"] == "contents of noted"


@pytest.mark.parametrize("name", ["unnoted", "tampered", "other_arrays", "broken_note", "list_note"])
def test_keras_refuses_any_other_file_as_ever(keras_said, name):
    assert keras_said[name].startswith("refused: URL fetch failure")


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


SITE = "import site, sys; site.addsitedir(sys.argv[1]); print('autograder.course.verified_datasets' in sys.modules)"


def test_line_imports_the_check_when_python_starts(tmp_path):
    said = startup.activate(tmp_path)
    done = python("-S", "-c", SITE, str(tmp_path), PYTHONPATH=str(Path(verified_datasets.__file__).parents[2]))
    assert said.startswith(f"wrote {tmp_path / startup.NAME}")
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_line_does_nothing_where_the_package_is_missing(tmp_path):
    startup.activate(tmp_path)
    done = python("-I", "-S", "-c", SITE, str(tmp_path))
    assert (done.stdout, done.stderr, done.returncode) == ("False\n", "", 0)


def test_line_that_is_there_is_left_alone(tmp_path):
    startup.activate(tmp_path)
    assert startup.activate(tmp_path) == ""


def test_site_packages_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "site-packages").write_text("a file, so that even root can't write into it")
    with pytest.raises(startup.StartupError, match=r"can't be written .*virtual environment .*load_data\(\)"):
        startup.activate(tmp_path / "site-packages")


def test_check_loads_nothing_more_at_the_start_of_python():
    code = "import sys; before = set(sys.modules); "
    code += "import autograder.course.verified_datasets; print(*set(sys.modules) - before)"
    done = python("-S", "-c", code, PYTHONPATH=str(Path(verified_datasets.__file__).parents[2]))
    assert sorted(done.stdout.split()) == [
        "__future__",
        "autograder",
        "autograder.common",
        "autograder.common.import_hook",
        "autograder.course",
        "autograder.course.verified_datasets",
        "autograder.version",
    ]


def test_datasets_import_neither_keras_nor_tensorflow():
    done = python("-c", "import sys, autograder.course.datasets; print({'keras', 'tensorflow'} & set(sys.modules))")
    assert done.stdout == "set()\n"


def test_keras_still_imports_and_checks_with_our_finder_in_front():
    code = "import autograder.course.verified_datasets, keras.src.utils.file_utils as f, inspect\n"
    code += "print(f.validate_file.__doc__)\n"
    done = python("-c", f"{code}print('def validate_file' in inspect.getsource(f))")
    assert "Validates a file against a sha256 or md5 hash." in done.stdout
    assert done.stdout.splitlines()[-1] == "True"
