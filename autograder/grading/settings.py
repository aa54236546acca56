"""What an instructor may set about grading, in nbgrader_config.py, as `c.Grading.… = …`."""

from dataclasses import replace

from traitlets import Bool, Dict, Float, Integer, List, Unicode
from traitlets.config import Configurable

from autograder.grading.job import CellTime, GradingJob


class Grading(Configurable):  # type: ignore[misc]
    """How submissions are graded; their limits are `c.Limits`."""

    workers = Integer(0, help="Notebooks graded at once; 0: as many as cores and memory allow.").tag(config=True)
    sandbox = Bool(True, help="Run students' code in a sandbox. Without one, every record says so.").tag(config=True)
    not_isolated = List(
        Unicode(),
        help="Grade cells that can't be graded in isolation (the rehearsal lists them) and may run beside the "
        "student's code, in a sandbox of their own: grade_id, with notebook/ or assignment/ or both before it.",
    ).tag(config=True)
    attachments = List(
        Unicode(),
        ["*"],
        help="Files of a student's folder that its notebooks may read, as patterns. Saved models are never among them.",
    ).tag(config=True)
    model_handles = Bool(
        False,
        help="Let models with custom layers or Lambda stay with the student's code and be asked for predictions there.",
    ).tag(config=True)
    model_parameters = Integer(50_000_000, help="Parameters of a model that a test may look at.").tag(config=True)
    cell_seconds = Dict(
        Float(),
        key_trait=Unicode(),
        help="Wall time of single cells: grade_id, or assignment/grade_id -> seconds; never more than "
        "c.Limits.cell_seconds.",
    ).tag(config=True)
    reference_factor = Float(
        30,
        help="How many times the reference solution's own time a cell may take; 0: always c.Limits.cell_seconds. "
        "Never more than that, nor less than c.Grading.reference_min_seconds.",
    ).tag(config=True)
    reference_min_seconds = Float(10, help="Seconds that a cell may take however fast the reference is.").tag(
        config=True
    )
    environment = Dict(Unicode(), key_trait=Unicode(), help="More environment variables that cells see.").tag(
        config=True
    )
    visible = List(Unicode(), help="More folders that cells may read, at the same path.").tag(config=True)
    plain_kernels = List(
        Unicode(),
        help="Kernels, by name, whose notebooks are graded as plain nbgrader does: tests run in the student's kernel, "
        "in a sandbox; every record says that they are not isolated. For languages other than Python.",
    ).tag(config=True)

    def allows_beside(self, assignment: str, notebook: str, grade_id: str) -> bool:
        """Whether the instructor allowed that cell to run beside the student's code."""
        before = ("", f"{notebook}/", f"{assignment}/", f"{assignment}/{notebook}/")
        return any(f"{place}{grade_id}" in self.not_isolated for place in before)

    def applied(self, job: GradingJob) -> GradingJob:
        """The job with what it has to know of these settings."""
        if job.kernel.plain is not None:
            job = replace(job, plain=True, not_isolated=job.version.tests, trainer=None)
        return replace(
            job,
            sandboxed=self.sandbox,
            model_handles=self.model_handles,
            model_parameters=self.model_parameters,
            cell_time=CellTime(dict(self.cell_seconds), self.reference_factor, self.reference_min_seconds),
            variables=dict(self.environment),
            visible=tuple(self.visible),
        )
