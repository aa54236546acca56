"""What an instructor may set about grading, in nbgrader_config.py, as `c.Grading.… = …`."""

from dataclasses import replace

from traitlets import Bool, Dict, Float, Integer, List, Unicode
from traitlets.config import Configurable

from autograder.grading.job import CellTime, GradingJob, SeedPolicy


class Grading(Configurable):  # type: ignore[misc]
    """How submissions are graded; their limits are `c.Limits`."""

    workers = Integer(0, help="Number of notebooks graded at once; 0 means as many as cores and memory allow.").tag(
        config=True
    )
    cluster = Unicode(
        "",
        help="Address of a Dask cluster's scheduler (tls://HOST:PORT, or tcp:// on this machine) whose workers grade; "
        "`slurm`: workers are submitted as jobs; empty means this machine. Needs `pip install autograder[cluster]`.",
    ).tag(config=True)
    cluster_hardware = Unicode(
        "",
        help="Processor or GPU that a worker of the cluster must have to take part, as records name it; empty: any.",
    ).tag(config=True)
    sandbox = Bool(True, help="Run students' code in a sandbox. If this is off, every record says so.").tag(config=True)
    not_isolated = List(
        Unicode(),
        help="Grade cells that can't be graded in isolation (the rehearsal lists them) and may run beside the "
        "student's code, in a sandbox of their own: grade_id, with notebook/ or assignment/ or both before it.",
    ).tag(config=True)
    attachments = List(
        Unicode(),
        ["*"],
        help="Patterns for the files in a student's folder that notebooks may read; never saved models.",
    ).tag(config=True)
    model_handles = Bool(
        False,
        help="Keep models with custom layers or Lambda in the student's kernel; tests ask for predictions.",
    ).tag(config=True)
    model_parameters = Integer(50_000_000, help="Largest number of parameters of a model that a test may look at.").tag(
        config=True
    )
    cell_seconds = Dict(
        Float(),
        key_trait=Unicode(),
        help="Time limits for particular cells, in seconds, by grade_id or assignment/grade_id. They never exceed "
        "c.Limits.cell_seconds.",
    ).tag(config=True)
    reference_factor = Float(
        30,
        help="A cell may take this many times as long as the reference solution, but at least "
        "c.Grading.reference_min_seconds and at most c.Limits.cell_seconds; 0 means always c.Limits.cell_seconds.",
    ).tag(config=True)
    reference_min_seconds = Float(10, help="Seconds that a cell may always take, however fast the reference is.").tag(
        config=True
    )
    further_seeds = Integer(
        2,
        min=0,
        help="Number of further seeds that a notebook is trained with where a test of its trained model is just short "
        "of full points; the mean of the scores counts if it is higher. 0 means none.",
    ).tag(config=True)
    further_seeds_margin = Float(
        0.1, min=0.0, max=1.0, help="Just short of full points: at most this share of a test's points is missing."
    ).tag(config=True)
    further_seeds_may_lower = Bool(False, help="Whether the mean also counts if it is lower than the first score.").tag(
        config=True
    )
    environment = Dict(Unicode(), key_trait=Unicode(), help="Additional environment variables that cells see.").tag(
        config=True
    )
    visible = List(Unicode(), help="Additional folders that cells may read, at the same path.").tag(config=True)
    plain_kernels = List(
        Unicode(),
        help="Kernels, by name, whose notebooks are graded as plain nbgrader does: tests run in the student's kernel, "
        "in a sandbox; every record says that they are not isolated. For languages other than Python.",
    ).tag(config=True)

    def allows_beside(self, assignment: str, notebook: str, grade_id: str) -> bool:
        """Whether the instructor allowed that cell to run beside the student's code."""
        before = ("", f"{notebook}/", f"{assignment}/", f"{assignment}/{notebook}/")
        return any(f"{place}{grade_id}" in self.not_isolated for place in before)

    def seed_policy(self) -> SeedPolicy | None:
        """When notebooks are trained with further seeds; None: never."""
        margin, may_lower = self.further_seeds_margin, self.further_seeds_may_lower
        return SeedPolicy(self.further_seeds, margin, may_lower) if self.further_seeds else None

    def applied(self, job: GradingJob) -> GradingJob:
        """The job with what it has to know of these settings."""
        if job.kernel.plain is not None:
            job = replace(job, plain=True, not_isolated=job.version.tests, trainer=None)
        return replace(
            job,
            sandboxed=self.sandbox,
            seed_policy=self.seed_policy() if job.trainer else None,
            model_handles=self.model_handles,
            model_parameters=self.model_parameters,
            cell_time=CellTime(dict(self.cell_seconds), self.reference_factor, self.reference_min_seconds),
            variables=dict(self.environment),
            visible=tuple(self.visible),
        )
