"""A class before a deadline: `python benchmarks/watch_burst.py` (200 students, ten minutes, `kill -9` ten times).

Students submit through nbgrader's exchange at random times, more of them the nearer the deadline is; a fifth of them
submit again. `autograder watch` grades what arrives, by the default policy, and is killed at random times and started
again at once; the first one rehearses the assignment. The run ends when everybody has the feedback of after the
deadline. The notebooks are those of `grading.py`: eight exercises, no training, no two equal.

What must be so, else the command fails and says what is not:

- Nobody is lost: what each student submitted last counts, with its points in the gradebook. Nothing is graded twice.
- The order is fair: first attempts come before second ones, and of these, who submitted first comes first. An attempt
  may be overtaken by those that are graded together with it (a batch), and by no more.
- Memory is flat: while one watcher runs, its resident memory in the second half of that time is at most a quarter above
  that in the first half.
- What a killed watcher had started ends with it.

Printed: how long students waited, how many attempts were graded a minute, and memory over time.
"""

import argparse
import contextlib
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import psutil
from grading import EXERCISES, answered, course, run
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeSubmit
from traitlets.config import Config

from autograder.common.serialization import load
from autograder.watch.attempts import Attempt
from autograder.watch.watcher import BATCH

AGAIN = 5  # each student whose number is a multiple of it submits again
APART = 30.0  # least seconds between two submissions of a student, so that the first is seen
LOOK = 0.2  # seconds
SAMPLES = 30  # of memory, until the deadline
GROWTH = 1.25
STALLED = 300.0  # seconds after the deadline in which nothing happens: then somebody is lost
MIB = 2**20
QUANTILES = (0, 10, 25, 50, 75, 90, 95, 99, 100)
Key = tuple[str, int]  # a student, and the number of an attempt


@dataclass
class Seen:
    """What was seen of an attempt, and when first: seconds since 1970."""

    attempt: Attempt
    times: dict[str, float] = field(default_factory=dict)


@dataclass
class Sample:
    """Memory at a moment, in bytes."""

    at: float  # seconds since the first submission could come
    life: int  # of the watcher: 1 for the first that was started
    arrived: int
    graded: int
    watcher: int  # resident
    all: int  # proportional, of the watcher and all that it started


class Watching:
    """`autograder watch`, started again after each kill."""

    def __init__(self, folder: Path) -> None:
        """Start it in a course."""
        self.folder, self.lives = folder, 0
        self._orphans: list[psutil.Process] = []
        self._start()

    def _start(self) -> None:
        self.lives += 1
        with (self.folder / "watch.log").open("a") as log:
            command = [sys.executable, "-m", "autograder", "watch", "ps1"]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill it, and start it again. Raises RuntimeError where it has ended by itself."""
        if self._process.poll() is not None:
            raise RuntimeError(f"it ended by itself:\n{self.said()[-3000:]}")
        self._orphans += psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait()
        self._start()

    def stop(self) -> None:
        """Stop it as a person does."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def orphans(self) -> list[str]:
        """What killed ones had started, and still runs."""
        return [" ".join(process.cmdline()) for process in self._orphans if process.is_running()]

    def memory(self) -> tuple[int, int]:
        """Bytes: of the watcher, resident; and of all, proportional."""
        watcher = psutil.Process(self._process.pid)
        everything = 0
        for process in [watcher, *watcher.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):  # it has ended
                everything += process.memory_full_info().pss
        return watcher.memory_info().rss, everything

    def said(self) -> str:
        """All that they have printed."""
        return (self.folder / "watch.log").read_text()


class Burst:
    """One run."""

    def __init__(self, folder: Path, students: int, seconds: float, kills: int, seed: int) -> None:
        """Make the course, and draw the times."""
        draw = random.Random(seed)
        self.folder, self.seconds = folder / "course", seconds
        self._homes, exchange = folder / "homes", folder / "exchange"
        exchange.mkdir()
        exchange.chmod(0o777)
        course(self.folder, 0)
        with (self.folder / "nbgrader_config.py").open("a") as settings:
            settings.write(f"c.Exchange.root = {str(exchange)!r}\nc.CourseDirectory.course_id = 'c1'\n")
        run(["nbgrader", "release_assignment", "ps1"], self.folder)
        self._config = Config({"Exchange": {"root": str(exchange), "cache": str(folder / "cache")}})
        self.last = {f"student{number:03}": number for number in range(students)}  # what each submits last
        self.submissions = [(draw.triangular(0, seconds, seconds), name, number) for name, number in self.last.items()]
        for at, name, number in [*self.submissions]:
            if number % AGAIN == 0 and at + APART < seconds:
                self.last[name] = 3 * (number + students)  # solved: see `grading.answered`
                self.submissions.append((draw.uniform(at + APART, seconds), name, self.last[name]))
        self.submissions.sort()
        self.kills = sorted(draw.uniform(0, seconds) for _ in range(kills))
        self.submitted: dict[str, float] = {}  # by student, when the last time
        self.seen: dict[Key, Seen] = {}
        self.samples: list[Sample] = []
        self.start = self.changed = time.time()

    def play(self) -> Watching:
        """Submit, kill, and watch, until everybody has the last feedback."""
        self.start = time.time()
        self.deadline = self.start + self.seconds
        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as gradebook:
            due = datetime.fromtimestamp(self.deadline, UTC).replace(tzinfo=None)
            gradebook.find_assignment("ps1").duedate = due
            gradebook.db.commit()
        submissions, kills, next_sample = [*self.submissions], [*self.kills], 0.0
        watching = Watching(self.folder)
        while submissions or not (self._is_over() or time.time() > max(self.changed, self.deadline) + STALLED):
            now = time.time() - self.start
            while submissions and submissions[0][0] <= now:
                self._submit(*submissions.pop(0)[1:])
            if kills and kills[0] <= now:
                kills.pop(0)
                watching.kill()
            self._look()
            if now >= next_sample:
                next_sample = now + self.seconds / SAMPLES
                arrived, graded = len(self.seen), sum("graded" in one.times for one in self.seen.values())
                self.samples.append(Sample(now, watching.lives, arrived, graded, *watching.memory()))
            time.sleep(LOOK)
        watching.stop()
        return watching

    def _submit(self, student: str, number: int) -> None:
        """As `nbgrader submit` does."""
        self.submitted[student] = time.time()
        home = self._homes / student
        (home / "ps1").mkdir(parents=True, exist_ok=True)
        nbformat.write(answered(self.folder, number), home / "ps1" / "ps1.ipynb")
        os.chdir(home)
        coursedir = CourseDirectory(config=self._config, root=str(home), course_id="c1")
        coursedir.assignment_id, coursedir.student_id = "ps1", student
        submit = ExchangeSubmit(coursedir=coursedir, authenticator=Authenticator(), config=self._config)
        submit.log.disabled = True
        submit.start()

    def _look(self) -> None:
        """See what has become of attempts since the last look."""
        for path in (self.folder / ".autograder" / "attempts").glob("*/student*/[0-9]*/attempt.json"):
            key = path.parts[-3], int(path.parts[-2])
            seen = self.seen.get(key)
            if seen and "final" in seen.times:
                continue
            attempt, now = load(path.read_bytes(), Attempt), time.time()
            seen = self.seen.setdefault(key, Seen(attempt))
            seen.attempt = attempt
            states = {
                "graded": attempt.graded,
                "told": bool(attempt.told),
                "feedback": attempt.graded and attempt.released and not attempt.told,
                "final": attempt.final,
            }
            for state, holds in states.items():
                if holds and state not in seen.times:
                    seen.times[state] = self.changed = now

    def _is_over(self) -> bool:
        return all(self._is_final(name) for name in self.last)

    def _is_final(self, student: str) -> bool:
        """Whether there is the feedback of after the deadline on what a student submitted last."""
        arrived = [one.attempt.arrived for one in self._of(student) if "final" in one.times]
        return any(at >= self.submitted[student] for at in arrived)

    def _of(self, student: str) -> list[Seen]:
        """A student's attempts, in their order."""
        return [self.seen[key] for key in sorted(self.seen) if key[0] == student]

    # what is found

    def faults(self, watching: Watching) -> list[str]:
        """What is not as it must be, in sentences."""
        found = []
        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as gradebook:
            points = {one.student.id: one.score for one in gradebook.assignment_submissions("ps1")}
        for name, number in self.last.items():
            if not self._is_final(name):
                found.append(f"{name} has not got the feedback of after the deadline.")
            if points.get(name) != _points(number):
                found.append(f"{name} has {points.get(name)} points instead of {_points(number)}.")
        lines = [line for line in watching.said().splitlines() if ": graded, " in line]
        found += [f"Graded twice: {line}" for line in sorted(set(lines)) if lines.count(line) > 1]
        found += [f"{key} was overtaken by {by} attempts." for key, by in self.overtaken().items() if by > BATCH]
        for life in {sample.life for sample in self.samples}:
            before, after = self._halves(life)
            if before and max(after) > GROWTH * max(before):
                found.append(f"Watcher {life} grew from {max(before) / MIB:.0f} to {max(after) / MIB:.0f} MiB.")
        return found + [f"Still running: {command}" for command in watching.orphans()]

    def overtaken(self) -> dict[Key, int]:
        """By how many attempts each was overtaken that should have been graded after it."""
        graded = {key: seen for key, seen in self.seen.items() if "graded" in seen.times}
        place = {key: (key[1] > 1 and (key[0], 1) in graded, seen.attempt.arrived) for key, seen in graded.items()}
        return {
            key: sum(
                place[other] > place[key] and graded[other].times["graded"] < seen.times["graded"] for other in graded
            )
            for key, seen in graded.items()
        }

    def _halves(self, life: int) -> tuple[list[int], list[int]]:
        """Resident memory of one watcher in the first and in the second half of its samples, once it has graded."""
        of = [sample for sample in self.samples if sample.life == life]
        sizes = [sample.watcher for sample in of if sample.graded > of[0].graded]
        return sizes[: len(sizes) // 2], sizes[len(sizes) // 2 :]

    def print(self, watching: Watching) -> None:
        """What was measured."""
        print(f"{'seconds':>8} {'watcher':>8} {'arrived':>8} {'graded':>7} {'its MiB':>8} {'MiB of all':>11}")
        for one in self.samples:
            sizes = f"{one.watcher / MIB:8.0f} {one.all / MIB:11.0f}"
            print(f"{one.at:8.0f} {one.life:8} {one.arrived:8} {one.graded:7} {sizes}")
        times = sorted(one.times["graded"] for one in self.seen.values() if "graded" in one.times)
        most = max(sum(at <= other < at + 60 for other in times) for at in times) if times else 0
        replaced = sum(one.attempt.replaced for one in self.seen.values())
        unseen = len(self.submissions) - len(self.seen)
        print(
            f"\n{len(self.last)} students, {len(self.submissions)} submissions in {self.seconds:.0f} s; "
            f"{len(times)} graded, {replaced} replaced by a later one, {unseen} overwritten before they were seen; "
            f"watchers killed: {watching.lives - 1}. The most that were graded in a minute: {most}. "
            f"An attempt was overtaken by at most {max(self.overtaken().values(), default=0)}."
        )
        firsts = [self.seen[name, 1] for name in self.last if (name, 1) in self.seen]
        waits = [
            min(there) - one.attempt.arrived
            for one in firsts
            if (there := [one.times[state] for state in ("feedback", "final") if state in one.times])
        ]
        told = [one.times["told"] - one.attempt.arrived for one in self.seen.values() if "told" in one.times]
        final = [one.times["final"] - self.deadline for one in self.seen.values() if "final" in one.times]
        print(f"\n{'seconds':44} {''.join(f'{share:6} %' for share in QUANTILES)}  (how many)")
        print(_row("from a first submission to its feedback", waits))
        print(_row("from a second one to being told to wait", told))
        print(_row("from the deadline to the last feedback", final))


def _points(number: int) -> float:
    """What a submission of `grading.answered` gets."""
    odd = sum((number + place) % 3 == 0 for place in range(len(EXERCISES)))
    return 2.0 * (len(EXERCISES) - (odd if number % 3 else 0))


def _row(name: str, seconds: Sequence[float]) -> str:
    """Quantiles."""
    if len(seconds) < 2:
        return f"{name:44} (none)"
    cuts = [min(seconds), *statistics.quantiles(seconds, n=100, method="inclusive"), max(seconds)]
    return f"{name:44} {''.join(f'{cuts[share]:8.1f}' for share in QUANTILES)}  ({len(seconds)})"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description="A class that submits before a deadline, and a watcher that is killed."
    )
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=600.0, help="until the deadline")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        burst = Burst(Path(place), given.students, given.seconds, given.kills, given.seed)
        watching = burst.play()
        burst.print(watching)
        if faults := burst.faults(watching):
            sys.exit("\n".join(["", *faults]))
        print("\nNobody was lost, the order was fair, memory was flat, and nothing of a killed watcher was left.")


if __name__ == "__main__":
    main()
