"""nbgrader's own commands, and formgrader's buttons, with this package's classes in the place of nbgrader's."""

from typing import Any

import nbgrader.apps.api
import nbgrader.apps.autogradeapp
import nbgrader.apps.generateassignmentapp
import nbgrader.apps.generatefeedbackapp
from nbgrader.converters import Autograde as NbgraderAutograde
from nbgrader.exchange import ExchangeFactory

from autograder.grading.generate_assignment import GenerateAssignment
from autograder.grading.pipeline import Autograde
from autograder.grading.submission_writer import replaced
from autograder.reports import formgrader
from autograder.reports.generate import GenerateFeedback
from autograder.watch.exchange_collector import ExchangeCollector


def replace_converters(c: Any) -> None:
    """Put this package's converters in place; `c` is the configuration of nbgrader_config.py."""
    # The commands look classes up by their names in their own modules, and offer no setting for them.
    nbgrader.apps.autogradeapp.Autograde = Autograde
    nbgrader.apps.api.Autograde = Autograde
    nbgrader.apps.generateassignmentapp.GenerateAssignment = GenerateAssignment
    nbgrader.apps.api.GenerateAssignment = GenerateAssignment
    nbgrader.apps.generatefeedbackapp.GenerateFeedback = GenerateFeedback
    nbgrader.apps.api.GenerateFeedback = GenerateFeedback
    ExchangeFactory.collect.default_value = ExchangeCollector  # a course or a site that set a plugin keeps it
    formgrader.protect()
    chosen = c.Autograde.get("autograde_preprocessors") or NbgraderAutograde.autograde_preprocessors.default()
    c.Autograde.autograde_preprocessors = [replaced(step) for step in chosen]
