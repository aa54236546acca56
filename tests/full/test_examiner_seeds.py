"""A test's seed of Keras's and TensorFlow's generators holds for the student's next call."""

from collections.abc import Iterator

import pytest
from exams import cell, exam, grade

from autograder.examiner.client import Examiner
from autograder.sandbox.bubblewrap import check

SOLUTION = """
import keras
import tensorflow as tf
def by_keras():
    return float(keras.random.uniform(()))
def by_tensorflow():
    return float(tf.random.uniform(()))
"""
TEST = """
for seed, draw, own in ((keras.utils.set_random_seed, by_keras, keras.random.uniform),
                        (tf.random.set_seed, by_tensorflow, tf.random.uniform)):
    seed(3)
    first = draw()
    seed(3)
    assert draw() == first == float(own(()))
    assert draw() != first
"""


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner(["keras", "tensorflow"], sandboxed=check() is None, environment={}) as server:
        yield server


@pytest.mark.parametrize(("code", "score"), [(SOLUTION, 2), (SOLUTION.replace("float(", "0.5 or float("), 0)])
def test_it_holds_for_the_students_next_call(examiner: Examiner, code: str, score: float) -> None:
    cells = [cell("import keras\nimport tensorflow as tf"), cell(SOLUTION, "solution"), cell(TEST, "grade", "test")]
    with exam(examiner, cells, code) as made:
        for index in (0, 1):
            made.given(index)
            made.answer(60)
        found = grade(made, 2, seconds=60)
    assert found.score == score, found.outputs
