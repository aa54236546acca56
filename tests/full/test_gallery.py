"""The gallery runs from its first cell to its last, and its functions do what its text says."""

import json
import os
import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from repository import ROOT, SMALL_DATA

from autograder.course import sample_class

# Run after the notebook, in its kernel: by name, the value of the last line.
PROBES = {
    "whole windows": """
        scene = make_scenes(x_test, y_test, 1, 112, 5, np.random.default_rng(3))[0]
        everywhere = np.asarray(detector(scene[..., np.newaxis]))[0]
        one_by_one = [
            [np.asarray(detector(scene[:, y : y + 28, x : x + 28, np.newaxis]))[0, 0, 0] for x in (0, 4, 84)]
            for y in (0, 40, 84)
        ]
        [list(everywhere.shape), float(np.abs(everywhere[np.ix_([0, 10, 21], [0, 1, 21])] - one_by_one).max())]
    """,
    "planted": """
        found = []
        for digit in range(10):
            scene = np.zeros((112, 112), "float32")
            scene[41:69, 58:86] = x_test[np.flatnonzero(y_test == digit)[0]]
            boxes = detect(detector, scene, threshold=0.5)
            found.append(bool(boxes) and boxes[0][2] == digit and iou(boxes[0], (41, 58)) >= 0.5)
        sum(found)
    """,
    "empty scene": "detect(detector, np.zeros((112, 112), 'float32'), threshold=0.5)",
    "iou": "[iou((5, 7), (5, 7)), iou((0, 0), (0, 14)), iou((0, 0), (28, 0))]",
    "suppressed": "suppress([(0, 0, 3, 0.7), (2, 2, 3, 0.9), (60, 0, 8, 0.6)])",
    "class ious": """
        truth, answer = np.array([[1, 1, 10, 10]]), np.array([[1, 10, 10, 10]])
        [float(value) for value in class_ious(truth, answer)[[1, 10]]]
    """,
    "segmented": """
        scenes, classes, _ = make_scenes(x_test, y_test, 100, 56, 3, np.random.default_rng(5))
        answers = segmenter.predict(scenes[..., np.newaxis], verbose=0).argmax(axis=-1)
        [float(np.nanmean(class_ious(classes, answer)[:10])) for answer in (answers, np.full_like(classes, BACKGROUND))]
    """,
    "made": """
        made = np.asarray(generator(fixed_noise))
        [list(made.shape), float(made.min()) >= 0, float(made.max()) <= 1, bool(np.isfinite(gan_losses).all())]
    """,
    "fakes": """
        [list(fakes.shape), float(np.square(fakes - x_train[y_train == 8].mean(axis=0).ravel()).mean()),
         float(np.square(fakes - x_train[y_train == 3].mean(axis=0).ravel()).mean())]
    """,
    "slant": """
        image = np.zeros((28, 28))
        image[np.arange(4, 24), 20 - np.arange(4, 24) // 2] = 1  # half a pixel to the left per pixel down
        float(slant(image.reshape(1, 784))[0])
    """,
    "recalled": "float(np.mean(recalled == memories))",
    "vowels": """
        said = ("aiu", "uiaiaui", "ia")
        [recognize(np.concatenate([vowel(name) for name in text])) for text in said]
    """,
    "tunes": "[find_tune(sound[RATE : 2 * RATE], library)[0] for sound in list(songs.values())[:5]]",
    "letters": "count_letters(['ab', 'abb'], 1)",
    "invented": """
        counts = count_letters(CAPITALS, 2)
        words = [invent(counts, 2, np.random.default_rng(seed)).lower() for seed in range(50)]
        pairs = {text[i : i + 3] for name in CAPITALS for text in [f"..{name.lower()}."] for i in range(len(text) - 2)}
        all(text[i : i + 3] in pairs for word in words for text in [f"..{word}."] for i in range(len(text) - 2))
    """,
    "rows": "[float(value) for value in np.unique(np.round(globals()['letter_table'].sum(axis=1), 6))]",
    "translations": "dict(zip(sources, [targets[k] for k in translations.argmax(axis=1)]))",
    "precision": "[precision_at(0.5), precision_at(0.01)]",
    "wind": "[int(v) for v in np.unravel_index(kernel.argmax(), kernel.shape)]",
    "forecast": """
        [float(np.mean((predicted - film[21:]) ** 2)), float(np.mean((film[20] - film[21:]) ** 2))]
    """,
    "ratings": """
        [float(np.sqrt(np.mean((guess - true_ratings)[~known] ** 2))) for guess in (predicted_ratings, film_means)]
    """,
}


def probe(source: str) -> NotebookNode:
    lines = [line.removeprefix("        ") for line in source.strip("\n").rstrip().split("\n")]
    text = "\n".join(lines)
    return nbformat.v4.new_code_cell(
        f"import ast, json\n_tree = ast.parse({text!r})\n_last = _tree.body.pop()\n"
        "_space = dict(globals())\nexec(compile(_tree, 'probe', 'exec'), _space)\n"
        "print(json.dumps(eval(compile(ast.Expression(_last.value), 'probe', 'eval'), _space)))"
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The notebook with QUICK = True, run on small made-up data, with the probes at its end."""
    notebook = sample_class.quick(sample_class.released(ROOT, "gallery"), "gallery")
    notebook.cells += [probe(source) for source in PROBES.values()]
    client = NotebookClient(notebook, timeout=600, startup_timeout=300)  # Keras is imported before it starts
    client.resources = {"metadata": {"path": str(tmp_path_factory.mktemp("gallery"))}}
    client.execute(env={**os.environ, **SMALL_DATA, "SMALL_DIGITS": "1500"})
    return notebook


@pytest.fixture(scope="module")
def found(ran: NotebookNode) -> dict[str, object]:
    """What each probe found."""
    probed = ran.cells[-len(PROBES) :]
    printed = ["".join(one.text for one in cell.outputs if one.get("name") == "stdout") for cell in probed]
    return {name: json.loads(text) for name, text in zip(PROBES, printed, strict=True)}


def test_no_cell_writes_to_stderr_and_the_folder_stays_empty(ran: NotebookNode) -> None:
    outputs = [output for cell in ran.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []


def test_one_call_on_a_scene_looks_at_all_its_windows(found) -> None:
    shape, difference = found["whole windows"]
    assert shape == [22, 22, 11]
    assert difference < 1e-4


def test_the_detector_finds_planted_digits_and_nothing_where_nothing_is(found) -> None:
    assert found["planted"] >= 8
    assert found["empty scene"] == []


def test_boxes_are_compared_by_their_areas(found) -> None:
    assert found["iou"] == pytest.approx([1, 1 / 3, 0])
    assert found["suppressed"] == [[2, 2, 3, 0.9], [60, 0, 8, 0.6]]


def test_segmentation_is_better_than_nothing_but_background(found) -> None:
    assert found["class ious"] == pytest.approx([1 / 2, 2 / 3])
    network, nothing = found["segmented"]
    assert nothing == 0
    assert network > 0.1


def test_the_generator_makes_images(found) -> None:
    assert found["made"] == [[12, 28, 28, 1], True, True, True]


def test_the_fakes_are_of_person_b(found) -> None:
    shape, to_b, to_a = found["fakes"]
    assert shape[1] == 784
    assert to_b < to_a


def test_slant_is_pixels_to_the_right_per_pixel_down(found) -> None:
    assert found["slant"] == pytest.approx(-0.5, abs=0.02)


def test_memories_are_recalled(found) -> None:
    assert found["recalled"] == 1


def test_vowels_are_recognized_and_tunes_are_found(found) -> None:
    assert found["vowels"] == ["aiu", "uiaiaui", "ia"]
    assert found["tunes"] == [f"tune {number}" for number in range(1, 6)]


def test_letters_are_counted_and_invented_names_follow_the_counts(found) -> None:
    assert found["letters"] == {".": {"a": 2}, "a": {"b": 2}, "b": {".": 2, "b": 1}}
    assert found["invented"] is True
    assert found["rows"] == [1]


def test_words_find_their_translations(found) -> None:
    assert found["translations"] == {
        **{"a": "una", "the": "la", "house": "casa", "flower": "flor", "green": "verde", "white": "blanca"},
        **{"cat": "gata", "cow": "vaca", "sleeps": "duerme", "eats": "come"},
    }


def test_precision_falls_with_the_prevalence(found) -> None:
    assert found["precision"] == pytest.approx([0.975 / (0.975 + 0.066), 0.00975 / (0.00975 + 0.066 * 0.99)])


def test_the_kernel_shows_the_wind_and_the_forecast_beats_persistence(found) -> None:
    assert found["wind"] == [1, 4]  # one pixel up and two to the right, in a kernel with its middle at (2, 2)
    forecast, persistence = found["forecast"]
    assert forecast < persistence / 10


def test_factorization_beats_the_mean_of_each_film(found) -> None:
    factorized, means = found["ratings"]
    assert factorized < 0.6 * means


def test_the_text_gives_the_numbers_of_the_code() -> None:
    cells = sample_class.released(ROOT, "gallery").cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    words = " ".join(" ".join(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    pairs = code.split("PAIRS = [")[1].split("\n]")[0].count('("')
    assert pairs == 10
    assert "here on ten sentences" in words
    assert "97.5 % of the sick" in words
    assert "SENSITIVITY, SPECIFICITY = 0.975, 0.934" in code
    assert "200 people and 60 films" in words
    assert "normal(size=(200, 2)), rng.normal(size=(60, 2))" in code
    assert "the digit 3, person B the digit 8" in words
    assert "for digit in (3, 8)" in code


def test_every_year_has_its_source() -> None:
    cells = sample_class.released(ROOT, "gallery").cells
    history = next(cell.source for cell in cells if "## 1. A short history" in cell.source)
    rows = re.findall(r"^\| (\d{4}) \| (.+) \| (.+) \|$", history, re.MULTILINE)
    assert len(rows) >= 15
    assert [year for year, _, source in rows if not re.search(r"\*.+\*", source)] == []
    assert [int(year) for year, *_ in rows] == sorted(int(year) for year, *_ in rows)
