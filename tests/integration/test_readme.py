"""README and docs say what is true: points, commands, measured accuracies."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from readme import commands
from repository import ASSIGNMENTS, ROOT, copy_course, source

from autograder.course import accuracy
from autograder.grading.settings import Grading
from autograder.sandbox.limits import Limits
from autograder.training.settings import Trainer

COURSE = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
MEASURED = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")


def exercises(assignment: str) -> dict[str, str]:
    """Heading → points of the exercises of an assignment."""
    text = "\n".join(cell.source for cell in source(assignment).cells if cell.cell_type == "markdown")
    return dict(re.findall(r"^#+ (.+) \((\d+) points?\)$", text, re.MULTILINE))


def test_the_russian_readme_has_commands_and_points_of_the_english_one() -> None:
    english, russian = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ru.md"))
    points, commands = r"^\| `(\w+)` \|.*\| (\d+) \|$", r"^```bash\n(.*?)^```"
    assert re.findall(points, russian, re.MULTILINE) == re.findall(points, english, re.MULTILINE)
    theirs, ours = (re.findall(commands, text, re.MULTILINE | re.DOTALL) for text in (english, russian))
    given = {line for block in ours for line in block.splitlines()}
    assert given <= {line for block in theirs for line in block.splitlines()}
    assert len(given) > 8


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_each_exercise_is_listed_with_its_points(assignment: str) -> None:
    table = COURSE.split("| assignment | exercise | points |")[1].split("\n\n")[0]
    assert dict(re.findall(rf"^\| `{assignment}` \| (.+) \| (\d+) \|$", table, re.MULTILINE)) == exercises(assignment)


def test_the_measured_table_is_the_one_that_the_command_prints(tmp_path: Path) -> None:
    missing = list(accuracy.missing(ROOT, list(accuracy.PLANS), seeds=10))
    assert missing == []  # else the command below would train for hours
    folder = copy_course(tmp_path / "course", "solutions")
    command = [sys.executable, "-m", "autograder", "accuracy"]
    printed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    table = printed[printed.index("| assignment") : printed.rindex("|") + 1]
    assert table in COURSE
    assert len(table.splitlines()) == 2 + sum(1 + len(plan.compared) for plan in accuracy.PLANS.values())


@pytest.mark.parametrize("assignment", accuracy.PLANS)
def test_minimum_and_baseline_of_the_ramp_are_those_measured(assignment: str) -> None:
    measured = {s.network: s for s in accuracy.summaries(ROOT) if s.assignment == assignment}
    text = (ROOT / "solutions" / f"{assignment}.py").read_text(encoding="utf-8")
    minimum, baseline = re.search(r"^MINIMUM, BASELINE, POINTS = ([\d.]+), ([\d.]+), \d+$", text, re.MULTILINE).groups()
    assert (float(minimum), float(baseline)) == (measured["reference"].minimum, measured["dense"].baseline)
    if "lecture" in measured:
        assert measured["dense"].mean < measured["lecture"].mean < float(minimum)
    words = "\n".join(cell.source for cell in source(assignment).cells if cell.cell_type == "markdown")
    assert minimum in words
    assert baseline in words


@pytest.mark.parametrize("assignment", accuracy.PLANS)
def test_ten_seeds_were_measured_and_the_one_that_grades_passes(assignment: str) -> None:
    rows = [m for m in accuracy.load(ROOT) if m.assignment == assignment]
    for network in ("reference", "dense"):
        assert len({m.seed for m in rows if m.network == network}) >= 10
    text = (ROOT / "solutions" / f"{assignment}.py").read_text(encoding="utf-8")
    seed = int(re.search(r"^SEED = (\d+)$", text, re.MULTILINE).group(1))
    minimum = float(re.search(r"^MINIMUM, BASELINE, POINTS = ([\d.]+)", text, re.MULTILINE).group(1))
    assert next(m.accuracy for m in rows if (m.network, m.seed) == ("reference", seed)) >= minimum


@pytest.mark.parametrize("kind", [Limits, Grading, Trainer])
def test_every_setting_is_told_with_its_default(kind: type) -> None:
    told = dict(re.findall(rf"^\| `c\.{kind.__name__}\.(\w+)` \| (.+?) \|", SETTINGS, re.MULTILINE))
    assert told == {
        name: f"{default:g}" if isinstance(default, float) else repr(default) for name, default in defaults(kind)
    }


def defaults(kind: type) -> list[tuple[str, object]]:
    """Name and default of each setting of a Configurable."""
    return [(name, getattr(kind(), name)) for name in kind.class_trait_names(config=True)]


def test_a_block_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LookupError, match="no block <!-- run: nothing -->"):
        commands("nothing")


@pytest.mark.parametrize("name", ["demo", "test"])
def test_the_two_commands_need_python_and_nothing_else(name: str) -> None:
    assert commands(name) == [["python3", "-m", "autograder", name]]


def test_the_attacks_are_counted_and_listed_as_measured() -> None:
    rows = json.loads((ROOT / "tests" / "support" / "attacks" / "measured.json").read_text(encoding="utf-8"))
    run = [row for row in rows if row["run_there"]]
    gaining = [row for row in run if row["there"]]
    full = [row for row in gaining if row["there"] == row["full"]]
    told = " ".join(MEASURED.split())
    assert f"{len(rows)} submissions in which nothing is solved" in told
    assert (
        f"{len(gaining)} of the {len(run)} that are harmless enough to be run there gain points, {len(full)} of" in told
    )
    assert not any(row["here"] for row in rows)
    printed = subprocess.run(
        [sys.executable, "tests/support/attacks/table.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    attacks = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
    tables = printed.stdout.split("\n\n")
    assert len(tables) == 2
    assert all(table in attacks for table in tables)


def test_the_damages_are_counted_as_measured() -> None:
    measured = json.loads((ROOT / "tests" / "support" / "measured_damage.json").read_text(encoding="utf-8"))[
        "one by one"
    ]
    whole = measured.pop("whole")
    kept = sum(points == whole for points in measured.values())
    told = " ".join(MEASURED.split())
    assert f"{len(measured)} kinds of damage to a notebook" in told
    assert f"plain nbgrader gives full points to {kept} of them; here all {len(measured)} keep full points" in told


# The titles of the lecture's slides, and the lines of the slide "Кроме этого".
SLIDES = """
Немного истории; Персептрон (нейрон); Нейросеть; Глубокая нейросеть; Виды нейросетей; Почему нейросети сейчас везде;
Машинное обучение; Обучение на примерах; Задачи машинного обучения; Классификация и регрессия; Минимизация ошибки;
Метрика качества; Обучение модели; Как найти минимум; Вариации градиентного спуска; Как найти градиент; Learning rate;
Как ошибка влияет на параметры модели; Разделение данных; Переобучиться; Как с этим бороться; Сверточные слои;
Сверточной слой; Пример выученных признаков; Слой пулинга; Полносвязный слой; Практическая часть; Python; TensorFlow;
Google Colab; Подключение библиотек; Общие переменные; Загрузка датасета; Что за данные; Предобработка данных;
Архитектура сети; Информация о сети; Метод обучения и метрики; Запуск обучения; Процесс обучения;
Печать графика обучения; График обучения; Как использовать; Как сохранить; А что кроме цифр; Детекторы; Сегментация;
Генерация; GAN's by NVIDIA; Deepfake; Детектирование объектов на фото/видео; Генерация текстов; Машинный перевод;
Написание и поиск музыки; Диагностика болезней; Предсказание погоды; Персональные рекомендации; Домашнее задание 1;
Домашнее задание 2; Домашнее задание 3
"""


def coverage() -> list[tuple[str, str]]:
    """Slides, and where they are covered, by the table in docs/course.md."""
    table = COURSE.split("| slide | where |")[1].split("\n\n")[0]
    return re.findall(r"^\| ([^|]*[^-|]) \| (.+) \|$", table, re.MULTILINE)


def test_each_slide_of_the_lecture_is_in_the_table_of_what_is_covered() -> None:
    there = "; ".join(slide for slide, _ in coverage()).lower()
    assert [slide for slide in re.split(r";\s+", SLIDES.strip()) if slide.lower() not in there] == []


def test_the_table_names_parts_of_the_gallery_that_are_there() -> None:
    text = "\n".join(cell.source for cell in source("gallery").cells if cell.cell_type == "markdown")
    parts = set(re.findall(r"^## (\d+)\.", text, re.MULTILINE))
    assert {number for _, where in coverage() for number in re.findall(r"G (\d+)", where)} == parts
